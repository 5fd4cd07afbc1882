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

/// An error unless the host may read [from, from + size): tries the first byte of every page.
Status check_host_readable(const void* from, size_t size, std::string_view rule);

}  // namespace cairn
