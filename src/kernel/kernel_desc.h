// aclopKernelDesc: what a selector says about the kernel that it has chosen. It lives as long as the selector
// runs.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/handle_table.h"
#include "base/status.h"
#include "kernel/kernel.h"

namespace cairn {

/// What the selector of an operator has chosen for tensors of certain shapes.
struct KernelChoice {
  std::shared_ptr<const Kernel> kernel;
  uint32_t blocks = 0;
  std::vector<std::max_align_t> tiling;  ///< Of at least tiling_bytes.
  size_t tiling_bytes = 0;
  std::vector<size_t> workspace_sizes;
};

/// Not for several threads: the selector runs in one.
class KernelDesc {
 public:
  static constexpr HandleType kHandleType = HandleType::kKernelDesc;
  static constexpr uint32_t kMostBlocks = 65535;
  static constexpr int kMostWorkspaces = 16;

  explicit KernelDesc(std::string op_type) : op_type_(std::move(op_type)) {}

  /// Copies the tiling data [KRN-012].
  Status set_args(const char* kernel_id, uint32_t blocks, const void* args, size_t arg_size);
  Status set_workspace_sizes(int count, const size_t* sizes);
  /// Moves the choice out; an error if set_args did not succeed.
  Result<KernelChoice> take();

 private:
  const std::string op_type_;
  KernelChoice choice_;
};

}  // namespace cairn
