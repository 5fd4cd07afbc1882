// The members of AippParams with the names of their configuration keys.
#pragma once

#include <array>
#include <string_view>

#include "aipp/aipp_params.h"

namespace cairn::om {

/// Calls `field(key, member)` for each member that static AIPP has. `Params` is AippParams, const or not;
/// members are bool, int32_t, float, AippMode or AippInputFormat.
template <class Params, class Field>
void for_each_aipp_field(Params& params, Field&& field) {
  static constexpr std::array<std::string_view, 9> kMatrix = {"matrix_r0c0", "matrix_r0c1", "matrix_r0c2",
                                                              "matrix_r1c0", "matrix_r1c1", "matrix_r1c2",
                                                              "matrix_r2c0", "matrix_r2c1", "matrix_r2c2"};
  static constexpr std::array<std::string_view, 3> kOutputBias = {"output_bias_0", "output_bias_1",
                                                                  "output_bias_2"};
  static constexpr std::array<std::string_view, 3> kInputBias = {"input_bias_0", "input_bias_1",
                                                                 "input_bias_2"};
  static constexpr std::array<std::string_view, 4> kMean = {"mean_chn_0", "mean_chn_1", "mean_chn_2",
                                                            "mean_chn_3"};
  static constexpr std::array<std::string_view, 4> kMin = {"min_chn_0", "min_chn_1", "min_chn_2",
                                                           "min_chn_3"};
  static constexpr std::array<std::string_view, 4> kFactor = {"var_reci_chn_0", "var_reci_chn_1",
                                                              "var_reci_chn_2", "var_reci_chn_3"};
  field("aipp_mode", params.aipp_mode);
  field("input_format", params.input_format);
  field("src_image_size_w", params.src_image_size_w);
  field("src_image_size_h", params.src_image_size_h);
  field("crop", params.crop);
  field("load_start_pos_w", params.load_start_pos_w);
  field("load_start_pos_h", params.load_start_pos_h);
  field("crop_size_w", params.crop_size_w);
  field("crop_size_h", params.crop_size_h);
  field("resize", params.resize);
  field("resize_output_w", params.resize_output_w);
  field("resize_output_h", params.resize_output_h);
  field("padding", params.padding);
  field("left_padding_size", params.left_padding_size);
  field("right_padding_size", params.right_padding_size);
  field("top_padding_size", params.top_padding_size);
  field("bottom_padding_size", params.bottom_padding_size);
  field("padding_value", params.padding_value);
  field("rbuv_swap_switch", params.rbuv_swap_switch);
  field("ax_swap_switch", params.ax_swap_switch);
  field("single_line_mode", params.single_line_mode);
  field("csc_switch", params.csc_switch);
  for (size_t i = 0; i < kMatrix.size(); ++i)
    field(kMatrix[i], params.matrix[i / 3][i % 3]);
  for (size_t i = 0; i < kOutputBias.size(); ++i)
    field(kOutputBias[i], params.output_bias[i]);
  for (size_t i = 0; i < kInputBias.size(); ++i)
    field(kInputBias[i], params.input_bias[i]);
  for (size_t i = 0; i < kMean.size(); ++i)
    field(kMean[i], params.mean_chn[i]);
  for (size_t i = 0; i < kMin.size(); ++i)
    field(kMin[i], params.min_chn[i]);
  for (size_t i = 0; i < kFactor.size(); ++i)
    field(kFactor[i], params.var_reci_chn[i]);
}

}  // namespace cairn::om
