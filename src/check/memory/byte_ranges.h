// A set of bytes of one allocation, as ranges of offsets.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace cairn::check {

struct ByteRange {
  size_t begin;
  size_t end;
};

/// Sorted ranges that neither touch nor overlap. Most allocations have one.
class ByteRanges {
 public:
  void add(ByteRange added) {
    if (added.begin >= added.end) return;
    auto first = first_reaching(added.begin);
    auto last = first;
    for (; last != ranges_.end() && last->begin <= added.end; ++last)
      added = {std::min(added.begin, last->begin), std::max(added.end, last->end)};
    if (first == last) {
      ranges_.insert(first, added);
    } else {
      *first = added;
      ranges_.erase(first + 1, last);
    }
  }

  void remove(ByteRange removed) {
    if (removed.begin >= removed.end) return;
    std::vector<ByteRange> left;
    for (const ByteRange& range : ranges_) {
      if (range.begin < std::min(range.end, removed.begin))
        left.push_back({range.begin, std::min(range.end, removed.begin)});
      if (std::max(range.begin, removed.end) < range.end)
        left.push_back({std::max(range.begin, removed.end), range.end});
    }
    ranges_ = std::move(left);
  }

  /// The first byte of the range that is not in the set; range.end if all are.
  size_t first_missing(ByteRange range) const {
    for (const ByteRange& have : ranges_) {
      if (have.end <= range.begin) continue;
      if (have.begin > range.begin) break;
      range.begin = std::min(have.end, range.end);
    }
    return range.begin;
  }

  /// How many bytes of the range are in the set.
  size_t count(ByteRange range) const {
    size_t sum = 0;
    for (const ByteRange& have : ranges_) {
      const size_t begin = std::max(have.begin, range.begin);
      const size_t end = std::min(have.end, range.end);
      if (begin < end) sum += end - begin;
    }
    return sum;
  }

  const std::vector<ByteRange>& ranges() const { return ranges_; }

 private:
  std::vector<ByteRange>::iterator first_reaching(size_t offset) {
    return std::lower_bound(ranges_.begin(), ranges_.end(), offset,
                            [](const ByteRange& range, size_t wanted) { return range.end < wanted; });
  }

  std::vector<ByteRange> ranges_;
};

}  // namespace cairn::check
