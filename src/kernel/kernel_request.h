// What a program asks for: an operator type, tensors and attributes; and what tells two such requests apart.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "acl/acl_op.h"
#include "base/status.h"
#include "op/op_attributes.h"
#include "tensor/tensor_desc.h"

namespace cairn {

/// An operator as the functions of acl_op.h name it. `attributes` may be null.
struct KernelRequest {
  const char* type;
  std::span<const aclTensorDesc* const> inputs;
  std::span<const aclTensorDesc* const> outputs;
  const aclopAttr* attributes;
};

/// Writes the key over `key`, which needs no memory once it has been long enough. Handles that denote nothing
/// are an error.
Status write_key(const KernelRequest& request, std::string& key);

}  // namespace cairn
