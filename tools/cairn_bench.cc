#include "cairn_bench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace cairn {

CLI::App* add_bench_command(CLI::App& app) {
  CLI::App* const command =
      app.add_subcommand("bench", "Measure a model: latency, throughput, copies, memory, operators");
  command->prefix_command();   // All words are that program's, ...
  command->set_help_flag("");  // ... --help as well.
  return command;
}

int run_bench(const CLI::App& command) {
  std::error_code failure;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", failure);
  std::vector<std::string> words = {own.parent_path() / "cairn-bench"};
  for (const std::string& word : command.remaining())
    words.push_back(word);
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv(arguments.front(), arguments.data());
  fmt::print(stderr, "cairn: {} cannot be started: {}; install Cairn again\n", words.front(),
             std::strerror(errno));
  return 127;
}

}  // namespace cairn
