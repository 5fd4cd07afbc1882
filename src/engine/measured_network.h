// A network whose operators are timed, for aclrtSetOpExecuteTimeOut.
#pragma once

#include <chrono>
#include <openvino/openvino.hpp>
#include <optional>
#include <span>
#include <vector>

#include "aipp/aipp_kernel.h"
#include "base/status.h"
#include "engine/request_pool.h"

namespace cairn {

/// Not thread-safe.
class MeasuredNetwork {
 public:
  /// `network` is compiled with ov::enable_profiling.
  MeasuredNetwork(ov::CompiledModel network, std::vector<std::optional<AippKernel>> kernels)
      : kernels_(std::move(kernels)), pool_(std::move(network), kernels_) {}

  /// Runs once; ACL_ERROR_RT_AICORE_TIMEOUT if an operator took longer than `limit` [OP-006]. Throws what
  /// OpenVINO throws.
  Status run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow,
             std::chrono::milliseconds limit);

 private:
  const std::vector<std::optional<AippKernel>> kernels_;
  RequestPool pool_;
};

}  // namespace cairn
