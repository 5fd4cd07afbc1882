#include "aipp/aipp_params.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace cairn {
namespace {

constexpr int kInvalidParam = 100000;  // ACL_ERROR_INVALID_PARAM
constexpr int kUnsupported = 200006;   // ACL_ERROR_FEATURE_UNSUPPORTED

struct FormatInfo {
  std::string_view name;
  int channels;         // Of the model input.
  int quarter_bytes;    // Bytes of a pixel times four.
  int user_h_quarters;  // Rows reported by aclmdlGetInputDimsV2 for one image row, times four.
  int user_c;           // Channels reported there.
  bool supported = false;
  bool even_columns = false;  // Pixels side by side share their chroma, ...
  bool even_rows = false;     // ... and so do those above one another.
  bool is_yuv = false;
};

// Indexed by AippInputFormat. The manual gives dims for the eight formats of tables 10-3 and 10-4; the others
// are said to be not supported at present.
constexpr std::array<FormatInfo, 21> kFormats = {{
    {"UNDEFINED", 0, 0, 0, 0},
    {"YUV420SP_U8", 3, 6, 6, 1, true, true, true, true},
    {"XRGB8888_U8", 4, 16, 4, 4, true},
    {"RGB888_U8", 3, 12, 4, 3, true},
    {"YUV400_U8", 1, 4, 4, 1, true},
    {"NC1HWC0DI_FP16", 0, 0, 0, 0},
    {"NC1HWC0DI_S8", 0, 0, 0, 0},
    {"ARGB8888_U8", 4, 16, 4, 4, true},
    {"YUYV_U8", 3, 8, 4, 2, true, true, false, true},
    {"YUV422SP_U8", 3, 8, 8, 1, true, true, false, true},
    {"AYUV444_U8", 4, 16, 4, 4, true, false, false, true},
    {"RAW10", 1, 8, 4, 1},
    {"RAW12", 1, 8, 4, 1},
    {"RAW16", 1, 8, 4, 1},
    {"RAW24", 1, 16, 4, 1},
    {"RGB16", 3, 12, 4, 3},
    {"RGB20", 3, 12, 4, 3},
    {"RGB24", 3, 12, 4, 3},
    {"RGB8_IR", 4, 16, 4, 4},
    {"RGB16_IR", 4, 16, 4, 4},
    {"RGB24_IR", 4, 16, 4, 4},
}};

const FormatInfo& info(AippInputFormat format) {
  const auto index = static_cast<size_t>(format);
  return kFormats[index < kFormats.size() ? index : 0];
}

struct Limit {
  std::string_view key;
  std::string_view rule;
  double min;
  double max;
  bool zero_is_default;
  double (*value)(const AippParams&);
};

using P = const AippParams&;
constexpr double kHalfMax = 65504.0;

// The matrix takes all of int16_t: the printed range [-32677, 32676] is a misprint of it (AIPP-027).
constexpr std::array kLimits = std::to_array<Limit>({
    {"src_image_size_w", "AIPP-037", 2, 4096, true, [](P p) -> double { return p.src_image_size_w; }},
    {"src_image_size_h", "AIPP-038", 1, 4096, true, [](P p) -> double { return p.src_image_size_h; }},
    {"load_start_pos_w", "AIPP-040", 0, 4096, false, [](P p) -> double { return p.load_start_pos_w; }},
    {"load_start_pos_h", "AIPP-041", 0, 4096, false, [](P p) -> double { return p.load_start_pos_h; }},
    {"crop_size_w", "AIPP-042", 1, 4096, true, [](P p) -> double { return p.crop_size_w; }},
    {"crop_size_h", "AIPP-043", 1, 4096, true, [](P p) -> double { return p.crop_size_h; }},
    {"left_padding_size", "AIPP-048", 0, 32, false, [](P p) -> double { return p.left_padding_size; }},
    {"right_padding_size", "AIPP-048", 0, 32, false, [](P p) -> double { return p.right_padding_size; }},
    {"top_padding_size", "AIPP-048", 0, 32, false, [](P p) -> double { return p.top_padding_size; }},
    {"bottom_padding_size", "AIPP-048", 0, 32, false, [](P p) -> double { return p.bottom_padding_size; }},
    {"padding_value", "E10052", -kHalfMax, kHalfMax, false, [](P p) -> double { return p.padding_value; }},
    {"matrix_r0c0", "AIPP-026", -32768, 32767, false, [](P p) -> double { return p.matrix[0][0]; }},
    {"matrix_r0c1", "AIPP-026", -32768, 32767, false, [](P p) -> double { return p.matrix[0][1]; }},
    {"matrix_r0c2", "AIPP-026", -32768, 32767, false, [](P p) -> double { return p.matrix[0][2]; }},
    {"matrix_r1c0", "AIPP-026", -32768, 32767, false, [](P p) -> double { return p.matrix[1][0]; }},
    {"matrix_r1c1", "AIPP-026", -32768, 32767, false, [](P p) -> double { return p.matrix[1][1]; }},
    {"matrix_r1c2", "AIPP-026", -32768, 32767, false, [](P p) -> double { return p.matrix[1][2]; }},
    {"matrix_r2c0", "AIPP-026", -32768, 32767, false, [](P p) -> double { return p.matrix[2][0]; }},
    {"matrix_r2c1", "AIPP-026", -32768, 32767, false, [](P p) -> double { return p.matrix[2][1]; }},
    {"matrix_r2c2", "AIPP-026", -32768, 32767, false, [](P p) -> double { return p.matrix[2][2]; }},
    {"output_bias_0", "AIPP-028", 0, 255, false, [](P p) -> double { return p.output_bias[0]; }},
    {"output_bias_1", "AIPP-028", 0, 255, false, [](P p) -> double { return p.output_bias[1]; }},
    {"output_bias_2", "AIPP-028", 0, 255, false, [](P p) -> double { return p.output_bias[2]; }},
    {"input_bias_0", "AIPP-029", 0, 255, false, [](P p) -> double { return p.input_bias[0]; }},
    {"input_bias_1", "AIPP-029", 0, 255, false, [](P p) -> double { return p.input_bias[1]; }},
    {"input_bias_2", "AIPP-029", 0, 255, false, [](P p) -> double { return p.input_bias[2]; }},
    {"mean_chn_0", "AIPP-050", 0, 255, false, [](P p) -> double { return p.mean_chn[0]; }},
    {"mean_chn_1", "AIPP-050", 0, 255, false, [](P p) -> double { return p.mean_chn[1]; }},
    {"mean_chn_2", "AIPP-050", 0, 255, false, [](P p) -> double { return p.mean_chn[2]; }},
    {"mean_chn_3", "AIPP-050", 0, 255, false, [](P p) -> double { return p.mean_chn[3]; }},
    {"min_chn_0", "AIPP-051", 0, 255, false, [](P p) -> double { return p.min_chn[0]; }},
    {"min_chn_1", "AIPP-051", 0, 255, false, [](P p) -> double { return p.min_chn[1]; }},
    {"min_chn_2", "AIPP-051", 0, 255, false, [](P p) -> double { return p.min_chn[2]; }},
    {"min_chn_3", "AIPP-051", 0, 255, false, [](P p) -> double { return p.min_chn[3]; }},
    {"var_reci_chn_0", "AIPP-053", -kHalfMax, kHalfMax, false,
     [](P p) -> double { return p.var_reci_chn[0]; }},
    {"var_reci_chn_1", "AIPP-053", -kHalfMax, kHalfMax, false,
     [](P p) -> double { return p.var_reci_chn[1]; }},
    {"var_reci_chn_2", "AIPP-053", -kHalfMax, kHalfMax, false,
     [](P p) -> double { return p.var_reci_chn[2]; }},
    {"var_reci_chn_3", "AIPP-053", -kHalfMax, kHalfMax, false,
     [](P p) -> double { return p.var_reci_chn[3]; }},
});

std::string supported_formats() {
  std::string names;
  for (const FormatInfo& format : kFormats)
    if (format.supported) names += fmt::format("{}{}", names.empty() ? "" : ", ", format.name);
  return names;
}

Status check_format(const AippParams& params) {
  if (params.input_format == AippInputFormat::kUndefined)
    return error(kInvalidParam, "AIPP-018", "input_format is not set; set {}", supported_formats());
  if (!is_supported(params.input_format))
    return error(kUnsupported, "AIPP-066", "input_format {} is not supported; use {}",
                 to_string(params.input_format), supported_formats());
  if (params.resize)
    return error(kUnsupported, "AIPP-059",
                 "resize is not supported; scale the image before the model, for example with VPC, and set "
                 "resize: false");
  if (params.csc_switch && params.input_format == AippInputFormat::kYuv400U8)
    return error(kInvalidParam, "AIPP-030",
                 "csc_switch is on with input_format YUV400_U8, which has one channel; turn it off");
  return {};
}

Status fill_sizes(AippParams& params, const AippOutput& output) {
  const bool source_given = params.src_image_size_w != 0 && params.src_image_size_h != 0;
  if (!source_given && (params.crop || params.padding))
    return error(
        kInvalidParam, "E10052",
        "src_image_size_w is {} and src_image_size_h is {}; both must be given when crop or padding is on",
        params.src_image_size_w, params.src_image_size_h);
  const auto width = static_cast<int32_t>(output.width);
  const auto height = static_cast<int32_t>(output.height);
  if (params.src_image_size_w == 0) params.src_image_size_w = width;
  if (params.src_image_size_h == 0) params.src_image_size_h = height;
  if (params.crop && params.crop_size_w == 0) params.crop_size_w = width;
  if (params.crop && params.crop_size_h == 0) params.crop_size_h = height;
  return {};
}

Status check_even(const AippParams& params) {
  struct Even {
    std::string_view key;
    std::string_view rule;
    int32_t value;
    bool needed;
  };
  const FormatInfo& format = info(params.input_format);
  const bool columns = format.even_columns;
  const bool rows = format.even_rows;
  for (const Even& size : {Even{"src_image_size_w", "AIPP-037", params.src_image_size_w, columns},
                           Even{"src_image_size_h", "AIPP-038", params.src_image_size_h, rows},
                           Even{"load_start_pos_w", "AIPP-040", params.load_start_pos_w, columns},
                           Even{"load_start_pos_h", "AIPP-041", params.load_start_pos_h, rows},
                           Even{"crop_size_w", "AIPP-042", params.crop_size_w, columns},
                           Even{"crop_size_h", "AIPP-043", params.crop_size_h, rows}}) {
    if (size.needed && size.value % 2 != 0)
      return error(kInvalidParam, size.rule, "{} is {}; with input_format {} it must be even", size.key,
                   size.value, format.name);
  }
  return {};
}

Status check_window(std::string_view axis, int32_t start, int32_t size, int32_t source) {
  if (start + size > source)
    return error(kInvalidParam, "AIPP-046",
                 "load_start_pos_{0} {1} + crop_size_{0} {2} = {3} is larger than src_image_size_{0} {4}",
                 axis, start, size, start + size, source);
  return {};
}

Status check_output_side(std::string_view side, int64_t aipp, int64_t model) {
  if (aipp != model)
    return error(
        kInvalidParam, "AIPP-005",
        "the {0} after AIPP is {1} but the model input's {0} is {2}; change src_image_size, crop or padding",
        side, aipp, model);
  return {};
}

Status check_channels(const AippParams& params, int64_t model) {
  const int given = info(params.input_format).channels;
  if (model == given) return {};
  // The fourth channel X is dropped in front of a model with three.
  if (model == 3 && given == 4) return {};
  // A matrix whose first row is the luminance makes a grey picture.
  if (model == 1 && params.csc_switch) return {};
  return error(kInvalidParam, "E10052", "input_format {} gives {} channel(s) but the model input has {}",
               to_string(params.input_format), given, model);
}

Status check_padding_value(const AippParams& params, AippDataType type) {
  const bool is_byte = type == AippDataType::kUint8 || type == AippDataType::kInt8;
  const float min = type == AippDataType::kInt8 ? -128.0F : 0.0F;
  const float max = type == AippDataType::kInt8 ? 127.0F : 255.0F;
  const float value = params.padding_value;
  if (is_byte && (value < min || value > max || value != static_cast<float>(static_cast<int>(value))))
    return error(kInvalidParam, "E10052",
                 "padding_value is {}; for an 8-bit model input it must be an integer in [{}, {}]", value,
                 min, max);
  return {};
}

// What is known at the latest when the sizes are complete.
Status check_geometry(const AippParams& params, const AippOutput& output) {
  if (params.src_image_size_w < 2 || params.src_image_size_w > 4096)
    return error(kInvalidParam, "AIPP-037", "src_image_size_w is {}; it must be in [2, 4096]",
                 params.src_image_size_w);
  if (params.src_image_size_h < 1 || params.src_image_size_h > 4096)
    return error(kInvalidParam, "AIPP-038", "src_image_size_h is {}; it must be in [1, 4096]",
                 params.src_image_size_h);
  CAIRN_RETURN_IF_ERROR(check_even(params));
  if (params.crop) {
    CAIRN_RETURN_IF_ERROR(
        check_window("w", params.load_start_pos_w, params.crop_size_w, params.src_image_size_w));
    CAIRN_RETURN_IF_ERROR(
        check_window("h", params.load_start_pos_h, params.crop_size_h, params.src_image_size_h));
  }
  const auto [width, height] = aipp_output_size(params);
  if (params.padding && width > 1080)
    return error(kInvalidParam, "AIPP-049", "the width after padding is {}; it must not be larger than 1080",
                 width);
  CAIRN_RETURN_IF_ERROR(check_output_side("width", width, output.width));
  return check_output_side("height", height, output.height);
}

void fill_csc(AippParams& params) {
  if (!params.csc_switch || params.csc_given) return;
  if (info(params.input_format).is_yuv) {
    params.matrix = {{{298, 516, 0}, {298, -100, -208}, {298, 0, 409}}};  // BT.601 narrow to B, G, R.
    params.input_bias = {16, 128, 128};
  } else {
    params.matrix = {{{66, 129, 25}, {-38, -74, 112}, {112, -94, -18}}};  // BT.601 narrow to Y, U, V.
    params.output_bias = {16, 128, 128};
  }
  params.csc_given = true;
}

}  // namespace

std::string_view to_string(AippInputFormat format) {
  return info(format).name;
}

bool is_supported(AippInputFormat format) {
  return info(format).supported;
}

bool is_dynamic_format(AippInputFormat format) {
  return format >= AippInputFormat::kYuv420spU8 && format <= AippInputFormat::kYuv400U8;
}

size_t aipp_image_bytes(AippInputFormat format, int64_t width, int64_t height) {
  return static_cast<size_t>(width) * static_cast<size_t>(height) *
         static_cast<size_t>(info(format).quarter_bytes) / 4;
}

int aipp_channels(AippInputFormat format) {
  return info(format).channels;
}

AippInputDims aipp_input_dims(const AippParams& resolved, int64_t batch) {
  const FormatInfo& format = info(resolved.input_format);
  const int64_t width = resolved.src_image_size_w;
  const int64_t height = resolved.src_image_size_h;
  return {{batch, height, width, format.channels},
          {batch, height * format.user_h_quarters / 4, width, format.user_c}};
}

AippSize aipp_output_size(const AippParams& params) {
  AippSize size{params.src_image_size_w, params.src_image_size_h};
  if (params.crop) size = {params.crop_size_w, params.crop_size_h};
  if (!params.padding) return size;
  size.width += int64_t{params.left_padding_size} + params.right_padding_size;
  size.height += int64_t{params.top_padding_size} + params.bottom_padding_size;
  return size;
}

void clear_disabled(AippParams& params) {
  const AippParams defaults;
  if (!params.crop) {
    params.load_start_pos_w = params.load_start_pos_h = 0;
    params.crop_size_w = params.crop_size_h = 0;
  }
  if (!params.resize) params.resize_output_w = params.resize_output_h = 0;
  if (!params.padding) {
    params.left_padding_size = params.right_padding_size = 0;
    params.top_padding_size = params.bottom_padding_size = 0;
    params.padding_value = 0.0F;
  }
  if (!params.csc_switch) {
    params.csc_given = false;
    params.matrix = defaults.matrix;
    params.output_bias = defaults.output_bias;
    params.input_bias = defaults.input_bias;
  }
}

AippRangeError check_ranges(const AippParams& params) {
  for (const Limit& limit : kLimits) {
    const double value = limit.value(params);
    if (limit.zero_is_default && value == 0.0) continue;
    if (value >= limit.min && value <= limit.max) continue;  // False for NaN.
    return {limit.key, error(kInvalidParam, limit.rule, "{} is {}; it must be {}in [{}, {}]", limit.key,
                             value, limit.zero_is_default ? "0 or " : "", limit.min, limit.max)};
  }
  return {};
}

Status check_aipp_output(const AippOutput& output) {
  if (output.channels != 1 && output.channels != 3 && output.channels != 4)
    return error(kInvalidParam, "E10052", "the model input has {} channels; AIPP needs 1, 3 or 4",
                 output.channels);
  // 4096 pixels and two borders of 32 are the largest picture that AIPP can write.
  constexpr int64_t kMaxSide = 4096 + 64;
  if (output.height < 1 || output.height > kMaxSide || output.width < 1 || output.width > kMaxSide)
    return error(kInvalidParam, "E10052",
                 "the model input is {}x{} (width x height); AIPP writes 1x1 to {}x{}", output.width,
                 output.height, kMaxSide, kMaxSide);
  if (output.batch < 1 || output.batch > INT32_MAX)
    return error(kInvalidParam, "E10052",
                 "the model input has batch {}; AIPP needs a fixed batch of 1 or more", output.batch);
  return {};
}

Result<AippParams> resolve(const AippParams& params, const AippOutput& output) {
  AippParams resolved = params;
  clear_disabled(resolved);
  CAIRN_RETURN_IF_ERROR(check_format(resolved));
  CAIRN_RETURN_IF_ERROR(check_ranges(resolved).status);
  CAIRN_RETURN_IF_ERROR(check_aipp_output(output));
  CAIRN_RETURN_IF_ERROR(check_channels(resolved, output.channels));
  CAIRN_RETURN_IF_ERROR(check_padding_value(resolved, output.type));
  CAIRN_RETURN_IF_ERROR(fill_sizes(resolved, output));
  CAIRN_RETURN_IF_ERROR(check_geometry(resolved, output));
  fill_csc(resolved);
  return resolved;
}

}  // namespace cairn
