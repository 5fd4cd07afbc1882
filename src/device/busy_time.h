// How long the workers of a device have been busy, as one number that can be read at any time, also from
// another process: no clock is read and nothing is written while tasks run, only when a worker begins to work
// or runs out of work.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace cairn {

/// The upper 12 bits count the workers that are busy now; the lower 52 bits hold, in ticks, the ends of all
/// busy periods less their starts. Periods that go on have a start only, so at the time t the sum of all
/// periods is that number plus t for each busy worker. Thread-safe, without a lock.
class BusyTime {
 public:
  using Clock = std::chrono::steady_clock;
  /// Long enough for a thousand busy workers on a machine that runs for years, short beside what a reader
  /// waits. A shorter period counts as a tick as often as it touches one's end: right on average.
  using Tick = std::chrono::duration<int64_t, std::ratio<64, 1000000>>;

  void begin(Clock::time_point now) { value_.fetch_add(kOne - ticks(now), std::memory_order_relaxed); }
  void end(Clock::time_point now) { value_.fetch_add(ticks(now) - kOne, std::memory_order_relaxed); }

  /// The sum of the busy periods of all workers until `now`, modulo 2^52 ticks.
  Tick until(Clock::time_point now) const {
    const uint64_t value = value_.load(std::memory_order_relaxed);
    // Sign-extended: while workers are busy the lower part is negative.
    const auto sum = static_cast<uint64_t>(static_cast<int64_t>(value << kCountBits) >> kCountBits);
    const uint64_t workers = (value - sum) >> kTimeBits;
    return Tick((sum + workers * ticks(now)) & (kOne - 1));
  }

 private:
  static constexpr unsigned kCountBits = 12;
  static constexpr unsigned kTimeBits = 64 - kCountBits;
  static constexpr uint64_t kOne = uint64_t{1} << kTimeBits;
  static uint64_t ticks(Clock::time_point now) {
    return static_cast<uint64_t>(std::chrono::duration_cast<Tick>(now.time_since_epoch()).count());
  }

  std::atomic<uint64_t> value_{0};
};

/// One worker's share: remembers whether it is busy, so that it may say so as often as it likes.
class BusyPeriods {
 public:
  explicit BusyPeriods(BusyTime& time) : time_(time) {}
  BusyPeriods(const BusyPeriods&) = delete;
  BusyPeriods& operator=(const BusyPeriods&) = delete;
  ~BusyPeriods() {
    if (busy_) end(BusyTime::Clock::now());
  }

  bool is_busy() const { return busy_; }
  void begin(BusyTime::Clock::time_point now) {
    if (busy_) return;
    time_.begin(now);
    busy_ = true;
  }
  void end(BusyTime::Clock::time_point now) {
    if (!busy_) return;
    time_.end(now);
    busy_ = false;
  }

 private:
  BusyTime& time_;
  bool busy_ = false;
};

}  // namespace cairn
