// The worker threads of one device and the list of streams that are ready to run.
//
// Waking a sleeping thread costs tens of microseconds, so a worker that has run something spins for a while
// before it sleeps, and a stream that becomes ready wakes a sleeper only if nobody spins. An idle process
// burns nothing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/adaptive_mutex.h"
#include "device/busy_time.h"
#include "device/stream.h"

namespace cairn {

class Scheduler {
 public:
  explicit Scheduler(unsigned workers);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler() { end_workers(); }

  unsigned most_workers() const { return most_workers_; }

  /// Starts the first thread, so that what is submitted is run even if no other can be started. Throws
  /// std::system_error.
  void start();
  /// Ends the threads; each finishes the task it runs. The next submit starts new ones.
  void end_workers();

  /// Where the workers count how long they are busy. Before the first submit.
  void count_busy_time_in(BusyTime& place) { busy_time_ = &place; }

  /// Puts a stream at the end of the list. The stream keeps itself alive. Thread-safe.
  void submit(Stream* stream);

  /// Runs up to `most` tasks of a stream that would be submitted in the calling thread; submits it if there
  /// are more. Thread-safe.
  void run_here(Stream& stream, size_t most);
  /// The same with a stream that was submitted, if it is the first in the list and waits for a worker to wake
  /// up.
  void run_waiting_here(Stream& stream, size_t most);

  /// For tasks: calls run(argument, part) for each part below `parts` once, here and on workers that have
  /// nothing else to do. Returns when all calls have. run may not throw. Allocates nothing.
  void run_parts(size_t parts, void (*run)(void*, size_t), void* argument);

  /// Streams that run or are ready to. Changes at any time.
  size_t load() const {
    return running_.load(std::memory_order_relaxed) + ready_.load(std::memory_order_relaxed);
  }

 private:
  /// Parts of a task that other workers may take over. Lives on the stack of the worker that runs the task.
  struct SharedParts {
    size_t parts;
    void (*run)(void*, size_t);
    void* argument;
    std::atomic<size_t> claimed{0};
    std::atomic<size_t> from_end{0};
    size_t offers = 0;           ///< How many more workers may join. Under mutex_, and counted in ready_.
    std::atomic<int> joined{0};  ///< Workers that did; changes under mutex_.
    SharedParts* next_shared = nullptr;

    // From both ends: in task after task each core gets the parts whose memory is in its own cache.
    void run_from_begin() {
      for (size_t part = 0; claim(); ++part)
        run(argument, part);
    }
    void run_from_end() {
      while (claim())
        run(argument, parts - 1 - from_end.fetch_add(1, std::memory_order_relaxed));
    }
    bool claim() { return claimed.fetch_add(1, std::memory_order_relaxed) < parts; }
  };

  void work();
  Stream* take();
  SharedParts* take_parts();  // Under mutex_.
  void offer(SharedParts& shared);
  void withdraw(SharedParts& shared);  ///< Waits for those that have joined.
  /// After ready_ has grown, under mutex_: true if a worker has to be woken besides those `woken` already;
  /// starts one if none sleeps.
  bool wake_for_ready(int woken);
  void start_another();  // Under mutex_.

  AdaptiveMutex mutex_;
  std::condition_variable wake_;
  Stream* first_ = nullptr;
  Stream* last_ = nullptr;
  SharedParts* shared_ = nullptr;
  std::condition_variable left_;  ///< A worker has left shared parts.
  std::atomic<size_t> ready_{0};  ///< Streams in the list, and offers of shared parts.
  std::atomic<size_t> running_{0};
  std::atomic<int> spinning_{0};
  int sleeping_ = 0;  // Under mutex_.
  std::atomic<bool> ending_{false};
  const unsigned most_workers_;
  BusyTime own_busy_time_;
  BusyTime* busy_time_ = &own_busy_time_;
  std::vector<std::thread> workers_;  ///< Started as needed, under mutex_.
};

}  // namespace cairn
