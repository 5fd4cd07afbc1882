// Scaling of pictures: what has to hold for any size, and areas that start or end at odd pixels.
#include "media/image/scale.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace cairn {
namespace {

constexpr auto kMatrix = ACL_DVPP_CSC_MATRIX_BT601_WIDE;

/// A picture with guard bytes behind its memory.
struct Image {
  Image(int format, uint32_t width, uint32_t height, uint8_t fill = 0)
      : picture{find_pixel_format(format),
                width,
                height,
                width * find_pixel_format(format)->stride_factor,
                height,
                nullptr} {
    size = picture.format->memory_size(picture.width_stride, picture.height_stride);
    memory.assign(size + kGuard, std::byte{fill});
    for (size_t i = size; i < memory.size(); ++i)
      memory[i] = std::byte{0xA5};
    picture.data = memory.data();
  }
  bool guard_is_whole() const {
    for (size_t i = size; i < memory.size(); ++i)
      if (memory[i] != std::byte{0xA5}) return false;
    return true;
  }
  static constexpr size_t kGuard = 64;
  Picture picture;
  size_t size;
  std::vector<std::byte> memory;
};

// Grey input gives grey output only [VPC1-004]: the conformance tests have it.
constexpr int kInputs[] = {PIXEL_FORMAT_YUV_SEMIPLANAR_420,
                           PIXEL_FORMAT_YVU_SEMIPLANAR_422,
                           PIXEL_FORMAT_YUV_SEMIPLANAR_444,
                           PIXEL_FORMAT_YVU_SEMIPLANAR_440,
                           PIXEL_FORMAT_UYVY_PACKED_422,
                           PIXEL_FORMAT_YUV_PACKED_444,
                           PIXEL_FORMAT_BGR_888,
                           PIXEL_FORMAT_ARGB_8888};
constexpr int kOutputs[] = {PIXEL_FORMAT_YUV_400,
                            PIXEL_FORMAT_YVU_SEMIPLANAR_420,
                            PIXEL_FORMAT_YUV_SEMIPLANAR_422,
                            PIXEL_FORMAT_YUV_PACKED_444,
                            PIXEL_FORMAT_RGB_888,
                            PIXEL_FORMAT_BGRA_8888};

/// An area of at least 10x6 pixels in a picture.
Rectangle random_area(const Picture& picture, std::mt19937& random) {
  const auto pick = [&](uint32_t low, uint32_t high) { return low + random() % (high - low + 1); };
  Rectangle area;
  area.left = pick(0, picture.width - 10);
  area.right = pick(area.left + 9, picture.width - 1);
  area.top = pick(0, picture.height - 6);
  area.bottom = pick(area.top + 5, picture.height - 1);
  return area;
}

class AllFormats : public testing::TestWithParam<std::tuple<int, int, Interpolation>> {};

TEST_P(AllFormats, ScalesAnyAreaToAnyAreaInsideTheMemory) {
  const auto [from, to, interpolation] = GetParam();
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    Image input(from, 10 + random() % 40 * 2, 6 + random() % 40 * 2, 90);
    Image output(to, 10 + random() % 40 * 2, 6 + random() % 40 * 2, 0);
    scale_picture(input.picture, random_area(input.picture, random), output.picture,
                  random_area(output.picture, random), interpolation, kMatrix);
    ASSERT_TRUE(input.guard_is_whole());
    ASSERT_TRUE(output.guard_is_whole());
  }
}

INSTANTIATE_TEST_SUITE_P(, AllFormats,
                         testing::Combine(testing::ValuesIn(kInputs), testing::ValuesIn(kOutputs),
                                          testing::Values(Interpolation::kBilinear, Interpolation::kNearest,
                                                          Interpolation::kBicubic)));

TEST(Scale, KeepsAnEvenColour) {
  std::mt19937 random(8);
  for (const Interpolation interpolation :
       {Interpolation::kBilinear, Interpolation::kNearest, Interpolation::kBicubic}) {
    for (int round = 0; round < 200; ++round) {
      const auto value = static_cast<uint8_t>(random());
      Image input(PIXEL_FORMAT_YUV_SEMIPLANAR_420, 10 + random() % 60 * 2, 6 + random() % 60 * 2, value);
      Image output(PIXEL_FORMAT_YUV_SEMIPLANAR_420, 10 + random() % 60 * 2, 6 + random() % 60 * 2,
                   static_cast<uint8_t>(~value));
      scale_picture(input.picture, random_area(input.picture, random), output.picture, whole(output.picture),
                    interpolation, kMatrix);
      for (size_t i = 0; i < output.size; ++i)
        ASSERT_EQ(output.memory[i], std::byte{value});
    }
  }
}

TEST(Scale, WritesTheSamplesOfThePasteAreaOnly) {
  Image input(PIXEL_FORMAT_YUV_SEMIPLANAR_420, 64, 48, 200);
  Image output(PIXEL_FORMAT_YUV_SEMIPLANAR_420, 64, 48, 10);
  const Rectangle to{21, 40, 11, 30};  // Odd left and top, even right and bottom.
  scale_picture(input.picture, whole(input.picture), output.picture, to, Interpolation::kBilinear, kMatrix);
  for (uint32_t y = 0; y < 48; ++y)
    for (uint32_t x = 0; x < 64; ++x) {
      const bool inside = x >= to.left && x <= to.right && y >= to.top && y <= to.bottom;
      ASSERT_EQ(output.memory[y * 64 + x], std::byte{uint8_t(inside ? 200 : 10)}) << x << ", " << y;
    }
  for (uint32_t y = 0; y < 24; ++y)
    for (uint32_t x = 0; x < 32; ++x) {
      const bool touched = x >= 10 && x <= 20 && y >= 5 && y <= 15;
      ASSERT_EQ(output.memory[64 * 48 + y * 64 + 2 * x], std::byte{uint8_t(touched ? 200 : 10)})
          << x << ", " << y;
    }
}

TEST(Scale, SameMemoryForInputAndOutputIsHarmless) {
  Image image(PIXEL_FORMAT_YUV_SEMIPLANAR_420, 64, 48, 50);
  scale_picture(image.picture, {0, 39, 0, 29}, image.picture, {10, 49, 10, 39}, Interpolation::kBilinear,
                kMatrix);
  scale_picture(image.picture, {0, 39, 0, 29}, image.picture, whole(image.picture), Interpolation::kBilinear,
                kMatrix);
  EXPECT_TRUE(image.guard_is_whole());
}

}  // namespace
}  // namespace cairn
