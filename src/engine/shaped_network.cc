#include "engine/shaped_network.h"

#include "aipp/aipp_block.h"
#include "base/log.h"
#include "engine/background_work.h"
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

/// What writes input `index` of the network.
Result<AippStage> make_stage(const ModelInfo& info, const OmShapes& shapes, size_t index) {
  const std::optional<AippParams>& aipp = shapes.aipp[index];
  const OmTensor& written = shapes.network_inputs[index];
  const size_t user_bytes = shapes.input_bytes[index];
  if (!aipp) return AippStage();
  CAIRN_ASSIGN(AippOutput output, om_aipp_output(written));
  if (aipp->aipp_mode == AippMode::kDynamic) {
    return AippStage{.fixed = std::nullopt, .dynamic = dynamic_aipp_input(info, index, output)};
  }
  CAIRN_ASSIGN(AippKernel kernel, AippKernel::create(*aipp, output));
  if (kernel.input_bytes() != user_bytes || kernel.output_bytes() != written.bytes)
    return error(ACL_ERROR_DESERIALIZE_MODEL, "MDL-095",
                 "input {} is described with {} bytes before and {} after AIPP, but its images have {} and "
                 "{}; convert the model again",
                 written.name, user_bytes, written.bytes, kernel.input_bytes(), kernel.output_bytes());
  return AippStage{.fixed = kernel, .dynamic = std::nullopt};
}

}  // namespace

Result<std::shared_ptr<ShapedNetwork>> ShapedNetwork::create(const ov::CompiledModel& network,
                                                             Compile compile_wide, const ModelInfo& info,
                                                             const OmShapes& shapes) {
  CAIRN_RETURN_IF_ERROR(check_count(shapes.network_inputs.size(), network.inputs().size(), "inputs"));
  CAIRN_RETURN_IF_ERROR(check_count(info.outputs.size(), network.outputs().size(), "outputs"));
  for (size_t i = 0; i < shapes.network_inputs.size(); ++i)
    CAIRN_RETURN_IF_ERROR(check_port(network.input(i), shapes.network_inputs[i], "input"));
  CAIRN_ASSIGN(std::vector<AippStage> stages, make_stages(info, shapes));
  for (size_t i = 0; i < info.outputs.size(); ++i) {
    OmTensor output = info.outputs[i];
    output.bytes = shapes.output_bytes[i];
    CAIRN_RETURN_IF_ERROR(check_port(network.output(i), output, "output"));
  }
  return std::shared_ptr<ShapedNetwork>(
      new ShapedNetwork(network, std::move(compile_wide), info.name, std::move(stages)));
}

Result<std::vector<AippStage>> ShapedNetwork::make_stages(const ModelInfo& info, const OmShapes& shapes) {
  std::vector<AippStage> stages;
  for (size_t i = 0; i < shapes.network_inputs.size(); ++i) {
    CAIRN_ASSIGN(const AippStage stage, make_stage(info, shapes, i));
    stages.push_back(stage);
  }
  return stages;
}

RequestPool& ShapedNetwork::pool_for(bool shares_cores) {
  if (!shares_cores || !compile_wide_) return quick_;
  if (RequestPool* const wide = wide_.load(std::memory_order_acquire)) return *wide;
  // Nobody waits for the second compilation: runs go on as before until it is done.
  if (shared_runs_.fetch_add(1, std::memory_order_relaxed) + 1 == kRunsBeforeWide)
    BackgroundWork::get().add([self = shared_from_this()] { self->make_wide(); });
  return quick_;
}

void ShapedNetwork::make_wide() {
  try {
    wide_owner_ = std::make_unique<RequestPool>(compile_wide_(), stages_);
    wide_.store(wide_owner_.get(), std::memory_order_release);
  } catch (const std::exception& problem) {
    log(LogLevel::kWarning, "ASCENDCL", "model {} stays compiled for one run at a time: {}", name_,
        problem.what());
  }
}

Status ShapedNetwork::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                          FloatOverflow& overflow, bool shares_cores) {
  return pool_for(shares_cores).run(inputs, outputs, overflow);
}

}  // namespace cairn
