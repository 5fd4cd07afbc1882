#include "media/v1/vpc_checks.h"

#include <algorithm>

#include "device/runtime.h"

namespace cairn {
namespace {

constexpr uint32_t kLeastWidthStride = 10;
constexpr uint32_t kLeastHeightStride = 6;
constexpr uint32_t kMostStride = 16384;
constexpr uint32_t kFirst8k = 4097;
constexpr PictureSize kMostArea{4096, 4096};

/// "Which side of the call" a picture is on.
struct Side {
  const char* name;
  std::string_view (*rule)(const PixelFormat&);
  bool PixelFormat::*allowed;
  PictureSize VpcLimits::*most;
};

std::string_view input_rule(const PixelFormat& format) {
  if (format.family == ColorFamily::kGray) return "VPC1-012";
  if (format.is_semi_planar()) {
    const ComponentLayout& chroma = format.components[1];
    if (chroma.columns == 2) return chroma.rows == 2 ? "VPC1-013" : "VPC1-014";
    return chroma.rows == 2 ? "VPC1-019" : "VPC1-015";
  }
  if (format.width_alignment == 2) return "VPC1-016";
  return format.component_count == 4 ? "VPC1-018" : "VPC1-017";
}

std::string_view output_rule(const PixelFormat& format) {
  if (format.family == ColorFamily::kGray) return "VPC1-020";
  if (format.is_semi_planar()) return format.height_alignment == 2 ? "VPC1-021" : "VPC1-022";
  return format.component_count == 4 ? "VPC1-024" : "VPC1-023";
}

constexpr Side kInput{"input", input_rule, &PixelFormat::vpc_input, &VpcLimits::most_input};
constexpr Side kOutput{"output", output_rule, &PixelFormat::vpc_output, &VpcLimits::most_output};

constexpr uint32_t align_up(uint32_t value, uint32_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

Status check_size(const PicFields& fields, const Side& side, const VpcLimits& limits,
                  const PixelFormat& format) {
  const PictureSize most = limits.*side.most;
  if (fields.width < kLeastPicture.width || fields.height < kLeastPicture.height ||
      fields.width > most.width || fields.height > most.height)
    return error(ACL_ERROR_INVALID_PARAM, limits.rule,
                 "the {} picture is {}x{} pixels; this function takes {}x{} to {}x{}", side.name,
                 fields.width, fields.height, kLeastPicture.width, kLeastPicture.height, most.width,
                 most.height);
  if (fields.width % format.width_alignment != 0 || fields.height % format.height_alignment != 0)
    return error(
        ACL_ERROR_INVALID_PARAM, side.rule(format),
        "the {} picture is {}x{} pixels; for {} the width has to be a multiple of {}, the height of {}",
        side.name, fields.width, fields.height, format.name, format.width_alignment, format.height_alignment);
  return {};
}

Status check_strides(const Picture& picture, const Side& side) {
  const PixelFormat& format = *picture.format;
  if (picture.width_stride < kLeastWidthStride || picture.width_stride > kMostStride)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-010",
                 "the {} picture's width stride {} is out of range; it is {} to {} bytes", side.name,
                 picture.width_stride, kLeastWidthStride, kMostStride);
  if (picture.height_stride < kLeastHeightStride || picture.height_stride > kMostStride)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-011",
                 "the {} picture's height stride {} is out of range; it is {} to {} lines", side.name,
                 picture.height_stride, kLeastHeightStride, kMostStride);
  if (picture.width_stride < picture.width * format.stride_factor || picture.height_stride < picture.height)
    return error(
        ACL_ERROR_INVALID_PARAM, side.rule(format),
        "the {} picture's strides {}x{} do not hold it: {}x{} pixels of {} take {} bytes and {} lines",
        side.name, picture.width_stride, picture.height_stride, picture.width, picture.height, format.name,
        picture.width * format.stride_factor, picture.height);
  if (picture.height_stride % format.height_alignment != 0)
    return error(ACL_ERROR_INVALID_PARAM, side.rule(format),
                 "the {} picture's height stride {} is odd; for {} it has to be even", side.name,
                 picture.height_stride, format.name);
  return {};
}

Status check_memory(const PicFields& fields, const Picture& picture, const Side& side) {
  const uint64_t needed = picture.format->memory_size(picture.width_stride, picture.height_stride);
  if (fields.size < needed)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-091",
                 "the {} picture's size {} is too small: {} with strides {}x{} takes {} bytes", side.name,
                 fields.size, picture.format->name, picture.width_stride, picture.height_stride, needed);
  auto memory = Runtime::get().resolve(fields.data, needed, side.name, "VPC1-008");
  return memory.is_ok() ? Status() : memory.status();
}

Result<Picture> check_picture(const PicFields& fields, const Side& side, const VpcLimits& limits) {
  const PixelFormat* const format = find_pixel_format(fields.format);
  if (format == nullptr || !(format->*side.allowed))
    return error(ACL_ERROR_INVALID_PARAM, format == nullptr ? "M1-059" : "VPC1-025",
                 "format {} is none for {} pictures", pixel_format_name(fields.format), side.name);
  CAIRN_RETURN_IF_ERROR(check_size(fields, side, limits, *format));
  Picture picture{format,
                  fields.width,
                  fields.height,
                  fields.width_stride,
                  fields.height_stride,
                  static_cast<std::byte*>(fields.data)};
  if (picture.width_stride == 0)
    picture.width_stride = std::max(fields.width * format->stride_factor, kLeastWidthStride);
  if (picture.height_stride == 0) picture.height_stride = align_up(fields.height, format->height_alignment);
  CAIRN_RETURN_IF_ERROR(check_strides(picture, side));
  CAIRN_RETURN_IF_ERROR(check_memory(fields, picture, side));
  return picture;
}

struct AreaRules {
  const char* name;
  std::string_view inside;
  std::string_view size;
};

Status check_area(const AreaRules& rules, const Rectangle& area, const Picture& picture) {
  if (area.left > area.right || area.top > area.bottom || area.right >= picture.width ||
      area.bottom >= picture.height)
    return error(
        ACL_ERROR_INVALID_PARAM, rules.inside,
        "the {} area (left {}, right {}, top {}, bottom {}) is not inside the picture of {}x{} pixels",
        rules.name, area.left, area.right, area.top, area.bottom, picture.width, picture.height);
  if (area.width() < kLeastPicture.width || area.height() < kLeastPicture.height ||
      area.width() > kMostArea.width || area.height() > kMostArea.height)
    return error(ACL_ERROR_INVALID_PARAM, rules.size,
                 "the {} area is {}x{} pixels; it may have {}x{} to {}x{}", rules.name, area.width(),
                 area.height(), kLeastPicture.width, kLeastPicture.height, kMostArea.width, kMostArea.height);
  return {};
}

}  // namespace

Result<Picture> check_input(const PicFields& fields, const VpcLimits& limits) {
  CAIRN_ASSIGN(const Picture picture, check_picture(fields, kInput, limits));
  if ((picture.width >= kFirst8k || picture.height >= kFirst8k) && !picture.format->vpc_8k)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-009",
                 "an input picture of {}x{} pixels cannot be {}; beyond 4096 only YUV400, "
                 "semi-planar YUV420, YUV422, YUV444 and packed YUV422 are possible",
                 picture.width, picture.height, picture.format->name);
  return picture;
}

Result<Picture> check_output(const PicFields& fields, const VpcLimits& limits) {
  return check_picture(fields, kOutput, limits);
}

Status check_formats(const Picture& input, const Picture& output) {
  if (input.format->family != ColorFamily::kGray || output.format->family == ColorFamily::kGray) return {};
  return error(ACL_ERROR_INVALID_PARAM, "VPC1-004",
               "a {} input picture gives a {} output picture only, not {}", input.format->name,
               input.format->name, output.format->name);
}

Status check_crop(const Rectangle& area, const Picture& picture) {
  return check_area({"crop", "VPC1-027", "M1-017"}, area, picture);
}

Status check_paste(const Rectangle& area, const Picture& picture) {
  return check_area({"paste", "VPC1-028", "M1-018"}, area, picture);
}

Status check_high_order(const Picture& input, const Rectangle& from, const Picture& output,
                        const Rectangle& to) {
  constexpr uint32_t kMostShrinking = 32;
  constexpr uint32_t kMostGrowing = 16;
  const auto fits = [](uint32_t source, uint32_t result) {
    return uint64_t{result} * kMostShrinking >= source && uint64_t{source} * kMostGrowing >= result;
  };
  const bool input_fits = input.format->family == ColorFamily::kYuv &&
                          input.format->id != PIXEL_FORMAT_YUV_SEMIPLANAR_440 &&
                          input.format->id != PIXEL_FORMAT_YVU_SEMIPLANAR_440;
  const bool output_fits = output.format->id == PIXEL_FORMAT_YUV_SEMIPLANAR_420 ||
                           output.format->id == PIXEL_FORMAT_YVU_SEMIPLANAR_420;
  if (!input_fits || !output_fits)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-088",
                 "the high-order filter does not take {} to {}; it takes YUV (not YUV400, not YUV440) to "
                 "semi-planar YUV420",
                 input.format->name, output.format->name);
  if (!fits(from.width(), to.width()) || !fits(from.height(), to.height()))
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-088",
                 "the high-order filter scales by 1/32 to 16, not from {}x{} to {}x{} pixels", from.width(),
                 from.height(), to.width(), to.height());
  return {};
}

}  // namespace cairn
