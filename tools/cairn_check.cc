#include "cairn_check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace cairn {
namespace {

struct CheckOptions {
  std::vector<std::string> kinds;
  std::string file;
  bool exit_code = false;
  std::vector<std::string> command;
};

CheckOptions& options() {
  static CheckOptions chosen;
  return chosen;
}

}  // namespace

CLI::App* add_check_command(CLI::App& app) {
  CheckOptions& chosen = options();
  CLI::App* const command = app.add_subcommand(
      "check",
      "Run a program and report memory faults, missing synchronization, leaks and misuse of the API");
  command
      ->add_option("--only", chosen.kinds, "Only these kinds (separated by commas): memory, sync, leak, api")
      ->delimiter(',')
      ->check(CLI::IsMember({"memory", "sync", "leak", "api"}));
  command->add_option("--json", chosen.file, "Write the findings as JSON lines to this file, too");
  command->add_flag("--exit-code", chosen.exit_code, "End with code 1 if anything was found");
  command->add_option("command", chosen.command, "The program and its arguments, after --")->required();
  command->positionals_at_end();
  command->footer("Example:\n  cairn check --only sync -- python app.py");
  return command;
}

int run_check() {
  const CheckOptions& chosen = options();
  const std::string kinds = chosen.kinds.empty() ? "all" : fmt::format("{}", fmt::join(chosen.kinds, ","));
  ::setenv("CAIRN_CHECK", kinds.c_str(), 1);
  if (chosen.exit_code) ::setenv("CAIRN_CHECK_EXIT", "1", 1);
  if (!chosen.file.empty()) {
    std::FILE* const file = std::fopen(chosen.file.c_str(), "w");  // The findings of one run.
    if (file == nullptr) {
      fmt::print(stderr, "cairn: {} cannot be written: {}\n", chosen.file, std::strerror(errno));
      return EXIT_FAILURE;
    }
    std::fclose(file);
    // The program may change its directory before it loads the library.
    ::setenv("CAIRN_CHECK_FILE", std::filesystem::absolute(chosen.file).c_str(), 1);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : chosen.command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  fmt::print(stderr, "cairn: {} cannot be started: {}\n", chosen.command.front(), std::strerror(errno));
  return 127;
}

}  // namespace cairn
