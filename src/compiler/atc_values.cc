#include "compiler/atc_values.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <set>

#include "compiler/compile_error.h"

namespace cairn {
namespace {

constexpr std::array<std::pair<std::string_view, aclDataType>, 4> kOutputTypes = {
    {{"FP32", ACL_FLOAT}, {"FP16", ACL_FLOAT16}, {"UINT8", ACL_UINT8}, {"INT8", ACL_INT8}}};

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<aclDataType> output_type(std::string_view name) {
  for (const auto& [known, type] : kOutputTypes)
    if (known == name) return type;
  return std::nullopt;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

/// "3", "-1", "1~8" or "1~-1".
Result<DimRange> parse_dim(std::string_view text, std::string_view name, std::string_view word) {
  const size_t tilde = word.find('~');
  const auto first = whole_number(trim(word.substr(0, tilde)));
  const auto last = tilde == word.npos ? first : whole_number(trim(word.substr(tilde + 1)));
  if (!first || !last) return compile_error("E10002", {text, fmt::format("[{}] is no whole number", word)});
  if (tilde == word.npos && *first == -1) return DimRange();
  if (tilde != word.npos && *first >= 0 && *last == -1) return DimRange{*first, -1};
  if (*first <= 0) return compile_error("E10011", {text, word, name});
  if (*last < *first) return compile_error("E10050", {text, word, name});
  return DimRange{*first, *last};
}

}  // namespace

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<std::vector<InputShape>> parse_input_shape(std::string_view text) {
  std::vector<InputShape> shapes;
  std::set<std::string> names;
  for (const std::string& part : split_list(text)) {
    const size_t colon = part.rfind(':');
    if (colon == part.npos || colon == 0)
      return compile_error("E10002", {text, fmt::format("[{}] has no name before a colon", part)});
    InputShape shape{part.substr(0, colon), {}};
    if (!names.insert(shape.name).second)
      return compile_error("E10002", {text, fmt::format("[{}] is named twice", shape.name)});
    for (const std::string& word : split_list(std::string_view(part).substr(colon + 1), ',')) {
      CAIRN_ASSIGN(const DimRange dim, parse_dim(text, shape.name, word));
      shape.dims.push_back(dim);
    }
    shapes.push_back(std::move(shape));
  }
  if (shapes.empty()) return compile_error("E10002", {text, "it names no input"});
  return shapes;
}

Result<std::vector<InputShape>> parse_input_shape_range(std::string_view text) {
  std::vector<InputShape> shapes;
  std::set<std::string> names;
  const auto fail = [&](std::string_view reason) { return compile_error("E10048", {text, reason}); };
  for (std::string_view rest = trim(text); !rest.empty(); rest = trim(rest)) {
    const size_t open = rest.find('[');
    const size_t close = rest.find(']');
    if (open == rest.npos || close == rest.npos || close < open)
      return fail(fmt::format("[{}] has no dims in brackets", rest));
    std::string_view name = trim(rest.substr(0, open));
    if (!name.empty() && !name.ends_with(':'))
      return fail(fmt::format("there is no colon behind [{}]", name));
    name = name.substr(0, name.empty() ? 0 : name.size() - 1);
    InputShape shape{std::string(name), {}};
    if (!shapes.empty() && shapes[0].name.empty() != name.empty())
      return fail("either all inputs are named or none");
    if (!name.empty() && !names.insert(shape.name).second)
      return fail(fmt::format("[{}] is named twice", name));
    for (const std::string& word : split_list(rest.substr(open + 1, close - open - 1), ',')) {
      const auto dim = parse_dim(text, name, word);
      if (!dim.is_ok()) return fail(fmt::format("[{}] is no size and no range", word));
      shape.dims.push_back(*dim);
    }
    shapes.push_back(std::move(shape));
    rest = trim(rest.substr(close + 1));
    const char separator = name.empty() ? ',' : ';';
    if (!rest.empty() && rest.front() != separator)
      return fail(fmt::format("[{}] does not begin with {}", rest, separator));
    rest = rest.substr(std::min<size_t>(1, rest.size()));
  }
  if (shapes.empty()) return fail("it names no input");
  return shapes;
}

Result<std::vector<OutNode>> parse_out_nodes(std::string_view text) {
  std::vector<OutNode> nodes;
  for (const std::string& part : split_list(text)) {
    const size_t colon = part.rfind(':');
    const auto index =
        colon == part.npos ? std::nullopt : whole_number(std::string_view(part).substr(colon + 1));
    if (part.empty() || colon == 0 || (index && *index < 0))
      return compile_error("E10001",
                           {text, "--out_nodes", fmt::format("[{}] is not of the form node:index", part)});
    nodes.push_back(index ? OutNode{part.substr(0, colon), index} : OutNode{part, std::nullopt});
    if (index.has_value() != nodes.front().index.has_value())
      return compile_error("E10001", {text, "--out_nodes", "either all entries are node:index or none"});
  }
  if (nodes.empty()) return compile_error("E10001", {text, "--out_nodes", "it names no node"});
  return nodes;
}

Result<OutputTypes> parse_output_type(std::string_view text) {
  OutputTypes types;
  if (text.find(':') == text.npos) {
    types.all = output_type(text);
    if (!types.all)
      return compile_error("E10001", {text, "--output_type", "it must be FP32, FP16, UINT8 or INT8"});
    return types;
  }
  for (const std::string& part : split_list(text)) {
    const std::vector<std::string> words = split_list(part, ':');
    const auto fail = [&](std::string_view reason) {
      return compile_error("E10001", {text, "--output_type", fmt::format("[{}] {}", part, reason)});
    };
    if (words.size() < 3) return fail("is not of the form node:index:type");
    const auto type = output_type(words.back());
    const auto index = whole_number(words[words.size() - 2]);
    if (!type) return fail("must end with FP32, FP16, UINT8 or INT8");
    if (!index || *index < 0) return fail("has no index before the type");
    const size_t tail = words.back().size() + words[words.size() - 2].size() + 2;
    types.some.push_back({part.substr(0, part.size() - tail), *index, *type});
  }
  return types;
}

}  // namespace cairn
