#include "device/exception_info.h"

#include <mutex>
#include <utility>

#include "device/device.h"
#include "device/runtime.h"

namespace cairn {
namespace {

/// One that a callback is running for, on the stack of that thread: no memory is needed to report a failure.
struct Live {
  const rtExceptionInfo* info;
  Live* next;
};
std::mutex live_mutex;
Live* live = nullptr;

}  // namespace

std::optional<rtExceptionInfo> read_exception_info(const rtExceptionInfo* info) {
  const std::lock_guard lock(live_mutex);
  for (const Live* one = live; one != nullptr; one = one->next)
    if (one->info == info) return *info;
  return std::nullopt;
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
  Live mine{&info, nullptr};
  {
    const std::lock_guard lock(live_mutex);
    mine.next = std::exchange(live, &mine);
  }
  callback(&info);
  const std::lock_guard lock(live_mutex);
  Live** link = &live;
  while (*link != &mine)
    link = &(*link)->next;
  *link = mine.next;
}

}  // namespace cairn
