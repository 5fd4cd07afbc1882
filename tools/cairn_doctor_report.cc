#include "cairn_doctor_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/environment_table.h"

namespace cairn {
namespace {

using Json = nlohmann::ordered_json;

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Json variable_json(const EnvironmentVariable& variable) {
  return {{"name", variable.name},
          {"allowed", allowed_values(variable)},
          {"default", variable.otherwise},
          {"meaning", variable.meaning},
          {"effect", variable.kind != EnvironmentVariable::Kind::kNoEffect}};
}

}  // namespace

void DoctorReport::begin(std::string_view section) {
  sections_.push_back({std::string(section), {}});
}

void DoctorReport::fact(std::string_view name, const Json& value, std::string_view why) {
  sections_.back().facts.push_back({std::string(name), value, std::string(why)});
}

void DoctorReport::broken(std::string_view what, std::string_view advice) {
  problems_.push_back({true, std::string(what), std::string(advice)});
}

void DoctorReport::note(std::string_view what, std::string_view advice) {
  problems_.push_back({false, std::string(what), std::string(advice)});
}

bool DoctorReport::is_well() const {
  return std::ranges::none_of(problems_, &Problem::is_broken);
}

std::string DoctorReport::text() const {
  std::string text;
  for (const Section& section : sections_) {
    text += section.name + "\n";
    for (const Fact& fact : section.facts) {
      const std::string value = plain(fact.value);
      text += fact.why.empty() ? fmt::format("  {:<28} {}\n", fact.name, value)
                               : fmt::format("  {:<28} {:<24} ({})\n", fact.name, value, fact.why);
    }
  }
  for (const Problem& problem : problems_)
    text +=
        fmt::format("\n{}: {}\n  {}\n", problem.is_broken ? "BROKEN" : "note", problem.what, problem.advice);
  const auto broken = std::ranges::count(problems_, true, &Problem::is_broken);
  text += broken == 0 ? "\nAll is well.\n" : fmt::format("\n{} broken.\n", broken);
  return text;
}

std::string DoctorReport::json() const {
  Json sections = Json::object();
  for (const Section& section : sections_) {
    Json& facts = sections[section.name] = Json::object();
    for (const Fact& fact : section.facts)
      facts[fact.name] = {{"value", fact.value}, {"why", fact.why}};
  }
  Json problems = Json::array();
  for (const Problem& problem : problems_)
    problems.push_back({{"kind", problem.is_broken ? "broken" : "note"},
                        {"what", problem.what},
                        {"advice", problem.advice}});
  Json known = Json::array();
  for (const EnvironmentVariable& variable : known_environment_variables())
    known.push_back(variable_json(variable));
  const Json all = {{"well", is_well()}, {"sections", sections}, {"problems", problems}, {"known", known}};
  // Values of the environment may be no UTF-8.
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cairn
