// Attributes of ONNX operators that the engine's reader passes over without a word. A model that has them
// would compute something else, so it is refused.
#pragma once

#include "base/status.h"
#include "compiler/onnx_file.h"

namespace cairn {

/// What of a node is passed over, and what to do; empty: nothing.
std::string_view onnx_limit(const OnnxNode& node);

/// All nodes whose results would be wrong, in one message.
Status check_onnx_limits(const OnnxModel& model);

}  // namespace cairn
