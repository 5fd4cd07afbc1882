// The Python names of the C functions, from spec/functions.json.
#pragma once

#include <string_view>

namespace cairn::check {

/// "acl.rt.malloc" for "aclrtMalloc"; null if Python has no such function.
const char* python_name(std::string_view function);
/// "aclrtMalloc" for "acl.rt.malloc"; null if C has no such function.
const char* c_name(std::string_view function);

}  // namespace cairn::check
