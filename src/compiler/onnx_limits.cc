#include "compiler/onnx_limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/compile_error.h"
#include "compiler/onnx_attributes.h"

namespace cairn {
namespace {

bool is_recurrent(const OnnxNode& node) {
  return node.type == "LSTM" || node.type == "GRU" || node.type == "RNN";
}

}  // namespace

std::string_view onnx_limit(const OnnxNode& node) {
  const auto integer = [&](std::string_view name, int64_t otherwise) {
    return value_of<int64_t>(node, name, otherwise);
  };
  if (is_recurrent(node) && integer("layout", 0) != 0)
    return "layout=1 (batch first); transpose X and the states";
  constexpr size_t kPeepholes = 7;
  if (node.type == "LSTM" && node.inputs.size() > kPeepholes && !node.inputs[kPeepholes].empty())
    return "peepholes (input P)";
  if (node.type == "LSTM" && integer("input_forget", 0) != 0)
    return "input_forget=1, which couples the input and the forget gate";
  if (node.type == "RoiAlign" && value_of<std::string_view>(node, "mode", "avg") == "max")
    return "mode=max, which the engine computes by another rule";
  return {};
}

Status check_onnx_limits(const OnnxModel& model) {
  std::vector<std::string> found;
  for (const auto* nodes : {&model.nodes, &model.inner_nodes})
    for (const OnnxNode& node : *nodes) {
      const std::string_view part = onnx_limit(node);
      if (!part.empty()) found.push_back(fmt::format("{} (node {}): {}", node.type, node.name, part));
    }
  if (found.empty()) return {};
  return compile_error("E16002", {std::to_string(found.size()), fmt::format("{}", fmt::join(found, ", "))});
}

}  // namespace cairn
