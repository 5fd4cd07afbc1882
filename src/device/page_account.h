// How much of a device's memory is in use, and with which pages.
//
// Huge pages are those of 2 MiB, normal ones all others. Which pages an allocation counts for is a matter of
// bookkeeping alone: an eighth of the memory is set aside for normal pages, and these may take what huge
// pages leave free; huge ones may not take the eighth.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/status.h"
#include "device/published_counter.h"

namespace cairn {

enum class PageKind : uint8_t { kNormal, kHuge };
constexpr size_t kNormalPageBytes = 4096;
constexpr size_t kHugePageBytes = size_t{2} << 20;

/// Which pages an allocation may have [RT-134] .. [RT-139].
enum class PageChoice : uint8_t { kHugeFirst, kHugeOnly, kNormalOnly };

struct MemoryUse {
  size_t free_bytes;
  size_t total_bytes;
};

/// Changes by one thread at a time; use() may be called at any time.
class PageAccount {
 public:
  PageAccount(int device_id, size_t capacity) : device_id_(device_id), capacity_(capacity) {}

  size_t capacity() const { return capacity_; }
  /// Counts in shared memory from now on. Before the first charge.
  void publish_in(std::atomic<size_t>& place) { used_.publish_in(place); }

  /// Counts `bytes` as used, if there are pages for them; `size` is what the program asked for.
  Result<PageKind> charge(size_t size, size_t bytes, PageChoice choice);
  void discharge(size_t bytes, PageKind pages);
  void clear();

  MemoryUse use() const;
  /// The figures belong together: not while another thread charges.
  MemoryUse use(PageKind pages) const;

 private:
  size_t huge_total() const;  // Bytes that huge pages have or could have.

  const int device_id_;
  const size_t capacity_;
  PublishedCounter<size_t> used_;
  std::atomic<size_t> used_huge_{0};
};

}  // namespace cairn
