#include "compiler/onnx_branches.h"

#include <vector>

#include "compiler/wire_message.h"

namespace cairn {
namespace {

using wire::Field;
using wire::Message;

// Field numbers of onnx.proto.
constexpr int kModelGraph = 7;
constexpr int kGraphNode = 1;
constexpr int kGraphInitializer = 5;
constexpr int kGraphOutput = 12;
constexpr int kGraphValue = 13;
constexpr int kNodeInput = 1;
constexpr int kNodeOutput = 2;
constexpr int kNodeType = 4;
constexpr int kNodeAttribute = 5;
constexpr int kAttributeName = 1;
constexpr int kAttributeGraph = 6;
constexpr int kValueName = 1;

void append_number(std::string& to, uint64_t number) {
  for (; number > 0x7F; number >>= 7)
    to.push_back(static_cast<char>(number | 0x80));
  to.push_back(static_cast<char>(number));
}

void append_bytes(std::string& to, int field, std::string_view bytes) {
  append_number(to, static_cast<uint64_t>(field) << 3 | wire::WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  append_number(to, bytes.size());
  to += bytes;
}

void append(std::string& to, const Field& field) {
  if (field.is_bytes()) return append_bytes(to, field.number, field.bytes);
  append_number(to, static_cast<uint64_t>(field.number) << 3 | field.type);
  if (field.type == wire::WireFormatLite::WIRETYPE_VARINT) return append_number(to, field.integer);
  const size_t size = field.type == wire::WireFormatLite::WIRETYPE_FIXED64 ? 8 : 4;
  to.append(reinterpret_cast<const char*>(&field.integer), size);
}

/// Calls `take` for each field of a message.
template <class Take>
void each(std::string_view bytes, Take&& take) {
  Message message(bytes);
  for (Field field; message.next(field);)
    take(field);
}

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

}  // namespace

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
