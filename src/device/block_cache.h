// Freed blocks of device memory that threads keep for their next allocations.
//
// Each thread has one of kBlockCaches caches (base/thread_slot.h), so that its lock is hardly ever asked for
// by another. What lies in a cache is taken from the device and belongs to nobody: it counts as free in all
// figures, and DeviceMemory takes it back from all caches before it says that there is no memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/brief_lock.h"
#include "device/cached_bytes.h"
#include "device/size_class.h"

namespace cairn {

/// Under its lock, but for what the comments say. Nothing here needs memory.
class alignas(64) BlockCache {
 public:
  BriefLock& lock() { return lock_; }

  /// Bytes that it holds; may be read at any time.
  size_t bytes() const { return bytes_->value.load(std::memory_order_relaxed); }
  /// Counts them there from now on. Before the first block.
  void publish_in(CachedBytes& place) { bytes_ = &place; }
  size_t block_count() const;
  /// Bytes that it may hold. Granted by DeviceMemory, which keeps count of all grants.
  size_t allowance() const { return allowance_; }
  void set_allowance(size_t bytes) { allowance_ = bytes; }

  /// The block that was put last.
  std::optional<size_t> take(size_t size_class) {
    Bin& bin = bins_[size_class];
    if (bin.count == 0) return std::nullopt;
    count(0 - bytes_of_class(size_class));
    return bin.starts[--bin.count];
  }
  bool is_full(size_t size_class) const { return bins_[size_class].count == kMostBlocks; }
  bool may_hold(size_t more_bytes) const { return bytes() + more_bytes <= allowance_; }
  bool has_room(size_t size_class) const {
    return !is_full(size_class) && may_hold(bytes_of_class(size_class));
  }
  void put(size_t size_class, size_t start) {
    Bin& bin = bins_[size_class];
    bin.starts[bin.count++] = start;
    count(bytes_of_class(size_class));
  }
  /// Lets the older half of a class go, or all of it: give_back(start, bytes) for each block.
  template <class GiveBack>
  void halve(size_t size_class, GiveBack give_back) {
    drop_oldest(size_class, (bins_[size_class].count + 1) / 2, give_back);
  }
  template <class GiveBack>
  void empty(GiveBack give_back) {
    for (size_t size_class = 0; size_class < kSizeClasses; ++size_class)
      drop_oldest(size_class, bins_[size_class].count, give_back);
  }
  /// Forgets all blocks.
  void clear();

 private:
  static constexpr size_t kMostBlocks = 32;  ///< Of one class.

  struct Bin {
    uint32_t count = 0;
    std::array<size_t, kMostBlocks> starts;  ///< Oldest first.
  };

  template <class GiveBack>
  void drop_oldest(size_t size_class, size_t surplus, GiveBack give_back) {
    Bin& bin = bins_[size_class];
    if (surplus == 0) return;
    for (size_t i = 0; i < surplus; ++i)
      give_back(bin.starts[i], bytes_of_class(size_class));
    std::copy(bin.starts.begin() + surplus, bin.starts.begin() + bin.count, bin.starts.begin());
    bin.count -= static_cast<uint32_t>(surplus);
    count(0 - surplus * bytes_of_class(size_class));
  }
  /// There is one writer at a time: no atomic addition.
  void count(size_t difference) { bytes_->value.store(bytes() + difference, std::memory_order_relaxed); }

  BriefLock lock_;
  CachedBytes* bytes_ = &own_bytes_;
  size_t allowance_ = 0;
  std::array<Bin, kSizeClasses> bins_;
  CachedBytes own_bytes_;
};

}  // namespace cairn
