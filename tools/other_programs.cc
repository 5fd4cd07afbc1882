#include "other_programs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {
namespace {

CLI::App* add_command(CLI::App& app, const char* name, const char* description) {
  CLI::App* const command = app.add_subcommand(name, description);
  command->prefix_command();
  command->set_help_flag("");
  return command;
}

std::filesystem::path own_folder() {
  std::error_code failure;
  return std::filesystem::read_symlink("/proc/self/exe", failure).parent_path();
}

/// Becomes the program with these words and those of the command; says `advice` if it cannot be started.
int become(std::vector<std::string> words, const CLI::App& command, std::string_view advice) {
  for (const std::string& word : command.remaining())
    words.push_back(word);
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  fmt::print(stderr, "cairn: {} cannot be started: {}; {}\n", words.front(), std::strerror(errno), advice);
  return 127;
}

}  // namespace

CLI::App* add_bench_command(CLI::App& app) {
  return add_command(app, "bench", "Measure a model: latency, throughput, copies, memory, operators");
}

CLI::App* add_compare_command(CLI::App& app) {
  return add_command(
      app, "compare",
      "Run two networks (.om, .onnx, folders of dump files) and show the first layer that differs");
}

int run_bench(const CLI::App& command) {
  return become({own_folder() / "cairn-bench"}, command, "install Cairn again");
}

int run_compare(const CLI::App& command) {
  const auto script = own_folder().parent_path() / "toolkit/tools/operator_cmp/compare/cairn_compare.py";
  return become({"python3", script}, command, "cairn compare needs it, with numpy");
}

}  // namespace cairn
