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
/// Pages of freed regions stay resident up to a limit; what is freed beyond that goes back to the system at
/// once.
class FreeRegions {
 public:
  FreeRegions(AddressRange& range, size_t most_dirty_bytes) : range_(range), most_dirty_(most_dirty_bytes) {}
  FreeRegions(const FreeRegions&) = delete;
  FreeRegions& operator=(const FreeRegions&) = delete;

  /// All regions are free, and their pages are the system's. Needs no memory but the first time.
  void reset(size_t count);
  /// How many bytes of free regions may stay resident from now on. Needs no memory.
  void set_most_dirty(size_t bytes);
  /// One past the highest region that was taken since the reset.
  size_t highest() const { return highest_; }

  /// The first of `count` regions in one piece, from the smallest run that has them.
  std::optional<size_t> take(size_t count);
  /// Gives a piece that was taken back, all of it or what trim has left. Needs no memory.
  void give_back(size_t first, size_t count);
  /// The same for a piece whose pages are the system's.
  void give_back_clean(size_t first, size_t count);
  /// Gives a part of a piece that was taken back, from its start or its end. Needs no memory.
  void trim(size_t first, size_t count);

 private:
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
  size_t most_dirty_;
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
