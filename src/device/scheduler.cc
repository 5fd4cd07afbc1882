#include "device/scheduler.h"

#include <chrono>
#include <exception>

namespace cairn {
namespace {

constexpr auto kSpinTime = std::chrono::microseconds(50);
constexpr size_t kTasksPerTurn = 64;  // Then the next ready stream gets its turn.

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace

Scheduler::Scheduler(unsigned workers) : most_workers_(workers) {
  workers_.reserve(workers);
}

void Scheduler::start() {
  const std::lock_guard lock(mutex_);
  if (workers_.empty()) workers_.emplace_back([this] { work(); });
}

void Scheduler::start_another() {
  try {
    workers_.emplace_back([this] { work(); });
  } catch (const std::exception&) {
    // The workers that are there do the work, later.
  }
}

void Scheduler::end_workers() {
  std::vector<std::thread> ended;
  {
    const std::lock_guard lock(mutex_);
    ending_.store(true);
    ended.swap(workers_);
  }
  wake_.notify_all();
  for (std::thread& worker : ended)
    worker.join();
  ending_.store(false);
}

void Scheduler::submit(Stream* stream) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    stream->next_ready = nullptr;
    (last_ != nullptr ? last_->next_ready : first_) = stream;
    last_ = stream;
    const size_t ready = ready_.load(std::memory_order_relaxed) + 1;
    ready_.store(ready, std::memory_order_release);
    if (ready > static_cast<size_t>(spinning_.load(std::memory_order_relaxed))) {
      if (sleeping_ > 0)
        wake = true;
      else if (workers_.size() < most_workers_ && !ending_.load())
        start_another();
    }
  }
  if (wake) wake_.notify_one();
}

Stream* Scheduler::take() {
  Stream* stream = first_;
  if (stream == nullptr) return nullptr;
  first_ = stream->next_ready;
  if (first_ == nullptr) last_ = nullptr;
  ready_.fetch_sub(1, std::memory_order_relaxed);
  return stream;
}

void Scheduler::work() {
  // Times are those that the loop reads anyway; while there is work it reads none.
  BusyPeriods busy(*busy_time_);
  auto now = BusyTime::Clock::now();
  while (true) {
    Stream* stream = nullptr;
    if (ready_.load(std::memory_order_relaxed) == 0 && spinning_.load(std::memory_order_relaxed) == 0) {
      spinning_.fetch_add(1);
      now = BusyTime::Clock::now();
      busy.end(now);
      const auto end = now + kSpinTime;
      do {
        for (int i = 0; i < 32 && ready_.load(std::memory_order_relaxed) == 0; ++i)
          pause();
        std::this_thread::yield();  // The launching thread may be waiting for this very core.
      } while (ready_.load(std::memory_order_relaxed) == 0 && (now = BusyTime::Clock::now()) < end);
      spinning_.fetch_sub(1);
    }
    {
      std::unique_lock<std::mutex> lock(mutex_);
      while (!ending_.load() && (stream = take()) == nullptr) {
        if (busy.is_busy()) busy.end(BusyTime::Clock::now());
        ++sleeping_;
        wake_.wait(lock);
        --sleeping_;
        now = BusyTime::Clock::now();
      }
    }
    if (stream == nullptr) return;
    busy.begin(now);
    running_.fetch_add(1, std::memory_order_relaxed);
    const bool has_more = stream->run(kTasksPerTurn);
    running_.fetch_sub(1, std::memory_order_relaxed);
    if (has_more) submit(stream);
  }
}

}  // namespace cairn
