// TensorProto.DataType of ONNX and the types of the API.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "acl/acl_base.h"

namespace cairn {

/// By the number of the ONNX type; ACL_DT_UNDEFINED where there is none.
inline constexpr std::array<aclDataType, 17> kOnnxTypes = {
    ACL_DT_UNDEFINED, ACL_FLOAT,  ACL_UINT8,     ACL_INT8,       ACL_UINT16,  ACL_INT16,
    ACL_INT32,        ACL_INT64,  ACL_STRING,    ACL_BOOL,       ACL_FLOAT16, ACL_DOUBLE,
    ACL_UINT32,       ACL_UINT64, ACL_COMPLEX64, ACL_COMPLEX128, ACL_BF16};

/// ACL_DT_UNDEFINED if the API has none.
inline aclDataType acl_type_of_onnx(int32_t type) {
  return type >= 0 && static_cast<size_t>(type) < kOnnxTypes.size() ? kOnnxTypes[static_cast<size_t>(type)]
                                                                    : ACL_DT_UNDEFINED;
}

/// 0 if ONNX has none.
inline int32_t onnx_type_of(aclDataType type) {
  const auto found = std::ranges::find(kOnnxTypes, type);
  return found == kOnnxTypes.end() ? 0 : static_cast<int32_t>(found - kOnnxTypes.begin());
}

}  // namespace cairn
