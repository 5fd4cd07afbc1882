// A small number for each living thread, for tables that have a place per thread.
#pragma once

#include <cstdint>

namespace cairn {

namespace thread_slot_detail {
extern constinit thread_local uint32_t slot_plus_1;
uint32_t take();
}  // namespace thread_slot_detail

/// The lowest number that no living thread has; numbers of ended threads are given out again. After the first
/// 64 threads at a time they repeat.
inline uint32_t thread_slot() {
  const uint32_t slot_plus_1 = thread_slot_detail::slot_plus_1;
  return slot_plus_1 != 0 ? slot_plus_1 - 1 : thread_slot_detail::take();
}

}  // namespace cairn
