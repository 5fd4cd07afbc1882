#include "compiler/precheck.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "compiler/compile_error.h"
#include "compiler/import_limits.h"
#include "compiler/onnx_limits.h"
#include "compiler/onnx_own_operators.h"
#include "compiler/tensorflow_file.h"
#include "om/mapped_file.h"

namespace cairn {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kTensorFlow = 3;
constexpr int64_t kOnnx = 5;

/// Node -> why it cannot be converted.
using Failures = std::map<std::string, std::string, std::less<>>;

Result<Failures> find_failures(const CompileOptions& options, const OnnxModel& model,
                               const std::string& changed) {
  std::map<std::string, std::string, std::less<>> names;
  for (const OnnxNode& node : model.nodes)
    if (!node.outputs.empty()) names.emplace(node.outputs[0], node.name);
  CAIRN_ASSIGN(const auto unsupported, find_unsupported(options.model, options.framework == kTensorFlow,
                                                        model.opset, names, changed));
  Failures failures;
  for (const UnsupportedNode& node : unsupported)
    failures.emplace(node.node, fmt::format("operator {} is not supported{}", node.type, node.note));
  for (const OnnxNode& node : model.nodes)
    if (const std::string_view part = onnx_limit(node); options.framework == kOnnx && !part.empty())
      failures.emplace(node.name, fmt::format("operator {} is not supported with {}", node.type, part));
  return failures;
}

Precheck report(const CompileOptions& options, const OnnxModel& model, const Failures& failures) {
  Precheck result;
  Json layers = Json::array();
  for (const OnnxNode& node : model.nodes) {
    const auto failure = failures.find(node.name);
    const bool failed = failure != failures.end();
    ++result.layers;
    result.failed += failed ? 1 : 0;
    Json layer = {{"name", node.name}, {"type", node.type}, {"result", failed ? "failed" : "success"}};
    if (failed)
      layer["cause"] = {{"code", options.framework == kTensorFlow ? "E19010" : "E16002"},
                        {"message", failure->second}};
    layers.push_back(std::move(layer));
  }
  const Json json = {{"result", result.failed ? "failed" : "success"},
                     {"total", result.layers},
                     {"pass", result.layers - result.failed},
                     {"fail", result.failed},
                     {"op", std::move(layers)}};
  result.json = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return result;
}

}  // namespace

Result<Precheck> precheck_model(const CompileOptions& options) {
  std::string reason;
  const MappedFile file = MappedFile::open(options.model, reason);
  if (file.bytes().empty()) return compile_error("E10410", {options.model.string(), "--model", reason});
  limit_import(file.bytes().size());
  TensorFlowGraph tensorflow;  // Holds names that the model points to.
  OnnxModel model;
  if (options.framework == kTensorFlow) {
    CAIRN_ASSIGN(tensorflow, read_tensorflow(file.bytes(), options.model));
    model = std::move(tensorflow.model);
  } else if (options.framework == kOnnx) {
    CAIRN_ASSIGN(model, read_onnx(file.bytes(), options.model));
  } else {
    return compile_error(
        "E10055", {"--mode=3 checks models of TensorFlow and ONNX; convert this one with --mode=0, which "
                   "lists all layers that it cannot convert"});
  }
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const auto own = options.framework == kOnnx ? give_own_domain(bytes, model) : std::nullopt;
  CAIRN_ASSIGN(const Failures failures, find_failures(options, model, own.value_or("")));
  return report(options, model, failures);
}

}  // namespace cairn
