// aclrtMemcpy, aclrtMemset and their asynchronous forms.
#pragma once

#include <cstddef>
#include <cstdint>

#include "acl/acl_rt.h"
#include "base/handle_table.h"
#include "base/status.h"
#include "device/stream.h"

namespace cairn {

/// [RT-173] .. [RT-176]: `kind` has no effect, the addresses decide.
Status copy_memory(void* to, size_t to_size, const void* from, size_t count);
/// [RT-177] .. [RT-181]
Status copy_memory_async(void* to, size_t to_size, const void* from, size_t count, aclrtMemcpyKind kind,
                         const Ref<Stream>& stream);
/// [RT-170], [RT-171]
Status set_memory(void* to, size_t to_size, int32_t value, size_t count);
/// [RT-172]
Status set_memory_async(void* to, size_t to_size, int32_t value, size_t count, const Ref<Stream>& stream);

/// [RT-182] .. [RT-187]: `height` lines of `width` bytes, line i from `from` + i * `from_pitch` to `to` + i *
/// `to_pitch`.
struct MatrixCopy {
  void* to;
  size_t to_pitch;
  const void* from;
  size_t from_pitch;
  size_t width;
  size_t height;
};
Status copy_matrix(const MatrixCopy& copy, aclrtMemcpyKind kind);
Status copy_matrix_async(const MatrixCopy& copy, aclrtMemcpyKind kind, const Ref<Stream>& stream);

/// aclrtMemcpyAsyncWithCondition: like copy_memory_async, but with host memory that is not pinned it returns
/// when the copy is done.
Status copy_memory_when_pinned(void* to, size_t to_size, const void* from, size_t count, aclrtMemcpyKind kind,
                               const Ref<Stream>& stream);

/// The device memory [pointer, pointer + size) can be given to aclrtMemFlush and the like. There is no cache
/// between the host and a device [RT-147], so that no data has to move.
Status check_cached_range(const void* pointer, size_t size, std::string_view rule);
/// aclrtCmoAsync: a task that brings the memory closer (prefetch) or, like the flush, has nothing to move.
Status maintain_cache_async(void* pointer, size_t size, aclrtCmoType operation, const Ref<Stream>& stream);

/// An error unless the host may read [from, from + size): tries the first byte of every page.
Status check_host_readable(const void* from, size_t size, std::string_view rule);

}  // namespace cairn
