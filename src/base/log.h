// Logging as programs for the card know it: levels from ASCEND_GLOBAL_LOG_LEVEL, lines to
// $ASCEND_PROCESS_LOG_PATH or $HOME/ascend/log as plog files, or to stdout with
// ASCEND_SLOG_PRINT_TO_STDOUT=1. Thread-safe.
#pragma once

#include <fmt/format.h>

#include <new>
#include <string_view>

namespace cairn {

enum class LogLevel : int { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3, kNone = 4 };

/// True if lines of this level are written. Costs one load.
bool log_enabled(LogLevel level);
/// Overrides the level of the environment for the rest of the process (`atc --log`).
void set_log_level(LogLevel level);
/// Writes one line. `module` is a short name such as "RUNTIME", "ASCENDCL", "APP".
void write_log(LogLevel level, std::string_view module, std::string_view text);

/// Never throws: a line that finds no memory is left out.

template <class... Args>
void log(LogLevel level, std::string_view module, fmt::format_string<Args...> text, Args&&... args) noexcept {
  if (!log_enabled(level)) return;
  try {
    write_log(level, module, fmt::format(text, std::forward<Args>(args)...));
  } catch (const std::bad_alloc&) {
    return;
  }
}

}  // namespace cairn
