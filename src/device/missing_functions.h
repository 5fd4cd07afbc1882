// Which functions a chip does not have, as the manual says at each of them.
#pragma once

#include <string_view>

#include "base/status.h"
#include "device/soc_profile.h"

namespace cairn {

struct MissingFunction {
  std::string_view function;  ///< The C name.
  std::string_view rule;      ///< The function's support rule; empty if it has no id.
  int code;                   ///< What the function answers on such a chip.
  std::string_view instead;   ///< How a program does without it.
};

/// Null if the chip has the function. The lenient profile has all.
const MissingFunction* find_missing_function(const SocProfile& soc, std::string_view function);

/// For entry points: an error if the chip in force does not have the function.
Status check_soc_has(std::string_view function);

}  // namespace cairn
