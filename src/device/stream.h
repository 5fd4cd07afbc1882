// aclrtStream: an ordered queue of tasks, run by the worker threads of its device.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/adaptive_mutex.h"
#include "base/handle_table.h"
#include "base/status.h"
#include "device/task.h"

namespace cairn {

class Context;
class Device;

class Stream {
 public:
  static constexpr HandleType kHandleType = HandleType::kStream;
  enum class Kind : uint8_t { kDefault, kExplicit };

  Stream(Device& device, uint64_t context_id, uint32_t id, Kind kind, uint32_t flags);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  Device& device() const { return device_; }
  uint64_t context_id() const { return context_id_; }
  uint32_t id() const { return id_; }
  Kind kind() const { return kind_; }

  enum class Start : uint8_t { kOnWorker, kHere };
  /// Appends a task. `function` is the API function that asks for it, a string literal: it stands in the
  /// error text when the task fails. `self` keeps the stream alive until the task is done. Thread-safe;
  /// allocates nothing but when the queue grows; blocks while kMostTasks tasks are waiting.
  /// `start`: kHere for a task that takes less time than handing it to a worker does; it runs in the calling
  /// thread if the stream has nothing else to do.
  static Status launch(const Ref<Stream>& self, const char* function, Task task,
                       Start start = Start::kOnWorker);

  /// Waits until everything launched before is done. Returns the first failure of a task since the last call,
  /// once. `timeout`: none = for ever. Spins briefly before it sleeps.
  Status synchronize(std::optional<std::chrono::milliseconds> timeout);
  /// Waits like synchronize, but leaves the failure for synchronize to report. False when the time is over.
  bool wait_idle(std::chrono::milliseconds timeout) { return wait_for(launched_.load(), timeout); }
  void wait_idle() { wait_for(launched_.load(), std::nullopt); }
  /// True if nothing is queued or running.
  bool is_idle() const;

  /// Lets a parked stream go on; `status` is the outcome of the task that parked it. `task`: the number of
  /// that task; a stream that has given it up meanwhile stays as it is.
  void resume(Status status, uint64_t task = kAnyTask);
  static constexpr uint64_t kAnyTask = ~uint64_t{0};
  /// The number of the task that runs; only for use inside a task of the stream.
  uint64_t running_task() const { return running_task_; }
  /// The number of the task that the calling thread has launched last, cut to 32 bits; nothing if there is
  /// none.
  static std::optional<uint32_t> last_task_of_thread();

  /// Refuses further tasks. drop: forget what is queued (the running task ends by itself).
  void close(bool drop);
  /// Forgets what is queued and ends a wait; the running task ends by itself. The stream goes on with what is
  /// launched next. If anything was forgotten, `reason` is what synchronize returns.
  void abort(const Status& reason);

  /// ACL_CONTINUE_ON_FAILURE 0, ACL_STOP_ON_FAILURE 1 [RT-062].
  void set_stop_on_failure(bool stop) { stop_on_failure_.store(stop, std::memory_order_relaxed); }
  bool overflow_switch() const { return overflow_switch_.load(std::memory_order_relaxed); }
  void set_overflow_switch(bool on) { overflow_switch_.store(on, std::memory_order_relaxed); }
  /// Half floats that overflow become the largest finite number (the device's mode when the stream was made
  /// [RT-005]), not infinity.
  bool saturates() const { return saturates_; }
  /// Set by a task that overflowed while the switch was on, until it is reset.
  std::atomic<uint64_t>& overflow_status() { return overflow_status_; }
  /// The thread that handles callbacks of this stream, 0 = none [RT-099].
  std::atomic<uint64_t>& report_thread() { return report_thread_; }
  /// The same for host functions (aclrtSubscribeHostFunc).
  std::atomic<uint64_t>& host_function_thread() { return host_function_thread_; }

  /// Called by a worker: runs tasks until the queue is empty, the stream parks, or `most` tasks have run.
  /// True if tasks are left and the stream wants to be queued again.
  bool run(size_t most);

  /// A new reference to this stream; only for use inside a task of the stream.
  const Ref<Stream>& self() const { return self_while_busy_; }
  /// True while the stream waits for an event or a callback.
  bool is_parked() const;

  Stream* next_ready = nullptr;  ///< Link of the device's list of ready streams; owned by Scheduler.

 private:
  static constexpr size_t kMostTasks = 65536;
  static constexpr size_t kFirstCapacity = 32;
  enum class State : uint8_t { kIdle, kReady, kRunning, kParked };
  struct Entry {
    Task task;
    const char* function = nullptr;
    uint64_t thread_id = 0;
  };

  void grow();                                                          // Under mutex_.
  Task pop();                                                           // Under mutex_.
  void finish_task(const Status& status, Ref<Stream>& last_reference);  // Under mutex_.
  /// Forgets the queue and ends a wait with `reason`. Under mutex_; true if there was anything.
  bool drop_tasks(const Status& reason, std::vector<Entry>& dropped, Ref<Stream>& last_reference);
  bool wait_for(uint64_t target, std::optional<std::chrono::milliseconds> timeout);
  Status late(int64_t waited_ms) const;  ///< The error of a wait whose time is over: what it waits for.

  Device& device_;
  const uint64_t context_id_;
  const uint32_t id_;
  const Kind kind_;
  const uint32_t flags_;
  const bool saturates_;

  mutable AdaptiveMutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> ring_;  ///< Power-of-two capacity.
  size_t head_ = 0;          ///< Index of the oldest task, not reduced.
  size_t tail_ = 0;
  State state_ = State::kIdle;
  const char* running_function_ = nullptr;  ///< Of the task that runs or parked the stream.
  uint64_t running_thread_id_ = 0;          ///< The thread that launched it.
  uint64_t running_task_ = 0;               ///< Its index in the queue, not reduced.
  bool closed_ = false;
  bool stopped_ = false;           ///< A task failed in stop-on-failure mode.
  std::optional<Status> resumed_;  ///< resume() came before the task had returned.
  Ref<Stream> self_while_busy_;    ///< Keeps the stream alive while tasks are queued or running.
  Status failure_;

  std::atomic<uint64_t> launched_{0};
  std::atomic<uint64_t> completed_{0};
  std::atomic<int> sleepers_{0};
  std::atomic<bool> stop_on_failure_{false};
  std::atomic<bool> overflow_switch_{false};
  std::atomic<uint64_t> overflow_status_{0};
  std::atomic<uint64_t> report_thread_{0};
  std::atomic<uint64_t> host_function_thread_{0};
};

}  // namespace cairn
