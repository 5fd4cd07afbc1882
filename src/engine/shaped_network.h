// A network whose shapes are all known, compiled: a model without gears, or one gear of a model.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <openvino/openvino.hpp>
#include <optional>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/request_pool.h"

namespace cairn {

/// Thread-safe.
class ShapedNetwork {
 public:
  using Compile = std::function<ov::CompiledModel()>;

  /// Checks that the network's inputs and outputs are those of `shapes`, so that no run touches memory
  /// outside the buffers. `compile_wide` makes the same network for several runs at once; empty if there is
  /// only one core.
  static Result<std::shared_ptr<ShapedNetwork>> create(const ov::CompiledModel& network, Compile compile_wide,
                                                       const ModelInfo& info, const OmShapes& shapes);

  /// What writes each network input in these shapes; nothing for an input without AIPP.
  static Result<std::vector<std::optional<AippKernel>>> make_kernels(const OmShapes& shapes);

  /// Throws what OpenVINO throws. `inputs`: those of the network, then maybe others that are not looked at.
  void run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow,
           bool shares_cores);
  /// How often the network is compiled: once or twice.
  size_t copies() const { return wide_.load(std::memory_order_relaxed) == nullptr ? 1 : 2; }

 private:
  ShapedNetwork(const ov::CompiledModel& network, Compile compile_wide, std::string name,
                std::vector<std::optional<AippKernel>> kernels)
      : name_(std::move(name)),
        kernels_(std::move(kernels)),
        quick_(network, kernels_),
        compile_wide_(std::move(compile_wide)) {}
  RequestPool& pool_for(bool shares_cores);

  const std::string name_;                                ///< Of the model.
  const std::vector<std::optional<AippKernel>> kernels_;  ///< One per input of the network.
  RequestPool quick_;                                     ///< All cores for one run.
  const Compile compile_wide_;
  std::atomic<uint32_t> shared_runs_{0};
  std::unique_ptr<RequestPool> wide_owner_;
  std::atomic<RequestPool*> wide_{nullptr};  ///< One core for each run; made when it is worth it.
};

}  // namespace cairn
