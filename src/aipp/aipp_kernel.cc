#include "aipp/aipp_kernel.h"

#include <bit>
#include <cmath>
#include <cstdlib>

#include "base/half.h"

namespace cairn {
namespace {

size_t element_bytes(AippDataType type) {
  switch (type) {
    case AippDataType::kUint8:
    case AippDataType::kInt8:
      return 1;
    case AippDataType::kFloat16:
      return 2;
    case AippDataType::kFloat32:
      return 4;
  }
  return 4;
}

uint32_t padding_bits(float value, AippDataType type) {
  switch (type) {
    case AippDataType::kUint8:
    case AippDataType::kInt8:
      return static_cast<uint8_t>(static_cast<int>(value));
    case AippDataType::kFloat16:
      return float_to_half(value);
    case AippDataType::kFloat32:
      break;
  }
  return std::bit_cast<uint32_t>(value);
}

void set_csc(AippPlan& plan, const AippParams& params) {
  plan.matrix = params.matrix;
  plan.input_bias = params.input_bias;
  plan.output_bias = params.output_bias;
  plan.csc_fits_float = true;
  const size_t first_colour = plan.channels == 4 ? 1 : 0;
  for (size_t k = 0; k < 3; ++k) {
    int64_t offset = int64_t{256} * (params.output_bias[k] - plan.mean[k + first_colour]);
    int64_t largest = 0;
    for (size_t j = 0; j < 3; ++j) {
      plan.scaled[k][j] = static_cast<float>(params.matrix[k][j]) / 256.0F;
      offset -= int64_t{params.matrix[k][j]} * params.input_bias[j];
      largest += int64_t{255} * std::abs(params.matrix[k][j]);
    }
    plan.offset[k] = static_cast<float>(offset) / 256.0F;
    // Every partial sum is then a multiple of 1/256 that float holds exactly, whatever the order of the
    // additions.
    plan.csc_fits_float &= largest + std::abs(offset) <= int64_t{1} << 24;
  }
}

bool half_may_overflow(const AippPlan& plan, const AippParams& params) {
  constexpr float kLargestHalf = 65504.0F;
  constexpr float kLargestSample = 255.0F;
  if (plan.type != AippDataType::kFloat16) return false;
  bool may = std::abs(params.padding_value) > kLargestHalf;
  for (size_t c = 0; c < plan.channels; ++c) {
    const float largest = kLargestSample + std::abs(static_cast<float>(plan.mean[c])) + std::abs(plan.min[c]);
    may |= !(largest * std::abs(plan.reciprocal[c]) <= kLargestHalf);
  }
  return may;
}

AippPlan make_plan(const AippParams& params, const AippOutput& output) {
  AippPlan plan{};
  plan.format = params.input_format;
  plan.layout = output.layout;
  plan.type = output.type;
  plan.csc = params.csc_switch;
  plan.rbuv_swap = params.rbuv_swap_switch;
  plan.ax_swap = params.ax_swap_switch;
  plan.channels = static_cast<size_t>(output.channels);
  plan.source_width = static_cast<size_t>(params.src_image_size_w);
  plan.source_height = static_cast<size_t>(params.src_image_size_h);
  plan.left = static_cast<size_t>(params.load_start_pos_w);
  plan.top = static_cast<size_t>(params.load_start_pos_h);
  plan.inner_width = static_cast<size_t>(params.crop ? params.crop_size_w : params.src_image_size_w);
  plan.inner_height = static_cast<size_t>(params.crop ? params.crop_size_h : params.src_image_size_h);
  plan.pad_left = static_cast<size_t>(params.left_padding_size);
  plan.pad_right = static_cast<size_t>(params.right_padding_size);
  plan.pad_top = static_cast<size_t>(params.top_padding_size);
  plan.width = static_cast<size_t>(output.width);
  plan.height = static_cast<size_t>(output.height);
  if (output.type != AippDataType::kUint8) plan.mean = params.mean_chn;
  plan.min = params.min_chn;
  plan.reciprocal = params.var_reci_chn;
  plan.padding_bits = padding_bits(params.padding_value, output.type);
  set_csc(plan, params);
  return plan;
}

}  // namespace

Result<AippKernel> AippKernel::create(const AippParams& params, const AippOutput& output) {
  CAIRN_ASSIGN(const AippParams resolved, resolve(params, output));
  return AippKernel(resolved, output);
}

AippKernel::AippKernel(const AippParams& params, const AippOutput& output)
    : params_(params),
      output_(output),
      plan_(make_plan(params, output)),
      rows_(select_aipp_rows(plan_)),
      image_bytes_(aipp_image_bytes(params.input_format, params.src_image_size_w, params.src_image_size_h)),
      output_image_bytes_(plan_.channels * plan_.height * plan_.width * element_bytes(output.type)),
      may_overflow_(half_may_overflow(plan_, params)) {}

void AippKernel::run(const uint8_t* input, void* output) const noexcept {
  auto* out = static_cast<uint8_t*>(output);
  for (int64_t i = 0; i < output_.batch; ++i, input += image_bytes_, out += output_image_bytes_)
    run_image(input, out);
}

void AippKernel::run_image(const uint8_t* image, void* output_image) const noexcept {
  rows_(plan_, image, output_image, 0, plan_.height);
}

void AippKernel::run_rows(const uint8_t* image, void* output_image, size_t begin, size_t end) const noexcept {
  rows_(plan_, image, output_image, begin, end);
}

}  // namespace cairn
