// What an operator takes and gives: inputs, outputs, attributes, types. Plain data, no header of the engine.
//
// Operators are named as in the graph language of GE. A signature is written as text, the way the public
// prototypes are listed:
//   inputs and outputs   "x, filter, bias?: f16 f32"      '?' optional, '*' any number; types after ':'
//   attributes           "strides [int]; groups Int=1"    without a default the attribute must be given
//   types                "f32 f16 i8"                     of ports that name none; also names of sets, see
//   .cc
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "acl/acl_base.h"
#include "om/om_model.h"

namespace cairn::ops {

/// A set of the data types that the engine can hold.
class TypeSet {
 public:
  static TypeSet of(aclDataType type);
  static TypeSet all();
  void add(TypeSet other) { bits_ |= other.bits_; }
  bool contains(aclDataType type) const { return (bits_ & of(type).bits_) != 0; }
  bool is_empty() const { return bits_ == 0; }
  /// "float16, float32".
  std::string text() const;

 private:
  uint64_t bits_ = 0;
};

enum class PortKind : uint8_t { kRequired, kOptional, kList };

struct Port {
  std::string name;
  PortKind kind = PortKind::kRequired;
  TypeSet types;
};

enum class AttributeKind : uint8_t { kBool, kInt, kFloat, kString, kInts, kFloats, kStrings };

/// A list of lists of integers, such as paddings, is one flat list.
struct AttributeSpec {
  std::string name;
  AttributeKind kind = AttributeKind::kInt;
  std::optional<OmAttributeValue> otherwise;  ///< Empty: the attribute must be given.
};

struct Signature {
  std::string type;
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<AttributeSpec> attributes;

  const AttributeSpec* find_attribute(std::string_view name) const;
  std::optional<size_t> find_input(std::string_view name) const;
  /// How many values the list port takes of `count` values; the other ports take one each.
  size_t list_size(size_t count) const;
};

/// Null for an unknown operator.
const Signature* find_signature(std::string_view type);

/// The value as the kind wants it: whole numbers serve as floats, 0 and 1 as switches, one value as a list.
std::optional<OmAttributeValue> as_kind(const OmAttributeValue& value, AttributeKind kind);

/// Reads the texts. The text is the project's own: std::logic_error tells what is wrong with it.
Signature parse_signature(std::string_view type, std::string_view inputs, std::string_view outputs,
                          std::string_view attributes, std::string_view types);

}  // namespace cairn::ops
