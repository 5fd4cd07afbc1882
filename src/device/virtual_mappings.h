// Addresses and memory apart: reservations of addresses, and pieces of memory mapped there.
//
// A piece of memory owns regions like an allocation, but its own addresses are never given out. A mapping
// lets the regions of a reservation show the file at the piece's place; without one they have pages of their
// own, which stay empty.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "base/status.h"
#include "device/address_range.h"
#include "device/free_regions.h"
#include "device/page_account.h"
#include "device/region_table.h"

namespace cairn {

class MemoryPiece;

/// One thread at a time. All sizes and offsets are multiples of kHugePageBytes.
class VirtualMappings {
 public:
  VirtualMappings(AddressRange& range, RegionTable& table, FreeRegions& free_regions)
      : range_(range), table_(table), free_regions_(free_regions) {}
  VirtualMappings(const VirtualMappings&) = delete;
  VirtualMappings& operator=(const VirtualMappings&) = delete;

  /// Regions that have to be taken for a reservation: the start is a multiple of kHugePageBytes.
  static size_t regions_to_take(size_t size) { return (size >> kRegionShift) + kStep; }
  /// Makes a reservation within regions that were taken for it; gives those that are left over back.
  void* reserve(size_t taken, size_t size);
  /// Ends a reservation by its start; nothing may be mapped in it.
  Status release(void* start);
  /// See DeviceMemory::map. True if the piece was mapped nowhere before.
  Result<bool> map(void* start, size_t size, size_t offset, std::shared_ptr<MemoryPiece> piece);
  /// Ends a mapping by its start. What comes back is the caller's to destroy, after the lock.
  Result<std::shared_ptr<MemoryPiece>> unmap(void* start);

  struct Mapping {
    size_t regions;
    std::shared_ptr<MemoryPiece> piece;
  };
  using Mappings = std::map<size_t, Mapping>;  ///< By the first region.
  /// Ends all mappings and reservations. Needs no memory.
  Mappings end_all();

 private:
  static constexpr size_t kStep = kHugePageBytes >> kRegionShift;

  Status check_mappable(size_t first, size_t count) const;
  void hide(size_t first, size_t count);

  AddressRange& range_;
  RegionTable& table_;
  FreeRegions& free_regions_;
  std::map<size_t, size_t> reservations_;  ///< First region -> regions.
  Mappings mappings_;
};

}  // namespace cairn
