// Scaling of 8-bit samples with OpenCV's results.
//
// Bilinear and nearest neighbour are bit-exact with cv::resize of OpenCV 3.4.2 to 4.x for CV_8U (fixed point,
// 11-bit coefficients; halving both sides is the mean of four). Bicubic rounds the exact fixed-point sum,
// OpenCV's differs by 1 at most.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cairn {

enum class Interpolation : uint8_t { kBilinear, kNearest, kBicubic };

constexpr int kMostChannels = 4;

/// Samples of `channels` components with common geometry: channel c of sample (x, y) is data[y * stride + x *
/// step + offset[c]].
template <class Byte>
struct Samples {
  Byte* data;
  size_t stride;
  int step;
  int channels;
  std::array<uint8_t, kMostChannels> offset;
};

/// How one axis of the output maps to the input: output sample d lies at (d + 0.5 + shift) * scale - 0.5 +
/// first, in input samples, and is interpolated between samples first and first + count - 1 (beyond them the
/// edge is repeated).
struct AxisMapping {
  int count;         ///< Input samples to look at.
  int output_count;  ///< Output samples.
  double scale;      ///< Input samples per output sample.
  double shift = 0;  ///< Output samples.
  double first = 0;  ///< Fraction of an input sample, in [0, 1).

  bool is_copy() const { return count == output_count && scale == 1 && shift == 0 && first == 0; }
  bool is_half() const { return scale == 2 && shift == 0 && first == 0 && count == 2 * output_count; }
};

/// Fills columns.output_count * rows.output_count samples. `input.data` is the sample with index 0 on both
/// axes. Where input and output overlap, the result is undefined, but nothing else. Uses some memory for
/// lines and tables.
void resample(const Samples<const uint8_t>& input, const Samples<uint8_t>& output, const AxisMapping& columns,
              const AxisMapping& rows, Interpolation interpolation);

}  // namespace cairn
