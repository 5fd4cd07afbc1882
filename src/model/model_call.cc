// From datasets to addresses, and the run itself.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>

#include "device/exception_info.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"
#include "model/dataset.h"
#include "model/failed_operator.h"
#include "model/model.h"
#include "model/model_gears.h"
#include "model/open_call.h"
#include "tensor/data_buffer.h"

namespace cairn {
namespace {

/// Which dataset of the call, for rules, codes and messages.
struct Side {
  const char* name;
  int mismatch_code;
};
constexpr Side kInput = {"input", ACL_ERROR_MODEL_INPUT_NOT_MATCH};
constexpr Side kOutput = {"output", ACL_ERROR_MODEL_OUTPUT_NOT_MATCH};

/// The memory of a data buffer holds the tensor. Returns its address as the user gave it.
Result<void*> check_buffer(const Side& side, size_t index, const std::string& name, size_t bytes,
                           const void* handle) {
  CAIRN_ASSIGN(const DataBuffer::Contents buffer, DataBuffer::read(handle, side.name, "MDL-059"));
  const auto [data, size] = buffer;
  if (data == nullptr)
    return error(side.mismatch_code, "MDL-059",
                 "the data buffer of {} {} ({}) has no memory; it needs {} bytes", side.name, index, name,
                 bytes);
  if (size < bytes)
    return error(
        side.mismatch_code, "MDL-080",
        "the data buffer of {} {} ({}) has {} bytes, the model needs {}; ask acl.mdl.get_{}_size_by_index",
        side.name, index, name, size, bytes, side.name);
  return data;
}

template <class Tensor>
Status collect(const Side& side, const Dataset& dataset, const std::vector<Tensor>& tensors,
               const std::vector<size_t>& bytes, std::span<void*> addresses) {
  if (!dataset.copy(addresses))
    return error(side.mismatch_code, "MDL-059", "the {} dataset has {} data buffers, the model has {} {}s",
                 side.name, dataset.count(), tensors.size(), side.name);
  for (size_t i = 0; i < tensors.size(); ++i) {
    CAIRN_ASSIGN(addresses[i], check_buffer(side, i, tensors[i].name, bytes[i], addresses[i]));
  }
  return {};
}

/// Shapes set with acl.mdl.set_dataset_tensor_desc are for models with open shapes; others are what they are.
Status check_descriptions(const Model& model, const Dataset& inputs) {
  if (!inputs.has_descriptions()) return {};
  const ModelInfo& info = model.info();
  for (size_t i = 0; i < info.inputs.size(); ++i) {
    const auto dims = inputs.described_dims(i);
    if (!dims || *dims == info.inputs[i].dims) continue;
    return error(ACL_ERROR_MODEL_INPUT_NOT_MATCH, info.gear_kind ? "MDL-072" : "MDL-069",
                 "the shape [{}] is set for input {}, the model {} [{}]; {}", fmt::join(*dims, ", "), i,
                 info.gear_kind ? "has gears for" : "has the fixed shape",
                 fmt::join(info.inputs[i].dims, ", "),
                 info.gear_kind ? gear_setter(*info.gear_kind) : "convert it with -1 in --input_shape");
  }
  return {};
}

/// The gear that was set for the dataset, 0 for a model without gears.
Result<size_t> gear_of(const Model& model, const Dataset& inputs) {
  const ModelInfo& info = model.info();
  if (!info.gear_kind) return size_t{0};
  if (const auto gear = inputs.gear(model.id(), info.gears)) return *gear;
  return error(ACL_ERROR_GE_DYNAMIC_BATCH_SIZE_INVALID, "GDM-054",
               "no gear is set for the input dataset; call {} for it before each execution, the gears are {}",
               gear_setter(*info.gear_kind), gear_text(info.gears));
}

/// Copies of the buffers that lie in host memory: the engine works on device memory only, and a host address
/// may be wrong.
class HostCopies {
 public:
  Result<void*> copy_in(const void* user, size_t bytes) {
    void* copy = add(bytes);
    if (!guarded_copy(copy, user, bytes)) return bad_address(user, bytes);
    return copy;
  }
  void* prepare_out(void* user, size_t bytes) {
    void* copy = add(bytes);
    outputs_.push_back({user, copy, bytes});
    return copy;
  }
  Status copy_out() {
    for (const Output& output : outputs_)
      if (!guarded_copy(output.user, output.copy, output.bytes))
        return bad_address(output.user, output.bytes);
    return {};
  }

 private:
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  struct Output {
    void* user;
    void* copy;
    size_t bytes;
  };
  void* add(size_t bytes) {
    void* memory = std::aligned_alloc(kAlignment, (bytes / kAlignment + 1) * kAlignment);
    if (memory == nullptr) throw std::bad_alloc();
    memory_.emplace_back(memory);
    return memory;
  }
  static Status bad_address(const void* user, size_t bytes) {
    return error(ACL_ERROR_INVALID_PARAM, "MDL-015",
                 "{} is neither device memory nor host memory of {} bytes that can be accessed", user, bytes);
  }

  std::vector<std::unique_ptr<void, Free>> memory_;
  std::vector<Output> outputs_;
};

void saturate_outputs(const ModelInfo& info, const std::vector<size_t>& bytes, std::span<void* const> outputs,
                      FloatOverflow& overflow) {
  for (size_t i = 0; i < outputs.size(); ++i)
    if (info.outputs[i].data_type == ACL_FLOAT16)
      overflow.seen |= saturate_halves({static_cast<uint16_t*>(outputs[i]), bytes[i] / sizeof(uint16_t)});
}

/// Runs the call as the stream wants half floats to be treated. `detect`: note an overflow in its status.
Status run_in(Stream& stream, uint64_t task, bool detect, bool shares_cores, ModelCall& call) {
  FloatOverflow overflow{.saturate = stream.saturates()};
  const TaskPlace place{stream.device().id(), stream.id(), static_cast<uint32_t>(task)};
  Status status = call.run(place, overflow, shares_cores);
  if (overflow.seen && detect) stream.overflow_status().store(1);
  return status;
}

/// Runs the model, or what looks inside it while it runs.
Status run_network(const Model& model, const TaskPlace& place, size_t gear, std::span<void* const> inputs,
                   std::span<void* const> outputs, FloatOverflow& overflow, bool shares_cores) {
  ModelDump* const dump = model.dump();
  if (dump != nullptr && dump->is_active()) [[unlikely]]
    return dump->run(place, gear, inputs, outputs, overflow);
  const uint64_t limit = Runtime::get().op_execute_timeout_ms();
  if (limit != 0) [[unlikely]]
    return model.executable().run_limited(gear, inputs, outputs, overflow, std::chrono::milliseconds(limit));
  return model.executable().run(gear, inputs, outputs, overflow, shares_cores);
}

/// For those who ask which operator failed: the exception callback, and the exception dump.
void examine_failure(const Model& model, const TaskPlace& place, size_t gear, std::span<void* const> inputs) {
  const bool dumped = model.dump() != nullptr && model.dump()->wants_failures();
  if (!dumped && Runtime::get().exception_callback().load() == nullptr) return;
  auto found = find_failed_operator(model.executable(), gear, inputs);
  if (!found.is_ok()) return;
  const auto failed = std::make_shared<FailedOperator>(std::move(*found));
  if (dumped) model.dump()->write_failure(place, failed->one);
  remember_failed_operator(place, failed);
}

}  // namespace

ModelCall::ModelCall(std::shared_ptr<Model> model)
    : model_(std::move(model)), addresses_(model_->info().inputs.size() + model_->info().outputs.size()) {}

Result<ModelCall> ModelCall::prepare(std::shared_ptr<Model> model, const void* input_dataset,
                                     const void* output_dataset) {
  ModelCall call(std::move(model));
  const ModelInfo& info = call.model_->info();
  CAIRN_ASSIGN(const Ref<Dataset> inputs, find<Dataset>(input_dataset, "input", "MDL-017"));
  CAIRN_ASSIGN(const Ref<Dataset> outputs, find<Dataset>(output_dataset, "output", "MDL-017"));
  CAIRN_RETURN_IF_ERROR(check_descriptions(*call.model_, *inputs));
  CAIRN_ASSIGN(call.gear_, gear_of(*call.model_, *inputs));
  const OmShapes& shapes = call.shapes();
  const std::span<void*> addresses = call.addresses_.span();
  CAIRN_RETURN_IF_ERROR(
      collect(kInput, *inputs, info.inputs, shapes.input_bytes, addresses.first(info.inputs.size())));
  CAIRN_RETURN_IF_ERROR(
      collect(kOutput, *outputs, info.outputs, shapes.output_bytes, addresses.last(info.outputs.size())));
  return call;
}

size_t ModelCall::bytes(size_t index) const {
  const OmShapes& all = shapes();
  const size_t inputs = all.input_bytes.size();
  return index < inputs ? all.input_bytes[index] : all.output_bytes[index - inputs];
}

Status ModelCall::run(const TaskPlace& place, FloatOverflow& overflow, bool shares_cores) {
  try {
    return run_resolved(place, overflow, shares_cores);
  } catch (const std::bad_alloc&) {
    return error(ACL_ERROR_BAD_ALLOC, "MDL-013", "the host has no memory left");
  }
}

Status ModelCall::run_resolved(const TaskPlace& place, FloatOverflow& overflow, bool shares_cores) {
  const Runtime& runtime = Runtime::get();
  const ModelInfo& info = model_->info();
  const std::span<void*> user = addresses_.span();
  AddressList resolved(user.size());
  const std::span<void*> engine = resolved.span();
  HostCopies copies;
  // Only now: a task may run long after it was launched, and the memory may have been freed since.
  for (size_t i = 0; i < user.size(); ++i) {
    const bool is_input = i < info.inputs.size();
    const size_t size = bytes(i);
    if (runtime.device_of_address(user[i]) != nullptr) {
      CAIRN_ASSIGN(engine[i], runtime.resolve(user[i], size, is_input ? "input" : "output", "MDL-015"));
    } else if (is_input) {
      CAIRN_ASSIGN(engine[i], copies.copy_in(Runtime::own_view(user[i]), size));
    } else {
      engine[i] = copies.prepare_out(Runtime::own_view(user[i]), size);
    }
  }
  const std::span<void*> outputs = engine.last(info.outputs.size());
  const std::span<void*> inputs = engine.first(info.inputs.size());
  const ModelPriorities::Turn turn(ModelPriorities::get(), model_->priority());
  Status status = run_network(*model_, place, gear_, inputs, outputs, overflow, shares_cores);
  if (!status.is_ok()) [[unlikely]] {
    // One that only took too long would be run again by the search.
    if (status.code() != ACL_ERROR_RT_AICORE_TIMEOUT) examine_failure(*model_, place, gear_, inputs);
    return status;
  }
  if (overflow.saturate) saturate_outputs(info, shapes().output_bytes, outputs, overflow);
  return copies.copy_out();
}

std::vector<MemoryAccess> ModelCall::accesses() {
  const ModelInfo& info = model_->info();
  const std::span<void*> user = addresses_.span();
  std::vector<MemoryAccess> list;
  for (size_t i = 0; i < user.size(); ++i)
    list.push_back(
        {user[i], bytes(i), i < info.inputs.size() ? MemoryAccess::Kind::kRead : MemoryAccess::Kind::kWrite});
  return list;
}

Status execute_model(uint32_t id, const void* input_dataset, const void* output_dataset) {
  CAIRN_ASSIGN(std::shared_ptr<Model> model, ModelTable::get().find(id));
  CAIRN_RETURN_IF_ERROR(model->check_context());
  if (model->info().has_open_shapes)
    return execute_open_model(std::move(model), input_dataset, output_dataset);
  CAIRN_ASSIGN(ModelCall call, ModelCall::prepare(std::move(model), input_dataset, output_dataset));
  observe([&](Observer& watching) { watching.accessed("aclmdlExecute", call.accesses()); });
  CAIRN_ASSIGN(const Ref<Stream> stream, Runtime::get().stream(nullptr));
  // Not a task of the stream, but a failure is reported like one [MDL-041].
  static std::atomic<uint32_t> calls{0};
  const uint32_t number = calls.fetch_add(1, std::memory_order_relaxed);
  Status status =
      run_in(*stream, number, stream->overflow_switch(), stream->device().scheduler().load() > 0, call);
  if (!status.is_ok()) [[unlikely]]
    report_task_exception(*stream, number, status.code(), static_cast<uint64_t>(::syscall(SYS_gettid)));
  return status;
}

/// What the run itself will find out; said at the call already, where the program can see what is wrong.
Status ModelCall::check_memory() {
  const ModelInfo& info = model_->info();
  const std::span<void*> user = addresses_.span();
  for (size_t i = 0; i < user.size(); ++i) {
    const bool is_input = i < info.inputs.size();
    CAIRN_RETURN_IF_ERROR(
        Runtime::get().resolve_any(user[i], bytes(i), is_input ? "input" : "output", "MDL-015").status());
  }
  return {};
}

Status execute_model_async(uint32_t id, const void* input_dataset, const void* output_dataset, void* stream) {
  CAIRN_ASSIGN(std::shared_ptr<Model> model, ModelTable::get().find(id));
  CAIRN_RETURN_IF_ERROR(model->check_context());
  CAIRN_ASSIGN(const Ref<Stream> target, Runtime::get().stream(stream));
  if (model->info().has_open_shapes)
    return launch_open_model(std::move(model), input_dataset, output_dataset, target);
  CAIRN_ASSIGN(ModelCall call, ModelCall::prepare(std::move(model), input_dataset, output_dataset));
  CAIRN_RETURN_IF_ERROR(call.check_memory());
  observe([&](Observer& watching) {
    watching.task_launched(target.get(), "aclmdlExecuteAsync", call.accesses());
  });
  // The switch is the one in force now [RT-057].
  return Stream::launch(target, "aclmdlExecuteAsync",
                        [call = std::move(call), detect = target->overflow_switch()](Stream& stream) mutable {
                          constexpr size_t kThisTask = 1;
                          return run_in(stream, stream.running_task(), detect,
                                        stream.device().scheduler().load() > kThisTask, call);
                        });
}

}  // namespace cairn
