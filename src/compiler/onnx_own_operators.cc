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

/// With ceil_mode the engine lets a window begin behind the image, and it counts places by rows only.
bool is_own_max_pool(const OnnxNode& node) {
  if (node.outputs.size() > 1 && value_of<int64_t>(node, "storage_order", 0) != 0) return true;
  if (value_of<int64_t>(node, "ceil_mode", 0) == 0) return false;
  const auto list = [&](std::string_view name) {
    return value_of<std::vector<int64_t>>(node, name, std::vector<int64_t>());
  };
  const std::vector<int64_t> kernel = list("kernel_shape");
  const std::vector<int64_t> strides = list("strides");
  const std::vector<int64_t> dilations = list("dilations");
  const std::vector<int64_t> pads = list("pads");
  const size_t dims = kernel.size();
  for (size_t i = 0; i < dims; ++i) {
    const int64_t stride = i < strides.size() ? strides[i] : 1;
    const int64_t dilation = i < dilations.size() ? dilations[i] : 1;
    const int64_t end = dims + i < pads.size() ? pads[dims + i] : 0;
    // Saturated: these numbers come from the file.
    int64_t reach = 0;
    if (__builtin_mul_overflow(kernel[i] - 1, dilation, &reach) ||
        __builtin_sub_overflow(reach, end, &reach) || stride - 1 > reach)
      return true;
  }
  return false;
}

/// With ceil_mode the engine counts what a window has beyond the padding as well.
bool is_own_average_pool(const OnnxNode& node) {
  const auto pads = value_of<std::vector<int64_t>>(node, "pads", std::vector<int64_t>());
  return value_of<int64_t>(node, "ceil_mode", 0) != 0 &&
         value_of<int64_t>(node, "count_include_pad", 0) != 0 &&
         std::ranges::any_of(pads, [](int64_t pad) { return pad != 0; });
}

/// Neither terms with letters nor an ellipsis: scalars, which the engine's reader gets wrong.
bool is_own_einsum(const OnnxNode& node) {
  return value_of<std::string_view>(node, "equation", "x").find_first_not_of(" ,->") ==
         std::string_view::npos;
}

bool is_own(const OnnxNode& node) {
  if (!node.domain.empty() && node.domain != "ai.onnx") return false;
  const auto integer = [&](std::string_view name) { return value_of<int64_t>(node, name, 0); };
  const auto mode = [&] { return value_of<std::string_view>(node, "mode", ""); };
  constexpr size_t kTrainingMode = 2;
  if (node.type == "Attention") return is_own_attention(node);
  if (node.type == "Resize") return is_own_resize(node);
  if (node.type == "Upsample") return mode() != "linear" && mode() != "bilinear";
  if (node.type == "Pad") return mode() == "wrap";
  if (node.type == "MaxPool") return is_own_max_pool(node);
  if (node.type == "AveragePool") return is_own_average_pool(node);
  if (node.type == "LpPool") return integer("ceil_mode") != 0;
  if (node.type == "LRN") return integer("size") % 2 == 0;
  if (node.type == "ReduceLogSum") return integer("noop_with_empty_axes") != 0;
  if (node.type == "Einsum") return is_own_einsum(node);
  return node.type == "Dropout" && has_input(node, kTrainingMode);
}

bool is_message(const Field& field, int number) {
  return field.number == number && field.is_bytes();
}

/// Writes the file anew, taking the nodes in the order in which read_onnx gives them; like that it passes
/// over fields that are no messages.
class OwnDomain {
 public:
  explicit OwnDomain(const OnnxModel& model)
      : node_(model.nodes.begin()), inner_(model.inner_nodes.begin()) {}

  std::string graph(std::string_view bytes, bool is_main) {
    std::string changed;
    each(bytes, [&](const Field& field) {
      if (!is_message(field, kGraphNode)) return append(changed, field);
      append_bytes(changed, kGraphNode, node(field.bytes, is_main));
    });
    return changed;
  }

 private:
  std::string node(std::string_view bytes, bool is_main) {
    std::string changed;
    each(bytes, [&](const Field& field) {
      if (!is_message(field, kNodeAttribute)) return append(changed, field);
      append_bytes(changed, kNodeAttribute, attribute(field.bytes));
    });
    // Of a field that stands twice the last one counts.
    if (is_own(is_main ? *node_++ : *inner_++)) append_bytes(changed, kNodeDomain, kOwnDomain);
    return changed;
  }

  std::string attribute(std::string_view bytes) {
    std::string changed;
    each(bytes, [&](const Field& field) {
      if (!is_message(field, kAttributeGraph) && !is_message(field, kAttributeGraphs))
        return append(changed, field);
      append_bytes(changed, field.number, graph(field.bytes, false));
    });
    return changed;
  }

  std::vector<OnnxNode>::const_iterator node_;
  std::vector<OnnxNode>::const_iterator inner_;
};

}  // namespace

std::optional<std::string> give_own_domain(std::string_view file, const OnnxModel& model) {
  if (std::ranges::none_of(model.nodes, is_own) && std::ranges::none_of(model.inner_nodes, is_own))
    return std::nullopt;
  std::string changed;
  OwnDomain own(model);
  each(file, [&](const Field& field) {
    if (!is_message(field, kModelGraph)) return append(changed, field);
    append_bytes(changed, kModelGraph, own.graph(field.bytes, true));
  });
  std::string opset;
  append_bytes(opset, kOpsetDomain, kOwnDomain);
  wire::append_number(opset, kOpsetVersion << 3);
  wire::append_number(opset, 1);
  append_bytes(changed, kModelOpset, opset);
  return changed;
}

}  // namespace cairn
