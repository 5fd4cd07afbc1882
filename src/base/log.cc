#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <string>

#include "base/environment.h"

namespace cairn {
namespace {

std::atomic<int>& level_setting() {
  static std::atomic<int> level{
      static_cast<int>(environment_int("ASCEND_GLOBAL_LOG_LEVEL", static_cast<int>(LogLevel::kError), 0, 4))};
  return level;
}

void make_directories(const std::string& path) {
  for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
    ::mkdir(path.substr(0, end).c_str(), 0750);
  ::mkdir(path.c_str(), 0750);
}

std::string log_directory() {
  if (const char* path = std::getenv("ASCEND_PROCESS_LOG_PATH"); path && *path) return path;
  if (const char* path = std::getenv("ASCEND_WORK_PATH"); path && *path) return std::string(path) + "/log";
  const char* home = std::getenv("HOME");
  return std::string(home && *home ? home : "/tmp") + "/ascend/log";
}

std::string time_text(const char* format, bool with_fraction) {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  const size_t length = std::strftime(text, sizeof text, format, &parts);
  std::string result(text, length);
  if (with_fraction) {
    const auto micros =
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() % 1000000;
    result += fmt::format(".{:03}.{:03}", micros / 1000, micros % 1000);
  }
  return result;
}

// The file is opened with the first line: a process that logs nothing leaves no file.
int open_log_file() {
  const std::string directory = log_directory() + "/debug/plog";
  make_directories(directory);
  const std::string path =
      fmt::format("{}/plog-{}_{}.log", directory, ::getpid(), time_text("%Y%m%d%H%M%S", false));
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

}  // namespace

bool log_enabled(LogLevel level) {
  return static_cast<int>(level) >= level_setting().load(std::memory_order_relaxed) &&
         level != LogLevel::kNone;
}

void set_log_level(LogLevel level) {
  level_setting().store(static_cast<int>(level), std::memory_order_relaxed);
}

void write_log(LogLevel level, std::string_view module, std::string_view text) {
  static constexpr const char* kNames[] = {"DEBUG", "INFO", "WARNING", "ERROR", "NONE"};
  static const bool to_stdout = environment_int("ASCEND_SLOG_PRINT_TO_STDOUT", 0, 0, 1) == 1;
  static const int file = to_stdout ? STDOUT_FILENO : open_log_file();
  const std::string line =
      fmt::format("[{}] {}({},{}):{} {}\n", kNames[static_cast<int>(level)], module, ::getpid(),
                  program_invocation_short_name, time_text("%Y-%m-%d-%H:%M:%S", true), text);
  if (file < 0) return;
  // One write per line: lines of several threads and processes do not mix.
  [[maybe_unused]] const ssize_t written = ::write(file, line.data(), line.size());
}

}  // namespace cairn
