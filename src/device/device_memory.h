// The memory of one device: a reserved range of addresses over a memory file.
//
// In host mode the range that programs see is inaccessible, so that host code which dereferences a device
// pointer faults as it would on the card; our own code uses a second mapping of the same file. In device mode
// both are one mapping.
//
// The range is larger than the memory: addresses can be reserved without memory behind them, and pieces of
// memory mapped there (device_memory_mapping.cc). What is allocated never exceeds the capacity.
//
// Huge pages are those of 2 MiB, normal ones all others. Which pages an allocation counts for is a matter of
// bookkeeping alone: an eighth of the memory is set aside for normal pages, and these may take what huge
// pages leave free; huge ones may not take the eighth.
//
// The range is divided into regions of 64 KiB. A region belongs to a slab of equal small blocks, to one large
// allocation, or is free. The region table answers "which allocation holds this address" without a lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "base/adaptive_mutex.h"
#include "base/status.h"
#include "device/published_counter.h"
#include "device/soc_profile.h"

namespace cairn {

enum class PageKind : uint8_t { kNormal, kHuge };
constexpr size_t kNormalPageBytes = 4096;
constexpr size_t kHugePageBytes = size_t{2} << 20;

struct AllocationOptions {
  enum class Pages : uint8_t { kHugeFirst, kHugeOnly, kNormalOnly };
  Pages pages = Pages::kHugeFirst;  ///< [RT-134] .. [RT-139]
  bool spare_bytes = true;          ///< Add 32 bytes to the rounded size [RT-142].
};

struct MemoryUse {
  size_t free_bytes;
  size_t total_bytes;
};

class DeviceMemory {
 public:
  static Result<std::unique_ptr<DeviceMemory>> create(int device_id, const SocProfile& soc, size_t capacity);
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  ~DeviceMemory();

  /// Allocates at least `size` bytes (rounded up to 32, plus 32 [RT-142]); the start is a multiple of
  /// `alignment`, a power of two of at least 64 and at most 64 KiB. Content is undefined. Thread-safe.
  Result<void*> allocate(size_t size, size_t alignment = 64, AllocationOptions options = {});
  /// Frees an allocation by its start address. `function_rule` is the rule named in errors. Thread-safe.
  Status free(void* pointer, std::string_view rule);
  /// Frees everything. Addresses stay reserved; what still uses old ones finds them unallocated.
  void free_all();
  /// Where our own code may read and write [pointer, pointer + size): an error if that is not inside one
  /// living allocation. A few nanoseconds; thread-safe.
  Result<std::byte*> resolve(const void* pointer, size_t size) const;
  /// True for any address of the reserved range, allocated or not.
  bool contains(const void* pointer) const {
    return static_cast<size_t>(static_cast<const std::byte*>(pointer) - visible_) < range_;
  }
  /// Start and size of the living allocation that holds `pointer`; {null, 0} if there is none.
  struct Allocation {
    void* start = nullptr;
    size_t size = 0;
    PageKind pages = PageKind::kNormal;
  };
  Allocation allocation_of(const void* pointer) const;
  /// Every living allocation in the order of the addresses. Slow: for reports.
  std::vector<Allocation> allocations() const;

  // Addresses and memory apart. All sizes and offsets are multiples of kHugePageBytes. Thread-safe.

  /// Memory without an address. It ends with the last reference, mappings included.
  class Physical;
  Result<std::shared_ptr<Physical>> allocate_physical(size_t size, PageKind pages);
  Result<void*> reserve(size_t size);
  /// Ends a reservation by its start; nothing may be mapped in it.
  Status release(void* start);
  /// Lets [start, start + size) of a reservation be the memory from `offset` on. What is mapped side by side
  /// resolves as one piece.
  Status map(void* start, size_t size, size_t offset, std::shared_ptr<Physical> memory);
  /// Ends a mapping by its start.
  Status unmap(void* start);

  MemoryUse use() const;
  /// Counts the bytes in use in shared memory from now on. Before the first allocation.
  void publish_use_in(std::atomic<size_t>& place) { used_bytes_.publish_in(place); }
  MemoryUse use(PageKind pages) const;
  size_t allocation_count() const { return allocation_count_.load(std::memory_order_relaxed); }
  int device_id() const { return device_id_; }

 private:
  static constexpr size_t kRegionShift = 16;
  static constexpr size_t kRegionBytes = size_t{1} << kRegionShift;
  static constexpr size_t kLargestSmall = 16384;
  static constexpr size_t kMostDirtyBytes = size_t{64} << 20;
  /// Marks in the sizes of the region table: the allocation has huge pages, is a mapping.
  static constexpr uint64_t kHugeMark = uint64_t{1} << 63;
  static constexpr uint64_t kMappedMark = uint64_t{1} << 62;
  static constexpr uint64_t kSizeMask = kMappedMark - 1;
  static constexpr uint32_t kSmallHugeMark = uint32_t{1} << 31;

  struct Slab;
  /// One entry per region. `head`: 0 free, else 1 + index of the first region of the allocation or slab.
  struct Region {
    std::atomic<uint32_t> head{0};
    std::atomic<Slab*> slab{nullptr};
    std::atomic<uint64_t> size{0};  ///< Large allocation, in its first region: bytes the user may touch.
  };
  struct Found {
    size_t start = 0;
    size_t size = 0;
    bool huge = false;
    bool mapped = false;
  };
  struct Mapping {
    size_t regions;
    std::shared_ptr<Physical> memory;
  };
  struct FreeRun {
    size_t regions;
    bool dirty;
  };

  DeviceMemory(int device_id, size_t capacity);
  using FreeRuns = std::map<size_t, FreeRun>;
  void reserve_free_run();                          // Under mutex_: the next free run needs no memory.
  FreeRun remove_free_run(FreeRuns::iterator run);  // Under mutex_.
  /// Counts `bytes` as used, if there are pages for them. Under mutex_.
  Result<PageKind> charge(size_t size, size_t bytes, AllocationOptions::Pages pages);
  void discharge(size_t bytes, bool huge);   // Under mutex_.
  size_t huge_total() const;                 // Bytes that huge pages have or could have.
  void discard(size_t first, size_t count);  // Gives the pages of regions to the system.
  Result<void*> reserve_range(size_t size);
  Status release_range(void* start);
  Status map_range(void* start, size_t size, size_t offset, std::shared_ptr<Physical> memory, bool& is_new);
  Status unmap_range(void* start);
  Status map_view(size_t region, size_t count, size_t file_region);  // Under mutex_.
  void free_physical(const Physical& memory);
  Status check_mappable(size_t first, size_t count) const;        // Under mutex_.
  void end_mapping(std::map<size_t, Mapping>::iterator mapping);  // Under mutex_.
  Result<size_t> take_regions(size_t count);                      // Under mutex_.
  void give_back_regions(size_t first, size_t count);             // Under mutex_: all that take_regions took.
  void free_regions(size_t first, size_t count);                  // Under mutex_: a part of it.
  void add_free_run(size_t first, FreeRun run);                   // Under mutex_.
  void hold_back(size_t start, size_t bytes);  // Under mutex_: gives back, at once or later.
  void give_back_held(size_t most_left);       // Under mutex_.
  void give_back(size_t start, size_t bytes);  // Under mutex_.
  Slab* make_slab(size_t block);               // Under mutex_: without a region yet.
  void retire(Slab* slab);                     // Under mutex_: gives an empty slab's region back.
  bool give_back_empty_slabs();                // Under mutex_: true if there were any.
  Result<void*> allocate_small(size_t size, size_t block, bool huge);  // Under mutex_.
  Result<void*> allocate_large(size_t size, bool huge);                // Under mutex_.
  bool find(const void* pointer, Found& found) const;
  /// How many bytes behind `found` are mapped side by side with it, up to `wanted`.
  size_t mapped_behind(const Found& found, size_t wanted) const;

  const int device_id_;
  const size_t capacity_;         ///< Bytes that can be allocated.
  const size_t range_;            ///< Bytes of addresses, at least as many.
  std::byte* visible_ = nullptr;  ///< What programs see.
  std::byte* view_ = nullptr;     ///< What our own code uses.
  int file_ = -1;
  std::unique_ptr<Region[], void (*)(Region*)> regions_{nullptr, nullptr};
  size_t region_count_ = 0;

  mutable AdaptiveMutex mutex_;
  FreeRuns free_by_start_;
  std::set<std::pair<size_t, size_t>> free_by_size_;  ///< (regions, first)
  /// Nodes for free runs to come, so that freeing needs no memory.
  std::vector<FreeRuns::node_type> spare_starts_;
  std::vector<std::set<std::pair<size_t, size_t>>::node_type> spare_sizes_;
  size_t live_runs_ = 0;                        ///< Slabs, large allocations and reservations.
  std::map<size_t, std::vector<Slab*>> slabs_;  ///< Block size -> slabs that have a free block.
  std::vector<std::unique_ptr<Slab>> all_slabs_;
  std::vector<Slab*> retired_slabs_;
  std::map<size_t, size_t> reservations_;  ///< First region -> regions.
  std::map<size_t, Mapping> mappings_;     ///< First region -> what is mapped there.
  /// Freed blocks whose addresses are not used again yet, oldest first: (start, bytes). Empty unless
  /// observed.
  std::deque<std::pair<size_t, size_t>> held_back_;
  size_t held_back_bytes_ = 0;
  size_t most_held_back_ = 0;
  size_t dirty_bytes_ = 0;
  uint64_t epoch_ = 0;         ///< Counts free_all: pieces of memory from before it are gone.
  size_t highest_region_ = 0;  ///< One past the highest region ever used.
  PublishedCounter<size_t> used_bytes_;
  std::atomic<size_t> used_huge_bytes_{0};
  std::atomic<size_t> allocation_count_{0};
};

}  // namespace cairn
