#include "base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace cairn {
namespace {

/// The value of a finite half by the definition of the format.
double reference_value(uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int mantissa = half & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

/// Rounds to a multiple of the half's last place, ties to even, in double arithmetic.
uint16_t reference_half(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(static_cast<double>(value));
  int exponent = magnitude > 0 ? std::ilogb(magnitude) : -14;
  exponent = std::max(exponent, -14);
  const double steps = std::nearbyint(std::ldexp(magnitude, 10 - exponent));
  const double rounded = std::ldexp(steps, exponent - 10);
  if (rounded >= 65536) return sign | 0x7C00;
  // Halves are ordered like their patterns, so the pattern follows from exponent and steps.
  return sign | static_cast<uint16_t>((exponent + 14) * 1024 + static_cast<int>(steps));
}

bool is_nan(uint16_t half) {
  return (half & 0x7FFF) > 0x7C00;
}

TEST(HalfTest, EveryPatternHasTheValueOfTheDefinition) {
  for (uint32_t i = 0; i < 65536; ++i) {
    const auto half = static_cast<uint16_t>(i);
    const float value = half_to_float(half);
    if (is_nan(half)) {
      ASSERT_TRUE(std::isnan(value)) << i;
    } else if ((half & 0x7C00) == 0x7C00) {
      ASSERT_TRUE(std::isinf(value)) << i;
    } else {
      ASSERT_EQ(value, reference_value(half)) << i;
    }
    ASSERT_EQ(std::signbit(value), (half & 0x8000) != 0) << i;
  }
}

TEST(HalfTest, EveryPatternSurvivesTheWayThereAndBack) {
  for (uint32_t i = 0; i < 65536; ++i) {
    const auto half = static_cast<uint16_t>(i);
    const uint16_t back = float_to_half(half_to_float(half));
    if (is_nan(half)) {
      ASSERT_TRUE(is_nan(back)) << i;
    } else {
      ASSERT_EQ(back, half);
    }
  }
}

TEST(HalfTest, ValuesAroundEveryMiddleRoundToTheNearestEvenHalf) {
  for (uint32_t i = 0; i < 0x7BFF; ++i) {
    const float low = half_to_float(static_cast<uint16_t>(i));
    const float high = half_to_float(static_cast<uint16_t>(i + 1));
    const auto middle = static_cast<float>((static_cast<double>(low) + high) / 2);
    ASSERT_EQ(float_to_half(middle), (i & 1) != 0 ? i + 1 : i);
    ASSERT_EQ(float_to_half(std::nextafter(middle, 0.0F)), i);
    ASSERT_EQ(float_to_half(std::nextafter(middle, INFINITY)), i + 1);
  }
}

TEST(HalfTest, RandomFloatsRoundLikeTheReference) {
  std::mt19937 random(1);
  for (int i = 0; i < 500000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(float_to_half(value), reference_half(value)) << value;
  }
}

TEST(HalfTest, OverflowBecomesInfinityAndNanStaysNan) {
  EXPECT_EQ(float_to_half(65519.996F), 0x7BFF);
  EXPECT_EQ(float_to_half(65520.0F), 0x7C00);
  EXPECT_EQ(float_to_half(-INFINITY), 0xFC00);
  EXPECT_TRUE(is_nan(float_to_half(NAN)));
  EXPECT_TRUE(is_nan(float_to_half(std::bit_cast<float>(0x7F800001U))));
}

}  // namespace
}  // namespace cairn
