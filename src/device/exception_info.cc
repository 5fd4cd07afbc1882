#include "device/exception_info.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "device/device.h"
#include "device/runtime.h"

namespace cairn {
namespace {

std::mutex live_mutex;
std::vector<const rtExceptionInfo*> live;  // Those whose callback runs now.

}  // namespace

std::optional<rtExceptionInfo> read_exception_info(const rtExceptionInfo* info) {
  const std::lock_guard lock(live_mutex);
  if (std::find(live.begin(), live.end(), info) == live.end()) return std::nullopt;
  return *info;
}

void report_task_exception(Stream& stream, uint64_t task, int error_code, uint64_t launching_thread_id) {
  const aclrtExceptionInfoCallback callback = Runtime::get().exception_callback().load();
  if (callback == nullptr) return;
  rtExceptionInfo info{};
  info.task_id = static_cast<uint32_t>(task);
  info.stream_id = stream.id();
  info.thread_id = static_cast<uint32_t>(launching_thread_id);
  info.device_id = static_cast<uint32_t>(stream.device().id());
  info.error_code = static_cast<uint32_t>(error_code);
  {
    const std::lock_guard lock(live_mutex);
    live.push_back(&info);
  }
  callback(&info);
  const std::lock_guard lock(live_mutex);
  live.erase(std::find(live.begin(), live.end(), &info));
}

}  // namespace cairn
