// Whether a task of a stream had half floats that overflowed while the stream's overflow switch was on.
#pragma once

#include <cstddef>

#include "base/handle_table.h"
#include "base/status.h"
#include "device/stream.h"

namespace cairn {

/// A task that writes the status to device memory: the first 8 bytes are 1 after an overflow, all others 0.
Status launch_get_overflow_status(void* output, size_t size, const Ref<Stream>& stream);
Status launch_reset_overflow_status(const Ref<Stream>& stream);

}  // namespace cairn
