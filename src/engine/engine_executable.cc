#include "engine/engine_executable.h"

#include <algorithm>

#include "base/environment.h"
#include "base/log.h"
#include "engine/engine_inspection.h"
#include "om/om_types.h"

namespace cairn {
namespace {

constexpr int64_t kGearMemoryMb = 2048;

}  // namespace

OpenVinoExecutable::OpenVinoExecutable(Build build, ModelInfo info, EngineSource source)
    : info_(std::move(info)),
      source_(std::move(source)),
      build_(std::move(build)),
      gears_(info_.gears.size()) {}

Result<std::shared_ptr<Executable>> OpenVinoExecutable::create(Build build, ModelInfo info,
                                                               EngineSource source) {
  auto executable = std::shared_ptr<OpenVinoExecutable>(
      new OpenVinoExecutable(std::move(build), std::move(info), std::move(source)));
  if (!executable->info_.gear_kind) {
    CAIRN_ASSIGN(executable->only_, executable->build_(executable->info_, executable->info_.gears[0]));
    executable->build_ = nullptr;  // With the file's graph.
  }
  return std::shared_ptr<Executable>(std::move(executable));
}

Result<std::shared_ptr<Executable>> OpenVinoExecutable::create(const ov::CompiledModel& network,
                                                               ModelInfo info, EngineSource source) {
  auto executable = std::shared_ptr<OpenVinoExecutable>(
      new OpenVinoExecutable(nullptr, std::move(info), std::move(source)));
  CAIRN_ASSIGN(executable->open_, OpenNetwork::create(network, executable->info_));
  return std::shared_ptr<Executable>(std::move(executable));
}

std::shared_ptr<ShapedNetwork> OpenVinoExecutable::find_compiled(size_t gear) {
  const std::lock_guard lock(mutex_);
  gears_[gear].last_use = ++uses_;
  return gears_[gear].network;
}

Result<std::shared_ptr<ShapedNetwork>> OpenVinoExecutable::network(size_t gear) {
  if (std::shared_ptr<ShapedNetwork> known = find_compiled(gear)) return known;
  const std::lock_guard compiling(compiling_);
  if (std::shared_ptr<ShapedNetwork> known = find_compiled(gear)) return known;
  CAIRN_ASSIGN(std::shared_ptr<ShapedNetwork> made, build_(info_, info_.gears[gear]));
  {
    const std::lock_guard lock(mutex_);
    gears_[gear].network = made;
  }
  trim(gear);
  return made;
}

void OpenVinoExecutable::trim(size_t newest) {
  const auto budget = static_cast<size_t>(environment_int("CAIRN_GEAR_MEMORY_MB", kGearMemoryMb)) << 20;
  // The work memory of the file is that of the largest gear; smaller ones need their share of it.
  const OmShapes& largest = info_.gears[info_.largest_gear];
  const auto bytes_of = [](const OmShapes& shapes) {
    double bytes = 1;
    for (const size_t each : shapes.input_bytes)
      bytes += static_cast<double>(each);
    return bytes;
  };
  const auto cost = [&](size_t gear) {
    const double share = bytes_of(info_.gears[gear]) / bytes_of(largest);
    const double work = static_cast<double>(info_.sizes.work_bytes) * std::min(share, 1.0);
    return (static_cast<size_t>(work) + info_.sizes.weight_bytes) * gears_[gear].network->copies();
  };
  std::vector<std::shared_ptr<ShapedNetwork>> ended;  // They end after the lock.
  const std::lock_guard lock(mutex_);
  size_t total = 0;
  for (size_t i = 0; i < gears_.size(); ++i)
    if (gears_[i].network) total += cost(i);
  while (total > budget) {
    size_t oldest = newest;
    for (size_t i = 0; i < gears_.size(); ++i)
      if (gears_[i].network && i != newest &&
          (oldest == newest || gears_[i].last_use < gears_[oldest].last_use))
        oldest = i;
    if (oldest == newest) return;
    total -= std::min(total, cost(oldest));
    log(LogLevel::kInfo, "ASCENDCL", "model {}: the compiled gear {} makes room (CAIRN_GEAR_MEMORY_MB)",
        info_.name, oldest);
    ended.push_back(std::move(gears_[oldest].network));
    gears_[oldest].network = nullptr;
  }
}

Status OpenVinoExecutable::run(size_t gear, std::span<const void* const> inputs,
                               std::span<void* const> outputs, FloatOverflow& overflow, bool shares_cores) {
  const bool has_company = runs_.fetch_add(1, std::memory_order_relaxed) > 0;
  Status status;
  try {
    const bool shared = shares_cores || has_company;
    if (only_) {
      status = only_->run(inputs, outputs, overflow, shared);
    } else if (auto shaped = network(gear); shaped.is_ok()) {
      status = (*shaped)->run(inputs, outputs, overflow, shared);
    } else {
      status = shaped.status();
    }
  } catch (const std::exception& problem) {
    status = error(ACL_ERROR_RT_MODEL_EXECUTE, "MDL-013", "the model failed: {}", problem.what());
  }
  runs_.fetch_sub(1, std::memory_order_relaxed);
  return status;
}

Status OpenVinoExecutable::run_open(std::span<const ShapedInput> inputs, const TakeOutput& take,
                                    FloatOverflow& overflow) {
  try {
    return open_->run(inputs, take, overflow);
  } catch (const std::exception& problem) {
    return error(ACL_ERROR_RT_MODEL_EXECUTE, "MDL-013", "the model failed: {}", problem.what());
  }
}

Result<MeasuredNetwork*> OpenVinoExecutable::measured(size_t gear) {
  std::unique_ptr<MeasuredNetwork>& known = measured_[gear];
  if (!known) {
    const OmShapes& shapes = info_.gears[gear];
    CAIRN_ASSIGN(std::vector<AippStage> stages, ShapedNetwork::make_stages(info_, shapes));
    known = std::make_unique<MeasuredNetwork>(source_.compile(source_.open(shapes), true), std::move(stages));
  }
  return known.get();
}

Status OpenVinoExecutable::run_limited(size_t gear, std::span<const void* const> inputs,
                                       std::span<void* const> outputs, FloatOverflow& overflow,
                                       std::chrono::milliseconds limit) {
  const std::lock_guard lock(measuring_);
  try {
    CAIRN_ASSIGN(MeasuredNetwork * network, measured(gear));
    return network->run(inputs, outputs, overflow, limit);
  } catch (const std::exception& problem) {
    return error(ACL_ERROR_RT_MODEL_EXECUTE, "MDL-013", "the model failed: {}", problem.what());
  }
}

namespace {

/// Calls `create`, which may throw what OpenVINO throws.
template <class Create>
Result<std::unique_ptr<Inspection>> guarded(const Create& create) {
  try {
    return create();
  } catch (const std::exception& problem) {
    return error(ACL_ERROR_GE_LOAD_MODEL, "MDL-001", "the model cannot be compiled to look inside: {}",
                 problem.what());
  }
}

}  // namespace

Result<std::unique_ptr<Inspection>> OpenVinoExecutable::inspect(size_t gear,
                                                                const std::vector<InnerTensorId>& wanted,
                                                                bool with_outputs) {
  return guarded(
      [&] { return OpenVinoInspection::create(source_, info_, info_.gears.at(gear), wanted, with_outputs); });
}

Result<std::unique_ptr<Inspection>> OpenVinoExecutable::inspect_open(
    const std::vector<std::vector<int64_t>>& dims, const std::vector<InnerTensorId>& wanted) {
  OmShapes shapes;
  for (size_t i = 0; i < info_.inputs.size(); ++i) {
    const OmInput& input = info_.inputs[i];
    if (input.role != OmInputRole::kData) {
      shapes.input_bytes.push_back(input.bytes);
      continue;
    }
    OmTensor tensor = input.engine_tensor();
    if (!input.aipp || input.aipp->is_dynamic()) {
      for (size_t d = 0; d < tensor.dims.size(); ++d)
        if (tensor.dims[d] < 0) shapes.gear.push_back(dims.at(i).at(d));  // The network gets its shapes anew.
      tensor.dims = dims.at(i);
      tensor.bytes = om::tensor_bytes(tensor.data_type, tensor.dims).value_or(0);
    }
    shapes.input_bytes.push_back(input.aipp ? input.bytes : tensor.bytes);
    shapes.aipp.push_back(input.aipp ? std::optional(input.aipp->params) : std::nullopt);
    shapes.network_inputs.push_back(std::move(tensor));
  }
  return guarded([&] { return OpenVinoInspection::create_open(source_, info_, std::move(shapes), wanted); });
}

}  // namespace cairn
