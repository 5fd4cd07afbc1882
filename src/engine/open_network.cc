#include "engine/open_network.h"

#include <algorithm>

#include "engine/dynamic_aipp.h"
#include "engine/engine_types.h"
#include "om/om_aipp.h"

namespace cairn {
namespace {

template <class Port>
Status check_port(const Port& port, const OmTensor& described, std::string_view kind) {
  std::vector<ov::Dimension> dims(described.dims.begin(), described.dims.end());
  const bool fits = port.get_partial_shape().rank().is_dynamic() ||
                    port.get_partial_shape().compatible(ov::PartialShape(dims));
  if (fits && acl_type_of(port.get_element_type()) == described.data_type) return {};
  return error(ACL_ERROR_DESERIALIZE_MODEL, "MDL-001",
               "type or shape of {} {} are not those of the om file's network; convert the model again", kind,
               described.name);
}

Result<std::optional<AippKernel>> make_kernel(const OmInput& input) {
  if (!input.aipp || input.aipp->is_dynamic()) return std::optional<AippKernel>();
  CAIRN_ASSIGN(const AippOutput output, om_aipp_output(input.aipp->original));
  CAIRN_ASSIGN(AippKernel kernel, AippKernel::create(input.aipp->params, output));
  if (kernel.input_bytes() != input.bytes || kernel.output_bytes() != input.aipp->original.bytes)
    return error(ACL_ERROR_DESERIALIZE_MODEL, "MDL-095",
                 "the images of input {} do not have the described size; convert the model again",
                 input.name);
  return std::optional<AippKernel>(kernel);
}

/// `written` by AIPP: half floats if something may overflow.
void saturate(ov::Tensor& written, bool may_overflow, FloatOverflow& overflow) {
  if (overflow.saturate && may_overflow)
    overflow.seen |=
        saturate_halves({static_cast<uint16_t*>(written.data()), written.get_byte_size() / sizeof(uint16_t)});
}

}  // namespace

Result<std::unique_ptr<OpenNetwork>> OpenNetwork::create(const ov::CompiledModel& network,
                                                         const ModelInfo& info) {
  const auto inputs =
      static_cast<size_t>(std::ranges::count(info.inputs, OmInputRole::kData, &OmInput::role));
  if (network.inputs().size() != inputs || network.outputs().size() != info.outputs.size())
    return error(
        ACL_ERROR_DESERIALIZE_MODEL, "MDL-001",
        "the om file describes {} inputs and {} outputs, its network has {} and {}; convert the model "
        "again",
        inputs, info.outputs.size(), network.inputs().size(), network.outputs().size());
  std::vector<std::optional<AippKernel>> kernels;
  for (size_t i = 0; i < inputs; ++i) {
    CAIRN_RETURN_IF_ERROR(check_port(network.input(i), info.inputs[i].engine_tensor(), "input"));
    CAIRN_ASSIGN(const std::optional<AippKernel> kernel, make_kernel(info.inputs[i]));
    kernels.push_back(kernel);
  }
  for (size_t i = 0; i < info.outputs.size(); ++i)
    CAIRN_RETURN_IF_ERROR(check_port(network.output(i), info.outputs[i], "output"));
  return std::unique_ptr<OpenNetwork>(new OpenNetwork(network, info, std::move(kernels)));
}

ov::InferRequest OpenNetwork::take_request() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_requests_.empty()) {
      ov::InferRequest request = free_requests_.back();
      free_requests_.pop_back();
      return request;
    }
  }
  return network_.create_infer_request();
}

void OpenNetwork::give_back(ov::InferRequest request) {
  const std::lock_guard lock(mutex_);
  free_requests_.push_back(std::move(request));
}

Result<ov::Tensor> OpenNetwork::input_tensor(size_t index, std::span<const ShapedInput> inputs,
                                             FloatOverflow& overflow) {
  const auto port = network_.input(index);
  const ShapedInput& input = inputs[index];
  if (info_.inputs[index].aipp && !kernels_[index]) return run_dynamic_aipp(index, inputs, overflow);
  if (!kernels_[index])
    // The engine takes no const tensors for its inputs; it does not write them.
    return ov::Tensor(port.get_element_type(), ov::Shape(input.dims.begin(), input.dims.end()),
                      const_cast<void*>(input.data));
  ov::Tensor written(port.get_element_type(), port.get_shape());
  kernels_[index]->run(static_cast<const uint8_t*>(input.data), written.data());
  saturate(written, kernels_[index]->may_overflow(), overflow);
  return written;
}

Result<ov::Tensor> OpenNetwork::run_dynamic_aipp(size_t index, std::span<const ShapedInput> inputs,
                                                 FloatOverflow& overflow) {
  OmTensor described = info_.inputs[index].engine_tensor();
  described.dims = inputs[index].dims;
  CAIRN_ASSIGN(const AippOutput output, om_aipp_output(described));
  const DynamicAippInput input = dynamic_aipp_input(info_, index, output);
  DynamicAipp aipp(input);
  ov::Tensor written(network_.input(index).get_element_type(),
                     ov::Shape(described.dims.begin(), described.dims.end()));
  CAIRN_RETURN_IF_ERROR(aipp.run(inputs[input.parameters].data,
                                 static_cast<const uint8_t*>(inputs[index].data), written.data()));
  saturate(written, aipp.may_overflow(), overflow);
  return written;
}

Status OpenNetwork::run(std::span<const ShapedInput> inputs, const TakeOutput& take,
                        FloatOverflow& overflow) {
  std::vector<ov::Tensor> tensors;
  for (size_t i = 0; i < kernels_.size(); ++i) {
    CAIRN_ASSIGN(ov::Tensor tensor, input_tensor(i, inputs, overflow));
    tensors.push_back(std::move(tensor));
  }
  ov::InferRequest request = take_request();  // Lost when the run throws: its state is unknown then.
  for (size_t i = 0; i < tensors.size(); ++i)
    request.set_input_tensor(i, tensors[i]);
  request.infer();
  Status status;
  for (size_t i = 0; i < network_.outputs().size() && status.is_ok(); ++i) {
    ov::Tensor output = request.get_output_tensor(i);
    const ov::Shape& shape = output.get_shape();
    if (overflow.saturate && output.get_element_type() == ov::element::f16)
      overflow.seen |=
          saturate_halves({static_cast<uint16_t*>(output.data()), output.get_byte_size() / sizeof(uint16_t)});
    status = take(i, {shape.begin(), shape.end()},
                  {static_cast<const std::byte*>(output.data()), output.get_byte_size()});
  }
  give_back(std::move(request));
  return status;
}

}  // namespace cairn
