#include "engine/engine_executable.h"

#include <algorithm>

#include "base/log.h"
#include "engine/engine_types.h"
#include "om/om_aipp.h"

namespace cairn {
namespace {

// Compiling a network a second time takes as long as many runs: not for a program that overlaps only a few.
constexpr uint32_t kRunsBeforeWide = 16;

/// The file's description and the network agree on the size, so that no run leaves the user's buffer.
template <class Port>
Status check_port(const Port& port, const OmTensor& described, std::string_view kind) {
  if (port.get_partial_shape().is_dynamic())
    return error(ACL_ERROR_DESERIALIZE_MODEL, "MDL-001",
                 "{} {} of the om file has no fixed shape; convert the model again", kind, described.name);
  const size_t elements = ov::shape_size(port.get_shape());
  if (acl_type_of(port.get_element_type()) != described.data_type ||
      elements * port.get_element_type().size() != described.bytes)
    return error(ACL_ERROR_DESERIALIZE_MODEL, "MDL-001",
                 "{} {} is described with {} bytes of type {}, but the network has {} elements of {}; "
                 "convert the model again",
                 kind, described.name, described.bytes, static_cast<int>(described.data_type), elements,
                 port.get_element_type().get_type_name());
  return {};
}

Status check_count(size_t described, size_t found, std::string_view kind) {
  if (described == found) return {};
  return error(ACL_ERROR_DESERIALIZE_MODEL, "MDL-001",
               "the om file describes {} {}, but its network has {}; convert the model again", described,
               kind, found);
}

/// What writes the network's input.
Result<AippStage> make_stage(const OmInput& input) {
  if (!input.aipp) return AippStage();
  CAIRN_ASSIGN(AippOutput output, om_aipp_output(input.aipp->original));
  if (input.aipp->is_dynamic())
    return AippStage{.fixed = std::nullopt,
                     .dynamic = DynamicAippInput{output, input.aipp->parameters,
                                                 static_cast<size_t>(output.batch), input.bytes}};
  CAIRN_ASSIGN(AippKernel kernel, AippKernel::create(input.aipp->params, output));
  if (kernel.input_bytes() != input.bytes || kernel.output_bytes() != input.aipp->original.bytes)
    return error(ACL_ERROR_DESERIALIZE_MODEL, "MDL-095",
                 "input {} is described with {} bytes before and {} after AIPP, but its images have {} and "
                 "{}; convert the model again",
                 input.name, input.bytes, input.aipp->original.bytes, kernel.input_bytes(),
                 kernel.output_bytes());
  return AippStage{.fixed = kernel, .dynamic = std::nullopt};
}

}  // namespace

Result<std::unique_ptr<Executable>> OpenVinoExecutable::create(ov::CompiledModel network,
                                                               Compile compile_wide, ModelInfo info) {
  const auto data_inputs = std::ranges::count(info.inputs, OmInputRole::kData, &OmInput::role);
  CAIRN_RETURN_IF_ERROR(check_count(static_cast<size_t>(data_inputs), network.inputs().size(), "inputs"));
  CAIRN_RETURN_IF_ERROR(check_count(info.outputs.size(), network.outputs().size(), "outputs"));
  std::vector<AippStage> stages;
  for (size_t i = 0; i < network.inputs().size(); ++i) {
    CAIRN_RETURN_IF_ERROR(check_port(network.input(i), info.inputs[i].engine_tensor(), "input"));
    CAIRN_ASSIGN(AippStage stage, make_stage(info.inputs[i]));
    stages.push_back(std::move(stage));
  }
  for (size_t i = 0; i < info.outputs.size(); ++i)
    CAIRN_RETURN_IF_ERROR(check_port(network.output(i), info.outputs[i], "output"));
  return std::unique_ptr<Executable>(new OpenVinoExecutable(std::move(network), std::move(compile_wide),
                                                            std::move(info), std::move(stages)));
}

std::unique_ptr<RequestPool::Slot> RequestPool::take_slot() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_slots_.empty()) {
      std::unique_ptr<Slot> slot = std::move(free_slots_.back());
      free_slots_.pop_back();
      return slot;
    }
  }
  auto slot = std::make_unique<Slot>();
  slot->request = network_.create_infer_request();
  slot->inputs.resize(network_.inputs().size());
  slot->outputs.resize(network_.outputs().size());
  slot->aipp_tensors.resize(network_.inputs().size());
  slot->dynamic_aipp.resize(network_.inputs().size());
  for (size_t i = 0; i < stages_.size(); ++i) {
    if (!stages_[i].exists()) continue;
    if (stages_[i].dynamic) slot->dynamic_aipp[i].emplace(*stages_[i].dynamic);
    const auto port = network_.input(i);
    slot->aipp_tensors[i] = ov::Tensor(port.get_element_type(), port.get_shape());
    slot->request.set_input_tensor(i, slot->aipp_tensors[i]);
  }
  return slot;
}

void RequestPool::give_back(std::unique_ptr<Slot> slot) {
  const std::lock_guard lock(mutex_);
  free_slots_.push_back(std::move(slot));
}

Status RequestPool::feed_inputs(Slot& slot, std::span<const void* const> inputs, FloatOverflow& overflow) {
  for (size_t i = 0; i < stages_.size(); ++i) {
    const AippStage& stage = stages_[i];
    if (stage.exists()) {
      const auto* images = static_cast<const uint8_t*>(inputs[i]);
      void* const written = slot.aipp_tensors[i].data();
      bool may_overflow = false;
      if (stage.dynamic) {
        DynamicAipp& aipp = *slot.dynamic_aipp[i];
        CAIRN_RETURN_IF_ERROR(aipp.run(inputs[stage.dynamic->parameters], images, written));
        may_overflow = aipp.may_overflow();
      } else {
        stage.fixed->run(images, written);
        may_overflow = stage.fixed->may_overflow();
      }
      if (overflow.saturate && may_overflow)
        overflow.seen |= saturate_halves(
            {static_cast<uint16_t*>(written), slot.aipp_tensors[i].get_byte_size() / sizeof(uint16_t)});
    } else if (slot.inputs[i] != inputs[i]) {
      const auto port = network_.input(i);
      // The engine takes no const tensors for its inputs; it does not write them.
      slot.request.set_input_tensor(
          i, ov::Tensor(port.get_element_type(), port.get_shape(), const_cast<void*>(inputs[i])));
      slot.inputs[i] = inputs[i];
    }
  }
  return {};
}

void RequestPool::bind_outputs(Slot& slot, std::span<void* const> outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (slot.outputs[i] == outputs[i]) continue;
    const auto port = network_.output(i);
    slot.request.set_output_tensor(i, ov::Tensor(port.get_element_type(), port.get_shape(), outputs[i]));
    slot.outputs[i] = outputs[i];
  }
}

Status RequestPool::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                        FloatOverflow& overflow) {
  std::unique_ptr<Slot> slot = take_slot();  // Lost when the run throws: the request's state is unknown then.
  Status status = feed_inputs(*slot, inputs, overflow);
  if (status.is_ok()) {
    bind_outputs(*slot, outputs);
    slot->request.infer();
  }
  give_back(std::move(slot));
  return status;
}

RequestPool& OpenVinoExecutable::pool_for(bool shares_cores) {
  if (!shares_cores || !compile_wide_) return quick_;
  if (RequestPool* const wide = wide_.load(std::memory_order_acquire)) return *wide;
  if (shared_runs_.fetch_add(1, std::memory_order_relaxed) + 1 != kRunsBeforeWide) return quick_;
  try {
    wide_owner_ = std::make_unique<RequestPool>(compile_wide_(), stages_);
  } catch (const std::exception& problem) {
    log(LogLevel::kWarning, "ASCENDCL", "model {} stays compiled for one run at a time: {}", info_.name,
        problem.what());
    return quick_;
  }
  wide_.store(wide_owner_.get(), std::memory_order_release);
  return *wide_owner_;
}

Status OpenVinoExecutable::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                               FloatOverflow& overflow, bool shares_cores) {
  const bool has_company = runs_.fetch_add(1, std::memory_order_relaxed) > 0;
  Status status;
  try {
    status = pool_for(shares_cores || has_company).run(inputs, outputs, overflow);
  } catch (const std::exception& problem) {
    status = error(ACL_ERROR_RT_MODEL_EXECUTE, "MDL-013", "the model failed: {}", problem.what());
  }
  runs_.fetch_sub(1, std::memory_order_relaxed);
  return status;
}

}  // namespace cairn
