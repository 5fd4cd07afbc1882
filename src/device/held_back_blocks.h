// Freed blocks whose addresses are not used again yet, so that a late access is told from a good one.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

namespace cairn {

/// Oldest first. One thread at a time.
class HeldBackBlocks {
 public:
  struct Block {
    size_t start;
    size_t bytes;
  };

  bool is_empty() const { return blocks_.empty(); }
  void add(Block block) {
    blocks_.push_back(block);
    bytes_ += block.bytes;
  }
  /// The oldest block if there are more than `most_left` bytes.
  std::optional<Block> take_beyond(size_t most_left) {
    if (bytes_ <= most_left) return std::nullopt;
    const Block oldest = blocks_.front();
    blocks_.pop_front();
    bytes_ -= oldest.bytes;
    return oldest;
  }
  void clear() {
    blocks_.clear();
    bytes_ = 0;
  }

 private:
  std::deque<Block> blocks_;
  size_t bytes_ = 0;
};

}  // namespace cairn
