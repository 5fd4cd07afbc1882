#include "om/om_aipp.h"

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
