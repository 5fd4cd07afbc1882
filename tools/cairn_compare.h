// `cairn compare`: hands over to cairn_compare.py of the toolkit tree.
#pragma once

#include <CLI/CLI.hpp>

namespace cairn {

/// Adds the subcommand; run_compare runs it once it has been chosen.
CLI::App* add_compare_command(CLI::App& app);
/// Becomes the Python program; returns an exit code only if that cannot start.
int run_compare(const CLI::App& command);

}  // namespace cairn
