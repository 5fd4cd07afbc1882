// A compiled network and the inference requests that run it.
#pragma once

#include <memory>
#include <mutex>
#include <openvino/openvino.hpp>
#include <optional>
#include <span>
#include <vector>

#include "aipp/aipp_kernel.h"
#include "tensor/float_overflow.h"

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

}  // namespace cairn
