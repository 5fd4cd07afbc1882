#include "device/free_regions.h"

#include <algorithm>

#include "device/size_class.h"

namespace cairn {

void FreeRegions::reset(size_t count) {
  if (by_start_.empty() && spare_starts_.empty()) reserve_node();
  while (!by_start_.empty())
    remove(by_start_.begin());
  taken_ = 0;
  if (highest_ != 0) range_.discard(0, highest_);
  add({0, count, false});
  dirty_bytes_ = 0;
  highest_ = 0;
}

void FreeRegions::reserve_node() {
  // Each piece taken can leave one free run behind it, and one may lie before the first.
  if (by_start_.size() + spare_starts_.size() > taken_ + 1) return;
  spare_starts_.reserve(by_start_.size() + spare_starts_.size() + 1);
  spare_sizes_.reserve(spare_starts_.capacity());
  ByStart start{{0, Rest{}}};
  BySize size{{0, 0}};
  spare_starts_.push_back(start.extract(start.begin()));
  spare_sizes_.push_back(size.extract(size.begin()));
}

FreeRegions::Run FreeRegions::remove(ByStart::iterator run) {
  const Run removed{run->first, run->second.regions, run->second.dirty};
  spare_sizes_.push_back(by_size_.extract({removed.regions, removed.first}));
  spare_starts_.push_back(by_start_.extract(run));
  return removed;
}

void FreeRegions::add(Run run) {
  auto next = by_start_.lower_bound(run.first);
  if (next != by_start_.end() && next->first == run.first + run.regions) {
    const Run joined = remove(next++);
    run.regions += joined.regions;
    run.dirty |= joined.dirty;
  }
  if (next != by_start_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second.regions == run.first) {
      const Run joined = remove(before);
      run = {joined.first, joined.regions + run.regions, run.dirty || joined.dirty};
    }
  }
  auto start = std::move(spare_starts_.back());
  spare_starts_.pop_back();
  start.key() = run.first;
  start.mapped() = {run.regions, run.dirty};
  by_start_.insert(std::move(start));
  auto size = std::move(spare_sizes_.back());
  spare_sizes_.pop_back();
  size.value() = {run.regions, run.first};
  by_size_.insert(std::move(size));
}

std::optional<size_t> FreeRegions::take(size_t count) {
  reserve_node();
  const auto best = by_size_.lower_bound({count, 0});
  if (best == by_size_.end()) return std::nullopt;
  const Run run = remove(by_start_.find(best->second));
  ++taken_;
  if (run.regions > count) add({run.first + count, run.regions - count, run.dirty});
  highest_ = std::max(highest_, run.first + count);
  if (run.dirty) dirty_bytes_ -= std::min(dirty_bytes_, count << kRegionShift);
  return run.first;
}

void FreeRegions::set_most_dirty(size_t bytes) {
  most_dirty_ = bytes;
  for (auto run = by_start_.begin(); run != by_start_.end() && dirty_bytes_ > most_dirty_; ++run) {
    if (!run->second.dirty) continue;
    range_.discard(run->first, run->second.regions);
    run->second.dirty = false;
    dirty_bytes_ -= std::min(dirty_bytes_, run->second.regions << kRegionShift);
  }
}

void FreeRegions::give_back(size_t first, size_t count) {
  trim(first, count);
  --taken_;
}

void FreeRegions::give_back_clean(size_t first, size_t count) {
  add({first, count, false});
  --taken_;
}

void FreeRegions::trim(size_t first, size_t count) {
  const size_t bytes = count << kRegionShift;
  const bool keep = dirty_bytes_ + bytes <= most_dirty_;
  if (keep)
    dirty_bytes_ += bytes;
  else
    range_.discard(first, count);
  add({first, count, keep});
}

}  // namespace cairn
