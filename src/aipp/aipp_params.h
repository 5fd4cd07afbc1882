// Parameters of AIPP, the pre-processing of images in front of a model, and the rules they obey.
//
// One AippParams describes the work on one image. Static AIPP has one for the whole batch, from the
// configuration file; dynamic AIPP has one for each image of the batch, from the call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace cairn {

/// The values are those of aclAippInputFormat.
enum class AippInputFormat : uint8_t {
  kUndefined = 0,
  kYuv420spU8 = 1,
  kXrgb8888U8 = 2,
  kRgb888U8 = 3,
  kYuv400U8 = 4,
  kNc1hwc0diFp16 = 5,
  kNc1hwc0diS8 = 6,
  kArgb8888U8 = 7,
  kYuyvU8 = 8,
  kYuv422spU8 = 9,
  kAyuv444U8 = 10,
  kRaw10 = 11,
  kRaw12 = 12,
  kRaw16 = 13,
  kRaw24 = 14,
  kRgb16 = 15,
  kRgb20 = 16,
  kRgb24 = 17,
  kRgb8Ir = 18,
  kRgb16Ir = 19,
  kRgb24Ir = 20,
};

enum class AippMode : uint8_t { kUndefined = 0, kStatic = 1, kDynamic = 2 };
enum class AippLayout : uint8_t { kNchw, kNhwc };
enum class AippDataType : uint8_t { kUint8, kInt8, kFloat16, kFloat32 };

/// The model's own input, which AIPP writes.
struct AippOutput {
  int64_t batch = 1;
  int64_t channels = 3;
  int64_t height = 0;
  int64_t width = 0;
  AippLayout layout = AippLayout::kNchw;
  AippDataType type = AippDataType::kFloat32;
};

/// Members have the names of the configuration keys; sizes are in pixels. The defaults are those of an absent
/// key.
struct AippParams {
  AippMode aipp_mode = AippMode::kUndefined;
  AippInputFormat input_format = AippInputFormat::kUndefined;
  int32_t src_image_size_w = 0;  ///< 0: width of the model input.
  int32_t src_image_size_h = 0;

  bool crop = false;
  int32_t load_start_pos_w = 0;
  int32_t load_start_pos_h = 0;
  int32_t crop_size_w = 0;  ///< 0: width of the model input.
  int32_t crop_size_h = 0;

  bool resize = false;  ///< Recognised and refused (AIPP-059).
  int32_t resize_output_w = 0;
  int32_t resize_output_h = 0;

  bool padding = false;
  int32_t left_padding_size = 0;
  int32_t right_padding_size = 0;
  int32_t top_padding_size = 0;
  int32_t bottom_padding_size = 0;
  float padding_value = 0.0F;  ///< Written as it is, after normalisation.

  bool rbuv_swap_switch = false;
  bool ax_swap_switch = false;
  bool single_line_mode = false;  ///< No effect on the result.

  bool csc_switch = false;
  bool csc_given = false;  ///< False: the default matrix and biases of the input format.
  std::array<std::array<int32_t, 3>, 3> matrix{};  ///< 8 fractional bits.
  std::array<int32_t, 3> output_bias{};            ///< Added after the matrix.
  std::array<int32_t, 3> input_bias{};             ///< Subtracted before the matrix.

  std::array<int32_t, 4> mean_chn{};
  std::array<float, 4> min_chn{};
  std::array<float, 4> var_reci_chn{1.0F, 1.0F, 1.0F, 1.0F};

  uint32_t max_src_image_size = 0;  ///< Bytes of the image buffer of all images, dynamic mode only.
  bool support_rotation = false;    ///< Dynamic mode only, no effect.
};

/// "YUV420SP_U8"; "UNDEFINED" for a value outside the table.
std::string_view to_string(AippInputFormat format);

/// True for the formats that the kernel reads, all those with 8-bit samples (AIPP-066).
bool is_supported(AippInputFormat format);

/// True for the four formats that dynamic AIPP takes: YUV420SP_U8, XRGB8888_U8, RGB888_U8, YUV400_U8
/// (AIPP-019).
bool is_dynamic_format(AippInputFormat format);

/// Bytes of one image of width x height pixels; 0 for formats without a size rule. Sizes must not be
/// negative.
size_t aipp_image_bytes(AippInputFormat format, int64_t width, int64_t height);

/// Channels that the format brings to the model input: 1, 3 or 4; 0 for a format without pixels of its own.
int aipp_channels(AippInputFormat format);

/// Dims of the image input of a model with static AIPP, NHWC. `tensor` is what aclmdlGetInputDims reports
/// ([N, H, W, C], MDL-096); `user` is what aclmdlGetInputDimsV2 reports, whose product is the size in bytes
/// for 8-bit formats (MDL-095).
struct AippInputDims {
  std::vector<int64_t> tensor;
  std::vector<int64_t> user;
};
AippInputDims aipp_input_dims(const AippParams& resolved, int64_t batch);

/// What comes out of crop and padding, of any parameters whose sizes are complete.
struct AippSize {
  int64_t width;
  int64_t height;
};
AippSize aipp_output_size(const AippParams& params);

/// The parameters of switches that are off become 0, as if not given.
void clear_disabled(AippParams& params);

/// A parameter outside its range, found without knowing the model.
struct AippRangeError {
  std::string_view key;  ///< Configuration key; empty if all parameters are in range.
  Status status;
};
AippRangeError check_ranges(const AippParams& params);

/// The model input is one that AIPP can write: 1, 3 or 4 channels, a fixed batch, and a size within its
/// reach.
Status check_aipp_output(const AippOutput& output);

/// Checks one image's parameters against all rules and the model input, and returns them complete: sizes of 0
/// replaced, default colour conversion filled in, parameters of disabled steps cleared. Resolving twice
/// changes nothing. `aipp_mode` is not looked at: the per-image parameters of dynamic AIPP obey the same
/// rules.
Result<AippParams> resolve(const AippParams& params, const AippOutput& output);

}  // namespace cairn
