#include "cairn_compare.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace cairn {

CLI::App* add_compare_command(CLI::App& app) {
  CLI::App* const command = app.add_subcommand(
      "compare",
      "Run two networks (.om, .onnx, folders of dump files) and show the first layer that differs");
  command->prefix_command();   // All words are the Python program's, ...
  command->set_help_flag("");  // ... --help as well.
  return command;
}

int run_compare(const CLI::App& command) {
  std::error_code failure;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", failure);
  const std::string script =
      own.parent_path().parent_path() / "toolkit/tools/operator_cmp/compare/cairn_compare.py";
  std::vector<std::string> words = {"python3", script};
  for (const std::string& word : command.remaining())
    words.push_back(word);
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  fmt::print(stderr, "cairn: python3 cannot be started: {}; cairn compare needs it, with numpy\n",
             std::strerror(errno));
  return 127;
}

}  // namespace cairn
