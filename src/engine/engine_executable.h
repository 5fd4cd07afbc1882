// A compiled model and the pools of inference requests that run it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <openvino/openvino.hpp>
#include <optional>
#include <span>
#include <vector>

#include "aipp/aipp_kernel.h"
#include "engine/dynamic_aipp.h"
#include "engine/engine.h"

namespace cairn {

/// AIPP in front of an input of a network: one of the two, or none.
struct AippStage {
  std::optional<AippKernel> fixed;
  std::optional<DynamicAippInput> dynamic;
  bool exists() const { return fixed || dynamic; }
};

/// A network and its inference requests, as many as have run at once. Thread-safe.
class RequestPool {
 public:
  /// `stages`: one per input of the network; AIPP writes that input. They outlive the pool.
  RequestPool(ov::CompiledModel network, const std::vector<AippStage>& stages)
      : network_(std::move(network)), stages_(stages) {}

  const ov::CompiledModel& network() const { return network_; }
  /// Throws what OpenVINO throws.
  Status run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow);

 private:
  /// One inference request with the addresses that are bound to it, and the network inputs that AIPP writes.
  struct Slot {
    ov::InferRequest request;
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    std::vector<ov::Tensor> aipp_tensors;  ///< Empty tensors for inputs without AIPP.
    std::vector<std::optional<DynamicAipp>> dynamic_aipp;
  };

  std::unique_ptr<Slot> take_slot();
  void give_back(std::unique_ptr<Slot> slot);
  Status feed_inputs(Slot& slot, std::span<const void* const> inputs, FloatOverflow& overflow);
  void bind_outputs(Slot& slot, std::span<void* const> outputs);

  ov::CompiledModel network_;
  const std::vector<AippStage>& stages_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Slot>> free_slots_;
};

class OpenVinoExecutable final : public Executable {
 public:
  using Compile = std::function<ov::CompiledModel()>;

  /// Checks that the network's inputs and outputs are those of `info`, so that no run touches memory outside
  /// the buffers. `compile_wide` makes the same network for several runs at once; empty if there is only one
  /// core.
  static Result<std::unique_ptr<Executable>> create(ov::CompiledModel network, Compile compile_wide,
                                                    ModelInfo info);

  const ModelInfo& info() const override { return info_; }
  Status run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow,
             bool shares_cores) override;

 private:
  OpenVinoExecutable(ov::CompiledModel network, Compile compile_wide, ModelInfo info,
                     std::vector<AippStage> stages)
      : info_(std::move(info)),
        stages_(std::move(stages)),
        quick_(std::move(network), stages_),
        compile_wide_(std::move(compile_wide)) {}
  RequestPool& pool_for(bool shares_cores);

  const ModelInfo info_;
  const std::vector<AippStage> stages_;  ///< One per input of the network.
  RequestPool quick_;                    ///< All cores for one run.
  const Compile compile_wide_;
  std::atomic<uint32_t> runs_{0};  ///< Under way.
  std::atomic<uint32_t> shared_runs_{0};
  std::unique_ptr<RequestPool> wide_owner_;
  std::atomic<RequestPool*> wide_{nullptr};  ///< One core for each run; made when it is worth it.
};

}  // namespace cairn
