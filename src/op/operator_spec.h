// What a single operator is, apart from its data: type, tensors, attributes. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "acl/acl_base.h"
#include "om/om_model.h"

namespace cairn {

struct OperatorTensor {
  std::string name;  ///< Of acl.set_tensor_desc_name, or of an .om file; may be empty.
  aclDataType data_type = ACL_DT_UNDEFINED;
  aclFormat format = ACL_FORMAT_ND;
  std::vector<int64_t> dims;     ///< -1: known when the operator runs; -2 alone: not even their number.
  std::vector<DimRange> ranges;  ///< One for each of `dims`, or none.
  /// The value of a constant input.
  std::optional<std::vector<std::byte>> constant;

  /// An optional input that is not used [OP-020].
  bool is_absent() const { return data_type == ACL_DT_UNDEFINED; }
  bool is_open() const;
  /// An input that takes memory when the operator runs.
  bool takes_memory() const { return !is_absent() && !constant; }
  /// Bytes of the dense tensor; nothing if a dim is open or the size overflows.
  std::optional<size_t> bytes() const;
};

struct OperatorSpec {
  std::string type;
  std::vector<OperatorTensor> inputs;  ///< Without absent ones at the end.
  std::vector<OperatorTensor> outputs;
  std::vector<OmAttribute> attributes;

  /// A dim of an input is known only when the operator runs.
  bool has_open_inputs() const;
  /// Some dim is.
  bool has_open_dims() const;
};

/// "[2, -1]".
std::string shape_text(const std::vector<int64_t>& dims);
/// "Add(float[2, 3], float[2, 3]) -> float[2, 3]", for messages.
std::string describe(const OperatorSpec& description);

}  // namespace cairn
