#include "engine/engine_types.h"

#include <array>
#include <utility>

namespace cairn {
namespace {

struct TypePair {
  aclDataType acl;
  ov::element::Type_t element;
};

constexpr std::array kTypes = {
    TypePair{ACL_FLOAT, ov::element::Type_t::f32},  TypePair{ACL_FLOAT16, ov::element::Type_t::f16},
    TypePair{ACL_INT8, ov::element::Type_t::i8},    TypePair{ACL_INT32, ov::element::Type_t::i32},
    TypePair{ACL_UINT8, ov::element::Type_t::u8},   TypePair{ACL_INT16, ov::element::Type_t::i16},
    TypePair{ACL_UINT16, ov::element::Type_t::u16}, TypePair{ACL_UINT32, ov::element::Type_t::u32},
    TypePair{ACL_INT64, ov::element::Type_t::i64},  TypePair{ACL_UINT64, ov::element::Type_t::u64},
    TypePair{ACL_DOUBLE, ov::element::Type_t::f64}, TypePair{ACL_BOOL, ov::element::Type_t::boolean},
    TypePair{ACL_BF16, ov::element::Type_t::bf16},
};

}  // namespace

aclDataType acl_type_of(const ov::element::Type& type) {
  for (const TypePair& pair : kTypes)
    if (type == pair.element) return pair.acl;
  return ACL_DT_UNDEFINED;
}

ov::element::Type element_type_of(aclDataType type) {
  for (const TypePair& pair : kTypes)
    if (type == pair.acl) return pair.element;
  return ov::element::dynamic;
}

}  // namespace cairn
