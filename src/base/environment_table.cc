#include "base/environment_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <vector>

namespace cairn {
namespace {

using Kind = EnvironmentVariable::Kind;

// clang-format off: one line per variable reads best
constexpr auto kVariables = std::to_array<EnvironmentVariable>({
    {"CAIRN_SOC", Kind::kText, "a lenient Ascend310P3",
     "the chip that each device is, with its run mode, memory and limits: Ascend310B4 or another name that "
     "the message of a wrong one lists"},
    {"CAIRN_DEVICES", Kind::kInteger, "1", "devices of the machine", 1, 64},
    {"CAIRN_MEMORY_MB", Kind::kInteger, "what the chip has", "memory of each device in MB", 1,
     int64_t{1} << 24},
    {"CAIRN_THREADS", Kind::kInteger, "one for each core, at least 2",
     "worker threads of each device, and threads of a network", 1, 1024},
    {"CAIRN_PRECISION", Kind::kChoice, "f32",
     "arithmetic of networks: bf16 is faster on CPUs that have it, with about three digits", 0, 0,
     "f32 bf16"},
    {"CAIRN_ATC_MEMORY_MB", Kind::kInteger, "4096 and 8 times the model's size",
     "memory that atc may take for the conversion of a model, in MB", 64, int64_t{1} << 24},
    {"CAIRN_ATC_SECONDS", Kind::kInteger, "1800", "how long the conversion of a model may take", 1, 86'400},
    {"CAIRN_GEAR_MEMORY_MB", Kind::kInteger, "2048",
     "memory that the compiled gears of one model may take together; those not used for longest make room", 0,
     int64_t{1} << 24},
    {"CAIRN_CACHE_DIR", Kind::kText, "$XDG_CACHE_HOME/cairn or $HOME/.cache/cairn",
     "directory of compiled networks, which load faster the next time; 0 for none"},
    {"CAIRN_CACHE_MB", Kind::kInteger, "2048",
     "most MB of compiled networks on disk; those that were not used for longest go first", 0,
     int64_t{1} << 24},
    {"CAIRN_GIVE_UP_MS", Kind::kInteger, "3000",
     "how long the end of a device waits, without progress, for streams that wait for what cannot come", 0,
     3'600'000},
    {"CAIRN_FAULT_HANDLER", Kind::kInteger, "1", "0 leaves faults at device addresses to the program", 0, 1},
    {"CAIRN_REGISTRY", Kind::kText, "a file in /dev/shm",
     "0 hides this process from npu-smi; a path that begins with / names the file to use"},
    {"CAIRN_CHECK", Kind::kText, "", "the check mode: memory, sync, leak, api, several with commas, or all"},
    {"CAIRN_CHECK_FILE", Kind::kText, "", "where the check mode adds its findings as JSON lines"},
    {"CAIRN_CHECK_EXIT", Kind::kInteger, "0", "1 ends a process with code 1 if the check mode found anything",
     0, 1},
    {"CAIRN_HOME", Kind::kText, "", "the toolkit tree; set_env.sh sets it"},
    {"CAIRN_BUILD_DIR", Kind::kText, "", "the build tree; ./dev sets it for tests"},
    {"CAIRN_CONFORMANCE_OUT", Kind::kText, "",
     "where the conformance tests write their outcome; ./dev sets it"},
    {"ASCEND_RT_VISIBLE_DEVICES", Kind::kText, "all",
     "list of device numbers such as 0,2: only these are visible, numbered from 0 on; it ends at the first "
     "that does not exist"},
    {"ASCEND_GLOBAL_LOG_LEVEL", Kind::kInteger, "3", "0 debug, 1 info, 2 warning, 3 error, 4 no log", 0, 4},
    {"ASCEND_MODULE_LOG_LEVEL", Kind::kText, "", "levels of single modules, such as RUNTIME=0:DVPP=2"},
    {"ASCEND_GLOBAL_EVENT_ENABLE", Kind::kInteger, "0", "1 logs events such as the first use of a device", 0,
     1},
    {"ASCEND_SLOG_PRINT_TO_STDOUT", Kind::kInteger, "0", "1 logs to stdout instead of files", 0, 1},
    {"ASCEND_PROCESS_LOG_PATH", Kind::kText, "$ASCEND_WORK_PATH/log or $HOME/ascend/log",
     "directory of the log files"},
    {"ASCEND_WORK_PATH", Kind::kText, "",
     "base directory of what a user's programs leave: log files below its folder log"},
    {"ASCEND_HOST_LOG_FILE_NUM", Kind::kInteger, "10",
     "log files of each kind that a process keeps, 20 MB each; the oldest goes first", 1, 1000},
    {"DUMP_GE_GRAPH", Kind::kInteger, "",
     "atc writes its graphs: 1 with everything, 2 without the values of constants, 3 only how operators are "
     "connected",
     1, 3},
    {"DUMP_GRAPH_LEVEL", Kind::kInteger, "2",
     "which graphs DUMP_GE_GRAPH writes: 1 and 2 all, 3 the one that the engine runs, 4 the one that users "
     "see",
     1, 4},
    {"DUMP_GRAPH_PATH", Kind::kText, "the working directory", "directory for the files of DUMP_GE_GRAPH"},
    {"ASCEND_TOOLKIT_HOME", Kind::kNoEffect, "", "the toolkit tree; set_env.sh sets it for other programs"},
    {"ASCEND_HOME_PATH", Kind::kNoEffect, "", "the toolkit tree; set_env.sh sets it for other programs"},
    {"ASCEND_NNAE_HOME", Kind::kNoEffect, "", "an installation directory"},
    {"ASCEND_OPP_PATH", Kind::kNoEffect, "", "operator packages"},
    {"ASCEND_CUSTOM_OPP_PATH", Kind::kNoEffect, "", "the user's operator packages"},
    {"ASCEND_AICPU_PATH", Kind::kNoEffect, "", "AI CPU packages"},
    {"ASCEND_CACHE_PATH", Kind::kNoEffect, "", "directory of compile caches"},
    {"ASCEND_MAX_OP_CACHE_SIZE", Kind::kNoEffect, "", "size of the kernel cache"},
    {"ASCEND_REMAIN_CACHE_SIZE_RATIO", Kind::kNoEffect, "", "what stays of a full kernel cache"},
    {"ASCEND_LAUNCH_BLOCKING", Kind::kNoEffect, "", "synchronous launch of operators in frameworks"},
    {"ASCEND_DEVICE_ID", Kind::kNoEffect, "", "device of a framework's job"},
    {"ASCEND_LOG_DEVICE_FLUSH_TIMEOUT", Kind::kNoEffect, "", "how long the logs of a card are waited for"},
    {"ASCEND_LOG_SYNC_SAVE", Kind::kNoEffect, "",
     "how the logs of a card are written; Cairn's are always written at once"},
});
// clang-format on

/// Letters to insert, delete, replace or swap with their neighbour to make one word of the other.
size_t letters_apart(std::string_view one, std::string_view other) {
  std::vector<size_t> before_last(other.size() + 1);
  std::vector<size_t> last(other.size() + 1);
  std::vector<size_t> row(other.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= one.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= other.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last.back();
}

}  // namespace

std::span<const EnvironmentVariable> known_environment_variables() {
  return kVariables;
}

const EnvironmentVariable* find_environment_variable(std::string_view name) {
  const auto* found = std::ranges::find(kVariables, name, &EnvironmentVariable::name);
  return found == kVariables.end() ? nullptr : found;
}

std::string allowed_values(const EnvironmentVariable& variable) {
  if (variable.kind == Kind::kInteger) return fmt::format("{} .. {}", variable.least, variable.most);
  if (variable.kind != Kind::kChoice) return "";
  std::string text;
  for (const char c : variable.choices)
    text += c == ' ' ? std::string(", ") : std::string(1, c);
  return text;
}

std::string defect_of_value(const EnvironmentVariable& variable, std::string_view value) {
  if (value.empty()) return "";
  if (variable.kind == Kind::kInteger) {
    int64_t number = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failure != std::errc() || end != value.data() + value.size() || number < variable.least ||
        number > variable.most)
      return fmt::format("it has to be a number of {}", allowed_values(variable));
  }
  if (variable.kind == Kind::kChoice) {
    std::string_view rest = variable.choices;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(' '), rest.size());
      if (rest.substr(0, end) == value) return "";
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return fmt::format("it has to be one of {}", allowed_values(variable));
  }
  return "";
}

std::string_view nearest_known_name(std::string_view name) {
  std::string_view nearest;
  size_t least = std::numeric_limits<size_t>::max();
  for (const EnvironmentVariable& variable : kVariables) {
    const size_t apart = letters_apart(name, variable.name);
    if (apart < least && apart * 3 <= variable.name.size()) {
      least = apart;
      nearest = variable.name;
    }
  }
  return nearest;
}

}  // namespace cairn
