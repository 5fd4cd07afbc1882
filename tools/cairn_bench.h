// `cairn bench`: hands over to the program cairn-bench beside this one.
#pragma once

#include <CLI/CLI.hpp>

namespace cairn {

/// Adds the subcommand; run_bench runs it once it has been chosen.
CLI::App* add_bench_command(CLI::App& app);
/// Becomes cairn-bench; returns an exit code only if that cannot start.
int run_bench(const CLI::App& command);

}  // namespace cairn
