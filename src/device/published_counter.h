// A counter that other processes can read while it is counted.
#pragma once

#include <atomic>

namespace cairn {

/// Counts like std::atomic<T>: in itself, until publish_in names a place in shared memory where it lives from
/// then on. There is one number, not a copy of it, so what others read is always true.
template <class T>
class PublishedCounter {
 public:
  PublishedCounter() = default;
  PublishedCounter(const PublishedCounter&) = delete;
  PublishedCounter& operator=(const PublishedCounter&) = delete;

  /// Once, before other threads know the counter. `place` outlives it.
  void publish_in(std::atomic<T>& place) {
    place.store(own_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    value_ = &place;
  }

  T load(std::memory_order order = std::memory_order_seq_cst) const { return value_->load(order); }
  void store(T value, std::memory_order order = std::memory_order_seq_cst) { value_->store(value, order); }
  T fetch_add(T amount, std::memory_order order = std::memory_order_seq_cst) {
    return value_->fetch_add(amount, order);
  }
  T fetch_sub(T amount, std::memory_order order = std::memory_order_seq_cst) {
    return value_->fetch_sub(amount, order);
  }

 private:
  std::atomic<T> own_{0};
  std::atomic<T>* value_ = &own_;
};

}  // namespace cairn
