// cairn check: runs a program with the checkers on.
#pragma once

#include <CLI/CLI.hpp>

namespace cairn {

/// Adds the subcommand. When it was chosen, call run_check.
CLI::App* add_check_command(CLI::App& app);
/// Becomes the program. Returns an exit code only if that fails.
int run_check();

}  // namespace cairn
