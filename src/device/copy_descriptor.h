// A copy that is described in device memory (aclrtSetMemcpyDesc): the task reads it when it runs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "acl/acl_rt.h"
#include "base/handle_table.h"
#include "base/status.h"
#include "device/stream.h"

namespace cairn {

/// The bytes at the description's address.
struct CopyDescriptor {
  uint64_t mark;
  const void* from;
  void* to;
  uint64_t count;
  uint64_t reserved[4];

  static Status check_kind(aclrtMemcpyKind kind);
  /// Writes one at `description`, device memory that starts at a multiple of 64.
  static Status write(void* description, aclrtMemcpyKind kind, void* to, const void* from, size_t count);
  static Status launch_copy(void* description, aclrtMemcpyKind kind, const Ref<Stream>& stream);
};

}  // namespace cairn
