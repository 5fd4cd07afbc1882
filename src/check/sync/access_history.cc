#include "check/sync/access_history.h"

#include <algorithm>

namespace cairn::check {

AccessHistory::Segments::iterator AccessHistory::split(uintptr_t at) {
  auto after = segments_.lower_bound(at);
  if (after != segments_.end() && after->first == at) return after;
  if (after == segments_.begin()) return after;
  const auto before = std::prev(after);
  if (before->second.end <= at) return after;
  Segment tail = before->second;
  before->second.end = at;
  return segments_.emplace_hint(after, at, std::move(tail));
}

Conflict AccessHistory::conflict_with(const Segment& segment, bool writes, const VectorClock& clock) {
  if (segment.write.time != 0 && !segment.write.is_before(clock)) return {segment.write, true};
  if (writes)
    for (const TaskMark& read : segment.reads)
      if (!read.is_before(clock)) return {read, false};
  return {};
}

Conflict AccessHistory::access(uintptr_t begin, uintptr_t end, bool writes, const VectorClock& clock,
                               const TaskMark* task) {
  if (begin >= end || (task == nullptr && segments_.empty())) return {};
  Conflict first;
  auto segment = segments_.upper_bound(begin);
  if (segment != segments_.begin() && std::prev(segment)->second.end > begin) --segment;
  for (; segment != segments_.end() && segment->first < end && first.task.time == 0; ++segment)
    first = conflict_with(segment->second, writes, clock);
  if (task != nullptr) insert_task(begin, end, writes, clock, *task);
  return first;
}

void AccessHistory::insert_task(uintptr_t begin, uintptr_t end, bool writes, const VectorClock& clock,
                                const TaskMark& task) {
  const auto first = segments_.lower_bound(begin);
  const bool is_known = first != segments_.end() && first->first == begin && first->second.end == end;
  auto segment = is_known ? first : split(begin);
  if (!is_known) split(end);
  if (writes) {
    if (is_known) {  // The usual case: the same buffer as before.
      segment->second.write = task;
      segment->second.reads.clear();
      return;
    }
    while (segment != segments_.end() && segment->first < end)
      segment = segments_.erase(segment);
    segments_.emplace_hint(segment, begin, Segment{end, task, {}});
    return;
  }
  for (uintptr_t at = begin; at < end;) {
    segment = segments_.lower_bound(at);
    if (segment == segments_.end() || segment->first > at) {
      const uintptr_t gap_end = segment == segments_.end() ? end : std::min(end, segment->first);
      segment = segments_.emplace_hint(segment, at, Segment{gap_end, {}, {}});
    }
    std::vector<TaskMark>& reads = segment->second.reads;
    std::erase_if(reads,
                  [&](const TaskMark& read) { return read.is_before(clock) || read.stream == task.stream; });
    reads.push_back(task);
    at = segment->second.end;
  }
}

void AccessHistory::forget(uintptr_t begin, uintptr_t end) {
  if (begin >= end || segments_.empty()) return;
  auto segment = split(begin);
  split(end);
  while (segment != segments_.end() && segment->first < end)
    segment = segments_.erase(segment);
}

void AccessHistory::tidy(const VectorClock& clock) {
  if (segments_.size() < tidy_at_) return;
  std::erase_if(segments_, [&](const auto& entry) {
    const Segment& segment = entry.second;
    return (segment.write.time == 0 || segment.write.is_before(clock)) &&
           std::all_of(segment.reads.begin(), segment.reads.end(),
                       [&](const TaskMark& read) { return read.is_before(clock); });
  });
  tidy_at_ = std::max<size_t>(4096, segments_.size() * 2);
}

}  // namespace cairn::check
