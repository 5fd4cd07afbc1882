// The "dump" section of a configuration file (aclInit, aclmdlSetDump): what is written of models that run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace cairn {

/// Tensors that are left out: all of an operator, or some by their number.
struct DumpExclusion {
  std::string name;  ///< Of an operator or an operator type.
  bool everything = true;
  std::set<uint64_t> inputs;
  std::set<uint64_t> outputs;
};

/// Operators from `begin` to `end` in the order of execution, both included.
struct DumpRange {
  std::string begin;
  std::string end;
};

/// One entry of "dump_list".
struct DumpModelChoice {
  std::string model_name;
  std::set<std::string, std::less<>> layers;  ///< Empty, with no range: every operator.
  std::vector<DumpRange> ranges;
  std::vector<DumpExclusion> excluded_names;
  std::vector<DumpExclusion> excluded_types;
};

enum class DumpMode : uint8_t { kOutput, kInput, kAll };

/// Columns of the statistics, one bit each.
enum DumpStatistic : unsigned {
  kDumpMax = 1,
  kDumpMin = 2,
  kDumpAverage = 4,
  kDumpNan = 8,
  kDumpNegativeInfinity = 16,
  kDumpPositiveInfinity = 32,
  kDumpNorm = 64,
  kDumpCount = 128,
};

struct DumpConfig {
  std::filesystem::path path;  ///< Exists and can be written; absolute.
  DumpMode mode = DumpMode::kOutput;
  std::vector<DumpModelChoice> models;
  bool single_operators = false;
  struct Steps {
    uint64_t first;
    uint64_t last;
  };
  std::vector<Steps> steps;  ///< Executions, counted from 0; empty: all.
  bool statistics = false;   ///< Instead of the tensors.
  unsigned wanted_statistics = kDumpMax | kDumpMin | kDumpAverage | kDumpCount | kDumpNan |
                               kDumpNegativeInfinity | kDumpPositiveInfinity;
  bool overflow = false;    ///< Operators that overflow, of every model.
  bool exceptions = false;  ///< Operators that fail, of every model.

  bool has_step(uint64_t step) const;
};

/// Reads the section of a whole configuration; nothing if it asks for no dump. Errors have the code
/// ACL_ERROR_INVALID_DUMP_CONFIG.
Result<std::optional<DumpConfig>> read_dump_config(const nlohmann::json& configuration);

}  // namespace cairn
