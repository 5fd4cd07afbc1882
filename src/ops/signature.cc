#include "ops/signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "tensor/data_type.h"

namespace cairn::ops {
namespace {

struct TypeName {
  std::string_view name;
  aclDataType type;
};

constexpr std::array kTypeNames = std::to_array<TypeName>({
    {"f16", ACL_FLOAT16},
    {"f32", ACL_FLOAT},
    {"f64", ACL_DOUBLE},
    {"bf16", ACL_BF16},
    {"i8", ACL_INT8},
    {"i16", ACL_INT16},
    {"i32", ACL_INT32},
    {"i64", ACL_INT64},
    {"u8", ACL_UINT8},
    {"u16", ACL_UINT16},
    {"u32", ACL_UINT32},
    {"u64", ACL_UINT64},
    {"b", ACL_BOOL},
});

struct TypeSetName {
  std::string_view name;
  std::string_view types;
};

// Complex, quantised, packed and text types are left out: the engine cannot hold them.
constexpr std::array kSetNames = std::to_array<TypeSetName>({
    {"ALL", "f16 f32 f64 bf16 i8 i16 i32 i64 u8 u16 u32 u64 b"},
    {"Number", "f16 f32 f64 bf16 i8 i16 i32 i64 u8 u16 u32 u64"},
    {"Floating", "f16 f32 f64 bf16"},
    {"Integer", "i8 i16 i32 i64 u8 u16 u32 u64"},
    {"Index", "i32 i64"},
});

std::string_view trim(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

/// Calls `take` for each part, without the blanks around it.
template <class Take>
void split(std::string_view text, char separator, Take&& take) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (const std::string_view part = trim(text.substr(0, end)); !part.empty()) take(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

TypeSet parse_types(std::string_view text) {
  TypeSet set;
  split(text, ' ', [&](std::string_view word) {
    for (const TypeName& entry : kTypeNames)
      if (entry.name == word) return set.add(TypeSet::of(entry.type));
    for (const TypeSetName& entry : kSetNames)
      if (entry.name == word) return set.add(parse_types(entry.types));
    throw std::logic_error(fmt::format("unknown type {}", word));
  });
  return set;
}

Port parse_port(std::string_view text, TypeSet types) {
  Port port;
  const size_t colon = std::min(text.find(':'), text.size());
  std::string_view name = trim(text.substr(0, colon));
  if (name.ends_with('?')) port.kind = PortKind::kOptional;
  if (name.ends_with('*')) port.kind = PortKind::kList;
  if (port.kind != PortKind::kRequired) name.remove_suffix(1);
  port.name = name;
  port.types = colon < text.size() ? parse_types(text.substr(colon + 1)) : types;
  return port;
}

AttributeKind parse_kind(std::string_view word) {
  if (word == "Bool") return AttributeKind::kBool;
  if (word == "Int" || word == "Type") return AttributeKind::kInt;
  if (word == "Float") return AttributeKind::kFloat;
  if (word == "String") return AttributeKind::kString;
  if (word == "[int]" || word == "[[int]]" || word == "[bool]") return AttributeKind::kInts;
  if (word == "[float]") return AttributeKind::kFloats;
  if (word == "[str]") return AttributeKind::kStrings;
  throw std::logic_error(fmt::format("unknown kind of attribute {}", word));
}

template <class Number>
Number parse_number(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size())
    throw std::logic_error(fmt::format("{} is no number", text));
  return number;
}

template <class Number>
std::vector<Number> parse_list(std::string_view text) {
  std::vector<Number> list;
  split(text.substr(1, text.size() - 2), ',',
        [&](std::string_view part) { list.push_back(parse_number<Number>(part)); });
  return list;
}

OmAttributeValue parse_value(std::string_view text, AttributeKind kind) {
  switch (kind) {
    case AttributeKind::kBool:
      return text == "true";
    case AttributeKind::kInt:
      return parse_number<int64_t>(text);
    case AttributeKind::kFloat:
      return parse_number<float>(text);
    case AttributeKind::kString:
      return std::string(text);
    case AttributeKind::kInts:
      return parse_list<int64_t>(text);
    case AttributeKind::kFloats:
      return parse_list<float>(text);
    case AttributeKind::kStrings:
      return std::vector<std::string>();
  }
  throw std::logic_error("unknown kind of attribute");
}

AttributeSpec parse_attribute(std::string_view text) {
  AttributeSpec spec;
  const size_t blank = text.find(' ');
  if (blank == text.npos) throw std::logic_error(fmt::format("attribute {} has no kind", text));
  spec.name = text.substr(0, blank);
  const std::string_view rest = trim(text.substr(blank));
  const size_t equals = std::min(rest.find('='), rest.size());
  spec.kind = parse_kind(rest.substr(0, equals));
  if (equals < rest.size()) spec.otherwise = parse_value(rest.substr(equals + 1), spec.kind);
  return spec;
}

}  // namespace

TypeSet TypeSet::of(aclDataType type) {
  TypeSet set;
  if (const int number = type; number >= 0 && number < 64) set.bits_ = uint64_t{1} << number;
  return set;
}

TypeSet TypeSet::all() {
  return parse_types("ALL");
}

std::string TypeSet::text() const {
  std::vector<std::string_view> names;
  for (const TypeName& entry : kTypeNames)
    if (contains(entry.type)) names.push_back(data_type_name(entry.type));
  return fmt::format("{}", fmt::join(names, ", "));
}

const AttributeSpec* Signature::find_attribute(std::string_view name) const {
  for (const AttributeSpec& attribute : attributes)
    if (attribute.name == name) return &attribute;
  return nullptr;
}

std::optional<size_t> Signature::find_input(std::string_view name) const {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].name == name) return i;
  return std::nullopt;
}

size_t Signature::list_size(size_t count) const {
  const size_t others = inputs.size() - 1;
  return count > others ? count - others : 0;
}

std::optional<OmAttributeValue> as_kind(const OmAttributeValue& value, AttributeKind kind) {
  if (value.index() == static_cast<size_t>(kind)) return value;
  switch (kind) {
    case AttributeKind::kBool:
      if (const auto* number = std::get_if<int64_t>(&value)) return *number != 0;
      break;
    case AttributeKind::kInt:
      if (const auto* flag = std::get_if<bool>(&value)) return int64_t{*flag};
      break;
    case AttributeKind::kFloat:
      if (const auto* number = std::get_if<int64_t>(&value)) return static_cast<float>(*number);
      break;
    case AttributeKind::kInts:
      if (const auto* number = std::get_if<int64_t>(&value)) return std::vector<int64_t>{*number};
      // An empty list has no type of its own.
      if (const auto* list = std::get_if<std::vector<float>>(&value); list && list->empty())
        return std::vector<int64_t>();
      break;
    case AttributeKind::kFloats:
      if (const auto* number = std::get_if<float>(&value)) return std::vector<float>{*number};
      if (const auto* list = std::get_if<std::vector<int64_t>>(&value))
        return std::vector<float>(list->begin(), list->end());
      break;
    case AttributeKind::kString:
    case AttributeKind::kStrings:
      break;
  }
  return std::nullopt;
}

Signature parse_signature(std::string_view type, std::string_view inputs, std::string_view outputs,
                          std::string_view attributes, std::string_view types) {
  Signature signature;
  signature.type = type;
  const TypeSet common = parse_types(types);
  split(inputs, ',', [&](std::string_view text) { signature.inputs.push_back(parse_port(text, common)); });
  split(outputs, ',', [&](std::string_view text) { signature.outputs.push_back(parse_port(text, common)); });
  split(attributes, ';',
        [&](std::string_view text) { signature.attributes.push_back(parse_attribute(text)); });
  return signature;
}

}  // namespace cairn::ops
