// Who wrote and read which bytes last, for all memory that tasks of streams use.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "check/facts.h"
#include "check/sync/vector_clock.h"

namespace cairn::check {

/// One task of a stream.
struct TaskMark {
  uint32_t stream = 0;           ///< Number of the stream in clocks.
  uint64_t time = 0;             ///< 0: no task.
  const void* handle = nullptr;  ///< Of the stream.
  CallSite site;

  bool is_before(const VectorClock& clock) const { return time <= clock.at(stream); }
};

/// A task that is not ordered with an access.
struct Conflict {
  TaskMark task;
  bool task_writes;
};

class AccessHistory {
 public:
  /// An access of [begin, end) at a point that comes after `clock`: the first task that is not ordered with
  /// it, time 0 if all are. `task`: who accesses, null for the host. What the access makes unimportant is
  /// forgotten.
  Conflict access(uintptr_t begin, uintptr_t end, bool writes, const VectorClock& clock,
                  const TaskMark* task);
  /// The memory is gone.
  void forget(uintptr_t begin, uintptr_t end);
  /// Forgets what happened before `clock`, once in a while.
  void tidy(const VectorClock& clock);

 private:
  struct Segment {
    uintptr_t end = 0;
    TaskMark write;
    std::vector<TaskMark> reads;  ///< Since that write; one per stream.
  };
  using Segments = std::map<uintptr_t, Segment>;
  Segments::iterator split(uintptr_t at);
  static Conflict conflict_with(const Segment& segment, bool writes, const VectorClock& clock);
  void insert_task(uintptr_t begin, uintptr_t end, bool writes, const VectorClock& clock,
                   const TaskMark& task);

  Segments segments_;
  size_t tidy_at_ = 4096;
};

}  // namespace cairn::check
