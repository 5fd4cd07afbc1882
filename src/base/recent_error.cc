#include "base/recent_error.h"

#include <deque>
#include <new>
#include <utility>

#include "base/log.h"

namespace cairn {
namespace {

struct RecentErrors {
  std::deque<std::string> lines;  ///< Newest first [SYS-029].
  int repetitions = 0;            ///< How often the newest line came again.
  std::string taken;              ///< Owns what take_recent_error gave out.
};

thread_local int last_code = 0;

constexpr size_t kMostLines = 64;  // Older ones are in the log only.

RecentErrors& recent() {
  thread_local RecentErrors errors;
  return errors;
}

void finish_repetitions(RecentErrors& errors) {
  if (errors.repetitions > 0)
    errors.lines.front() += fmt::format(" (the same {} more times)", errors.repetitions);
  errors.repetitions = 0;
}

/// "[RULE] text" becomes "[RULE] function: text": the rule stays in front.
std::string with_function(const char* function, std::string_view text) {
  const size_t end = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  if (end == std::string_view::npos) return fmt::format("{}: {}", function, text);
  return fmt::format("{} {}:{}", text.substr(0, end + 1), function, text.substr(end + 1));
}

}  // namespace

void record_error(const char* function, const Status& status) noexcept try {
  last_code = status.code();
  RecentErrors& errors = recent();
  std::string line = fmt::format("{} (code {})", with_function(function, status.text()), status.code());
  if (!errors.lines.empty() && errors.lines.front() == line) {
    ++errors.repetitions;
    return;
  }
  finish_repetitions(errors);
  log(LogLevel::kError, "ASCENDCL", "{}", line);
  errors.lines.push_front(std::move(line));
  if (errors.lines.size() > kMostLines) errors.lines.pop_back();
} catch (const std::bad_alloc&) {
  // No memory for the text: the code has to do.
}

int peek_last_error() {
  return last_code;
}

int take_last_error() {
  return std::exchange(last_code, 0);
}

const char* take_recent_error() noexcept try {
  RecentErrors& errors = recent();
  finish_repetitions(errors);
  if (errors.lines.empty()) return nullptr;
  errors.taken = fmt::format("{}", fmt::join(errors.lines, "\n"));
  errors.lines.clear();
  return errors.taken.c_str();
} catch (const std::bad_alloc&) {
  return "[RT-193] the host has no memory left, not even for the texts of the errors";
}

}  // namespace cairn
