// `If` nodes whose condition is known before the model runs, for instance because it asks for the shape of an
// input. The engine's reader needs the rank of every tensor, which such nodes hide from it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cairn {

/// What the only output of an ONNX file, a truth value, always is; nothing if that is not known.
using KnownCondition = std::function<std::optional<bool>(const std::string& file)>;

/// The bytes of an ONNX file in which such nodes have given way to the nodes of one of their branches, also
/// inside the branches of others. Nothing if there are none. The file must have passed read_onnx.
std::optional<std::string> fold_branches(std::string_view file, const KnownCondition& known);

}  // namespace cairn
