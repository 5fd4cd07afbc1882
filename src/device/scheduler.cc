#include "device/scheduler.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace cairn {
namespace {

constexpr auto kSpinTime = std::chrono::microseconds(50);
// After turns of this length waking counts for little, and spinning would take a core from what comes next.
constexpr auto kLongTurn = std::chrono::milliseconds(1);
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
    ready_.store(ready_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    wake = wake_for_ready(0);
  }
  if (wake) wake_.notify_one();
}

void Scheduler::run_here(Stream& stream, size_t most) {
  busy_time_->begin(BusyTime::Clock::now());
  running_.fetch_add(1, std::memory_order_relaxed);
  const bool has_more = stream.run(most);
  running_.fetch_sub(1, std::memory_order_relaxed);
  busy_time_->end(BusyTime::Clock::now());
  if (has_more) submit(&stream);
}

void Scheduler::run_waiting_here(Stream& stream, size_t most) {
  // A worker that spins is as quick, and the caller can be where its next task is launched.
  if (ready_.load(std::memory_order_relaxed) == 0 || spinning_.load(std::memory_order_relaxed) > 0) return;
  {
    const std::lock_guard lock(mutex_);
    if (first_ != &stream || running_.load(std::memory_order_relaxed) >= most_workers_) return;
    take();
  }
  run_here(stream, most);
}

bool Scheduler::wake_for_ready(int woken) {
  if (ready_.load(std::memory_order_relaxed) <=
      static_cast<size_t>(spinning_.load(std::memory_order_relaxed)))
    return false;
  if (sleeping_ > woken) return true;
  if (workers_.size() < most_workers_ && !ending_.load()) start_another();
  return false;
}

Stream* Scheduler::take() {
  Stream* stream = first_;
  if (stream == nullptr) return nullptr;
  first_ = stream->next_ready;
  if (first_ == nullptr) last_ = nullptr;
  ready_.fetch_sub(1, std::memory_order_relaxed);
  return stream;
}

Scheduler::SharedParts* Scheduler::take_parts() {
  SharedParts* shared = shared_;
  while (shared != nullptr && shared->offers == 0)
    shared = shared->next_shared;
  if (shared == nullptr) return nullptr;
  --shared->offers;
  ready_.fetch_sub(1, std::memory_order_relaxed);
  shared->joined.fetch_add(1, std::memory_order_relaxed);
  return shared;
}

void Scheduler::offer(SharedParts& shared) {
  int woken = 0;
  {
    const std::lock_guard lock(mutex_);
    shared.next_shared = std::exchange(shared_, &shared);
    for (size_t offers = std::min<size_t>(shared.parts, most_workers_) - 1; offers > 0; --offers) {
      ++shared.offers;
      ready_.store(ready_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
      if (wake_for_ready(woken)) ++woken;
    }
  }
  for (; woken > 0; --woken)
    wake_.notify_one();
}

void Scheduler::withdraw(SharedParts& shared) {
  const auto is_alone = [&] { return shared.joined.load(std::memory_order_relaxed) == 0; };
  {
    const std::lock_guard lock(mutex_);
    SharedParts** link = &shared_;
    while (*link != &shared)
      link = &(*link)->next_shared;
    *link = shared.next_shared;
    ready_.fetch_sub(std::exchange(shared.offers, 0), std::memory_order_relaxed);
  }
  for (const auto end = BusyTime::Clock::now() + kSpinTime; !is_alone() && BusyTime::Clock::now() < end;)
    pause();
  std::unique_lock<std::mutex> lock(mutex_);  // Who has left holds it no longer, so `shared` may go.
  left_.wait(lock, is_alone);
}

void Scheduler::run_parts(size_t parts, void (*run)(void*, size_t), void* argument) {
  SharedParts shared{.parts = parts, .run = run, .argument = argument};
  if (parts < 2 || most_workers_ < 2) return shared.run_from_begin();
  offer(shared);
  shared.run_from_begin();
  withdraw(shared);
}

void Scheduler::work() {
  // Times are those that the loop reads anyway; while there is work it reads none.
  BusyPeriods busy(*busy_time_);
  auto now = BusyTime::Clock::now();
  auto begun = now;
  int turns = 0;  // Since then.
  while (true) {
    Stream* stream = nullptr;
    SharedParts* shared = nullptr;
    if (ready_.load(std::memory_order_relaxed) == 0 && spinning_.load(std::memory_order_relaxed) == 0) {
      spinning_.fetch_add(1);
      now = BusyTime::Clock::now();
      busy.end(now);
      const auto end = turns > 0 && now - begun > turns * kLongTurn ? now : now + kSpinTime;
      do {
        for (int i = 0; i < 32 && ready_.load(std::memory_order_relaxed) == 0; ++i)
          pause();
        std::this_thread::yield();  // The launching thread may be waiting for this very core.
      } while (ready_.load(std::memory_order_relaxed) == 0 && (now = BusyTime::Clock::now()) < end);
      spinning_.fetch_sub(1);
    }
    {
      std::unique_lock<std::mutex> lock(mutex_);
      while (!ending_.load() && (stream = take()) == nullptr && (shared = take_parts()) == nullptr) {
        if (busy.is_busy()) busy.end(BusyTime::Clock::now());
        ++sleeping_;
        wake_.wait(lock);
        --sleeping_;
        now = BusyTime::Clock::now();
      }
    }
    if (stream == nullptr && shared == nullptr) return;
    if (!busy.is_busy()) {
      busy.begin(now);
      begun = now;
      turns = 0;
    }
    ++turns;
    if (shared != nullptr) {
      shared->run_from_end();
      const std::lock_guard lock(mutex_);
      shared->joined.fetch_sub(1, std::memory_order_relaxed);
      left_.notify_all();
      continue;
    }
    running_.fetch_add(1, std::memory_order_relaxed);
    const bool has_more = stream->run(kTasksPerTurn);
    running_.fetch_sub(1, std::memory_order_relaxed);
    if (has_more) submit(stream);
  }
}

}  // namespace cairn
