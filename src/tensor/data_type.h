// aclDataType and aclFormat: sizes and names.
#pragma once

#include <cstddef>
#include <string_view>

#include "acl/acl_base.h"

namespace cairn {

/// Bytes of one element, 0 for an unknown type or one without a whole number of bytes (strings, 4-bit
/// integers).
size_t data_type_size(aclDataType type);
/// "float16"; "undefined" for unknown types.
std::string_view data_type_name(aclDataType type);
bool is_data_type(int value);
/// "NCHW"; "UNDEFINED" for unknown formats.
std::string_view format_name(aclFormat format);
bool is_format(int value);

}  // namespace cairn
