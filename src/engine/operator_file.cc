#include "engine/operator_file.h"

#include <algorithm>

#include "tensor/data_type.h"

namespace cairn {
namespace {

OmTensor om_tensor(const OperatorTensor& from) {
  OmTensor tensor;
  tensor.name = from.name;
  tensor.data_type = from.data_type;
  tensor.format = from.format;
  tensor.dims = from.dims;
  tensor.bytes = from.bytes().value_or(0);
  return tensor;
}

OperatorTensor operator_tensor(const OmTensor& from) {
  OperatorTensor tensor;
  tensor.name = from.name;
  tensor.data_type = from.data_type;
  tensor.format = from.format;
  tensor.dims = from.dims;
  return tensor;
}

const OmNode* find_node(const OmModel& model, std::string_view name) {
  const auto found = std::ranges::find(model.nodes, name, &OmNode::name);
  return found == model.nodes.end() ? nullptr : &*found;
}

Result<std::vector<std::byte>> constant_of(const OmModel& model, const OmNode& node) {
  std::span<const std::byte> bytes = std::as_bytes(std::span(node.inline_data));
  if (node.weight_offset) {
    if (*node.weight_offset > model.weights.size() ||
        node.weight_bytes > model.weights.size() - *node.weight_offset)
      return error(ACL_ERROR_OP_LOAD_FAILED, "OP-005", "constant {} of the file lies outside its weights",
                   node.name);
    bytes = model.weights.subspan(*node.weight_offset, node.weight_bytes);
  }
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace

ops::OperatorGraph operator_graph(const OperatorSpec& spec) {
  ops::OperatorGraph graph;
  ops::GraphNode node;
  node.name = node.type = spec.type;
  node.attributes = spec.attributes;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    const OperatorTensor& input = spec.inputs[i];
    const std::string name = input.is_absent() ? "" : fmt::format("input{}", i);
    node.inputs.push_back(name);
    if (input.is_absent()) continue;
    if (!input.constant) {
      graph.inputs.push_back({name, input.data_type, input.format, input.dims});
      continue;
    }
    ops::GraphConstant constant;
    constant.tensor = name;
    constant.data_type = input.data_type;
    constant.format = input.format;
    constant.dims = input.dims;
    constant.bytes = *input.constant;
    graph.constants.push_back(std::move(constant));
  }
  for (size_t i = 0; i < spec.outputs.size(); ++i) {
    const std::string name = fmt::format("output{}", i);
    node.outputs.push_back(name);
    graph.outputs.push_back({name, node.name, static_cast<int64_t>(i), ""});
  }
  graph.nodes.push_back(std::move(node));
  return graph;
}

Status check_operator_outputs(const OperatorSpec& spec, const std::vector<OperatorTensor>& given) {
  for (size_t i = 0; i < given.size() && i < spec.outputs.size(); ++i) {
    const OperatorTensor& wanted = spec.outputs[i];
    // [1] may stand for a number without dims.
    const bool fits = wanted.data_type == given[i].data_type &&
                      (wanted.is_open() || given[i].is_open() || wanted.bytes() == given[i].bytes());
    if (fits) continue;
    return error(ACL_ERROR_OP_OUTPUT_NOT_MATCH, "OP-014",
                 "output {} of {} is described as {}{}, the operator gives {}{}", i, describe(spec),
                 data_type_name(wanted.data_type), shape_text(wanted.dims),
                 data_type_name(given[i].data_type), shape_text(given[i].dims));
  }
  return {};
}

std::vector<OmNode> operator_nodes(const OperatorSpec& description, const std::vector<OmInput>& inputs) {
  std::vector<OmNode> nodes;
  OmNode op;
  op.name = op.type = description.type;
  op.attributes = description.attributes;
  size_t next = 0;
  for (const OperatorTensor& input : description.inputs) {
    op.input_tensors.push_back(om_tensor(input));
    if (input.is_absent()) {
      op.inputs.emplace_back();
      continue;
    }
    OmNode source;
    source.name = input.constant ? fmt::format("const{}", op.inputs.size()) : inputs[next++].name;
    source.type = input.constant ? "Const" : "Data";
    source.output_tensors = {om_tensor(input)};
    if (input.constant) {
      source.inline_data.assign(reinterpret_cast<const char*>(input.constant->data()),
                                input.constant->size());
      source.weight_bytes = input.constant->size();
    }
    op.inputs.push_back({source.name, 0});
    nodes.push_back(std::move(source));
  }
  OmNode end;
  end.name = "Node_Output";
  end.type = "NetOutput";
  for (const OperatorTensor& output : description.outputs) {
    op.output_tensors.push_back(om_tensor(output));
    end.input_tensors.push_back(om_tensor(output));
    end.inputs.push_back({op.name, static_cast<int64_t>(end.inputs.size())});
  }
  nodes.push_back(std::move(op));
  nodes.push_back(std::move(end));
  return nodes;
}

Result<OperatorSpec> operator_of(const OmModel& model) {
  const OmNode* op = nullptr;
  for (const OmNode& node : model.nodes) {
    if (node.type == "Data" || node.type == "Const" || node.type == "NetOutput") continue;
    if (op != nullptr || model.gears)
      return error(
          ACL_ERROR_OP_LOAD_FAILED, "OP-005",
          "{} is a model of several layers, no operator; load it with acl.mdl.load_from_file, or make "
          "operators with atc --singleop",
          model.name);
    op = &node;
  }
  if (op == nullptr || op->inputs.size() > op->input_tensors.size())
    return error(ACL_ERROR_OP_LOAD_FAILED, "OP-005", "the file {} holds no operator", model.name);
  OperatorSpec description;
  description.type = op->type;
  description.attributes = op->attributes;
  for (size_t i = 0; i < op->input_tensors.size(); ++i) {
    OperatorTensor input = operator_tensor(op->input_tensors[i]);
    const OmNode* source = i < op->inputs.size() ? find_node(model, op->inputs[i].node) : nullptr;
    if (source == nullptr) {
      input = OperatorTensor();
    } else if (source->type == "Const") {
      CAIRN_ASSIGN(input.constant, constant_of(model, *source));
    } else if (const auto data = std::ranges::find(model.inputs, source->name, &OmTensor::name);
               data != model.inputs.end()) {
      if (data->aipp)
        return error(ACL_ERROR_OP_LOAD_FAILED, "OP-005", "{} has AIPP; it is a model, no operator",
                     model.name);
      input.ranges = data->ranges;
    }
    description.inputs.push_back(std::move(input));
  }
  while (!description.inputs.empty() && description.inputs.back().is_absent())
    description.inputs.pop_back();
  for (const OmTensor& output : op->output_tensors)
    description.outputs.push_back(operator_tensor(output));
  return description;
}

}  // namespace cairn
