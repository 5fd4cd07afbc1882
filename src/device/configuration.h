// The configuration file of aclInit (acl.json) [SYS-001] .. [SYS-020].
#pragma once

#include <cstdint>
#include <optional>

#include "base/status.h"
#include "dump/dump_config.h"

namespace cairn {

struct Configuration {
  std::optional<DumpConfig> dump;    ///< Nothing: no dump.
  uint64_t max_opqueue_num = 20000;  ///< Of operators with fixed and with dynamic shapes each [SYS-009].
};

/// Reads and checks the file; null or an empty path means the defaults.
Result<Configuration> read_configuration_file(const char* path);
/// The same for the text of a file; `path` is for messages.
Result<Configuration> read_configuration(const std::string& text, const char* path);

}  // namespace cairn
