// acl.op.infer_shape.
#pragma once

#include "base/status.h"
#include "singleop/operator_arguments.h"

namespace cairn {

/// The shapes that follow from those of the inputs, and from their values where these are short lists of
/// whole numbers, go into the output descriptions [OP-052].
Status infer_operator_shapes(const OperatorArguments& arguments);

}  // namespace cairn
