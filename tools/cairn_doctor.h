// `cairn doctor`: what is in force on this machine and why, and what is missing.
#pragma once

#include <CLI/CLI.hpp>

namespace cairn {

/// Adds the command `doctor`. When it runs it sets `exit_code`: 0 if all is well, 1 if something is broken.
void add_doctor(CLI::App& app, int& exit_code);

}  // namespace cairn
