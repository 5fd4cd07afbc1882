#include "compiler/single_op_compile.h"

#include <algorithm>
#include <memory>

#include "compiler/compile_error.h"
#include "engine/imported_network.h"
#include "engine/operator_file.h"

namespace cairn {
namespace {

Status not_possible(const OperatorSpec& spec, std::string_view reason) {
  return compile_error("E19014", {fmt::format("{}: {}", describe(spec), reason)});
}

/// The first line of an error, without its code.
std::string reason_of(const Status& status) {
  std::string_view text = status.text();
  text = text.substr(0, text.find('\n'));
  return std::string(text);
}

OperatorSpec opened(OperatorSpec spec) {
  for (auto* tensors : {&spec.inputs, &spec.outputs})
    for (OperatorTensor& tensor : *tensors)
      if (tensor.takes_memory()) std::ranges::fill(tensor.dims, -1);
  return spec;
}

/// The same operator with sizes in the place of those that are open: as small as allowed, else `size`.
OperatorSpec with_sizes(OperatorSpec spec, int64_t size) {
  for (auto* tensors : {&spec.inputs, &spec.outputs})
    for (OperatorTensor& tensor : *tensors) {
      if (tensor.dims == std::vector<int64_t>{-2}) tensor.dims = {size};
      for (size_t i = 0; i < tensor.dims.size(); ++i)
        if (tensor.dims[i] < 0)
          tensor.dims[i] = i < tensor.ranges.size() ? std::max<int64_t>(tensor.ranges[i].least, 1) : size;
    }
  return spec;
}

/// Builds it with inputs and outputs in the order of the description.
Result<ImportedNetwork> build_exactly(const OperatorSpec& spec) {
  const ops::OperatorGraph graph = operator_graph(spec);
  CAIRN_ASSIGN(ImportedNetwork network, ImportedNetwork::build(graph));
  std::vector<NetworkTensor> inputs;
  for (const ops::GraphInput& input : graph.inputs)
    inputs.push_back({input.tensor, input.data_type, input.dims});
  std::vector<std::string> outputs;
  for (const ops::GraphResult& output : graph.outputs)
    outputs.push_back(output.tensor);
  CAIRN_RETURN_IF_ERROR(network.select(inputs, outputs));
  return network;
}

/// Builds it as it is, or for some sizes that fit together.
Result<ImportedNetwork> build(const OperatorSpec& spec) {
  auto network = build_exactly(spec);
  if (network.is_ok() || !spec.has_open_inputs()) return network;
  for (const int64_t size : {2, 1, 4, 8, 16}) {
    auto sample = build_exactly(with_sizes(spec, size));
    if (sample.is_ok()) return sample;
  }
  return network;
}

bool has_unknown_rank(const OperatorSpec& spec) {
  return std::ranges::any_of(
      spec.inputs, [](const OperatorTensor& input) { return input.dims == std::vector<int64_t>{-2}; });
}

Result<ImportedNetwork> build_checked(const OperatorSpec& spec) {
  auto network = has_unknown_rank(spec) ? build(with_sizes(spec, 2)) : build(spec);
  if (!network.is_ok()) return not_possible(spec, reason_of(network.status()));
  std::vector<OperatorTensor> given;
  for (const NetworkTensor& output : network->outputs()) {
    OperatorTensor tensor;
    tensor.data_type = output.data_type;
    tensor.dims = output.dims;
    given.push_back(std::move(tensor));
  }
  const Status fits = check_operator_outputs(spec, given);
  if (!fits.is_ok()) return not_possible(spec, fits.text());
  return network;
}

OmTensor om_tensor(const OperatorTensor& from, std::string name) {
  OmTensor tensor;
  tensor.name = std::move(name);
  tensor.data_type = from.data_type;
  tensor.format = from.format;
  tensor.dims = from.dims;
  tensor.bytes = from.bytes().value_or(0);
  return tensor;
}

}  // namespace

Result<CompiledModel> compile_single_op(SingleOpEntry entry, const SingleOpOptions& options) {
  OperatorSpec spec = std::move(entry.spec);
  if (entry.is_fuzzy && build_checked(opened(spec)).is_ok()) spec = opened(std::move(spec));
  CAIRN_ASSIGN(ImportedNetwork built, build_checked(spec));
  const auto network = std::make_shared<ImportedNetwork>(std::move(built));
  CAIRN_ASSIGN(NetworkIr ir, network->write_ir());
  CompiledModel compiled;
  OmModel& model = compiled.model;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    if (!spec.inputs[i].takes_memory()) continue;
    OmInput input;
    static_cast<OmTensor&>(input) = om_tensor(spec.inputs[i], fmt::format("input{}", i));
    input.dims_v2 = input.dims;
    input.ranges = spec.inputs[i].ranges;
    model.inputs.push_back(std::move(input));
  }
  for (size_t i = 0; i < spec.outputs.size(); ++i)
    model.outputs.push_back(om_tensor(spec.outputs[i], fmt::format("{}:{}", spec.type, i)));
  model.nodes = operator_nodes(spec, model.inputs);
  model.name = entry.file_name;
  model.framework = 1;
  model.soc_version = options.soc_version;
  model.atc_version = CAIRN_VERSION;
  model.atc_cmdline = options.cmdline;
  if (!spec.has_open_inputs()) model.memory_size = network->work_bytes();
  model.weight_size = ir.weights.bytes;
  model.ir_xml = std::move(ir.xml);
  // The bytes come from the network, which lives as long as they are wanted.
  compiled.weights = {
      ir.weights.bytes, ir.weights.checksum,
      [network, write = std::move(ir.weights.write)](const OmSink& sink) { return write(sink); }};
  return compiled;
}

}  // namespace cairn
