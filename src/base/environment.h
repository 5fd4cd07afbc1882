// Environment variables as settings. Values out of range count as unset.
#pragma once

#include <cstdint>
#include <string>

namespace cairn {

/// The variable's integer value if it is set, whole and within [least, most]; else `otherwise`.
int64_t environment_int(const char* name, int64_t otherwise, int64_t least, int64_t most);
/// The same with the range of the table of known variables (base/environment_table.h), which has to hold
/// `name`.
int64_t environment_int(const char* name, int64_t otherwise);
/// The variable's value, or an empty string.
std::string environment_string(const char* name);

}  // namespace cairn
