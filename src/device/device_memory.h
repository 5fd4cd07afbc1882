// The memory of one device: what programs allocate, reserve and map, and where our own code finds it.
//
// The parts, each in a file of its own: the addresses (AddressRange), which of them are free (FreeRegions),
// small blocks (SlabPool), which allocation holds an address (RegionTable), how much is in use and with which
// pages (PageAccount), addresses without memory (VirtualMappings). Here they are put together, under one
// lock. What lies between the threads and that lock are caches of freed blocks (BlockCache).
//
// The range of addresses is larger than the memory: addresses can be reserved without memory behind them, and
// pieces of memory mapped there. What is allocated never exceeds the capacity.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/adaptive_mutex.h"
#include "base/status.h"
#include "base/thread_slot.h"
#include "device/address_range.h"
#include "device/block_cache.h"
#include "device/free_regions.h"
#include "device/held_back_blocks.h"
#include "device/page_account.h"
#include "device/region_table.h"
#include "device/slab_pool.h"
#include "device/soc_profile.h"
#include "device/virtual_mappings.h"

namespace cairn {

struct AllocationOptions {
  using Pages = PageChoice;
  Pages pages = Pages::kHugeFirst;
  bool spare_bytes = true;  ///< Add 32 bytes to the rounded size [RT-142].
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
  /// Frees an allocation by its start address. `rule` is the rule named in errors. Thread-safe.
  Status free(void* pointer, std::string_view rule);
  /// Frees everything. Addresses stay reserved; what still uses old ones finds them unallocated.
  void free_all();
  /// Where our own code may read and write [pointer, pointer + size): an error if that is not inside one
  /// living allocation. A few nanoseconds; thread-safe.
  Result<std::byte*> resolve(const void* pointer, size_t size) const;
  /// True for any address of the reserved range, allocated or not.
  bool contains(const void* pointer) const { return range_.contains(pointer); }
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
  Result<std::shared_ptr<MemoryPiece>> allocate_physical(size_t size, PageKind pages);
  /// For ~MemoryPiece.
  void free_physical(const MemoryPiece& piece);
  Result<void*> reserve(size_t size);
  /// Ends a reservation by its start; nothing may be mapped in it.
  Status release(void* start);
  /// Lets [start, start + size) of a reservation be the piece from `offset` on. What is mapped side by side
  /// resolves as one piece.
  Status map(void* start, size_t size, size_t offset, std::shared_ptr<MemoryPiece> piece);
  /// Ends a mapping by its start.
  Status unmap(void* start);

  MemoryUse use() const;
  MemoryUse use(PageKind pages) const;
  /// Counts the bytes in use in shared memory from now on: `used` less what lies in the caches. Before the
  /// first allocation.
  void publish_use_in(std::atomic<size_t>& used, std::span<CachedBytes, kBlockCaches> cached);
  size_t allocation_count() const;
  int device_id() const { return device_id_; }

 private:
  using Found = RegionTable::Found;

  // Resident bytes that nobody uses: in free regions and in the caches together; in all caches; in one.
  static constexpr size_t kMostIdle = size_t{64} << 20;
  static constexpr size_t kMostCached = size_t{48} << 20;
  static constexpr size_t kMostCachedByOne = size_t{20} << 20;

  DeviceMemory(int device_id, size_t capacity);
  bool find(const void* pointer, Found& found) const {
    return contains(pointer) && table_.find(range_.offset_of(pointer), found);
  }
  /// How many bytes behind `found` are mapped side by side with it, up to `wanted`.
  size_t mapped_behind(const Found& found, size_t wanted) const;
  Status not_freeable(const void* pointer, std::string_view rule) const;

  // A lock of a cache comes before mutex_, and those of several caches in their order.

  BlockCache& cache_of_thread() const { return caches_[thread_slot() % kBlockCaches]; }
  /// Holds the locks of all caches.
  class AllCaches;
  class Charge;
  /// allocate() under mutex_; if it fails once more, with all that is kept for later given back.
  template <class Allocate>
  auto allocate_from_all(Allocate allocate);
  Result<void*> allocate_uncached(size_t size, size_t usable, size_t size_class, PageChoice choice);
  /// Frees what begins at `pointer`; false if nothing does, or another thread frees it.
  bool end_use(const void* pointer);
  /// Under the lock of the cache: a block for now, and small ones for later.
  std::optional<size_t> refill(BlockCache& cache, size_t size_class);
  /// Under the lock of the cache: makes room for a block whose use has ended; false if it has to go.
  bool make_room(BlockCache& cache, size_t size_class);

  // Under mutex_:

  Result<size_t> take_regions(size_t count);
  /// A block or regions, charged and not yet in use.
  Result<size_t> take(size_t size_class, size_t bytes);
  Status no_addresses(size_t bytes) const;
  /// Lets the cache hold so much more, if that is not too much altogether.
  bool widen_allowance(BlockCache& cache, size_t more_bytes);
  /// A block that nobody uses any more.
  void end_block(size_t start, size_t bytes, PageKind pages);
  void hold_back(size_t start, size_t bytes);  // Gives back, at once or later.
  void give_back_held(size_t most_left);
  void give_back(size_t start, size_t bytes);

  const int device_id_;
  AddressRange range_;
  RegionTable table_;
  mutable std::array<BlockCache, kBlockCaches> caches_;
  bool caches_blocks_ = true;  ///< Not when freed blocks are held back.

  mutable AdaptiveMutex mutex_;
  FreeRegions free_regions_{range_, kMostIdle};
  SlabPool slabs_{free_regions_, table_};
  VirtualMappings mappings_{range_, table_, free_regions_};
  PageAccount account_;
  HeldBackBlocks held_back_;  ///< Empty unless observed.
  size_t most_held_back_ = 0;
  size_t allowances_ = 0;    ///< Of all caches.
  uint64_t epoch_ = 0;       ///< Counts free_all: pieces of memory from before it are gone.
  size_t blocks_taken_ = 0;  ///< In use or in a cache.
};

}  // namespace cairn
