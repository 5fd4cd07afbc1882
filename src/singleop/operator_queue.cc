#include "singleop/operator_queue.h"

#include <algorithm>

namespace cairn {
namespace {

bool same_shapes(const std::vector<OperatorTensor>& one, const std::vector<OperatorTensor>& other) {
  return std::ranges::equal(one, other, [](const OperatorTensor& a, const OperatorTensor& b) {
    return a.dims == b.dims && a.ranges == b.ranges;
  });
}

}  // namespace

void OperatorQueue::add(const OperatorKey& key, Operator op, OperatorOrigin origin, size_t most) {
  Operator replaced;  // Ends after the locks, as does what makes room.
  std::vector<Operator> removed;
  const std::lock_guard adding(adding_);
  {
    Part& part = part_of(key);
    const OperatorSpec& added = op->description();
    const std::lock_guard lock(part.mutex);
    auto [entry, end] = part.entries.equal_range(key);
    entry = std::find_if(entry, end, [&](const auto& each) {
      const OperatorSpec& known = each.second.op->description();
      return same_shapes(known.inputs, added.inputs) && same_shapes(known.outputs, added.outputs);
    });
    const uint64_t use = uses_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (entry != end) {
      const bool was_loaded = entry->second.origin == OperatorOrigin::kLoaded;
      if (was_loaded && origin == OperatorOrigin::kCompiled) return;
      if (!was_loaded && origin == OperatorOrigin::kLoaded) ++loaded_;
      replaced = std::exchange(entry->second.op, std::move(op));
      entry->second.origin = origin;
      entry->second.last_use = use;
    } else {
      part.entries.emplace(key, Entry{std::move(op), origin, use});
      count_.fetch_add(1, std::memory_order_relaxed);
      if (origin == OperatorOrigin::kLoaded) ++loaded_;
    }
  }
  while (loaded_ < most && count() > most) {
    Operator oldest = remove_oldest();
    if (!oldest) break;
    removed.push_back(std::move(oldest));
  }
}

OperatorQueue::Operator OperatorQueue::remove_oldest() {
  Part* oldest_part = nullptr;
  OperatorKey oldest_key;
  uint64_t oldest_use = 0;
  for (Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    for (const auto& [key, entry] : part.entries) {
      if (entry.origin == OperatorOrigin::kLoaded) continue;
      if (oldest_part != nullptr && entry.last_use >= oldest_use) continue;
      oldest_part = &part;
      oldest_key = key;
      oldest_use = entry.last_use;
    }
  }
  if (oldest_part == nullptr) return nullptr;
  const std::lock_guard lock(oldest_part->mutex);
  // One that is used at this moment goes all the same; only adding_ makes and removes entries.
  auto [entry, end] = oldest_part->entries.equal_range(oldest_key);
  const auto chosen = std::min_element(entry, end, [](const auto& a, const auto& b) {
    return std::pair(a.second.origin == OperatorOrigin::kLoaded, a.second.last_use) <
           std::pair(b.second.origin == OperatorOrigin::kLoaded, b.second.last_use);
  });
  Operator op = std::move(chosen->second.op);
  oldest_part->entries.erase(chosen);
  count_.fetch_sub(1, std::memory_order_relaxed);
  return op;
}

void OperatorQueue::collect(std::string_view type, std::vector<Operator>& found) const {
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    for (const auto& [key, entry] : part.entries)
      if (entry.op->description().type == type) found.push_back(entry.op);
  }
}

}  // namespace cairn
