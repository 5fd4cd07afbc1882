#include "device/copy_descriptor.h"

#include <cstring>
#include <vector>

#include "base/observer.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"

namespace cairn {
namespace {

constexpr uint64_t kMark = 0x435059444553434DULL;  // "CPYDESCM"

Result<std::byte*> resolve_description(void* description) {
  constexpr size_t kAlignment = 64;
  if (reinterpret_cast<uintptr_t>(description) % kAlignment != 0)
    return error(ACL_ERROR_RT_ADDR_UNALIGNED, "RT-180", "desc = {} is not aligned to {} bytes", description,
                 kAlignment);
  return Runtime::get().resolve(description, sizeof(CopyDescriptor), "desc", "RT-177");
}

Result<CopyDescriptor> read(void* description) {
  CAIRN_ASSIGN(const std::byte* const bytes, resolve_description(description));
  CopyDescriptor copy{};
  std::memcpy(&copy, bytes, sizeof copy);
  if (copy.mark == kMark) return copy;
  return error(ACL_ERROR_RT_PARAM_INVALID, "RT-177",
               "{} holds no description of a copy; write one with aclrtSetMemcpyDesc", description);
}

Status run_copy(void* description) {
  CAIRN_ASSIGN(const CopyDescriptor copy, read(description));
  CAIRN_ASSIGN(const std::byte* const from,
               Runtime::get().resolve(copy.from, copy.count, "srcAddr", "RT-177"));
  CAIRN_ASSIGN(std::byte* const to, Runtime::get().resolve(copy.to, copy.count, "dstAddr", "RT-177"));
  if (guarded_copy(to, from, copy.count)) return {};
  return error(ACL_ERROR_RT_PARAM_INVALID, "RT-177", "cannot copy {} bytes from {} to {}", copy.count,
               copy.from, copy.to);
}

/// The description is read as it is now; a task may still change it before the copy runs.
void tell_launch(Observer& watching, void* description, const Stream* stream) {
  std::vector<MemoryAccess> list = {{description, sizeof(CopyDescriptor), MemoryAccess::Kind::kRead}};
  if (const auto copy = read(description); copy.is_ok()) {
    list.push_back({copy->from, copy->count, MemoryAccess::Kind::kCopy});
    list.push_back({copy->to, copy->count, MemoryAccess::Kind::kWrite});
  }
  watching.task_launched(stream, "aclrtMemcpyAsyncWithDesc", list);
}

}  // namespace

Status CopyDescriptor::check_kind(aclrtMemcpyKind kind) {
  if (kind == ACL_MEMCPY_DEVICE_TO_DEVICE || kind == ACL_MEMCPY_INNER_DEVICE_TO_DEVICE) return {};
  if (kind >= ACL_MEMCPY_HOST_TO_HOST && kind <= ACL_MEMCPY_INTER_DEVICE_TO_DEVICE)
    return error(ACL_ERROR_RT_FEATURE_NOT_SUPPORT, "RT-177",
                 "kind = {} cannot be described; allowed are 3 (device to device) and 6 (within a device)",
                 static_cast<int>(kind));
  return error(ACL_ERROR_INVALID_PARAM, "RT-177", "kind = {} is no aclrtMemcpyKind", static_cast<int>(kind));
}

Status CopyDescriptor::write(void* description, aclrtMemcpyKind kind, void* to, const void* from,
                             size_t count) {
  CAIRN_RETURN_IF_ERROR(check_kind(kind));
  CAIRN_ASSIGN(std::byte* const bytes, resolve_description(description));
  CAIRN_RETURN_IF_ERROR(Runtime::get().resolve(from, count, "srcAddr", "RT-177").status());
  CAIRN_RETURN_IF_ERROR(Runtime::get().resolve(to, count, "dstAddr", "RT-177").status());
  observe([&](Observer& watching) {
    const MemoryAccess list[] = {{description, sizeof(CopyDescriptor), MemoryAccess::Kind::kWrite}};
    watching.accessed("aclrtSetMemcpyDesc", list);
  });
  const CopyDescriptor copy{kMark, from, to, count, {}};
  std::memcpy(bytes, &copy, sizeof copy);
  return {};
}

Status CopyDescriptor::launch_copy(void* description, aclrtMemcpyKind kind, const Ref<Stream>& stream) {
  CAIRN_RETURN_IF_ERROR(check_kind(kind));
  CAIRN_RETURN_IF_ERROR(resolve_description(description).status());
  observe([&](Observer& watching) { tell_launch(watching, description, stream.get()); });
  return Stream::launch(stream, "aclrtMemcpyAsyncWithDesc",
                        [description](Stream&) { return run_copy(description); });
}

}  // namespace cairn
