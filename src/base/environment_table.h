// The environment variables that Cairn knows, in one table: the runtime takes their ranges from here, `cairn
// doctor` checks them, and docs/environment.md shows them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cairn {

struct EnvironmentVariable {
  enum class Kind : uint8_t { kInteger, kChoice, kText, kNoEffect };

  std::string_view name;
  Kind kind;  ///< kNoEffect: known from the card, where it sets something that Cairn does not have.
  std::string_view otherwise;  ///< What is in force when it is not set, for people.
  std::string_view meaning;
  int64_t least = 0;  ///< kInteger.
  int64_t most = 0;
  std::string_view choices = {};  ///< kChoice: separated by spaces.
};

std::span<const EnvironmentVariable> known_environment_variables();
/// Null for a name that is not in the table.
const EnvironmentVariable* find_environment_variable(std::string_view name);
/// What the variable may be set to, for people: "1 .. 64".
std::string allowed_values(const EnvironmentVariable& variable);
/// Empty if the value will have its effect, else what is wrong with it. Empty values count as unset.
std::string defect_of_value(const EnvironmentVariable& variable, std::string_view value);
/// The known name that differs from `name` by the fewest letters, if that are at most a third of them; else
/// empty.
std::string_view nearest_known_name(std::string_view name);

}  // namespace cairn
