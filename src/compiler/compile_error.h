// Errors of model conversion: the documented E-codes with their texts.
//
// The text of such a Status is what `atc` prints and aclGetRecentErrMsg returns:
//   E10001: Value [x] for parameter [--soc_version] is invalid. Reason: ...
//           Possible Cause: ...
//           Solution: ...
#pragma once

#include <initializer_list>
#include <string_view>

#include "base/status.h"

namespace cairn {

/// `code` is one of the table in compile_error.cc; the arguments fill the blanks of its message in order.
Status compile_error(std::string_view code, std::initializer_list<std::string_view> arguments);

}  // namespace cairn
