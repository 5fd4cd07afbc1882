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
#include "engine/engine.h"

namespace cairn {

/// A network and its inference requests, as many as have run at once. Thread-safe.
class RequestPool {
 public:
  /// `kernels`: one per input, those with AIPP write the network's input. They outlive the pool.
  RequestPool(ov::CompiledModel network, const std::vector<std::optional<AippKernel>>& kernels)
      : network_(std::move(network)), kernels_(kernels) {}

  const ov::CompiledModel& network() const { return network_; }
  /// Throws what OpenVINO throws.
  void run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow);

  /// One inference request with the addresses that are bound to it, and the network inputs that AIPP writes.
  struct Slot {
    ov::InferRequest request;
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    std::vector<ov::Tensor> aipp_tensors;  ///< Empty tensors for inputs without AIPP.
  };
  /// Runs like run(); the request keeps the outputs that no memory was given for, until it is given back.
  std::unique_ptr<Slot> run_and_keep(std::span<const void* const> inputs, std::span<void* const> outputs,
                                     FloatOverflow& overflow);
  void give_back(std::unique_ptr<Slot> slot);

 private:
  std::unique_ptr<Slot> take_slot();
  void feed_inputs(Slot& slot, std::span<const void* const> inputs, FloatOverflow& overflow);
  void bind_outputs(Slot& slot, std::span<void* const> outputs);

  ov::CompiledModel network_;
  const std::vector<std::optional<AippKernel>>& kernels_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Slot>> free_slots_;
};

/// What a look inside needs: the graph that users see, the network behind it, and how it is compiled.
struct EngineSource {
  std::vector<OmNode> nodes;
  std::shared_ptr<ov::Model> network;
  std::function<ov::CompiledModel(const std::shared_ptr<ov::Model>&)> compile;
};

class OpenVinoExecutable final : public Executable {
 public:
  using Compile = std::function<ov::CompiledModel()>;

  /// Checks that the network's inputs and outputs are those of `info`, so that no run touches memory outside
  /// the buffers. `compile_wide` makes the same network for several runs at once; empty if there is only one
  /// core.
  static Result<std::unique_ptr<Executable>> create(ov::CompiledModel network, Compile compile_wide,
                                                    ModelInfo info, EngineSource source);

  const ModelInfo& info() const override { return info_; }
  Status run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow,
             bool shares_cores) override;
  const std::vector<OmNode>& nodes() const override { return source_.nodes; }
  Result<std::unique_ptr<Inspection>> inspect(const std::vector<InnerTensorId>& wanted,
                                              bool with_outputs) override;

 private:
  OpenVinoExecutable(ov::CompiledModel network, Compile compile_wide, ModelInfo info, EngineSource source,
                     std::vector<std::optional<AippKernel>> kernels)
      : info_(std::move(info)),
        source_(std::move(source)),
        kernels_(std::move(kernels)),
        quick_(std::move(network), kernels_),
        compile_wide_(std::move(compile_wide)) {}
  RequestPool& pool_for(bool shares_cores);

  const ModelInfo info_;
  const EngineSource source_;
  const std::vector<std::optional<AippKernel>> kernels_;  ///< One per input.
  RequestPool quick_;                                     ///< All cores for one run.
  const Compile compile_wide_;
  std::atomic<uint32_t> runs_{0};  ///< Under way.
  std::atomic<uint32_t> shared_runs_{0};
  std::unique_ptr<RequestPool> wide_owner_;
  std::atomic<RequestPool*> wide_{nullptr};  ///< One core for each run; made when it is worth it.
};

}  // namespace cairn
