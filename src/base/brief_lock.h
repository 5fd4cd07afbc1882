// A lock for critical sections of nanoseconds that are hardly ever asked for twice at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

namespace cairn {

/// Half the price of a std::mutex while nobody else wants it, which is what it is for. Who has to wait spins
/// for a moment, then sleeps in steps: the holder may be a thread that is not running. Goes with
/// std::lock_guard.
class BriefLock {
 public:
  BriefLock() = default;
  BriefLock(const BriefLock&) = delete;
  BriefLock& operator=(const BriefLock&) = delete;

  void lock() {
    if (held_.exchange(true, std::memory_order_acquire)) [[unlikely]]
      wait();
  }
  void unlock() { held_.store(false, std::memory_order_release); }

 private:
  [[gnu::noinline]] void wait() {
    for (int attempt = 0;; ++attempt) {
      if (attempt < kSpins)
        std::this_thread::yield();
      else
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      if (!held_.load(std::memory_order_relaxed) && !held_.exchange(true, std::memory_order_acquire)) return;
    }
  }

  static constexpr int kSpins = 20;
  std::atomic<bool> held_{false};
};

}  // namespace cairn
