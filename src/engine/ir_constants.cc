#include "engine/ir_constants.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace cairn {
namespace {

/// The value of ` name="..."` inside a tag, still escaped.
std::optional<std::string_view> attribute(std::string_view tag, std::string_view name) {
  for (size_t at = tag.find(name); at != tag.npos; at = tag.find(name, at + 1)) {
    const std::string_view rest = tag.substr(at + name.size());
    if (at == 0 || tag[at - 1] != ' ' || !rest.starts_with("=\"")) continue;
    return rest.substr(2, rest.find('"', 2) - 2);
  }
  return std::nullopt;
}

std::string unescape(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string plain;
  while (!text.empty()) {
    bool found = false;
    for (const auto& [entity, letter] : kEntities) {
      if (!text.starts_with(entity)) continue;
      plain += letter;
      text.remove_prefix(entity.size());
      found = true;
      break;
    }
    if (found) continue;
    plain += text.front();
    text.remove_prefix(1);
  }
  return plain;
}

/// Calls `take` for each name of a list separated by commas; a comma in a name has a backslash before it.
template <class Take>
void each_name(const std::string& list, Take&& take) {
  std::string name;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '\\' && i + 1 < list.size() && list[i + 1] == ',') {
      name += list[++i];
    } else if (list[i] == ',') {
      take(std::exchange(name, {}));
    } else {
      name += list[i];
    }
  }
  if (!name.empty()) take(name);
}

uint64_t number(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The tag that begins with `opening` in `text`, or nothing.
std::optional<std::string_view> tag(std::string_view text, std::string_view opening) {
  const size_t begin = text.find(opening);
  if (begin == text.npos) return std::nullopt;
  return text.substr(begin, text.find('>', begin) - begin);
}

}  // namespace

std::map<std::string, NetworkIr::Place, std::less<>> find_ir_constants(std::string_view xml) {
  std::map<std::string, NetworkIr::Place, std::less<>> places;
  for (size_t at = xml.find("<layer "); at != xml.npos; at = xml.find("<layer ", at)) {
    const size_t end = xml.find("</layer>", at);
    const std::string_view layer = xml.substr(at, end - at);
    at = end == xml.npos ? xml.size() : end;
    if (attribute(*tag(layer, "<layer "), "type") != "Const") continue;
    const auto data = tag(layer, "<data ");
    const auto port = tag(layer, "<port ");
    if (!data || !port) continue;
    const auto offset = attribute(*data, "offset");
    const auto size = attribute(*data, "size");
    const auto names = attribute(*port, "names");
    if (!offset || !size || !names) continue;
    each_name(unescape(*names), [&](const std::string& name) {
      places[name] = {number(*offset), number(*size)};
    });
  }
  return places;
}

}  // namespace cairn
