#include "device/address_range.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "acl/acl_base.h"
#include "device/size_class.h"

namespace cairn {

Status AddressRange::create(size_t size, bool visible) {
  size_ = size;
  file_ = ::memfd_create("cairn-device-memory", MFD_CLOEXEC);
  if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(size)) != 0)
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193", "cannot make device memory of {} bytes: {}", size,
                 std::strerror(errno));
  view_ = reserve(kRegionBytes, PROT_READ | PROT_WRITE);
  if (view_ != nullptr) {
    ::madvise(view_, size_, MADV_HUGEPAGE);  // Where the system has none, nothing is lost.
  } else {
    // Limits on a program's data, and systems that promise no more memory than they have, do not count a
    // file.
    lies_in_file_ = true;
    view_ = reserve(kRegionBytes, PROT_NONE);
    if (view_ != nullptr) CAIRN_RETURN_IF_ERROR(show(0, regions_for(size_), 0));
  }
  visible_ = visible ? view_ : reserve(kRegionBytes, PROT_NONE);
  if (view_ == nullptr || visible_ == nullptr)
    return error(
        ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193",
        "cannot reserve {} bytes of address space for a device; set CAIRN_MEMORY_MB to a smaller size", size);
  return {};
}

AddressRange::~AddressRange() {
  if (view_ != nullptr) ::munmap(view_, size_);
  if (visible_ != nullptr && visible_ != view_) ::munmap(visible_, size_);
  if (file_ >= 0) ::close(file_);
}

std::byte* AddressRange::reserve(size_t alignment_slack, int protection) const {
  // Reserve more than needed, so that the start can be aligned to a region.
  void* reserved = ::mmap(nullptr, size_ + alignment_slack, protection,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return nullptr;
  auto* start = reinterpret_cast<std::byte*>(regions_for(reinterpret_cast<size_t>(reserved)) << kRegionShift);
  auto* first = static_cast<std::byte*>(reserved);
  if (start != first) ::munmap(first, static_cast<size_t>(start - first));
  const size_t tail = alignment_slack - static_cast<size_t>(start - first);
  if (tail != 0) ::munmap(start + size_, tail);
  return start;
}

void AddressRange::discard(size_t first_region, size_t count) {
  const size_t size = count << kRegionShift;
  ::madvise(view_ + (first_region << kRegionShift), size, MADV_DONTNEED);
  ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              static_cast<off_t>(first_region << kRegionShift), static_cast<off_t>(size));
}

Status AddressRange::show(size_t region, size_t count, size_t file_region) {
  void* const shown =
      ::mmap(view_ + (region << kRegionShift), count << kRegionShift, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_NORESERVE | MAP_FIXED, file_, static_cast<off_t>(file_region << kRegionShift));
  if (shown != MAP_FAILED) return {};
  return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193", "cannot map {} bytes: {}", count << kRegionShift,
               std::strerror(errno));
}

void AddressRange::hide(size_t region, size_t count) {
  if (lies_in_file_) {
    (void)show(region, count, region);
    return;
  }
  void* const start = view_ + (region << kRegionShift);
  const size_t size = count << kRegionShift;
  ::mmap(start, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  ::madvise(start, size, MADV_HUGEPAGE);
}

}  // namespace cairn
