// How much of each stream's work has happened before a point of the program.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::check {

/// For each stream, by number: the last of its tasks that is done. Missing entries are 0.
class VectorClock {
 public:
  uint64_t at(uint32_t stream) const { return stream < times_.size() ? times_[stream] : 0; }
  void raise(uint32_t stream, uint64_t time) {
    if (stream >= times_.size()) times_.resize(stream + 1);
    times_[stream] = std::max(times_[stream], time);
  }
  void join(const VectorClock& other) {
    if (other.times_.size() > times_.size()) times_.resize(other.times_.size());
    for (size_t i = 0; i < other.times_.size(); ++i)
      times_[i] = std::max(times_[i], other.times_[i]);
  }

 private:
  std::vector<uint64_t> times_;
};

}  // namespace cairn::check
