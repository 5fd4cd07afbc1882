// Conversion between RGB and YUV with the six matrices of acldvppCscMatrix [APP-058 to APP-069].
#pragma once

#include <cstddef>
#include <cstdint>

#include "acl/ops/acl_dvpp.h"

namespace cairn {

constexpr uint32_t kColorMatrixCount = 6;

/// In place: `count` pixels of 3 bytes, YUV to RGB. Results are rounded to nearest and saturated.
void yuv_to_rgb(acldvppCscMatrix matrix, uint8_t* pixels, size_t count);
/// In place: `count` pixels of 3 bytes, RGB to YUV.
void rgb_to_yuv(acldvppCscMatrix matrix, uint8_t* pixels, size_t count);

}  // namespace cairn
