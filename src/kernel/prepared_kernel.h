// A kernel with what its selector has chosen for tensors of certain shapes: what aclopExecuteV2 runs.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "device/stream.h"
#include "kernel/kernel_desc.h"
#include "op/op_handle.h"
#include "tensor/tensor_desc.h"

namespace cairn {

/// Does not change any more; shared by all threads and by tasks in queues.
class PreparedKernel {
 public:
  /// What a launch has to know of a tensor's description.
  struct Tensor {
    explicit Tensor(const TensorDesc& desc);
    size_t bytes;      ///< 0 if the shape leaves it open.
    bool is_left_out;  ///< An optional input without data [OP-020].
    bool is_in_host;   ///< Its data is taken from the host when the operator is launched [OP-026].
    size_t alignment;  ///< Of the data; 0 if it has none.
  };

  PreparedKernel(KernelChoice choice, std::vector<Tensor> inputs, std::vector<Tensor> outputs)
      : choice_(std::move(choice)), inputs_(std::move(inputs)), outputs_(std::move(outputs)) {}

  /// Checks the buffers and adds the kernel to the stream. `function`: the function of the API, a literal.
  static Status launch(const std::shared_ptr<const PreparedKernel>& self, const char* function,
                       std::span<const OperatorBuffer> inputs, std::span<const OperatorBuffer> outputs,
                       const Ref<Stream>& stream);

 private:
  struct Call;
  Status run(std::span<const kernel::Memory> tensors, Stream& stream) const;

  const KernelChoice choice_;
  const std::vector<Tensor> inputs_;
  const std::vector<Tensor> outputs_;
};

}  // namespace cairn
