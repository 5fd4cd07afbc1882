// Addresses and memory apart: reservations, pieces of memory without an address, and mappings between them.
//
// A piece of memory owns regions like an allocation, but its own addresses are never given out. A mapping
// lets the regions of a reservation show the file at the piece's place; without one they show their own
// place, which stays empty.
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "acl/acl_base.h"
#include "base/observer.h"
#include "device/device_memory.h"
#include "device/physical_memory.h"

namespace cairn {

DeviceMemory::Physical::~Physical() {
  memory_.free_physical(*this);
}

Result<std::shared_ptr<DeviceMemory::Physical>> DeviceMemory::allocate_physical(size_t size, PageKind pages) {
  const std::lock_guard lock(mutex_);
  CAIRN_ASSIGN(const PageKind charged,
               charge(size, size,
                      pages == PageKind::kHuge ? AllocationOptions::Pages::kHugeOnly
                                               : AllocationOptions::Pages::kNormalOnly));
  const size_t count = size >> kRegionShift;
  auto first = take_regions(count);
  if (!first.is_ok()) {
    discharge(size, charged == PageKind::kHuge);
    return first.status();
  }
  return std::make_shared<Physical>(*this, epoch_, *first, count, charged);
}

void DeviceMemory::free_physical(const Physical& memory) {
  const std::lock_guard lock(mutex_);
  if (memory.epoch() != epoch_) return;  // free_all took its regions back.
  give_back_regions(memory.first_region(), memory.region_count());
  discharge(memory.size(), memory.pages() == PageKind::kHuge);
}

Result<void*> DeviceMemory::reserve(size_t size) {
  auto reserved = reserve_range(size);
  if (reserved.is_ok())
    observe([&](Observer& watching) { watching.addresses_reserved(device_id_, *reserved, size); });
  return reserved;
}

Result<void*> DeviceMemory::reserve_range(size_t size) {
  const std::lock_guard lock(mutex_);
  const size_t count = size >> kRegionShift;
  // Taken with room for an aligned start; what lies before and behind it goes back.
  constexpr size_t kStep = kHugePageBytes >> kRegionShift;
  CAIRN_ASSIGN(const size_t taken, take_regions(count + kStep));
  const size_t base = reinterpret_cast<size_t>(visible_) >> kRegionShift;
  const size_t first = (base + taken + kStep - 1) / kStep * kStep - base;
  if (first != taken) free_regions(taken, first - taken);
  if (const size_t behind = taken + kStep - first; behind != 0) free_regions(first + count, behind);
  discard(first, count);
  reservations_.emplace(first, count);
  return static_cast<void*>(visible_ + (first << kRegionShift));
}

Status DeviceMemory::release(void* start) {
  CAIRN_RETURN_IF_ERROR(release_range(start));
  observe([&](Observer& watching) { watching.addresses_released(start); });
  return {};
}

Status DeviceMemory::release_range(void* start) {
  const std::lock_guard lock(mutex_);
  const size_t first = static_cast<size_t>(static_cast<std::byte*>(start) - visible_) >> kRegionShift;
  const auto found = reservations_.find(first);
  if (found == reservations_.end() || visible_ + (first << kRegionShift) != start)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189",
                 "{} is no start of a reservation of aclrtReserveMemAddress", start);
  const auto mapping = mappings_.lower_bound(first);
  if (mapping != mappings_.end() && mapping->first < first + found->second)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189",
                 "memory is mapped at {} of the reservation; call aclrtUnmapMem first",
                 static_cast<void*>(visible_ + (mapping->first << kRegionShift)));
  add_free_run(first, {found->second, false});
  --live_runs_;
  reservations_.erase(found);
  return {};
}

Status DeviceMemory::map_view(size_t region, size_t count, size_t file_region) {
  const auto show = [&](std::byte* base, int protection) {
    return ::mmap(base + (region << kRegionShift), count << kRegionShift, protection,
                  MAP_SHARED | MAP_NORESERVE | MAP_FIXED, file_,
                  static_cast<off_t>(file_region << kRegionShift)) != MAP_FAILED;
  };
  // In host mode programs must not touch the memory, so the visible range needs no change.
  if (show(view_, PROT_READ | PROT_WRITE)) return {};
  return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193", "cannot map {} bytes: {}", count << kRegionShift,
               std::strerror(errno));
}

Status DeviceMemory::check_mappable(size_t first, size_t count) const {
  auto reservation = reservations_.upper_bound(first);
  if (reservation == reservations_.begin() ||
      first + count > std::prev(reservation)->first + std::prev(reservation)->second)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189",
                 "the range does not lie within one reservation of aclrtReserveMemAddress");
  const auto behind = mappings_.lower_bound(first + count);
  if (behind != mappings_.begin() && std::prev(behind)->first + std::prev(behind)->second.regions > first)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189",
                 "memory is mapped in the range already; call aclrtUnmapMem first");
  return {};
}

Status DeviceMemory::map(void* start, size_t size, size_t offset, std::shared_ptr<Physical> memory) {
  bool is_new = false;
  CAIRN_RETURN_IF_ERROR(map_range(start, size, offset, std::move(memory), is_new));
  observe([&](Observer& watching) { watching.memory_mapped(device_id_, start, size, is_new); });
  return {};
}

Status DeviceMemory::map_range(void* start, size_t size, size_t offset, std::shared_ptr<Physical> memory,
                               bool& is_new) {
  const std::lock_guard lock(mutex_);
  const size_t first = static_cast<size_t>(static_cast<std::byte*>(start) - visible_) >> kRegionShift;
  const size_t count = size >> kRegionShift;
  if (memory->epoch() != epoch_)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189", "the memory ended when its device was reset");
  if (reinterpret_cast<uintptr_t>(start) % kHugePageBytes != 0)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189", "virPtr = {} is no multiple of {}", start,
                 kHugePageBytes);
  CAIRN_RETURN_IF_ERROR(check_mappable(first, count));
  CAIRN_RETURN_IF_ERROR(map_view(first, count, memory->first_region() + (offset >> kRegionShift)));
  const uint64_t marks = kMappedMark | (memory->pages() == PageKind::kHuge ? kHugeMark : 0);
  regions_[first].size.store(size | marks, std::memory_order_relaxed);
  for (size_t i = first; i < first + count; ++i)
    regions_[i].head.store(static_cast<uint32_t>(first + 1), std::memory_order_release);
  is_new = !std::exchange(memory->was_mapped, true);
  mappings_.emplace(first, Mapping{count, std::move(memory)});
  return {};
}

void DeviceMemory::end_mapping(std::map<size_t, Mapping>::iterator mapping) {
  const size_t first = mapping->first;
  const size_t count = mapping->second.regions;
  regions_[first].size.store(0, std::memory_order_release);
  for (size_t i = first; i < first + count; ++i)
    regions_[i].head.store(0, std::memory_order_release);
  (void)map_view(first, count, first);
  mappings_.erase(mapping);
}

Status DeviceMemory::unmap(void* start) {
  CAIRN_RETURN_IF_ERROR(unmap_range(start));
  observe([&](Observer& watching) { watching.memory_unmapped(start); });
  return {};
}

Status DeviceMemory::unmap_range(void* start) {
  std::shared_ptr<Physical> ended;  // Destroyed after the lock, which its destructor takes.
  const std::lock_guard lock(mutex_);
  const size_t first = static_cast<size_t>(static_cast<std::byte*>(start) - visible_) >> kRegionShift;
  const auto mapping = mappings_.find(first);
  if (mapping == mappings_.end() || visible_ + (first << kRegionShift) != start)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189", "nothing was mapped at {} by aclrtMapMem", start);
  ended = mapping->second.memory;
  end_mapping(mapping);
  return {};
}

size_t DeviceMemory::mapped_behind(const Found& found, size_t wanted) const {
  size_t bytes = 0;
  Found next = found;
  while (bytes < wanted && find(visible_ + next.start + next.size, next) && next.mapped)
    bytes += next.size;
  return bytes;
}

}  // namespace cairn
