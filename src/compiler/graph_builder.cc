#include "compiler/graph_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "compiler/onnx_operators.h"
#include "compiler/onnx_types.h"
#include "compiler/operator_source.h"
#include "compiler/tensorflow_file.h"
#include "compiler/tensorflow_operators.h"
#include "om/aipp_fields.h"
#include "om/om_types.h"

namespace cairn {
namespace {

/// Larger constants that the engine has folded away are shown without their values.
constexpr size_t kMostInlineBytes = 4096;

std::string aipp_json(const AippParams& params) {
  nlohmann::ordered_json json;
  om::for_each_aipp_field(params, [&](std::string_view key, auto value) {
    if constexpr (std::is_enum_v<decltype(value)>)
      json[std::string(key)] = static_cast<int>(value);
    else
      json[std::string(key)] = value;
  });
  return json.dump();
}

std::string dynamic_aipp_json(const AippParams& params) {
  return nlohmann::ordered_json{{"aipp_mode", static_cast<int>(params.aipp_mode)},
                                {"max_src_image_size", params.max_src_image_size}}
      .dump();
}

class GraphBuilder {
 public:
  explicit GraphBuilder(const GraphSource& source) : source_(source) {
    for (const OnnxTensor& tensor : source.onnx.initializers)
      initializers_.emplace(tensor.name, &tensor);
    for (const OnnxNode& node : source.onnx.nodes) {
      names_.insert(node.name);
      for (const std::string_view output : node.outputs)
        makers_.emplace(output, &node);
    }
  }

  std::vector<OmNode> build(const std::vector<OmInput>& inputs, const std::vector<GraphOutput>& graph_outputs,
                            const std::vector<OmTensor>& outputs) {
    mark_needed(graph_outputs);
    for (const OmInput& input : inputs) {
      if (input.role == OmInputRole::kData) add_input(input, inputs);
      if (input.role == OmInputRole::kGear) add_data("Data", input);
    }
    for (const OnnxNode& node : source_.onnx.nodes)
      if (needed_.contains(&node)) add_operator(node);
    add_outputs(graph_outputs, outputs);
    return std::move(nodes_);
  }

 private:
  struct Producer {
    Producer() = default;
    Producer(OmSource source_in, OmTensor tensor_in)
        : source(std::move(source_in)), tensor(std::move(tensor_in)) {}
    OmSource source;
    OmTensor tensor;
  };

  void mark_needed(const std::vector<GraphOutput>& outputs) {
    std::vector<std::string_view> open;
    open.reserve(outputs.size());
    for (const GraphOutput& output : outputs)
      open.push_back(output.tensor);
    while (!open.empty()) {
      const auto maker = makers_.find(open.back());
      open.pop_back();
      if (maker == makers_.end() || !needed_.insert(maker->second).second) continue;
      open.insert(open.end(), maker->second->inputs.begin(), maker->second->inputs.end());
    }
  }

  OmTensor describe(std::string_view name) const {
    OmTensor tensor;
    tensor.name = name;
    tensor.data_type = ACL_DT_UNDEFINED;
    if (const auto known = source_.tensor(name)) {
      tensor.data_type = known->data_type;
      tensor.dims = known->dims;
    }
    tensor.format = onnx_format(tensor.dims.size(), source_.channels_last);
    tensor.bytes = om::tensor_bytes(tensor.data_type, tensor.dims).value_or(0);
    return tensor;
  }

  void add_data(const char* type, const OmTensor& tensor) {
    OmNode data;
    data.name = tensor.name;
    data.type = type;
    data.output_tensors = {tensor};
    data.input_tensors = {tensor};
    nodes_.push_back(data);
  }

  void add_input(const OmInput& input, const std::vector<OmInput>& inputs) {
    OmTensor tensor = input;
    const bool dynamic = input.aipp && input.aipp->is_dynamic();
    if (dynamic) tensor.dims = {1, static_cast<int64_t>(input.bytes)};
    add_data("Data", tensor);
    Producer producer{{input.name, 0}, tensor};
    if (dynamic)
      producer = add_dynamic_aipp(input, tensor, inputs[input.aipp->parameters]);
    else if (input.aipp)
      producer = add_aipp(input);
    const auto own = source_.tensor(input.name);
    if (!input.aipp && own && own->data_type != input.data_type) producer = add_input_cast(input);
    producers_[input.name] = producer;
  }

  Producer add_dynamic_aipp(const OmInput& input, const OmTensor& image, const OmTensor& parameters) {
    add_data("AippData", parameters);
    OmNode aipp;
    aipp.name = aipp_node_name(input.name);
    aipp.type = "Aipp";
    aipp.inputs = {{image.name, 0}, {parameters.name, 0}};
    aipp.input_tensors = {image, parameters};
    aipp.output_tensors = {input.aipp->original};
    aipp.attributes = {{"aipp_config_path", dynamic_aipp_json(input.aipp->params)}};
    nodes_.push_back(aipp);
    return {{aipp.name, 0}, input.aipp->original};
  }

  Producer add_aipp(const OmInput& input) {
    OmNode aipp;
    aipp.name = aipp_node_name(input.name);
    aipp.type = "Aipp";
    aipp.inputs = {{input.name, 0}};
    aipp.input_tensors = {input};
    aipp.output_tensors = {input.aipp->original};
    aipp.attributes = {{"aipp_config_path", aipp_json(input.aipp->params)}};
    nodes_.push_back(aipp);
    return {{aipp.name, 0}, input.aipp->original};
  }

  Producer add_input_cast(const OmInput& input) {
    OmTensor own = describe(input.name);
    if (input.format != ACL_FORMAT_NC1HWC0) own.format = input.format;
    return add_cast(fmt::format("{}_cast", input.name), {{input.name, 0}, input}, own);
  }

  Producer add_cast(std::string name, const Producer& from, const OmTensor& to) {
    OmNode cast;
    cast.name = std::move(name);
    cast.type = "Cast";
    if (from.tensor.format == ACL_FORMAT_NC1HWC0 || to.format == ACL_FORMAT_NC1HWC0) cast.type = "TransData";
    cast.inputs = {from.source};
    cast.input_tensors = {from.tensor};
    cast.output_tensors = {to};
    cast.attributes = {{"dst_type", static_cast<int64_t>(to.data_type)}};
    nodes_.push_back(cast);
    return {{cast.name, 0}, to};
  }

  /// Where a tensor comes from; makes the Const node of an initializer on its first use.
  Producer producer(std::string_view tensor) {
    if (const auto known = producers_.find(std::string(tensor)); known != producers_.end())
      return known->second;
    const auto constant = initializers_.find(tensor);
    if (constant == initializers_.end()) return {{std::string(tensor), 0}, describe(tensor)};
    std::string name(tensor);
    while (names_.contains(name))
      name += "_const";
    return producers_[std::string(tensor)] = add_constant(name, *constant->second, tensor);
  }

  Producer add_constant(const std::string& name, const OnnxTensor& value, std::string_view tensor) {
    OmNode node;
    node.name = name;
    node.type = "Const";
    OmTensor output;
    output.name = tensor;
    output.data_type = acl_type_of_onnx(value.data_type);
    output.dims = value.dims;
    output.format = onnx_format(value.dims.size(), source_.channels_last);
    output.bytes = om::tensor_bytes(output.data_type, output.dims).value_or(0);
    node.output_tensors = {output};
    const auto place = source_.constants.find(tensor);
    if (place != source_.constants.end() && place->second.bytes == output.bytes) {
      node.weight_offset = place->second.offset;
      node.weight_bytes = place->second.bytes;
    } else if (value.data.size() <= kMostInlineBytes) {
      node.inline_data = value.data;
    }
    nodes_.push_back(node);
    return {{name, 0}, output};
  }

  /// A graph that was made from a network before may say it in an attribute, which is taken out of the list.
  static std::vector<std::string> original_names(const OnnxNode& onnx, std::vector<OmAttribute>& attributes) {
    const auto said = std::ranges::find(attributes, kOriginalNames, &OmAttribute::name);
    if (said == attributes.end()) return {onnx.name};
    const auto* names = std::get_if<std::vector<std::string>>(&said->value);
    std::vector<std::string> found = names && !names->empty() ? *names : std::vector<std::string>{onnx.name};
    attributes.erase(said);
    return found;
  }

  void add_operator(const OnnxNode& onnx) {
    if (onnx.type == "Constant" && onnx.tensor && onnx.outputs.size() == 1) {
      producers_[std::string(onnx.outputs[0])] = add_constant(onnx.name, *onnx.tensor, onnx.outputs[0]);
      return;
    }
    CannOperator cann = onnx.domain == kTensorFlowDomain      ? tensorflow_operator(onnx)
                        : onnx.domain == kOperatorTableDomain ? table_operator(onnx)
                                                              : cann_operator(onnx, context());
    OmNode node;
    node.name = onnx.name;
    node.type = std::move(cann.type);
    node.attributes = std::move(cann.attributes);
    node.original_names = original_names(onnx, node.attributes);
    for (const std::string_view input : onnx.inputs) {
      const Producer from = input.empty() ? Producer() : producer(input);
      node.inputs.push_back(from.source);
      node.input_tensors.push_back(from.tensor);
    }
    for (size_t i = 0; i < onnx.outputs.size(); ++i) {
      const std::string name(onnx.outputs[i]);
      node.output_tensors.push_back(describe(name));
      producers_[name] = {{onnx.name, static_cast<int64_t>(i)}, node.output_tensors.back()};
    }
    nodes_.push_back(std::move(node));
  }

  OnnxNodeContext context() const {
    return {[this](std::string_view name) -> std::vector<int64_t> {
              const auto constant = initializers_.find(name);
              if (constant != initializers_.end()) return constant->second->dims;
              const auto known = source_.tensor(name);
              return known ? known->dims : std::vector<int64_t>();
            },
            [this](std::string_view name) -> std::optional<float> {
              const OnnxTensor* tensor = constant(name);
              if (!tensor || tensor->data_type != 1 || tensor->data.size() != sizeof(float))
                return std::nullopt;
              float value;
              std::memcpy(&value, tensor->data.data(), sizeof(value));
              return value;
            }};
  }

  const OnnxTensor* constant(std::string_view name) const {
    if (const auto found = initializers_.find(name); found != initializers_.end()) return found->second;
    const auto maker = makers_.find(name);
    return maker != makers_.end() && maker->second->tensor ? &*maker->second->tensor : nullptr;
  }

  void add_outputs(const std::vector<GraphOutput>& graph_outputs, const std::vector<OmTensor>& outputs) {
    OmNode end;
    end.name = "Node_Output";
    end.type = "NetOutput";
    for (size_t i = 0; i < outputs.size(); ++i) {
      Producer from = producer(graph_outputs[i].tensor);
      if (from.tensor.data_type != outputs[i].data_type && from.tensor.data_type != ACL_DT_UNDEFINED) {
        OmTensor to = outputs[i];
        to.name = graph_outputs[i].tensor;
        from = add_cast(fmt::format("{}_{}_cast", graph_outputs[i].node, graph_outputs[i].index), from, to);
      }
      end.inputs.push_back(from.source);
      OmTensor tensor = outputs[i];
      tensor.name = graph_outputs[i].tensor;
      end.input_tensors.push_back(std::move(tensor));
    }
    nodes_.push_back(std::move(end));
  }

  const GraphSource& source_;
  std::unordered_map<std::string_view, const OnnxTensor*> initializers_;
  std::unordered_map<std::string_view, const OnnxNode*> makers_;
  std::unordered_set<const OnnxNode*> needed_;
  std::unordered_set<std::string> names_;
  std::unordered_map<std::string, Producer> producers_;
  std::vector<OmNode> nodes_;
};

}  // namespace

std::string aipp_node_name(std::string_view input) {
  return fmt::format("{}_0_huawei_aipp", input);
}

aclFormat onnx_format(size_t dims, bool channels_last) {
  if (dims == 4) return channels_last ? ACL_FORMAT_NHWC : ACL_FORMAT_NCHW;
  if (dims == 5) return channels_last ? ACL_FORMAT_NDHWC : ACL_FORMAT_NCDHW;
  return ACL_FORMAT_ND;
}

std::vector<OmNode> build_graph(const GraphSource& source, const std::vector<OmInput>& inputs,
                                const std::vector<GraphOutput>& graph_outputs,
                                const std::vector<OmTensor>& outputs) {
  return GraphBuilder(source).build(inputs, graph_outputs, outputs);
}

}  // namespace cairn
