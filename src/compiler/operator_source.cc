#include "compiler/operator_source.h"

#include "compiler/onnx_types.h"

namespace cairn {
namespace {

OnnxAttribute view_of(const OmAttribute& attribute) {
  OnnxAttribute view;
  view.name = attribute.name;
  std::visit(
      [&](const auto& value) {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string>)
          view.value = std::string_view(value);
        else if constexpr (std::is_same_v<Value, std::vector<std::string>>)
          view.value = std::vector<std::string_view>(value.begin(), value.end());
        else
          view.value = value;
      },
      attribute.value);
  return view;
}

}  // namespace

OnnxModel view_of(const ops::OperatorGraph& graph) {
  OnnxModel model;
  for (const ops::GraphInput& input : graph.inputs)
    model.inputs.push_back({input.tensor, onnx_type_of(input.data_type), input.dims, true});
  for (const ops::GraphConstant& constant : graph.constants) {
    OnnxTensor tensor;
    tensor.name = constant.tensor;
    tensor.data_type = onnx_type_of(constant.data_type);
    tensor.dims = constant.dims;
    tensor.data = {reinterpret_cast<const char*>(constant.bytes.data()), constant.bytes.size()};
    model.initializers.push_back(std::move(tensor));
  }
  for (const ops::GraphNode& from : graph.nodes) {
    OnnxNode node;
    node.name = from.name;
    node.type = from.type;
    node.domain = kOperatorTableDomain;
    node.inputs.assign(from.inputs.begin(), from.inputs.end());
    node.outputs.assign(from.outputs.begin(), from.outputs.end());
    for (const OmAttribute& attribute : from.attributes)
      node.attributes.push_back(view_of(attribute));
    model.nodes.push_back(std::move(node));
  }
  for (const ops::GraphResult& output : graph.outputs)
    model.outputs.push_back({output.tensor, 0, {}, false});
  return model;
}

}  // namespace cairn
