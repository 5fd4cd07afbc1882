// What happens to half floats that do not fit: aclrtFloatOverflowMode.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cairn {

/// How a task treats results beyond the largest half float, and what it saw.
struct FloatOverflow {
  bool saturate = true;  ///< They become the largest finite number, not infinity [RT-004].
  bool seen = false;     ///< Some were saturated.
};

/// Makes infinities the largest finite half of their sign; true if there were any. NaN stays.
inline bool saturate_halves(std::span<uint16_t> halves) {
  constexpr uint16_t kMagnitude = 0x7FFF;
  constexpr uint16_t kInfinity = 0x7C00;
  uint16_t any = 0;
  for (uint16_t& half : halves) {  // Without branches: compilers make vectors of it.
    const uint16_t is_infinite = (half & kMagnitude) == kInfinity ? 1 : 0;
    half = static_cast<uint16_t>(half - is_infinite);  // 0x7C00 - 1 is 65504.
    any |= is_infinite;
  }
  return any != 0;
}

}  // namespace cairn
