// The operators that can be found by their keys, as many as fit.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/brief_lock.h"
#include "op/operator_key.h"
#include "singleop/single_operator.h"

namespace cairn {

/// Those that were loaded stay [SYS-017]; those that were compiled on the way go when others need their
/// place.
enum class OperatorOrigin : uint8_t { kLoaded, kCompiled };

/// Thread-safe. Looking one up allocates nothing and takes the lock of one of several parts.
class OperatorQueue {
 public:
  using Operator = std::shared_ptr<const SingleOperator>;

  /// Takes the place of one with the same key, dims and ranges; a compiled one does not take that of a
  /// loaded one. Then compiled ones that were not used for longest go until at most `most` are left
  /// [SYS-010], unless the loaded ones fill all places [SYS-019].
  void add(const OperatorKey& key, Operator op, OperatorOrigin origin, size_t most);
  /// Null if there is none that `accepts(description)`.
  template <class Accepts>
  Operator find(const OperatorKey& key, Accepts accepts) {
    Part& part = part_of(key);
    const std::lock_guard lock(part.mutex);
    for (auto [entry, end] = part.entries.equal_range(key); entry != end; ++entry) {
      if (!accepts(entry->second.op->description())) continue;
      mark_use(entry->second);
      return entry->second.op;
    }
    return nullptr;
  }
  bool is_empty() const { return count_.load(std::memory_order_relaxed) == 0; }
  size_t count() const { return count_.load(std::memory_order_relaxed); }
  /// All operators of a type, for messages.
  void collect(std::string_view type, std::vector<Operator>& found) const;

 private:
  struct Entry {
    Operator op;
    OperatorOrigin origin;
    uint64_t last_use;
  };
  struct alignas(64) Part {
    mutable BriefLock mutex;
    std::unordered_multimap<OperatorKey, Entry, OperatorKeyHash> entries;
  };
  static constexpr size_t kParts = 16;

  Part& part_of(const OperatorKey& key) { return parts_[key.high % kParts]; }
  /// An operator that is used again and again writes nothing.
  void mark_use(Entry& entry) {
    if (entry.last_use != uses_.load(std::memory_order_relaxed))
      entry.last_use = uses_.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  Operator remove_oldest();

  std::mutex adding_;
  std::array<Part, kParts> parts_;
  std::atomic<uint64_t> uses_{0};
  std::atomic<size_t> count_{0};
  size_t loaded_ = 0;  ///< Under adding_.
};

}  // namespace cairn
