#include "compiler/onnx_limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/compile_error.h"

namespace cairn {
namespace {

template <class T>
T value_of(const OnnxNode& node, std::string_view name, T otherwise) {
  for (const OnnxAttribute& attribute : node.attributes)
    if (attribute.name == name)
      if (const T* value = std::get_if<T>(&attribute.value)) return *value;
  return otherwise;
}

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
  if (node.type == "Attention" &&
      (integer("left_window_size", -1) >= 0 || integer("right_window_size", -1) >= 0))
    return "a sliding window; give it as attn_mask";
  if (node.type == "RoiAlign" && value_of<std::string_view>(node, "mode", "avg") == "max")
    return "mode=max, which the engine computes by another rule";
  if (node.type == "Resize") {
    if (integer("exclude_outside", 0) != 0) return "exclude_outside=1";
    if (integer("antialias", 0) != 0) return "antialias=1";
    if (value_of<std::string_view>(node, "keep_aspect_ratio_policy", "stretch") != "stretch")
      return "keep_aspect_ratio_policy; give the sizes that come out";
  }
  return {};
}

Status check_onnx_limits(const OnnxModel& model) {
  std::vector<std::string> found;
  for (const OnnxNode& node : model.nodes) {
    const std::string_view part = onnx_limit(node);
    if (!part.empty()) found.push_back(fmt::format("{} (node {}): {}", node.type, node.name, part));
  }
  if (found.empty()) return {};
  return compile_error("E16002", {std::to_string(found.size()), fmt::format("{}", fmt::join(found, ", "))});
}

}  // namespace cairn
