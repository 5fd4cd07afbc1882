// A compiled network and the inference requests that run it.
#pragma once

#include <memory>
#include <mutex>
#include <openvino/openvino.hpp>
#include <optional>
#include <span>
#include <vector>

#include "aipp/aipp_kernel.h"
#include "base/status.h"
#include "engine/dynamic_aipp.h"
#include "tensor/float_overflow.h"

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
  /// Throws what OpenVINO throws. `inputs`: those of the network, then the model's others.
  Status run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow);

  /// One inference request with the addresses that are bound to it, and the network inputs that AIPP writes.
  struct Slot {
    ov::InferRequest request;
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    std::vector<ov::Tensor> aipp_tensors;  ///< Empty tensors for inputs without AIPP.
    std::vector<std::optional<DynamicAipp>> dynamic_aipp;
  };
  /// Runs like run(); the request keeps the outputs that no memory was given for, until it is given back.
  Result<std::unique_ptr<Slot>> run_and_keep(std::span<const void* const> inputs,
                                             std::span<void* const> outputs, FloatOverflow& overflow);
  void give_back(std::unique_ptr<Slot> slot);

 private:
  std::unique_ptr<Slot> take_slot();
  Status feed_inputs(Slot& slot, std::span<const void* const> inputs, FloatOverflow& overflow);
  Status run_aipp(Slot& slot, size_t input, std::span<const void* const> inputs, FloatOverflow& overflow);
  void bind_outputs(Slot& slot, std::span<void* const> outputs);

  ov::CompiledModel network_;
  const std::vector<AippStage>& stages_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Slot>> free_slots_;
};

}  // namespace cairn
