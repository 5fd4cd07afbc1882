#include "device/slab_pool.h"

#include <algorithm>
#include <utility>

namespace cairn {
namespace {

/// Capacity for `needed` elements; doubles, so that growing one by one stays cheap.
size_t grown(size_t capacity, size_t needed) {
  return needed <= capacity ? capacity : std::max(needed, capacity * 2);
}

}  // namespace

std::optional<SlabPool::Block> SlabPool::take(size_t size_class) {
  std::vector<Slab*>& slabs = slabs_[size_class];
  if (slabs.empty()) {
    Slab* slab = make_slab(size_class);
    auto region = free_regions_.take(1);
    if (!region && give_back_empty_slabs()) region = free_regions_.take(1);
    if (!region) {
      retired_slabs_.push_back(slab);
      return std::nullopt;
    }
    slab->move_to(*region);
    slabs.push_back(slab);
    table_.enter_slab(*region, slab);
  }
  return take_ready(size_class);
}

std::optional<SlabPool::Block> SlabPool::take_ready(size_t size_class) {
  std::vector<Slab*>& slabs = slabs_[size_class];
  if (slabs.empty()) return std::nullopt;
  Slab* slab = slabs.back();
  const size_t index = slab->take_block();
  if (slab->is_full()) slabs.pop_back();
  return Block{slab, index};
}

Slab* SlabPool::make_slab(size_t size_class) {
  for (Slab*& slab : retired_slabs_) {
    if (slab->size_class() != size_class) continue;
    Slab* reused = std::exchange(slab, retired_slabs_.back());
    retired_slabs_.pop_back();
    return reused;
  }
  auto slab = std::make_unique<Slab>(size_class);
  all_slabs_.reserve(grown(all_slabs_.capacity(), all_slabs_.size() + 1));
  // A slab may go to any of these lists when memory is freed, which must not need memory.
  retired_slabs_.reserve(all_slabs_.capacity());
  slabs_[size_class].reserve(all_slabs_.capacity());
  all_slabs_.push_back(std::move(slab));
  return all_slabs_.back().get();
}

void SlabPool::give_back(Block block) {
  Slab* const slab = block.slab;
  std::vector<Slab*>& slabs = slabs_[slab->size_class()];
  if (slab->is_full()) slabs.push_back(slab);
  slab->give_back_block(block.index);
  // The last slab of a size stays: malloc and free in turn would make and retire it each time.
  if (slab->is_empty() && slabs.size() > 1) retire(slab);
}

void SlabPool::retire(Slab* slab) {
  std::vector<Slab*>& slabs = slabs_[slab->size_class()];
  slabs.erase(std::find(slabs.begin(), slabs.end(), slab));
  const size_t region = slab->region();
  table_.remove_slab(region);
  free_regions_.give_back(region, 1);
  retired_slabs_.push_back(slab);
}

bool SlabPool::give_back_empty_slabs() {
  std::vector<Slab*> empty;
  for (const auto& slabs : slabs_)
    for (Slab* slab : slabs)
      if (slab->is_empty()) empty.push_back(slab);
  for (Slab* slab : empty)
    retire(slab);
  return !empty.empty();
}

void SlabPool::free_all() {
  retired_slabs_.clear();
  for (const auto& slab : all_slabs_) {
    slab->free_all();
    retired_slabs_.push_back(slab.get());
  }
  for (auto& slabs : slabs_)
    slabs.clear();
}

}  // namespace cairn
