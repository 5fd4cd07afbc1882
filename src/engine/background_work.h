// Work that nobody waits for: compiling a network a second time, keeping a compiled one on disk.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace cairn {

/// One thread that does one job after the other; it starts with the first job. A process that ends waits for
/// the jobs that are left. Thread-safe.
class BackgroundWork {
 public:
  static BackgroundWork& get();

  /// `job` throws nothing. Without memory or a thread for it, it is left out.
  void add(std::function<void()> job) noexcept;
  /// Until all jobs added before are done.
  void wait();

 private:
  BackgroundWork();
  void work();
  void end();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;  ///< The first one is under way.
  bool ending_ = false;
  pid_t process_;  ///< A child made by fork has no thread.
  std::thread thread_;
};

}  // namespace cairn
