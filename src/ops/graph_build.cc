#include "ops/graph_build.h"

#include <algorithm>
#include <cstring>
#include <openvino/op/constant.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/result.hpp>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "engine/engine_types.h"
#include "ops/nodes.h"
#include "ops/operator_table.h"

namespace cairn::ops {
namespace {

class GraphBuilder {
 public:
  explicit GraphBuilder(const OperatorGraph& graph) : graph_(graph) {}

  GraphBuild run() {
    for (const GraphInput& input : graph_.inputs)
      add_input(input);
    for (const GraphConstant& constant : graph_.constants)
      add_constant(constant);
    for (const GraphNode& node : graph_.nodes)
      add_node(node);
    if (!problems_.empty()) return {nullptr, std::move(problems_)};
    ov::ResultVector results;
    for (const GraphResult& output : graph_.outputs)
      if (const auto found = tensors_.find(output.tensor); found != tensors_.end())
        results.push_back(std::make_shared<ov::op::v0::Result>(found->second.value));
    return {std::make_shared<ov::Model>(results, parameters_), {}};
  }

 private:
  void add_input(const GraphInput& input) {
    const auto parameter = std::make_shared<ov::op::v0::Parameter>(
        element_type_of(input.data_type),
        ov::PartialShape(std::vector<ov::Dimension>(input.dims.begin(), input.dims.end())));
    parameter->set_friendly_name(input.tensor);
    parameters_.push_back(parameter);
    define(input.tensor, {parameter->output(0), input.format});
  }

  void add_constant(const GraphConstant& constant) {
    const ov::element::Type type = element_type_of(constant.data_type);
    const ov::Shape shape(constant.dims.begin(), constant.dims.end());
    const ov::Tensor tensor = constant_tensor(constant, type, shape);
    const auto node = std::make_shared<ov::op::v0::Constant>(tensor);
    node->set_friendly_name(constant.tensor);
    define(constant.tensor, {node->output(0), constant.format});
  }

  /// A view that keeps the bytes alive, or a copy: weights in a file may lie anywhere.
  static ov::Tensor constant_tensor(const GraphConstant& constant, const ov::element::Type& type,
                                    const ov::Shape& shape) {
    const void* bytes = constant.bytes.data();
    const bool aligned = reinterpret_cast<uintptr_t>(bytes) % alignof(std::max_align_t) == 0;
    if (aligned && constant.keeper && !constant.bytes.empty())
      return {ov::Tensor(type, shape, bytes), std::const_pointer_cast<void>(constant.keeper)};
    ov::Tensor copy(type, shape);
    if (!constant.bytes.empty()) std::memcpy(copy.data(), bytes, constant.bytes.size());
    return copy;
  }

  void add_node(const GraphNode& node) {
    const Operator* op = find_operator(node.type);
    if (!op) return add_problem(node, "");
    std::vector<OperatorInput> inputs;
    for (const std::string& input : node.inputs) {
      if (input.empty()) {
        inputs.emplace_back();
        continue;
      }
      const auto found = tensors_.find(input);
      // Its maker has been reported.
      if (found == tensors_.end()) return;
      inputs.push_back(found->second);
      if (inputs.size() <= node.input_formats.size() && inputs.back().format == ACL_FORMAT_ND)
        inputs.back().format = node.input_formats[inputs.size() - 1];
    }
    auto built = build_operator(*op, std::move(inputs), node.attributes, node.outputs.size());
    if (!built.is_ok()) return add_problem(node, std::string(built.status().text()));
    if (built->size() < node.outputs.size())
      return add_problem(
          node, fmt::format("it has {} outputs, the operator gives {}", node.outputs.size(), built->size()));
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      // A value that passes through keeps the name of its maker.
      Value value = (*built)[i];
      if (is_output(node.outputs[i])) value = apart_from_inputs(value);
      if (named_.insert(value.get_node()).second)
        value.get_node()->set_friendly_name(i == 0 ? node.name : fmt::format("{}.{}", node.name, i));
      if (!node.outputs[i].empty()) define(node.outputs[i], {value, ACL_FORMAT_ND});
    }
  }

  bool is_output(const std::string& tensor) const {
    return std::ranges::any_of(graph_.outputs,
                               [&](const GraphResult& output) { return output.tensor == tensor; });
  }

  /// The CPU plugin reads zeros from an input that is an output at the same time.
  static Value apart_from_inputs(const Value& value) {
    if (!ov::is_type<ov::op::v0::Parameter>(value.get_node())) return value;
    if (value.get_element_type() == ov::element::boolean) return make<ov::op::v1::LogicalOr>(value, value);
    return make<ov::op::v1::Maximum>(value, value);
  }

  void define(const std::string& tensor, OperatorInput value) {
    value.value.add_names({tensor});
    named_.insert(value.value.get_node());
    tensors_[tensor] = std::move(value);
  }

  void add_problem(const GraphNode& node, std::string reason) {
    problems_.push_back({node.name, node.type, std::move(reason)});
  }

  const OperatorGraph& graph_;
  std::unordered_map<std::string, OperatorInput> tensors_;
  ov::ParameterVector parameters_;
  std::unordered_set<const ov::Node*> named_;
  std::vector<NodeProblem> problems_;
};

}  // namespace

GraphBuild build_graph(const OperatorGraph& graph) {
  return GraphBuilder(graph).run();
}

}  // namespace cairn::ops
