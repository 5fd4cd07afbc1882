// The text behind aclGetRecentErrMsg: per thread, the errors since it was last read.
#pragma once

#include <string>

#include "base/status.h"

namespace cairn {

/// Records a failed call for this thread and logs it. A text equal to the one before it is only counted.
void record_error(const char* function, const Status& status) noexcept;
/// What has been recorded for this thread since the last call, or null if nothing has. The pointer stays
/// valid until the next call on this thread.
const char* take_recent_error() noexcept;

/// The code of the last failed call of this thread, 0 if none failed since it was taken.
int peek_last_error();
int take_last_error();

}  // namespace cairn
