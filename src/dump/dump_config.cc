#include "dump/dump_config.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "acl/acl_base.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr size_t kMostSteps = 100;

template <class... Args>
Status invalid(std::string_view rule, fmt::format_string<Args...> text, Args&&... args) {
  return error(ACL_ERROR_INVALID_DUMP_CONFIG, rule, "{}", fmt::format(text, std::forward<Args>(args)...));
}

/// The member if it is a text, else `otherwise`; another kind of value is an error.
Result<std::string> text_of(const Json& object, const char* key, const char* otherwise) {
  const auto found = object.find(key);
  if (found == object.end()) return std::string(otherwise);
  if (!found->is_string()) return invalid("SYS-014", "\"{}\" of \"dump\" must be a text", key);
  return found->get<std::string>();
}

/// One of some words; returns its position.
Result<size_t> choice_of(const Json& object, const char* key, std::initializer_list<const char*> allowed,
                         const char* otherwise) {
  CAIRN_ASSIGN(const std::string text, text_of(object, key, otherwise));
  const auto* const found = std::find(allowed.begin(), allowed.end(), text);
  if (found == allowed.end()) {
    const auto* const first = allowed.begin() + (std::string_view(*allowed.begin()).empty() ? 1 : 0);
    return invalid("SYS-014", "\"{}\" of \"dump\" is \"{}\"; allowed are {}", key, text,
                   fmt::join(first, allowed.end(), ", "));
  }
  return static_cast<size_t>(found - allowed.begin());
}

/// The member as an array; missing counts as empty.
Result<Json> array_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return Json::array();
  if (!found->is_array()) return invalid("DUMP-029", "\"{}\" of \"dump\" must be a list", key);
  return *found;
}

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "input3" with the prefix "input" is 3.
std::optional<uint64_t> numbered(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? number(text.substr(prefix.size())) : std::nullopt;
}

Result<DumpExclusion> exclusion_of(const Json& entry, const char* list) {
  if (!entry.is_object() || !entry.contains("name"))
    return invalid("DUMP-029", "an entry of \"{}\" needs \"name\", as in {{\"name\": \"conv\"}}", list);
  DumpExclusion exclusion;
  CAIRN_ASSIGN(exclusion.name, text_of(entry, "name", ""));
  CAIRN_ASSIGN(const Json places, array_of(entry, "pos"));
  for (const Json& place : places) {
    const std::string text = place.is_string() ? place.get<std::string>() : "";
    const auto input = numbered(text, "input");
    const auto output = numbered(text, "output");
    if (!input && !output)
      return invalid("DUMP-029", "\"pos\" of \"{}\" holds {}; write for example \"input0\" or \"output1\"",
                     list, place.dump(-1, ' ', true, Json::error_handler_t::replace));
    exclusion.everything = false;
    if (input) exclusion.inputs.insert(*input);
    if (output) exclusion.outputs.insert(*output);
  }
  return exclusion;
}

Result<std::vector<DumpExclusion>> exclusions_of(const Json& entry, const char* list) {
  CAIRN_ASSIGN(const Json entries, array_of(entry, list));
  std::vector<DumpExclusion> exclusions;
  for (const Json& one : entries) {
    CAIRN_ASSIGN(DumpExclusion exclusion, exclusion_of(one, list));
    exclusions.push_back(std::move(exclusion));
  }
  return exclusions;
}

Result<DumpModelChoice> model_choice(const Json& entry) {
  if (!entry.is_object() || !entry.contains("model_name"))
    return invalid("DUMP-029",
                   "an entry of \"dump_list\" needs \"model_name\", the name of the om file without .om");
  DumpModelChoice choice;
  CAIRN_ASSIGN(choice.model_name, text_of(entry, "model_name", ""));
  if (choice.model_name.empty()) return invalid("DUMP-029", "\"model_name\" in \"dump_list\" is empty");
  CAIRN_ASSIGN(const Json layers, array_of(entry, "layer"));
  for (const Json& layer : layers) {
    if (!layer.is_string()) return invalid("DUMP-029", "\"layer\" must be a list of operator names");
    choice.layers.insert(layer.get<std::string>());
  }
  CAIRN_ASSIGN(const Json ranges, array_of(entry, "opname_range"));
  for (const Json& range : ranges) {
    if (!range.is_object())
      return invalid("DUMP-029",
                     "\"opname_range\" needs entries such as {{\"begin\": \"conv1\", \"end\": \"pool1\"}}");
    DumpRange one;
    CAIRN_ASSIGN(one.begin, text_of(range, "begin", ""));
    CAIRN_ASSIGN(one.end, text_of(range, "end", ""));
    if (one.begin.empty() || one.end.empty())
      return invalid("DUMP-029", "an entry of \"opname_range\" needs \"begin\" and \"end\"");
    choice.ranges.push_back(std::move(one));
  }
  CAIRN_ASSIGN(choice.excluded_names, exclusions_of(entry, "opname_blacklist"));
  CAIRN_ASSIGN(choice.excluded_types, exclusions_of(entry, "optype_blacklist"));
  return choice;
}

/// "0|3-5|7"
Result<std::vector<DumpConfig::Steps>> steps_of(const Json& dump) {
  CAIRN_ASSIGN(const std::string text, text_of(dump, "dump_step", ""));
  std::vector<DumpConfig::Steps> steps;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, rest.find('|'));
    rest.remove_prefix(std::min(rest.size(), piece.size() + 1));
    const size_t dash = piece.find('-');
    const auto first = number(piece.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(piece.substr(dash + 1));
    if (!first || !last || *first > *last)
      return invalid("DUMP-029", "\"dump_step\" is \"{}\"; write executions such as \"0|3-5|7\"", text);
    if (steps.size() == kMostSteps)
      return invalid("DUMP-029", "\"dump_step\" has more than {} pieces", kMostSteps);
    steps.push_back({*first, *last});
  }
  return steps;
}

Result<unsigned> statistics_of(const Json& dump, unsigned otherwise) {
  static constexpr std::array<std::pair<std::string_view, unsigned>, 7> kNames = {
      {{"Max", kDumpMax},
       {"Min", kDumpMin},
       {"Avg", kDumpAverage},
       {"Nan", kDumpNan},
       {"Negative Inf", kDumpNegativeInfinity},
       {"Positive Inf", kDumpPositiveInfinity},
       {"L2norm", kDumpNorm}}};
  CAIRN_ASSIGN(const Json names, array_of(dump, "dump_stats"));
  if (names.empty()) return otherwise;
  unsigned wanted = 0;
  for (const Json& name : names) {
    const std::string text = name.is_string() ? name.get<std::string>() : "";
    const auto* const found =
        std::find_if(kNames.begin(), kNames.end(), [&](const auto& entry) { return entry.first == text; });
    if (found == kNames.end())
      return invalid("DUMP-029",
                     "\"dump_stats\" holds {}; allowed are Max, Min, Avg, Nan, Negative Inf, Positive Inf, "
                     "L2norm",
                     name.dump(-1, ' ', true, Json::error_handler_t::replace));
    wanted |= found->second;
  }
  return wanted;
}

/// Relative paths start at the working directory; one that is not there is looked for beside the executable
/// [DUMP-003].
Result<fs::path> directory_of(const Json& dump) {
  CAIRN_ASSIGN(const std::string text, text_of(dump, "dump_path", ""));
  if (text.empty()) return invalid("SYS-015", "\"dump\" needs \"dump_path\", the directory for the files");
  std::error_code failure;
  fs::path path = text;
  if (path.is_relative() && !fs::is_directory(path, failure))
    path = fs::read_symlink("/proc/self/exe", failure).parent_path() / path;
  if (!fs::is_directory(path, failure))
    return invalid("SYS-015", "\"dump_path\" is \"{}\", which is no directory; create it first", text);
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    return invalid("SYS-015", "\"dump_path\" is \"{}\", where nothing can be written", text);
  path = fs::absolute(path, failure);
  if (failure) return invalid("SYS-015", "\"dump_path\" \"{}\": {}", text, failure.message());
  return path;
}

/// What is dumped of models and operators that succeed.
Status read_choices(const Json& dump, DumpConfig& config) {
  CAIRN_ASSIGN(const Json list, array_of(dump, "dump_list"));
  for (const Json& entry : list) {
    CAIRN_ASSIGN(DumpModelChoice choice, model_choice(entry));
    config.models.push_back(std::move(choice));
  }
  CAIRN_ASSIGN(const size_t mode, choice_of(dump, "dump_mode", {"output", "input", "all"}, "output"));
  config.mode = static_cast<DumpMode>(mode);
  // Every operator runs as a whole here, so all levels are the same.
  CAIRN_RETURN_IF_ERROR(choice_of(dump, "dump_level", {"op", "kernel", "all"}, "all").status());
  CAIRN_ASSIGN(const size_t single, choice_of(dump, "dump_op_switch", {"off", "on"}, "off"));
  config.single_operators = single == 1;
  CAIRN_ASSIGN(config.steps, steps_of(dump));
  CAIRN_ASSIGN(const size_t data, choice_of(dump, "dump_data", {"tensor", "stats"}, "tensor"));
  config.statistics = data == 1;
  CAIRN_ASSIGN(config.wanted_statistics, statistics_of(dump, config.wanted_statistics));
  return {};
}

Status check_combination(const Json& dump, const DumpConfig& config, bool debug, bool scene) {
  const bool choice = config.single_operators || dump.contains("dump_list");
  if (debug && choice)
    return invalid("SYS-016",
                   "overflow dump (\"dump_debug\": \"on\") cannot be combined with a model or operator dump "
                   "(\"dump_list\", \"dump_op_switch\")");
  if (debug && scene)
    return invalid("SYS-016", "\"dump_debug\": \"on\" cannot be combined with \"dump_scene\"");
  if (scene && choice)
    return invalid("SYS-016", "\"dump_scene\" cannot be combined with \"dump_list\" or \"dump_op_switch\"");
  if (dump.contains("dump_list") && config.models.empty() && !config.single_operators)
    return invalid("DUMP-029",
                   "\"dump_list\" is empty; name models, or set \"dump_op_switch\" to \"on\" for operators");
  return {};
}

}  // namespace

bool DumpConfig::has_step(uint64_t step) const {
  return steps.empty() || std::any_of(steps.begin(), steps.end(), [&](const Steps& range) {
           return range.first <= step && step <= range.last;
         });
}

Result<std::optional<DumpConfig>> read_dump_config(const Json& configuration) {
  const auto dump = configuration.find("dump");
  if (dump == configuration.end()) return std::optional<DumpConfig>();
  if (!dump->is_object()) return invalid("SYS-014", "\"dump\" must be an object");

  DumpConfig config;
  CAIRN_RETURN_IF_ERROR(read_choices(*dump, config));
  CAIRN_ASSIGN(const size_t debug, choice_of(*dump, "dump_debug", {"off", "on"}, "off"));
  CAIRN_ASSIGN(const size_t scene, choice_of(*dump, "dump_scene",
                                             {"", "lite_exception", "aic_err_brief_dump", "aic_err_norm_dump",
                                              "aic_err_detail_dump", "watcher"},
                                             ""));
  constexpr size_t kWatcher = 5;
  if (scene == kWatcher)
    return error(ACL_ERROR_FEATURE_UNSUPPORTED, "SYS-004",
                 "\"dump_scene\": \"watcher\" watches memory of the card, which does not exist here; use "
                 "\"dump_list\"");
  CAIRN_RETURN_IF_ERROR(check_combination(*dump, config, debug == 1, scene != 0));
  config.overflow = debug == 1;
  config.exceptions = scene != 0;
  if (config.models.empty() && !config.single_operators && !config.overflow && !config.exceptions)
    return std::optional<DumpConfig>();
  CAIRN_ASSIGN(config.path, directory_of(*dump));
  return std::optional(std::move(config));
}

}  // namespace cairn
