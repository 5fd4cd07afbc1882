// Which of an event's records have been executed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn {

/// A set of the numbers 1, 2, 3 …, which mostly come in this order. They come in another one when an event is
/// recorded again in another stream before the first stream is that far.
class CompletedRecords {
 public:
  bool contains(uint64_t record) const {
    return record <= all_until_ || std::binary_search(early_.begin(), early_.end(), record);
  }
  bool contains_all_until(uint64_t record) const { return record <= all_until_; }
  /// Makes sure that add() needs no memory while the numbers up to `newest` are out.
  void make_room(uint64_t newest) {
    const auto outstanding = static_cast<size_t>(newest - all_until_);
    if (outstanding > early_.capacity()) early_.reserve(2 * outstanding);
  }
  void add(uint64_t record) noexcept {
    if (record != all_until_ + 1) {
      early_.insert(std::upper_bound(early_.begin(), early_.end(), record), record);
      return;
    }
    auto next = early_.begin();
    for (++all_until_; next != early_.end() && *next == all_until_ + 1; ++next)
      ++all_until_;
    early_.erase(early_.begin(), next);
  }

 private:
  uint64_t all_until_ = 0;
  std::vector<uint64_t> early_;  ///< Sorted.
};

}  // namespace cairn
