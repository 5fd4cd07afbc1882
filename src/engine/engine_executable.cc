#include "engine/engine_executable.h"

#include "base/log.h"
#include "engine/engine_aipp.h"
#include "engine/engine_inspection.h"
#include "engine/engine_types.h"

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

/// The kernel that writes the network's input, or nothing for an input without AIPP.
Result<std::optional<AippKernel>> make_kernel(const OmInput& input) {
  if (!input.aipp) return std::optional<AippKernel>();
  CAIRN_ASSIGN(AippOutput output, aipp_output_of(input.aipp->original));
  CAIRN_ASSIGN(AippKernel kernel, AippKernel::create(input.aipp->params, output));
  if (kernel.input_bytes() != input.bytes || kernel.output_bytes() != input.aipp->original.bytes)
    return error(ACL_ERROR_DESERIALIZE_MODEL, "MDL-095",
                 "input {} is described with {} bytes before and {} after AIPP, but its images have {} and "
                 "{}; convert the model again",
                 input.name, input.bytes, input.aipp->original.bytes, kernel.input_bytes(),
                 kernel.output_bytes());
  return std::optional<AippKernel>(kernel);
}

}  // namespace

Result<std::unique_ptr<Executable>> OpenVinoExecutable::create(ov::CompiledModel network,
                                                               Compile compile_wide, ModelInfo info,
                                                               EngineSource source) {
  CAIRN_RETURN_IF_ERROR(check_count(info.inputs.size(), network.inputs().size(), "inputs"));
  CAIRN_RETURN_IF_ERROR(check_count(info.outputs.size(), network.outputs().size(), "outputs"));
  std::vector<std::optional<AippKernel>> kernels;
  for (size_t i = 0; i < info.inputs.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(check_port(network.input(i), info.inputs[i].engine_tensor(), "input"));
    CAIRN_ASSIGN(const std::optional<AippKernel> kernel, make_kernel(info.inputs[i]));
    kernels.push_back(kernel);
  }
  for (size_t i = 0; i < info.outputs.size(); ++i)
    CAIRN_RETURN_IF_ERROR(check_port(network.output(i), info.outputs[i], "output"));
  return std::unique_ptr<Executable>(new OpenVinoExecutable(
      std::move(network), std::move(compile_wide), std::move(info), std::move(source), std::move(kernels)));
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
  for (size_t i = 0; i < kernels_.size(); ++i) {
    if (!kernels_[i]) continue;
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

void RequestPool::feed_inputs(Slot& slot, std::span<const void* const> inputs, FloatOverflow& overflow) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (kernels_[i]) {
      void* const written = slot.aipp_tensors[i].data();
      kernels_[i]->run(static_cast<const uint8_t*>(inputs[i]), written);
      if (overflow.saturate && kernels_[i]->may_overflow())
        overflow.seen |= saturate_halves(
            {static_cast<uint16_t*>(written), kernels_[i]->output_bytes() / sizeof(uint16_t)});
    } else if (slot.inputs[i] != inputs[i]) {
      const auto port = network_.input(i);
      // The engine takes no const tensors for its inputs; it does not write them.
      slot.request.set_input_tensor(
          i, ov::Tensor(port.get_element_type(), port.get_shape(), const_cast<void*>(inputs[i])));
      slot.inputs[i] = inputs[i];
    }
  }
}

void RequestPool::bind_outputs(Slot& slot, std::span<void* const> outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (slot.outputs[i] == outputs[i]) continue;
    const auto port = network_.output(i);
    slot.request.set_output_tensor(i, ov::Tensor(port.get_element_type(), port.get_shape(), outputs[i]));
    slot.outputs[i] = outputs[i];
  }
}

void RequestPool::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                      FloatOverflow& overflow) {
  give_back(run_and_keep(inputs, outputs, overflow));
}

std::unique_ptr<RequestPool::Slot> RequestPool::run_and_keep(std::span<const void* const> inputs,
                                                             std::span<void* const> outputs,
                                                             FloatOverflow& overflow) {
  std::unique_ptr<Slot> slot = take_slot();  // Lost when the run throws: the request's state is unknown then.
  feed_inputs(*slot, inputs, overflow);
  bind_outputs(*slot, outputs);
  slot->request.infer();
  return slot;
}

RequestPool& OpenVinoExecutable::pool_for(bool shares_cores) {
  if (!shares_cores || !compile_wide_) return quick_;
  if (RequestPool* const wide = wide_.load(std::memory_order_acquire)) return *wide;
  if (shared_runs_.fetch_add(1, std::memory_order_relaxed) + 1 != kRunsBeforeWide) return quick_;
  try {
    wide_owner_ = std::make_unique<RequestPool>(compile_wide_(), kernels_);
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
    pool_for(shares_cores || has_company).run(inputs, outputs, overflow);
  } catch (const std::exception& problem) {
    status = error(ACL_ERROR_RT_MODEL_EXECUTE, "MDL-013", "the model failed: {}", problem.what());
  }
  runs_.fetch_sub(1, std::memory_order_relaxed);
  return status;
}

Result<std::unique_ptr<Inspection>> OpenVinoExecutable::inspect(const std::vector<InnerTensorId>& wanted,
                                                                bool with_outputs) {
  try {
    return OpenVinoInspection::create(source_, info_, kernels_, wanted, with_outputs);
  } catch (const std::exception& problem) {
    return error(ACL_ERROR_GE_LOAD_MODEL, "MDL-001", "the model cannot be compiled to look inside: {}",
                 problem.what());
  }
}

}  // namespace cairn
