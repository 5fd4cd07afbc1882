// The memory of one device: a reserved range of addresses over a memory file.
//
// In host mode the range that programs see is inaccessible, so that host code which dereferences a device
// pointer faults as it would on the card; our own code uses a second mapping of the same file. In device mode
// both are one mapping.
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

#include "base/status.h"
#include "device/soc_profile.h"

namespace cairn {

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
  Result<void*> allocate(size_t size, size_t alignment = 64);
  /// Frees an allocation by its start address. `function_rule` is the rule named in errors. Thread-safe.
  Status free(void* pointer, std::string_view rule);
  /// Frees everything. Addresses stay reserved; what still uses old ones finds them unallocated.
  void free_all();
  /// Where our own code may read and write [pointer, pointer + size): an error if that is not inside one
  /// living allocation. A few nanoseconds; thread-safe.
  Result<std::byte*> resolve(const void* pointer, size_t size) const;
  /// True for any address of the reserved range, allocated or not.
  bool contains(const void* pointer) const {
    return static_cast<size_t>(static_cast<const std::byte*>(pointer) - visible_) < capacity_;
  }
  /// Start and size of the living allocation that holds `pointer`; {null, 0} if there is none.
  struct Allocation {
    void* start = nullptr;
    size_t size = 0;
  };
  Allocation allocation_of(const void* pointer) const;

  MemoryUse use() const;
  size_t allocation_count() const { return allocation_count_.load(std::memory_order_relaxed); }
  int device_id() const { return device_id_; }

 private:
  static constexpr size_t kRegionShift = 16;
  static constexpr size_t kRegionBytes = size_t{1} << kRegionShift;
  static constexpr size_t kLargestSmall = 16384;
  static constexpr size_t kMostDirtyBytes = size_t{64} << 20;

  struct Slab;
  /// One entry per region. `head`: 0 free, else 1 + index of the first region of the allocation or slab.
  struct Region {
    std::atomic<uint32_t> head{0};
    std::atomic<Slab*> slab{nullptr};
    std::atomic<uint64_t> size{0};  ///< Large allocation, in its first region: bytes the user may touch.
  };
  struct FreeRun {
    size_t regions;
    bool dirty;
  };

  DeviceMemory(int device_id, size_t capacity);
  Result<size_t> take_regions(size_t count);           // Under mutex_.
  void give_back_regions(size_t first, size_t count);  // Under mutex_.
  void add_free_run(size_t first, FreeRun run);        // Under mutex_.
  void hold_back(size_t start, size_t bytes);          // Under mutex_: gives back, at once or later.
  void give_back_held(size_t most_left);               // Under mutex_.
  void give_back(size_t start, size_t bytes);          // Under mutex_.
  Slab* make_slab(size_t block, size_t region);        // Under mutex_.
  void retire(Slab* slab);                             // Under mutex_: gives an empty slab's region back.
  bool give_back_empty_slabs();                        // Under mutex_: true if there were any.
  Result<void*> allocate_small(size_t size, size_t block);  // Under mutex_.
  Result<void*> allocate_large(size_t size);                // Under mutex_.
  bool find(const void* pointer, size_t& start, size_t& size) const;

  const int device_id_;
  const size_t capacity_;
  std::byte* visible_ = nullptr;  ///< What programs see.
  std::byte* view_ = nullptr;     ///< What our own code uses.
  int file_ = -1;
  std::unique_ptr<Region[], void (*)(Region*)> regions_{nullptr, nullptr};
  size_t region_count_ = 0;

  mutable std::mutex mutex_;
  std::map<size_t, FreeRun> free_by_start_;
  std::set<std::pair<size_t, size_t>> free_by_size_;  ///< (regions, first)
  std::map<size_t, std::vector<Slab*>> slabs_;        ///< Block size -> slabs that have a free block.
  std::vector<std::unique_ptr<Slab>> all_slabs_;
  std::vector<Slab*> retired_slabs_;
  /// Freed blocks whose addresses are not used again yet, oldest first: (start, bytes). Empty unless
  /// observed.
  std::deque<std::pair<size_t, size_t>> held_back_;
  size_t held_back_bytes_ = 0;
  size_t most_held_back_ = 0;
  size_t dirty_bytes_ = 0;
  size_t highest_region_ = 0;  ///< One past the highest region ever used.
  std::atomic<size_t> used_bytes_{0};
  std::atomic<size_t> allocation_count_{0};
};

}  // namespace cairn
