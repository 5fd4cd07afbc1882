// Tensors of a call that lie in host memory [OP-026]: inputs are copied when the operator is launched,
// outputs when it has run.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/status.h"

namespace cairn {

/// Empty, and free of cost, while all tensors are on the device.
class HostTensors {
 public:
  /// A copy of an input; tensor `index` of the call.
  Result<void*> copy_in(size_t index, const void* user, size_t bytes);
  /// Memory that the operator writes instead of the user's.
  void* prepare_out(size_t index, void* user, size_t bytes);
  bool owns(size_t index) const {
    if (!tensors_) [[likely]]
      return false;
    return index < tensors_->size() && (*tensors_)[index].copy != nullptr;
  }
  /// What the operator reads or writes instead; of a tensor that it owns.
  void* memory(size_t index) const { return (*tensors_)[index].copy.get(); }
  Status copy_out() const;

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  struct Tensor {
    std::unique_ptr<void, Free> copy;
    void* written = nullptr;  ///< The user's memory, of an output.
    size_t bytes = 0;
  };
  Tensor& add(size_t index, size_t bytes);

  std::unique_ptr<std::vector<Tensor>> tensors_;
};

/// The bytes of an input that lies in host memory. Refuses device memory where the application runs on the
/// host.
Status copy_host_value(void* to, const void* user, size_t bytes);

}  // namespace cairn
