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
  std::array<std::array<float, 3>, 3> matrix;  ///< Divided by 256.
  std::array<float, 3> input_bias;
  std::array<float, 3> output_bias;
  std::array<float, 4> mean;
  std::array<float, 4> min;
  std::array<float, 4> reciprocal;
  uint32_t padding_bits;  ///< The padding value as an output element, in the low bits.
};

using AippRowsFunction = void (*)(const AippPlan& plan, const uint8_t* image, void* output, size_t begin,
                                  size_t end);

/// The function for this plan and the best instruction set of this CPU.
AippRowsFunction select_aipp_rows(const AippPlan& plan);

}  // namespace cairn
