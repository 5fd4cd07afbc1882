// Operators of ONNX that the engine's own reader knows, but not in every form: those in other forms get a
// domain of ours, so that engine/onnx builds them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/onnx_file.h"

namespace cairn {

/// Of the nodes that engine/onnx builds although the engine's reader knows operators of their type.
inline constexpr const char* kOwnDomain = "cairn";

/// The bytes of an ONNX file with such nodes in kOwnDomain, also inside the graphs of attributes. Nothing if
/// there are none.
/// `model` is what read_onnx made of the file.
std::optional<std::string> give_own_domain(std::string_view file, const OnnxModel& model);

}  // namespace cairn
