// Happens-before as vector clocks: one component for each agent (host threads, then streams).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::soak {

class VectorClock {
 public:
  VectorClock() = default;
  explicit VectorClock(size_t agents) : times_(agents) {}

  uint64_t operator[](size_t agent) const { return times_[agent]; }
  /// One more step of the agent; returns its time.
  uint64_t tick(size_t agent) { return ++times_[agent]; }
  void set(size_t agent, uint64_t time) { times_[agent] = time; }
  /// Everything that happened before `other` now happened before this, too.
  void join(const VectorClock& other) {
    if (times_.size() < other.times_.size()) times_.resize(other.times_.size());
    for (size_t i = 0; i < other.times_.size(); ++i)
      times_[i] = std::max(times_[i], other.times_[i]);
  }
  /// True if all of this happened before `other`.
  bool is_before(const VectorClock& other) const {
    for (size_t i = 0; i < times_.size(); ++i)
      if (times_[i] > (i < other.times_.size() ? other.times_[i] : 0)) return false;
    return true;
  }
  size_t size() const { return times_.size(); }

 private:
  std::vector<uint64_t> times_;
};

}  // namespace cairn::soak
