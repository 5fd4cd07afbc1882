// The vector code of AippKernel, one version for each instruction set. Internal to src/aipp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "aipp/aipp_params.h"

namespace cairn {

/// Resolved parameters in the form that the inner loops read.
struct AippPlan {
  AippInputFormat format;
  AippLayout layout;
  AippDataType type;
  bool csc;
  bool rbuv_swap;
  bool ax_swap;
  size_t channels;  ///< Of the output: 1, 3 or 4.
  size_t source_width;
  size_t source_height;
  size_t left;  ///< Of the crop window.
  size_t top;
  size_t inner_width;  ///< Of the crop window, that is of the output without its border.
  size_t inner_height;
  size_t pad_left;
  size_t pad_right;
  size_t pad_top;
  size_t width;  ///< Of the output with its border.
  size_t height;
  /// Channel k is colour k, but with four channels X is channel 0 and channel k is colour k - 1. The mean of
  /// an output of type uint8, which knows none, is 0.
  std::array<int32_t, 4> mean;
  std::array<float, 4> min;
  std::array<float, 4> reciprocal;
  /// Colour k is clip(((sum_j matrix[k][j] * (p[j] - input_bias[j])) >> 8) + output_bias[k]).
  std::array<std::array<int32_t, 3>, 3> matrix;
  std::array<int32_t, 3> input_bias;
  std::array<int32_t, 3> output_bias;
  /// The same in float, with the mean subtracted as well: colour k is clip(floor(sum_j scaled[k][j] * p[j] +
  /// offset[k])), clip to [-mean, 255 - mean]. Exact if `csc_fits_float`.
  bool csc_fits_float;
  std::array<std::array<float, 3>, 3> scaled;
  std::array<float, 3> offset;
  uint32_t padding_bits;  ///< The padding value as an output element, in the low bits.
};

using AippRowsFunction = void (*)(const AippPlan& plan, const uint8_t* image, void* output, size_t begin,
                                  size_t end);

/// The function for this plan and the best instruction set of this CPU.
AippRowsFunction select_aipp_rows(const AippPlan& plan);

}  // namespace cairn
