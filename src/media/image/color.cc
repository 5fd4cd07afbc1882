#include "media/image/color.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace cairn {
namespace {

/// out = matrix * (in - input_bias) + output_bias
struct Conversion {
  std::array<std::array<float, 3>, 3> matrix;
  std::array<float, 3> input_bias;
  std::array<float, 3> output_bias;
};

constexpr std::array<float, 3> kZero{0, 0, 0};
constexpr std::array<float, 3> kWide{0, 128, 128};
constexpr std::array<float, 3> kNarrow{16, 128, 128};

constexpr std::array<Conversion, kColorMatrixCount> kToRgb = {{
    {{{{1.000F, 0.000F, 1.402F}, {1.000F, -0.344F, -0.714F}, {1.000F, 1.772F, 0.000F}}}, kWide, kZero},
    {{{{1.16438F, 0, 1.59602F}, {1.16438F, -0.39176F, -0.81297F}, {1.16438F, 2.01723F, 0}}}, kNarrow, kZero},
    {{{{1, 0, 1.57480F}, {1, -0.18732F, -0.46812F}, {1, 1.85560F, 0}}}, kWide, kZero},
    {{{{1.16438F, 0, 1.79274F}, {1.16438F, -0.21325F, -0.53291F}, {1.16438F, 2.11240F, 0}}}, kNarrow, kZero},
    {{{{1, 0, 1.47460F}, {1, -0.16455F, -0.57135F}, {1, 1.88140F, 0}}}, kWide, kZero},
    {{{{1.16438F, 0, 1.67868F}, {1.16438F, -0.18733F, -0.65042F}, {1.16438F, 2.14177F, 0}}}, kNarrow, kZero},
}};

constexpr std::array<Conversion, kColorMatrixCount> kToYuv = {{
    {{{{0.299F, 0.587F, 0.114F}, {-0.168F, -0.331F, 0.500F}, {0.500F, -0.419F, -0.081F}}},
     kZero,
     {-0.5F, 127.5F, 127.5F}},
    {{{{0.25679F, 0.51564F, 0.10014F}, {-0.14491F, -0.29099F, 0.43922F}, {0.42941F, -0.36779F, -0.07143F}}},
     kZero,
     kNarrow},
    {{{{0.21260F, 0.71520F, 0.07220F}, {-0.11457F, -0.38543F, 0.50000F}, {0.50000F, -0.45415F, -0.04585F}}},
     kZero,
     kWide},
    {{{{0.18259F, 0.62825F, 0.06342F}, {-0.09840F, -0.33857F, 0.43922F}, {0.42941F, -0.39894F, -0.04027F}}},
     kZero,
     kNarrow},
    {{{{0.26270F, 0.67800F, 0.05930F}, {-0.13963F, -0.36037F, 0.50000F}, {0.50000F, -0.45979F, -0.04021F}}},
     kZero,
     kWide},
    {{{{0.22564F, 0.59558F, 0.05209F}, {-0.11992F, -0.31656F, 0.43922F}, {0.42941F, -0.40389F, -0.03533F}}},
     kZero,
     kNarrow},
}};

void convert(const Conversion& conversion, uint8_t* pixels, size_t count) {
  for (size_t i = 0; i < count; ++i, pixels += 3) {
    std::array<float, 3> in;
    for (int c = 0; c < 3; ++c)
      in[c] = static_cast<float>(pixels[c]) - conversion.input_bias[c];
    for (int c = 0; c < 3; ++c) {
      const auto& row = conversion.matrix[c];
      const float value = row[0] * in[0] + row[1] * in[1] + row[2] * in[2] + conversion.output_bias[c];
      pixels[c] = static_cast<uint8_t>(std::clamp(std::floor(value + 0.5F), 0.F, 255.F));
    }
  }
}

}  // namespace

void yuv_to_rgb(acldvppCscMatrix matrix, uint8_t* pixels, size_t count) {
  convert(kToRgb[matrix], pixels, count);
}
void rgb_to_yuv(acldvppCscMatrix matrix, uint8_t* pixels, size_t count) {
  convert(kToYuv[matrix], pixels, count);
}

}  // namespace cairn
