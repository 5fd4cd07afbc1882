#include "engine/engine_inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <openvino/op/constant.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/result.hpp>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/engine_types.h"
#include "engine/shaped_network.h"

namespace cairn {
namespace {

/// Finds tensors of the shown graph in a network, by the names that tensors keep when a model is converted.
class TensorIndex {
 public:
  explicit TensorIndex(const ov::Model& network) {
    for (const std::shared_ptr<ov::Node>& node : network.get_ordered_ops()) {
      if (ov::is_type<ov::op::v0::Result>(node)) continue;
      nodes_.emplace(node->get_friendly_name(), node);
      for (const ov::Output<ov::Node>& output : node->outputs())
        for (const std::string& name : output.get_names())
          tensors_.emplace(name, output);
    }
  }
  std::optional<ov::Output<ov::Node>> tensor(const std::string& name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? std::nullopt : std::optional(found->second);
  }
  /// The first output of the node of this name.
  std::optional<ov::Output<ov::Node>> node(const std::string& name) const {
    const auto found = nodes_.find(name);
    return found == nodes_.end() ? std::nullopt : std::optional(found->second->output(0));
  }

 private:
  std::unordered_map<std::string, ov::Output<ov::Node>> tensors_;
  std::unordered_map<std::string, std::shared_ptr<ov::Node>> nodes_;
};

/// Casts at the ends of a network are of our making and have no tensor names: in front of the output
/// `output`, or behind the input `input`.
struct EndCast {
  std::optional<size_t> output;
  std::string input;
};

EndCast end_cast(const std::vector<OmNode>& nodes, const OmNode& node) {
  if (node.type != "Cast" || !node.original_names.empty() || node.inputs.size() != 1) return {};
  for (const OmNode& other : nodes) {
    if (other.type == "Data" && other.name == node.inputs[0].node) return {std::nullopt, other.name};
    if (other.type != "NetOutput") continue;
    for (size_t i = 0; i < other.inputs.size(); ++i)
      if (other.inputs[i].node == node.name) return {i, ""};
  }
  return {};
}

std::vector<int64_t> dims_of(const ov::Tensor& tensor) {
  const ov::Shape& shape = tensor.get_shape();
  return {shape.begin(), shape.end()};
}

InnerTensor seen(const ov::Tensor& tensor) {
  InnerTensor inner;
  inner.data_type = acl_type_of(tensor.get_element_type());
  inner.dims = dims_of(tensor);
  inner.bytes = {static_cast<const std::byte*>(tensor.data()), tensor.get_byte_size()};
  inner.exists = true;
  return inner;
}

InnerTensor seen(const OmTensor& described, std::span<const std::byte> bytes) {
  return {described.data_type, described.dims, bytes, true};
}

size_t input_index(const ModelInfo& info, std::string_view name) {
  const auto found = std::find_if(info.inputs.begin(), info.inputs.end(),
                                  [&](const OmInput& input) { return input.name == name; });
  return static_cast<size_t>(found - info.inputs.begin());
}

}  // namespace

Result<std::unique_ptr<Inspection>> OpenVinoInspection::create(const EngineSource& source,
                                                               const ModelInfo& info, const OmShapes& shapes,
                                                               const std::vector<InnerTensorId>& wanted,
                                                               bool with_outputs) {
  CAIRN_ASSIGN(std::vector<AippStage> stages, ShapedNetwork::make_stages(info, shapes));
  std::unique_ptr<OpenVinoInspection> inspection(new OpenVinoInspection(shapes, std::move(stages)));
  const std::shared_ptr<ov::Model> network = source.open(shapes);
  const TensorIndex index(*network);
  ov::ResultVector results;
  if (with_outputs) results = network->get_results();
  std::map<ov::Output<ov::Node>, size_t> known;  // Of results.
  for (size_t i = 0; i < results.size(); ++i)
    known.emplace(results[i]->input_value(0), i);

  const auto locate = [&](const ov::Output<ov::Node>& output) {
    Place place;
    if (const auto constant = std::dynamic_pointer_cast<ov::op::v0::Constant>(output.get_node_shared_ptr())) {
      place.kind = Place::Kind::kConstant;
      place.constant = ov::Tensor(constant->get_element_type(), constant->get_shape(),
                                  const_cast<void*>(constant->get_data_ptr()));
      return place;
    }
    const auto [entry, is_new] = known.emplace(output, results.size());
    if (is_new) results.push_back(std::make_shared<ov::op::v0::Result>(output));
    place.kind = Place::Kind::kResult;
    place.index = entry->second;
    return place;
  };
  const auto find = [&](const OmNode& node, const OmTensor& tensor) {
    Place place;
    if (node.type == "Data" || node.type == "AippData") {
      place.index = input_index(info, node.name);
      if (place.index < info.inputs.size()) place.kind = Place::Kind::kUserInput;
      return place;
    }
    if (node.type == "Aipp") {  // Writes the network's own input.
      const size_t input = node.inputs.empty() ? info.inputs.size() : input_index(info, node.inputs[0].node);
      return input < network->inputs().size() ? locate(network->get_parameters()[input]->output(0)) : place;
    }
    const EndCast cast = end_cast(source.nodes, node);
    if (cast.output) {
      const ov::ResultVector& own = network->get_results();
      return *cast.output < own.size() ? locate(own[*cast.output]->input_value(0)) : Place();
    }
    const auto output =
        cast.input.empty() ? index.tensor(tensor.name) : index.node(fmt::format("{}/cast", cast.input));
    if (output) return locate(*output);
    if (node.inline_data.empty()) return Place();
    place.kind = Place::Kind::kBytes;
    place.bytes = std::as_bytes(std::span(node.inline_data));
    return place;
  };

  for (const InnerTensorId& id : wanted) {
    const OmNode& node = source.nodes.at(id.node);
    Place place;
    if (id.output < node.output_tensors.size()) {
      place = find(node, node.output_tensors[id.output]);
      place.described = node.output_tensors[id.output];
    }
    inspection->places_.push_back(std::move(place));
  }
  if (results.empty()) return std::unique_ptr<Inspection>(std::move(inspection));
  const auto opened = std::make_shared<ov::Model>(results, network->get_sinks(), network->get_parameters(),
                                                  network->get_variables());
  inspection->pool_ = std::make_unique<RequestPool>(source.compile(opened, false), inspection->stages_);
  return std::unique_ptr<Inspection>(std::move(inspection));
}

Result<std::unique_ptr<Inspection>> OpenVinoInspection::create_open(
    const EngineSource& source, const ModelInfo& info, OmShapes shapes,
    const std::vector<InnerTensorId>& wanted) {
  auto kept = std::make_unique<const OmShapes>(std::move(shapes));
  constexpr bool kWithOutputs = false;
  CAIRN_ASSIGN(std::unique_ptr<Inspection> inspection, create(source, info, *kept, wanted, kWithOutputs));
  static_cast<OpenVinoInspection&>(*inspection).own_shapes_ = std::move(kept);
  return inspection;
}

OmTensor OpenVinoInspection::user_input(const Place& place) const {
  OmTensor tensor = place.described;
  const bool is_open = std::ranges::any_of(tensor.dims, [](int64_t dim) { return dim < 0; });
  if (!is_open) return tensor;
  if (place.index < stages_.size() && !stages_[place.index].exists())
    tensor.dims = shapes_.network_inputs[place.index].dims;
  else  // A picture whose size the gear changes: bytes.
    tensor.dims = {static_cast<int64_t>(shapes_.input_bytes[place.index])};
  return tensor;
}

InnerTensor OpenVinoInspection::look(const Place& place, std::span<const void* const> inputs) const {
  switch (place.kind) {
    case Place::Kind::kNowhere:
      return {};
    case Place::Kind::kUserInput:
      return seen(user_input(place),
                  {static_cast<const std::byte*>(inputs[place.index]), shapes_.input_bytes[place.index]});
    case Place::Kind::kConstant:
      return seen(place.constant);
    case Place::Kind::kBytes:
      return seen(place.described, place.bytes);
    case Place::Kind::kResult:
      return seen(last_->request.get_output_tensor(place.index));
  }
  return {};
}

Status OpenVinoInspection::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                               FloatOverflow& overflow, std::vector<InnerTensor>& found) {
  found.clear();
  try {
    if (pool_) {
      if (last_) pool_->give_back(std::move(last_));
      CAIRN_ASSIGN(last_, pool_->run_and_keep(inputs, outputs, overflow));
    }
    for (const Place& place : places_)
      found.push_back(look(place, inputs));
  } catch (const std::exception& problem) {
    return error(ACL_ERROR_RT_MODEL_EXECUTE, "MDL-013", "the model failed: {}", problem.what());
  }
  return {};
}

}  // namespace cairn
