#include "base/log.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "base/plog_file.h"

namespace cairn {
namespace {

/// "RUNTIME=0:DVPP=2"; entries that are not of this form have no effect.
std::vector<std::pair<std::string, int>> module_levels_of_environment() {
  std::vector<std::pair<std::string, int>> levels;
  const std::string setting = environment_string("ASCEND_MODULE_LOG_LEVEL");
  for (size_t start = 0; start < setting.size();) {
    const size_t end = std::min(setting.find(':', start), setting.size());
    const std::string_view entry = std::string_view(setting).substr(start, end - start);
    const size_t sign = entry.find('=');
    if (sign != std::string_view::npos && sign > 0 && entry.size() == sign + 2 && entry[sign + 1] >= '0' &&
        entry[sign + 1] <= '4')
      levels.emplace_back(entry.substr(0, sign), entry[sign + 1] - '0');
    start = end + 1;
  }
  return levels;
}

struct Settings {
  std::atomic<int> level{
      static_cast<int>(environment_int("ASCEND_GLOBAL_LOG_LEVEL", static_cast<int>(LogLevel::kError)))};
  const std::vector<std::pair<std::string, int>> modules = module_levels_of_environment();
  std::atomic<int> lowest{level.load()};  ///< Of all modules: what is below is written for none.
  const bool events = environment_int("ASCEND_GLOBAL_EVENT_ENABLE", 0) == 1;
  const bool to_stdout = environment_int("ASCEND_SLOG_PRINT_TO_STDOUT", 0) == 1;

  Settings() {
    for (const auto& [module, of_module] : modules)
      lowest.store(std::min(lowest.load(), of_module));
  }
};

// Read once; they and the files live until the process ends, because others log in their destructors.
Settings& settings() {
  static auto* held = new Settings;
  return *held;
}

/// The two kinds of files, behind one lock that a fork waits for.
class LogFiles {
 public:
  static LogFiles& get() {
    static auto* files = new LogFiles;
    static const int handlers = pthread_atfork([] { files->mutex_.lock(); }, [] { files->mutex_.unlock(); },
                                               [] { files->mutex_.unlock(); });
    (void)handlers;
    return *files;
  }

  void write(bool is_event, std::string_view line) {
    const std::lock_guard lock(mutex_);
    PlogFile& file = is_event ? run_ : debug_;
    if (file.write(line) || complained_) return;
    complained_ = true;
    std::fprintf(
        stderr,
        "cairn: cannot write the log below %s: %s; lines are lost. ASCEND_PROCESS_LOG_PATH names another "
        "directory\n",
        directory_.c_str(), file.problem().c_str());
  }

 private:
  static constexpr size_t kFileBytes = size_t{20} << 20;
  LogFiles() = default;

  std::mutex mutex_;
  const std::string directory_ = plog_directory();
  const PlogFile::Limits limits_{kFileBytes,
                                 static_cast<size_t>(environment_int("ASCEND_HOST_LOG_FILE_NUM", 10))};
  PlogFile debug_{directory_ + "/debug/plog", limits_};
  PlogFile run_{directory_ + "/run/plog", limits_};
  bool complained_ = false;
};

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

void write_line(bool is_event, std::string_view level, std::string_view module, const LogPlace& place,
                std::string_view text) {
  const std::string line = fmt::format(
      "[{}] {}({},{}):{} [{}:{}]{} {}: {}\n", level, module, ::getpid(), program_invocation_short_name,
      log_time("%Y-%m-%d-%H:%M:%S", ".{:03}.{:03}"), file_name(place.file ? place.file : "?"), place.line,
      ::syscall(SYS_gettid), place.function ? place.function : "?", text);
  if (!settings().to_stdout) return LogFiles::get().write(is_event, line);
  // One write per line: lines of several threads and processes do not mix.
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());
}

}  // namespace

bool log_enabled(LogLevel level) {
  return static_cast<int>(level) >= settings().lowest.load(std::memory_order_relaxed) &&
         level != LogLevel::kNone;
}

bool log_enabled(LogLevel level, std::string_view module) {
  const Settings& in_force = settings();
  int least = in_force.level.load(std::memory_order_relaxed);
  for (const auto& [name, of_module] : in_force.modules)
    if (name == module) least = of_module;
  return static_cast<int>(level) >= least && level != LogLevel::kNone;
}

bool event_log_enabled() {
  return settings().events;
}

void set_log_level(LogLevel level) {
  Settings& in_force = settings();
  in_force.level.store(static_cast<int>(level), std::memory_order_relaxed);
  int lowest = static_cast<int>(level);
  for (const auto& [name, of_module] : in_force.modules)
    lowest = std::min(lowest, of_module);
  in_force.lowest.store(lowest, std::memory_order_relaxed);
}

void write_log(LogLevel level, std::string_view module, const LogPlace& place, std::string_view text) {
  static constexpr const char* kNames[] = {"DEBUG", "INFO", "WARNING", "ERROR", "NONE"};
  write_line(false, kNames[static_cast<int>(level)], module, place, text);
}

void write_event_log(std::string_view module, const LogPlace& place, std::string_view text) {
  write_line(true, "EVENT", module, place, text);
}

}  // namespace cairn
