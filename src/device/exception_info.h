// What aclrtSetExceptionInfoCallback reports about a task that failed on the device [RT-113].
#pragma once

#include <cstdint>
#include <optional>

#include "acl/acl_rt.h"

/// Behind aclrtExceptionInfo; valid during the callback.
struct rtExceptionInfo {
  uint32_t task_id;
  uint32_t stream_id;
  uint32_t thread_id;  ///< Of the thread that launched the task.
  uint32_t device_id;
  uint32_t error_code;
};

namespace cairn {

class Stream;

/// What `info` holds, nothing if it is not the information of a callback that runs now: any address may be
/// asked about.
std::optional<rtExceptionInfo> read_exception_info(const rtExceptionInfo* info);

/// Calls the exception callback, if one is set, on the calling (worker) thread. task: its number in the
/// stream.
void report_task_exception(Stream& stream, uint64_t task, int error_code, uint64_t launching_thread_id);

}  // namespace cairn
