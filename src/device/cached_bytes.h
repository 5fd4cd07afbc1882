// How many bytes lie in a thread's cache of freed blocks, where other processes can read it.
#pragma once

#include <atomic>
#include <cstddef>

namespace cairn {

/// Caches of freed blocks per device.
constexpr size_t kBlockCaches = 16;

/// On a cache line of its own: each is written by another thread.
struct alignas(64) CachedBytes {
  std::atomic<size_t> value{0};
};

}  // namespace cairn
