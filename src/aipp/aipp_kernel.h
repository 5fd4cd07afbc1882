// The AIPP kernel: one fused pass from the user's image to the model's input.
//
// Order: channel swap, crop, colour conversion, normalisation, type, padding. With p an 8-bit sample:
//  - Chroma is repeated: of YUV420SP for each block of 2x2 pixels, of YUYV and YUV422SP for each pair in a
//  row.
//  - rbuv_swap_switch exchanges U and V, or R and B. ax_swap_switch moves the fourth byte of a pixel to the
//  front.
//  - XRGB8888 and ARGB8888 pixels are X, R, G, B, those of AYUV444 X, Y, U, V (after ax_swap_switch). X
//  becomes channel 0 of a model with four channels, is dropped for one with three, and takes no part in
//  colour conversion.
//  - Colour conversion, k = 0..2, in exact integers: clip(((sum_j m[k][j] * (p[j] - input_bias[j])) >> 8) +
//  output_bias[k]),
//    clip to 0..255. A model with one channel takes row 0.
//  - float32: y = ((p - mean) - min) * var_reci, each step rounded to float32. float16: the same, then
//  rounded once to
//    nearest even. uint8: y = p. int8: y = p - mean, clipped to -128..127. Parameters belong to the channels
//    of the output.
//  - The border holds padding_value.
#pragma once

#include <cstddef>
#include <cstdint>

#include "aipp/aipp_params.h"
#include "aipp/aipp_rows.h"
#include "base/status.h"

namespace cairn {

/// Immutable, copyable and thread-safe: any number of threads may run one kernel. Nothing is allocated while
/// running.
class AippKernel {
 public:
  /// Resolves the parameters and chooses the code for this CPU.
  static Result<AippKernel> create(const AippParams& params, const AippOutput& output);

  const AippParams& params() const { return params_; }  ///< Complete, see resolve().
  const AippOutput& output() const { return output_; }

  size_t image_bytes() const { return image_bytes_; }                ///< One source image.
  size_t output_image_bytes() const { return output_image_bytes_; }  ///< One image of the model input.
  size_t input_bytes() const { return image_bytes_ * static_cast<size_t>(output_.batch); }
  size_t output_bytes() const { return output_image_bytes_ * static_cast<size_t>(output_.batch); }

  /// The output is float16, and some image with these parameters has results that do not fit: they are
  /// infinite.
  bool may_overflow() const { return may_overflow_; }

  /// The whole batch. Reads input_bytes() and writes output_bytes(), which do not overlap; `output` is
  /// aligned to its element type.
  void run(const uint8_t* input, void* output) const noexcept;

  /// One image of the batch: reads image_bytes() and writes output_image_bytes().
  void run_image(const uint8_t* image, void* output_image) const noexcept;

  /// Rows [begin, end) of one output image, so that several threads can share an image. Reads from the whole
  /// of `image`, writes only these rows. Requires begin <= end <= output().height.
  void run_rows(const uint8_t* image, void* output_image, size_t begin, size_t end) const noexcept;

 private:
  AippKernel(const AippParams& params, const AippOutput& output);

  AippParams params_;
  AippOutput output_;
  AippPlan plan_;
  AippRowsFunction rows_;
  size_t image_bytes_;
  size_t output_image_bytes_;
  bool may_overflow_;
};

}  // namespace cairn
