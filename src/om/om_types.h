// Data types and formats as an .om file writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "acl/acl_base.h"

namespace cairn::om {

/// Value of ge.proto.DataType; 0 (undefined) for types outside the table.
int proto_type(aclDataType type);
aclDataType acl_type(int proto_type);

/// "DT_FLOAT"; "DT_UNDEFINED" for types outside the table.
std::string_view type_name(aclDataType type);
aclDataType type_of_name(std::string_view name);

/// "NCHW"; "UNDEFINED" for formats outside the table.
std::string_view format_name(aclFormat format);
aclFormat format_of_name(std::string_view name);

/// Bytes of a dense tensor, or nothing if a dim is negative, the type has no size in bytes, or the product
/// overflows.
std::optional<uint64_t> tensor_bytes(aclDataType type, std::span<const int64_t> dims);

}  // namespace cairn::om
