#include "tensor/data_type.h"

#include <array>

namespace cairn {
namespace {

struct TypeRow {
  aclDataType type;
  size_t size;
  std::string_view name;
};

constexpr std::array kTypes = {
    TypeRow{ACL_DT_UNDEFINED, 0, "undefined"},
    TypeRow{ACL_FLOAT, 4, "float32"},
    TypeRow{ACL_FLOAT16, 2, "float16"},
    TypeRow{ACL_INT8, 1, "int8"},
    TypeRow{ACL_INT32, 4, "int32"},
    TypeRow{ACL_UINT8, 1, "uint8"},
    TypeRow{ACL_INT16, 2, "int16"},
    TypeRow{ACL_UINT16, 2, "uint16"},
    TypeRow{ACL_UINT32, 4, "uint32"},
    TypeRow{ACL_INT64, 8, "int64"},
    TypeRow{ACL_UINT64, 8, "uint64"},
    TypeRow{ACL_DOUBLE, 8, "float64"},
    TypeRow{ACL_BOOL, 1, "bool"},
    TypeRow{ACL_STRING, 0, "string"},
    TypeRow{ACL_COMPLEX64, 8, "complex64"},
    TypeRow{ACL_COMPLEX128, 16, "complex128"},
    TypeRow{ACL_BF16, 2, "bfloat16"},
    TypeRow{ACL_INT4, 0, "int4"},
    TypeRow{ACL_UINT1, 0, "uint1"},
    TypeRow{ACL_COMPLEX32, 4, "complex32"},
};

struct FormatRow {
  aclFormat format;
  std::string_view name;
};

constexpr std::array kFormats = {
    FormatRow{ACL_FORMAT_UNDEFINED, "UNDEFINED"},
    FormatRow{ACL_FORMAT_NCHW, "NCHW"},
    FormatRow{ACL_FORMAT_NHWC, "NHWC"},
    FormatRow{ACL_FORMAT_ND, "ND"},
    FormatRow{ACL_FORMAT_NC1HWC0, "NC1HWC0"},
    FormatRow{ACL_FORMAT_FRACTAL_Z, "FRACTAL_Z"},
    FormatRow{ACL_FORMAT_NC1HWC0_C04, "NC1HWC0_C04"},
    FormatRow{ACL_FORMAT_HWCN, "HWCN"},
    FormatRow{ACL_FORMAT_NDHWC, "NDHWC"},
    FormatRow{ACL_FORMAT_FRACTAL_NZ, "FRACTAL_NZ"},
    FormatRow{ACL_FORMAT_NCDHW, "NCDHW"},
    FormatRow{ACL_FORMAT_NDC1HWC0, "NDC1HWC0"},
    FormatRow{ACL_FRACTAL_Z_3D, "FRACTAL_Z_3D"},
    FormatRow{ACL_FORMAT_NC, "NC"},
    FormatRow{ACL_FORMAT_NCL, "NCL"},
};

const TypeRow* find_type(int value) {
  for (const TypeRow& row : kTypes)
    if (row.type == value) return &row;
  return nullptr;
}

const FormatRow* find_format(int value) {
  for (const FormatRow& row : kFormats)
    if (row.format == value) return &row;
  return nullptr;
}

}  // namespace

size_t data_type_size(aclDataType type) {
  const TypeRow* row = find_type(type);
  return row ? row->size : 0;
}

std::string_view data_type_name(aclDataType type) {
  const TypeRow* row = find_type(type);
  return row ? row->name : "undefined";
}

bool is_data_type(int value) {
  return find_type(value) != nullptr;
}

std::string_view format_name(aclFormat format) {
  const FormatRow* row = find_format(format);
  return row ? row->name : "UNDEFINED";
}

bool is_format(int value) {
  return find_format(value) != nullptr;
}

}  // namespace cairn
