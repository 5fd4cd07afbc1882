#include "check/report.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/environment.h"

namespace cairn::check {
namespace {

using Json = nlohmann::ordered_json;

bool wants_color() {
  return ::isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

void write_all(int file, const std::string& text) {
  // One write: lines of several threads and processes do not mix.
  [[maybe_unused]] const ssize_t written = ::write(file, text.data(), text.size());
}

std::string key_of(const Finding& finding) {
  std::string key = fmt::format("{}|{}|{}", static_cast<int>(finding.kind), finding.rule, finding.title);
  for (const Place& place : finding.places)
    key += fmt::format("|{}", static_cast<const void*>(place.stack));
  return key;
}

std::string to_line(const Json& json) {
  // Names of files may be any bytes.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

const char* kind_name(Kind kind) {
  static constexpr std::array kNames = {"memory", "sync", "leak", "api"};
  return kNames[static_cast<size_t>(kind)];
}

Reports::Reports() : colored_(wants_color()) {
  const std::string path = environment_string("CAIRN_CHECK_FILE");
  if (path.empty()) return;
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0) write_all(STDERR_FILENO, fmt::format("[cairn check] {} cannot be written\n", path));
}

void Reports::add(const Finding& finding) {
  const auto [entry, is_new] = counts_.try_emplace(
      key_of(finding), Count{counts_.size() + 1, finding.kind, finding.rule, finding.title, 0});
  if (!is_new) {
    ++entry->second.repeats;
    return;
  }
  write_text(finding);
  write_json(finding, entry->second.id);
}

void Reports::write_text(const Finding& finding) const {
  const char* const strong = colored_ ? "\033[1;31m" : "";
  const char* const faint = colored_ ? "\033[2m" : "";
  const char* const good = colored_ ? "\033[32m" : "";
  const char* const plain = colored_ ? "\033[0m" : "";
  std::string text =
      fmt::format("{}[cairn check] {}{}: {}{}\n", strong, kind_name(finding.kind),
                  finding.rule.empty() ? "" : fmt::format(" [{}]", finding.rule), finding.title, plain);
  for (const Place& place : finding.places) {
    text += fmt::format("  {}\n", place.what);
    if (place.stack == nullptr) continue;
    for (const std::string& line : describe(*place.stack))
      text += fmt::format("{}    {}{}\n", faint, line, plain);
  }
  if (!finding.object.empty()) text += fmt::format("  object: {}\n", finding.object);
  text += fmt::format("  {}repair: {}{}\n", good, finding.repair, plain);
  write_all(STDERR_FILENO, text);
}

void Reports::write_json(const Finding& finding, size_t id) const {
  if (file_ < 0) return;
  Json places = Json::array();
  for (const Place& place : finding.places)
    places.push_back({{"what", place.what},
                      {"stack", place.stack != nullptr ? Json(describe(*place.stack)) : Json::array()}});
  write_line(to_line({{"id", id},
                      {"process", ::getpid()},
                      {"kind", kind_name(finding.kind)},
                      {"rule", finding.rule},
                      {"title", finding.title},
                      {"object", finding.object},
                      {"places", places},
                      {"repair", finding.repair}}));
}

void Reports::write_line(const std::string& json) const {
  write_all(file_, json);
}

void Reports::finish() {
  if (finished_) return;
  finished_ = true;
  Json by_kind = Json::object();
  Json repeats = Json::object();
  std::map<std::string, size_t> kinds;
  size_t repeated = 0;
  for (const auto& [key, count] : counts_) {
    ++kinds[kind_name(count.kind)];
    repeated += count.repeats;
    if (count.repeats > 0) repeats[std::to_string(count.id)] = count.repeats;
  }
  std::string list;
  for (const auto& [name, count] : kinds) {
    by_kind[name] = count;
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", count, name);
  }
  if (!counts_.empty())
    write_all(STDERR_FILENO, fmt::format("[cairn check] {} finding(s): {}{}\n", counts_.size(), list,
                                         repeated > 0 ? fmt::format("; {} more of the same", repeated) : ""));
  if (file_ >= 0)
    write_line(to_line(
        {{"process", ::getpid()}, {"findings", counts_.size()}, {"kinds", by_kind}, {"repeats", repeats}}));
}

}  // namespace cairn::check
