#include "check/api/function_facts.h"

#include <algorithm>
#include <iterator>

namespace cairn::check {
namespace {

// S1 10.1.
constexpr Deprecation kDeprecated[] = {
    {"aclopExecute", "GDE-157", "aclopExecuteV2 (acl.op.execute_v2)"},
    {"aclGetTensorDescDim", "COM-001", "aclGetTensorDescDimV2 (acl.get_tensor_desc_dim_v2)"},
    {"aclGetDataBufferSize", "COM-002", "aclGetDataBufferSizeV2 (acl.get_data_buffer_size_v2)"},
    {"aclSetTensorStorageShape", "COM-003", "aclSetTensorShape (acl.set_tensor_shape)"},
    {"aclSetTensorStorageFormat", "COM-004", "aclSetTensorFormat (acl.set_tensor_format)"},
    {"aclrtQueryEvent", "RT-001", "aclrtQueryEventStatus (acl.rt.query_event_status)"},
    {"acl.util.numpy_to_ptr", "UTL-001", "acl.util.bytes_to_ptr"},
    {"acl.util.numpy_contiguous_to_ptr", "UTL-002", "acl.util.bytes_to_ptr"},
    {"acl.util.ptr_to_numpy", "UTL-003", "acl.util.ptr_to_bytes"},
};

}  // namespace

const Deprecation* deprecation_of(std::string_view function) {
  const auto* const found =
      std::find_if(std::begin(kDeprecated), std::end(kDeprecated),
                   [&](const Deprecation& deprecation) { return deprecation.function == function; });
  return found == std::end(kDeprecated) ? nullptr : found;
}

}  // namespace cairn::check
