#include "device/virtual_mappings.h"

#include <utility>

#include "acl/acl_base.h"
#include "device/physical_memory.h"

namespace cairn {

void* VirtualMappings::reserve(size_t taken, size_t size) {
  const size_t count = size >> kRegionShift;
  // Taken with room for an aligned start; what lies before and behind it goes back.
  const size_t base = reinterpret_cast<size_t>(range_.visible(0)) >> kRegionShift;
  const size_t first = (base + taken + kStep - 1) / kStep * kStep - base;
  if (first != taken) free_regions_.trim(taken, first - taken);
  if (const size_t behind = taken + kStep - first; behind != 0) free_regions_.trim(first + count, behind);
  range_.discard(first, count);
  reservations_.emplace(first, count);
  return range_.visible(first << kRegionShift);
}

Status VirtualMappings::release(void* start) {
  const size_t first = range_.offset_of(start) >> kRegionShift;
  const auto found = reservations_.find(first);
  if (found == reservations_.end() || range_.visible(first << kRegionShift) != start)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189",
                 "{} is no start of a reservation of aclrtReserveMemAddress", start);
  const auto mapping = mappings_.lower_bound(first);
  if (mapping != mappings_.end() && mapping->first < first + found->second)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189",
                 "memory is mapped at {} of the reservation; call aclrtUnmapMem first",
                 static_cast<void*>(range_.visible(mapping->first << kRegionShift)));
  free_regions_.give_back_clean(first, found->second);
  reservations_.erase(found);
  return {};
}

Status VirtualMappings::check_mappable(size_t first, size_t count) const {
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

Result<bool> VirtualMappings::map(void* start, size_t size, size_t offset,
                                  std::shared_ptr<MemoryPiece> piece) {
  const size_t first = range_.offset_of(start) >> kRegionShift;
  const size_t count = size >> kRegionShift;
  if (reinterpret_cast<uintptr_t>(start) % kHugePageBytes != 0)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189", "virPtr = {} is no multiple of {}", start,
                 kHugePageBytes);
  CAIRN_RETURN_IF_ERROR(check_mappable(first, count));
  CAIRN_RETURN_IF_ERROR(range_.show(first, count, piece->first_region() + (offset >> kRegionShift)));
  table_.enter({first << kRegionShift, size, piece->pages() == PageKind::kHuge, true}, count);
  const bool is_new = !std::exchange(piece->was_mapped, true);
  mappings_.emplace(first, Mapping{count, std::move(piece)});
  return is_new;
}

void VirtualMappings::hide(size_t first, size_t count) {
  table_.remove(first, count);
  range_.hide(first, count);
}

Result<std::shared_ptr<MemoryPiece>> VirtualMappings::unmap(void* start) {
  const size_t first = range_.offset_of(start) >> kRegionShift;
  const auto mapping = mappings_.find(first);
  if (mapping == mappings_.end() || range_.visible(first << kRegionShift) != start)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189", "nothing was mapped at {} by aclrtMapMem", start);
  std::shared_ptr<MemoryPiece> piece = std::move(mapping->second.piece);
  hide(first, mapping->second.regions);
  mappings_.erase(mapping);
  return piece;
}

VirtualMappings::Mappings VirtualMappings::end_all() {
  for (const auto& [first, mapping] : mappings_)
    hide(first, mapping.regions);
  reservations_.clear();
  return std::exchange(mappings_, {});
}

}  // namespace cairn
