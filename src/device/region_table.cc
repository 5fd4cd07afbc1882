#include "device/region_table.h"

#include <sys/mman.h>

#include <type_traits>

namespace cairn {

bool RegionTable::create(size_t count) {
  // Anonymous memory: entries of regions never used cost nothing, and zero is a valid Region.
  void* const table = ::mmap(nullptr, count * sizeof(Region), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (table == MAP_FAILED) return false;
  static_assert(std::is_trivially_destructible_v<Region>);
  regions_ = static_cast<Region*>(table);
  count_ = count;
  return true;
}

RegionTable::~RegionTable() {
  if (regions_ != nullptr) ::munmap(regions_, count_ * sizeof(Region));
}

void RegionTable::enter_slab(size_t region, Slab* slab) {
  regions_[region].slab.store(slab, std::memory_order_relaxed);
  regions_[region].head.store(static_cast<uint32_t>(region + 1), std::memory_order_release);
}

void RegionTable::remove_slab(size_t region) {
  regions_[region].head.store(0, std::memory_order_release);
  regions_[region].slab.store(nullptr, std::memory_order_release);
}

void RegionTable::enter(const Found& found, size_t count) {
  const size_t first = found.start >> kRegionShift;
  regions_[first].size.store(found.size | (found.huge ? kHugeMark : 0) | (found.mapped ? kMappedMark : 0),
                             std::memory_order_relaxed);
  for (size_t i = first; i < first + count; ++i)
    regions_[i].head.store(static_cast<uint32_t>(first + 1), std::memory_order_release);
}

void RegionTable::remove(size_t first, size_t count) {
  regions_[first].size.store(0, std::memory_order_release);
  for (size_t i = first; i < first + count; ++i)
    regions_[i].head.store(0, std::memory_order_release);
}

}  // namespace cairn
