// The free regions of a device, in runs that are joined with their neighbours.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "device/address_range.h"

namespace cairn {

/// One thread at a time. Regions are named by their index.
///
/// Pages of freed regions stay resident up to kMostDirtyBytes; what is freed beyond that goes back to the
/// system at once.
class FreeRegions {
 public:
  explicit FreeRegions(AddressRange& range) : range_(range) {}
  FreeRegions(const FreeRegions&) = delete;
  FreeRegions& operator=(const FreeRegions&) = delete;

  /// All regions are free, and their pages are the system's. Needs no memory but the first time.
  void reset(size_t count);
  /// One past the highest region that was taken since the reset.
  size_t highest() const { return highest_; }

  /// The first of `count` regions in one piece, from the smallest run that has them.
  std::optional<size_t> take(size_t count);
  /// Needs no memory.
  void give_back(size_t first, size_t count);
  /// The same for regions without pages that were taken together with others, and for the rest of these.
  void give_back_clean(size_t first, size_t count) { add({first, count, false}); }

 private:
  static constexpr size_t kMostDirtyBytes = size_t{64} << 20;

  struct Run {
    size_t first;
    size_t regions;
    bool dirty;
  };
  struct Rest {
    size_t regions;
    bool dirty;
  };
  using ByStart = std::map<size_t, Rest>;
  using BySize = std::set<std::pair<size_t, size_t>>;

  void reserve_node();  // The next free run needs no memory.
  Run remove(ByStart::iterator run);
  void add(Run run);

  AddressRange& range_;
  ByStart by_start_;
  BySize by_size_;  ///< (regions, first)
  /// Nodes for runs to come, so that freeing needs no memory.
  std::vector<ByStart::node_type> spare_starts_;
  std::vector<BySize::node_type> spare_sizes_;
  size_t taken_ = 0;  ///< Pieces that were taken and not given back.
  size_t dirty_bytes_ = 0;
  size_t highest_ = 0;
};

}  // namespace cairn
