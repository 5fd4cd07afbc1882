// A single operator as a network of the engine. Everything here may throw what the engine throws.
#pragma once

#include <memory>
#include <openvino/core/model.hpp>
#include <vector>

#include "base/status.h"
#include "op/operator_spec.h"

namespace cairn {

/// Builds the operator for the shapes of the description. The network's inputs are the description's that
/// take memory, in their order. ACL_ERROR_OP_NOT_FOUND for an unknown operator.
Result<std::shared_ptr<ov::Model>> operator_network(const OperatorSpec& description);

/// Types, dims and ranges of what the network gives.
std::vector<OperatorTensor> output_tensors(const ov::Model& network);

}  // namespace cairn
