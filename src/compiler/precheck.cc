#include "compiler/precheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "compiler/air_file.h"
#include "compiler/caffe/caffe_graph.h"
#include "compiler/compile_error.h"
#include "compiler/import_limits.h"
#include "compiler/onnx_limits.h"
#include "compiler/onnx_own_operators.h"
#include "compiler/tensorflow_file.h"
#include "om/mapped_file.h"

namespace cairn {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kCaffe = 0;
constexpr int64_t kMindSpore = 1;
constexpr int64_t kTensorFlow = 3;

/// A layer of the report; without a code it can be converted.
struct Layer {
  std::string name;
  std::string type;
  std::string code;
  std::string message;
};

using Layers = std::vector<Layer>;

std::string unsupported_text(const UnsupportedNode& node) {
  return fmt::format("operator {} is not supported{}", node.type, node.note);
}

Result<Layers> check_nodes(const CompileOptions& options, const OnnxModel& model,
                           const std::string& changed) {
  const bool is_tensorflow = options.framework == kTensorFlow;
  std::map<std::string, std::string, std::less<>> names;
  for (const OnnxNode& node : model.nodes)
    if (!node.outputs.empty()) names.emplace(node.outputs[0], node.name);
  CAIRN_ASSIGN(const auto unsupported,
               find_unsupported(options.model, is_tensorflow, model.opset, names, changed));
  std::map<std::string, std::string, std::less<>> failures;
  for (const UnsupportedNode& node : unsupported)
    failures.emplace(node.node, unsupported_text(node));
  for (const OnnxNode& node : model.nodes)
    if (const std::string_view part = onnx_limit(node); !is_tensorflow && !part.empty())
      failures.emplace(node.name, fmt::format("operator {} is not supported with {}", node.type, part));
  Layers layers;
  for (const OnnxNode& node : model.nodes) {
    Layer layer{node.name, std::string(node.type), "", ""};
    if (const auto failure = failures.find(node.name); failure != failures.end()) {
      layer.code = is_tensorflow ? "E19010" : "E16002";
      layer.message = failure->second;
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

Result<Layers> check_onnx(const CompileOptions& options, std::span<const std::byte> file) {
  CAIRN_ASSIGN(const OnnxModel model, read_onnx(file, options.model));
  const auto own = give_own_domain({reinterpret_cast<const char*>(file.data()), file.size()}, model);
  return check_nodes(options, model, own.value_or(""));
}

Result<Layers> check_tensorflow(const CompileOptions& options, std::span<const std::byte> file) {
  CAIRN_ASSIGN(const TensorFlowGraph graph, read_tensorflow(file, options.model));
  return check_nodes(options, graph.model, "");
}

/// Marks the layers whose operators cannot be built with the shapes of the model and of --input_shape.
Status check_operators(const CompileOptions& options, ops::OperatorGraph& graph, Layers& layers) {
  for (ops::GraphInput& input : graph.inputs)
    for (const InputShape& shape : options.input_shapes) {
      if (shape.name != input.tensor) continue;
      input.dims.clear();
      for (const DimRange& dim : shape.dims)
        input.dims.push_back(dim.is_fixed() ? dim.least : -1);
    }
  CAIRN_ASSIGN(const auto unsupported, find_unsupported(graph));
  std::map<std::string, std::string, std::less<>> layer_of;  // Operator -> layer.
  for (const ops::GraphNode& node : graph.nodes)
    layer_of[node.name] = node.original_names.empty() ? node.name : node.original_names.back();
  for (const UnsupportedNode& node : unsupported) {
    auto layer = std::ranges::find(layers, node.node, &Layer::name);
    if (layer == layers.end()) layer = std::ranges::find(layers, layer_of[node.node], &Layer::name);
    if (layer == layers.end() || !layer->code.empty()) continue;
    layer->code = node.note.empty() ? "E10501" : "E19014";
    layer->message = node.note.empty() ? unsupported_text(node) : node.note;
  }
  return {};
}

Result<Layers> check_air(const CompileOptions& options, std::span<const std::byte> file) {
  CAIRN_ASSIGN(ops::OperatorGraph graph, read_air(file, options.model));
  Layers layers;
  for (const ops::GraphNode& node : graph.nodes)
    layers.push_back({node.name, node.type, "", ""});
  CAIRN_RETURN_IF_ERROR(check_operators(options, graph, layers));
  return layers;
}

Result<Layers> check_caffe_layers(const CompileOptions& options, std::span<const std::byte> file) {
  std::string reason;
  const auto weights = std::make_shared<const MappedFile>(MappedFile::open(options.weight, reason));
  if (weights->bytes().empty()) return compile_error("E10410", {options.weight.string(), "--weight", reason});
  CAIRN_ASSIGN(CaffeCheck check, check_caffe({file, options.model.string(), nullptr},
                                             {weights->bytes(), options.weight.string(), weights}));
  Layers layers;
  for (CaffeLayerCheck& layer : check.layers)
    layers.push_back(
        {std::move(layer.name), std::move(layer.type), std::move(layer.code), std::move(layer.problem)});
  // Operators behind a layer that is left out could not be built for that reason alone.
  if (std::ranges::all_of(layers, [](const Layer& layer) { return layer.code.empty(); }))
    CAIRN_RETURN_IF_ERROR(check_operators(options, check.graph, layers));
  return layers;
}

Precheck report(const Layers& layers) {
  Precheck result;
  Json list = Json::array();
  for (const Layer& layer : layers) {
    const bool failed = !layer.code.empty();
    ++result.layers;
    result.failed += failed ? 1 : 0;
    Json entry = {{"name", layer.name}, {"type", layer.type}, {"result", failed ? "failed" : "success"}};
    if (failed) entry["cause"] = {{"code", layer.code}, {"message", layer.message}};
    list.push_back(std::move(entry));
  }
  const Json json = {{"result", result.failed ? "failed" : "success"},
                     {"total", result.layers},
                     {"pass", result.layers - result.failed},
                     {"fail", result.failed},
                     {"op", std::move(list)}};
  result.json = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return result;
}

Result<Layers> check_layers(const CompileOptions& options, std::span<const std::byte> file) {
  switch (options.framework) {
    case kCaffe:
      return check_caffe_layers(options, file);
    case kMindSpore:
      return check_air(options, file);
    case kTensorFlow:
      return check_tensorflow(options, file);
    default:
      return check_onnx(options, file);
  }
}

}  // namespace

Result<Precheck> precheck_model(const CompileOptions& options) {
  std::string reason;
  const MappedFile file = MappedFile::open(options.model, reason);
  if (file.bytes().empty()) return compile_error("E10410", {options.model.string(), "--model", reason});
  limit_import(file.bytes().size());
  CAIRN_ASSIGN(const Layers layers, check_layers(options, file.bytes()));
  return report(layers);
}

}  // namespace cairn
