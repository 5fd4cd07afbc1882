// The options of `atc`: one table, the reader of the command line, and the help page.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace cairn {

enum class AtcSupport : uint8_t {
  kWorks,
  kNoEffect,  ///< Taken, and without meaning on a CPU.
  kNotYet,    ///< Any value but the default is refused.
};

enum class AtcKind : uint8_t { kText, kNumber, kSwitch01, kTrueFalse, kInputPath, kOutputPath };

struct AtcOption {
  std::string_view name;
  AtcKind kind;
  AtcSupport support;
  std::string_view otherwise;  ///< Value if it is not given; empty: none.
  std::string_view allowed;    ///< Values separated by "|"; empty: any.
  std::string_view group;      ///< Heading on the help page.
  std::string_view help;
};

std::span<const AtcOption> atc_options();
/// What the help page says of an option.
std::string_view atc_option_help(std::string_view name);
/// Whether its value names a file or folder that must be there.
bool is_atc_input_path(std::string_view name);

/// Values as given on the command line, checked one by one.
class AtcArguments {
 public:
  /// Reads "--name=value" and "--name value"; a single dash does too. The last value of an option counts.
  static Result<AtcArguments> parse(std::span<const std::string> words);

  bool wants_help() const { return wants_help_; }
  bool has(std::string_view name) const { return values_.contains(name); }
  /// The value given, else the default.
  std::string get(std::string_view name) const;
  /// The command line as one text.
  const std::string& cmdline() const { return cmdline_; }
  /// Names of given options that have no effect.
  std::vector<std::string_view> without_effect() const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::string cmdline_;
  bool wants_help_ = false;
};

std::string atc_help();

}  // namespace cairn
