#include "check/memory/byte_ranges.h"

#include <gtest/gtest.h>

#include <bitset>
#include <random>

namespace cairn::check {
namespace {

constexpr size_t kBytes = 48;

TEST(ByteRanges, AgreesWithABitSet) {
  std::mt19937 random(7);
  const auto number = [&](size_t most) { return std::uniform_int_distribution<size_t>(0, most)(random); };
  for (int round = 0; round < 300; ++round) {
    ByteRanges ranges;
    std::bitset<kBytes> bits;
    for (int step = 0; step < 30; ++step) {
      const size_t begin = number(kBytes);
      const ByteRange range{begin, std::min(kBytes, begin + number(12))};
      const bool add = number(2) != 0;
      add ? ranges.add(range) : ranges.remove(range);
      for (size_t i = range.begin; i < range.end; ++i)
        bits[i] = add;

      size_t first_missing = 0;
      while (first_missing < kBytes && bits[first_missing])
        ++first_missing;
      ASSERT_EQ(ranges.first_missing({0, kBytes}), first_missing);
      ASSERT_EQ(ranges.count({0, kBytes}), bits.count());
      for (size_t i = 1; i < ranges.ranges().size(); ++i)
        ASSERT_LT(ranges.ranges()[i - 1].end, ranges.ranges()[i].begin);
    }
  }
}

TEST(ByteRanges, RangesThatTouchBecomeOne) {
  ByteRanges ranges;
  ranges.add({0, 4});
  ranges.add({8, 12});
  ranges.add({4, 8});
  ASSERT_EQ(ranges.ranges().size(), 1U);
  EXPECT_EQ(ranges.first_missing({2, 12}), 12U);
  EXPECT_EQ(ranges.first_missing({2, 20}), 12U);
}

TEST(ByteRanges, AnEmptyRangeHasNothingMissing) {
  const ByteRanges ranges;
  EXPECT_EQ(ranges.first_missing({5, 5}), 5U);
  EXPECT_EQ(ranges.first_missing({5, 6}), 5U);
}

}  // namespace
}  // namespace cairn::check
