#include "device/slab.h"

namespace cairn {

Slab::Slab(size_t size_class)
    : size_class_(size_class),
      block_(bytes_of_class(size_class)),
      block_count_(kRegionBytes / block_),
      steps_inverse_(((uint64_t{1} << 32) + block_ / kBlockStep - 1) / (block_ / kBlockStep)),
      sizes_(std::make_unique<std::atomic<uint32_t>[]>(block_count_)) {
  free_blocks_.reserve(block_count_);
  free_all();
}

size_t Slab::take_block() {
  const size_t index = free_blocks_.back();
  free_blocks_.pop_back();
  return index;
}

void Slab::free_all() {
  free_blocks_.clear();
  for (size_t i = block_count_; i-- > 0;) {
    set_use(i, {});
    give_back_block(i);
  }
}

}  // namespace cairn
