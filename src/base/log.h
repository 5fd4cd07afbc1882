// Logging as programs for the card know it: plog files below $ASCEND_PROCESS_LOG_PATH or $HOME/ascend/log, or
// stdout with ASCEND_SLOG_PRINT_TO_STDOUT=1; levels from ASCEND_GLOBAL_LOG_LEVEL and ASCEND_MODULE_LOG_LEVEL,
// events with ASCEND_GLOBAL_EVENT_ENABLE=1. A line:
//
//     [ERROR] RUNTIME(4711,python3):2026-03-01-12:30:59.123.456 [stream.cc:115]4712 finish_task: text
//
// Thread-safe. Nothing here fails: what cannot be written is lost, with one message on stderr.
#pragma once

#include <fmt/format.h>

#include <new>
#include <string_view>

namespace cairn {

enum class LogLevel : int { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3, kNone = 4 };

/// Where a line comes from.
struct LogPlace {
  const char* file;
  unsigned line;
  const char* function;
};

/// A format together with the place of the call that it stands in.
template <class... Args>
struct LogText {
  template <class Text>
  FMT_CONSTEVAL LogText(const Text& text,
                        const char* file = __builtin_FILE(),  // NOLINT(google-explicit-constructor)
                        unsigned line = __builtin_LINE(), const char* function = __builtin_FUNCTION())
      : format(text), place{file, line, function} {}
  fmt::format_string<Args...> format;
  LogPlace place;
};

/// True if lines of this level are written for some module. Costs one load.
bool log_enabled(LogLevel level);
/// True if lines of this level are written for this module.
bool log_enabled(LogLevel level, std::string_view module);
/// True if events are written. Costs one load.
bool event_log_enabled();
/// Overrides the level of the environment for the rest of the process (`atc --log`).
void set_log_level(LogLevel level);

/// Write one line. `module` is a short name such as "RUNTIME", "ASCENDCL", "APP".
void write_log(LogLevel level, std::string_view module, const LogPlace& place, std::string_view text);
void write_event_log(std::string_view module, const LogPlace& place, std::string_view text);

/// Never throws: a line that finds no memory is left out.
template <class... Args>
void log(LogLevel level, std::string_view module, LogText<std::type_identity_t<Args>...> text,
         Args&&... args) noexcept {
  try {
    if (log_enabled(level) && log_enabled(level, module))
      write_log(level, module, text.place, fmt::format(text.format, std::forward<Args>(args)...));
  } catch (const std::bad_alloc&) {
    return;
  }
}

/// Something that happened and is no trouble: kept apart from the other lines, in the files of "run".
template <class... Args>
void log_event(std::string_view module, LogText<std::type_identity_t<Args>...> text,
               Args&&... args) noexcept {
  try {
    if (event_log_enabled())
      write_event_log(module, text.place, fmt::format(text.format, std::forward<Args>(args)...));
  } catch (const std::bad_alloc&) {
    return;
  }
}

}  // namespace cairn
