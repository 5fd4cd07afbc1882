#include "model/model_aipp.h"

#include <algorithm>

#include "acl/acl_mdl.h"
#include "aipp/aipp_block.h"

namespace cairn {
namespace {

Status check_switch(std::string_view rule, std::string_view name, int8_t value) {
  if (value == 0 || value == 1) return {};
  return error(ACL_ERROR_INVALID_PARAM, rule, "{} is {}; it must be 0 (off) or 1 (on)", name, value);
}

AippParams defaults() {
  AippParams params;
  params.aipp_mode = AippMode::kDynamic;
  params.input_format = AippInputFormat::kYuv420spU8;  // Until another one is set [AIPP-020].
  return params;
}

/// The printed range, although it looks like a misprint of that of int16_t [AIPP-027].
Status check_matrix(const std::array<int16_t, 9>& matrix) {
  constexpr int16_t kLeast = -32677;
  constexpr int16_t kMost = 32676;
  for (const int16_t value : matrix)
    if (value < kLeast || value > kMost)
      return error(ACL_ERROR_INVALID_PARAM, "AIPP-026",
                   "a CSC matrix coefficient is {}; it must be in [{}, {}]", value, kLeast, kMost);
  return {};
}

/// What the common limits say about the parameter that a setter changed.
Status check_limits(const AippParams& params) {
  return check_ranges(params).status;
}

/// A size of 0 means something else in a configuration file.
Status check_not_zero(std::string_view rule, std::string_view name, int32_t value) {
  if (value != 0) return {};
  return error(ACL_ERROR_INVALID_PARAM, rule, "{} is 0; it must be larger", name);
}

Status check_batch(uint64_t batch) {
  if (batch != 0 && batch <= kMostAippImages) return {};
  return error(ACL_ERROR_GE_AIPP_BATCH_EMPTY, "AIPP-016",
               "batchSize is {}; it must be the batch of the model, 1 to {}", batch, kMostAippImages);
}

}  // namespace

Result<size_t> ModelAipp::data_bytes(uint64_t batch) {
  CAIRN_RETURN_IF_ERROR(check_batch(batch));
  return aipp_block_bytes(batch);
}

Result<std::unique_ptr<ModelAipp>> ModelAipp::create(uint64_t batch) {
  CAIRN_RETURN_IF_ERROR(check_batch(batch));
  return std::unique_ptr<ModelAipp>(new ModelAipp(batch));
}

ModelAipp::ModelAipp(size_t batch) : images_(batch, defaults()) {}

template <class Change>
Status ModelAipp::change_all(const Change& change) {
  const std::lock_guard lock(mutex_);
  AippParams first = images_.front();
  change(first);
  CAIRN_RETURN_IF_ERROR(check_limits(first));
  std::ranges::for_each(images_, change);
  return {};
}

template <class Change>
Status ModelAipp::change_one(uint64_t image, const Change& change) {
  const std::lock_guard lock(mutex_);
  if (image >= images_.size())
    return error(ACL_ERROR_INVALID_PARAM, "AIPP-044",
                 "batchIndex is {}; it must be below {}, the batchSize of acl.mdl.create_aipp", image,
                 images_.size());
  AippParams changed = images_[image];
  change(changed);
  CAIRN_RETURN_IF_ERROR(check_limits(changed));
  images_[image] = changed;
  return {};
}

Status ModelAipp::set_input_format(int64_t format) {
  const bool known = format >= 0 && format <= UINT8_MAX;
  const auto given = known ? static_cast<AippInputFormat>(format) : AippInputFormat::kUndefined;
  if (!is_dynamic_format(given))
    return error(
        ACL_ERROR_INVALID_PARAM, "AIPP-019",
        "inputFormat is {}; dynamic AIPP takes 1 (YUV420SP_U8), 2 (XRGB8888_U8), 3 (RGB888_U8) and 4 "
        "(YUV400_U8)",
        format);
  return change_all([&](AippParams& p) { p.input_format = given; });
}

Status ModelAipp::set_csc(int8_t on, const Csc& csc) {
  CAIRN_RETURN_IF_ERROR(check_switch("AIPP-025", "cscSwitch", on));
  if (on == 0) return change_all([](AippParams& p) { p.csc_switch = false; });
  CAIRN_RETURN_IF_ERROR(check_matrix(csc.matrix));
  if (input_format() == AippInputFormat::kYuv400U8)
    return error(ACL_ERROR_INVALID_PARAM, "AIPP-030",
                 "cscSwitch is 1, but the input format is YUV400_U8, which has one channel; leave it off");
  return change_all([&](AippParams& p) {
    p.csc_switch = p.csc_given = true;
    for (size_t i = 0; i < csc.matrix.size(); ++i)
      p.matrix[i / 3][i % 3] = csc.matrix[i];
    std::ranges::copy(csc.output_bias, p.output_bias.begin());
    std::ranges::copy(csc.input_bias, p.input_bias.begin());
  });
}

Status ModelAipp::set_rbuv_swap(int8_t on) {
  CAIRN_RETURN_IF_ERROR(check_switch("AIPP-033", "rbuvSwapSwitch", on));
  return change_all([&](AippParams& p) { p.rbuv_swap_switch = on != 0; });
}

Status ModelAipp::set_ax_swap(int8_t on) {
  CAIRN_RETURN_IF_ERROR(check_switch("AIPP-035", "axSwapSwitch", on));
  return change_all([&](AippParams& p) { p.ax_swap_switch = on != 0; });
}

Status ModelAipp::set_source_size(int32_t width, int32_t height) {
  CAIRN_RETURN_IF_ERROR(check_not_zero("AIPP-037", "srcImageSizeW", width));
  CAIRN_RETURN_IF_ERROR(check_not_zero("AIPP-038", "srcImageSizeH", height));
  return change_all([&](AippParams& p) {
    p.src_image_size_w = width;
    p.src_image_size_h = height;
  });
}

Status ModelAipp::set_crop(int8_t on, const Crop& crop, uint64_t image) {
  CAIRN_RETURN_IF_ERROR(check_switch("AIPP-039", "cropSwitch", on));
  if (on == 0)
    return change_one(image, [](AippParams& p) {
      p.crop = false;
      clear_disabled(p);
    });
  CAIRN_RETURN_IF_ERROR(check_not_zero("AIPP-042", "cropSizeW", crop.width));
  CAIRN_RETURN_IF_ERROR(check_not_zero("AIPP-043", "cropSizeH", crop.height));
  return change_one(image, [&](AippParams& p) {
    p.crop = true;
    p.load_start_pos_w = crop.left;
    p.load_start_pos_h = crop.top;
    p.crop_size_w = crop.width;
    p.crop_size_h = crop.height;
  });
}

Status ModelAipp::set_resize(int8_t on, uint64_t image) {
  CAIRN_RETURN_IF_ERROR(check_switch("AIPP-059", "scfSwitch", on));
  CAIRN_RETURN_IF_ERROR(change_one(image, [](AippParams&) {}));
  if (on == 0) return {};
  return error(ACL_ERROR_FEATURE_UNSUPPORTED, "AIPP-059",
               "AIPP cannot resize; scale the image before the model, for example with VPC");
}

Status ModelAipp::set_padding(int8_t on, const Padding& padding, uint64_t image) {
  CAIRN_RETURN_IF_ERROR(check_switch("AIPP-047", "paddingSwitch", on));
  return change_one(image, [&](AippParams& p) {
    p.padding = on != 0;
    p.top_padding_size = padding.top;
    p.bottom_padding_size = padding.bottom;
    p.left_padding_size = padding.left;
    p.right_padding_size = padding.right;
    if (on == 0) clear_disabled(p);
  });
}

Status ModelAipp::set_mean(const std::array<int16_t, 4>& mean, uint64_t image) {
  return change_one(image, [&](AippParams& p) { std::ranges::copy(mean, p.mean_chn.begin()); });
}

Status ModelAipp::set_min(const std::array<float, 4>& min, uint64_t image) {
  return change_one(image, [&](AippParams& p) { p.min_chn = min; });
}

Status ModelAipp::set_reciprocal(const std::array<float, 4>& reciprocal, uint64_t image) {
  return change_one(image, [&](AippParams& p) { p.var_reci_chn = reciprocal; });
}

AippInputFormat ModelAipp::input_format() const {
  const std::lock_guard lock(mutex_);
  return images_.front().input_format;
}

std::vector<AippParams> ModelAipp::images() const {
  const std::lock_guard lock(mutex_);
  return images_;
}

}  // namespace cairn
