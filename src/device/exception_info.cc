#include "device/exception_info.h"

#include "device/device.h"
#include "device/runtime.h"

namespace cairn {

void report_task_exception(Stream& stream, int error_code, uint64_t launching_thread_id) {
  const aclrtExceptionInfoCallback callback = Runtime::get().exception_callback().load();
  if (callback == nullptr) return;
  rtExceptionInfo info{};
  info.task_id = stream.device().next_task_id.fetch_add(1);
  info.stream_id = stream.id();
  info.thread_id = static_cast<uint32_t>(launching_thread_id);
  info.device_id = static_cast<uint32_t>(stream.device().id());
  info.error_code = static_cast<uint32_t>(error_code);
  callback(&info);
}

}  // namespace cairn
