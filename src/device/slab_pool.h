// The small blocks of one device: slabs by the size of their blocks.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "device/free_regions.h"
#include "device/region_table.h"
#include "device/slab.h"

namespace cairn {

/// One thread at a time.
class SlabPool {
 public:
  SlabPool(FreeRegions& free_regions, RegionTable& table) : free_regions_(free_regions), table_(table) {}
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  /// A free block: its slab and its index there. Nothing if there is no region for a new slab.
  struct Block {
    Slab* slab;
    size_t index;
  };
  std::optional<Block> take(size_t size_class);
  /// The same, only from the slabs that there are. Needs no memory.
  std::optional<Block> take_ready(size_t size_class);
  /// Needs no memory.
  void give_back(Block block);
  /// Gives the regions of empty slabs back; true if there were any.
  bool give_back_empty_slabs();
  /// Every block is free and no slab has a region; the table and the free regions are the caller's business.
  void free_all();

 private:
  Slab* make_slab(size_t size_class);  // Without a region yet.
  void retire(Slab* slab);             // Gives an empty slab's region back.

  FreeRegions& free_regions_;
  RegionTable& table_;
  std::array<std::vector<Slab*>, kSmallClasses> slabs_;  ///< By class: those that have a free block.
  std::vector<std::unique_ptr<Slab>> all_slabs_;
  /// Without a region. Readers without the lock may still look at them, and find their blocks free.
  std::vector<Slab*> retired_slabs_;
};

}  // namespace cairn
