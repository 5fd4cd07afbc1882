// What `cairn doctor` found: facts in sections, and problems with advice; as text or JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

class DoctorReport {
 public:
  /// The facts that follow belong to this section.
  void begin(std::string_view section);
  /// `why` says where the value comes from, or what it means.
  void fact(std::string_view name, const nlohmann::ordered_json& value, std::string_view why = "");
  /// Something does not work: the exit code tells.
  void broken(std::string_view what, std::string_view advice);
  /// Something to know.
  void note(std::string_view what, std::string_view advice);

  bool is_well() const;
  std::string text() const;
  /// {"well", "sections": {section: {name: {"value", "why"}}}, "problems": [{"kind", "what", "advice"}],
  /// "known"}
  std::string json() const;

 private:
  struct Fact {
    std::string name;
    nlohmann::ordered_json value;
    std::string why;
  };
  struct Section {
    std::string name;
    std::vector<Fact> facts;
  };
  struct Problem {
    bool is_broken;
    std::string what;
    std::string advice;
  };
  std::vector<Section> sections_;
  std::vector<Problem> problems_;
};

}  // namespace cairn
