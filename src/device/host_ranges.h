// Ranges of host memory that the runtime knows, by their start. Thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace cairn {

class HostRanges {
 public:
  /// False if a range that is known already overlaps.
  bool add(void* start, size_t size) {
    const std::lock_guard lock(mutex_);
    auto* const first = static_cast<std::byte*>(start);
    const auto next = ranges_.lower_bound(first);
    if (next != ranges_.end() && next->first < first + size) return false;
    if (next != ranges_.begin() && std::prev(next)->first + std::prev(next)->second > first) return false;
    ranges_.emplace_hint(next, first, size);
    return true;
  }
  /// Adds a range that is known to be there: ranges that overlap it have ended without notice.
  void replace(void* start, size_t size) {
    const std::lock_guard lock(mutex_);
    auto* const first = static_cast<std::byte*>(start);
    auto next = ranges_.lower_bound(first);
    if (next != ranges_.begin() && std::prev(next)->first + std::prev(next)->second > first) --next;
    while (next != ranges_.end() && next->first < first + size)
      next = ranges_.erase(next);
    ranges_.emplace_hint(next, first, size);
  }
  /// False if no range starts there.
  bool remove(void* start) {
    const std::lock_guard lock(mutex_);
    return ranges_.erase(static_cast<std::byte*>(start)) != 0;
  }
  /// True if one range holds all of [pointer, pointer + size).
  bool contain(const void* pointer, size_t size) const {
    const std::shared_lock lock(mutex_);
    auto* const first = static_cast<std::byte*>(const_cast<void*>(pointer));
    const auto behind = ranges_.upper_bound(first);
    if (behind == ranges_.begin()) return false;
    const auto& [start, length] = *std::prev(behind);
    const auto offset = static_cast<size_t>(first - start);
    return offset < length && size <= length - offset;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::byte*, size_t> ranges_;
};

}  // namespace cairn
