// A graph of operators of the table, seen as the model that the rest of the compiler works on.
#pragma once

#include <string_view>

#include "compiler/onnx_file.h"
#include "ops/operator_graph.h"

namespace cairn {

/// Domain of nodes whose types and attributes are those of the operator table already.
inline constexpr std::string_view kOperatorTableDomain = "ge";

/// Names and bytes point into the graph.
OnnxModel view_of(const ops::OperatorGraph& graph);

}  // namespace cairn
