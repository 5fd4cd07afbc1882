// A compiled model and the pool of inference requests that run it.
#pragma once

#include <memory>
#include <mutex>
#include <openvino/openvino.hpp>
#include <span>
#include <vector>

#include "aipp/aipp_kernel.h"
#include "engine/engine.h"

namespace cairn {

class OpenVinoExecutable final : public Executable {
 public:
  /// Checks that the network's inputs and outputs are those of `info`, so that no run touches memory outside
  /// the buffers.
  static Result<std::unique_ptr<Executable>> create(ov::CompiledModel network, ModelInfo info);

  const ModelInfo& info() const override { return info_; }
  Status run(std::span<const void* const> inputs, std::span<void* const> outputs,
             FloatOverflow& overflow) override;

 private:
  /// One inference request with the addresses that are bound to it, and the network inputs that AIPP writes.
  struct Slot {
    ov::InferRequest request;
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    std::vector<ov::Tensor> aipp_tensors;  ///< Empty tensors for inputs without AIPP.
  };

  OpenVinoExecutable(ov::CompiledModel network, ModelInfo info,
                     std::vector<std::optional<AippKernel>> kernels)
      : network_(std::move(network)), info_(std::move(info)), kernels_(std::move(kernels)) {}
  std::unique_ptr<Slot> take_slot();
  void give_back(std::unique_ptr<Slot> slot);
  void feed_inputs(Slot& slot, std::span<const void* const> inputs, FloatOverflow& overflow);
  void bind_outputs(Slot& slot, std::span<void* const> outputs);

  ov::CompiledModel network_;
  const ModelInfo info_;
  const std::vector<std::optional<AippKernel>> kernels_;  ///< One per input.
  std::mutex mutex_;
  std::vector<std::unique_ptr<Slot>> free_slots_;
};

}  // namespace cairn
