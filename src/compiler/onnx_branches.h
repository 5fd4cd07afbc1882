// `If` nodes whose condition is known before the model runs, for instance because it asks for the shape of an
// input. The engine's reader needs the rank of every tensor, which such nodes hide from it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/onnx_file.h"

namespace cairn {

/// The bytes of an ONNX file whose only output is this tensor of truth values, with the nodes that it needs.
/// Nothing if one of these has graphs in it. `model` is what read_onnx made of the file.
std::optional<std::string> graph_up_to(std::string_view file, const OnnxModel& model,
                                       std::string_view tensor);

/// The bytes of an ONNX file with the first `If` that makes the tensor `output` replaced by the nodes of one
/// of its branches. Nothing if there is none. The file must have passed read_onnx.
std::optional<std::string> inline_branch(std::string_view file, std::string_view output, bool then_branch);

}  // namespace cairn
