#include "device/device_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "acl/acl_base.h"
#include "base/observer.h"

namespace cairn {
namespace {

constexpr size_t align_up(size_t value, size_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

// Block sizes of slabs: at most 33 % waste, all multiples of 64.
constexpr std::array<size_t, 17> kBlockSizes = {64,   128,  192,  256,  384,  512,   768,   1024, 1536,
                                                2048, 3072, 4096, 6144, 8192, 12288, 16384, 0};

// Room for reservations: PyTorch's reserve more than the whole memory. Not for absurd capacities.
constexpr size_t kAddressesPerByte = 3;
constexpr size_t kLargestMultiplied = size_t{1} << 40;

// The part of the memory that huge pages leave to normal ones.
constexpr size_t kNormalShare = 8;

/// Capacity for `needed` elements; doubles, so that growing one by one stays cheap.
size_t grown(size_t capacity, size_t needed) {
  return needed <= capacity ? capacity : std::max(needed, capacity * 2);
}

size_t block_size_for(size_t size, size_t alignment) {
  for (const size_t block : kBlockSizes)
    if (block >= size && block % alignment == 0) return block;
  return 0;
}

}  // namespace

/// One region of equal blocks. Its members but the constants change under the lock; `sizes` is read without
/// it.
struct DeviceMemory::Slab {
  explicit Slab(size_t block_bytes)
      : block(block_bytes),
        block_count(kRegionBytes / block_bytes),
        sizes(std::make_unique<std::atomic<uint32_t>[]>(block_count)) {
    free_blocks.reserve(block_count);
    for (size_t i = block_count; i-- > 0;)
      free_blocks.push_back(static_cast<uint16_t>(i));
  }
  const size_t block;
  std::atomic<size_t> region{0};
  const size_t block_count;
  const std::unique_ptr<std::atomic<uint32_t>[]> sizes;  ///< Bytes the user may touch, 0 = free.
  std::vector<uint16_t> free_blocks;
};

DeviceMemory::DeviceMemory(int device_id, size_t capacity)
    : device_id_(device_id),
      capacity_(capacity),
      range_(capacity <= kLargestMultiplied ? capacity * kAddressesPerByte : capacity) {}

Result<std::unique_ptr<DeviceMemory>> DeviceMemory::create(int device_id, const SocProfile& soc,
                                                           size_t capacity) {
  std::unique_ptr<DeviceMemory> memory(new DeviceMemory(device_id, align_up(capacity, kRegionBytes)));
  const size_t range = memory->range_;
  memory->file_ = ::memfd_create("cairn-device-memory", MFD_CLOEXEC);
  if (memory->file_ < 0 || ::ftruncate(memory->file_, static_cast<off_t>(range)) != 0)
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193", "cannot make device memory of {} bytes: {}",
                 capacity, std::strerror(errno));
  const auto map = [&](size_t alignment_slack, int protection) -> std::byte* {
    // Reserve more than needed, so that the start can be aligned to a region.
    void* reserved = ::mmap(nullptr, range + alignment_slack, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) return nullptr;
    auto* start = reinterpret_cast<std::byte*>(align_up(reinterpret_cast<size_t>(reserved), kRegionBytes));
    auto* first = static_cast<std::byte*>(reserved);
    if (start != first) ::munmap(first, static_cast<size_t>(start - first));
    const size_t tail = alignment_slack - static_cast<size_t>(start - first);
    if (tail != 0) ::munmap(start + range, tail);
    void* mapped = ::mmap(start, range, protection, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, memory->file_, 0);
    if (mapped != MAP_FAILED) return start;
    ::munmap(start, range);
    return nullptr;
  };
  memory->view_ = map(kRegionBytes, PROT_READ | PROT_WRITE);
  memory->visible_ = soc.run_mode == ACL_DEVICE ? memory->view_ : map(kRegionBytes, PROT_NONE);
  if (memory->view_ == nullptr || memory->visible_ == nullptr)
    return error(
        ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193",
        "cannot reserve {} bytes of address space for device {}; set CAIRN_MEMORY_MB to a smaller size",
        range, device_id);

  memory->region_count_ = range >> kRegionShift;
  const size_t table_bytes = memory->region_count_ * sizeof(Region);
  // Anonymous memory: entries of regions never used cost nothing, and zero is a valid Region.
  void* table = ::mmap(nullptr, table_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (table == MAP_FAILED) return error(ACL_ERROR_BAD_ALLOC, "RT-193", "the host has no memory left");
  static_assert(std::is_trivially_destructible_v<Region>);
  memory->regions_ = {static_cast<Region*>(table), [](Region*) {}};
  memory->reserve_free_run();
  memory->add_free_run(0, {memory->region_count_, false});
  observe([&](Observer& watching) { memory->most_held_back_ = watching.bytes_kept_after_free(); });
  return memory;
}

DeviceMemory::~DeviceMemory() {
  mappings_.clear();  // Pieces of memory give their regions back.
  if (regions_) ::munmap(regions_.get(), region_count_ * sizeof(Region));
  if (view_ != nullptr) ::munmap(view_, range_);
  if (visible_ != nullptr && visible_ != view_) ::munmap(visible_, range_);
  if (file_ >= 0) ::close(file_);
}

void DeviceMemory::reserve_free_run() {
  // Each allocation and slab can leave one free run behind it, and one may lie before the first.
  if (free_by_start_.size() + spare_starts_.size() > live_runs_ + 1) return;
  spare_starts_.reserve(free_by_start_.size() + spare_starts_.size() + 1);
  spare_sizes_.reserve(spare_starts_.capacity());
  std::map<size_t, FreeRun> start{{0, FreeRun{}}};
  std::set<std::pair<size_t, size_t>> size{{0, 0}};
  spare_starts_.push_back(start.extract(start.begin()));
  spare_sizes_.push_back(size.extract(size.begin()));
}

DeviceMemory::FreeRun DeviceMemory::remove_free_run(FreeRuns::iterator run) {
  const FreeRun removed = run->second;
  spare_sizes_.push_back(free_by_size_.extract({removed.regions, run->first}));
  spare_starts_.push_back(free_by_start_.extract(run));
  return removed;
}

void DeviceMemory::add_free_run(size_t first, FreeRun run) {
  auto next = free_by_start_.lower_bound(first);
  if (next != free_by_start_.end() && next->first == first + run.regions) {
    const FreeRun joined = remove_free_run(next++);
    run.regions += joined.regions;
    run.dirty |= joined.dirty;
  }
  if (next != free_by_start_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second.regions == first) {
      first = before->first;
      const FreeRun joined = remove_free_run(before);
      run.regions += joined.regions;
      run.dirty |= joined.dirty;
    }
  }
  auto start = std::move(spare_starts_.back());
  spare_starts_.pop_back();
  start.key() = first;
  start.mapped() = run;
  free_by_start_.insert(std::move(start));
  auto size = std::move(spare_sizes_.back());
  spare_sizes_.pop_back();
  size.value() = {run.regions, first};
  free_by_size_.insert(std::move(size));
}

Result<size_t> DeviceMemory::take_regions(size_t count) {
  reserve_free_run();
  auto best = free_by_size_.lower_bound({count, 0});
  if (best == free_by_size_.end() && give_back_empty_slabs()) best = free_by_size_.lower_bound({count, 0});
  if (best == free_by_size_.end())
    return error(
        ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193",
        "device {} has no addresses for {} bytes in one piece left; free memory or reservations first",
        device_id_, count << kRegionShift);
  const size_t first = best->second;
  const FreeRun run = remove_free_run(free_by_start_.find(first));
  ++live_runs_;
  if (run.regions > count) add_free_run(first + count, {run.regions - count, run.dirty});
  highest_region_ = std::max(highest_region_, first + count);
  if (run.dirty) dirty_bytes_ -= std::min(dirty_bytes_, count << kRegionShift);
  return first;
}

void DeviceMemory::give_back_regions(size_t first, size_t count) {
  free_regions(first, count);
  --live_runs_;
}

void DeviceMemory::free_regions(size_t first, size_t count) {
  const size_t bytes = count << kRegionShift;
  const bool keep = dirty_bytes_ + bytes <= kMostDirtyBytes;
  if (keep) {
    dirty_bytes_ += bytes;
  } else {
    discard(first, count);
  }
  add_free_run(first, {count, keep});
}

void DeviceMemory::discard(size_t first, size_t count) {
  ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(first << kRegionShift),
              static_cast<off_t>(count << kRegionShift));
}

size_t DeviceMemory::huge_total() const {
  const size_t huge = used_huge_bytes_.load(std::memory_order_relaxed);
  const size_t used = used_bytes_.load(std::memory_order_relaxed);
  const size_t normal = std::max(capacity_ / kNormalShare, used - std::min(used, huge));
  const size_t rest = capacity_ - std::min(capacity_, normal);
  return std::max(huge, rest / kHugePageBytes * kHugePageBytes);
}

Result<PageKind> DeviceMemory::charge(size_t size, size_t bytes, AllocationOptions::Pages pages) {
  using Pages = AllocationOptions::Pages;
  const size_t used = used_bytes_.load(std::memory_order_relaxed);
  if (bytes > capacity_ - used)
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193",
                 "device {} has no {} bytes left ({} of {} bytes are in use); free memory first", device_id_,
                 bytes, used, capacity_);
  const size_t huge_free = huge_total() - used_huge_bytes_.load(std::memory_order_relaxed);
  if (pages == Pages::kHugeOnly && bytes > huge_free)
    return error(
        ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-135",
        "device {} has no huge pages for {} bytes left ({} bytes are free); take ACL_MEM_MALLOC_HUGE_FIRST",
        device_id_, bytes, huge_free);
  constexpr size_t kLargestNormal = size_t{1} << 20;  // [RT-134]
  const bool huge = pages == Pages::kHugeOnly ||
                    (pages == Pages::kHugeFirst && size > kLargestNormal && bytes <= huge_free);
  used_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (huge) used_huge_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return huge ? PageKind::kHuge : PageKind::kNormal;
}

void DeviceMemory::discharge(size_t bytes, bool huge) {
  used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  if (huge) used_huge_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

Result<void*> DeviceMemory::allocate(size_t size, size_t alignment, AllocationOptions options) {
  if (size > capacity_ - 64)
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193", "size {} is more than the {} bytes of device {}",
                 size, capacity_, device_id_);
  const size_t usable = align_up(size, 32) + (options.spare_bytes ? 32 : 0);  // [RT-142]
  const size_t block = block_size_for(usable, alignment);
  const size_t held = block != 0 ? block : align_up(usable, kRegionBytes);
  const std::lock_guard lock(mutex_);
  CAIRN_ASSIGN(const PageKind pages, charge(size, held, options.pages));
  const bool huge = pages == PageKind::kHuge;
  auto result = block != 0 ? allocate_small(usable, block, huge) : allocate_large(usable, huge);
  if (!result.is_ok() && !held_back_.empty()) {
    give_back_held(0);
    result = block != 0 ? allocate_small(usable, block, huge) : allocate_large(usable, huge);
  }
  if (result.is_ok())
    allocation_count_.fetch_add(1, std::memory_order_relaxed);
  else
    discharge(held, huge);
  return result;
}

Result<void*> DeviceMemory::allocate_small(size_t size, size_t block, bool huge) {
  std::vector<Slab*>& slabs = slabs_[block];
  if (slabs.empty()) {
    Slab* slab = make_slab(block);
    auto region = take_regions(1);
    if (!region.is_ok()) {
      retired_slabs_.push_back(slab);
      return region.status();
    }
    const size_t first = *region;
    slab->region.store(first, std::memory_order_relaxed);
    slabs.push_back(slab);
    regions_[first].slab.store(slab, std::memory_order_relaxed);
    regions_[first].head.store(static_cast<uint32_t>(first + 1), std::memory_order_release);
  }
  Slab* slab = slabs.back();
  const size_t index = slab->free_blocks.back();
  slab->free_blocks.pop_back();
  if (slab->free_blocks.empty()) slabs.pop_back();
  slab->sizes[index].store(static_cast<uint32_t>(size) | (huge ? kSmallHugeMark : 0),
                           std::memory_order_release);
  return static_cast<void*>(visible_ + (slab->region << kRegionShift) + index * block);
}

DeviceMemory::Slab* DeviceMemory::make_slab(size_t block) {
  for (Slab*& slab : retired_slabs_) {
    if (slab->block != block) continue;
    Slab* reused = std::exchange(slab, retired_slabs_.back());
    retired_slabs_.pop_back();
    return reused;
  }
  auto slab = std::make_unique<Slab>(block);
  all_slabs_.reserve(grown(all_slabs_.capacity(), all_slabs_.size() + 1));
  // A slab may go to any of these lists when memory is freed, which must not need memory.
  retired_slabs_.reserve(all_slabs_.capacity());
  std::vector<Slab*>& slabs = slabs_[block];
  slabs.reserve(all_slabs_.capacity());
  all_slabs_.push_back(std::move(slab));
  return all_slabs_.back().get();
}

void DeviceMemory::retire(Slab* slab) {
  std::vector<Slab*>& slabs = slabs_[slab->block];
  slabs.erase(std::find(slabs.begin(), slabs.end(), slab));
  const size_t region = slab->region.load(std::memory_order_relaxed);
  regions_[region].head.store(0, std::memory_order_release);
  regions_[region].slab.store(nullptr, std::memory_order_release);
  give_back_regions(region, 1);
  // The object stays: readers without the lock may still look at it, and find its blocks free.
  retired_slabs_.push_back(slab);
}

bool DeviceMemory::give_back_empty_slabs() {
  std::vector<Slab*> empty;
  for (const auto& [block, slabs] : slabs_)
    for (Slab* slab : slabs)
      if (slab->free_blocks.size() == slab->block_count) empty.push_back(slab);
  for (Slab* slab : empty)
    retire(slab);
  return !empty.empty();
}

Result<void*> DeviceMemory::allocate_large(size_t size, bool huge) {
  const size_t count = align_up(size, kRegionBytes) >> kRegionShift;
  CAIRN_ASSIGN(const size_t first, take_regions(count));
  regions_[first].size.store(size | (huge ? kHugeMark : 0), std::memory_order_relaxed);
  for (size_t i = first; i < first + count; ++i)
    regions_[i].head.store(static_cast<uint32_t>(first + 1), std::memory_order_release);
  return static_cast<void*>(visible_ + (first << kRegionShift));
}

bool DeviceMemory::find(const void* pointer, Found& found) const {
  if (!contains(pointer)) return false;
  const auto offset = static_cast<size_t>(static_cast<const std::byte*>(pointer) - visible_);
  const uint32_t head = regions_[offset >> kRegionShift].head.load(std::memory_order_acquire);
  if (head == 0) return false;
  const Region& first = regions_[head - 1];
  if (const Slab* slab = first.slab.load(std::memory_order_acquire)) {
    const size_t index = (offset - (slab->region << kRegionShift)) / slab->block;
    if (index >= slab->block_count) return false;
    const uint32_t size = slab->sizes[index].load(std::memory_order_acquire);
    found = {(slab->region << kRegionShift) + index * slab->block, size & ~kSmallHugeMark,
             (size & kSmallHugeMark) != 0, false};
  } else {
    const uint64_t size = first.size.load(std::memory_order_acquire);
    found = {static_cast<size_t>(head - 1) << kRegionShift, size & kSizeMask, (size & kHugeMark) != 0,
             (size & kMappedMark) != 0};
  }
  return found.size != 0;
}

Status DeviceMemory::free(void* pointer, std::string_view rule) {
  const std::lock_guard lock(mutex_);
  Found found;
  const bool is_allocated = find(pointer, found);
  const auto offset = static_cast<size_t>(static_cast<std::byte*>(pointer) - visible_);
  if (!is_allocated)
    return error(
        ACL_ERROR_RT_PARAM_INVALID, rule,
        "{} is not allocated on device {}: it was freed before or never allocated; free each allocation "
        "once",
        pointer, device_id_);
  if (found.mapped)
    return error(ACL_ERROR_RT_PARAM_INVALID, rule,
                 "{} was mapped by aclrtMapMem; aclrtUnmapMem and aclrtFreePhysical end it", pointer);
  if (found.start != offset)
    return error(
        ACL_ERROR_RT_PARAM_INVALID, rule,
        "{} lies {} bytes inside the allocation at {}; free the address that the allocation returned",
        pointer, offset - found.start, static_cast<void*>(visible_ + found.start));
  const size_t first = found.start >> kRegionShift;
  size_t held = 0;
  if (Slab* slab = regions_[first].slab.load(std::memory_order_relaxed)) {
    const size_t index = (offset - (slab->region << kRegionShift)) / slab->block;
    held = slab->block;
    slab->sizes[index].store(0, std::memory_order_release);
  } else {
    const size_t count = align_up(found.size, kRegionBytes) >> kRegionShift;
    held = count << kRegionShift;
    regions_[first].size.store(0, std::memory_order_release);
    for (size_t i = first; i < first + count; ++i)
      regions_[i].head.store(0, std::memory_order_release);
  }
  hold_back(found.start, held);
  discharge(held, found.huge);
  allocation_count_.fetch_sub(1, std::memory_order_relaxed);
  return {};
}

void DeviceMemory::hold_back(size_t start, size_t bytes) {
  if (most_held_back_ == 0) {
    give_back(start, bytes);
    return;
  }
  held_back_.push_back({start, bytes});
  held_back_bytes_ += bytes;
  give_back_held(most_held_back_);
}

void DeviceMemory::give_back_held(size_t most_left) {
  while (held_back_bytes_ > most_left) {
    const auto [start, bytes] = held_back_.front();
    held_back_.pop_front();
    held_back_bytes_ -= bytes;
    give_back(start, bytes);
  }
}

void DeviceMemory::give_back(size_t start, size_t bytes) {
  const size_t first = start >> kRegionShift;
  Slab* const slab = regions_[first].slab.load(std::memory_order_relaxed);
  if (slab == nullptr) {
    give_back_regions(first, bytes >> kRegionShift);
    return;
  }
  if (slab->free_blocks.empty()) slabs_[slab->block].push_back(slab);
  slab->free_blocks.push_back(static_cast<uint16_t>((start & (kRegionBytes - 1)) / slab->block));
  // The last slab of a size stays: malloc and free in turn would make and retire it each time.
  if (slab->free_blocks.size() == slab->block_count && slabs_[slab->block].size() > 1) retire(slab);
}

void DeviceMemory::free_all() {
  std::map<size_t, Mapping> ended;  // Destroyed after the lock: pieces of memory give their regions back.
  const std::lock_guard lock(mutex_);
  held_back_.clear();
  held_back_bytes_ = 0;
  while (!mappings_.empty()) {
    const auto mapping = mappings_.begin();
    ended.insert(*mapping);
    end_mapping(mapping);
  }
  reservations_.clear();
  ++epoch_;
  for (const auto& slab : all_slabs_) {
    slab->free_blocks.clear();
    for (size_t i = slab->block_count; i-- > 0;) {
      slab->sizes[i].store(0, std::memory_order_release);
      slab->free_blocks.push_back(static_cast<uint16_t>(i));
    }
  }
  for (size_t i = 0; i < highest_region_; ++i) {
    regions_[i].head.store(0, std::memory_order_release);
    regions_[i].slab.store(nullptr, std::memory_order_release);
    regions_[i].size.store(0, std::memory_order_release);
  }
  retired_slabs_.clear();
  for (const auto& slab : all_slabs_)
    retired_slabs_.push_back(slab.get());
  for (auto& [block, slabs] : slabs_)
    slabs.clear();
  while (!free_by_start_.empty())
    remove_free_run(free_by_start_.begin());
  live_runs_ = 0;
  ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
              static_cast<off_t>(highest_region_ << kRegionShift));
  add_free_run(0, {region_count_, false});
  dirty_bytes_ = 0;
  highest_region_ = 0;
  used_bytes_.store(0);
  used_huge_bytes_.store(0);
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
  const auto offset = static_cast<size_t>(static_cast<const std::byte*>(pointer) - visible_);
  size_t left = found.size - std::min(found.size, offset - found.start);
  if (found.mapped && size > left) left += mapped_behind(found, size - left);
  if (size > left || left == 0)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-176",
                 "{} bytes from {} go beyond the allocation: {} of its {} bytes lie behind that address; use "
                 "fewer, or "
                 "allocate more",
                 size, pointer, left, found.size);
  return view_ + offset;
}

DeviceMemory::Allocation DeviceMemory::allocation_of(const void* pointer) const {
  Found found;
  if (!find(pointer, found)) return {};
  return {visible_ + found.start, found.size, found.huge ? PageKind::kHuge : PageKind::kNormal};
}

std::vector<DeviceMemory::Allocation> DeviceMemory::allocations() const {
  const std::lock_guard lock(mutex_);
  std::vector<Allocation> found;
  const auto add = [&](size_t start, size_t size) {
    if (size != 0) found.push_back({visible_ + start, size});
  };
  for (size_t region = 0; region < highest_region_; ++region) {
    if (regions_[region].head.load(std::memory_order_relaxed) != region + 1) continue;
    const size_t start = region << kRegionShift;
    const Slab* slab = regions_[region].slab.load(std::memory_order_relaxed);
    if (slab == nullptr) {
      add(start, regions_[region].size.load(std::memory_order_relaxed));
      continue;
    }
    for (size_t i = 0; i < slab->block_count; ++i)
      add(start + i * slab->block, slab->sizes[i].load(std::memory_order_relaxed));
  }
  return found;
}

MemoryUse DeviceMemory::use() const {
  return {capacity_ - std::min(capacity_, used_bytes_.load(std::memory_order_relaxed)), capacity_};
}

MemoryUse DeviceMemory::use(PageKind pages) const {
  const std::lock_guard lock(mutex_);  // The figures belong together.
  const size_t total = huge_total();
  const size_t free = total - used_huge_bytes_.load(std::memory_order_relaxed);
  if (pages == PageKind::kHuge) return {free, total};
  return {use().free_bytes - std::min(use().free_bytes, free), capacity_ - total};
}

}  // namespace cairn
