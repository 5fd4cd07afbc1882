#include "compiler/single_op_file.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "acl/acl_mdl.h"
#include "base/half.h"
#include "compiler/compile_error.h"
#include "om/om_types.h"
#include "tensor/data_type.h"

namespace cairn {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostOperators = 100000;
constexpr size_t kMostTensors = 1024;
constexpr size_t kLongestName = 128;
constexpr size_t kMostConstantBytes = size_t{64} << 20;

struct TypeName {
  std::string_view name;
  aclDataType type;
};
constexpr std::array kTypes = std::to_array<TypeName>({
    {"float", ACL_FLOAT},
    {"float32", ACL_FLOAT},
    {"float16", ACL_FLOAT16},
    {"fp16", ACL_FLOAT16},
    {"half", ACL_FLOAT16},
    {"int8", ACL_INT8},
    {"int32", ACL_INT32},
    {"uint8", ACL_UINT8},
    {"int16", ACL_INT16},
    {"uint16", ACL_UINT16},
    {"uint32", ACL_UINT32},
    {"int64", ACL_INT64},
    {"uint64", ACL_UINT64},
    {"double", ACL_DOUBLE},
    {"bool", ACL_BOOL},
    {"complex64", ACL_COMPLEX64},
    {"complex128", ACL_COMPLEX128},
    {"bfloat16", ACL_BF16},
    {"undefined", ACL_DT_UNDEFINED},
    {"reserved", ACL_DT_UNDEFINED},
});

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::tolower(letter); });
  return text;
}

std::optional<aclDataType> type_of(std::string_view name) {
  const auto found = std::ranges::find(kTypes, name, &TypeName::name);
  return found == kTypes.end() ? std::nullopt : std::optional(found->type);
}

/// Formats are named as in the enum, in letters of either case.
std::optional<aclFormat> format_of(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char letter) { return std::toupper(letter); });
  if (name == "UNDEFINED" || name == "RESERVED") return ACL_FORMAT_UNDEFINED;
  const aclFormat format = om::format_of_name(name);
  return format == ACL_FORMAT_UNDEFINED ? std::nullopt : std::optional(format);
}

/// The text of a value in messages.
std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  constexpr size_t kLongest = 80;
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

bool is_whole(const Json& value) {
  return value.is_number_integer() && !(value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX);
}

/// Reads one description of the file.
class EntryReader {
 public:
  explicit EntryReader(std::string where) : where_(std::move(where)) {}

  Result<OperatorSpec> read(const Json& entry) {
    OperatorSpec spec;
    const auto op = entry.find("op");
    if (op == entry.end() || !op->is_string() || op->get_ref<const std::string&>().empty())
      return compile_error("E10026", {where_});
    spec.type = op->get<std::string>();
    where_ += " (" + spec.type + ")";
    CAIRN_ASSIGN(spec.inputs, tensors(entry, "input_desc"));
    while (!spec.inputs.empty() && spec.inputs.back().is_absent())
      spec.inputs.pop_back();
    CAIRN_ASSIGN(spec.outputs, tensors(entry, "output_desc"));
    if (spec.outputs.empty()) return wrong("output_desc", "nothing", "an operator has outputs");
    for (const OperatorTensor& output : spec.outputs)
      if (output.is_absent() || output.constant)
        return wrong("output_desc", "an absent tensor", "outputs have a type, and are not constant");
    CAIRN_RETURN_IF_ERROR(attributes(entry, spec.attributes));
    return spec;
  }

 private:
  Status wrong(std::string_view key, std::string_view value, std::string_view reason) const {
    return compile_error("E10027", {value, fmt::format("{} of {}", key, where_), reason});
  }

  Result<std::vector<OperatorTensor>> tensors(const Json& entry, const char* key) {
    std::vector<OperatorTensor> list;
    const auto found = entry.find(key);
    if (found == entry.end()) return list;
    if (!found->is_array() || found->size() > kMostTensors)
      return wrong(key, shown(*found), fmt::format("it must be a list of at most {} tensors", kMostTensors));
    std::map<std::string, size_t> numbers;  // Of the tensors of a list, by its name.
    for (const Json& each : *found) {
      if (!each.is_object()) return wrong(key, shown(each), "it must be an object");
      CAIRN_ASSIGN(OperatorTensor tensor, read_tensor(each, key));
      for (const char* list_key : {"dynamic_input", "dynamic_output"})
        if (const auto prefix = each.find(list_key); prefix != each.end() && prefix->is_string()) {
          const auto name = prefix->get<std::string>();
          tensor.name = fmt::format("{}{}", name, numbers[name]++);
        }
      list.push_back(std::move(tensor));
    }
    return list;
  }

  Result<OperatorTensor> read_tensor(const Json& from, const char* key) {
    OperatorTensor tensor;
    const auto type_text = from.find("type");
    const auto type = type_text != from.end() && type_text->is_string()
                          ? type_of(lower(type_text->get<std::string>()))
                          : std::nullopt;
    if (!type)
      return wrong(key, type_text == from.end() ? "no type" : shown(*type_text),
                   "\"type\" must name a data type such as float16");
    tensor.data_type = *type;
    const auto format_text = from.find("format");
    const auto format = format_text != from.end() && format_text->is_string()
                            ? format_of(format_text->get<std::string>())
                            : std::nullopt;
    if (!format)
      return wrong(key, format_text == from.end() ? "no format" : shown(*format_text),
                   "\"format\" must name a format such as ND");
    tensor.format = *format;
    if (const auto name = from.find("name"); name != from.end() && name->is_string())
      tensor.name = name->get<std::string>();
    if (tensor.is_absent()) return tensor;
    if (tensor.format == ACL_FORMAT_UNDEFINED)
      return wrong(key, shown(*format_text), "only an input that is not used has no format");
    CAIRN_RETURN_IF_ERROR(read_shape(from, key, tensor));
    CAIRN_RETURN_IF_ERROR(read_ranges(from, key, tensor));
    CAIRN_RETURN_IF_ERROR(read_constant(from, key, tensor));
    return tensor;
  }

  Status read_shape(const Json& from, const char* key, OperatorTensor& tensor) const {
    const auto shape = from.find("shape");
    if (shape == from.end() || !shape->is_array() || shape->size() > ACL_MAX_DIM_CNT)
      return wrong(key, shape == from.end() ? "no shape" : shown(*shape),
                   "\"shape\" must be a list of sizes");
    for (const Json& dim : *shape) {
      if (!is_whole(dim) || dim.get<int64_t>() < -2) return wrong(key, shown(*shape), "a size is wrong");
      tensor.dims.push_back(dim.get<int64_t>());
    }
    const bool any_rank = std::ranges::find(tensor.dims, -2) != tensor.dims.end();
    if (any_rank && (tensor.dims.size() != 1 || from.contains("shape_range")))
      return wrong(key, shown(*shape), "-2 stands alone and without shape_range");
    std::vector<int64_t> known = tensor.dims;
    std::ranges::replace_if(
        known, [](int64_t dim) { return dim < 0; }, 1);
    if (!om::tensor_bytes(tensor.data_type, known))
      return wrong(key, shown(*shape), "a tensor of this type and shape is not possible");
    return {};
  }

  /// One range for each dim, or for each that is -1.
  Status read_ranges(const Json& from, const char* key, OperatorTensor& tensor) const {
    const auto ranges = from.find("shape_range");
    if (ranges == from.end() || (ranges->is_array() && ranges->empty())) return {};
    const auto open = static_cast<size_t>(std::ranges::count(tensor.dims, -1));
    if (!ranges->is_array() || (ranges->size() != tensor.dims.size() && ranges->size() != open))
      return wrong(key, shown(*ranges),
                   "\"shape_range\" must have a range for each dim, or for each that is -1");
    const bool for_all = ranges->size() == tensor.dims.size();
    size_t next = 0;
    for (const int64_t dim : tensor.dims) {
      DimRange range = DimRange::fixed(dim);
      if (dim < 0) range = {0, -1};
      if (for_all || dim < 0) {
        const Json& given = (*ranges)[next++];
        if (!given.is_array() || given.size() != 2 || !is_whole(given[0]) || !is_whole(given[1]))
          return wrong(key, shown(*ranges), "a range is [least, most]");
        range = {given[0].get<int64_t>(), given[1].get<int64_t>()};
        if (range.least < 0 || range.most < -1 || (range.most >= 0 && range.most < range.least) ||
            (dim >= 0 && !range.contains(dim)))
          return wrong(key, shown(*ranges), "a range is [least, most] around the size, -1: without limit");
      }
      tensor.ranges.push_back(range);
    }
    if (open == 0) tensor.ranges.clear();
    return {};
  }

  Status read_constant(const Json& from, const char* key, OperatorTensor& tensor) const {
    const auto is_const = from.find("is_const");
    const auto values = from.find("const_value");
    if (is_const == from.end() || !is_const->is_boolean() || !is_const->get<bool>()) return {};
    const auto bytes = tensor.bytes();
    if (!bytes || *bytes > kMostConstantBytes)
      return wrong(key, from.contains("shape") ? shown(from["shape"]) : "",
                   "the shape of a constant is known");
    if (values == from.end()) return wrong(key, "no const_value", "a constant has values");
    const Json list = values->is_array() ? *values : Json::array({*values});
    const size_t size = data_type_size(tensor.data_type);
    if (list.size() * size != *bytes)
      return wrong(key, shown(*values),
                   fmt::format("the constant has {} values", *bytes / std::max<size_t>(size, 1)));
    tensor.constant.emplace();
    for (const Json& value : list)
      if (!append(value, tensor.data_type, *tensor.constant))
        return wrong(key, shown(value), fmt::format("a value of type {}", data_type_name(tensor.data_type)));
    return {};
  }

  template <class Number>
  static void append_bytes(Number number, std::vector<std::byte>& bytes) {
    const auto* start = reinterpret_cast<const std::byte*>(&number);
    bytes.insert(bytes.end(), start, start + sizeof number);
  }

  template <class Number>
  static bool append_whole(const Json& value, std::vector<std::byte>& bytes) {
    if (!value.is_number_integer()) return false;
    if (value.is_number_unsigned()
            ? value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<Number>::max())
            : value.get<int64_t>() < static_cast<int64_t>(std::numeric_limits<Number>::min()))
      return false;
    append_bytes(value.is_number_unsigned() ? static_cast<Number>(value.get<uint64_t>())
                                            : static_cast<Number>(value.get<int64_t>()),
                 bytes);
    return true;
  }

  static bool append(const Json& value, aclDataType type, std::vector<std::byte>& bytes) {
    switch (type) {
      case ACL_INT8:
        return append_whole<int8_t>(value, bytes);
      case ACL_UINT8:
        return append_whole<uint8_t>(value, bytes);
      case ACL_INT16:
        return append_whole<int16_t>(value, bytes);
      case ACL_UINT16:
        return append_whole<uint16_t>(value, bytes);
      case ACL_INT32:
        return append_whole<int32_t>(value, bytes);
      case ACL_UINT32:
        return append_whole<uint32_t>(value, bytes);
      case ACL_INT64:
        return append_whole<int64_t>(value, bytes);
      case ACL_UINT64:
        return append_whole<uint64_t>(value, bytes);
      case ACL_BOOL:
        if (!value.is_boolean() && !value.is_number_integer()) return false;
        append_bytes(static_cast<uint8_t>(value.is_boolean() ? value.get<bool>() : value != 0), bytes);
        return true;
      default:
        break;
    }
    if (!value.is_number()) return false;
    const auto number = value.get<double>();
    switch (type) {
      case ACL_FLOAT:
        append_bytes(static_cast<float>(number), bytes);
        return true;
      case ACL_DOUBLE:
        append_bytes(number, bytes);
        return true;
      case ACL_FLOAT16:
        append_bytes(float_to_half(static_cast<float>(number)), bytes);
        return true;
      default:
        return false;
    }
  }

  Status attributes(const Json& entry, std::vector<OmAttribute>& list) const {
    const auto found = entry.find("attr");
    if (found == entry.end()) return {};
    if (!found->is_array()) return wrong("attr", shown(*found), "it must be a list");
    for (const Json& each : *found) {
      const auto name = each.is_object() ? each.find("name") : each.end();
      if (!each.is_object() || name == each.end() || !name->is_string() ||
          name->get_ref<const std::string&>().empty())
        return compile_error("E10029", {where_});
      const auto type = each.find("type");
      const auto value = each.find("value");
      std::optional<OmAttributeValue> read;
      if (type != each.end() && type->is_string() && value != each.end())
        read = attribute_value(lower(type->get<std::string>()), *value);
      if (!read)
        return compile_error(
            "E10030", {value == each.end() ? "nothing" : shown(*value), name->get<std::string>(), where_});
      const auto known = std::ranges::find(list, name->get<std::string>(), &OmAttribute::name);
      if (known != list.end())
        known->value = std::move(*read);
      else
        list.push_back({name->get<std::string>(), std::move(*read)});
    }
    return {};
  }

  template <class Element, class Test>
  static std::optional<OmAttributeValue> list_of(const Json& value, Test test) {
    if (!value.is_array()) return std::nullopt;
    std::vector<Element> list;
    for (const Json& each : value) {
      if (!test(each)) return std::nullopt;
      list.push_back(each.is_boolean() ? Element(each.template get<bool>()) : each.template get<Element>());
    }
    return list;
  }

  static std::optional<OmAttributeValue> attribute_value(const std::string& type, const Json& value) {
    const auto is_number = [](const Json& each) { return each.is_number(); };
    if (type == "bool" && value.is_boolean()) return value.get<bool>();
    if (type == "int" && is_whole(value)) return value.get<int64_t>();
    if (type == "float" && value.is_number()) return static_cast<float>(value.get<double>());
    if (type == "string" && value.is_string()) return value.get<std::string>();
    if (type == "data_type") return data_type_attribute(value);
    if (type == "list_int") return list_of<int64_t>(value, is_whole);
    if (type == "list_bool")
      return list_of<int64_t>(value, [](const Json& each) { return each.is_boolean() || is_whole(each); });
    if (type == "list_float") return list_of<float>(value, is_number);
    if (type == "list_list_int" && value.is_array()) {
      std::vector<int64_t> all;  // One after the other, as in aclopSetAttrListListInt.
      for (const Json& each : value) {
        const auto inner = list_of<int64_t>(each, is_whole);
        if (!inner) return std::nullopt;
        const auto& numbers = std::get<std::vector<int64_t>>(*inner);
        all.insert(all.end(), numbers.begin(), numbers.end());
      }
      return all;
    }
    if (type == "list_string" && value.is_array()) {
      std::vector<std::string> list;
      for (const Json& each : value) {
        if (!each.is_string()) return std::nullopt;
        list.push_back(each.get<std::string>());
      }
      return list;
    }
    return std::nullopt;
  }

  /// "DT_FLOAT", or the number of an aclDataType.
  static std::optional<OmAttributeValue> data_type_attribute(const Json& value) {
    if (is_whole(value)) return value.get<int64_t>();
    if (!value.is_string()) return std::nullopt;
    const aclDataType type = om::type_of_name(value.get<std::string>());
    if (type == ACL_DT_UNDEFINED) return std::nullopt;
    return int64_t{type};
  }

  std::string where_;
};

std::string name_of(size_t index, const OperatorSpec& spec) {
  std::string name = fmt::format("{}_{}", index, spec.type);
  std::ranges::replace(name, '/', '_');
  for (const auto* tensors : {&spec.inputs, &spec.outputs})
    for (const OperatorTensor& tensor : *tensors) {
      name += fmt::format("_{}_{}", static_cast<int>(tensor.data_type), static_cast<int>(tensor.format));
      for (const int64_t dim : tensor.dims)
        name += fmt::format("_{}", dim);
    }
  return name.substr(0, kLongestName);
}

}  // namespace

Result<std::vector<SingleOpEntry>> read_single_ops(std::string_view text, std::string_view path) {
  const Json file = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (file.is_discarded()) return compile_error("E10025", {path, "it is no valid JSON"});
  if (!file.is_array() || file.size() > kMostOperators)
    return compile_error("E10025",
                         {path, fmt::format("it must hold a list of at most {} operators", kMostOperators)});
  std::vector<SingleOpEntry> entries;
  bool is_fuzzy = false;
  for (const Json& each : file) {
    if (!each.is_object()) return compile_error("E10025", {path, shown(each) + " is no object"});
    if (const auto flag = each.find("compile_flag"); flag != each.end() && !each.contains("op")) {
      is_fuzzy = *flag == 1;
      continue;
    }
    CAIRN_ASSIGN(OperatorSpec spec, EntryReader(fmt::format("operator {}", entries.size())).read(each));
    SingleOpEntry entry;
    entry.file_name = name_of(entries.size(), spec);
    entry.spec = std::move(spec);
    entry.is_fuzzy = is_fuzzy;
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) return compile_error("E10025", {path, "it holds no operator"});
  return entries;
}

}  // namespace cairn
