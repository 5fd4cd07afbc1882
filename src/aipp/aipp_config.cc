#include "aipp/aipp_config.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "insert_op.pb.h"

namespace cairn {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

constexpr int kInvalidParam = 100000;  // ACL_ERROR_INVALID_PARAM
constexpr int kUnsupported = 200006;   // ACL_ERROR_FEATURE_UNSUPPORTED
constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr int kMaxBlocks = 64;
constexpr size_t kMaxQuoted = 160;  // Longest piece of the file repeated in an error text.

std::string printable(std::string_view text) {
  std::string result(text.substr(0, kMaxQuoted));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  if (text.size() > kMaxQuoted) result += "...";
  return result;
}

// The line that contains text[offset], without the blanks around it.
std::string_view line_at(std::string_view text, size_t offset) {
  const size_t begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;  // npos + 1 is 0.
  const std::string_view line = text.substr(begin, text.find('\n', offset) - begin);
  const size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
}

// Offset of the first character of a line, counted from 0.
size_t offset_of_line(std::string_view text, int line) {
  size_t offset = 0;
  for (; line > 0; --line) {
    const size_t end = text.find('\n', offset);
    if (end == std::string_view::npos) break;
    offset = end + 1;
  }
  return offset;
}

std::string names_of(const google::protobuf::EnumDescriptor& type) {
  std::string names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) names += (names.empty() ? "" : ", ") + type.value(i)->name();
  }
  return names;
}

std::string allowed_values(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return "one of " + names_of(*field.enum_type());
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_INT32:
      return "an integer";
    case FieldDescriptor::CPPTYPE_UINT32:
      return "an integer of 0 or more";
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "a number";
    case FieldDescriptor::CPPTYPE_STRING:
      return "a text in quotes";
    default:
      return "a block { ... }";
  }
}

std::string keys_of(const Descriptor& type) {
  std::string keys;
  for (int i = 0; i < type.field_count(); ++i)
    keys += (i == 0 ? "" : ", ") + type.field(i)->name();
  return keys;
}

// What may stand at `key`: its values if it is a key, otherwise the keys.
std::string hint(const std::string& key) {
  if (key.empty() || domi::InsertNewOps::descriptor()->FindFieldByName(key) != nullptr) return {};
  const Descriptor& type = *domi::AippOpParams::descriptor();
  if (const FieldDescriptor* field = type.FindFieldByName(key))
    return fmt::format("; {} is {}", key, allowed_values(*field));
  return fmt::format("; keys of aipp_op are {}", keys_of(type));
}

std::string first_word(std::string_view text) {
  const auto is_name = [](char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  return {text.begin(), std::find_if_not(text.begin(), text.end(), is_name)};
}

// NAME of a message with `field "NAME"`.
std::string field_of(const std::string& message) {
  constexpr std::string_view kMark = "field \"";
  const size_t begin = message.find(kMark);
  return begin == std::string::npos ? std::string()
                                    : first_word(std::string_view(message).substr(begin + kMark.size()));
}

// Keeps the first error only: the later ones follow from it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(std::string_view text) : text_(text) {}

  void AddError(int line, google::protobuf::io::ColumnNumber /*column*/,
                const std::string& message) override {
    if (!status_.is_ok()) return;
    std::string key = field_of(message);
    size_t offset = offset_of_line(text_, line);
    // A wrong value is reported at the token behind it, maybe on another line: go back to its key.
    if (const size_t found = text_.substr(0, text_.find('\n', offset)).rfind(key);
        !key.empty() && found != std::string_view::npos)
      offset = found;
    const std::string_view source = line_at(text_, offset);
    if (key.empty()) key = first_word(source);
    const auto number =
        std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(offset), '\n') + 1;
    status_ = error(kInvalidParam, "E10052", "line {}: {} In \"{}\"{}", number, printable(message),
                    printable(source), hint(key));
  }

  const Status& status() const { return status_; }

 private:
  std::string_view text_;
  Status status_;
};

using Locations = TextFormat::ParseInfoTree;

// One parsed block together with the places of its keys in the file.
class Block {
 public:
  Block(const domi::AippOpParams& message, const Locations* locations, int line)
      : message_(message), locations_(locations), line_(line) {}

  const domi::AippOpParams& message() const { return message_; }
  int line() const { return line_; }

  /// Line of the key, or of the block if the key is absent.
  int line_of_key(std::string_view key) const {
    const FieldDescriptor* field = domi::AippOpParams::descriptor()->FindFieldByName(std::string(key));
    if (field == nullptr || locations_ == nullptr) return line_;
    const TextFormat::ParseLocation location = locations_->GetLocation(field, field->is_repeated() ? 0 : -1);
    return location.line < 0 ? line_ : location.line + 1;
  }

  Status check_given_once() const {
    const auto* reflection = message_.GetReflection();
    const Descriptor& type = *message_.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (field.is_repeated() && reflection->FieldSize(message_, &field) > 1)
        return error(kInvalidParam, "E10052", "line {}: {} has {} values; give it once",
                     line_of_key(field.name()), field.name(), reflection->FieldSize(message_, &field));
    }
    return {};
  }

 private:
  const domi::AippOpParams& message_;
  const Locations* locations_;
  int line_;
};

template <class T>
T first_or(const google::protobuf::RepeatedField<T>& values, T otherwise) {
  return values.empty() ? otherwise : values.Get(0);
}

bool has_csc(const domi::AippOpParams& m) {
  return m.matrix_r0c0_size() + m.matrix_r0c1_size() + m.matrix_r0c2_size() + m.matrix_r1c0_size() +
             m.matrix_r1c1_size() + m.matrix_r1c2_size() + m.matrix_r2c0_size() + m.matrix_r2c1_size() +
             m.matrix_r2c2_size() + m.output_bias_0_size() + m.output_bias_1_size() + m.output_bias_2_size() +
             m.input_bias_0_size() + m.input_bias_1_size() + m.input_bias_2_size() >
         0;
}

AippParams to_params(const domi::AippOpParams& m) {
  AippParams p;
  p.aipp_mode = static_cast<AippMode>(m.aipp_mode());
  p.input_format = static_cast<AippInputFormat>(m.input_format());
  p.src_image_size_w = m.src_image_size_w();
  p.src_image_size_h = m.src_image_size_h();
  p.crop = m.crop();
  p.load_start_pos_w = m.load_start_pos_w();
  p.load_start_pos_h = m.load_start_pos_h();
  p.crop_size_w = m.crop_size_w();
  p.crop_size_h = m.crop_size_h();
  p.resize = m.resize();
  p.resize_output_w = m.resize_output_w();
  p.resize_output_h = m.resize_output_h();
  p.padding = m.padding();
  p.left_padding_size = m.left_padding_size();
  p.right_padding_size = m.right_padding_size();
  p.top_padding_size = m.top_padding_size();
  p.bottom_padding_size = m.bottom_padding_size();
  p.padding_value = m.padding_value();
  p.rbuv_swap_switch = m.rbuv_swap_switch();
  p.ax_swap_switch = m.ax_swap_switch();
  p.single_line_mode = m.single_line_mode();
  p.csc_switch = m.csc_switch();
  p.csc_given = has_csc(m);
  p.matrix = {{{first_or(m.matrix_r0c0(), 0), first_or(m.matrix_r0c1(), 0), first_or(m.matrix_r0c2(), 0)},
               {first_or(m.matrix_r1c0(), 0), first_or(m.matrix_r1c1(), 0), first_or(m.matrix_r1c2(), 0)},
               {first_or(m.matrix_r2c0(), 0), first_or(m.matrix_r2c1(), 0), first_or(m.matrix_r2c2(), 0)}}};
  p.output_bias = {first_or(m.output_bias_0(), 0), first_or(m.output_bias_1(), 0),
                   first_or(m.output_bias_2(), 0)};
  p.input_bias = {first_or(m.input_bias_0(), 0), first_or(m.input_bias_1(), 0),
                  first_or(m.input_bias_2(), 0)};
  p.mean_chn = {m.mean_chn_0(), m.mean_chn_1(), m.mean_chn_2(), m.mean_chn_3()};
  p.min_chn = {m.min_chn_0(), m.min_chn_1(), m.min_chn_2(), m.min_chn_3()};
  p.var_reci_chn = {first_or(m.var_reci_chn_0(), 1.0F), first_or(m.var_reci_chn_1(), 1.0F),
                    first_or(m.var_reci_chn_2(), 1.0F), first_or(m.var_reci_chn_3(), 1.0F)};
  p.max_src_image_size = m.max_src_image_size();
  p.support_rotation = m.support_rotation();
  clear_disabled(p);
  return p;
}

Status check_mode(const Block& block, const AippParams& params) {
  switch (params.aipp_mode) {
    case AippMode::kUndefined:
      return error(kInvalidParam, "E10052", "line {}: aipp_mode is required; set it to static or dynamic",
                   block.line_of_key("aipp_mode"));
    case AippMode::kStatic:
      if (params.input_format == AippInputFormat::kUndefined)
        return error(kInvalidParam, "E10052",
                     "line {}: input_format is required with aipp_mode static; set it to one of {}",
                     block.line_of_key("input_format"),
                     names_of(*domi::AippOpParams::InputFormat_descriptor()));
      return {};
    case AippMode::kDynamic:
      if (params.max_src_image_size == 0)
        return error(kInvalidParam, "E10052",
                     "line {}: max_src_image_size, the bytes of the image input, is required with aipp_mode "
                     "dynamic and must "
                     "be larger than 0",
                     block.line_of_key("max_src_image_size"));
      return {};
  }
  return {};
}

Status check_static_values(const Block& block, const AippParams& params) {
  if (first_or(block.message().cpadding_value(), 0.0F) != 0.0F)
    return error(kUnsupported, "E10052", "line {}: cpadding_value is not supported; use padding_value",
                 block.line_of_key("cpadding_value"));
  const AippRangeError range = check_ranges(params);
  if (range.status.is_ok()) return {};
  return Status(range.status.code(),
                fmt::format("{} (line {})", range.status.text(), block.line_of_key(range.key)));
}

Result<AippConfigOp> to_op(const Block& block) {
  CAIRN_RETURN_IF_ERROR(block.check_given_once());
  const domi::AippOpParams& message = block.message();
  AippConfigOp op;
  op.line = block.line();
  op.params = to_params(message);
  op.related_input_name = message.related_input_name();
  op.related_input_rank = message.related_input_rank();
  if (message.input_edge_idx_size() > 0) op.input_edge_idx = message.input_edge_idx(0);
  if (message.has_related_input_name() && message.has_related_input_rank())
    return error(kInvalidParam, "E10052", "line {}: give related_input_rank or related_input_name, not both",
                 block.line_of_key("related_input_name"));
  CAIRN_RETURN_IF_ERROR(check_mode(block, op.params));
  if (op.params.aipp_mode == AippMode::kStatic) CAIRN_RETURN_IF_ERROR(check_static_values(block, op.params));
  return op;
}

bool share_edge(const AippConfigOp& a, const AippConfigOp& b) {
  if (a.related_input_name != b.related_input_name || a.related_input_rank != b.related_input_rank)
    return false;
  return !a.input_edge_idx || !b.input_edge_idx || *a.input_edge_idx == *b.input_edge_idx;
}

// Rules between a block and one before it.
Status check_pair(const AippConfigOp& earlier, const AippConfigOp& later) {
  if (earlier.related_input_name.empty() != later.related_input_name.empty())
    return error(
        kInvalidParam, "E10052",
        "line {}: this block names its input by {}, the one in line {} does not; use related_input_rank or "
        "related_input_name in all blocks",
        later.line, later.related_input_name.empty() ? "related_input_rank" : "related_input_name",
        earlier.line);
  if (share_edge(earlier, later))
    return error(
        kInvalidParam, "E10052",
        "line {}: this block and the one in line {} are for the same model input; give them different "
        "related_input_rank, related_input_name or input_edge_idx",
        later.line, earlier.line);
  if (earlier.params.aipp_mode != later.params.aipp_mode)
    return error(kInvalidParam, "GM1-002",
                 "line {}: static and dynamic AIPP cannot be used together (see line {})", later.line,
                 earlier.line);
  return {};
}

Status add_op(std::vector<AippConfigOp>& ops, AippConfigOp op) {
  for (const AippConfigOp& earlier : ops)
    CAIRN_RETURN_IF_ERROR(check_pair(earlier, op));
  ops.push_back(std::move(op));
  return {};
}

}  // namespace

Result<std::vector<AippConfigOp>> parse_aipp_config(std::string_view text) {
  if (text.size() > kMaxBytes)
    return error(kInvalidParam, "E10052", "the AIPP configuration has {} bytes; at most {} are read",
                 text.size(), kMaxBytes);
  domi::InsertNewOps message;
  Locations locations;
  FirstError first_error(text);
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&first_error);
  parser.WriteLocationsTo(&locations);
  parser.SetRecursionLimit(4);
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  const bool parsed = parser.Parse(&stream, &message);
  if (!first_error.status().is_ok()) return first_error.status();
  if (!parsed) return error(kInvalidParam, "E10052", "the AIPP configuration is not in protobuf text format");
  if (message.aipp_op_size() == 0)
    return error(kInvalidParam, "E10052", "the AIPP configuration has no block aipp_op {{ ... }}");
  if (message.aipp_op_size() > kMaxBlocks)
    return error(kInvalidParam, "E10052", "the AIPP configuration has {} blocks aipp_op; at most {} are read",
                 message.aipp_op_size(), kMaxBlocks);

  const FieldDescriptor* field = domi::InsertNewOps::descriptor()->field(0);
  std::vector<AippConfigOp> ops;
  for (int i = 0; i < message.aipp_op_size(); ++i) {
    const Block block(message.aipp_op(i), locations.GetTreeForNested(field, i),
                      locations.GetLocation(field, i).line + 1);
    CAIRN_ASSIGN(AippConfigOp op, to_op(block));
    CAIRN_RETURN_IF_ERROR(add_op(ops, std::move(op)));
  }
  return ops;
}

}  // namespace cairn
