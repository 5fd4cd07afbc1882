// The configuration file of aclInit (acl.json) [SYS-001] .. [SYS-020].
#pragma once

#include "base/status.h"

namespace cairn {

/// Reads and checks the file; null or an empty path means the defaults.
Status read_configuration_file(const char* path);

}  // namespace cairn
