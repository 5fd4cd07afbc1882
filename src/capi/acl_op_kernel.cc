// acl/acl_op.h: kernels of the program, and selectors.
#include "acl/acl_op.h"
#include "capi/entry.h"
#include "kernel/kernel_desc.h"
#include "kernel/kernel_registry.h"
#include "singleop/operator_arguments.h"

using cairn::api;
using cairn::error;
using cairn::find;
using cairn::Kernel;
using cairn::KernelDesc;
using cairn::KernelRegistry;
using cairn::null_argument;
using cairn::operator_list;
using cairn::Ref;
using cairn::Status;

aclError aclopRegisterCompileFunc(const char* opType, aclopCompileFunc func) {
  return api("aclopRegisterCompileFunc", [&] { return KernelRegistry::get().add_selector(opType, func); });
}

aclError aclopUnregisterCompileFunc(const char* opType) {
  return api("aclopUnregisterCompileFunc", [&] { return KernelRegistry::get().remove_selector(opType); });
}

/// binData is copied: it is released as soon as the kernel is registered [KRN-009].
aclError aclopCreateKernel(const char* opType, const char* kernelId, const char* kernelName, void* binData,
                           int binSize, aclopEngineType enginetype, aclDataDeallocator deallocator) {
  return api("aclopCreateKernel", [&]() -> Status {
    if (kernelName == nullptr) return null_argument("KRN-006", "kernelName");
    if (binData == nullptr) return null_argument("KRN-006", "binData");
    if (binSize <= 0)
      return error(ACL_ERROR_INVALID_PARAM, "KRN-006", "binSize = {}; pass the bytes of the binary", binSize);
    if (enginetype < ACL_ENGINE_SYS || enginetype > ACL_ENGINE_VECTOR)
      return error(ACL_ERROR_INVALID_PARAM, "KRN-007",
                   "enginetype = {} is not 0 (any engine), 1 (AI Core) or 2 (Vector Core)",
                   static_cast<int>(enginetype));
    CAIRN_RETURN_IF_ERROR(KernelRegistry::get().check_is_new(opType, kernelId));
    const auto bytes = static_cast<size_t>(binSize);
    CAIRN_ASSIGN(const auto kernel, Kernel::load(binData, bytes, kernelName, enginetype));
    CAIRN_RETURN_IF_ERROR(KernelRegistry::get().add_kernel(opType, kernelId, kernel));
    if (deallocator != nullptr) deallocator(binData, bytes);
    return {};
  });
}

aclError aclopSetKernelArgs(aclopKernelDesc* kernelDesc, const char* kernelId, uint32_t blockDim,
                            const void* args, uint32_t argSize) {
  return api("aclopSetKernelArgs", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<KernelDesc> desc, find<KernelDesc>(kernelDesc, "kernelDesc", "KRN-010"));
    return desc->set_args(kernelId, blockDim, args, argSize);
  });
}

aclError aclopSetKernelWorkspaceSizes(aclopKernelDesc* kernelDesc, int numWorkspaces,
                                      size_t* workspaceSizes) {
  return api("aclopSetKernelWorkspaceSizes", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<KernelDesc> desc, find<KernelDesc>(kernelDesc, "kernelDesc", "KRN-014"));
    return desc->set_workspace_sizes(numWorkspaces, workspaceSizes);
  });
}

aclError aclopUpdateParams(const char* opType, int numInputs, const aclTensorDesc* const inputDesc[],
                           int numOutputs, const aclTensorDesc* const outputDesc[], const aclopAttr* attr) {
  return api("aclopUpdateParams", [&]() -> Status {
    CAIRN_ASSIGN(const auto inputs, operator_list(numInputs, inputDesc, "inputDesc"));
    CAIRN_ASSIGN(const auto outputs, operator_list(numOutputs, outputDesc, "outputDesc"));
    return KernelRegistry::get().prepare({opType, inputs, outputs, attr});
  });
}
