// What the picture processing calls demand of pictures and areas (10.7.6.2), as tables.
#pragma once

#include <string_view>

#include "base/status.h"
#include "media/image/picture.h"
#include "media/v1/pic_desc.h"
#include "media/v1/resize_config.h"

namespace cairn {

struct PictureSize {
  uint32_t width;
  uint32_t height;
};

/// The sizes that a function takes. The manual prints them for the 310B; they are used for all chips.
struct VpcLimits {
  std::string_view rule;
  PictureSize most_input;
  PictureSize most_output;
};

constexpr PictureSize kLeastPicture{10, 6};
constexpr VpcLimits kResizeLimits{"VPC1-041", {8192, 8192}, {4096, 8192}};
constexpr VpcLimits kCropLimits{"VPC1-045", {16384, 16384}, {16384, 16384}};
constexpr VpcLimits kCropResizeLimits{"VPC1-049", {8192, 8192}, {4096, 8192}};
constexpr VpcLimits kBatchCropLimits{"VPC1-054", {8192, 8192}, {4096, 8192}};
constexpr VpcLimits kBatchCropResizeLimits{"VPC1-056", {8192, 8192}, {4096, 8192}};
constexpr VpcLimits kPasteLimits{"VPC1-092", {8192, 8192}, {4096, 8192}};
constexpr VpcLimits kConvertLimits{"VPC1-077", {4096, 4096}, {4096, 4096}};

/// The picture that a description speaks of, with the program's address as `data`. Strides of 0 become the
/// format table's. Checks format, size, alignment, strides, and that the memory is device memory and large
/// enough.
Result<Picture> check_input(const PicFields& fields, const VpcLimits& limits);
Result<Picture> check_output(const PicFields& fields, const VpcLimits& limits);

/// Grey input has no colour to give [VPC1-004].
Status check_formats(const Picture& input, const Picture& output);

/// An area to cut out: inside the picture, 10x6 to 4096x4096.
Status check_crop(const Rectangle& area, const Picture& picture);
/// An area to fill. Its offsets may be odd and need no alignment of 16.
Status check_paste(const Rectangle& area, const Picture& picture);

/// The limits of the high-order filter [VPC1-088].
Status check_high_order(const Picture& input, const Rectangle& from, const Picture& output,
                        const Rectangle& to);

}  // namespace cairn
