#include "singleop/single_operator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <numeric>

#include "device/runtime.h"
#include "direct/program.h"
#include "model/engine_loader.h"
#include "singleop/open_operator_call.h"
#include "singleop/operator_registry.h"
#include "tensor/data_type.h"
#include "tensor/tensor_desc.h"

namespace cairn {
namespace {

Status check_counts(const OperatorSpec& description, const OperatorCall& call) {
  if (call.inputs.size() < description.inputs.size())
    return error(ACL_ERROR_OP_INPUT_NOT_MATCH, "OP-014", "{} has {} inputs, the call {}",
                 describe(description), description.inputs.size(), call.inputs.size());
  if (call.outputs.size() != description.outputs.size())
    return error(ACL_ERROR_OP_OUTPUT_NOT_MATCH, "OP-014", "{} has {} outputs, the call {}",
                 describe(description), description.outputs.size(), call.outputs.size());
  return {};
}

Status too_small(const OperatorSpec& description, const char* side, size_t index,
                 const OperatorTensor& tensor, const OperatorBuffer& buffer, size_t bytes, int code) {
  return error(code, "OP-014", "the buffer of {} {} of {} has {} bytes at {}, {}{} needs {}", side, index,
               description.type, buffer.size, buffer.data, data_type_name(tensor.data_type),
               shape_text(tensor.dims), bytes);
}

/// Takes less time than handing it to a worker, which may have to be woken.
bool is_brief(const Executable& executable) {
  constexpr double kHandOver = 40'000;  // Nanoseconds in one thread; half of it if another one helps.
  constexpr size_t kFewBytes = size_t{16} << 10;  // The engine needs 6 us for nothing at all.
  if (const direct::Program* const program = executable.direct_program(); program != nullptr)
    return program->nanoseconds() < kHandOver;
  const OmShapes& shapes = executable.info().gears[0];
  const auto sum = [](const std::vector<size_t>& bytes) {
    return std::accumulate(bytes.begin(), bytes.end(), size_t{0});
  };
  return sum(shapes.input_bytes) + sum(shapes.output_bytes) <= kFewBytes;
}

}  // namespace

Result<Executable*> SingleOperator::compiled() const {
  if (Executable* const known = ready_.load(std::memory_order_acquire)) [[likely]]
    return known;
  CAIRN_ASSIGN(Engine * engine, load_engine());
  const std::lock_guard lock(compiling_);
  if (owner_) return owner_.get();
  if (std::ranges::any_of(description_.inputs,
                          [](const OperatorTensor& input) { return input.dims == std::vector<int64_t>{-2}; }))
    return error(ACL_ERROR_OP_UNSUPPORTED_DYNAMIC, "OP-018", "{} leaves the number of dims open",
                 describe(description_));
  CAIRN_ASSIGN(std::shared_ptr<Executable> made, engine->compile_operator(description_));
  if (made->info().has_open_shapes) sizes_need_values_ = sizes_need_values(*made);
  owner_ = std::move(made);
  ready_.store(owner_.get(), std::memory_order_release);
  return owner_.get();
}

Result<bool> SingleOperator::is_fixed() const {
  if (description_.has_open_inputs()) return false;
  CAIRN_ASSIGN(const Executable* executable, compiled());
  return !executable->info().has_open_shapes;
}

bool SingleOperator::sizes_need_values(const Executable& executable) const {
  if (!description_.has_open_inputs()) return executable.info().has_open_shapes;
  // Some sizes that fit together: all open dims alike, or as small as they may be.
  const auto engine = load_engine();
  if (!engine.is_ok()) return false;
  for (const int64_t size : {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{4}}) {
    OperatorSpec sample = description_;
    for (OperatorTensor& input : sample.inputs)
      for (size_t i = 0; i < input.dims.size(); ++i)
        if (input.dims[i] < 0)
          input.dims[i] = size != 0                 ? size
                          : i < input.ranges.size() ? std::max<int64_t>(1, input.ranges[i].least)
                                                    : 3;
    const auto outputs = (*engine)->infer_operator(sample);
    if (outputs.is_ok()) return std::ranges::any_of(*outputs, &OperatorTensor::is_open);
  }
  return false;
}

Status SingleOperator::launch(const OperatorCall& call) const {
  CAIRN_RETURN_IF_ERROR(check_counts(description_, call));
  if (needs_shapes_.load(std::memory_order_relaxed)) return launch_specialised(call);
  const Result<Executable*> executable = compiled();
  if (!executable.is_ok()) {
    if (executable.code() != ACL_ERROR_OP_UNSUPPORTED_DYNAMIC || call.input_descs.empty())
      return executable.status();
    needs_shapes_.store(true, std::memory_order_relaxed);
    return launch_specialised(call);
  }
  if ((*executable)->info().has_open_shapes) return launch_open(**executable, call);
  return launch_fixed(**executable, call);
}

Status SingleOperator::launch_fixed(Executable& executable, const OperatorCall& call) const {
  const OmShapes& shapes = executable.info().gears[0];
  const size_t input_count = shapes.input_bytes.size();
  const Runtime& runtime = Runtime::get();
  AddressList addresses(input_count + call.outputs.size());
  const std::span<void*> list = addresses.span();
  HostTensors host;
  size_t next = 0;
  for (size_t i = 0; i < description_.inputs.size(); ++i) {
    if (!description_.inputs[i].takes_memory()) continue;
    const OperatorBuffer& buffer = call.inputs[i];
    const size_t bytes = shapes.input_bytes[next];
    if (buffer.size < bytes || (buffer.data == nullptr && bytes > 0)) [[unlikely]]
      return too_small(description_, "input", i, description_.inputs[i], buffer, bytes,
                       ACL_ERROR_OP_INPUT_NOT_MATCH);
    if (buffer.on_host) {
      CAIRN_RETURN_IF_ERROR(host.copy_in(next, buffer.data, bytes).status());
    } else if (bytes > 0) {
      CAIRN_RETURN_IF_ERROR(runtime.resolve(buffer.data, bytes, "input", "OP-025").status());
    }
    list[next++] = buffer.data;
  }
  for (size_t i = 0; i < call.outputs.size(); ++i) {
    const OperatorBuffer& buffer = call.outputs[i];
    const size_t bytes = shapes.output_bytes[i];
    if (buffer.size < bytes || (buffer.data == nullptr && bytes > 0)) [[unlikely]]
      return too_small(description_, "output", i, description_.outputs[i], buffer, bytes,
                       ACL_ERROR_OP_OUTPUT_NOT_MATCH);
    if (buffer.on_host)
      host.prepare_out(next, buffer.data, bytes);
    else if (bytes > 0)
      CAIRN_RETURN_IF_ERROR(runtime.resolve(buffer.data, bytes, "output", "OP-025").status());
    list[next++] = buffer.data;
  }
  observe([&](Observer& watching) {
    std::vector<MemoryAccess> accesses;
    for (size_t i = 0; i < list.size(); ++i)
      if (!host.owns(i))
        accesses.push_back({list[i],
                            i < input_count ? shapes.input_bytes[i] : shapes.output_bytes[i - input_count],
                            i < input_count ? MemoryAccess::Kind::kRead : MemoryAccess::Kind::kWrite});
    watching.task_launched(call.stream.get(), call.function, accesses);
  });
  return Stream::launch(
      call.stream, call.function,
      [self = shared_from_this(), addresses = std::move(addresses), host = std::move(host),
       detect = call.stream->overflow_switch()](Stream& stream) mutable {
        return self->run(*self->ready_.load(std::memory_order_relaxed), stream, addresses, host, detect);
      },
      is_brief(executable) ? Stream::Start::kHere : Stream::Start::kOnWorker);
}

Status SingleOperator::run(Executable& executable, Stream& stream, AddressList& addresses, HostTensors& host,
                           bool detect) const {
  try {
    const Runtime& runtime = Runtime::get();
    const ModelInfo& info = executable.info();
    const OmShapes& shapes = info.gears[0];
    const size_t input_count = shapes.input_bytes.size();
    const std::span<void*> list = addresses.span();
    // Only now: a task may run long after it was launched, and the memory may have been freed since.
    for (size_t i = 0; i < list.size(); ++i) {
      const size_t bytes = i < input_count ? shapes.input_bytes[i] : shapes.output_bytes[i - input_count];
      if (host.owns(i)) {
        list[i] = host.memory(i);
      } else if (bytes > 0) {
        CAIRN_ASSIGN(list[i],
                     runtime.resolve(list[i], bytes, i < input_count ? "input" : "output", "OP-025"));
      } else {
        static std::byte nothing;
        list[i] = &nothing;
      }
    }
    const std::span<void*> inputs = list.first(input_count);
    const std::span<void*> outputs = list.subspan(input_count);
    FloatOverflow overflow{.saturate = stream.saturates()};
    constexpr size_t kThisTask = 1;
    const uint64_t limit = runtime.op_execute_timeout_ms();
    const direct::Program* const program = executable.direct_program();
    Status status;
    if (limit != 0)
      status = executable.run_limited(0, inputs, outputs, overflow, std::chrono::milliseconds(limit));
    else if (program != nullptr)
      program->run(inputs, outputs, overflow, &stream.device().scheduler());
    else
      status = executable.run(0, inputs, outputs, overflow, stream.device().scheduler().load() > kThisTask);
    CAIRN_RETURN_IF_ERROR(status);
    if (overflow.saturate && program == nullptr)
      for (size_t i = 0; i < outputs.size(); ++i)
        if (info.outputs[i].data_type == ACL_FLOAT16)
          overflow.seen |= saturate_halves(
              {static_cast<uint16_t*>(outputs[i]), shapes.output_bytes[i] / sizeof(uint16_t)});
    if (overflow.seen && detect) stream.overflow_status().store(1);
    return host.copy_out();
  } catch (const std::bad_alloc&) {
    return error(ACL_ERROR_BAD_ALLOC, "OP-011", "the host has no memory left");
  }
}

Status SingleOperator::launch_open(Executable& executable, const OperatorCall& call) const {
  CAIRN_ASSIGN(const std::shared_ptr<OpenOperatorCall> open,
               OpenOperatorCall::prepare(shared_from_this(), executable, call, sizes_need_values_));
  observe([&](Observer& watching) {
    watching.task_launched(call.stream.get(), call.function, open->accesses());
  });
  const bool waits = call.writes_shapes && sizes_need_values_;
  CAIRN_RETURN_IF_ERROR(
      Stream::launch(call.stream, call.function,
                     [open, waits, detect = call.stream->overflow_switch()](Stream& stream) -> Status {
                       Status status = open->run(stream, detect);
                       // Who waits reports the failure.
                       return waits ? Status() : status;
                     }));
  if (!waits) return {};
  call.stream->wait_idle();
  observe([&](Observer& watching) { watching.stream_found_done(call.stream.get()); });
  CAIRN_RETURN_IF_ERROR(Status(open->outcome()));
  return open->write_shapes(call.output_descs);
}

Status SingleOperator::launch_specialised(const OperatorCall& call) const {
  OperatorSpec exact = description_;
  for (size_t i = 0; i < exact.inputs.size(); ++i) {
    OperatorTensor& input = exact.inputs[i];
    if (!input.takes_memory()) continue;
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find<TensorDesc>(call.input_descs[i], "inputDesc", "OP-012"));
    input.dims = desc->dims();
    input.ranges.clear();
    const auto bytes = input.bytes();
    if (desc->placement != ACL_MEMTYPE_HOST || !bytes || call.inputs[i].size < *bytes) continue;
    input.constant.emplace(*bytes);
    CAIRN_RETURN_IF_ERROR(copy_host_value(input.constant->data(), call.inputs[i].data, *bytes));
  }
  for (size_t i = 0; i < exact.outputs.size() && i < call.output_descs.size(); ++i) {
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find<TensorDesc>(call.output_descs[i], "outputDesc", "OP-012"));
    exact.outputs[i].dims = desc->dims();
    exact.outputs[i].ranges.clear();
  }
  OperatorRegistry& registry = OperatorRegistry::get();
  std::shared_ptr<const SingleOperator> one =
      registry.fixed().find(key_of(exact), [](const OperatorSpec&) { return true; });
  if (!one) {
    one = std::make_shared<SingleOperator>(std::move(exact));
    CAIRN_RETURN_IF_ERROR(one->prepare());
    registry.add(one, OperatorOrigin::kCompiled);
  }
  return one->launch(call);
}

}  // namespace cairn
