// How much of a device's memory is in use, and with which pages.
//
// Huge pages are those of 2 MiB, normal ones all others. Which pages an allocation counts for is a matter of
// bookkeeping alone: an eighth of the memory is set aside for normal pages, and these may take what huge
// pages leave free; huge ones may not take the eighth.
#pragma once

#include <algorithm>
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

/// One thread at a time.
class PageAccount {
 public:
  PageAccount(int device_id, size_t capacity) : device_id_(device_id), capacity_(capacity) {}

  size_t capacity() const { return capacity_; }
  /// Counts in shared memory from now on. Before the first charge.
  void publish_in(std::atomic<size_t>& place) { used_.publish_in(place); }

  /// True if an allocation of `size` bytes has normal pages, however many huge ones are free.
  static bool has_normal_pages(size_t size, PageChoice choice) {
    return choice == PageChoice::kNormalOnly || (choice == PageChoice::kHugeFirst && size <= kLargestNormal);
  }
  /// Counts `bytes` as used, if there are pages for them; `size` is what the program asked for.
  Result<PageKind> charge(size_t size, size_t bytes, PageChoice choice);
  /// The same in two steps for normal pages, without a text why there are none.
  bool has(size_t bytes) const { return bytes <= capacity_ - used(0); }
  void charge_normal(size_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void discharge(size_t bytes, PageKind pages);
  void clear();

  /// The figures for programs. `cached`: normal bytes that were charged and are used by nobody.
  MemoryUse use(size_t cached) const;
  MemoryUse use(PageKind pages, size_t cached) const;

 private:
  static constexpr size_t kLargestNormal = size_t{1} << 20;  ///< [RT-134]

  size_t used(size_t cached) const {
    const size_t all = used_.load(std::memory_order_relaxed);
    return all - std::min(all, cached);
  }
  size_t huge_total(size_t used) const;  // Bytes that huge pages have or could have.

  const int device_id_;
  const size_t capacity_;
  PublishedCounter<size_t> used_;
  size_t used_huge_ = 0;
};

}  // namespace cairn
