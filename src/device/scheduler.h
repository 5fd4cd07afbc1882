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

  /// Streams that run or are ready to. Changes at any time.
  size_t load() const {
    return running_.load(std::memory_order_relaxed) + ready_.load(std::memory_order_relaxed);
  }

 private:
  void work();
  Stream* take();
  void start_another();  // Under mutex_.

  AdaptiveMutex mutex_;
  std::condition_variable wake_;
  Stream* first_ = nullptr;
  Stream* last_ = nullptr;
  std::atomic<size_t> ready_{0};
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
