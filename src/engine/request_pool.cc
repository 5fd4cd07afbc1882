#include "engine/request_pool.h"

namespace cairn {

std::unique_ptr<RequestPool::Slot> RequestPool::take_slot() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_slots_.empty()) {
      std::unique_ptr<Slot> slot = std::move(free_slots_.back());
      free_slots_.pop_back();
      return slot;
    }
  }
  auto slot = std::make_unique<Slot>();
  slot->request = network_.create_infer_request();
  slot->inputs.resize(network_.inputs().size());
  slot->outputs.resize(network_.outputs().size());
  slot->aipp_tensors.resize(network_.inputs().size());
  for (size_t i = 0; i < kernels_.size(); ++i) {
    if (!kernels_[i]) continue;
    const auto port = network_.input(i);
    slot->aipp_tensors[i] = ov::Tensor(port.get_element_type(), port.get_shape());
    slot->request.set_input_tensor(i, slot->aipp_tensors[i]);
  }
  return slot;
}

void RequestPool::give_back(std::unique_ptr<Slot> slot) {
  const std::lock_guard lock(mutex_);
  free_slots_.push_back(std::move(slot));
}

void RequestPool::feed_inputs(Slot& slot, std::span<const void* const> inputs, FloatOverflow& overflow) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (kernels_[i]) {
      void* const written = slot.aipp_tensors[i].data();
      kernels_[i]->run(static_cast<const uint8_t*>(inputs[i]), written);
      if (overflow.saturate && kernels_[i]->may_overflow())
        overflow.seen |= saturate_halves(
            {static_cast<uint16_t*>(written), kernels_[i]->output_bytes() / sizeof(uint16_t)});
    } else if (slot.inputs[i] != inputs[i]) {
      const auto port = network_.input(i);
      // The engine takes no const tensors for its inputs; it does not write them.
      slot.request.set_input_tensor(
          i, ov::Tensor(port.get_element_type(), port.get_shape(), const_cast<void*>(inputs[i])));
      slot.inputs[i] = inputs[i];
    }
  }
}

void RequestPool::bind_outputs(Slot& slot, std::span<void* const> outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (slot.outputs[i] == outputs[i]) continue;
    const auto port = network_.output(i);
    slot.request.set_output_tensor(i, ov::Tensor(port.get_element_type(), port.get_shape(), outputs[i]));
    slot.outputs[i] = outputs[i];
  }
}

void RequestPool::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                      FloatOverflow& overflow) {
  give_back(run_and_keep(inputs, outputs, overflow));
}

std::unique_ptr<RequestPool::Slot> RequestPool::run_and_keep(std::span<const void* const> inputs,
                                                             std::span<void* const> outputs,
                                                             FloatOverflow& overflow) {
  std::unique_ptr<Slot> slot = take_slot();  // Lost when the run throws: the request's state is unknown then.
  feed_inputs(*slot, inputs, overflow);
  bind_outputs(*slot, outputs);
  slot->request.infer();
  return slot;
}

}  // namespace cairn
