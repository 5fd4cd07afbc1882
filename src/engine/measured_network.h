// A network whose operators are timed, for aclrtSetOpExecuteTimeOut.
#pragma once

#include <chrono>
#include <openvino/openvino.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "aipp/aipp_kernel.h"
#include "base/status.h"
#include "engine/request_pool.h"

namespace cairn {

/// ACL_ERROR_RT_AICORE_TIMEOUT if an operator took longer than `limit` [OP-006].
Status check_time(std::string_view name, std::string_view type, std::chrono::microseconds taken,
                  std::chrono::milliseconds limit);

/// Not thread-safe.
class MeasuredNetwork {
 public:
  /// `network` is compiled with ov::enable_profiling.
  MeasuredNetwork(ov::CompiledModel network, std::vector<AippStage> stages)
      : stages_(std::move(stages)), pool_(std::move(network), stages_) {}

  /// Runs once; ACL_ERROR_RT_AICORE_TIMEOUT if an operator took longer than `limit` [OP-006]. Throws what
  /// OpenVINO throws.
  Status run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow,
             std::chrono::milliseconds limit);

 private:
  const std::vector<AippStage> stages_;
  RequestPool pool_;
};

}  // namespace cairn
