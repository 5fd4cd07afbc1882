// Which allocation holds an address of a device, answered without a lock.
//
// The addresses of a device are divided into regions of 64 KiB. A region belongs to a slab of equal small
// blocks, to one large allocation or mapping, or is free; the table has an entry for each.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "device/slab.h"

namespace cairn {

class RegionTable {
 public:
  RegionTable() = default;
  RegionTable(const RegionTable&) = delete;
  RegionTable& operator=(const RegionTable&) = delete;
  ~RegionTable();

  /// Once: makes `count` entries; false if the host has no memory left.
  bool create(size_t count);
  size_t count() const { return count_; }

  /// A living allocation. `start` is an offset from the first address, `size` what the user may touch.
  struct Found {
    size_t start = 0;
    size_t size = 0;
    bool huge = false;
    bool mapped = false;
    Slab* slab = nullptr;  ///< Of a small block.
    size_t first_region() const { return start >> kRegionShift; }
    size_t offset_in_region() const { return start & (kRegionBytes - 1); }
  };
  /// Thread-safe, also while the table changes. `offset` lies in the range.
  bool find(size_t offset, Found& found) const {
    const uint32_t head = regions_[offset >> kRegionShift].head.load(std::memory_order_acquire);
    if (head == 0) return false;
    const Region& first = regions_[head - 1];
    if (Slab* slab = first.slab.load(std::memory_order_acquire)) {
      const size_t index = slab->index_of(offset & (kRegionBytes - 1));
      if (index >= slab->block_count()) return false;
      const Slab::Use use = slab->use(index);
      found = {(slab->region() << kRegionShift) + index * slab->block(), use.size, use.huge, false, slab};
    } else {
      const uint64_t size = first.size.load(std::memory_order_acquire);
      found = {static_cast<size_t>(head - 1) << kRegionShift, size & kSizeMask, (size & kHugeMark) != 0,
               (size & kMappedMark) != 0, nullptr};
    }
    return found.size != 0;
  }
  /// Ends what find has found: true for one of the threads that try. The block stays taken; a large one keeps
  /// its regions until remove().
  bool end_use(const Found& found) {
    if (found.slab == nullptr) {
      uint64_t size = found.size | (found.huge ? kHugeMark : 0);
      return regions_[found.first_region()].size.compare_exchange_strong(size, 0, std::memory_order_acq_rel);
    }
    const Slab::Use use{static_cast<uint32_t>(found.size), found.huge};
    const size_t index = found.slab->index_of(found.offset_in_region());
    if (!found.slab->end_use(index, use)) return false;
    // The slab may have got another region since: then this was the use of a block there.
    if (found.slab->region() == found.first_region()) return true;
    found.slab->set_use(index, use);
    return false;
  }
  /// Begins a use of a block whose last one has ended, or of a new one of a slab: `size` bytes at `start`.
  void begin_use(size_t start, size_t size, bool huge) {
    Region& region = regions_[start >> kRegionShift];
    if (Slab* slab = region.slab.load(std::memory_order_relaxed))
      slab->set_use(slab->index_of(start & (kRegionBytes - 1)), {static_cast<uint32_t>(size), huge});
    else
      region.size.store(size | (huge ? kHugeMark : 0), std::memory_order_release);
  }
  /// The slab that a region belongs to, or null.
  Slab* slab(size_t region) const { return regions_[region].slab.load(std::memory_order_relaxed); }
  /// True if an allocation or a slab begins in the region.
  bool begins_in(size_t region) const {
    return regions_[region].head.load(std::memory_order_relaxed) == region + 1;
  }

  // One thread at a time:

  void enter_slab(size_t region, Slab* slab);
  void remove_slab(size_t region);
  /// `found.start` is the start of its first region; it owns `count` regions.
  void enter(const Found& found, size_t count);
  void remove(size_t first, size_t count);

 private:
  /// Marks in the sizes: the allocation has huge pages, is a mapping.
  static constexpr uint64_t kHugeMark = uint64_t{1} << 63;
  static constexpr uint64_t kMappedMark = uint64_t{1} << 62;
  static constexpr uint64_t kSizeMask = kMappedMark - 1;

  /// `head`: 0 free, else 1 + index of the first region of the allocation or slab.
  struct Region {
    std::atomic<uint32_t> head{0};
    std::atomic<Slab*> slab{nullptr};
    std::atomic<uint64_t> size{0};  ///< Large allocation, in its first region: bytes the user may touch.
  };

  Region* regions_ = nullptr;
  size_t count_ = 0;
};

}  // namespace cairn
