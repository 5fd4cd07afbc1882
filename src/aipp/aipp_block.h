// The parameter block of dynamic AIPP: what aclmdlSetInputAIPP writes into the model's extra input
// (ascend_dynamic_aipp_data), and the kernel reads when the model runs.
//
// Little endian, a head of 64 bytes and 96 bytes for each image of the batch; bytes not named are reserved.
//
//   head                                     image, relative to 64 + 96 * i
//     0  u8      input format                  0  i8      crop on
//     1  i8      colour conversion on          1  i8      resize on
//     2  i8      R and B (or U and V) swapped  2  i8      padding: 0 off, 1 with a constant
//     3  i8      fourth channel to the front   3  i8      rotation
//     4  i8      images (127: 127 or more)     8  i32[4]  crop: left, top, width, height
//     8  i32[2]  source width, height         24  i32[4]  resize: input width, height, output width, height
//    16  i16[9]  colour matrix                40  i32[4]  padding: top, bottom, left, right
//    40  u8[3]   output bias                  56  i16[4]  mean
//    43  u8[3]   input bias                   64  f16[4]  min
//                                             72  f16[4]  reciprocal of the variance
#pragma once

#include <cstddef>
#include <span>

#include "aipp/aipp_params.h"
#include "base/status.h"

namespace cairn {

/// The largest number that the head can count.
inline constexpr size_t kMostCountedImages = 127;

/// Models with a larger batch cannot have dynamic AIPP.
inline constexpr size_t kMostAippImages = 65536;

/// check_aipp_output, and the batch is not larger than kMostAippImages.
Status check_dynamic_aipp_output(const AippOutput& output);

size_t aipp_block_bytes(size_t images);
/// The reverse.
size_t aipp_block_images(size_t bytes);

/// How many images the head says that the block has parameters for: 1 to 127, which stands for more, too.
/// `block` has a head.
size_t aipp_block_counted(std::span<const std::byte> block);

/// Writes one entry of `images` for each image of the batch; what belongs to the head is taken from the
/// first. `block` has aipp_block_bytes(images.size()), of any alignment. Values are within their ranges
/// (check_ranges); `min_chn` and `var_reci_chn` become halves.
void write_aipp_block(std::span<const AippParams> images, std::span<std::byte> block);

/// The parameters of image `index`. The block may hold anything: switches and reserved features that do not
/// exist are refused here, all else is left to resolve(). `images` is the number that the block was made for.
Result<AippParams> read_aipp_block(std::span<const std::byte> block, size_t images, size_t index);

}  // namespace cairn
