#include "compiler/onnx_branches.h"

#include <unordered_map>
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

struct Branches {
  std::vector<std::string_view> outputs;  ///< Of the node.
  std::string_view then_graph;
  std::string_view else_graph;
};

std::optional<Branches> read_if(std::string_view node) {
  Branches found;
  bool is_if = false;
  each(node, [&](const Field& field) {
    if (field.number == kNodeOutput) found.outputs.push_back(field.bytes);
    if (field.number == kNodeType) is_if = field.bytes == "If";
    if (field.number != kNodeAttribute) return;
    std::string_view name;
    std::string_view graph;
    each(field.bytes, [&](const Field& part) {
      if (part.number == kAttributeName) name = part.bytes;
      if (part.number == kAttributeGraph) graph = part.bytes;
    });
    if (name == "then_branch") found.then_graph = graph;
    if (name == "else_branch") found.else_graph = graph;
  });
  return is_if ? std::optional(found) : std::nullopt;
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
    std::string_view name;
    each(field.bytes, [&](const Field& part) {
      if (part.number == kValueName) name = part.bytes;
    });
    append_bytes(ends, kGraphNode, identity_node(name, outputs[index++]));
  });
  graph += ends;
}

bool has_graphs(std::string_view type) {
  return type == "If" || type == "Loop" || type == "Scan" || type == "SequenceMap";
}

/// For each node whether the tensor needs it; nothing if one of them has graphs in it.
std::optional<std::vector<bool>> nodes_for(const OnnxModel& model, std::string_view tensor) {
  std::unordered_map<std::string_view, size_t> makers;
  for (size_t i = 0; i < model.nodes.size(); ++i)
    for (const std::string_view output : model.nodes[i].outputs)
      makers.emplace(output, i);
  std::vector<bool> needed(model.nodes.size(), false);
  std::vector<std::string_view> open = {tensor};
  while (!open.empty()) {
    const auto maker = makers.find(open.back());
    open.pop_back();
    if (maker == makers.end() || needed[maker->second]) continue;
    const OnnxNode& node = model.nodes[maker->second];
    if (has_graphs(node.type)) return std::nullopt;
    needed[maker->second] = true;
    open.insert(open.end(), node.inputs.begin(), node.inputs.end());
  }
  return needed;
}

}  // namespace

std::optional<std::string> graph_up_to(std::string_view file, const OnnxModel& model,
                                       std::string_view tensor) {
  const auto needed = nodes_for(model, tensor);
  if (!needed) return std::nullopt;
  std::string type;
  append_bytes(type, kTypeTensor, kTruthTensor);
  std::string output;
  append_bytes(output, kValueName, tensor);
  append_bytes(output, kValueType, type);
  std::string changed;
  size_t index = 0;
  each(file, [&](const Field& field) {
    if (field.number != kModelGraph) return append(changed, field);
    std::string graph;
    each(field.bytes, [&](const Field& part) {
      if (part.number == kGraphOutput || part.number == kGraphValue) return;
      if (part.number == kGraphNode && !(*needed)[index++]) return;
      append(graph, part);
    });
    append_bytes(graph, kGraphOutput, output);
    append_bytes(changed, kModelGraph, graph);
  });
  return changed;
}

std::optional<std::string> inline_branch(std::string_view file, std::string_view output, bool then_branch) {
  std::string changed;
  bool found = false;
  each(file, [&](const Field& field) {
    if (field.number != kModelGraph) return append(changed, field);
    std::string graph;
    each(field.bytes, [&](const Field& part) {
      const auto branches = part.number == kGraphNode && !found ? read_if(part.bytes) : std::nullopt;
      if (!branches || branches->outputs.empty() || branches->outputs[0] != output)
        return append(graph, part);
      found = true;
      append_branch(graph, then_branch ? branches->then_graph : branches->else_graph, branches->outputs);
    });
    append_bytes(changed, kModelGraph, graph);
  });
  return found ? std::optional(std::move(changed)) : std::nullopt;
}

}  // namespace cairn
