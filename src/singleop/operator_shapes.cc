#include "singleop/operator_shapes.h"

#include <algorithm>

#include "model/engine_loader.h"
#include "singleop/host_tensors.h"
#include "tensor/data_buffer.h"
#include "tensor/tensor_desc.h"

namespace cairn {
namespace {

constexpr size_t kMostElementsOfAValue = 1024;

/// The names are those of the operator's prototype; a list's tensors are numbered from 0 [OP-059] … [OP-061].
Status check_names(std::string_view type, const std::vector<OperatorTensor>& tensors,
                   const std::vector<std::string>& ports, const char* side) {
  size_t next = 0;
  for (size_t p = 0; p < ports.size(); ++p) {
    const bool is_list = ports[p].ends_with('*');
    const std::string name = is_list ? ports[p].substr(0, ports[p].size() - 1) : ports[p];
    // A list takes what the other ports leave.
    const size_t others = ports.size() - 1;
    const size_t count = !is_list ? 1 : tensors.size() > others ? tensors.size() - others : 0;
    for (size_t i = 0; i < count && next < tensors.size(); ++i, ++next) {
      const std::string wanted = is_list ? fmt::format("{}{}", name, i) : name;
      if (tensors[next].is_absent() || tensors[next].name == wanted) continue;
      return error(
          ACL_ERROR_INVALID_PARAM, tensors[next].name.empty() ? "OP-059" : "OP-061",
          "{} {} of {} is named '{}'; an operator with lists of tensors needs acl.set_tensor_desc_name "
          "for all of them, here '{}'",
          side, next, type, tensors[next].name, wanted);
    }
  }
  return {};
}

Status check_names(Engine& engine, const OperatorSpec& description) {
  const std::vector<std::string> inputs = engine.port_names(description.type, true);
  const std::vector<std::string> outputs = engine.port_names(description.type, false);
  const auto is_list = [](const std::string& port) { return port.ends_with('*'); };
  if (std::ranges::none_of(inputs, is_list) && std::ranges::none_of(outputs, is_list)) return {};
  CAIRN_RETURN_IF_ERROR(check_names(description.type, description.inputs, inputs, "input"));
  return check_names(description.type, description.outputs, outputs, "output");
}

bool is_short_list(const OperatorTensor& tensor) {
  return (tensor.data_type == ACL_INT32 || tensor.data_type == ACL_INT64) && tensor.dims.size() <= 1 &&
         !tensor.is_open() &&
         (tensor.dims.empty() || static_cast<size_t>(tensor.dims[0]) <= kMostElementsOfAValue);
}

/// Lists such as axes and shapes decide the results' shapes.
Status read_values(const OperatorArguments& arguments, OperatorSpec& description) {
  for (size_t i = 0; i < description.inputs.size() && i < arguments.inputs.size(); ++i) {
    OperatorTensor& tensor = description.inputs[i];
    if (!tensor.takes_memory()) continue;
    CAIRN_ASSIGN(const DataBuffer::Contents buffer,
                 DataBuffer::read(arguments.inputs[i], "inputs", "OP-066"));
    const auto bytes = tensor.bytes();
    if (!is_short_list(tensor) || !bytes || buffer.data == nullptr || buffer.size < *bytes) continue;
    tensor.constant.emplace(*bytes);
    CAIRN_RETURN_IF_ERROR(copy_host_value(tensor.constant->data(), buffer.data, *bytes));
  }
  return {};
}

}  // namespace

Status infer_operator_shapes(const OperatorArguments& arguments) {
  CAIRN_ASSIGN(OperatorSpec description, describe_arguments(arguments, {}, HostValues::kData));
  CAIRN_RETURN_IF_ERROR(read_values(arguments, description));
  CAIRN_ASSIGN(Engine * engine, load_engine());
  CAIRN_RETURN_IF_ERROR(check_names(*engine, description));
  const auto rank_is_open = [](const OperatorTensor& input) {
    return input.dims == std::vector<int64_t>{-2};
  };
  std::vector<OperatorTensor> outputs;
  if (std::ranges::none_of(description.inputs, rank_is_open)) {
    auto inferred = engine->infer_operator(description);
    if (!inferred.is_ok() && (!description.has_open_inputs() || inferred.code() == ACL_ERROR_OP_NOT_FOUND))
      return inferred.status();
    if (inferred.is_ok()) outputs = std::move(*inferred);
  }
  for (size_t i = 0; i < arguments.output_descs.size(); ++i) {
    CAIRN_ASSIGN(const Ref<TensorDesc> desc,
                 find<TensorDesc>(arguments.output_descs[i], "outputDesc", "OP-052"));
    if (i >= outputs.size()) {  // Nothing can be said [OP-058].
      desc->take_shape({-2}, {});
      continue;
    }
    std::vector<TensorDesc::Range> ranges;
    for (const DimRange& range : outputs[i].ranges)
      ranges.emplace_back(range.least, range.most);
    desc->take_shape(std::move(outputs[i].dims), std::move(ranges));
  }
  return {};
}

}  // namespace cairn
