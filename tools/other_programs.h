// Subcommands of `cairn` that are programs of their own: they get all words that follow, --help as well.
#pragma once

#include <CLI/CLI.hpp>

namespace cairn {

/// Add the subcommand; the function below runs it once it has been chosen.
CLI::App* add_bench_command(CLI::App& app);
CLI::App* add_compare_command(CLI::App& app);

/// Become the program cairn-bench beside this one, and the Python program of `cairn compare`. They return an
/// exit code only if that cannot start.
int run_bench(const CLI::App& command);
int run_compare(const CLI::App& command);

}  // namespace cairn
