#include "device/memory_transfer.h"

#include "base/observer.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"

namespace cairn {
namespace {

constexpr size_t kAsyncAlignment = 64;  // [RT-180]

Status check_size(size_t count, size_t room, std::string_view rule, const char* room_name) {
  if (count <= room) return {};
  return error(ACL_ERROR_INVALID_PARAM, rule,
               "count = {} is larger than {} = {}; the destination is too small", count, room_name, room);
}

Status not_accessible(std::string_view rule, const void* to, const void* from, size_t count) {
  return error(ACL_ERROR_RT_PARAM_INVALID, rule,
               "cannot copy {} bytes from {} to {}: one of the host ranges is not mapped", count, from, to);
}

Status check_async_alignment(const void* pointer, const char* argument) {
  if (reinterpret_cast<uintptr_t>(pointer) % kAsyncAlignment == 0) return {};
  return error(ACL_ERROR_RT_ADDR_UNALIGNED, "RT-180",
               "{} = {} is not aligned to {} bytes; aclrtMalloc and aclrtMallocHost give aligned memory",
               argument, pointer, kAsyncAlignment);
}

constexpr auto kCopy = MemoryAccess::Kind::kCopy;
constexpr auto kWrite = MemoryAccess::Kind::kWrite;

}  // namespace

Status copy_memory(void* to, size_t to_size, const void* from, size_t count) {
  CAIRN_RETURN_IF_ERROR(check_size(count, to_size, "RT-173", "destMax"));
  CAIRN_ASSIGN(std::byte* const target, Runtime::get().resolve_any(to, count, "dst", "RT-176"));
  CAIRN_ASSIGN(const std::byte* const source, Runtime::get().resolve_any(from, count, "src", "RT-176"));
  observe([&](Observer& watching) {
    const MemoryAccess list[] = {{from, count, kCopy}, {to, count, kWrite}};
    watching.accessed("aclrtMemcpy", list);
  });
  if (!guarded_copy(target, source, count)) return not_accessible("RT-176", to, from, count);
  return {};
}

Status copy_memory_async(void* to, size_t to_size, const void* from, size_t count, aclrtMemcpyKind kind,
                         const Ref<Stream>& stream) {
  if (kind < ACL_MEMCPY_HOST_TO_HOST || kind > ACL_MEMCPY_DEVICE_TO_DEVICE)
    return error(ACL_ERROR_INVALID_PARAM, "RT-179",
                 "kind = {} is not one of 0 (host to host) .. 3 (device to device)", static_cast<int>(kind));
  CAIRN_RETURN_IF_ERROR(check_size(count, to_size, "RT-177", "destMax"));
  CAIRN_RETURN_IF_ERROR(check_async_alignment(to, "dst"));
  CAIRN_RETURN_IF_ERROR(check_async_alignment(from, "src"));
  Runtime& runtime = Runtime::get();
  CAIRN_ASSIGN(std::byte* const target, runtime.resolve_any(to, count, "dst", "RT-176"));
  CAIRN_ASSIGN(const std::byte* const source, runtime.resolve_any(from, count, "src", "RT-176"));
  if (kind == ACL_MEMCPY_HOST_TO_HOST) {
    // Issued with success, fails when it is executed.
    return Stream::launch(stream, "aclrtMemcpyAsync", [](Stream&) -> Status {
      return error(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "RT-181",
                   "asynchronous copies from host to host are not supported; use aclrtMemcpy");
    });
  }
  const bool device_expected[2] = {kind != ACL_MEMCPY_HOST_TO_DEVICE, kind != ACL_MEMCPY_DEVICE_TO_HOST};
  const bool device_given[2] = {runtime.device_of_address(from) != nullptr,
                                runtime.device_of_address(to) != nullptr};
  const bool one_memory =
      runtime.soc().run_mode == ACL_DEVICE;  // Host memory is device memory there [RT-165].
  for (int i = 0; i < 2 && !one_memory; ++i) {
    if (device_expected[i] == device_given[i]) continue;
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-179",
                 "kind = {} wants {} memory as {}, but {} lies in {} memory", static_cast<int>(kind),
                 device_expected[i] ? "device" : "host", i == 0 ? "src" : "dst", i == 0 ? from : to,
                 device_given[i] ? "device" : "host");
  }
  observe([&](Observer& watching) {
    const MemoryAccess list[] = {{from, count, kCopy}, {to, count, kWrite}};
    watching.task_launched(stream.get(), "aclrtMemcpyAsync", list);
  });
  return Stream::launch(stream, "aclrtMemcpyAsync", [=](Stream&) -> Status {
    if (!guarded_copy(target, source, count)) return not_accessible("RT-176", to, from, count);
    return {};
  });
}

Status set_memory(void* to, size_t to_size, int32_t value, size_t count) {
  CAIRN_RETURN_IF_ERROR(check_size(count, to_size, "RT-171", "maxCount"));
  CAIRN_ASSIGN(std::byte* const target, Runtime::get().resolve_any(to, count, "devPtr", "RT-170"));
  observe([&](Observer& watching) {
    const MemoryAccess list[] = {{to, count, kWrite}};
    watching.accessed("aclrtMemset", list);
  });
  if (!guarded_set(target, value, count))
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-170", "{} bytes at {} are not mapped", count, to);
  return {};
}

Status set_memory_async(void* to, size_t to_size, int32_t value, size_t count, const Ref<Stream>& stream) {
  CAIRN_RETURN_IF_ERROR(check_size(count, to_size, "RT-171", "maxCount"));
  CAIRN_ASSIGN(std::byte* const target, Runtime::get().resolve_any(to, count, "devPtr", "RT-172"));
  observe([&](Observer& watching) {
    const MemoryAccess list[] = {{to, count, kWrite}};
    watching.task_launched(stream.get(), "aclrtMemsetAsync", list);
  });
  return Stream::launch(stream, "aclrtMemsetAsync", [=](Stream&) -> Status {
    if (!guarded_set(target, value, count))
      return error(ACL_ERROR_RT_PARAM_INVALID, "RT-172", "{} bytes at {} are not mapped", count, to);
    return {};
  });
}

Status check_host_readable(const void* from, size_t size, std::string_view rule) {
  Runtime& runtime = Runtime::get();
  if (runtime.device_of_address(from) != nullptr && runtime.soc().run_mode == ACL_HOST) {
    observe([&](Observer& watching) { watching.host_access_refused(from, size); });
    return error(ACL_ERROR_INVALID_PARAM, rule,
                 "{} is device memory; copy it to the host with aclrtMemcpy (acl.rt.memcpy) first", from);
  }
  CAIRN_ASSIGN(const std::byte* const start, runtime.resolve_any(from, size, "ptr", rule));
  constexpr size_t kPage = 4096;
  for (size_t offset = 0; offset < size;
       offset = offset + 1 == size ? size : std::min(offset + kPage, size - 1)) {
    std::byte probe;
    if (!guarded_copy(&probe, start + offset, 1))
      return error(ACL_ERROR_INVALID_PARAM, rule, "{} bytes at {} are not mapped in this process", size,
                   from);
  }
  return {};
}

}  // namespace cairn
