#include "device/memory_transfer.h"

#include <vector>

#include "base/observer.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"

namespace cairn {
namespace {

constexpr size_t kAsyncAlignment = 64;  // [RT-180]

Status check_size(size_t count, size_t room, std::string_view rule, const char* room_name) {
  if (count <= room) return {};
  return error(ACL_ERROR_INVALID_PARAM, rule,
               "count = {} is larger than {} = {}: the destination is too small; pass a smaller count, or "
               "allocate {} bytes "
               "and pass that size as {}",
               count, room_name, room, count, room_name);
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

/// The kind agrees with where the two addresses lie. Registered host memory, and all memory of a board whose
/// programs run beside the NPU, counts as either [RT-165].
Status check_direction(aclrtMemcpyKind kind, const void* to, const void* from, size_t count,
                       std::string_view rule) {
  Runtime& runtime = Runtime::get();
  if (runtime.soc().run_mode == ACL_DEVICE) return {};
  const bool device_expected[2] = {kind != ACL_MEMCPY_HOST_TO_DEVICE, kind != ACL_MEMCPY_DEVICE_TO_HOST};
  const void* const addresses[2] = {from, to};
  for (int i = 0; i < 2; ++i) {
    const bool device_given = runtime.device_of_address(addresses[i]) != nullptr;
    if (device_expected[i] == device_given) continue;
    if (!device_given && runtime.registered_host_memory().contain(addresses[i], count)) continue;
    // The kind that fits the addresses, in the order of aclrtMemcpyKind.
    const int fitting = (runtime.device_of_address(from) != nullptr ? 2 : 0) +
                        (runtime.device_of_address(to) != nullptr ? 1 : 0);
    return error(
        ACL_ERROR_RT_PARAM_INVALID, rule,
        "kind = {} wants {} memory as {}, but {} lies in {} memory; pass {} (memory of {}), or kind = {}, "
        "which fits these addresses",
        static_cast<int>(kind), device_expected[i] ? "device" : "host", i == 0 ? "src" : "dst", addresses[i],
        device_given ? "device" : "host", device_expected[i] ? "a device address" : "a host address",
        device_expected[i] ? "aclrtMalloc" : "aclrtMallocHost", fitting);
  }
  return {};
}

/// A matrix copy with addresses that our code may touch.
struct ResolvedMatrix {
  std::byte* to;
  const std::byte* from;
};

/// Bytes from the first to the last of a matrix.
Result<size_t> matrix_bytes(size_t pitch, size_t width, size_t height, const char* pitch_name) {
  if (width > pitch)
    return error(ACL_ERROR_INVALID_PARAM, "RT-182",
                 "width = {} is larger than {} = {}, the distance of two lines", width, pitch_name, pitch);
  size_t bytes = 0;
  if (__builtin_mul_overflow(pitch, height - 1, &bytes) || __builtin_add_overflow(bytes, width, &bytes))
    return error(ACL_ERROR_INVALID_PARAM, "RT-182", "{} lines at a distance of {} bytes exceed every memory",
                 height, pitch);
  return bytes;
}

Result<ResolvedMatrix> check_matrix(const MatrixCopy& copy, aclrtMemcpyKind kind) {
  const Runtime& runtime = Runtime::get();
  if (kind < ACL_MEMCPY_HOST_TO_HOST || kind > ACL_MEMCPY_DEVICE_TO_DEVICE)
    return error(ACL_ERROR_INVALID_PARAM, "RT-183",
                 "kind = {} is not 1 (host to device) or 2 (device to host)", static_cast<int>(kind));
  if (kind != ACL_MEMCPY_HOST_TO_DEVICE && kind != ACL_MEMCPY_DEVICE_TO_HOST)
    return error(
        ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "RT-183",
        "kind = {} is not supported for matrices; allowed are 1 (host to device) and 2 (device to host)",
        static_cast<int>(kind));
  if (copy.width == 0 || copy.height == 0)
    return error(ACL_ERROR_INVALID_PARAM, "RT-182", "width = {}, height = {}; both must be above 0",
                 copy.width, copy.height);
  CAIRN_ASSIGN(const size_t to_bytes, matrix_bytes(copy.to_pitch, copy.width, copy.height, "dpitch"));
  CAIRN_ASSIGN(const size_t from_bytes, matrix_bytes(copy.from_pitch, copy.width, copy.height, "spitch"));
  CAIRN_ASSIGN(std::byte* const to, runtime.resolve_any(copy.to, to_bytes, "dst", "RT-182"));
  CAIRN_ASSIGN(const std::byte* const from, runtime.resolve_any(copy.from, from_bytes, "src", "RT-182"));
  CAIRN_RETURN_IF_ERROR(check_direction(kind, copy.to, copy.from, copy.width, "RT-183"));
  return ResolvedMatrix{to, from};
}

/// Line by line: the bytes between them are not touched.
std::vector<MemoryAccess> accesses_of(const MatrixCopy& copy) {
  std::vector<MemoryAccess> list;
  list.reserve(2 * copy.height);
  for (size_t line = 0; line < copy.height; ++line) {
    list.push_back({static_cast<const std::byte*>(copy.from) + line * copy.from_pitch, copy.width, kCopy});
    list.push_back({static_cast<const std::byte*>(copy.to) + line * copy.to_pitch, copy.width, kWrite});
  }
  return list;
}

Status copy_lines(const MatrixCopy& copy, const ResolvedMatrix& resolved) {
  const bool in_one = copy.width == copy.to_pitch && copy.width == copy.from_pitch;
  const size_t lines = in_one ? 1 : copy.height;
  const size_t bytes = in_one ? copy.width * copy.height : copy.width;
  for (size_t line = 0; line < lines; ++line)
    if (!guarded_copy(resolved.to + line * copy.to_pitch, resolved.from + line * copy.from_pitch, bytes))
      return not_accessible("RT-182", copy.to, copy.from, bytes);
  return {};
}

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
  CAIRN_RETURN_IF_ERROR(check_direction(kind, to, from, count, "RT-179"));
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

Status copy_memory_when_pinned(void* to, size_t to_size, const void* from, size_t count, aclrtMemcpyKind kind,
                               const Ref<Stream>& stream) {
  const Runtime& runtime = Runtime::get();
  CAIRN_RETURN_IF_ERROR(copy_memory_async(to, to_size, from, count, kind, stream));
  const auto may_stay = [&](const void* pointer) {
    return runtime.device_of_address(pointer) != nullptr || runtime.is_pinned(pointer, count);
  };
  if (!may_stay(to) || !may_stay(from)) stream->wait_idle();
  return {};
}

Status copy_matrix(const MatrixCopy& copy, aclrtMemcpyKind kind) {
  CAIRN_ASSIGN(const ResolvedMatrix resolved, check_matrix(copy, kind));
  observe([&](Observer& watching) { watching.accessed("aclrtMemcpy2d", accesses_of(copy)); });
  return copy_lines(copy, resolved);
}

Status copy_matrix_async(const MatrixCopy& copy, aclrtMemcpyKind kind, const Ref<Stream>& stream) {
  constexpr size_t kMostLines = size_t{5} << 20;
  if (copy.height > kMostLines)
    return error(ACL_ERROR_INVALID_PARAM, "RT-187", "height = {}; at most {} lines are copied by one call",
                 copy.height, kMostLines);
  CAIRN_ASSIGN(const ResolvedMatrix resolved, check_matrix(copy, kind));
  observe([&](Observer& watching) {
    watching.task_launched(stream.get(), "aclrtMemcpy2dAsync", accesses_of(copy));
  });
  return Stream::launch(stream, "aclrtMemcpy2dAsync",
                        [copy, resolved](Stream&) { return copy_lines(copy, resolved); });
}

Status check_cached_range(const void* pointer, size_t size, std::string_view rule) {
  if (pointer == nullptr) return error(ACL_ERROR_INVALID_PARAM, rule, "devPtr is null (0)");
  if (size == 0) return error(ACL_ERROR_INVALID_PARAM, "RT-133", "size is 0; name at least 1 byte");
  CAIRN_RETURN_IF_ERROR(Runtime::get().current_context().status());
  return Runtime::get().resolve(pointer, size, "devPtr", rule).status();
}

Status maintain_cache_async(void* pointer, size_t size, aclrtCmoType operation, const Ref<Stream>& stream) {
  if (operation < ACL_RT_CMO_TYPE_PREFETCH || operation > ACL_RT_CMO_TYPE_FLUSH)
    return error(ACL_ERROR_INVALID_PARAM, "RT-147",
                 "cmoType = {} is not one of 0 (prefetch), 1 (write back), 2 (invalidate), 3 (flush)",
                 static_cast<int>(operation));
  CAIRN_RETURN_IF_ERROR(check_cached_range(pointer, size, "RT-147"));
  CAIRN_ASSIGN(const std::byte* const start, Runtime::get().resolve(pointer, size, "src", "RT-147"));
  return Stream::launch(stream, "aclrtCmoAsync", [start, size, operation](Stream&) -> Status {
    constexpr size_t kLine = 64;
    if (operation == ACL_RT_CMO_TYPE_PREFETCH)
      for (size_t offset = 0; offset < size; offset += kLine)
        __builtin_prefetch(start + offset);
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
