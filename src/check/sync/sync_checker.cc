#include "check/sync/sync_checker.h"

#include <fmt/format.h>

#include <string_view>

namespace cairn::check {
namespace {

using Access = MemoryAccess::Kind;

uintptr_t number_of(const void* address) {
  return reinterpret_cast<uintptr_t>(address);
}

/// The rule that asks for the synchronization after a task.
const char* rule_of(const char* function) {
  const std::string_view name = function != nullptr ? function : "";
  if (name == "aclrtMemcpyAsync") return "RT-178";
  if (name == "aclrtMemcpy2dAsync") return "RT-186";
  if (name == "aclrtMemsetAsync") return "RT-172";
  return "RT-096";
}

}  // namespace

// --- streams, and the order of what is added to them ---

SyncChecker::StreamState* SyncChecker::find(const void* stream) {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : &found->second;
}

void SyncChecker::object_made(HandleType type, const void* handle, const void* object) {
  if (type == HandleType::kEvent) {
    events_[object] = {};
  } else if (type == HandleType::kStream) {
    StreamState& stream = streams_[object];
    forget_waits(stream);
    stream = {};
    stream.handle = handle;
    if (free_numbers_.empty()) {
      stream.number = static_cast<uint32_t>(last_times_.size());
      last_times_.push_back(0);
    } else {
      stream.number = free_numbers_.back();
      free_numbers_.pop_back();
    }
  }
}

void SyncChecker::object_ended(HandleType type, const void* /*handle*/, const void* object) {
  if (type != HandleType::kStream) return;
  StreamState* const stream = find(object);
  if (stream == nullptr) return;
  // Its tasks are done or dropped. The next stream with its number goes on counting where this one ended.
  forget_waits(*stream);
  host_.raise(stream->number, last_times_[stream->number]);
  host_learns(stream->clock);
  free_numbers_.push_back(stream->number);
  streams_.erase(object);
}

void SyncChecker::forget_waits(StreamState& stream) {
  if (stream.waits_for != nullptr) stream.waits_for->waiting.erase(&stream);
  stream.waits_for = nullptr;
  stream.kept_back.clear();
}

void SyncChecker::host_learns(const VectorClock& clock) {
  host_.join(clock);
  host_has_news();
  history_.tidy(host_);
}

void SyncChecker::host_has_news() {
  ++host_version_;
  closed_.open(host_);
}

void SyncChecker::follow_host(StreamState& stream) {
  if (stream.host_knew == host_version_) return;
  stream.clock.join(host_);
  stream.host_knew = host_version_;
}

void SyncChecker::add(StreamState& stream, std::function<void()> step) {
  if (stream.waits_for == nullptr && stream.kept_back.empty()) {
    follow_host(stream);
    step();
    return;
  }
  keep_back(stream, std::move(step), {}, {});
}

void SyncChecker::keep_back(StreamState& stream, std::function<void()> step, const CallSite& site,
                            std::span<const MemoryAccess> accesses) {
  stream.kept_back.push_back({[&stream, known = host_, step = std::move(step)] {
                                stream.clock.join(known);
                                step();
                              },
                              site,
                              {accesses.begin(), accesses.end()}});
}

void SyncChecker::wait(StreamState& stream, Mark& mark) {
  if (mark.is_reached) {
    stream.clock.join(mark.clock);
    stream.has_news = true;
    return;
  }
  stream.waits_for = &mark;
  mark.waiting.insert(&stream);
}

void SyncChecker::reach(Mark& mark, const VectorClock& clock) {
  mark.is_reached = true;
  mark.clock = clock;
  for (StreamState* const stream : std::exchange(mark.waiting, {})) {
    stream->waits_for = nullptr;
    stream->clock.join(clock);
    stream->has_news = true;
    go_on(*stream);
  }
}

void SyncChecker::go_on(StreamState& stream) {
  while (stream.waits_for == nullptr && !stream.kept_back.empty()) {
    const Step step = std::move(stream.kept_back.front());
    stream.kept_back.pop_front();
    step.run();
  }
}

// --- events, callbacks, waiting ---

void SyncChecker::event_recorded(const void* event, const void* stream) {
  StreamState* const state = find(stream);
  if (state == nullptr) return;
  Mark& mark = events_[event];
  // A wait that comes after this in the program waits for this record, even if the record is kept back.
  mark.is_reached = false;
  add(*state, [this, state, &mark] { reach(mark, state->clock); });
}

void SyncChecker::event_reset(const void* event) {
  events_[event].is_reached = false;
}

void SyncChecker::stream_waits(const void* stream, const void* event) {
  StreamState* const state = find(stream);
  if (state == nullptr) return;
  Mark& mark = events_[event];
  add(*state, [this, state, &mark] { wait(*state, mark); });
}

void SyncChecker::stream_found_done(const void* stream) {
  StreamState* const state = find(stream);
  if (state == nullptr) return;
  forget_waits(*state);
  if (!std::exchange(state->has_news, false)) return;
  host_learns(state->clock);
}

void SyncChecker::event_found_done(const void* event) {
  const Mark& mark = events_[event];
  if (mark.is_reached) host_learns(mark.clock);
}

uint64_t SyncChecker::callback_launched(const void* stream, bool blocking) {
  StreamState* const state = find(stream);
  if (state == nullptr) return 0;
  const uint64_t number = next_callback_++;
  Callback& callback = callbacks_[number];
  callback.blocking = blocking;
  add(*state, [this, state, &callback] {
    reach(callback.begins, state->clock);
    if (callback.blocking) wait(*state, callback.ended);
  });
  return number;
}

void SyncChecker::callback_begins(uint64_t callback) {
  const auto found = callbacks_.find(callback);
  if (found != callbacks_.end() && found->second.begins.is_reached) host_learns(found->second.begins.clock);
}

void SyncChecker::callback_ended(uint64_t callback) {
  const auto found = callbacks_.find(callback);
  if (found == callbacks_.end()) return;
  if (found->second.blocking) reach(found->second.ended, host_);
  if (found->second.begins.is_reached) callbacks_.erase(found);
}

// --- accesses ---

void SyncChecker::task_launched(const void* stream, const char* function,
                                std::span<const MemoryAccess> accesses) {
  StreamState* const state = find(stream);
  if (state == nullptr) return;
  const CallSite site{function, facts_.here().stack};
  if (state->waits_for == nullptr && state->kept_back.empty()) {
    follow_host(*state);
    run_task(*state, site, accesses);
    return;
  }
  keep_back(
      *state,
      [this, state, site, list = std::vector<MemoryAccess>(accesses.begin(), accesses.end())] {
        run_task(*state, site, list);
      },
      site, accesses);
}

void SyncChecker::run_task(StreamState& stream, const CallSite& site,
                           std::span<const MemoryAccess> accesses) {
  const uint64_t time = ++last_times_[stream.number];
  stream.clock.raise(stream.number, time);
  stream.has_news = true;
  const TaskMark task{stream.number, time, stream.handle, site};
  for (const MemoryAccess& access : accesses) {
    const bool writes = access.kind == Access::kWrite;
    const uintptr_t begin = number_of(access.address);
    const Conflict conflict = history_.access(begin, begin + access.size, writes, stream.clock, &task);
    if (facts_.heap.closable().contains(access.address))
      if (const Allocation* const allocation = facts_.heap.find(access.address))
        closed_.close(*allocation, begin, begin + access.size, {task, writes});
    if (conflict.task.time == 0) continue;
    report(
        conflict, site,
        fmt::format("{} on {} {} {} bytes at {}", shown_name(site.function), describe_handle(stream.handle),
                    writes ? "writes" : "reads", access.size, access.address),
        fmt::format("a task {} memory that an unfinished task of another stream {}",
                    writes ? "writes" : "reads", conflict.task_writes ? "writes" : "reads"),
        begin);
    // One missing synchronization is one finding.
    stream.clock.raise(conflict.task.stream, conflict.task.time);
  }
}

void SyncChecker::check_host(const char* function, uintptr_t begin, size_t size, bool writes,
                             const char* verb) {
  const Conflict conflict = history_.access(begin, begin + size, writes, host_, nullptr);
  if (conflict.task.time == 0) return;
  report(conflict, facts_.here(),
         fmt::format("{} {} {} bytes at {:#x}", shown_name(function), verb, size, begin),
         fmt::format("the host {} memory that an unfinished task {}", verb,
                     conflict.task_writes ? "writes" : "reads"),
         begin);
  host_.raise(conflict.task.stream, conflict.task.time);
  host_has_news();
}

void SyncChecker::accessed(const char* function, std::span<const MemoryAccess> accesses) {
  for (const MemoryAccess& access : accesses) {
    const bool writes = access.kind == Access::kWrite;
    check_host(function, number_of(access.address), access.size, writes, writes ? "writes" : "reads");
  }
}

bool SyncChecker::host_touched(const void* address, Touch touch, bool is_own) {
  const uintptr_t at = number_of(address);
  if (!closed_.is_closed(at)) return true;  // Another thread's touch, or a synchronization, has opened it.
  const ClosedPages::Use* const use = closed_.find(at, touch != Touch::kRead);
  if (is_own || use == nullptr) {
    closed_.open(at, at + 1);
    return !closed_.is_closed(at);
  }
  const Conflict conflict{use->task, use->writes};
  const char* const verb = touch == Touch::kWrite ? "writes" : touch == Touch::kRead ? "reads" : "uses";
  report(conflict, facts_.here(), fmt::format("the program {} {} itself", verb, address),
         fmt::format("the host {} memory that an unfinished task {}", verb,
                     conflict.task_writes ? "writes" : "reads"),
         at);
  host_.raise(conflict.task.stream, conflict.task.time);
  host_has_news();
  return true;
}

bool SyncChecker::memory_freed(MemoryPlace /*place*/, void* start) {
  if (const Allocation* const allocation = facts_.heap.find(start)) end_memory(*allocation, "frees");
  return false;
}

void SyncChecker::memory_unmapped(const void* start) {
  if (const Allocation* const allocation = facts_.heap.find(start)) end_memory(*allocation, "unmaps");
}

void SyncChecker::end_memory(const Allocation& allocation, const char* verb) {
  const uintptr_t begin = number_of(allocation.start);
  check_host(facts_.function(), begin, allocation.size, true, verb);
  // What the host wrote before a task that comes later is in order, but what it freed is missing then.
  if (const Conflict conflict = find_kept_back(allocation); conflict.task.time != 0) {
    const CallSite here = facts_.here();
    report(conflict, here, fmt::format("{} {} it before the task has begun", shown_name(here.function), verb),
           fmt::format("the host {} memory that an unfinished task {}", verb,
                       conflict.task_writes ? "writes" : "reads"),
           begin);
  }
  history_.forget(begin, begin + allocation.size);
  closed_.open(begin, begin + allocation.size);
}

Conflict SyncChecker::find_kept_back(const Allocation& allocation) const {
  for (const auto& [object, stream] : streams_)
    for (const Step& step : stream.kept_back)
      for (const MemoryAccess& access : step.accesses) {
        const auto* const begin = static_cast<const std::byte*>(access.address);
        if (begin < allocation.end() && begin + access.size > allocation.start)
          return {{stream.number, last_times_[stream.number] + 1, stream.handle, step.site},
                  access.kind == Access::kWrite};
      }
  return {};
}

void SyncChecker::report(const Conflict& conflict, const CallSite& site, const std::string& what,
                         const std::string& title, uintptr_t begin) {
  const TaskMark& task = conflict.task;
  const Allocation* const allocation = facts_.heap.find(reinterpret_cast<const void*>(begin));
  Finding finding{
      Kind::kSync,
      rule_of(task.site.function),
      title,
      allocation != nullptr ? describe(*allocation) : fmt::format("host memory at {:#x}", begin),
      {{what, site.stack},
       {fmt::format("{} launched the task of {} that {} it", shown_name(task.site.function),
                    describe_handle(task.handle), conflict.task_writes ? "writes" : "reads"),
        task.site.stack}},
      "synchronize in between: aclrtSynchronizeStream (acl.rt.synchronize_stream), or for another stream "
      "aclrtRecordEvent and aclrtStreamWaitEvent"};
  if (allocation != nullptr) finding.places.push_back(place_of(allocation->made, "allocated it"));
  facts_.reports.add(finding);
}

}  // namespace cairn::check
