#include "compiler/import_limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "base/environment.h"
#include "compiler/output_file.h"

// The sanitizers map terabytes and report crashes themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAIRN_OWN_LIMITS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CAIRN_OWN_LIMITS 0
#endif
#endif
#ifndef CAIRN_OWN_LIMITS
#define CAIRN_OWN_LIMITS 1
#endif

namespace cairn {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kBaseBytes = 4096 * kMiB;
constexpr uint64_t kTimesModel = 8;  // Weights are copied while constants are folded and transposed.
constexpr int64_t kSeconds = 1800;

constexpr std::string_view kFailed =
    "ATC run failed, Please check the detail log, Try 'atc --help' for more information\n";
constexpr std::string_view kTooLong =
    "E10042: Generating the offline model failed. Reason: it took longer than allowed.\n"
    "        Possible Cause: The model is damaged, or very large.\n"
    "        Solution: Check the model with the tools of its framework, or set CAIRN_ATC_SECONDS to a larger "
    "number.\n";
constexpr std::string_view kCrashed =
    "E10041: Reading the model file failed. Reason: the reader of the engine crashed, or had too little "
    "memory.\n"
    "        Possible Cause: The file is damaged, is no model of the framework given, or is very large.\n"
    "        Solution: Check the file with the tools of its framework, for instance onnx.checker, or set "
    "CAIRN_ATC_MEMORY_MB to a larger number.\n";

std::atomic<bool> owns_process{false};
std::array<std::byte, 65536> signal_stack;  // A stack that overflowed is no place for a handler.

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

extern "C" void end_import(int signal) {
  remove_unfinished_output();
  print(kFailed);
  print(signal == SIGALRM ? kTooLong : kCrashed);
  ::_exit(1);
}

/// Private writable memory that the process has already.
uint64_t own_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmData:")) return std::strtoull(line.c_str() + 7, nullptr, 10) * 1024;
  return 0;
}

}  // namespace

void own_process_for_import() {
  if (!CAIRN_OWN_LIMITS) return;
  owns_process = true;
  const stack_t stack{signal_stack.data(), 0, signal_stack.size()};
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = end_import;
  action.sa_flags = SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM})
    ::sigaction(signal, &action, nullptr);
}

void limit_import(uint64_t model_bytes) {
  if (!owns_process) return;
  const uint64_t otherwise = (kBaseBytes + kTimesModel * model_bytes) / kMiB;
  const auto most = static_cast<uint64_t>(
      environment_int("CAIRN_ATC_MEMORY_MB", static_cast<int64_t>(std::min<uint64_t>(otherwise, INT64_MAX))));
  rlimit limit{};
  ::getrlimit(RLIMIT_DATA, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, own_bytes() + most * kMiB);
  ::setrlimit(RLIMIT_DATA, &limit);
  ::alarm(static_cast<unsigned>(environment_int("CAIRN_ATC_SECONDS", kSeconds)));
}

}  // namespace cairn
