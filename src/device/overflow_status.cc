#include "device/overflow_status.h"

#include <cstring>

#include "base/observer.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"

namespace cairn {

Status launch_get_overflow_status(void* output, size_t size, const Ref<Stream>& stream) {
  constexpr size_t kLargest = 64;
  if (size < sizeof(uint64_t) || size > kLargest)
    return error(ACL_ERROR_INVALID_PARAM, "RT-055", "outputSize = {}; allowed are {} .. {} bytes", size,
                 sizeof(uint64_t), kLargest);
  CAIRN_RETURN_IF_ERROR(Runtime::get().resolve(output, size, "outputAddr", "RT-055").status());
  observe([&](Observer& watching) {
    const MemoryAccess list[] = {{output, size, MemoryAccess::Kind::kWrite}};
    watching.task_launched(stream.get(), "aclrtGetOverflowStatus", list);
  });
  return Stream::launch(stream, "aclrtGetOverflowStatus", [output, size](Stream& running) -> Status {
    CAIRN_ASSIGN(std::byte* const target, Runtime::get().resolve(output, size, "outputAddr", "RT-055"));
    std::byte status[kLargest] = {};
    const uint64_t overflowed = running.overflow_status().load();
    std::memcpy(status, &overflowed, sizeof overflowed);
    if (guarded_copy(target, status, size)) return {};
    return error(ACL_ERROR_RT_PARAM_INVALID, "RT-055", "{} bytes at {} are not mapped", size, output);
  });
}

Status launch_reset_overflow_status(const Ref<Stream>& stream) {
  return Stream::launch(stream, "aclrtResetOverflowStatus", [](Stream& running) -> Status {
    running.overflow_status().store(0);
    return {};
  });
}

}  // namespace cairn
