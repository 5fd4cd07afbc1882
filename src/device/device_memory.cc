#include "device/device_memory.h"

#include <algorithm>

#include "acl/acl_base.h"
#include "base/observer.h"
#include "device/physical_memory.h"

namespace cairn {
namespace {

// Room for reservations: PyTorch's reserve more than the whole memory. Not for absurd capacities.
constexpr size_t kAddressesPerByte = 3;
constexpr size_t kLargestMultiplied = size_t{1} << 40;

constexpr size_t kSizeStep = 32;  // [RT-142]

}  // namespace

DeviceMemory::DeviceMemory(int device_id, size_t capacity)
    : device_id_(device_id), account_(device_id, capacity) {}

Result<std::unique_ptr<DeviceMemory>> DeviceMemory::create(int device_id, const SocProfile& soc,
                                                           size_t capacity) {
  capacity = regions_for(capacity) << kRegionShift;
  const size_t range = capacity <= kLargestMultiplied ? capacity * kAddressesPerByte : capacity;
  std::unique_ptr<DeviceMemory> memory(new DeviceMemory(device_id, capacity));
  CAIRN_RETURN_IF_ERROR(memory->range_.create(range, soc.run_mode == ACL_DEVICE));
  if (!memory->table_.create(range >> kRegionShift))
    return error(ACL_ERROR_BAD_ALLOC, "RT-193", "the host has no memory left");
  memory->free_regions_.reset(memory->table_.count());
  observe([&](Observer& watching) { memory->most_held_back_ = watching.bytes_kept_after_free(); });
  return memory;
}

DeviceMemory::~DeviceMemory() {
  mappings_.end_all();  // Pieces of memory give their regions back.
}

Result<size_t> DeviceMemory::take_regions(size_t count) {
  auto first = free_regions_.take(count);
  if (!first && slabs_.give_back_empty_slabs()) first = free_regions_.take(count);
  if (first) return *first;
  return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193",
               "device {} has no addresses for {} bytes in one piece left; free memory or reservations first",
               device_id_, count << kRegionShift);
}

Result<void*> DeviceMemory::allocate(size_t size, size_t alignment, AllocationOptions options) {
  const size_t capacity = account_.capacity();
  if (size > capacity - 64)
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193", "size {} is more than the {} bytes of device {}",
                 size, capacity, device_id_);
  const size_t usable =
      (size + kSizeStep - 1) / kSizeStep * kSizeStep + (options.spare_bytes ? kSizeStep : 0);
  const size_t block = SlabPool::block_for(usable, alignment);
  const size_t held = block != 0 ? block : regions_for(usable) << kRegionShift;
  const std::lock_guard lock(mutex_);
  CAIRN_ASSIGN(const PageKind pages, account_.charge(size, held, options.pages));
  auto result = block != 0 ? allocate_small(usable, block, pages) : allocate_large(usable, pages);
  if (!result.is_ok() && !held_back_.is_empty()) {
    give_back_held(0);
    result = block != 0 ? allocate_small(usable, block, pages) : allocate_large(usable, pages);
  }
  if (result.is_ok())
    allocation_count_.fetch_add(1, std::memory_order_relaxed);
  else
    account_.discharge(held, pages);
  return result;
}

Result<void*> DeviceMemory::allocate_small(size_t size, size_t block, PageKind pages) {
  const auto taken = slabs_.take(block);
  if (!taken)
    return error(
        ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193",
        "device {} has no addresses for {} bytes in one piece left; free memory or reservations first",
        device_id_, kRegionBytes);
  taken->slab->set_use(taken->index, {static_cast<uint32_t>(size), pages == PageKind::kHuge});
  return static_cast<void*>(range_.visible((taken->slab->region() << kRegionShift) + taken->index * block));
}

Result<void*> DeviceMemory::allocate_large(size_t size, PageKind pages) {
  const size_t count = regions_for(size);
  CAIRN_ASSIGN(const size_t first, take_regions(count));
  table_.enter({first << kRegionShift, size, pages == PageKind::kHuge, false}, count);
  return static_cast<void*>(range_.visible(first << kRegionShift));
}

Status DeviceMemory::check_freeable(const void* pointer, bool is_allocated, const Found& found,
                                    std::string_view rule) const {
  if (!is_allocated)
    return error(
        ACL_ERROR_RT_PARAM_INVALID, rule,
        "{} is not allocated on device {}: it was freed before or never allocated; free each allocation "
        "once",
        pointer, device_id_);
  if (found.mapped)
    return error(ACL_ERROR_RT_PARAM_INVALID, rule,
                 "{} was mapped by aclrtMapMem; aclrtUnmapMem and aclrtFreePhysical end it", pointer);
  const size_t offset = range_.offset_of(pointer);
  if (found.start != offset)
    return error(
        ACL_ERROR_RT_PARAM_INVALID, rule,
        "{} lies {} bytes inside the allocation at {}; free the address that the allocation returned",
        pointer, offset - found.start, static_cast<void*>(range_.visible(found.start)));
  return {};
}

Status DeviceMemory::free(void* pointer, std::string_view rule) {
  const std::lock_guard lock(mutex_);
  Found found;
  const bool is_allocated = find(pointer, found);
  CAIRN_RETURN_IF_ERROR(check_freeable(pointer, is_allocated, found, rule));
  const size_t first = found.start >> kRegionShift;
  size_t held = 0;
  if (Slab* slab = table_.slab(first)) {
    held = slab->block();
    slab->set_use((found.start & (kRegionBytes - 1)) / held, {});
  } else {
    const size_t count = regions_for(found.size);
    held = count << kRegionShift;
    table_.remove(first, count);
  }
  hold_back(found.start, held);
  account_.discharge(held, found.huge ? PageKind::kHuge : PageKind::kNormal);
  allocation_count_.fetch_sub(1, std::memory_order_relaxed);
  return {};
}

void DeviceMemory::hold_back(size_t start, size_t bytes) {
  if (most_held_back_ == 0) {
    give_back(start, bytes);
    return;
  }
  held_back_.add({start, bytes});
  give_back_held(most_held_back_);
}

void DeviceMemory::give_back_held(size_t most_left) {
  while (const auto oldest = held_back_.take_beyond(most_left))
    give_back(oldest->start, oldest->bytes);
}

void DeviceMemory::give_back(size_t start, size_t bytes) {
  const size_t first = start >> kRegionShift;
  if (Slab* const slab = table_.slab(first))
    slabs_.give_back({slab, (start & (kRegionBytes - 1)) / slab->block()});
  else
    free_regions_.give_back(first, bytes >> kRegionShift);
}

void DeviceMemory::free_all() {
  VirtualMappings::Mappings ended;  // Destroyed after the lock: pieces of memory give their regions back.
  const std::lock_guard lock(mutex_);
  held_back_.clear();
  ended = mappings_.end_all();
  ++epoch_;
  slabs_.free_all();
  for (size_t region = 0; region < free_regions_.highest(); ++region) {
    table_.remove_slab(region);
    table_.remove(region, 1);
  }
  free_regions_.reset(table_.count());
  account_.clear();
  allocation_count_.store(0);
}

Result<std::byte*> DeviceMemory::resolve(const void* pointer, size_t size) const {
  Found found;
  if (!find(pointer, found))
    return error(
        ACL_ERROR_RT_PARAM_INVALID, "RT-176",
        "{} is an address of device {} that is not allocated (any more); allocate it with aclrtMalloc, and "
        "free it only after its last use",
        pointer, device_id_);
  const size_t offset = range_.offset_of(pointer);
  size_t left = found.size - std::min(found.size, offset - found.start);
  if (found.mapped && size > left) left += mapped_behind(found, size - left);
  if (size > left || left == 0)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-176",
                 "{} bytes from {} go beyond the allocation: {} of its {} bytes lie behind that address; use "
                 "fewer, or "
                 "allocate more",
                 size, pointer, left, found.size);
  return range_.view(offset);
}

size_t DeviceMemory::mapped_behind(const Found& found, size_t wanted) const {
  size_t bytes = 0;
  Found next = found;
  while (bytes < wanted && find(range_.visible(next.start + next.size), next) && next.mapped)
    bytes += next.size;
  return bytes;
}

DeviceMemory::Allocation DeviceMemory::allocation_of(const void* pointer) const {
  Found found;
  if (!find(pointer, found)) return {};
  return {range_.visible(found.start), found.size, found.huge ? PageKind::kHuge : PageKind::kNormal};
}

std::vector<DeviceMemory::Allocation> DeviceMemory::allocations() const {
  const std::lock_guard lock(mutex_);
  std::vector<Allocation> list;
  const auto add = [&](size_t offset) {
    Found found;
    if (table_.find(offset, found)) list.push_back({range_.visible(found.start), found.size});
  };
  for (size_t region = 0; region < free_regions_.highest(); ++region) {
    if (!table_.begins_in(region)) continue;
    const size_t start = region << kRegionShift;
    const Slab* const slab = table_.slab(region);
    const size_t blocks = slab != nullptr ? slab->block_count() : 1;
    for (size_t i = 0; i < blocks; ++i)
      add(start + (slab != nullptr ? i * slab->block() : 0));
  }
  return list;
}

MemoryUse DeviceMemory::use(PageKind pages) const {
  const std::lock_guard lock(mutex_);
  return account_.use(pages);
}

Result<std::shared_ptr<MemoryPiece>> DeviceMemory::allocate_physical(size_t size, PageKind pages) {
  const std::lock_guard lock(mutex_);
  CAIRN_ASSIGN(const PageKind charged,
               account_.charge(size, size,
                               pages == PageKind::kHuge ? PageChoice::kHugeOnly : PageChoice::kNormalOnly));
  const size_t count = size >> kRegionShift;
  auto first = take_regions(count);
  if (!first.is_ok()) {
    account_.discharge(size, charged);
    return first.status();
  }
  return std::make_shared<MemoryPiece>(*this, epoch_, *first, count, charged);
}

void DeviceMemory::free_physical(const MemoryPiece& piece) {
  const std::lock_guard lock(mutex_);
  if (piece.epoch() != epoch_) return;  // free_all took its regions back.
  free_regions_.give_back(piece.first_region(), piece.region_count());
  account_.discharge(piece.size(), piece.pages());
}

Result<void*> DeviceMemory::reserve(size_t size) {
  const std::lock_guard lock(mutex_);
  CAIRN_ASSIGN(const size_t taken, take_regions(VirtualMappings::regions_to_take(size)));
  return mappings_.reserve(taken, size);
}

Status DeviceMemory::release(void* start) {
  const std::lock_guard lock(mutex_);
  return mappings_.release(start);
}

Status DeviceMemory::map(void* start, size_t size, size_t offset, std::shared_ptr<MemoryPiece> piece) {
  const std::lock_guard lock(mutex_);
  if (piece->epoch() != epoch_)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189", "the memory ended when its device was reset");
  return mappings_.map(start, size, offset, std::move(piece));
}

Status DeviceMemory::unmap(void* start) {
  std::shared_ptr<MemoryPiece> ended;  // Destroyed after the lock, which its destructor takes.
  const std::lock_guard lock(mutex_);
  CAIRN_ASSIGN(ended, mappings_.unmap(start));
  return {};
}

}  // namespace cairn
