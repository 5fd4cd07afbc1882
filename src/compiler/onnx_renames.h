// `--op_name_map`: operators of the model that another operator stands for.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace cairn {

using OperatorNames = std::map<std::string, std::string, std::less<>>;

/// A file of lines "TypeInTheModel:TypeToUse"; what follows # is a comment.
Result<OperatorNames> read_operator_names(const std::filesystem::path& path);

/// The bytes of an ONNX file with these types of the main graph's nodes changed to operators of the standard.
/// Nothing if there are none. The file must have passed read_onnx.
std::optional<std::string> rename_operators(std::string_view file, const OperatorNames& names);

}  // namespace cairn
