#include "check/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/script_stack.h"
#include "check/current_call.h"
#include "check/function_names.h"

namespace cairn::check {

// --- Heap ---

void Heap::add(const Allocation& allocation) {
  found_ = {};
  has_mappings_ |= allocation.is_mapped;
  if (spare_.empty()) {
    living_.insert_or_assign(allocation.start, allocation);
    return;
  }
  spare_.key() = allocation.start;
  spare_.mapped() = allocation;
  if (auto inserted = living_.insert(std::move(spare_)); !inserted.inserted)
    inserted.position->second = allocation;
}

void Heap::end(const void* start, const CallSite& site) {
  auto node = living_.extract(static_cast<const std::byte*>(start));
  if (node.empty()) return;
  found_ = {};
  freed_.push_back(node.mapped());
  spare_ = std::move(node);
  Allocation& ended = freed_.back();
  ended.freed = site;
  if (ended.place == MemoryPlace::kHost) freed_host_[ended.start] = &ended;
  freed_bytes_ += ended.size;
  while (freed_bytes_ > kMostFreedBytes || freed_.size() > kMostFreed)
    forget_oldest();
}

void Heap::forget_oldest() {
  const Allocation& oldest = freed_.front();
  freed_bytes_ -= oldest.size;
  if (oldest.place == MemoryPlace::kHost) {
    auto* const start = const_cast<std::byte*>(oldest.start);
    freed_host_.erase(start);
    if (oldest.is_closable)
      closable_->free(start);
    else
      std::free(start);
  }
  freed_.pop_front();
}

const Allocation* Heap::holder(const ByStart& allocations, const void* address) {
  const auto* const wanted = static_cast<const std::byte*>(address);
  auto after = allocations.upper_bound(wanted);
  if (after == allocations.begin()) return nullptr;
  const Allocation& before = std::prev(after)->second;
  return wanted < before.end() ? &before : nullptr;
}

const Allocation* Heap::find(const void* address) const {
  const size_t hash = (reinterpret_cast<uintptr_t>(address) >> 6) * 0x9E3779B97F4A7C15ULL;
  const Allocation*& known = found_[hash >> 61];
  if (known != nullptr && known->holds(address)) return known;
  const Allocation* const found = holder(living_, address);
  if (found != nullptr) known = found;
  return found;
}

const Allocation* Heap::find_at_or_before(const void* address) const {
  auto after = living_.upper_bound(static_cast<const std::byte*>(address));
  return after == living_.begin() ? nullptr : &std::prev(after)->second;
}

const Allocation* Heap::find_freed(const void* address) const {
  const auto is_overlapped = [this](const Allocation& freed) {
    const auto after = living_.lower_bound(freed.end());
    return after != living_.begin() && std::prev(after)->second.end() > freed.start;
  };
  for (auto freed = freed_.rbegin(); freed != freed_.rend(); ++freed)
    if (freed->holds(address) && !is_overlapped(*freed)) return &*freed;
  return nullptr;
}

const Allocation* Heap::find_freed_host(const void* address) const {
  const auto after = freed_host_.upper_bound(static_cast<const std::byte*>(address));
  if (after == freed_host_.begin()) return nullptr;
  const Allocation* const before = std::prev(after)->second;
  return before->holds(address) ? before : nullptr;
}

std::vector<Allocation> Heap::take_device(int device) {
  std::vector<Allocation> taken;
  for (auto entry = living_.begin(); entry != living_.end();) {
    const Allocation& allocation = entry->second;
    if (allocation.place != MemoryPlace::kDevice || allocation.device != device) {
      ++entry;
      continue;
    }
    taken.push_back(allocation);
    entry = living_.erase(entry);
  }
  found_ = {};
  std::erase_if(reservations_, [&](const auto& entry) { return entry.second.device == device; });
  return taken;
}

std::vector<Allocation> Heap::living() const {
  std::vector<Allocation> all;
  for (const auto& [start, allocation] : living_)
    all.push_back(allocation);
  return all;
}

std::vector<Allocation> Heap::reservations() const {
  std::vector<Allocation> all;
  for (const auto& [start, reservation] : reservations_)
    all.push_back(reservation);
  return all;
}

// --- Objects ---

void Objects::add(const Object& object) {
  living_[object.handle] = object;
  if (object.type == HandleType::kStream || object.type == HandleType::kEvent)
    handles_[object.object] = object.handle;
}

void Objects::end(const void* handle, const CallSite& site) {
  const auto found = living_.find(handle);
  if (found == living_.end()) return;
  Object ended = found->second;
  living_.erase(found);
  if (const auto known = handles_.find(ended.object); known != handles_.end() && known->second == handle)
    handles_.erase(known);
  ended.ended = site;
  ended_[handle] = ended;
  ended_order_.push_back(handle);
  if (ended_order_.size() > kMostEnded) {
    ended_.erase(ended_order_.front());
    ended_order_.pop_front();
  }
}

const Object* Objects::find(const void* handle) const {
  const auto found = living_.find(handle);
  return found == living_.end() ? nullptr : &found->second;
}

const Object* Objects::find_ended(const void* handle) const {
  const auto found = ended_.find(handle);
  return found == ended_.end() ? nullptr : &found->second;
}

const Object* Objects::at(const void* object) const {
  const auto found = handles_.find(object);
  return found == handles_.end() ? nullptr : find(found->second);
}

std::vector<Object> Objects::living() const {
  std::vector<Object> all;
  for (const auto& [handle, object] : living_)
    all.push_back(object);
  std::sort(all.begin(), all.end(), [](const Object& a, const Object& b) { return a.handle < b.handle; });
  return all;
}

// --- names ---

CallSite Facts::here() const {
  return current_call();
}

const char* Facts::function() const {
  return current_function();
}

std::string shown_name(const char* function) {
  if (function == nullptr) return "?";
  if (script_stack.load(std::memory_order_acquire) != nullptr)
    if (const char* const name = python_name(function)) return name;
  return function;
}

std::string describe(const Allocation& allocation) {
  return fmt::format("{} bytes of {} at {}", allocation.size,
                     allocation.place == MemoryPlace::kDevice ? fmt::format("device {}", allocation.device)
                                                              : std::string("host memory"),
                     static_cast<const void*>(allocation.start));
}

std::string describe(const Object& object) {
  return describe_handle(object.handle);
}

Place place_of(const CallSite& site, std::string_view what) {
  return {fmt::format("{} {}", shown_name(site.function), what), site.stack};
}

}  // namespace cairn::check
