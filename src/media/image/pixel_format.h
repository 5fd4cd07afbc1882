// The pixel formats of the picture functions as one table: where each component lies, alignment and memory
// size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "acl/ops/acl_dvpp.h"

namespace cairn {

/// Where the samples of one component lie. Sample (x, y) of a component that is subsampled by `columns` and
/// `rows` is byte `offset + x * step` of line y of its plane.
struct ComponentLayout {
  uint8_t plane;    ///< 0, or 1 for the interleaved chroma of a semi-planar format.
  uint8_t offset;   ///< Bytes.
  uint8_t step;     ///< Bytes from one sample to the next.
  uint8_t columns;  ///< 1, or 2 if two pixels side by side share a sample.
  uint8_t rows;     ///< 1, or 2 if two pixels on top of each other share a sample.
};

enum class ColorFamily : uint8_t { kGray, kYuv, kRgb };

struct PixelFormat {
  acldvppPixelFormat id;
  const char* name;
  ColorFamily family;
  uint8_t component_count;                    ///< 1 (Y), 3 (YUV, RGB) or 4 (RGB and alpha).
  std::array<ComponentLayout, 4> components;  ///< Y U V or R G B A.
  uint8_t width_alignment;                    ///< Of the picture's width, in pixels.
  uint8_t height_alignment;                   ///< Of the picture's height and the height stride.
  uint8_t stride_factor;                      ///< Bytes of the first plane's line per pixel.
  uint8_t half_lines;  ///< Memory size = width stride * height stride * half_lines / 2.
  bool vpc_input;      ///< Table 10-8 lists it.
  bool vpc_output;     ///< Table 10-9 lists it.
  bool vpc_8k;         ///< May be an input that is wider or higher than 4096 [VPC1-009].

  bool is_semi_planar() const { return component_count == 3 && components[1].plane == 1; }
  uint64_t memory_size(uint32_t width_stride, uint32_t height_stride) const {
    return uint64_t{width_stride} * height_stride * half_lines / 2;
  }
  /// Bytes from one chroma line to the next of a semi-planar format.
  uint32_t chroma_stride(uint32_t width_stride) const {
    return components[1].columns == 2 ? width_stride : 2 * width_stride;
  }
};

/// The table's entry, or null for formats that no picture function takes.
const PixelFormat* find_pixel_format(int id);

/// "PIXEL_FORMAT_YUV_SEMIPLANAR_420 (1)", or "42" for an unknown one.
std::string pixel_format_name(int id);

}  // namespace cairn
