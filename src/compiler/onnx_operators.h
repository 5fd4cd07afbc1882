// CANN operator types and attributes of ONNX nodes, for the shown graph.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/onnx_file.h"
#include "om/om_model.h"

namespace cairn {

/// What the mapping asks about a node's inputs.
struct OnnxNodeContext {
  /// Dims of an input's tensor; empty if unknown.
  std::function<std::vector<int64_t>(std::string_view)> dims;
  /// The value of an input that is a constant float32 scalar.
  std::function<std::optional<float>(std::string_view)> scalar;
};

struct CannOperator {
  std::string type;  ///< The ONNX type where CANN has no counterpart.
  std::vector<OmAttribute> attributes;
};

/// A node whose type and attributes are CANN's already.
CannOperator table_operator(const OnnxNode& node);
CannOperator cann_operator(const OnnxNode& node, const OnnxNodeContext& context);

}  // namespace cairn
