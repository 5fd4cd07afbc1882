// Host memory whose pages can be closed to the program while our own code goes on using them.
//
// A memory file is mapped twice: the program gets addresses of the first mapping, whose protection changes;
// the second is always open. Each block has pages of its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>

namespace cairn::check {

class ClosableMemory {
 public:
  enum class Access : uint8_t { kAll, kRead, kNone };
  static constexpr size_t kPageBytes = 4096;

  ClosableMemory() = default;
  ClosableMemory(const ClosableMemory&) = delete;
  ClosableMemory& operator=(const ClosableMemory&) = delete;
  ~ClosableMemory() = delete;  // It lives as long as the process: threads may use it until the end.

  // Under a lock of the caller's:

  /// Null if there is no room, or if faults would not come to our handler.
  std::byte* allocate(size_t size);
  void free(std::byte* start);
  /// What the program may do with the pages [begin, end). False, and nothing is changed, where the system
  /// refuses, or where the program has put a fault handler in front of ours.
  bool limit(std::byte* begin, std::byte* end, Access access);

  /// A forked child gets a copy of the blocks that is its own, as it has of other memory, with all pages
  /// open.
  void before_fork();
  void after_fork(bool is_child);

  // At any time, without a lock:

  bool contains(const void* address) const {
    const std::byte* const start = visible_.load(std::memory_order_acquire);
    return start != nullptr && static_cast<size_t>(static_cast<const std::byte*>(address) - start) < kBytes;
  }
  /// Our own address for one of the program's.
  void* own_view(const void* address) const {
    if (!contains(address)) return const_cast<void*>(address);
    return view_ + (static_cast<const std::byte*>(address) - visible_.load(std::memory_order_relaxed));
  }

 private:
  static constexpr size_t kBytes = size_t{1} << 40;  // Of addresses; memory is taken when it is touched.
  bool map();
  void discard(size_t offset, size_t bytes) const;
  /// Gives a new block other flags than its neighbours have (which otherwise mean nothing here): the kernel
  /// would split mappings and join them again whenever a block is closed and opened, which takes most of that
  /// time.
  void separate(std::byte* start, size_t bytes);

  std::atomic<std::byte*> visible_{nullptr};  ///< Null: not mapped, or in a forked child.
  std::byte* view_ = nullptr;
  int file_ = -1;
  bool failed_ = false;
  size_t separate_ = 0;                 ///< Blocks that were given flags.
  size_t used_ = 0;                     ///< Bytes from the start that blocks ever had.
  std::map<size_t, size_t> blocks_;     ///< Offset -> bytes, whole pages.
  std::multimap<size_t, size_t> free_;  ///< Bytes -> offset.
  std::byte* copy_ = nullptr;           ///< For the child, between before_fork and after_fork.
};

}  // namespace cairn::check
