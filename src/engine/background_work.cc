#include "engine/background_work.h"

#include <unistd.h>

#include <cstdlib>
#include <exception>

namespace cairn {

BackgroundWork& BackgroundWork::get() {
  static auto* work = new BackgroundWork;  // Ends in end(): the engine's own objects must still be there.
  return *work;
}

BackgroundWork::BackgroundWork() : process_(::getpid()) {
  std::atexit([] { get().end(); });
}

void BackgroundWork::add(std::function<void()> job) noexcept {
  if (::getpid() != process_) return;
  try {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
    jobs_.push_back(std::move(job));
  } catch (const std::exception&) {
    return;
  }
  changed_.notify_all();
}

void BackgroundWork::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return jobs_.empty(); });
}

void BackgroundWork::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    {
      const std::function<void()> job = std::move(jobs_.front());
      lock.unlock();
      job();
    }  // What the job held goes without the lock.
    lock.lock();
    jobs_.pop_front();
    changed_.notify_all();
  }
}

void BackgroundWork::end() {
  if (::getpid() != process_) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace cairn
