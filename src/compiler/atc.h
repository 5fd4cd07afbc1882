// The command `atc`.
#pragma once

#include <cstdio>
#include <span>
#include <string>

namespace cairn {

/// Runs the command with the words after its name, and returns the exit code: 0, 1 for a failed conversion,
/// 255 for a wrong command line. Texts go to `out`, progress of long work to `progress` (null: none).
int run_atc(std::span<const std::string> words, std::FILE* out, std::FILE* progress);

}  // namespace cairn
