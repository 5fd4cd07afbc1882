#include "compiler/onnx_branches.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/onnx_fields.h"
#include "compiler/wire_message.h"

namespace cairn {
namespace {

using wire::append;
using wire::append_bytes;
using wire::each;
using wire::Field;

using namespace onnx_field;                            // NOLINT(google-build-using-namespace): numbers only.
constexpr std::string_view kTruthTensor = "\x08\x09";  // TypeProto.Tensor: elem_type is BOOL.

using Names = std::unordered_set<std::string_view>;

struct Node {
  std::string_view type;
  std::string_view domain;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::string_view then_graph;
  std::string_view else_graph;
  bool has_graphs = false;

  bool is_if() const { return type == "If" && domain.empty() && !inputs.empty() && !outputs.empty(); }
};

Node read_node(std::string_view bytes) {
  Node node;
  each(bytes, [&](const Field& field) {
    if (field.number == kNodeInput) node.inputs.push_back(field.bytes);
    if (field.number == kNodeOutput) node.outputs.push_back(field.bytes);
    if (field.number == kNodeType) node.type = field.bytes;
    if (field.number == kNodeDomain) node.domain = field.bytes;
    if (field.number != kNodeAttribute) return;
    std::string_view name;
    std::string_view graph;
    each(field.bytes, [&](const Field& part) {
      if (part.number == kAttributeName) name = part.bytes;
      if (part.number == kAttributeGraph) graph = part.bytes;
      if (part.number == kAttributeGraph || part.number == kAttributeGraphs) node.has_graphs = true;
    });
    if (name == "then_branch") node.then_graph = graph;
    if (name == "else_branch") node.else_graph = graph;
  });
  return node;
}

std::string_view name_of(std::string_view bytes, int field_number) {
  std::string_view name;
  each(bytes, [&](const Field& field) {
    if (field.number == field_number) name = field.bytes;
  });
  return name;
}

/// Tensors that the nodes and initializers of a graph make.
Names made_in(std::string_view graph) {
  Names names;
  each(graph, [&](const Field& field) {
    if (field.number == kGraphInitializer) names.insert(name_of(field.bytes, kTensorName));
    if (field.number != kGraphNode) return;
    const Node node = read_node(field.bytes);
    names.insert(node.outputs.begin(), node.outputs.end());
  });
  names.erase("");
  return names;
}

std::string identity_node(std::string_view from, std::string_view to) {
  std::string node;
  append_bytes(node, kNodeInput, from);
  append_bytes(node, kNodeOutput, to);
  append_bytes(node, kNodeType, "Identity");
  return node;
}

/// The branch's nodes and constants become those of the graph around it; its outputs get the node's names.
void append_branch(std::string& graph, std::string_view branch,
                   const std::vector<std::string_view>& outputs) {
  size_t index = 0;
  std::string ends;
  each(branch, [&](const Field& field) {
    if (field.number == kGraphNode || field.number == kGraphInitializer || field.number == kGraphValue)
      append(graph, field);
    if (field.number != kGraphOutput || index == outputs.size()) return;
    append_bytes(ends, kGraphNode, identity_node(name_of(field.bytes, kValueName), outputs[index++]));
  });
  graph += ends;
}

/// The graph with the first `If` that makes the tensor `output` replaced by one of its branches.
std::string with_branch(std::string_view graph, std::string_view output, bool then_branch) {
  std::string changed;
  bool found = false;
  each(graph, [&](const Field& field) {
    if (field.number != kGraphNode || found) return append(changed, field);
    const Node node = read_node(field.bytes);
    if (!node.is_if() || node.outputs[0] != output) return append(changed, field);
    found = true;
    append_branch(changed, then_branch ? node.then_graph : node.else_graph, node.outputs);
  });
  return changed;
}

/// Tensors that this one is made from, and itself; nothing if a node that has graphs in it is among them.
std::optional<Names> needed_for(std::string_view graph, std::string_view tensor) {
  std::vector<Node> nodes;
  each(graph, [&](const Field& field) {
    if (field.number == kGraphNode) nodes.push_back(read_node(field.bytes));
  });
  std::unordered_map<std::string_view, const Node*> makers;
  for (const Node& node : nodes)
    for (const std::string_view output : node.outputs)
      makers.emplace(output, &node);
  Names needed;
  std::vector<std::string_view> open = {tensor};
  while (!open.empty()) {
    const std::string_view name = open.back();
    open.pop_back();
    if (!needed.insert(name).second) continue;
    const auto maker = makers.find(name);
    if (maker == makers.end()) continue;
    if (maker->second->has_graphs) return std::nullopt;
    open.insert(open.end(), maker->second->inputs.begin(), maker->second->inputs.end());
  }
  return needed;
}

class Folding {
 public:
  Folding(std::string_view file, const KnownCondition& known) : file_(file), known_(known) {}

  /// `around`: what the graphs around this one have, as one graph.
  std::string fold(std::string graph, const std::string& around) {
    std::unordered_set<std::string> tried;
    while (fold_one(graph, around, tried)) {
    }
    return fold_inside(graph, around + graph);
  }

  bool has_changed() const { return has_changed_; }

 private:
  /// False when no `If` is left that was not tried.
  bool fold_one(std::string& graph, const std::string& around, std::unordered_set<std::string>& tried) {
    std::optional<Node> next;
    each(graph, [&](const Field& field) {
      if (field.number != kGraphNode || next) return;
      Node node = read_node(field.bytes);
      if (node.is_if() && !tried.contains(std::string(node.outputs[0]))) next = std::move(node);
    });
    if (!next) return false;
    tried.emplace(next->outputs[0]);
    const std::optional<bool> value = condition(around + graph, next->inputs[0]);
    if (!value) return true;
    // Two branches may use the same name, which can stand in one graph only once.
    const Names taken = made_in(graph);
    if (std::ranges::any_of(made_in(*value ? next->then_graph : next->else_graph),
                            [&](std::string_view name) { return taken.contains(name); }))
      return true;
    graph = with_branch(graph, next->outputs[0], *value);
    has_changed_ = true;
    return true;
  }

  /// The branches of the nodes that are left.
  std::string fold_inside(std::string_view graph, const std::string& around) {
    std::string changed;
    each(graph, [&](const Field& field) {
      if (field.number != kGraphNode || !read_node(field.bytes).is_if()) return append(changed, field);
      std::string node;
      each(field.bytes, [&](const Field& part) {
        if (part.number != kNodeAttribute) return append(node, part);
        append_bytes(node, kNodeAttribute, fold_attribute(part.bytes, around));
      });
      append_bytes(changed, kGraphNode, node);
    });
    return changed;
  }

  std::string fold_attribute(std::string_view attribute, const std::string& around) {
    std::string changed;
    each(attribute, [&](const Field& field) {
      if (field.number != kAttributeGraph) return append(changed, field);
      append_bytes(changed, kAttributeGraph, fold(std::string(field.bytes), around));
    });
    return changed;
  }

  std::optional<bool> condition(std::string_view graph, std::string_view tensor) const {
    const auto needed = needed_for(graph, tensor);
    if (!needed) return std::nullopt;
    std::string type;
    append_bytes(type, kTypeTensor, kTruthTensor);
    std::string output;
    append_bytes(output, kValueName, tensor);
    append_bytes(output, kValueType, type);
    std::string part;
    each(graph, [&](const Field& field) {
      const auto is_needed = [&](std::string_view name) { return needed->contains(name); };
      if (field.number == kGraphInput) return append(part, field);
      if (field.number == kGraphInitializer && is_needed(name_of(field.bytes, kTensorName)))
        return append(part, field);
      if (field.number == kGraphNode && std::ranges::any_of(read_node(field.bytes).outputs, is_needed))
        append(part, field);
    });
    append_bytes(part, kGraphOutput, output);
    std::string file;
    each(file_, [&](const Field& field) {
      if (field.number != kModelGraph) append(file, field);
    });
    append_bytes(file, kModelGraph, part);
    return known_(file);
  }

  std::string_view file_;
  const KnownCondition& known_;
  bool has_changed_ = false;
};

}  // namespace

std::optional<std::string> fold_branches(std::string_view file, const KnownCondition& known) {
  Folding folding(file, known);
  std::string changed;
  each(file, [&](const Field& field) {
    if (field.number != kModelGraph) return append(changed, field);
    append_bytes(changed, kModelGraph, folding.fold(std::string(field.bytes), ""));
  });
  return folding.has_changed() ? std::optional(std::move(changed)) : std::nullopt;
}

}  // namespace cairn
