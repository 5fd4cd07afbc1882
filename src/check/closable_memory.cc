#include "check/closable_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "device/guarded_copy.h"

namespace cairn::check {
namespace {

// Blocks that are mappings of their own; a process may have 65,530 mappings.
constexpr size_t kMostSeparate = 4096;
// Freed blocks up to this size keep their memory, for the next block of that size.
constexpr size_t kLargestKept = size_t{1} << 16;

constexpr size_t align_up(size_t value, size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// The bytes that a block takes: whole pages, and few different sizes, since a freed block serves its own
/// size only.
constexpr size_t block_bytes(size_t size) {
  return align_up(size, std::max(ClosableMemory::kPageBytes, std::bit_floor(size) / 8));
}

int protection_of(ClosableMemory::Access access) {
  switch (access) {
    case ClosableMemory::Access::kAll:
      return PROT_READ | PROT_WRITE;
    case ClosableMemory::Access::kRead:
      return PROT_READ;
    default:
      return PROT_NONE;
  }
}

std::byte* map_file(int file, size_t bytes) {
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  return mapped != MAP_FAILED ? static_cast<std::byte*>(mapped) : nullptr;
}

}  // namespace

bool ClosableMemory::map() {
  if (view_ != nullptr) return true;
  // Where the system or the program does not let us, memory is as it is without the check mode.
  if (failed_ || static_cast<size_t>(::sysconf(_SC_PAGESIZE)) != kPageBytes || !fault_handler_is_in_place())
    return false;
  failed_ = true;
  file_ = ::memfd_create("cairn-host-memory", MFD_CLOEXEC);
  if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(kBytes)) != 0) return false;
  std::byte* const view = map_file(file_, kBytes);
  if (view == nullptr) return false;
  std::byte* const visible = map_file(file_, kBytes);
  if (visible == nullptr) {
    ::munmap(view, kBytes);
    return false;
  }
  failed_ = false;
  view_ = view;
  visible_.store(visible, std::memory_order_release);
  return true;
}

std::byte* ClosableMemory::allocate(size_t size) {
  if (size > kBytes || !map()) return nullptr;
  std::byte* const start = visible_.load(std::memory_order_relaxed);
  if (start == nullptr) return nullptr;
  const size_t bytes = block_bytes(size);
  if (const auto found = free_.find(bytes); found != free_.end()) {
    const size_t offset = found->second;
    free_.erase(found);
    blocks_.emplace(offset, bytes);
    return start + offset;
  }
  if (bytes > kBytes - used_) return nullptr;
  const size_t offset = used_;
  blocks_.emplace(offset, bytes);
  used_ += bytes;
  separate(start + offset, bytes);
  return start + offset;
}

void ClosableMemory::separate(std::byte* start, size_t bytes) {
  if (separate_ == kMostSeparate) return;
  ++separate_;
  (void)::madvise(start, bytes, separate_ % 2 == 0 ? MADV_RANDOM : MADV_SEQUENTIAL);
}

void ClosableMemory::free(std::byte* start) {
  std::byte* const base = visible_.load(std::memory_order_relaxed);
  if (base == nullptr) return;  // A forked child's copies stay.
  const auto found = blocks_.find(static_cast<size_t>(start - base));
  if (found == blocks_.end()) return;
  const auto [offset, bytes] = *found;
  if (bytes > kLargestKept) discard(offset, bytes);
  free_.emplace(bytes, offset);
  blocks_.erase(found);
}

void ClosableMemory::discard(size_t offset, size_t bytes) const {
  ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
              static_cast<off_t>(bytes));
}

bool ClosableMemory::limit(std::byte* begin, std::byte* end, Access access) {
  if (access != Access::kAll && !fault_handler_is_in_place()) return false;
  return ::mprotect(begin, static_cast<size_t>(end - begin), protection_of(access)) == 0;
}

void ClosableMemory::before_fork() {
  copy_ = nullptr;
  if (blocks_.empty() || visible_.load(std::memory_order_relaxed) == nullptr) return;
  void* const copy =
      ::mmap(nullptr, used_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (copy == MAP_FAILED) return;  // The child shares the blocks then.
  copy_ = static_cast<std::byte*>(copy);
  for (const auto& [offset, bytes] : blocks_)
    std::memcpy(copy_ + offset, view_ + offset, bytes);
}

void ClosableMemory::after_fork(bool is_child) {
  std::byte* const start = visible_.load(std::memory_order_relaxed);
  if (start == nullptr) return;
  if (!is_child) {
    if (copy_ != nullptr) ::munmap(copy_, used_);
    return;
  }
  if (copy_ != nullptr)
    (void)::mremap(copy_, used_, used_, MREMAP_MAYMOVE | MREMAP_FIXED, start);
  else if (used_ != 0)
    (void)::mprotect(start, used_, PROT_READ | PROT_WRITE);
  visible_.store(nullptr, std::memory_order_release);
}

}  // namespace cairn::check
