#include "engine/direct_executable.h"

#include "engine/measured_network.h"

namespace cairn {

Status DirectExecutable::run(size_t /*gear*/, std::span<const void* const> inputs,
                             std::span<void* const> outputs, FloatOverflow& overflow, bool /*shares_cores*/) {
  program_->run(inputs, outputs, overflow, nullptr);
  return {};
}

Status DirectExecutable::run_open(std::span<const ShapedInput> /*inputs*/, const TakeOutput& /*take*/,
                                  FloatOverflow& /*overflow*/) {
  return error(ACL_ERROR_RT_MODEL_EXECUTE, "OP-018", "{} has known shapes only", info_.name);
}

Status DirectExecutable::run_limited(size_t gear, std::span<const void* const> inputs,
                                     std::span<void* const> outputs, FloatOverflow& overflow,
                                     std::chrono::milliseconds limit) {
  const auto start = std::chrono::steady_clock::now();
  CAIRN_RETURN_IF_ERROR(run(gear, inputs, outputs, overflow, false));
  const auto taken = std::chrono::steady_clock::now() - start;
  return check_time(info_.name, info_.name, std::chrono::duration_cast<std::chrono::microseconds>(taken),
                    limit);
}

Result<std::unique_ptr<Inspection>> DirectExecutable::inspect(size_t /*gear*/,
                                                              const std::vector<InnerTensorId>& /*wanted*/,
                                                              bool /*with_outputs*/) {
  return error(ACL_ERROR_FEATURE_UNSUPPORTED, "DUMP-021", "the inside of a single operator cannot be seen");
}

Result<std::unique_ptr<Inspection>> DirectExecutable::inspect_open(
    const std::vector<std::vector<int64_t>>& /*dims*/, const std::vector<InnerTensorId>& /*wanted*/) {
  return error(ACL_ERROR_FEATURE_UNSUPPORTED, "DUMP-021", "the inside of a single operator cannot be seen");
}

}  // namespace cairn
