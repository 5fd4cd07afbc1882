// Files that list names of layers.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace cairn {

/// "name1;name2", over several lines if need be. `parameter` is the option, for messages.
Result<std::vector<std::string>> read_name_list(const std::filesystem::path& path,
                                                std::string_view parameter);

}  // namespace cairn
