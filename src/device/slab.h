// A region of device memory that is divided into equal small blocks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "device/size_class.h"

namespace cairn {

/// What a block is used for is read and ended without a lock; the rest changes under the lock of the memory.
class Slab {
 public:
  explicit Slab(size_t size_class);

  size_t size_class() const { return size_class_; }
  size_t block() const { return block_; }
  size_t block_count() const { return block_count_; }
  size_t region() const { return region_.load(std::memory_order_relaxed); }
  void move_to(size_t region) { region_.store(region, std::memory_order_relaxed); }
  /// The block that holds a byte of the region; block_count() or more behind the last one.
  size_t index_of(size_t offset_in_region) const {
    return (offset_in_region / kBlockStep * steps_inverse_) >> 32;
  }

  struct Use {
    uint32_t size = 0;  ///< Bytes the user may touch, 0 = free.
    bool huge = false;
  };
  Use use(size_t index) const {
    const uint32_t size = sizes_[index].load(std::memory_order_acquire);
    return {size & ~kHugeMark, (size & kHugeMark) != 0};
  }
  void set_use(size_t index, Use use) { sizes_[index].store(bits(use), std::memory_order_release); }
  /// Ends a use: true for one of those who try.
  bool end_use(size_t index, Use use) {
    uint32_t expected = bits(use);
    return sizes_[index].compare_exchange_strong(expected, 0, std::memory_order_acq_rel);
  }

  bool is_full() const { return free_blocks_.empty(); }
  bool is_empty() const { return free_blocks_.size() == block_count_; }
  size_t take_block();
  /// Needs no memory.
  void give_back_block(size_t index) { free_blocks_.push_back(static_cast<uint16_t>(index)); }
  void free_all();

 private:
  static constexpr uint32_t kHugeMark = uint32_t{1} << 31;
  static constexpr uint32_t bits(Use use) { return use.size | (use.huge ? kHugeMark : 0); }

  const size_t size_class_;
  const size_t block_;
  const size_t block_count_;
  const uint64_t steps_inverse_;  ///< 2^32 / (block / kBlockStep), rounded up: exact for all of a region.
  std::atomic<size_t> region_{0};
  const std::unique_ptr<std::atomic<uint32_t>[]> sizes_;
  std::vector<uint16_t> free_blocks_;
};

}  // namespace cairn
