// acl/acl_rt.h: memory of the device and of the host, copies, mappings.
#include <span>

#include "acl/acl_rt.h"
#include "capi/entry.h"
#include "capi/stream_entry.h"
#include "device/copy_descriptor.h"
#include "device/memory_transfer.h"
#include "device/missing_functions.h"
#include "device/physical_memory.h"
#include "device/runtime.h"

using cairn::AllocationOptions;
using cairn::api;
using cairn::check_soc_has;
using cairn::DeviceMemory;
using cairn::handle_table;
using cairn::MemoryUse;
using cairn::null_argument;
using cairn::PageKind;
using cairn::PhysicalMemory;
using cairn::Ref;
using cairn::Result;
using cairn::Runtime;
using cairn::Status;
using cairn::Stream;
using cairn::with_stream;

namespace {

/// What an aclrtMemMallocPolicy asks for. Flags for the kind of memory are taken: a device has one kind.
struct Request {
  AllocationOptions options;
  size_t multiple = 1;  ///< Of the size; a power of two.
};

Status read_policy(aclrtMemMallocPolicy policy, Request& request) {
  using Pages = AllocationOptions::Pages;
  constexpr uint32_t kFlags =
      ACL_MEM_TYPE_LOW_BAND_WIDTH | ACL_MEM_TYPE_HIGH_BAND_WIDTH | ACL_MEM_ACCESS_USER_SPACE_READONLY;
  switch (static_cast<uint32_t>(policy) & ~kFlags) {
    case ACL_MEM_MALLOC_HUGE_FIRST:
    case ACL_MEM_MALLOC_HUGE_FIRST_P2P:
      request.options.pages = Pages::kHugeFirst;
      return {};
    case ACL_MEM_MALLOC_HUGE_ONLY:
    case ACL_MEM_MALLOC_HUGE_ONLY_P2P:
      request.options.pages = Pages::kHugeOnly;
      return {};
    case ACL_MEM_MALLOC_NORMAL_ONLY:
    case ACL_MEM_MALLOC_NORMAL_ONLY_P2P:
      request.options.pages = Pages::kNormalOnly;
      return {};
    case ACL_MEM_MALLOC_HUGE1G_ONLY:
    case ACL_MEM_MALLOC_HUGE1G_ONLY_P2P:
      if (!Runtime::get().soc().has_hbm)
        return cairn::error(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "RT-134", "{} has no pages of 1 GiB",
                            Runtime::get().soc().name);
      request.options.pages = Pages::kHugeOnly;
      request.multiple = size_t{1} << 30;
      return {};
    default:
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-134",
                          "policy = {} is not one of 0 (huge pages first) .. 5", static_cast<int>(policy));
  }
}

/// The device that the configuration names, -1 for that of the current context.
Result<int32_t> device_of(const aclrtMallocConfig& config) {
  int32_t device = -1;
  if (config.numAttrs != 0 && config.attrs == nullptr)
    return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-130", "cfg has {} attributes at a null address",
                        config.numAttrs);
  for (const aclrtMallocAttribute& attribute : std::span(config.attrs, config.numAttrs)) {
    if (attribute.attr == ACL_RT_MEM_ATTR_DEVICE_ID)
      device =
          attribute.value.deviceId <= INT32_MAX ? static_cast<int32_t>(attribute.value.deviceId) : INT32_MAX;
    else if (attribute.attr != ACL_RT_MEM_ATTR_MODULE_ID && attribute.attr != ACL_RT_MEM_ATTR_RSV)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-130",
                          "attribute {} of cfg is not one of 1 (module id), 2 (device id)",
                          static_cast<int>(attribute.attr));
  }
  return device;
}

aclError allocate(const char* function, void** devPtr, size_t size, aclrtMemMallocPolicy policy,
                  bool spare_bytes = true, const aclrtMallocConfig* config = nullptr) {
  return api(function, [&]() -> Status {
    if (devPtr == nullptr) return null_argument("RT-130", "devPtr");
    *devPtr = nullptr;
    Request request;
    CAIRN_RETURN_IF_ERROR(read_policy(policy, request));
    request.options.spare_bytes = spare_bytes;
    if (const size_t past = size & (request.multiple - 1); past != 0 && size <= SIZE_MAX / 2)
      size += request.multiple - past;
    if (config != nullptr) {
      CAIRN_ASSIGN(const int32_t device, device_of(*config));
      if (device >= 0) {
        CAIRN_ASSIGN(*devPtr, Runtime::get().allocate_on(device, size, request.options));
        return {};
      }
    }
    CAIRN_ASSIGN(*devPtr, Runtime::get().allocate(size, 64, "RT-133", request.options));
    return {};
  });
}

/// A size or offset of the functions that map memory.
Status check_granularity(const char* argument, size_t value, bool may_be_zero) {
  if (value % cairn::kHugePageBytes == 0 && (may_be_zero || value != 0)) return {};
  return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189",
                      "{} = {} is no multiple of {} (aclrtMemGetAllocationGranularity)", argument, value,
                      cairn::kHugePageBytes);
}

Status check_reserved(const char* argument, uint64_t value, uint64_t allowed) {
  if (value == allowed) return {};
  return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189", "{} = {} is reserved and must be {}", argument,
                      value, allowed);
}

/// The device that the properties of a piece of memory name.
Result<cairn::Device*> location_of(const aclrtPhysicalMemProp* prop) {
  if (prop == nullptr) return null_argument("RT-189", "prop");
  if (prop->location.type != ACL_MEM_LOCATION_TYPE_DEVICE || prop->handleType != ACL_MEM_HANDLE_TYPE_NONE ||
      prop->allocationType != ACL_MEM_ALLOCATION_TYPE_PINNED)
    return cairn::error(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "RT-189",
                        "location.type = {}, handleType = {}, allocationType = {}; supported is memory of a "
                        "device (1) without a handle type (0), pinned (0)",
                        static_cast<int>(prop->location.type), static_cast<int>(prop->handleType),
                        static_cast<int>(prop->allocationType));
  const uint32_t id = prop->location.id;
  CAIRN_ASSIGN(cairn::Device* const device,
               Runtime::get().device(id <= INT32_MAX ? static_cast<int32_t>(id) : INT32_MAX));
  if (device->memory() == nullptr)
    return cairn::error(ACL_ERROR_RT_CONTEXT_NULL, "RT-190",
                        "device {} is not in use; call aclrtSetDevice first", id);
  return device;
}

/// The memory of the device that an address belongs to.
Result<DeviceMemory*> memory_of(void* pointer, const char* argument) {
  if (const cairn::Device* device = Runtime::get().device_of_address(pointer)) return device->memory();
  return cairn::error(ACL_ERROR_RT_PARAM_INVALID, "RT-189",
                      "{} = {} is no address of a device; aclrtReserveMemAddress gives such addresses",
                      argument, pointer);
}

Result<PageKind> pages_of(aclrtMemAttr attribute) {
  switch (attribute) {
    case ACL_DDR_MEM_NORMAL:
    case ACL_HBM_MEM_NORMAL:
    case ACL_DDR_MEM_P2P_NORMAL:
    case ACL_HBM_MEM_P2P_NORMAL:
      return PageKind::kNormal;
    case ACL_DDR_MEM:
    case ACL_HBM_MEM:
    case ACL_DDR_MEM_HUGE:
    case ACL_HBM_MEM_HUGE:
    case ACL_DDR_MEM_P2P_HUGE:
    case ACL_HBM_MEM_P2P_HUGE:
      return PageKind::kHuge;
    default:
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189", "memAttr = {} is not one of 0 .. 9",
                          static_cast<int>(attribute));
  }
}

}  // namespace

// --- allocation ---

aclError aclrtMalloc(void** devPtr, size_t size, aclrtMemMallocPolicy policy) {
  return allocate("aclrtMalloc", devPtr, size, policy);
}

aclError aclrtMallocCached(void** devPtr, size_t size, aclrtMemMallocPolicy policy) {
  return allocate("aclrtMallocCached", devPtr, size, policy);
}

aclError aclrtMallocAlign32(void** devPtr, size_t size, aclrtMemMallocPolicy policy) {
  return allocate("aclrtMallocAlign32", devPtr, size, policy, false);
}

aclError aclrtMallocWithCfg(void** devPtr, size_t size, aclrtMemMallocPolicy policy, aclrtMallocConfig* cfg) {
  return allocate("aclrtMallocWithCfg", devPtr, size, policy, true, cfg);
}

aclError aclrtMallocForTaskScheduler(void** devPtr, size_t size, aclrtMemMallocPolicy policy,
                                     aclrtMallocConfig* cfg) {
  return allocate("aclrtMallocForTaskScheduler", devPtr, size, policy, true, cfg);
}

aclError aclrtFree(void* devPtr) {
  return api("aclrtFree", [&] { return Runtime::get().free(devPtr, "RT-162"); });
}

aclError aclrtMallocHost(void** hostPtr, size_t size) {
  return api("aclrtMallocHost", [&]() -> Status {
    if (hostPtr == nullptr) return null_argument("RT-164", "hostPtr");
    *hostPtr = nullptr;
    CAIRN_ASSIGN(*hostPtr, Runtime::get().allocate_host(size));
    return {};
  });
}

aclError aclrtMallocHostWithCfg(void** ptr, uint64_t size, aclrtMallocConfig* cfg) {
  return api("aclrtMallocHostWithCfg", [&]() -> Status {
    if (ptr == nullptr) return null_argument("RT-164", "ptr");
    *ptr = nullptr;
    if (cfg != nullptr) CAIRN_RETURN_IF_ERROR(device_of(*cfg).status());
    CAIRN_ASSIGN(*ptr, Runtime::get().allocate_host(size));
    return {};
  });
}

aclError aclrtFreeHost(void* hostPtr) {
  return api("aclrtFreeHost", [&] { return Runtime::get().free_host(hostPtr); });
}

aclError aclrtHostRegister(void* ptr, uint64_t size, aclrtHostRegisterType type, void** devPtr) {
  return api("aclrtHostRegister", [&]() -> Status {
    if (devPtr == nullptr) return null_argument("RT-164", "devPtr");
    *devPtr = nullptr;
    if (type != ACL_HOST_REGISTER_MAPPED)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-164", "type = {} is not 0 (ACL_HOST_REGISTER_MAPPED)",
                          static_cast<int>(type));
    Runtime& runtime = Runtime::get();
    CAIRN_RETURN_IF_ERROR(runtime.current_context().status());
    CAIRN_RETURN_IF_ERROR(cairn::check_host_readable(ptr, size, "RT-164"));
    if (size == 0 || !runtime.registered_host_memory().add(ptr, size))
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-164",
                          "{} bytes at {} are none, or overlap memory that is registered already", size, ptr);
    *devPtr = ptr;  // Tasks reach the memory where it lies.
    return {};
  });
}

aclError aclrtHostUnregister(void* ptr) {
  return api("aclrtHostUnregister", [&]() -> Status {
    if (Runtime::get().registered_host_memory().remove(ptr)) return {};
    return cairn::error(ACL_ERROR_RT_PARAM_INVALID, "RT-164", "{} was not registered by aclrtHostRegister",
                        ptr);
  });
}

aclError aclrtPointerGetAttributes(const void* ptr, aclrtPtrAttributes* attributes) {
  return api("aclrtPointerGetAttributes", [&]() -> Status {
    if (ptr == nullptr) return null_argument("RT-130", "ptr");
    if (attributes == nullptr) return null_argument("RT-130", "attributes");
    *attributes = {};
    attributes->location.type = ACL_MEM_LOCATION_TYPE_HOST;
    attributes->pageSize = cairn::kNormalPageBytes;
    const cairn::Device* const device = Runtime::get().device_of_address(ptr);
    if (device == nullptr) return {};
    const DeviceMemory::Allocation allocation = device->memory()->allocation_of(ptr);
    if (allocation.start == nullptr)
      return cairn::error(ACL_ERROR_RT_PARAM_INVALID, "RT-130",
                          "{} is an address of device {} that is not allocated (any more)", ptr,
                          device->id());
    attributes->location.type = ACL_MEM_LOCATION_TYPE_DEVICE;
    attributes->location.id = static_cast<uint32_t>(device->id());
    if (allocation.pages == PageKind::kHuge) attributes->pageSize = cairn::kHugePageBytes;
    return {};
  });
}

// --- copies and cache ---

aclError aclrtMemcpy(void* dst, size_t destMax, const void* src, size_t count,
                     aclrtMemcpyKind /*kind: no effect*/) {
  return api("aclrtMemcpy", [&] { return cairn::copy_memory(dst, destMax, src, count); });
}

aclError aclrtMemcpyAsync(void* dst, size_t destMax, const void* src, size_t count, aclrtMemcpyKind kind,
                          aclrtStream stream) {
  return with_stream("aclrtMemcpyAsync", stream, [&](const Ref<Stream>& s) {
    return cairn::copy_memory_async(dst, destMax, src, count, kind, s);
  });
}

aclError aclrtMemset(void* devPtr, size_t maxCount, int32_t value, size_t count) {
  return api("aclrtMemset", [&] { return cairn::set_memory(devPtr, maxCount, value, count); });
}

aclError aclrtMemsetAsync(void* devPtr, size_t maxCount, int32_t value, size_t count, aclrtStream stream) {
  return with_stream("aclrtMemsetAsync", stream, [&](const Ref<Stream>& s) {
    return cairn::set_memory_async(devPtr, maxCount, value, count, s);
  });
}

aclError aclrtGetMemInfo(aclrtMemAttr attr, size_t* free, size_t* total) {
  return api("aclrtGetMemInfo", [&]() -> Status {
    if (free == nullptr || total == nullptr)
      return null_argument("RT-148", free == nullptr ? "free" : "total");
    CAIRN_ASSIGN(const MemoryUse use, Runtime::get().memory_use(attr));
    *free = use.free_bytes;
    *total = use.total_bytes;
    return {};
  });
}

aclError aclrtMemcpyAsyncWithCondition(void* dst, size_t destMax, const void* src, size_t count,
                                       aclrtMemcpyKind kind, aclrtStream stream) {
  return with_stream("aclrtMemcpyAsyncWithCondition", stream, [&](const Ref<Stream>& s) {
    return cairn::copy_memory_when_pinned(dst, destMax, src, count, kind, s);
  });
}

aclError aclrtMemcpy2d(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width, size_t height,
                       aclrtMemcpyKind kind) {
  return api("aclrtMemcpy2d", [&]() -> Status {
    CAIRN_RETURN_IF_ERROR(check_soc_has("aclrtMemcpy2d"));
    return cairn::copy_matrix({dst, dpitch, src, spitch, width, height}, kind);
  });
}

aclError aclrtMemcpy2dAsync(void* dst, size_t dpitch, const void* src, size_t spitch, size_t width,
                            size_t height, aclrtMemcpyKind kind, aclrtStream stream) {
  return with_stream("aclrtMemcpy2dAsync", stream, [&](const Ref<Stream>& s) -> Status {
    CAIRN_RETURN_IF_ERROR(check_soc_has("aclrtMemcpy2dAsync"));
    return cairn::copy_matrix_async({dst, dpitch, src, spitch, width, height}, kind, s);
  });
}

aclError aclrtGetMemcpyDescSize(aclrtMemcpyKind kind, size_t* descSize) {
  return api("aclrtGetMemcpyDescSize", [&]() -> Status {
    if (descSize == nullptr) return null_argument("RT-177", "descSize");
    CAIRN_RETURN_IF_ERROR(cairn::CopyDescriptor::check_kind(kind));
    *descSize = sizeof(cairn::CopyDescriptor);
    return {};
  });
}

aclError aclrtSetMemcpyDesc(void* desc, aclrtMemcpyKind kind, void* srcAddr, void* dstAddr, size_t count,
                            void* config) {
  return api("aclrtSetMemcpyDesc", [&]() -> Status {
    CAIRN_RETURN_IF_ERROR(check_reserved("config", reinterpret_cast<uint64_t>(config), 0));
    return cairn::CopyDescriptor::write(desc, kind, dstAddr, srcAddr, count);
  });
}

aclError aclrtMemcpyAsyncWithDesc(void* desc, aclrtMemcpyKind kind, aclrtStream stream) {
  return with_stream("aclrtMemcpyAsyncWithDesc", stream,
                     [&](const Ref<Stream>& s) { return cairn::CopyDescriptor::launch_copy(desc, kind, s); });
}

aclError aclrtMemFlush(void* devPtr, size_t size) {
  return api("aclrtMemFlush", [&] { return cairn::check_cached_range(devPtr, size, "RT-145"); });
}

aclError aclrtMemInvalidate(void* devPtr, size_t size) {
  return api("aclrtMemInvalidate", [&] { return cairn::check_cached_range(devPtr, size, "RT-146"); });
}

aclError aclrtCmoAsync(void* src, size_t size, aclrtCmoType cmoType, aclrtStream stream) {
  return with_stream("aclrtCmoAsync", stream, [&](const Ref<Stream>& s) {
    return cairn::maintain_cache_async(src, size, cmoType, s);
  });
}

// --- addresses and memory apart ---

aclError aclrtMemGetAllocationGranularity(aclrtPhysicalMemProp* prop, aclrtMemGranularityOptions option,
                                          size_t* granularity) {
  return api("aclrtMemGetAllocationGranularity", [&]() -> Status {
    if (granularity == nullptr) return null_argument("RT-189", "granularity");
    CAIRN_RETURN_IF_ERROR(location_of(prop).status());
    if (option != ACL_RT_MEM_ALLOC_GRANULARITY_MINIMUM && option != ACL_RT_MEM_ALLOC_GRANULARITY_RECOMMENDED)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189",
                          "option = {} is not 0 (minimum) or 1 (recommended)", static_cast<int>(option));
    *granularity = cairn::kHugePageBytes;
    return {};
  });
}

aclError aclrtReserveMemAddress(void** virPtr, size_t size, size_t alignment, void* expectPtr,
                                uint64_t flags) {
  return api("aclrtReserveMemAddress", [&]() -> Status {
    if (virPtr == nullptr) return null_argument("RT-189", "virPtr");
    *virPtr = nullptr;
    CAIRN_RETURN_IF_ERROR(check_granularity("size", size, false));
    CAIRN_RETURN_IF_ERROR(check_reserved("alignment", alignment, 0));
    CAIRN_RETURN_IF_ERROR(check_reserved("expectPtr", reinterpret_cast<uint64_t>(expectPtr), 0));
    if (flags > 1)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189", "flags = {} is not 0 (normal) or 1 (huge pages)",
                          flags);
    CAIRN_ASSIGN(const cairn::Device* const device, Runtime::get().current_device());
    CAIRN_ASSIGN(*virPtr, device->memory()->reserve(size));
    return {};
  });
}

aclError aclrtReleaseMemAddress(void* virPtr) {
  return api("aclrtReleaseMemAddress", [&]() -> Status {
    CAIRN_ASSIGN(DeviceMemory* const memory, memory_of(virPtr, "virPtr"));
    return memory->release(virPtr);
  });
}

aclError aclrtMallocPhysical(aclrtDrvMemHandle* handle, size_t size, const aclrtPhysicalMemProp* prop,
                             uint64_t flags) {
  return api("aclrtMallocPhysical", [&]() -> Status {
    if (handle == nullptr) return null_argument("RT-189", "handle");
    *handle = nullptr;
    CAIRN_RETURN_IF_ERROR(check_granularity("size", size, false));
    CAIRN_RETURN_IF_ERROR(check_reserved("flags", flags, 0));
    CAIRN_ASSIGN(const cairn::Device* const device, location_of(prop));
    CAIRN_ASSIGN(const PageKind pages, pages_of(prop->memAttr));
    auto memory = std::make_unique<PhysicalMemory>();
    CAIRN_ASSIGN(memory->memory, device->memory()->allocate_physical(size, pages));
    const auto inserted = handle_table<PhysicalMemory>().insert(std::move(memory));
    if (!inserted) return cairn::error(ACL_ERROR_BAD_ALLOC, "RT-193", "too many pieces of memory exist");
    *handle = inserted.handle();
    return {};
  });
}

aclError aclrtFreePhysical(aclrtDrvMemHandle handle) {
  return api("aclrtFreePhysical", [&]() -> Status {
    if (handle_table<PhysicalMemory>().remove(handle)) return {};
    return cairn::bad_handle(ACL_ERROR_RT_PARAM_INVALID, "RT-189", cairn::HandleType::kPhysicalMemory,
                             "handle", handle);
  });
}

aclError aclrtMapMem(void* virPtr, size_t size, size_t offset, aclrtDrvMemHandle handle, uint64_t flags) {
  return api("aclrtMapMem", [&]() -> Status {
    CAIRN_RETURN_IF_ERROR(check_granularity("size", size, false));
    CAIRN_RETURN_IF_ERROR(check_granularity("offset", offset, true));
    CAIRN_RETURN_IF_ERROR(check_reserved("flags", flags, 0));
    CAIRN_ASSIGN(const Ref<PhysicalMemory> found,
                 cairn::find<PhysicalMemory>(handle, "handle", "RT-189", ACL_ERROR_RT_PARAM_INVALID));
    CAIRN_ASSIGN(DeviceMemory* const memory, memory_of(virPtr, "virPtr"));
    if (memory != &found->memory->memory())
      return cairn::error(ACL_ERROR_RT_PARAM_INVALID, "RT-189",
                          "virPtr belongs to device {}, the memory to device {}", memory->device_id(),
                          found->memory->memory().device_id());
    if (offset > found->memory->size() || size > found->memory->size() - offset)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189",
                          "{} bytes from {} on go beyond the memory of {} bytes", size, offset,
                          found->memory->size());
    return memory->map(virPtr, size, offset, found->memory);
  });
}

aclError aclrtUnmapMem(void* virPtr) {
  return api("aclrtUnmapMem", [&]() -> Status {
    CAIRN_ASSIGN(DeviceMemory* const memory, memory_of(virPtr, "virPtr"));
    return memory->unmap(virPtr);
  });
}
