// Reading and writing the attributes of ge.proto messages. Internal to src/om.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "acl/acl_mdl.h"
#include "base/status.h"
#include "om/ge_ir.pb.h"

namespace cairn::om {

namespace pb = ge::proto;
using Attributes = google::protobuf::Map<std::string, pb::AttrDef>;

inline void set(Attributes& attributes, const std::string& name, std::string_view text) {
  attributes[name].set_s(std::string(text));
}
inline void set(Attributes& attributes, const std::string& name, int64_t number) {
  attributes[name].set_i(number);
}
inline void set(Attributes& attributes, const std::string& name, const std::vector<int64_t>& numbers) {
  pb::AttrDef::ListValue& list = *attributes[name].mutable_list();
  list.set_val_type(pb::AttrDef::ListValue::VT_LIST_INT);
  list.mutable_i()->Add(numbers.begin(), numbers.end());
}
inline void set(Attributes& attributes, const std::string& name, const std::vector<float>& numbers) {
  pb::AttrDef::ListValue& list = *attributes[name].mutable_list();
  list.set_val_type(pb::AttrDef::ListValue::VT_LIST_FLOAT);
  list.mutable_f()->Add(numbers.begin(), numbers.end());
}
inline void set(Attributes& attributes, const std::string& name, const std::vector<std::string>& texts) {
  pb::AttrDef::ListValue& list = *attributes[name].mutable_list();
  list.set_val_type(pb::AttrDef::ListValue::VT_LIST_STRING);
  for (const std::string& text : texts)
    list.add_s(text);
}
inline void set(Attributes& attributes, const std::string& name, bool value) {
  attributes[name].set_b(value);
}
inline void set(Attributes& attributes, const std::string& name, float value) {
  attributes[name].set_f(value);
}

inline Status malformed(std::string_view what) {
  return error(ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED, "MDL-001",
               "the model definition of the om file is damaged: {}; convert the model again", what);
}

inline const pb::AttrDef* find(const Attributes& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? nullptr : &found->second;
}

inline std::string text_of(const Attributes& attributes, const std::string& name) {
  const pb::AttrDef* attribute = find(attributes, name);
  return attribute ? attribute->s() : std::string();
}

inline int64_t number_of(const Attributes& attributes, const std::string& name) {
  const pb::AttrDef* attribute = find(attributes, name);
  return attribute ? attribute->i() : 0;
}

inline std::vector<std::string> texts_of(const pb::AttrDef& attribute) {
  return {attribute.list().s().begin(), attribute.list().s().end()};
}

template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

}  // namespace cairn::om
