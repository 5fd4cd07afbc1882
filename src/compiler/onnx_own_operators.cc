#include "compiler/onnx_own_operators.h"

#include <algorithm>

#include "compiler/onnx_attributes.h"
#include "compiler/onnx_fields.h"
#include "compiler/wire_message.h"

namespace cairn {
namespace {

using wire::append;
using wire::append_bytes;
using wire::each;
using wire::Field;

using namespace onnx_field;  // NOLINT(google-build-using-namespace): numbers only.

bool has_input(const OnnxNode& node, size_t index) {
  return index < node.inputs.size() && !node.inputs[index].empty();
}

bool is_own_attention(const OnnxNode& node) {
  constexpr size_t kMask = 3;
  constexpr size_t kPastKey = 4;
  const auto integer = [&](std::string_view name) { return value_of<int64_t>(node, name, -1); };
  if (integer("left_window_size") >= 0 || integer("right_window_size") >= 0) return true;
  // The engine's reader does not count the cache where a mask is given, too.
  return integer("is_causal") > 0 && has_input(node, kMask) && has_input(node, kPastKey);
}

bool is_own_resize(const OnnxNode& node) {
  const auto text = [&](std::string_view name) { return value_of<std::string_view>(node, name, ""); };
  const auto flag = [&](std::string_view name) { return value_of<int64_t>(node, name, 0) != 0; };
  const std::string_view place = text("coordinate_transformation_mode");
  const std::string_view policy = text("keep_aspect_ratio_policy");
  return flag("exclude_outside") || flag("antialias") || (!policy.empty() && policy != "stretch") ||
         place == "tf_crop_and_resize" || place == "half_pixel_symmetric";
}

bool is_own(const OnnxNode& node) {
  if (!node.domain.empty() && node.domain != "ai.onnx") return false;
  constexpr size_t kTrainingMode = 2;
  if (node.type == "Attention") return is_own_attention(node);
  if (node.type == "Resize") return is_own_resize(node);
  if (node.type == "Pad") return value_of<std::string_view>(node, "mode", "") == "wrap";
  return node.type == "Dropout" && has_input(node, kTrainingMode);
}

}  // namespace

std::optional<std::string> give_own_domain(std::string_view file, const OnnxModel& model) {
  if (std::ranges::none_of(model.nodes, is_own)) return std::nullopt;
  std::string changed;
  size_t index = 0;
  each(file, [&](const Field& field) {
    if (field.number != kModelGraph) return append(changed, field);
    std::string graph;
    each(field.bytes, [&](const Field& part) {
      if (part.number != kGraphNode || !is_own(model.nodes[index++])) return append(graph, part);
      std::string node(part.bytes);  // Of a field that stands twice the last one counts.
      append_bytes(node, kNodeDomain, kOwnDomain);
      append_bytes(graph, kGraphNode, node);
    });
    append_bytes(changed, kModelGraph, graph);
  });
  std::string opset;
  append_bytes(opset, kOpsetDomain, kOwnDomain);
  wire::append_number(opset, kOpsetVersion << 3);
  wire::append_number(opset, 1);
  append_bytes(changed, kModelOpset, opset);
  return changed;
}

}  // namespace cairn
