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

// What a cache gets at once.
constexpr size_t kRefillBytes = size_t{16} << 10;
constexpr size_t kMostRefilled = 16;
constexpr size_t kAllowanceStep = size_t{1} << 20;

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
  memory->caches_blocks_ = memory->most_held_back_ == 0;
  return memory;
}

DeviceMemory::~DeviceMemory() {
  mappings_.end_all();  // Pieces of memory give their regions back.
}

class DeviceMemory::AllCaches {
 public:
  explicit AllCaches(const DeviceMemory& memory) : caches_(memory.caches_) {
    for (BlockCache& cache : caches_)
      cache.lock().lock();
  }
  AllCaches(const AllCaches&) = delete;
  AllCaches& operator=(const AllCaches&) = delete;
  ~AllCaches() {
    for (BlockCache& cache : caches_)
      cache.lock().unlock();
  }

  size_t bytes() const {
    size_t bytes = 0;
    for (const BlockCache& cache : caches_)
      bytes += cache.bytes();
    return bytes;
  }
  size_t block_count() const {
    size_t blocks = 0;
    for (const BlockCache& cache : caches_)
      blocks += cache.block_count();
    return blocks;
  }

 private:
  std::array<BlockCache, kBlockCaches>& caches_;
};

/// Takes a charge back, unless it is kept.
class DeviceMemory::Charge {
 public:
  Charge(PageAccount& account, size_t bytes, PageKind pages)
      : account_(account), bytes_(bytes), pages_(pages) {}
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;
  ~Charge() {
    if (bytes_ != 0) account_.discharge(bytes_, pages_);
  }
  void keep() { bytes_ = 0; }

 private:
  PageAccount& account_;
  size_t bytes_;
  const PageKind pages_;
};

template <class Allocate>
auto DeviceMemory::allocate_from_all(Allocate allocate) {
  {
    const std::lock_guard lock(mutex_);
    auto result = allocate();
    if (result.is_ok() || (allowances_ == 0 && held_back_.is_empty())) return result;
  }
  const AllCaches all(*this);
  const std::lock_guard lock(mutex_);
  for (BlockCache& cache : caches_)
    cache.empty([&](size_t start, size_t bytes) { end_block(start, bytes, PageKind::kNormal); });
  give_back_held(0);
  return allocate();
}

Status DeviceMemory::no_addresses(size_t bytes) const {
  return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193",
               "device {} has no addresses for {} bytes in one piece left; free memory or reservations first",
               device_id_, bytes);
}

Result<size_t> DeviceMemory::take_regions(size_t count) {
  auto first = free_regions_.take(count);
  if (!first && slabs_.give_back_empty_slabs()) first = free_regions_.take(count);
  if (first) return *first;
  return no_addresses(count << kRegionShift);
}

Result<size_t> DeviceMemory::take(size_t size_class, size_t bytes) {
  if (!is_small_class(size_class)) {
    CAIRN_ASSIGN(const size_t first, take_regions(bytes >> kRegionShift));
    table_.enter({first << kRegionShift}, bytes >> kRegionShift);
    return first << kRegionShift;
  }
  const auto taken = slabs_.take(size_class);
  if (!taken) return no_addresses(kRegionBytes);
  return (taken->slab->region() << kRegionShift) + taken->index * bytes;
}

Result<void*> DeviceMemory::allocate(size_t size, size_t alignment, AllocationOptions options) {
  const size_t capacity = account_.capacity();
  if (size > capacity - 64)
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193", "size {} is more than the {} bytes of device {}",
                 size, capacity, device_id_);
  const size_t usable =
      (size + kSizeStep - 1) / kSizeStep * kSizeStep + (options.spare_bytes ? kSizeStep : 0);
  const size_t size_class = size_class_for(usable, alignment);
  if (size_class < kSizeClasses && caches_blocks_ && PageAccount::has_normal_pages(size, options.pages))
      [[likely]] {
    BlockCache& cache = cache_of_thread();
    const std::lock_guard lock(cache.lock());
    auto start = cache.take(size_class);
    if (!start) [[unlikely]]
      start = refill(cache, size_class);
    if (start) [[likely]] {
      table_.begin_use(*start, usable, false);
      return static_cast<void*>(range_.visible(*start));
    }
  }
  return allocate_uncached(size, usable, size_class, options.pages);
}

Result<void*> DeviceMemory::allocate_uncached(size_t size, size_t usable, size_t size_class,
                                              PageChoice choice) {
  const size_t bytes =
      size_class < kSizeClasses ? bytes_of_class(size_class) : regions_for(usable) << kRegionShift;
  CAIRN_ASSIGN(const size_t start, allocate_from_all([&]() -> Result<size_t> {
                 CAIRN_ASSIGN(const PageKind pages, account_.charge(size, bytes, choice));
                 Charge charge(account_, bytes, pages);
                 CAIRN_ASSIGN(const size_t taken, take(size_class, bytes));
                 charge.keep();
                 ++blocks_taken_;
                 table_.begin_use(taken, usable, pages == PageKind::kHuge);
                 return taken;
               }));
  return static_cast<void*>(range_.visible(start));
}

std::optional<size_t> DeviceMemory::refill(BlockCache& cache, size_t size_class) {
  const size_t bytes = bytes_of_class(size_class);
  const std::lock_guard lock(mutex_);
  if (!account_.has(bytes)) return std::nullopt;
  auto first = take(size_class, bytes);
  if (!first.is_ok()) return std::nullopt;
  account_.charge_normal(bytes);
  ++blocks_taken_;
  if (!is_small_class(size_class)) return *first;
  if (!cache.may_hold(kRefillBytes)) widen_allowance(cache, kRefillBytes);
  for (size_t more = std::min(kMostRefilled, kRefillBytes / bytes); more > 1; --more) {
    if (!cache.may_hold(bytes) || !account_.has(bytes)) break;
    const auto ready = slabs_.take_ready(size_class);
    if (!ready) break;
    account_.charge_normal(bytes);
    ++blocks_taken_;
    cache.put(size_class, (ready->slab->region() << kRegionShift) + ready->index * bytes);
  }
  return *first;
}

Status DeviceMemory::not_freeable(const void* pointer, std::string_view rule) const {
  Found found;
  if (!find(pointer, found))
    return error(
        ACL_ERROR_RT_PARAM_INVALID, rule,
        "{} is not allocated on device {}: it was freed before or never allocated; free each allocation "
        "once",
        pointer, device_id_);
  if (found.mapped)
    return error(ACL_ERROR_RT_PARAM_INVALID, rule,
                 "{} was mapped by aclrtMapMem; aclrtUnmapMem and aclrtFreePhysical end it", pointer);
  return error(ACL_ERROR_RT_PARAM_INVALID, rule,
               "{} lies {} bytes inside the allocation at {}; free the address that the allocation returned",
               pointer, range_.offset_of(pointer) - found.start,
               static_cast<void*>(range_.visible(found.start)));
}

Status DeviceMemory::free(void* pointer, std::string_view rule) {
  if (end_use(pointer)) [[likely]]
    return {};
  return not_freeable(pointer, rule);
}

bool DeviceMemory::end_use(const void* pointer) {
  const size_t start = range_.offset_of(pointer);
  if (start >= range_.size()) return false;
  BlockCache& cache = cache_of_thread();
  const std::lock_guard lock(cache.lock());  // Also keeps free_all away.
  Found found;
  if (!table_.find(start, found) || found.start != start || found.mapped || !table_.end_use(found))
    return false;
  const size_t size_class =
      found.slab != nullptr ? found.slab->size_class() : class_of_regions(regions_for(found.size));
  if (caches_blocks_ && !found.huge && size_class < kSizeClasses) [[likely]] {
    if (cache.has_room(size_class) || make_room(cache, size_class)) [[likely]] {
      cache.put(size_class, start);
      return true;
    }
  }
  const std::lock_guard memory_lock(mutex_);
  end_block(start, found.slab != nullptr ? found.slab->block() : regions_for(found.size) << kRegionShift,
            found.huge ? PageKind::kHuge : PageKind::kNormal);
  return true;
}

bool DeviceMemory::make_room(BlockCache& cache, size_t size_class) {
  const size_t bytes = bytes_of_class(size_class);
  const auto give_back = [&](size_t start, size_t block_bytes) {
    end_block(start, block_bytes, PageKind::kNormal);
  };
  const std::lock_guard lock(mutex_);
  if (cache.is_full(size_class)) cache.halve(size_class, give_back);
  if (cache.may_hold(bytes) || widen_allowance(cache, bytes)) return true;
  for (size_t each = 0; each < kSizeClasses; ++each)
    cache.halve(each, give_back);
  return cache.may_hold(bytes);
}

bool DeviceMemory::widen_allowance(BlockCache& cache, size_t more_bytes) {
  more_bytes = (more_bytes + kAllowanceStep - 1) / kAllowanceStep * kAllowanceStep;
  if (cache.allowance() + more_bytes > kMostCachedByOne || allowances_ + more_bytes > kMostCached)
    return false;
  cache.set_allowance(cache.allowance() + more_bytes);
  allowances_ += more_bytes;
  free_regions_.set_most_dirty(kMostIdle - allowances_);
  return true;
}

void DeviceMemory::end_block(size_t start, size_t bytes, PageKind pages) {
  account_.discharge(bytes, pages);
  --blocks_taken_;
  hold_back(start, bytes);
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
  if (Slab* const slab = table_.slab(first)) {
    slabs_.give_back({slab, slab->index_of(start & (kRegionBytes - 1))});
    return;
  }
  table_.remove(first, bytes >> kRegionShift);
  free_regions_.give_back(first, bytes >> kRegionShift);
}

void DeviceMemory::free_all() {
  VirtualMappings::Mappings ended;  // Destroyed after the lock: pieces of memory give their regions back.
  const AllCaches all(*this);
  const std::lock_guard lock(mutex_);
  for (BlockCache& cache : caches_) {
    cache.clear();
    cache.set_allowance(0);
  }
  allowances_ = 0;
  free_regions_.set_most_dirty(kMostIdle);
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
  blocks_taken_ = 0;
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

MemoryUse DeviceMemory::use() const {
  if (!caches_blocks_) {
    const std::lock_guard lock(mutex_);
    return account_.use(0);
  }
  const AllCaches all(*this);
  const std::lock_guard lock(mutex_);
  return account_.use(all.bytes());
}

MemoryUse DeviceMemory::use(PageKind pages) const {
  const AllCaches all(*this);
  const std::lock_guard lock(mutex_);
  return account_.use(pages, all.bytes());
}

void DeviceMemory::publish_use_in(std::atomic<size_t>& used, std::span<CachedBytes, kBlockCaches> cached) {
  account_.publish_in(used);
  for (size_t i = 0; i < kBlockCaches; ++i)
    caches_[i].publish_in(cached[i]);
}

size_t DeviceMemory::allocation_count() const {
  const AllCaches all(*this);
  const std::lock_guard lock(mutex_);
  return blocks_taken_ - all.block_count();
}

Result<std::shared_ptr<MemoryPiece>> DeviceMemory::allocate_physical(size_t size, PageKind pages) {
  const PageChoice choice = pages == PageKind::kHuge ? PageChoice::kHugeOnly : PageChoice::kNormalOnly;
  return allocate_from_all([&]() -> Result<std::shared_ptr<MemoryPiece>> {
    CAIRN_ASSIGN(const PageKind charged, account_.charge(size, size, choice));
    Charge charge(account_, size, charged);
    CAIRN_ASSIGN(const size_t first, take_regions(size >> kRegionShift));
    charge.keep();
    range_.discard(first, size >> kRegionShift);  // The piece lies in the file, so the view's pages can go.
    return std::make_shared<MemoryPiece>(*this, epoch_, first, size >> kRegionShift, charged);
  });
}

void DeviceMemory::free_physical(const MemoryPiece& piece) {
  const std::lock_guard lock(mutex_);
  if (piece.epoch() != epoch_) return;                         // free_all took its regions back.
  range_.discard(piece.first_region(), piece.region_count());  // What comes next does not lie in the file.
  free_regions_.give_back_clean(piece.first_region(), piece.region_count());
  account_.discharge(piece.size(), piece.pages());
}

// What watches is told without the lock: it may be slow.

Result<void*> DeviceMemory::reserve(size_t size) {
  auto reserved = allocate_from_all([&]() -> Result<void*> {
    CAIRN_ASSIGN(const size_t taken, take_regions(VirtualMappings::regions_to_take(size)));
    return mappings_.reserve(taken, size);
  });
  if (reserved.is_ok())
    observe([&](Observer& watching) { watching.addresses_reserved(device_id_, *reserved, size); });
  return reserved;
}

Status DeviceMemory::release(void* start) {
  {
    const std::lock_guard lock(mutex_);
    CAIRN_RETURN_IF_ERROR(mappings_.release(start));
  }
  observe([&](Observer& watching) { watching.addresses_released(start); });
  return {};
}

Status DeviceMemory::map(void* start, size_t size, size_t offset, std::shared_ptr<MemoryPiece> piece) {
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    if (piece->epoch() != epoch_)
      return error(ACL_ERROR_RT_PARAM_INVALID, "RT-189", "the memory ended when its device was reset");
    CAIRN_ASSIGN(is_new, mappings_.map(start, size, offset, std::move(piece)));
  }
  observe([&](Observer& watching) { watching.memory_mapped(device_id_, start, size, is_new); });
  return {};
}

Status DeviceMemory::unmap(void* start) {
  std::shared_ptr<MemoryPiece> ended;  // Destroyed after the lock, which its destructor takes.
  {
    const std::lock_guard lock(mutex_);
    CAIRN_ASSIGN(ended, mappings_.unmap(start));
  }
  observe([&](Observer& watching) { watching.memory_unmapped(start); });
  return {};
}

}  // namespace cairn
