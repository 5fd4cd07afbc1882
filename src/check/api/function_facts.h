// What the manual says about functions as such.
#pragma once

#include <string_view>

namespace cairn::check {

struct Deprecation {
  std::string_view function;
  const char* rule;
  const char* instead;
};
/// Null for a function that is not deprecated. Takes C names, and Python names of functions without a C one.
const Deprecation* deprecation_of(std::string_view function);

}  // namespace cairn::check
