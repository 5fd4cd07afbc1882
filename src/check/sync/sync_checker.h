// Finds accesses that nothing orders: the host or another stream reads or writes bytes that a task uses, with
// no event or synchronization in between.
//
// Order is computed from the program's calls, not from what happened to run first, so that a race is found on
// every run. Points of order: tasks of one stream follow each other; a task follows what the host knew when
// it launched it; a stream that waits for an event follows its record; the host knows that tasks are done
// after it synchronized a stream, event or device, found one complete, or runs a callback. All host threads
// count as one: what one of them knows, all know.
//
// Host memory that tasks use is closed to the program meanwhile (closed_pages.h), so that accesses of its own
// are seen, too.
//
// A stream that waits for something that comes later in the program (an event that is recorded later, the end
// of a blocking callback) keeps its tasks back here, too, until that has come.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <unordered_map>

#include "check/checker.h"
#include "check/sync/access_history.h"
#include "check/sync/closed_pages.h"
#include "check/sync/vector_clock.h"

namespace cairn::check {

class SyncChecker final : public Checker {
 public:
  using Checker::Checker;

  void object_made(HandleType type, const void* handle, const void* object) override;
  void object_ended(HandleType type, const void* handle, const void* object) override;
  bool memory_freed(MemoryPlace place, void* start) override;
  void memory_unmapped(const void* start) override;
  bool host_touched(const void* address, Touch touch, bool is_own) override;
  void accessed(const char* function, std::span<const MemoryAccess> accesses) override;
  void task_launched(const void* stream, const char* function,
                     std::span<const MemoryAccess> accesses) override;
  void event_recorded(const void* event, const void* stream) override;
  void event_reset(const void* event) override;
  void stream_waits(const void* stream, const void* event) override;
  void stream_found_done(const void* stream) override;
  void event_found_done(const void* event) override;
  uint64_t callback_launched(const void* stream, bool blocking) override;
  void callback_begins(uint64_t callback) override;
  void callback_ended(uint64_t callback) override;

 private:
  struct StreamState;
  /// What a stream keeps back; for a task with what it uses.
  struct Step {
    std::function<void()> run;
    CallSite site;
    std::vector<MemoryAccess> accesses;
  };
  /// Something that streams can wait for.
  struct Mark {
    bool is_reached = false;
    VectorClock clock;
    std::set<StreamState*> waiting;
  };
  struct StreamState {
    uint32_t number = 0;
    const void* handle = nullptr;
    VectorClock clock;       ///< What its next task comes after.
    uint64_t host_knew = 0;  ///< The host's knowledge that is in `clock` already.
    bool has_news = false;   ///< `clock` has grown since the host learned it.
    Mark* waits_for = nullptr;
    std::deque<Step> kept_back;
  };
  struct Callback {
    Mark begins;  ///< The stream has come to it.
    Mark ended;
    bool blocking = false;
  };

  StreamState* find(const void* stream);
  /// Does `step` now, or when the stream has what it waits for. The host's knowledge of now goes with it.
  void add(StreamState& stream, std::function<void()> step);
  void keep_back(StreamState& stream, std::function<void()> step, const CallSite& site,
                 std::span<const MemoryAccess> accesses);
  /// A task that is kept back and uses some of the allocation; time 0 if there is none.
  Conflict find_kept_back(const Allocation& allocation) const;
  void follow_host(StreamState& stream);
  void wait(StreamState& stream, Mark& mark);
  void reach(Mark& mark, const VectorClock& clock);
  void go_on(StreamState& stream);
  void forget_waits(StreamState& stream);
  void host_learns(const VectorClock& clock);
  /// host_ has grown.
  void host_has_news();
  /// The memory goes: nothing may use it any more.
  void end_memory(const Allocation& allocation, const char* verb);
  void run_task(StreamState& stream, const CallSite& site, std::span<const MemoryAccess> accesses);
  void check_host(const char* function, uintptr_t begin, size_t size, bool writes, const char* verb);
  void report(const Conflict& conflict, const CallSite& site, const std::string& what,
              const std::string& title, uintptr_t begin);

  AccessHistory history_;
  ClosedPages closed_{facts_.heap.closable()};
  VectorClock host_;
  uint64_t host_version_ = 1;  ///< Counts changes of host_.
  std::unordered_map<const void*, StreamState> streams_;
  std::unordered_map<const void*, Mark> events_;
  std::unordered_map<uint64_t, Callback> callbacks_;
  uint64_t next_callback_ = 1;
  std::vector<uint64_t> last_times_;  ///< By number of the stream.
  std::vector<uint32_t> free_numbers_;
};

}  // namespace cairn::check
