#include "aipp/aipp_block.h"

#include <algorithm>
#include <cstring>

#include "base/half.h"

namespace cairn {
namespace {

constexpr int kInvalidParam = 100000;  // ACL_ERROR_INVALID_PARAM

struct Head {
  uint8_t input_format;
  int8_t csc_switch;
  int8_t rbuv_swap_switch;
  int8_t ax_swap_switch;
  int8_t images;
  uint8_t reserved[3];
  int32_t src_image_size_w;
  int32_t src_image_size_h;
  int16_t matrix[9];
  int16_t reserved_matrix[3];
  uint8_t output_bias[3];
  uint8_t input_bias[3];
  uint8_t reserved_end[18];
};
static_assert(sizeof(Head) == 64);
static_assert(offsetof(Head, matrix) == 16 && offsetof(Head, output_bias) == 40);

struct Image {
  int8_t crop_switch;
  int8_t resize_switch;
  int8_t padding_switch;
  int8_t rotate_switch;
  uint8_t reserved[4];
  int32_t crop_start_w;
  int32_t crop_start_h;
  int32_t crop_size_w;
  int32_t crop_size_h;
  int32_t resize[4];
  int32_t padding_top;
  int32_t padding_bottom;
  int32_t padding_left;
  int32_t padding_right;
  int16_t mean[4];
  uint16_t min[4];
  uint16_t reciprocal[4];
  uint8_t reserved_end[16];
};
static_assert(sizeof(Image) == 96);
static_assert(offsetof(Image, padding_top) == 40 && offsetof(Image, mean) == 56);

Head head_of(const AippParams& p, size_t images) {
  Head head{};
  head.input_format = static_cast<uint8_t>(p.input_format);
  head.csc_switch = p.csc_switch;
  head.rbuv_swap_switch = p.rbuv_swap_switch;
  head.ax_swap_switch = p.ax_swap_switch;
  head.images = static_cast<int8_t>(std::min(images, kMostCountedImages));
  head.src_image_size_w = p.src_image_size_w;
  head.src_image_size_h = p.src_image_size_h;
  for (size_t i = 0; i < 9; ++i)
    head.matrix[i] = static_cast<int16_t>(p.matrix[i / 3][i % 3]);
  for (size_t i = 0; i < 3; ++i) {
    head.output_bias[i] = static_cast<uint8_t>(p.output_bias[i]);
    head.input_bias[i] = static_cast<uint8_t>(p.input_bias[i]);
  }
  return head;
}

Image image_of(const AippParams& p) {
  Image image{};
  image.crop_switch = p.crop;
  image.padding_switch = p.padding;
  image.crop_start_w = p.load_start_pos_w;
  image.crop_start_h = p.load_start_pos_h;
  image.crop_size_w = p.crop_size_w;
  image.crop_size_h = p.crop_size_h;
  image.padding_top = p.top_padding_size;
  image.padding_bottom = p.bottom_padding_size;
  image.padding_left = p.left_padding_size;
  image.padding_right = p.right_padding_size;
  for (size_t i = 0; i < 4; ++i) {
    image.mean[i] = static_cast<int16_t>(p.mean_chn[i]);
    image.min[i] = float_to_half(p.min_chn[i]);
    image.reciprocal[i] = float_to_half(p.var_reci_chn[i]);
  }
  return image;
}

Status damaged(std::string_view what, int value, std::string_view allowed) {
  return error(kInvalidParam, "GDM-061",
               "the dynamic AIPP parameters are damaged or were never set: {} is {}, allowed is {}; set them "
               "with acl.mdl.set_input_aipp before the model runs, and write nothing else into that input",
               what, value, allowed);
}

Status check_switch(std::string_view name, int8_t value) {
  if (value == 0 || value == 1) return {};
  return damaged(name, value, "0 or 1");
}

Status check_head(const Head& head, size_t images) {
  CAIRN_RETURN_IF_ERROR(check_switch("the switch of the colour conversion", head.csc_switch));
  CAIRN_RETURN_IF_ERROR(check_switch("the switch of the channel swap", head.rbuv_swap_switch));
  CAIRN_RETURN_IF_ERROR(check_switch("the switch of the alpha swap", head.ax_swap_switch));
  if (!is_dynamic_format(static_cast<AippInputFormat>(head.input_format)))
    return damaged("the input format", head.input_format, "1 to 4");
  if (head.images != static_cast<int8_t>(std::min(images, kMostCountedImages)))
    return damaged("the number of images", head.images, "that of the model's batch");
  if (head.src_image_size_w == 0) return damaged("the width of the source image", 0, "[2, 4096]");
  if (head.src_image_size_h == 0) return damaged("the height of the source image", 0, "[1, 4096]");
  return {};
}

Status check_image(const Image& image) {
  CAIRN_RETURN_IF_ERROR(check_switch("the switch of crop", image.crop_switch));
  CAIRN_RETURN_IF_ERROR(check_switch("the switch of padding", image.padding_switch));
  if (image.resize_switch != 0) return damaged("the switch of resize", image.resize_switch, "0");
  if (image.rotate_switch != 0) return damaged("the switch of rotation", image.rotate_switch, "0");
  if (image.crop_switch == 1 && image.crop_size_w == 0) return damaged("the width of crop", 0, "[1, 4096]");
  if (image.crop_switch == 1 && image.crop_size_h == 0) return damaged("the height of crop", 0, "[1, 4096]");
  return {};
}

void fill_from_head(const Head& head, AippParams& p) {
  p.aipp_mode = AippMode::kDynamic;
  p.input_format = static_cast<AippInputFormat>(head.input_format);
  p.csc_switch = head.csc_switch != 0;
  p.csc_given = true;
  p.rbuv_swap_switch = head.rbuv_swap_switch != 0;
  p.ax_swap_switch = head.ax_swap_switch != 0;
  p.src_image_size_w = head.src_image_size_w;
  p.src_image_size_h = head.src_image_size_h;
  for (size_t i = 0; i < 9; ++i)
    p.matrix[i / 3][i % 3] = head.matrix[i];
  for (size_t i = 0; i < 3; ++i) {
    p.output_bias[i] = head.output_bias[i];
    p.input_bias[i] = head.input_bias[i];
  }
}

void fill_from_image(const Image& image, AippParams& p) {
  p.crop = image.crop_switch != 0;
  p.padding = image.padding_switch != 0;
  p.load_start_pos_w = image.crop_start_w;
  p.load_start_pos_h = image.crop_start_h;
  p.crop_size_w = image.crop_size_w;
  p.crop_size_h = image.crop_size_h;
  p.top_padding_size = image.padding_top;
  p.bottom_padding_size = image.padding_bottom;
  p.left_padding_size = image.padding_left;
  p.right_padding_size = image.padding_right;
  for (size_t i = 0; i < 4; ++i) {
    p.mean_chn[i] = image.mean[i];
    p.min_chn[i] = half_to_float(image.min[i]);
    p.var_reci_chn[i] = half_to_float(image.reciprocal[i]);
  }
}

}  // namespace

Status check_dynamic_aipp_output(const AippOutput& output) {
  CAIRN_RETURN_IF_ERROR(check_aipp_output(output));
  if (output.batch <= static_cast<int64_t>(kMostAippImages)) return {};
  return error(kInvalidParam, "E10052",
               "the model input has batch {}; dynamic AIPP has parameters for at most {} images",
               output.batch, kMostAippImages);
}

size_t aipp_block_bytes(size_t images) {
  return sizeof(Head) + sizeof(Image) * images;
}

size_t aipp_block_images(size_t bytes) {
  return (bytes - sizeof(Head)) / sizeof(Image);
}

size_t aipp_block_counted(std::span<const std::byte> block) {
  Head head;
  std::memcpy(&head, block.data(), sizeof head);
  return static_cast<size_t>(std::max<int8_t>(head.images, 1));
}

void write_aipp_block(std::span<const AippParams> images, std::span<std::byte> block) {
  const Head head = head_of(images.front(), images.size());
  std::memcpy(block.data(), &head, sizeof head);
  std::byte* place = block.data() + sizeof head;
  for (const AippParams& params : images) {
    const Image image = image_of(params);
    std::memcpy(place, &image, sizeof image);
    place += sizeof image;
  }
}

Result<AippParams> read_aipp_block(std::span<const std::byte> block, size_t images, size_t index) {
  Head head;
  Image image;
  std::memcpy(&head, block.data(), sizeof head);
  std::memcpy(&image, block.data() + sizeof head + index * sizeof image, sizeof image);
  CAIRN_RETURN_IF_ERROR(check_head(head, images));
  CAIRN_RETURN_IF_ERROR(check_image(image));
  AippParams params;
  fill_from_head(head, params);
  fill_from_image(image, params);
  return params;
}

}  // namespace cairn
