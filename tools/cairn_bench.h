// cairn bench: measures a model.
#pragma once

#include <CLI/CLI.hpp>

namespace cairn {

/// Adds the command `bench`. When it runs it sets `exit_code`.
void add_bench(CLI::App& app, int& exit_code);

}  // namespace cairn
