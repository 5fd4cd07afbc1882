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

size_t block_size_for(size_t size, size_t alignment) {
  for (const size_t block : kBlockSizes)
    if (block >= size && block % alignment == 0) return block;
  return 0;
}

}  // namespace

/// One region of equal blocks. Its members but the constants change under the lock; `sizes` is read without
/// it.
struct DeviceMemory::Slab {
  Slab(size_t block_bytes, size_t first_region)
      : block(block_bytes),
        region(first_region),
        block_count(kRegionBytes / block_bytes),
        sizes(std::make_unique<std::atomic<uint32_t>[]>(block_count)) {
    free_blocks.reserve(block_count);
    for (size_t i = block_count; i-- > 0;)
      free_blocks.push_back(static_cast<uint16_t>(i));
  }
  const size_t block;
  std::atomic<size_t> region;
  const size_t block_count;
  const std::unique_ptr<std::atomic<uint32_t>[]> sizes;  ///< Bytes the user may touch, 0 = free.
  std::vector<uint16_t> free_blocks;
};

DeviceMemory::DeviceMemory(int device_id, size_t capacity) : device_id_(device_id), capacity_(capacity) {}

Result<std::unique_ptr<DeviceMemory>> DeviceMemory::create(int device_id, const SocProfile& soc,
                                                           size_t capacity) {
  capacity = align_up(capacity, kRegionBytes);
  std::unique_ptr<DeviceMemory> memory(new DeviceMemory(device_id, capacity));
  memory->file_ = ::memfd_create("cairn-device-memory", MFD_CLOEXEC);
  if (memory->file_ < 0 || ::ftruncate(memory->file_, static_cast<off_t>(capacity)) != 0)
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193", "cannot make device memory of {} bytes: {}",
                 capacity, std::strerror(errno));
  const auto map = [&](size_t alignment_slack, int protection) -> std::byte* {
    // Reserve more than needed, so that the start can be aligned to a region.
    void* reserved = ::mmap(nullptr, capacity + alignment_slack, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) return nullptr;
    auto* start = reinterpret_cast<std::byte*>(align_up(reinterpret_cast<size_t>(reserved), kRegionBytes));
    auto* first = static_cast<std::byte*>(reserved);
    if (start != first) ::munmap(first, static_cast<size_t>(start - first));
    const size_t tail = alignment_slack - static_cast<size_t>(start - first);
    if (tail != 0) ::munmap(start + capacity, tail);
    void* mapped =
        ::mmap(start, capacity, protection, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, memory->file_, 0);
    return mapped == MAP_FAILED ? nullptr : start;
  };
  memory->view_ = map(kRegionBytes, PROT_READ | PROT_WRITE);
  memory->visible_ = soc.run_mode == ACL_DEVICE ? memory->view_ : map(kRegionBytes, PROT_NONE);
  if (memory->view_ == nullptr || memory->visible_ == nullptr)
    return error(
        ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193",
        "cannot reserve {} bytes of address space for device {}; set CAIRN_MEMORY_MB to a smaller size",
        capacity, device_id);

  memory->region_count_ = capacity >> kRegionShift;
  const size_t table_bytes = memory->region_count_ * sizeof(Region);
  // Anonymous memory: entries of regions never used cost nothing, and zero is a valid Region.
  void* table = ::mmap(nullptr, table_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (table == MAP_FAILED) return error(ACL_ERROR_BAD_ALLOC, "RT-193", "the host has no memory left");
  static_assert(std::is_trivially_destructible_v<Region>);
  memory->regions_ = {static_cast<Region*>(table), [](Region*) {}};
  memory->add_free_run(0, {memory->region_count_, false});
  observe([&](Observer& watching) { memory->most_held_back_ = watching.bytes_kept_after_free(); });
  return memory;
}

DeviceMemory::~DeviceMemory() {
  if (regions_) ::munmap(regions_.get(), region_count_ * sizeof(Region));
  if (view_ != nullptr) ::munmap(view_, capacity_);
  if (visible_ != nullptr && visible_ != view_) ::munmap(visible_, capacity_);
  if (file_ >= 0) ::close(file_);
}

void DeviceMemory::add_free_run(size_t first, FreeRun run) {
  auto next = free_by_start_.lower_bound(first);
  if (next != free_by_start_.end() && next->first == first + run.regions) {
    free_by_size_.erase({next->second.regions, next->first});
    run.regions += next->second.regions;
    run.dirty |= next->second.dirty;
    next = free_by_start_.erase(next);
  }
  if (next != free_by_start_.begin()) {
    auto before = std::prev(next);
    if (before->first + before->second.regions == first) {
      free_by_size_.erase({before->second.regions, before->first});
      first = before->first;
      run.regions += before->second.regions;
      run.dirty |= before->second.dirty;
      free_by_start_.erase(before);
    }
  }
  free_by_start_[first] = run;
  free_by_size_.insert({run.regions, first});
}

Result<size_t> DeviceMemory::take_regions(size_t count) {
  auto best = free_by_size_.lower_bound({count, 0});
  if (best == free_by_size_.end() && give_back_empty_slabs()) best = free_by_size_.lower_bound({count, 0});
  if (best == free_by_size_.end())
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193",
                 "device {} has no {} bytes left in one piece ({} of {} bytes are in use); free memory first",
                 device_id_, count << kRegionShift, used_bytes_.load(), capacity_);
  const size_t first = best->second;
  const FreeRun run = free_by_start_[first];
  free_by_size_.erase(best);
  free_by_start_.erase(first);
  if (run.regions > count) add_free_run(first + count, {run.regions - count, run.dirty});
  highest_region_ = std::max(highest_region_, first + count);
  if (run.dirty) dirty_bytes_ -= std::min(dirty_bytes_, count << kRegionShift);
  return first;
}

void DeviceMemory::give_back_regions(size_t first, size_t count) {
  const size_t bytes = count << kRegionShift;
  const bool keep = dirty_bytes_ + bytes <= kMostDirtyBytes;
  if (keep) {
    dirty_bytes_ += bytes;
  } else {
    ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(first << kRegionShift),
                static_cast<off_t>(bytes));
  }
  add_free_run(first, {count, keep});
}

Result<void*> DeviceMemory::allocate(size_t size, size_t alignment) {
  if (size > capacity_ - 64)
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193", "size {} is more than the {} bytes of device {}",
                 size, capacity_, device_id_);
  const size_t usable = align_up(size, 32) + 32;  // [RT-142]
  const size_t block = block_size_for(usable, alignment);
  const std::lock_guard lock(mutex_);
  auto result = block != 0 ? allocate_small(usable, block) : allocate_large(usable);
  if (!result.is_ok() && !held_back_.empty()) {
    give_back_held(0);
    result = block != 0 ? allocate_small(usable, block) : allocate_large(usable);
  }
  if (result.is_ok()) {
    used_bytes_.fetch_add(block != 0 ? block : align_up(usable, kRegionBytes), std::memory_order_relaxed);
    allocation_count_.fetch_add(1, std::memory_order_relaxed);
  }
  return result;
}

Result<void*> DeviceMemory::allocate_small(size_t size, size_t block) {
  std::vector<Slab*>& slabs = slabs_[block];
  if (slabs.empty()) {
    CAIRN_ASSIGN(const size_t first, take_regions(1));
    Slab* slab = make_slab(block, first);
    slabs.push_back(slab);
    regions_[first].slab.store(slab, std::memory_order_relaxed);
    regions_[first].head.store(static_cast<uint32_t>(first + 1), std::memory_order_release);
  }
  Slab* slab = slabs.back();
  const size_t index = slab->free_blocks.back();
  slab->free_blocks.pop_back();
  if (slab->free_blocks.empty()) slabs.pop_back();
  slab->sizes[index].store(static_cast<uint32_t>(size), std::memory_order_release);
  return static_cast<void*>(visible_ + (slab->region << kRegionShift) + index * block);
}

DeviceMemory::Slab* DeviceMemory::make_slab(size_t block, size_t region) {
  for (Slab*& slab : retired_slabs_) {
    if (slab->block != block) continue;
    Slab* reused = std::exchange(slab, retired_slabs_.back());
    retired_slabs_.pop_back();
    reused->region.store(region, std::memory_order_relaxed);
    return reused;
  }
  all_slabs_.push_back(std::make_unique<Slab>(block, region));
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

Result<void*> DeviceMemory::allocate_large(size_t size) {
  const size_t count = align_up(size, kRegionBytes) >> kRegionShift;
  CAIRN_ASSIGN(const size_t first, take_regions(count));
  regions_[first].size.store(size, std::memory_order_relaxed);
  for (size_t i = first; i < first + count; ++i)
    regions_[i].head.store(static_cast<uint32_t>(first + 1), std::memory_order_release);
  return static_cast<void*>(visible_ + (first << kRegionShift));
}

bool DeviceMemory::find(const void* pointer, size_t& start, size_t& size) const {
  if (!contains(pointer)) return false;
  const auto offset = static_cast<size_t>(static_cast<const std::byte*>(pointer) - visible_);
  const uint32_t head = regions_[offset >> kRegionShift].head.load(std::memory_order_acquire);
  if (head == 0) return false;
  const Region& first = regions_[head - 1];
  if (const Slab* slab = first.slab.load(std::memory_order_acquire)) {
    const size_t index = (offset - (slab->region << kRegionShift)) / slab->block;
    if (index >= slab->block_count) return false;
    start = (slab->region << kRegionShift) + index * slab->block;
    size = slab->sizes[index].load(std::memory_order_acquire);
  } else {
    start = static_cast<size_t>(head - 1) << kRegionShift;
    size = first.size.load(std::memory_order_acquire);
  }
  return size != 0;
}

Status DeviceMemory::free(void* pointer, std::string_view rule) {
  const std::lock_guard lock(mutex_);
  size_t start = 0;
  size_t size = 0;
  const bool found = find(pointer, start, size);
  const auto offset = static_cast<size_t>(static_cast<std::byte*>(pointer) - visible_);
  if (!found)
    return error(ACL_ERROR_RT_PARAM_INVALID, rule,
                 "{} is not allocated on device {}: it was freed before or never allocated", pointer,
                 device_id_);
  if (start != offset)
    return error(
        ACL_ERROR_RT_PARAM_INVALID, rule,
        "{} lies {} bytes inside the allocation at {}; free the address that the allocation returned",
        pointer, offset - start, static_cast<void*>(visible_ + start));
  const size_t first = start >> kRegionShift;
  size_t held = 0;
  if (Slab* slab = regions_[first].slab.load(std::memory_order_relaxed)) {
    const size_t index = (offset - (slab->region << kRegionShift)) / slab->block;
    held = slab->block;
    slab->sizes[index].store(0, std::memory_order_release);
  } else {
    const size_t count = align_up(size, kRegionBytes) >> kRegionShift;
    held = count << kRegionShift;
    regions_[first].size.store(0, std::memory_order_release);
    for (size_t i = first; i < first + count; ++i)
      regions_[i].head.store(0, std::memory_order_release);
  }
  hold_back(start, held);
  used_bytes_.fetch_sub(held, std::memory_order_relaxed);
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
  const std::lock_guard lock(mutex_);
  held_back_.clear();
  held_back_bytes_ = 0;
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
  slabs_.clear();
  free_by_start_.clear();
  free_by_size_.clear();
  ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
              static_cast<off_t>(highest_region_ << kRegionShift));
  add_free_run(0, {region_count_, false});
  dirty_bytes_ = 0;
  highest_region_ = 0;
  used_bytes_.store(0);
  allocation_count_.store(0);
}

Result<std::byte*> DeviceMemory::resolve(const void* pointer, size_t size) const {
  size_t start = 0;
  size_t allocated = 0;
  if (!find(pointer, start, allocated))
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-176",
                 "{} is an address of device {} that is not allocated (any more)", pointer, device_id_);
  const auto offset = static_cast<size_t>(static_cast<const std::byte*>(pointer) - visible_);
  const size_t left = allocated - std::min(allocated, offset - start);
  if (size > left || left == 0)
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-176",
                 "{} bytes from {} go beyond the allocation: {} of its {} bytes lie behind that address",
                 size, pointer, left, allocated);
  return view_ + offset;
}

DeviceMemory::Allocation DeviceMemory::allocation_of(const void* pointer) const {
  size_t start = 0;
  size_t size = 0;
  if (!find(pointer, start, size)) return {};
  return {visible_ + start, size};
}

MemoryUse DeviceMemory::use() const {
  return {capacity_ - std::min(capacity_, used_bytes_.load(std::memory_order_relaxed)), capacity_};
}

}  // namespace cairn
