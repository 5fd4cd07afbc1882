#include "model/open_call.h"

#include <algorithm>
#include <atomic>

#include "device/guarded_copy.h"
#include "device/runtime.h"
#include "model/model_dump.h"
#include "model/open_aipp.h"
#include "tensor/data_type.h"

namespace cairn {
namespace {

std::string dims_text(const std::vector<int64_t>& dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

bool is_open(const std::vector<int64_t>& dims) {
  return std::ranges::find(dims, -1) != dims.end();
}

/// "[1~8, 3, 224]": what the model was converted for.
std::string allowed_text(const OmInput& input) {
  std::string text;
  for (size_t i = 0; i < input.dims.size(); ++i)
    text += (i ? ", " : "") + to_text(input.range(i));
  return fmt::format("[{}]", text);
}

/// Number of dims and sizes are those that the model was converted for [GDM-077].
Status check_shape(size_t index, const OmInput& input, const std::vector<int64_t>& dims) {
  bool fits = dims.size() == input.dims.size();
  for (size_t i = 0; fits && i < dims.size(); ++i)
    fits = input.range(i).contains(dims[i]);
  if (fits) return {};
  return error(ACL_ERROR_GE_SHAPE_INVALID, "GDM-077",
               "the shape {} is set for input {} ({}), the model was converted for {}; give another shape to "
               "acl.mdl.set_dataset_tensor_desc, or convert the model for other ranges",
               dims_text(dims), index, input.name, allowed_text(input));
}

/// The shape of an input: as set for the dataset, or as the model has it. AIPP makes those of images.
Result<std::vector<int64_t>> shape_of(const std::optional<std::vector<int64_t>>& described, size_t index,
                                      const OmInput& input) {
  if (input.aipp) return input.dims;
  if (described) {
    CAIRN_RETURN_IF_ERROR(check_shape(index, input, *described));
    return *described;
  }
  if (!is_open(input.dims)) return input.dims;
  return error(ACL_ERROR_GE_SHAPE_INVALID, "GDM-080",
               "the shape of input {} ({}) is not set; call acl.mdl.set_dataset_tensor_desc before the "
               "execution, allowed is {}",
               index, input.name, allowed_text(input));
}

Result<size_t> bytes_of(const OmInput& input, const std::vector<int64_t>& dims) {
  if (input.aipp) return input.bytes;
  size_t bytes = data_type_size(input.data_type);
  for (const int64_t dim : dims)
    if (__builtin_mul_overflow(bytes, static_cast<size_t>(dim), &bytes))
      return error(ACL_ERROR_GE_SHAPE_INVALID, "GDM-077", "the shape {} of input {} is too large",
                   dims_text(dims), input.name);
  return bytes;
}

Status check_count(const Dataset& dataset, size_t wanted, const char* side, int code) {
  if (dataset.count() == wanted) return {};
  return error(code, "MDL-059", "the {} dataset has {} data buffers, the model has {} {}s", side,
               dataset.count(), wanted, side);
}

/// Runs the call as the stream wants half floats to be treated. `detect`: note an overflow in its status.
Status run_in(Stream& stream, uint64_t task, bool detect, OpenCall& call) {
  FloatOverflow overflow{.saturate = stream.saturates()};
  Status status = call.run(overflow, {stream.device().id(), stream.id(), static_cast<uint32_t>(task)});
  if (overflow.seen && detect) stream.overflow_status().store(1);
  return status;
}

}  // namespace

Result<std::unique_ptr<OpenCall>> OpenCall::prepare(std::shared_ptr<Model> model, const void* input_dataset,
                                                    const void* output_dataset) {
  CAIRN_ASSIGN(const Ref<Dataset> inputs, find<Dataset>(input_dataset, "input", "MDL-017"));
  CAIRN_ASSIGN(Ref<Dataset> outputs, find<Dataset>(output_dataset, "output", "MDL-017"));
  std::unique_ptr<OpenCall> call(new OpenCall(std::move(model), std::move(outputs)));
  CAIRN_RETURN_IF_ERROR(call->collect_inputs(*inputs));
  CAIRN_RETURN_IF_ERROR(call->collect_outputs());
  return call;
}

Status OpenCall::collect_inputs(const Dataset& dataset) {
  const std::vector<OmInput>& inputs = model_->info().inputs;
  CAIRN_RETURN_IF_ERROR(check_count(dataset, inputs.size(), "input", ACL_ERROR_MODEL_INPUT_NOT_MATCH));
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::optional<std::vector<int64_t>> described = dataset.described_dims(i);
    CAIRN_ASSIGN(std::vector<int64_t> dims, shape_of(described, i, inputs[i]));
    CAIRN_ASSIGN(const size_t bytes, bytes_of(inputs[i], dims));
    CAIRN_ASSIGN(const DataBuffer::Contents buffer, DataBuffer::read(dataset.buffer(i), "input", "MDL-059"));
    const auto [data, size] = buffer;
    if (size < bytes)
      return error(ACL_ERROR_MODEL_INPUT_NOT_MATCH, "GDM-078",
                   "the data buffer of input {} ({}) has {} bytes, the shape {} needs {}", i, inputs[i].name,
                   size, dims_text(dims), bytes);
    inputs_.push_back({data, bytes, std::move(dims), std::move(described)});
  }
  return {};
}

Status OpenCall::collect_outputs() {
  const size_t count = model_->info().outputs.size();
  CAIRN_RETURN_IF_ERROR(check_count(*output_dataset_, count, "output", ACL_ERROR_MODEL_OUTPUT_NOT_MATCH));
  for (size_t i = 0; i < count; ++i) {
    CAIRN_ASSIGN(Ref<DataBuffer> buffer, find<DataBuffer>(output_dataset_->buffer(i), "output", "MDL-059"));
    outputs_.push_back(std::move(buffer));
  }
  return {};
}

std::vector<MemoryAccess> OpenCall::accesses() const {
  std::vector<MemoryAccess> list;
  for (const Input& input : inputs_)
    list.push_back({input.address, input.bytes, MemoryAccess::Kind::kRead});
  for (const Ref<DataBuffer>& output : outputs_)
    if (const auto [data, size] = DataBuffer::contents(output); data != nullptr)
      list.push_back({data, size, MemoryAccess::Kind::kWrite});
  return list;
}

Status OpenCall::check_memory() const {
  for (const Input& input : inputs_)
    if (input.bytes > 0)
      CAIRN_RETURN_IF_ERROR(
          Runtime::get().resolve_any(input.address, input.bytes, "input", "MDL-015").status());
  return {};
}

Status OpenCall::run(FloatOverflow& overflow, const TaskPlace& place) {
  try {
    return run_checked(overflow, place);
  } catch (const std::bad_alloc&) {
    return error(ACL_ERROR_BAD_ALLOC, "MDL-013", "the host has no memory left");
  }
}

/// Where the input's bytes are: in the device's memory, or in a copy of host memory, which may be anything.
Result<const void*> OpenCall::readable(const Input& input, bool must_stay, Copies& copies) {
  static constexpr std::byte kNothing{};
  if (input.bytes == 0) return &kNothing;
  const void* data = input.address;
  const bool is_of_device = Runtime::get().device_of_address(data) != nullptr;
  if (is_of_device) {
    CAIRN_ASSIGN(data, Runtime::get().resolve(input.address, input.bytes, "input", "MDL-015"));
    if (!must_stay) return data;
  }
  copies.emplace_back(input.bytes);
  if (guarded_copy(copies.back().data(), data, input.bytes)) return copies.back().data();
  return error(ACL_ERROR_INVALID_PARAM, "MDL-015",
               "{} is neither device memory nor host memory of {} bytes that can be accessed", input.address,
               input.bytes);
}

Status OpenCall::run_checked(FloatOverflow& overflow, const TaskPlace& place) {
  std::vector<ShapedInput> inputs;
  Copies copies;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    // Parameters that are checked and used are the same bytes.
    const bool must_stay = model_->info().inputs[i].role == OmInputRole::kAippParameters;
    CAIRN_ASSIGN(const void* const data, readable(inputs_[i], must_stay, copies));
    inputs.push_back({data, inputs_[i].dims});
  }
  CAIRN_RETURN_IF_ERROR(find_dims_behind_aipp(inputs));
  ModelDump* const dump = model_->dump();
  const bool is_dumped = dump != nullptr && dump->is_active();
  if (is_dumped) CAIRN_RETURN_IF_ERROR(keep_inputs(inputs, copies));
  CAIRN_RETURN_IF_ERROR(model_->executable().run_open(
      inputs,
      [&](size_t index, const std::vector<int64_t>& dims, std::span<const std::byte> bytes) {
        return take_output(index, dims, bytes, place.device_id);
      },
      overflow));
  if (is_dumped) dump->write_open(place, inputs);
  return {};
}

Status OpenCall::find_dims_behind_aipp(std::vector<ShapedInput>& inputs) const {
  const std::vector<OmInput>& described = model_->info().inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!described[i].aipp || !described[i].aipp->is_dynamic()) continue;
    const size_t parameters = described[i].aipp->parameters;
    const std::span block(static_cast<const std::byte*>(inputs[parameters].data), inputs_[parameters].bytes);
    CAIRN_ASSIGN(inputs[i].dims, dims_of_run(described[i], block, inputs_[i].described));
  }
  return {};
}

/// Copies what an output may overwrite before the dump has looked at it.
Status OpenCall::keep_inputs(std::vector<ShapedInput>& inputs, Copies& copies) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs_[i].bytes == 0) continue;
    std::vector<std::byte> kept(inputs_[i].bytes);
    if (!guarded_copy(kept.data(), inputs[i].data, kept.size()))
      return error(ACL_ERROR_INVALID_PARAM, "MDL-015", "input {} cannot be read", i);
    copies.push_back(std::move(kept));
    inputs[i].data = copies.back().data();
  }
  return {};
}

Status OpenCall::take_output(size_t index, const std::vector<int64_t>& dims, std::span<const std::byte> bytes,
                             int32_t device_id) {
  const OmTensor& output = model_->info().outputs[index];
  auto [target, size] = DataBuffer::contents(outputs_[index]);
  if (target == nullptr && !bytes.empty()) {  // The user frees it [MDL-083].
    size = bytes.size();
    CAIRN_ASSIGN(target, Runtime::get().allocate_on(device_id, size, {}));
    DataBuffer::set(outputs_[index], target, size);
  }
  if (size < bytes.size())
    return error(ACL_ERROR_MODEL_OUTPUT_NOT_MATCH, "MDL-084",
                 "the data buffer of output {} ({}) has {} bytes, the result of shape {} needs {}; allocate "
                 "more, or pass a data buffer without memory",
                 index, output.name, size, dims_text(dims), bytes.size());
  if (!bytes.empty()) {
    CAIRN_ASSIGN(std::byte * place, Runtime::get().resolve_any(target, bytes.size(), "output", "MDL-015"));
    if (!guarded_copy(place, bytes.data(), bytes.size()))
      return error(ACL_ERROR_INVALID_PARAM, "MDL-015",
                   "{} is neither device memory nor host memory of {} bytes that can be written", target,
                   bytes.size());
  }
  output_dataset_->describe(index, output.data_type, dims, output.format);
  return {};
}

Status execute_open_model(std::shared_ptr<Model> model, const void* inputs, const void* outputs) {
  CAIRN_ASSIGN(const std::unique_ptr<OpenCall> call, OpenCall::prepare(std::move(model), inputs, outputs));
  observe([&](Observer& watching) { watching.accessed("aclmdlExecute", call->accesses()); });
  CAIRN_ASSIGN(const Ref<Stream> stream, Runtime::get().stream(nullptr));
  static std::atomic<uint32_t> calls{0};  // Not a task of the stream.
  return run_in(*stream, calls.fetch_add(1, std::memory_order_relaxed), stream->overflow_switch(), *call);
}

Status launch_open_model(std::shared_ptr<Model> model, const void* inputs, const void* outputs,
                         const Ref<Stream>& target) {
  CAIRN_ASSIGN(std::unique_ptr<OpenCall> call, OpenCall::prepare(std::move(model), inputs, outputs));
  CAIRN_RETURN_IF_ERROR(call->check_memory());
  observe([&](Observer& watching) {
    watching.task_launched(target.get(), "aclmdlExecuteAsync", call->accesses());
  });
  return Stream::launch(target, "aclmdlExecuteAsync",
                        [call = std::move(call), detect = target->overflow_switch()](Stream& stream) mutable {
                          return run_in(stream, stream.running_task(), detect, *call);
                        });
}

}  // namespace cairn
