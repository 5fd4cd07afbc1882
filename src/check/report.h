// What the checkers found, as text on stderr and as JSON lines in CAIRN_CHECK_FILE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "check/call_stack.h"

namespace cairn::check {

enum class Kind : uint8_t { kMemory, kSync, kLeak, kApi };
const char* kind_name(Kind kind);

/// One end of a finding: what happened, and where.
struct Place {
  std::string what;
  const CallStack* stack = nullptr;
};

struct Finding {
  Kind kind;
  std::string rule;   ///< "RT-178"; empty where no rule covers it.
  std::string title;  ///< Without addresses and sizes: equal causes have equal titles.
  std::string object;
  std::vector<Place> places;  ///< The fault first.
  std::string repair;
};

/// Not thread-safe: called under the lock of Checks.
class Reports {
 public:
  Reports();
  /// Writes the finding. One with the kind, rule, title and stacks of an earlier one is only counted.
  void add(const Finding& finding);
  /// Writes how many there were. Once.
  void finish();
  bool is_empty() const { return counts_.empty(); }

 private:
  struct Count {
    size_t id;
    Kind kind;
    std::string rule;
    std::string title;
    size_t repeats;
  };
  void write_text(const Finding& finding) const;
  void write_json(const Finding& finding, size_t id) const;
  void write_line(const std::string& json) const;

  const bool colored_;
  int file_ = -1;
  bool finished_ = false;
  std::map<std::string, Count> counts_;
};

}  // namespace cairn::check
