#include "om/om_types.h"

#include <array>

namespace cairn::om {
namespace {

struct TypeEntry {
  aclDataType type;
  int proto;
  std::string_view name;
  uint32_t bytes;  // 0: not in whole bytes.
};

constexpr std::array kTypes = std::to_array<TypeEntry>({
    {ACL_FLOAT, 1, "DT_FLOAT", 4},
    {ACL_FLOAT16, 2, "DT_FLOAT16", 2},
    {ACL_INT8, 3, "DT_INT8", 1},
    {ACL_UINT8, 4, "DT_UINT8", 1},
    {ACL_INT16, 5, "DT_INT16", 2},
    {ACL_UINT16, 6, "DT_UINT16", 2},
    {ACL_INT32, 7, "DT_INT32", 4},
    {ACL_INT64, 8, "DT_INT64", 8},
    {ACL_UINT32, 9, "DT_UINT32", 4},
    {ACL_UINT64, 10, "DT_UINT64", 8},
    {ACL_BOOL, 11, "DT_BOOL", 1},
    {ACL_DOUBLE, 12, "DT_DOUBLE", 8},
    {ACL_STRING, 13, "DT_STRING", 0},
    {ACL_COMPLEX64, 16, "DT_COMPLEX64", 8},
    {ACL_COMPLEX128, 17, "DT_COMPLEX128", 16},
    {ACL_BF16, 27, "DT_BF16", 2},
    {ACL_INT4, 28, "DT_INT4", 0},
    {ACL_UINT1, 29, "DT_UINT1", 0},
    {ACL_COMPLEX32, 32, "DT_COMPLEX32", 4},
});

struct FormatEntry {
  aclFormat format;
  std::string_view name;
};

constexpr std::array kFormats = std::to_array<FormatEntry>({
    {ACL_FORMAT_NCHW, "NCHW"},
    {ACL_FORMAT_NHWC, "NHWC"},
    {ACL_FORMAT_ND, "ND"},
    {ACL_FORMAT_NC1HWC0, "NC1HWC0"},
    {ACL_FORMAT_FRACTAL_Z, "FRACTAL_Z"},
    {ACL_FORMAT_NC1HWC0_C04, "NC1HWC0_C04"},
    {ACL_FORMAT_HWCN, "HWCN"},
    {ACL_FORMAT_NDHWC, "NDHWC"},
    {ACL_FORMAT_FRACTAL_NZ, "FRACTAL_NZ"},
    {ACL_FORMAT_NCDHW, "NCDHW"},
    {ACL_FORMAT_NDC1HWC0, "NDC1HWC0"},
    {ACL_FRACTAL_Z_3D, "FRACTAL_Z_3D"},
    {ACL_FORMAT_NC, "NC"},
    {ACL_FORMAT_NCL, "NCL"},
});

const TypeEntry* find(aclDataType type) {
  for (const TypeEntry& entry : kTypes)
    if (entry.type == type) return &entry;
  return nullptr;
}

}  // namespace

int proto_type(aclDataType type) {
  const TypeEntry* entry = find(type);
  return entry ? entry->proto : 0;
}

aclDataType acl_type(int proto_type) {
  for (const TypeEntry& entry : kTypes)
    if (entry.proto == proto_type) return entry.type;
  return ACL_DT_UNDEFINED;
}

std::string_view type_name(aclDataType type) {
  const TypeEntry* entry = find(type);
  return entry ? entry->name : "DT_UNDEFINED";
}

aclDataType type_of_name(std::string_view name) {
  for (const TypeEntry& entry : kTypes)
    if (entry.name == name) return entry.type;
  return ACL_DT_UNDEFINED;
}

std::string_view format_name(aclFormat format) {
  for (const FormatEntry& entry : kFormats)
    if (entry.format == format) return entry.name;
  return "UNDEFINED";
}

aclFormat format_of_name(std::string_view name) {
  for (const FormatEntry& entry : kFormats)
    if (entry.name == name) return entry.format;
  return ACL_FORMAT_UNDEFINED;
}

std::optional<uint64_t> tensor_bytes(aclDataType type, std::span<const int64_t> dims) {
  const TypeEntry* entry = find(type);
  if (!entry || entry->bytes == 0) return std::nullopt;
  uint64_t bytes = entry->bytes;
  bool empty = false;
  for (const int64_t dim : dims) {
    if (dim < 0) return std::nullopt;
    if (dim == 0) empty = true;
    if (dim > 0 && __builtin_mul_overflow(bytes, static_cast<uint64_t>(dim), &bytes)) return std::nullopt;
  }
  if (bytes > uint64_t{INT64_MAX}) return std::nullopt;
  return empty ? 0 : bytes;
}

}  // namespace cairn::om
