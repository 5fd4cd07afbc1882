// The kernel against a plain reference written from the manual's formulas: one pixel at a time, integers in
// 64 bits.
#include "aipp/aipp_kernel.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace cairn {
namespace {

using Pixel = std::array<int64_t, 4>;

int64_t clip8(int64_t value) {
  return std::clamp<int64_t>(value, 0, 255);
}

// All finite halves that are not negative are ordered like their bit patterns.
double half_value(uint16_t bits) {
  const int exponent = bits >> 10;
  const int mantissa = bits & 0x3FF;
  return exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
}

// The nearest half by search: of two equally near ones, that with an even pattern.
uint16_t nearest_half(float value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const double magnitude = std::fabs(static_cast<double>(value));
  uint32_t low = 0;
  uint32_t high = 0x7C00;  // One past the largest: 65536 stands for infinity.
  while (high - low > 1) {
    const uint32_t middle = (low + high) / 2;
    (half_value(static_cast<uint16_t>(middle)) <= magnitude ? low : high) = middle;
  }
  const double below = magnitude - half_value(static_cast<uint16_t>(low));
  const double above = half_value(static_cast<uint16_t>(high)) - magnitude;
  const bool up = above < below || (above == below && low % 2 == 1);
  return static_cast<uint16_t>(sign | (up ? high : low));
}

class Reference {
 public:
  Reference(const AippParams& params, const AippOutput& output) : p_(params), out_(output) {}

  // Output element (channel, y, x) as the bits in memory.
  uint32_t element(const uint8_t* image, int64_t channel, int64_t y, int64_t x) const {
    const int64_t inner_x = x - (p_.padding ? p_.left_padding_size : 0);
    const int64_t inner_y = y - (p_.padding ? p_.top_padding_size : 0);
    const int64_t inner_w = p_.crop ? p_.crop_size_w : p_.src_image_size_w;
    const int64_t inner_h = p_.crop ? p_.crop_size_h : p_.src_image_size_h;
    if (inner_x < 0 || inner_y < 0 || inner_x >= inner_w || inner_y >= inner_h) return padding();
    const int64_t source_x = inner_x + (p_.crop ? p_.load_start_pos_w : 0);
    const int64_t source_y = inner_y + (p_.crop ? p_.load_start_pos_h : 0);
    const Pixel pixel = convert(swapped(image, source_x, source_y));
    const bool drop_x = has_x() && out_.channels != 4;
    return finish(pixel[static_cast<size_t>(channel + (drop_x ? 1 : 0))], static_cast<size_t>(channel));
  }

 private:
  bool has_x() const {
    return p_.input_format == AippInputFormat::kXrgb8888U8 ||
           p_.input_format == AippInputFormat::kArgb8888U8 || p_.input_format == AippInputFormat::kAyuv444U8;
  }

  // Source pixel after the swaps; XRGB as X, R, G, B.
  Pixel swapped(const uint8_t* image, int64_t x, int64_t y) const {
    const int64_t w = p_.src_image_size_w;
    const int64_t h = p_.src_image_size_h;
    const bool swap = p_.rbuv_swap_switch;
    switch (p_.input_format) {
      case AippInputFormat::kYuv420spU8: {
        const uint8_t* pair = image + w * h + (y / 2) * w + (x / 2) * 2;
        return {image[y * w + x], pair[swap ? 1 : 0], pair[swap ? 0 : 1], 0};
      }
      case AippInputFormat::kRgb888U8: {
        const uint8_t* s = image + (y * w + x) * 3;
        return {s[swap ? 2 : 0], s[1], s[swap ? 0 : 2], 0};
      }
      case AippInputFormat::kYuv422spU8: {
        const uint8_t* pair = image + w * h + y * w + (x / 2) * 2;
        return {image[y * w + x], pair[swap ? 1 : 0], pair[swap ? 0 : 1], 0};
      }
      case AippInputFormat::kYuyvU8: {
        const uint8_t* two = image + y * w * 2 + (x / 2) * 4;
        return {two[x % 2 * 2], two[swap ? 3 : 1], two[swap ? 1 : 3], 0};
      }
      case AippInputFormat::kXrgb8888U8:
      case AippInputFormat::kArgb8888U8:
      case AippInputFormat::kAyuv444U8: {
        const uint8_t* s = image + (y * w + x) * 4;
        Pixel pixel = {s[0], s[1], s[2], s[3]};
        if (p_.ax_swap_switch) pixel = {s[3], s[0], s[1], s[2]};
        if (swap) std::swap(pixel[p_.input_format == AippInputFormat::kAyuv444U8 ? 2 : 1], pixel[3]);
        return pixel;
      }
      default:
        return {image[y * w + x], 0, 0, 0};
    }
  }

  Pixel convert(Pixel pixel) const {
    if (!p_.csc_switch) return pixel;
    const size_t first = has_x() ? 1 : 0;
    Pixel result = pixel;
    for (size_t k = 0; k < 3; ++k) {
      int64_t sum = 0;
      for (size_t j = 0; j < 3; ++j)
        sum += p_.matrix[k][j] * (pixel[first + j] - p_.input_bias[j]);
      result[first + k] = clip8((sum >> 8) + p_.output_bias[k]);
    }
    return result;
  }

  uint32_t finish(int64_t sample, size_t channel) const {
    const int64_t centred = sample - p_.mean_chn[channel];
    if (out_.type == AippDataType::kUint8) return static_cast<uint8_t>(sample);
    if (out_.type == AippDataType::kInt8)
      return static_cast<uint8_t>(std::clamp<int64_t>(centred, -128, 127));
    const float difference = static_cast<float>(centred) - p_.min_chn[channel];
    return as_float(difference * p_.var_reci_chn[channel]);
  }

  uint32_t padding() const {
    if (out_.type == AippDataType::kUint8 || out_.type == AippDataType::kInt8)
      return static_cast<uint8_t>(static_cast<int>(p_.padding_value));
    return as_float(p_.padding_value);
  }

  uint32_t as_float(float value) const {
    if (out_.type == AippDataType::kFloat16) return nearest_half(value);
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
  }

  const AippParams& p_;
  const AippOutput& out_;
};

size_t bytes_of(AippDataType type) {
  return type == AippDataType::kFloat32 ? 4 : type == AippDataType::kFloat16 ? 2 : 1;
}

uint32_t stored(const uint8_t* output, const AippOutput& o, int64_t channel, int64_t y, int64_t x) {
  const int64_t index = o.layout == AippLayout::kNchw ? (channel * o.height + y) * o.width + x
                                                      : (y * o.width + x) * o.channels + channel;
  uint32_t bits = 0;
  std::memcpy(&bits, output + static_cast<size_t>(index) * bytes_of(o.type), bytes_of(o.type));
  return bits;
}

// Input and output of exactly the promised sizes, the output between canaries.
class Buffers {
 public:
  explicit Buffers(const AippKernel& kernel, std::mt19937& random)
      : input_(new uint8_t[kernel.input_bytes()]), output_(kernel.output_bytes() + 2 * kGuard, kCanary) {
    std::generate_n(input_.get(), kernel.input_bytes(), [&] { return static_cast<uint8_t>(random()); });
  }

  const uint8_t* input() const { return input_.get(); }
  uint8_t* output() { return output_.data() + kGuard; }

  bool guards_are_whole() const {
    const auto is_canary = [](uint8_t byte) { return byte == kCanary; };
    return std::all_of(output_.begin(), output_.begin() + kGuard, is_canary) &&
           std::all_of(output_.end() - kGuard, output_.end(), is_canary);
  }

 private:
  static constexpr ptrdiff_t kGuard = 256;
  static constexpr uint8_t kCanary = 0xA5;

  std::unique_ptr<uint8_t[]> input_;  // Exact, so that the address sanitizer sees any read behind it.
  std::vector<uint8_t> output_;
};

std::string describe(const AippParams& p, const AippOutput& o) {
  return std::string(to_string(p.input_format)) + " " + std::to_string(p.src_image_size_w) + "x" +
         std::to_string(p.src_image_size_h) + " crop " + std::to_string(p.crop_size_w) + "x" +
         std::to_string(p.crop_size_h) + " at " + std::to_string(p.load_start_pos_w) + "," +
         std::to_string(p.load_start_pos_h) + " pad " + std::to_string(p.left_padding_size) + "," +
         std::to_string(p.right_padding_size) + " csc " + std::to_string(p.csc_switch) + " swaps " +
         std::to_string(p.rbuv_swap_switch) + std::to_string(p.ax_swap_switch) + " to " +
         std::to_string(o.channels) + "x" + std::to_string(o.height) + "x" + std::to_string(o.width) +
         " layout " + std::to_string(static_cast<int>(o.layout)) + " type " +
         std::to_string(static_cast<int>(o.type));
}

void expect_reference(const AippParams& params, const AippOutput& output, std::mt19937& random) {
  const auto kernel = AippKernel::create(params, output);
  ASSERT_TRUE(kernel.is_ok()) << kernel.status().text() << " " << describe(params, output);
  Buffers buffers(*kernel, random);
  kernel->run(buffers.input(), buffers.output());
  ASSERT_TRUE(buffers.guards_are_whole()) << describe(params, output);

  const Reference reference(kernel->params(), output);
  for (int64_t n = 0; n < output.batch; ++n) {
    const uint8_t* image = buffers.input() + static_cast<size_t>(n) * kernel->image_bytes();
    const uint8_t* result = buffers.output() + static_cast<size_t>(n) * kernel->output_image_bytes();
    for (int64_t c = 0; c < output.channels; ++c) {
      for (int64_t y = 0; y < output.height; ++y) {
        for (int64_t x = 0; x < output.width; ++x) {
          ASSERT_EQ(stored(result, output, c, y, x), reference.element(image, c, y, x))
              << describe(params, output) << " image " << n << " channel " << c << " y " << y << " x " << x;
        }
      }
    }
  }
}

class RandomCase {
 public:
  explicit RandomCase(std::mt19937& random) : random_(random) {}

  void make(AippInputFormat format, int64_t channels, AippLayout layout, AippDataType type, AippParams& p,
            AippOutput& o) {
    p = AippParams();
    o = AippOutput();
    p.input_format = format;
    o.channels = channels;
    o.layout = layout;
    o.type = type;
    o.batch = number(1, 2);
    const int rows = format == AippInputFormat::kYuv420spU8 ? 2 : 1;
    const bool pairs = format == AippInputFormat::kYuyvU8 || format == AippInputFormat::kYuv422spU8;
    const int columns = pairs ? 2 : rows;
    // Small, vector-sized, and wider than one block of the kernel.
    const int widest = std::array{20, 80, 1200}[static_cast<size_t>(number(0, 2))];
    p.src_image_size_w = number(2 / columns, widest / columns) * columns;
    p.src_image_size_h = number(1, (widest > 1000 ? 6 : 40) / rows) * rows;
    crop(p, columns, rows);
    padding(p, o.type);
    o.width = (p.crop ? p.crop_size_w : p.src_image_size_w) + p.left_padding_size + p.right_padding_size;
    o.height = (p.crop ? p.crop_size_h : p.src_image_size_h) + p.top_padding_size + p.bottom_padding_size;
    p.rbuv_swap_switch = flag();
    p.ax_swap_switch = flag();
    const bool must_convert = channels == 1 && format != AippInputFormat::kYuv400U8;
    p.csc_switch = format != AippInputFormat::kYuv400U8 && (must_convert || flag());
    colours(p);
    normalisation(p);
  }

 private:
  int number(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool flag() { return number(0, 1) == 1; }

  void crop(AippParams& p, int columns, int rows) {
    p.crop = flag();
    if (!p.crop) return;
    p.crop_size_w = number(1, p.src_image_size_w / columns) * columns;
    p.crop_size_h = number(1, p.src_image_size_h / rows) * rows;
    p.load_start_pos_w = number(0, (p.src_image_size_w - p.crop_size_w) / columns) * columns;
    p.load_start_pos_h = number(0, (p.src_image_size_h - p.crop_size_h) / rows) * rows;
  }

  void padding(AippParams& p, AippDataType type) {
    p.padding = flag() && p.src_image_size_w <= 1000;
    if (!p.padding) return;
    p.left_padding_size = number(0, 32);
    p.right_padding_size = number(0, 32);
    p.top_padding_size = number(0, 5);
    p.bottom_padding_size = number(0, 5);
    p.padding_value = static_cast<float>(number(0, 127));
    if (type == AippDataType::kInt8) p.padding_value = -p.padding_value;
    if (type == AippDataType::kFloat16 || type == AippDataType::kFloat32)
      p.padding_value = -1.2345678F * p.padding_value;
  }

  void colours(AippParams& p) {
    p.csc_given = number(0, 3) != 0;
    // Usual coefficients, the largest that fit float32 arithmetic, and the largest allowed.
    const int largest = std::array{600, 12000, 32768}[static_cast<size_t>(number(0, 2))];
    for (auto& row : p.matrix) {
      for (int32_t& value : row)
        value = std::clamp(number(-largest, largest), -32768, 32767);
    }
    for (int32_t& value : p.input_bias)
      value = number(0, 255);
    for (int32_t& value : p.output_bias)
      value = number(0, 255);
  }

  void normalisation(AippParams& p) {
    const bool plain = number(0, 3) == 0;
    const std::array reciprocals = {0.0171247538316637F, 1.0F / 255, -3.7F, 65504.0F, 1e-6F};
    for (size_t k = 0; k < 4 && !plain; ++k) {
      p.mean_chn[k] = number(0, 255);
      p.min_chn[k] = static_cast<float>(number(0, 255000)) / 1000.0F;
      p.var_reci_chn[k] = reciprocals[static_cast<size_t>(number(0, 4))];
    }
  }

  std::mt19937& random_;
};

// Runs the body with each instruction set that this CPU has, and with plain C++.
template <class Body>
void on_all_targets(const Body& body) {
  std::vector<int64_t> targets = {HWY_SCALAR};
  for (const int64_t target : {int64_t{HWY_SSE4}, int64_t{HWY_AVX2}, int64_t{HWY_AVX3}, int64_t{HWY_NEON}}) {
    if ((hwy::SupportedTargets() & target) != 0) targets.push_back(target);
  }
  for (const int64_t target : targets) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    body();
    hwy::SetSupportedTargetsForTest(0);
    if (testing::Test::HasFatalFailure()) return;
  }
}

struct FormatCase {
  AippInputFormat format;
  int64_t channels;
};

class AippKernelFormat : public testing::TestWithParam<FormatCase> {};

TEST_P(AippKernelFormat, EqualsTheReferenceForAllLayoutsTypesAndTargets) {
  on_all_targets([] {
    std::mt19937 random(7);
    RandomCase cases(random);
    for (const AippLayout layout : {AippLayout::kNchw, AippLayout::kNhwc}) {
      for (const AippDataType type :
           {AippDataType::kUint8, AippDataType::kInt8, AippDataType::kFloat16, AippDataType::kFloat32}) {
        for (int i = 0; i < 12; ++i) {
          AippParams params;
          AippOutput output;
          cases.make(GetParam().format, GetParam().channels, layout, type, params, output);
          ASSERT_NO_FATAL_FAILURE(expect_reference(params, output, random));
        }
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(
    AllFormats, AippKernelFormat,
    testing::Values(FormatCase{AippInputFormat::kYuv420spU8, 3}, FormatCase{AippInputFormat::kYuv420spU8, 1},
                    FormatCase{AippInputFormat::kRgb888U8, 3}, FormatCase{AippInputFormat::kRgb888U8, 1},
                    FormatCase{AippInputFormat::kXrgb8888U8, 4}, FormatCase{AippInputFormat::kXrgb8888U8, 3},
                    FormatCase{AippInputFormat::kXrgb8888U8, 1}, FormatCase{AippInputFormat::kYuv400U8, 1},
                    FormatCase{AippInputFormat::kArgb8888U8, 4}, FormatCase{AippInputFormat::kArgb8888U8, 3},
                    FormatCase{AippInputFormat::kYuyvU8, 3}, FormatCase{AippInputFormat::kYuyvU8, 1},
                    FormatCase{AippInputFormat::kYuv422spU8, 3}, FormatCase{AippInputFormat::kAyuv444U8, 4},
                    FormatCase{AippInputFormat::kAyuv444U8, 3}),
    [](const auto& test) {
      return std::string(to_string(test.param.format)) + "_to_" + std::to_string(test.param.channels);
    });

AippKernel make(const AippParams& params, const AippOutput& output) {
  auto kernel = AippKernel::create(params, output);
  EXPECT_TRUE(kernel.is_ok()) << kernel.status().text();
  return *kernel;
}

AippOutput picture(int64_t width, int64_t height, int64_t channels, AippDataType type) {
  AippOutput output;
  output.width = width;
  output.height = height;
  output.channels = channels;
  output.type = type;
  return output;
}

// BT.601 narrow: 298 * (235 - 16) >> 8 = 254, 298 * (81 - 16) = 19370 and so on, worked out by hand.
TEST(AippKernel, DefaultColourConversionOfYuvGivesBgr) {
  AippParams params;
  params.input_format = AippInputFormat::kYuv420spU8;
  params.csc_switch = true;
  const AippKernel kernel = make(params, picture(2, 2, 3, AippDataType::kUint8));
  ASSERT_EQ(kernel.input_bytes(), 6U);
  const uint8_t image[6] = {16, 235, 81, 0, 90, 240};  // U 90, V 240: red.
  uint8_t out[12];
  kernel.run(image, out);
  // B = (298 * y - 516 * 38) >> 8, G = (298 * y + 100 * 38 - 208 * 112) >> 8, R = (298 * y + 409 * 112) >> 8
  const uint8_t expected[12] = {0, 178, 0, 0, 0, 178, 0, 0, 178, 255, 254, 160};
  for (int i = 0; i < 12; ++i)
    EXPECT_EQ(out[i], expected[i]) << i;
}

// 32767 * (255 - 255) * 3 is 0, but 32767 * 255 * 3 is more than float32 holds exactly.
TEST(AippKernel, TheLargestCoefficientsAreExact) {
  on_all_targets([] {
    AippParams params;
    params.input_format = AippInputFormat::kRgb888U8;
    params.csc_switch = params.csc_given = true;
    for (auto& row : params.matrix)
      row = {32767, 32767, 32767};
    params.input_bias = {255, 255, 255};
    params.output_bias = {255, 255, 255};
    const std::vector<uint8_t> white(size_t{40} * 3, 255);
    std::vector<uint8_t> out(white.size());
    make(params, picture(40, 1, 3, AippDataType::kUint8)).run(white.data(), out.data());
    EXPECT_EQ(out, white);
  });
}

TEST(AippKernel, ChromaIsRepeatedAndSwapped) {
  AippParams params;
  params.input_format = AippInputFormat::kYuv420spU8;
  params.rbuv_swap_switch = true;
  AippOutput output = picture(4, 2, 3, AippDataType::kUint8);
  output.layout = AippLayout::kNhwc;
  const uint8_t image[12] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14};
  uint8_t out[24];
  make(params, output).run(image, out);
  const uint8_t expected[24] = {1, 12, 11, 2, 12, 11, 3, 14, 13, 4, 14, 13,
                                5, 12, 11, 6, 12, 11, 7, 14, 13, 8, 14, 13};
  for (int i = 0; i < 24; ++i)
    EXPECT_EQ(out[i], expected[i]) << i;
}

TEST(AippKernel, XOfXrgbIsTheFirstChannelOrDropped) {
  AippParams params;
  params.input_format = AippInputFormat::kXrgb8888U8;
  const uint8_t image[8] = {9, 1, 2, 3, 8, 4, 5, 6};
  uint8_t four[8];
  make(params, picture(2, 1, 4, AippDataType::kUint8)).run(image, four);
  const uint8_t expected_four[8] = {9, 8, 1, 4, 2, 5, 3, 6};
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(four[i], expected_four[i]) << i;

  params.ax_swap_switch = true;  // The same picture as R, G, B, X.
  params.rbuv_swap_switch = true;
  const uint8_t rgbx[8] = {1, 2, 3, 9, 4, 5, 6, 8};
  uint8_t three[6];
  make(params, picture(2, 1, 3, AippDataType::kUint8)).run(rgbx, three);
  const uint8_t expected_three[6] = {3, 6, 2, 5, 1, 4};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(three[i], expected_three[i]) << i;
}

TEST(AippKernel, NormalisesAndPads) {
  AippParams params;
  params.input_format = AippInputFormat::kYuv400U8;
  params.src_image_size_w = 2;
  params.src_image_size_h = 1;
  params.mean_chn[0] = 100;
  params.min_chn[0] = 0.5F;
  params.var_reci_chn[0] = 0.25F;
  params.padding = true;
  params.left_padding_size = 1;
  params.bottom_padding_size = 1;
  params.padding_value = -7.0F;
  const uint8_t image[2] = {0, 255};
  float out[6];
  make(params, picture(3, 2, 1, AippDataType::kFloat32)).run(image, out);
  const float expected[6] = {-7.0F, -25.125F, 38.625F, -7.0F, -7.0F, -7.0F};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(out[i], expected[i]) << i;
}

TEST(AippKernel, TellsWhetherHalvesMayOverflow) {
  AippParams params;
  params.input_format = AippInputFormat::kYuv400U8;
  params.src_image_size_w = 2;
  params.src_image_size_h = 1;
  const auto may_overflow = [&](AippDataType type) {
    return make(params, picture(2, 1, 1, type)).may_overflow();
  };
  params.var_reci_chn[0] = 256.0F;  // 255 * 256 = 65280 fits.
  EXPECT_FALSE(may_overflow(AippDataType::kFloat16));
  params.var_reci_chn[0] = 257.0F;  // 65535 does not.
  EXPECT_TRUE(may_overflow(AippDataType::kFloat16));
  EXPECT_FALSE(may_overflow(AippDataType::kFloat32));
  const uint8_t white[2] = {255, 255};
  uint16_t out[2];
  make(params, picture(2, 1, 1, AippDataType::kFloat16)).run(white, out);
  EXPECT_EQ(out[0], 0x7C00);
}

TEST(AippKernel, RowsInPartsAreTheWholeImage) {
  AippParams params;
  params.input_format = AippInputFormat::kYuv420spU8;
  params.src_image_size_w = 40;
  params.src_image_size_h = 30;
  params.csc_switch = true;
  params.padding = true;
  params.top_padding_size = 3;
  params.bottom_padding_size = 2;
  const AippKernel kernel = make(params, picture(40, 35, 3, AippDataType::kFloat32));
  std::mt19937 random(3);
  Buffers whole(kernel, random);
  kernel.run(whole.input(), whole.output());
  std::vector<uint8_t> parts(kernel.output_bytes());
  kernel.run_rows(whole.input(), parts.data(), 17, 35);
  kernel.run_rows(whole.input(), parts.data(), 0, 1);
  kernel.run_rows(whole.input(), parts.data(), 1, 17);
  kernel.run_rows(whole.input(), parts.data(), 20, 20);
  EXPECT_EQ(std::memcmp(parts.data(), whole.output(), parts.size()), 0);
}

TEST(AippKernel, RefusesWhatTheRulesForbid) {
  AippParams params;
  params.input_format = AippInputFormat::kRaw16;
  const auto kernel = AippKernel::create(params, picture(4, 4, 3, AippDataType::kFloat32));
  ASSERT_FALSE(kernel.is_ok());
  EXPECT_EQ(kernel.status().text().find("[AIPP-066]"), 0U);
}

}  // namespace
}  // namespace cairn
