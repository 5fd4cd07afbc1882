#include "singleop/open_operator_call.h"

#include <chrono>
#include <cstring>
#include <new>

#include "device/guarded_copy.h"
#include "device/runtime.h"
#include "tensor/data_type.h"
#include "tensor/tensor_desc.h"

namespace cairn {
namespace {

/// The dims of the call's tensor; those of the description for a call without descriptions.
Result<std::vector<int64_t>> dims_of(std::span<const aclTensorDesc* const> descs, size_t index,
                                     const OperatorTensor& described) {
  if (index >= descs.size()) return described.dims;
  CAIRN_ASSIGN(const Ref<TensorDesc> desc, find<TensorDesc>(descs[index], "desc", "OP-012"));
  return desc->dims();
}

}  // namespace

Result<std::shared_ptr<OpenOperatorCall>> OpenOperatorCall::prepare(std::shared_ptr<const SingleOperator> one,
                                                                    Executable& executable,
                                                                    const OperatorCall& call,
                                                                    bool sizes_need_values) {
  std::shared_ptr<OpenOperatorCall> made(new OpenOperatorCall(std::move(one), executable));
  made->sizes_need_values_ = sizes_need_values;
  CAIRN_RETURN_IF_ERROR(made->add_inputs(call));
  CAIRN_RETURN_IF_ERROR(made->add_outputs(call));
  made->outcome_ =
      error(ACL_ERROR_RT_STREAM_ABORT, "OP-018", "the stream was stopped before the operator ran");
  return made;
}

Status OpenOperatorCall::add_inputs(const OperatorCall& call) {
  const std::vector<OperatorTensor>& described = one_->description().inputs;
  for (size_t i = 0; i < described.size(); ++i) {
    if (!described[i].takes_memory()) continue;
    OperatorTensor tensor = described[i];
    CAIRN_ASSIGN(tensor.dims, dims_of(call.input_descs, i, described[i]));
    const auto bytes = tensor.bytes();
    if (!bytes)
      return error(ACL_ERROR_OP_INPUT_NOT_MATCH, "OP-014",
                   "input {} of {} is described with the shape {}; give the shape that the data has", i,
                   one_->description().type, shape_text(tensor.dims));
    const OperatorBuffer& buffer = call.inputs[i];
    if (buffer.size < *bytes)
      return error(ACL_ERROR_OP_INPUT_NOT_MATCH, "OP-014",
                   "the buffer of input {} has {} bytes, {}{} needs {}", i, buffer.size,
                   data_type_name(tensor.data_type), shape_text(tensor.dims), *bytes);
    const size_t index = inputs_.size();
    if (buffer.on_host) {
      CAIRN_RETURN_IF_ERROR(host_.copy_in(index, buffer.data, *bytes).status());
    } else if (*bytes > 0) {
      CAIRN_RETURN_IF_ERROR(Runtime::get().resolve(buffer.data, *bytes, "input", "OP-025").status());
    }
    inputs_.push_back({buffer.data, *bytes, std::move(tensor.dims), buffer.on_host});
  }
  return {};
}

Status OpenOperatorCall::add_outputs(const OperatorCall& call) {
  const std::vector<OperatorTensor>& described = one_->description().outputs;
  for (size_t i = 0; i < described.size(); ++i) {
    CAIRN_ASSIGN(std::vector<int64_t> dims, dims_of(call.output_descs, i, described[i]));
    const OperatorBuffer& buffer = call.outputs[i];
    if (!buffer.on_host && buffer.size > 0)
      CAIRN_RETURN_IF_ERROR(Runtime::get().resolve(buffer.data, buffer.size, "output", "OP-025").status());
    outputs_.push_back({buffer.data, buffer.size, std::move(dims), buffer.on_host});
  }
  return {};
}

std::vector<MemoryAccess> OpenOperatorCall::accesses() const {
  std::vector<MemoryAccess> list;
  for (const Input& input : inputs_)
    if (!input.on_host) list.push_back({input.address, input.bytes, MemoryAccess::Kind::kRead});
  for (const Output& output : outputs_)
    if (!output.on_host) list.push_back({output.address, output.size, MemoryAccess::Kind::kWrite});
  return list;
}

Status OpenOperatorCall::run(Stream& stream, bool detect) {
  FloatOverflow overflow{.saturate = stream.saturates()};
  try {
    outcome_ = run_resolved(overflow);
  } catch (const std::bad_alloc&) {
    outcome_ = error(ACL_ERROR_BAD_ALLOC, "OP-011", "the host has no memory left");
  }
  if (overflow.seen && detect) stream.overflow_status().store(1);
  return outcome_;
}

Status OpenOperatorCall::run_resolved(FloatOverflow& overflow) {
  static constexpr std::byte kNothing{};
  std::vector<ShapedInput> inputs;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Input& input = inputs_[i];
    const void* data = &kNothing;
    if (host_.owns(i)) {
      data = host_.memory(i);
    } else if (input.bytes > 0) {
      CAIRN_ASSIGN(data, Runtime::get().resolve(input.address, input.bytes, "input", "OP-025"));
    }
    inputs.push_back({data, input.dims});
  }
  const auto start = std::chrono::steady_clock::now();
  CAIRN_RETURN_IF_ERROR(executable_.run_open(
      inputs,
      [&](size_t index, const std::vector<int64_t>& dims, std::span<const std::byte> bytes) {
        return take(index, dims, bytes);
      },
      overflow));
  const auto taken = std::chrono::steady_clock::now() - start;
  const std::chrono::milliseconds limit(Runtime::get().op_execute_timeout_ms());
  if (limit.count() == 0 || taken <= limit) return {};
  return error(ACL_ERROR_RT_AICORE_TIMEOUT, "OP-006",
               "operator {} took {} ms, allowed are {}; allow more with acl.rt.set_op_execute_time_out",
               one_->description().type, taken / std::chrono::milliseconds(1), limit.count());
}

Status OpenOperatorCall::take(size_t index, const std::vector<int64_t>& dims,
                              std::span<const std::byte> bytes) {
  Output& output = outputs_[index];
  if (!sizes_need_values_) {
    OperatorTensor wanted = one_->description().outputs[index];
    wanted.dims = output.dims;
    if (wanted.bytes() != bytes.size())
      return error(
          ACL_ERROR_OP_OUTPUT_NOT_MATCH, "OP-017",
          "output {} of {} is described with the shape {}, the result has {}; ask acl.op.infer_shape", index,
          one_->description().type, shape_text(output.dims), shape_text(dims));
  }
  if (output.size < bytes.size())
    return error(ACL_ERROR_OP_OUTPUT_NOT_MATCH, "OP-018",
                 "the buffer of output {} of {} has {} bytes, the result of shape {} needs {}", index,
                 one_->description().type, output.size, shape_text(dims), bytes.size());
  output.dims = dims;
  if (bytes.empty()) return {};
  if (output.on_host) {
    HostTensors host;
    std::memcpy(host.prepare_out(0, output.address, bytes.size()), bytes.data(), bytes.size());
    return host.copy_out();
  }
  CAIRN_ASSIGN(std::byte* const to, Runtime::get().resolve(output.address, bytes.size(), "output", "OP-025"));
  std::memcpy(to, bytes.data(), bytes.size());
  return {};
}

Status OpenOperatorCall::write_shapes(std::span<const aclTensorDesc* const> descs) const {
  for (size_t i = 0; i < outputs_.size() && i < descs.size(); ++i) {
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find<TensorDesc>(descs[i], "outputDesc", "OP-018"));
    desc->take_shape(outputs_[i].dims, {});
  }
  return {};
}

}  // namespace cairn
