// The elements of a tensor as C++ numbers.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/half.h"
#include "dump/dump_file.h"

namespace cairn {

/// Elements of 16 bits that are read as float.
struct HalfElement {
  uint16_t bits;
  float value() const { return half_to_float(bits); }
};
struct Bfloat16Element {
  uint16_t bits;
  float value() const { return std::bit_cast<float>(uint32_t{bits} << 16); }
};

inline float element_value(HalfElement element) {
  return element.value();
}
inline float element_value(Bfloat16Element element) {
  return element.value();
}
template <class T>
T element_value(T element) {
  return element;
}

/// Calls `use` with a value of the tensor's element type; false for types that are no numbers.
template <class Use>
bool with_element_type(aclDataType type, Use&& use) {
  switch (type) {
    case ACL_FLOAT:
      use(float{});
      return true;
    case ACL_FLOAT16:
      use(HalfElement{});
      return true;
    case ACL_BF16:
      use(Bfloat16Element{});
      return true;
    case ACL_DOUBLE:
      use(double{});
      return true;
    case ACL_INT8:
      use(int8_t{});
      return true;
    case ACL_INT16:
      use(int16_t{});
      return true;
    case ACL_INT32:
      use(int32_t{});
      return true;
    case ACL_INT64:
      use(int64_t{});
      return true;
    case ACL_UINT8:
    case ACL_BOOL:
      use(uint8_t{});
      return true;
    case ACL_UINT16:
      use(uint16_t{});
      return true;
    case ACL_UINT32:
      use(uint32_t{});
      return true;
    case ACL_UINT64:
      use(uint64_t{});
      return true;
    default:
      return false;
  }
}

/// The n-th element; the bytes need no alignment.
template <class T>
T element_at(std::span<const std::byte> bytes, size_t index) {
  T element;
  std::memcpy(&element, bytes.data() + index * sizeof(T), sizeof(T));
  return element;
}

template <class T>
size_t element_count(std::span<const std::byte> bytes) {
  return bytes.size() / sizeof(T);
}

}  // namespace cairn
