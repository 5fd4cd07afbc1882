// The model definition as JSON: names of fields as in ge_ir.proto, maps as lists of {"key", "value"}.
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "acl/acl_base.h"
#include "om/ge_ir.pb.h"
#include "om/om_graph.h"
#include "om/om_report.h"

namespace cairn {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::ordered_json;

/// Raw data, and numbers that only a loader needs.
constexpr std::array<std::string_view, 7> kLeftOut = {"data", "data_offset", "workspace", "workspace_bytes",
                                                      "size", "weight_size", "output_i"};

Json message_json(const pb::Message& message);

Json value_json(const pb::Message& message, const pb::FieldDescriptor& field, int index) {
  const pb::Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  std::string scratch;
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return repeated ? reflection.GetRepeatedInt64(message, &field, index)
                      : reflection.GetInt64(message, &field);
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return repeated ? reflection.GetRepeatedUInt32(message, &field, index)
                      : reflection.GetUInt32(message, &field);
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
      return repeated ? reflection.GetRepeatedFloat(message, &field, index)
                      : reflection.GetFloat(message, &field);
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return repeated ? reflection.GetRepeatedBool(message, &field, index)
                      : reflection.GetBool(message, &field);
    case pb::FieldDescriptor::CPPTYPE_ENUM: {
      const int number = repeated ? reflection.GetRepeatedEnumValue(message, &field, index)
                                  : reflection.GetEnumValue(message, &field);
      const pb::EnumValueDescriptor* value = field.enum_type()->FindValueByNumber(number);
      return value ? Json(value->name()) : Json(number);
    }
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return repeated ? reflection.GetRepeatedStringReference(message, &field, index, &scratch)
                      : reflection.GetStringReference(message, &field, &scratch);
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      return message_json(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                                   : reflection.GetMessage(message, &field));
    default:
      return nullptr;
  }
}

/// The entries of a map, sorted by key.
Json map_json(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::FieldDescriptor& key = *field.message_type()->FindFieldByNumber(1);
  const pb::FieldDescriptor& value = *field.message_type()->FindFieldByNumber(2);
  std::map<std::string, Json> entries;
  const pb::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const pb::Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    const std::string name = entry.GetReflection()->GetString(entry, &key);
    if (name != "memory_size" && name != "weight_size") entries[name] = value_json(entry, value, 0);
  }
  Json list = Json::array();
  for (auto& [name, entry] : entries)
    list.push_back({{"key", name}, {"value", std::move(entry)}});
  return list;
}

Json message_json(const pb::Message& message) {
  Json json = Json::object();
  std::vector<const pb::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (std::find(kLeftOut.begin(), kLeftOut.end(), field->name()) != kLeftOut.end()) continue;
    Json& entry = json[field->name()];
    if (field->is_map()) {
      entry = map_json(message, *field);
    } else if (field->is_repeated()) {
      entry = Json::array();
      for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i)
        entry.push_back(value_json(message, *field, i));
    } else {
      entry = value_json(message, *field, 0);
    }
  }
  return json;
}

std::string json_of(const ge::proto::ModelDef& def) {
  return message_json(def).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<std::string> om_json(std::span<const std::byte> file) {
  CAIRN_ASSIGN(const std::span<const std::byte> part, om::find_model_def(file));
  std::string json;
  CAIRN_RETURN_IF_ERROR(om::with_model_def(part, [&](const ge::proto::ModelDef& def) {
    json = json_of(def);
    return Status();
  }));
  return json;
}

Result<std::string> om_json(const OmModel& model) {
  CAIRN_ASSIGN(const std::string bytes, om::encode_model_def(model));
  ge::proto::ModelDef def;
  static_cast<void>(def.ParseFromString(bytes));
  return json_of(def);
}

namespace {

/// Keeps the first complaint of the parser.
class FirstError : public pb::io::ErrorCollector {
 public:
  std::string text;

  void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override {
    if (text.empty()) text = fmt::format("line {}, column {}: {}", line + 1, column + 1, message);
  }
};

}  // namespace

Result<std::string> graph_dump_json(std::string_view text) {
  constexpr int kMostNesting = 100;
  constexpr size_t kMostBytes = size_t{512} << 20;
  if (text.size() > kMostBytes)
    return error(ACL_ERROR_INVALID_PARAM, "MDL-001", "the text has {} bytes, at most {} are read",
                 text.size(), kMostBytes);
  pb::TextFormat::Parser parser;
  FirstError problem;
  parser.RecordErrorsTo(&problem);
  parser.AllowUnknownField(true);
  parser.SetRecursionLimit(kMostNesting);
  pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  ge::proto::ModelDef def;
  if (!parser.Parse(&stream, &def) || def.graph().empty())
    return error(ACL_ERROR_INVALID_PARAM, "MDL-001", "{}",
                 problem.text.empty() ? std::string("it holds no graph") : problem.text);
  return json_of(def);
}

}  // namespace cairn
