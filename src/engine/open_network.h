// A network with shapes that are known only when it runs: dims of -1, or outputs such as the boxes that were
// found.
#pragma once

#include <memory>
#include <mutex>
#include <openvino/openvino.hpp>
#include <optional>
#include <span>
#include <vector>

#include "aipp/aipp_kernel.h"
#include "engine/engine.h"

namespace cairn {

/// Thread-safe.
class OpenNetwork {
 public:
  /// Checks that types and known dims are those of `info`, which outlives the network.
  static Result<std::unique_ptr<OpenNetwork>> create(const ov::CompiledModel& network, const ModelInfo& info);

  /// Throws what OpenVINO throws.
  Status run(std::span<const ShapedInput> inputs, const TakeOutput& take, FloatOverflow& overflow);

 private:
  OpenNetwork(ov::CompiledModel network, const ModelInfo& info,
              std::vector<std::optional<AippKernel>> kernels)
      : network_(std::move(network)), info_(info), kernels_(std::move(kernels)) {}
  ov::InferRequest take_request();
  void give_back(ov::InferRequest request);
  /// What the network takes: the user's memory, or what AIPP writes.
  Result<ov::Tensor> input_tensor(size_t index, std::span<const ShapedInput> inputs, FloatOverflow& overflow);
  Result<ov::Tensor> run_dynamic_aipp(size_t index, std::span<const ShapedInput> inputs,
                                      FloatOverflow& overflow);

  ov::CompiledModel network_;
  const ModelInfo& info_;
  const std::vector<std::optional<AippKernel>> kernels_;  ///< Static AIPP; one per input of the network.
  std::mutex mutex_;
  std::vector<ov::InferRequest> free_requests_;
};

}  // namespace cairn
