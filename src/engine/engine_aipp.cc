#include "engine/engine_aipp.h"

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

Result<AippOutput> aipp_output_of(const OmTensor& tensor) {
  if (tensor.dims.size() != 4 || (tensor.format != ACL_FORMAT_NCHW && tensor.format != ACL_FORMAT_NHWC))
    return error(ACL_ERROR_GE_AIPP_MODE_INVALID, "MDL-043",
                 "input {} has {} dims and format {}; AIPP writes NCHW or NHWC", tensor.name,
                 tensor.dims.size(), static_cast<int>(tensor.format));
  CAIRN_ASSIGN(const AippDataType type, aipp_type_of(tensor));
  const std::vector<int64_t>& d = tensor.dims;
  if (tensor.format == ACL_FORMAT_NCHW) return AippOutput{d[0], d[1], d[2], d[3], AippLayout::kNchw, type};
  return AippOutput{d[0], d[3], d[1], d[2], AippLayout::kNhwc, type};
}

}  // namespace cairn
