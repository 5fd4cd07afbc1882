// aclrtStreamConfigHandle: what aclrtCreateStreamV2 makes a stream from.
//
// The struct is complete in the public header and programs hold its address, so it is no handle of a table:
// the living ones are kept in a list, and an address that is not in it is refused.
#pragma once

#include <cstddef>

#include "acl/acl_rt.h"
#include "base/status.h"

namespace cairn {

/// All thread-safe, but for two calls with one configuration.
aclrtStreamConfigHandle* create_stream_config();
Status destroy_stream_config(aclrtStreamConfigHandle* config);
/// Copies `size` bytes of the value into the member that `attribute` names.
Status set_stream_config(aclrtStreamConfigHandle* config, aclrtStreamConfigAttr attribute, const void* value,
                         size_t size);
/// The content of a living configuration.
Result<aclrtStreamConfigHandle> read_stream_config(const aclrtStreamConfigHandle* config);

}  // namespace cairn
