// IEEE 754 binary16 ("half", aclFloat16): conversions are exact, rounding is to nearest, ties to even.
#pragma once

#include <bit>
#include <cstdint>

namespace cairn {

inline float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU;
  uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  if (mantissa == 0) return std::bit_cast<float>(sign);
  const int shift = std::countl_zero(mantissa) - 21;  // Brings the leading one to bit 10.
  mantissa = (mantissa << shift) & 0x3FFU;
  return std::bit_cast<float>(sign | (static_cast<uint32_t>(113 - shift) << 23) | (mantissa << 13));
}

inline uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U)
    return sign | 0x7E00U | static_cast<uint16_t>((magnitude >> 13) & 0x3FFU);  // NaN
  if (magnitude >= 0x477FF000U) return sign | 0x7C00U;  // Rounds to 65536 or more: infinity.
  if (magnitude < 0x38800000U) {                        // Below 2^-14: subnormal or zero.
    if (magnitude < 0x33000000U) return sign;
    const uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
    const uint32_t shift = 126 - (magnitude >> 23);
    const uint32_t kept = mantissa >> shift;
    const uint32_t rest = mantissa & ((1U << shift) - 1);
    const uint32_t half_way = 1U << (shift - 1);
    const uint32_t round_up = (rest > half_way || (rest == half_way && (kept & 1U))) ? 1 : 0;
    return sign | static_cast<uint16_t>(kept + round_up);
  }
  const uint32_t rounded = magnitude + 0xFFFU + ((magnitude >> 13) & 1U);
  return sign | static_cast<uint16_t>((rounded - 0x38000000U) >> 13);
}

}  // namespace cairn
