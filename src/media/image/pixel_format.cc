#include "media/image/pixel_format.h"

#include <fmt/format.h>

namespace cairn {
namespace {

constexpr ComponentLayout luma(uint8_t offset, uint8_t step) {
  return {0, offset, step, 1, 1};
}
constexpr ComponentLayout kNone{0, 0, 0, 1, 1};

constexpr PixelFormat semi_planar(acldvppPixelFormat id, const char* name, uint8_t columns, uint8_t rows,
                                  bool v_first, bool is_output) {
  const ComponentLayout first{1, 0, 2, columns, rows};
  const ComponentLayout second{1, 1, 2, columns, rows};
  return {id,
          name,
          ColorFamily::kYuv,
          3,
          {luma(0, 1), v_first ? second : first, v_first ? first : second, kNone},
          columns,
          rows,
          1,
          static_cast<uint8_t>(2 + 4 / (columns * rows)),
          true,
          is_output,
          rows == 1 || columns == 2};
}

constexpr PixelFormat packed_422(acldvppPixelFormat id, const char* name, uint8_t y, uint8_t u, uint8_t v) {
  return {id,
          name,
          ColorFamily::kYuv,
          3,
          {luma(y, 2), {0, u, 4, 2, 1}, {0, v, 4, 2, 1}, kNone},
          2,
          1,
          2,
          2,
          true,
          false,
          true};
}

constexpr PixelFormat packed(acldvppPixelFormat id, const char* name, ColorFamily family, uint8_t count,
                             uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  return {id,
          name,
          family,
          count,
          {luma(a, count), luma(b, count), luma(c, count), count == 4 ? luma(d, count) : kNone},
          1,
          1,
          count,
          2,
          true,
          true,
          false};
}

constexpr auto kYuv = ColorFamily::kYuv;
constexpr auto kRgb = ColorFamily::kRgb;

// Tables 10-8 and 10-9.
constexpr std::array kFormats = {
    PixelFormat{PIXEL_FORMAT_YUV_400,
                "PIXEL_FORMAT_YUV_400",
                ColorFamily::kGray,
                1,
                {luma(0, 1), kNone, kNone, kNone},
                1,
                1,
                1,
                2,
                true,
                true,
                true},
    semi_planar(PIXEL_FORMAT_YUV_SEMIPLANAR_420, "PIXEL_FORMAT_YUV_SEMIPLANAR_420", 2, 2, false, true),
    semi_planar(PIXEL_FORMAT_YVU_SEMIPLANAR_420, "PIXEL_FORMAT_YVU_SEMIPLANAR_420", 2, 2, true, true),
    semi_planar(PIXEL_FORMAT_YUV_SEMIPLANAR_422, "PIXEL_FORMAT_YUV_SEMIPLANAR_422", 2, 1, false, true),
    semi_planar(PIXEL_FORMAT_YVU_SEMIPLANAR_422, "PIXEL_FORMAT_YVU_SEMIPLANAR_422", 2, 1, true, true),
    semi_planar(PIXEL_FORMAT_YUV_SEMIPLANAR_444, "PIXEL_FORMAT_YUV_SEMIPLANAR_444", 1, 1, false, false),
    semi_planar(PIXEL_FORMAT_YVU_SEMIPLANAR_444, "PIXEL_FORMAT_YVU_SEMIPLANAR_444", 1, 1, true, false),
    packed_422(PIXEL_FORMAT_YUYV_PACKED_422, "PIXEL_FORMAT_YUYV_PACKED_422", 0, 1, 3),
    packed_422(PIXEL_FORMAT_UYVY_PACKED_422, "PIXEL_FORMAT_UYVY_PACKED_422", 1, 0, 2),
    packed_422(PIXEL_FORMAT_YVYU_PACKED_422, "PIXEL_FORMAT_YVYU_PACKED_422", 0, 3, 1),
    packed_422(PIXEL_FORMAT_VYUY_PACKED_422, "PIXEL_FORMAT_VYUY_PACKED_422", 1, 2, 0),
    packed(PIXEL_FORMAT_YUV_PACKED_444, "PIXEL_FORMAT_YUV_PACKED_444", kYuv, 3, 0, 1, 2, 0),
    packed(PIXEL_FORMAT_RGB_888, "PIXEL_FORMAT_RGB_888", kRgb, 3, 0, 1, 2, 0),
    packed(PIXEL_FORMAT_BGR_888, "PIXEL_FORMAT_BGR_888", kRgb, 3, 2, 1, 0, 0),
    packed(PIXEL_FORMAT_ARGB_8888, "PIXEL_FORMAT_ARGB_8888", kRgb, 4, 1, 2, 3, 0),
    packed(PIXEL_FORMAT_ABGR_8888, "PIXEL_FORMAT_ABGR_8888", kRgb, 4, 3, 2, 1, 0),
    packed(PIXEL_FORMAT_RGBA_8888, "PIXEL_FORMAT_RGBA_8888", kRgb, 4, 0, 1, 2, 3),
    packed(PIXEL_FORMAT_BGRA_8888, "PIXEL_FORMAT_BGRA_8888", kRgb, 4, 2, 1, 0, 3),
    semi_planar(PIXEL_FORMAT_YUV_SEMIPLANAR_440, "PIXEL_FORMAT_YUV_SEMIPLANAR_440", 1, 2, false, false),
    semi_planar(PIXEL_FORMAT_YVU_SEMIPLANAR_440, "PIXEL_FORMAT_YVU_SEMIPLANAR_440", 1, 2, true, false),
};

}  // namespace

const PixelFormat* find_pixel_format(int id) {
  for (const PixelFormat& format : kFormats)
    if (format.id == id) return &format;
  return nullptr;
}

std::string pixel_format_name(int id) {
  const PixelFormat* format = find_pixel_format(id);
  if (format != nullptr) return fmt::format("{} ({})", format->name, id);
  if (id == PIXEL_FORMAT_UNKNOWN) return fmt::format("PIXEL_FORMAT_UNKNOWN ({})", id);
  return std::to_string(id);
}

}  // namespace cairn
