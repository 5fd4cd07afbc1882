#include "base/thread_slot.h"

#include <atomic>
#include <bit>

namespace cairn::thread_slot_detail {

constinit thread_local uint32_t slot_plus_1 = 0;

namespace {

constexpr uint32_t kSlots = 64;
constinit std::atomic<uint64_t> taken{0};

/// Gives the number back when the thread ends.
struct Holder {
  uint64_t bit = 0;
  ~Holder() { taken.fetch_and(~bit, std::memory_order_relaxed); }
};
thread_local Holder holder;

}  // namespace

uint32_t take() {
  static std::atomic<uint32_t> shared{0};
  uint64_t seen = taken.load(std::memory_order_relaxed);
  while (seen != ~uint64_t{0}) {
    const auto slot = static_cast<uint32_t>(std::countr_one(seen));
    const uint64_t bit = uint64_t{1} << slot;
    if (!taken.compare_exchange_weak(seen, seen | bit, std::memory_order_relaxed)) continue;
    holder.bit = bit;
    slot_plus_1 = slot + 1;
    return slot;
  }
  const uint32_t slot = shared.fetch_add(1, std::memory_order_relaxed) % kSlots;
  slot_plus_1 = slot + 1;
  return slot;
}

}  // namespace cairn::thread_slot_detail
