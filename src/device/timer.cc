#include "device/timer.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace cairn {
namespace {

class Timer {
 public:
  void add(std::chrono::milliseconds delay, std::function<void()> action) {
    const std::lock_guard lock(mutex_);
    if (!started_)
      std::thread([this] { work(); }).detach();  // Lives as long as the process, like the object.
    started_ = true;
    actions_.emplace(std::chrono::steady_clock::now() + delay, std::move(action));
    changed_.notify_one();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      if (actions_.empty()) {
        changed_.wait(lock);
      } else if (const auto when = actions_.begin()->first; std::chrono::steady_clock::now() < when) {
        changed_.wait_until(lock, when);
      } else {
        const auto action = std::move(actions_.begin()->second);
        actions_.erase(actions_.begin());
        lock.unlock();
        action();
        lock.lock();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>> actions_;
  bool started_ = false;
};

}  // namespace

void run_later(std::chrono::milliseconds delay, std::function<void()> action) {
  static auto* timer = new Timer;  // Never destroyed: its thread may outlive static destructors.
  timer->add(delay, std::move(action));
}

}  // namespace cairn
