#include "device/block_cache.h"

namespace cairn {

size_t BlockCache::block_count() const {
  size_t blocks = 0;
  for (const Bin& bin : bins_)
    blocks += bin.count;
  return blocks;
}

void BlockCache::clear() {
  for (Bin& bin : bins_)
    bin.count = 0;
  bytes_->value.store(0, std::memory_order_relaxed);
}

}  // namespace cairn
