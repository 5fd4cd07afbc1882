// A region of device memory that is divided into equal small blocks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cairn {

/// Device memory is given out in regions of 64 KiB, or in blocks within one.
constexpr size_t kRegionShift = 16;
constexpr size_t kRegionBytes = size_t{1} << kRegionShift;
/// Regions for that many bytes.
constexpr size_t regions_for(size_t bytes) {
  return (bytes + kRegionBytes - 1) >> kRegionShift;
}

/// What a block is used for is read without a lock; the rest changes under the lock of the memory.
class Slab {
 public:
  explicit Slab(size_t block_bytes);

  size_t block() const { return block_; }
  size_t block_count() const { return block_count_; }
  size_t region() const { return region_.load(std::memory_order_relaxed); }
  void move_to(size_t region) { region_.store(region, std::memory_order_relaxed); }

  struct Use {
    uint32_t size = 0;  ///< Bytes the user may touch, 0 = free.
    bool huge = false;
  };
  Use use(size_t index) const {
    const uint32_t size = sizes_[index].load(std::memory_order_acquire);
    return {size & ~kHugeMark, (size & kHugeMark) != 0};
  }
  void set_use(size_t index, Use use) {
    sizes_[index].store(use.size | (use.huge ? kHugeMark : 0), std::memory_order_release);
  }

  bool is_full() const { return free_blocks_.empty(); }
  bool is_empty() const { return free_blocks_.size() == block_count_; }
  size_t take_block();
  /// Needs no memory.
  void give_back_block(size_t index) { free_blocks_.push_back(static_cast<uint16_t>(index)); }
  void free_all();

 private:
  static constexpr uint32_t kHugeMark = uint32_t{1} << 31;

  const size_t block_;
  const size_t block_count_;
  std::atomic<size_t> region_{0};
  const std::unique_ptr<std::atomic<uint32_t>[]> sizes_;
  std::vector<uint16_t> free_blocks_;
};

}  // namespace cairn
