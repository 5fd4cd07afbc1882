#include "om/om_aipp.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "aipp/aipp_block.h"

namespace cairn {
namespace {

Result<AippDataType> aipp_type_of(const OmTensor& tensor) {
  switch (tensor.data_type) {
    case ACL_UINT8:
      return AippDataType::kUint8;
    case ACL_INT8:
      return AippDataType::kInt8;
    case ACL_FLOAT16:
      return AippDataType::kFloat16;
    case ACL_FLOAT:
      return AippDataType::kFloat32;
    default:
      return error(ACL_ERROR_GE_AIPP_MODE_INVALID, "MDL-043",
                   "input {} has data type {}; AIPP writes uint8, int8, float16 or float32", tensor.name,
                   static_cast<int>(tensor.data_type));
  }
}

/// The dim that is the height, in front of that of the width; `tensor` is one of om_aipp_output.
size_t height_of(const OmTensor& tensor) {
  return tensor.format == ACL_FORMAT_NCHW ? 2 : 1;
}

}  // namespace

Result<AippOutput> om_aipp_output(const OmTensor& tensor) {
  const bool nchw = tensor.format == ACL_FORMAT_NCHW;
  if (tensor.dims.size() != 4 || (!nchw && tensor.format != ACL_FORMAT_NHWC))
    return error(ACL_ERROR_GE_AIPP_MODE_INVALID, "MDL-043",
                 "input {} has {} dims and format {}; AIPP needs 4 dims, NCHW or NHWC", tensor.name,
                 tensor.dims.size(), static_cast<int>(tensor.format));
  CAIRN_ASSIGN(const AippDataType type, aipp_type_of(tensor));
  const std::vector<int64_t>& d = tensor.dims;
  if (nchw) return AippOutput{d[0], d[1], d[2], d[3], AippLayout::kNchw, type};
  return AippOutput{d[0], d[3], d[1], d[2], AippLayout::kNhwc, type};
}

std::string to_text(const DimRange& range) {
  if (range.is_fixed()) return std::to_string(range.least);
  if (range.most < 0) return fmt::format("{} or more", range.least);
  return fmt::format("{}~{}", range.least, range.most);
}

Result<int64_t> most_aipp_images(const OmInput& input) {
  const OmTensor& own = input.engine_tensor();
  CAIRN_RETURN_IF_ERROR(om_aipp_output(own).status());
  if (const DimRange batch = input.range(0); batch.most < 0)
    return error(ACL_ERROR_GE_AIPP_MODE_INVALID, "E10052",
                 "the batch of input {} is {}; dynamic AIPP has parameters for each image, so give the batch "
                 "a limit, such as 1~8 in --input_shape",
                 own.name, to_text(batch));
  OmTensor smallest = own;
  smallest.dims[0] = input.range(0).most;
  const size_t height = height_of(own);
  for (const size_t side : {height, height + 1})
    smallest.dims[side] = std::max<int64_t>(input.range(side).least, 1);
  CAIRN_ASSIGN(const AippOutput output, om_aipp_output(smallest));
  CAIRN_RETURN_IF_ERROR(check_dynamic_aipp_output(output));
  return output.batch;
}

Result<std::vector<int64_t>> dims_behind_aipp(const OmInput& input, const AippParams& first, int64_t images) {
  const OmTensor& own = input.engine_tensor();
  if (images < 1 || !input.range(0).contains(images))
    return error(ACL_ERROR_GE_AIPP_BATCH_EMPTY, "GDM-047",
                 "the parameters are for {} images, the batch of input {} is {}; pass that number to "
                 "acl.mdl.create_aipp",
                 images, input.name, to_text(input.range(0)));
  std::vector<int64_t> dims = own.dims;
  dims[0] = images;
  const auto [width, height] = aipp_output_size(first);
  const size_t rows = height_of(own);
  for (const auto& [dim, size, name] : {std::tuple{rows, height, "height"}, {rows + 1, width, "width"}}) {
    if (dims[dim] >= 0) continue;  // resolve() compares the fixed ones.
    if (!input.range(dim).contains(size))
      return error(ACL_ERROR_GE_SHAPE_INVALID, "GDM-083",
                   "the {} after AIPP is {}, input {} of the model takes {}; change src_image_size, crop or "
                   "padding, or convert the model for other ranges",
                   name, size, input.name, to_text(input.range(dim)));
    dims[dim] = size;
  }
  return dims;
}

void set_dynamic_aipp(OmInput& input, const AippParams& params, size_t parameters) {
  if (!input.aipp) input.aipp = OmAipp{params, static_cast<const OmTensor&>(input)};
  input.aipp->params = params;
  input.aipp->parameters = parameters;
  input.data_type = ACL_UINT8;
  input.format = ACL_FORMAT_NHWC;
  const std::vector<int64_t>& own = input.aipp->original.dims;
  input.dims = input.dims_v2 = {own.empty() ? 0 : own[0], -1, -1, -1};
  input.bytes = params.max_src_image_size;
}

OmInput aipp_parameters_input(std::string name, int64_t batch) {
  OmInput input;
  input.name = std::move(name);
  input.role = OmInputRole::kAippParameters;
  input.data_type = ACL_UINT8;
  input.format = ACL_FORMAT_ND;
  input.bytes = aipp_block_bytes(static_cast<size_t>(batch));
  input.dims = input.dims_v2 = {static_cast<int64_t>(input.bytes)};
  return input;
}

}  // namespace cairn
