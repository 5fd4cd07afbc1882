#include "kernel/kernel_desc.h"

#include "acl/acl_op.h"
#include "device/guarded_copy.h"
#include "device/memory_transfer.h"
#include "device/runtime.h"
#include "kernel/kernel_registry.h"

namespace cairn {

Status KernelDesc::set_args(const char* kernel_id, uint32_t blocks, const void* args, size_t arg_size) {
  choice_.kernel.reset();
  if (kernel_id == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, "KRN-011", "kernelId is null; pass a kernel's id");
  if (blocks == 0 || blocks > kMostBlocks)
    return error(ACL_ERROR_INVALID_PARAM, "KRN-011", "blockDim = {}; a launch has 1 to {} blocks", blocks,
                 kMostBlocks);
  std::vector<std::max_align_t> tiling;
  if (arg_size > 0) {
    CAIRN_RETURN_IF_ERROR(check_host_readable(args, arg_size, "KRN-012"));
    tiling.resize((arg_size + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
    if (!guarded_copy(tiling.data(), Runtime::own_view(args), arg_size))
      return error(ACL_ERROR_INVALID_PARAM, "KRN-012", "args: {} bytes at {} are not mapped", arg_size, args);
  }
  CAIRN_ASSIGN(choice_.kernel, KernelRegistry::get().kernel(op_type_, kernel_id));
  choice_.blocks = blocks;
  choice_.tiling = std::move(tiling);
  choice_.tiling_bytes = arg_size;
  return {};
}

Status KernelDesc::set_workspace_sizes(int count, const size_t* sizes) {
  if (count < 0 || count > kMostWorkspaces)
    return error(ACL_ERROR_INVALID_PARAM, "KRN-014", "numWorkspaces = {}; an operator has 0 to {}", count,
                 kMostWorkspaces);
  std::vector<size_t> copied(static_cast<size_t>(count));
  const size_t bytes = copied.size() * sizeof(size_t);
  if (count > 0) {
    CAIRN_RETURN_IF_ERROR(check_host_readable(sizes, bytes, "KRN-014"));
    if (!guarded_copy(copied.data(), Runtime::own_view(sizes), bytes))
      return error(ACL_ERROR_INVALID_PARAM, "KRN-014", "workspaceSizes = {} is not mapped",
                   static_cast<const void*>(sizes));
  }
  constexpr size_t kMost = size_t{1} << 48;  // No device has that much; so sums do not overflow.
  for (const size_t size : copied)
    if (size > kMost)
      return error(ACL_ERROR_INVALID_PARAM, "KRN-014", "a workspace of {} bytes is larger than every device",
                   size);
  choice_.workspace_sizes = std::move(copied);
  return {};
}

Result<KernelChoice> KernelDesc::take() {
  if (choice_.kernel == nullptr)
    return error(
        ACL_ERROR_KERNEL_NOT_FOUND, "KRN-010",
        "the selector of {} has chosen no kernel; let it call aclopSetKernelArgs (acl.op.set_kernel_args) "
        "with the id of a kernel of {}, and look at what that returns",
        op_type_, op_type_);
  return std::move(choice_);
}

}  // namespace cairn
