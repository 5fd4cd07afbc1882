// `atc --mode=3`: which layers of a model can be converted, without converting it.
#pragma once

#include <cstddef>
#include <string>

#include "base/status.h"
#include "compiler/compile.h"

namespace cairn {

struct Precheck {
  std::string json;  ///< The report, as --check_report takes it.
  size_t layers = 0;
  size_t failed = 0;
};

/// Fails where the file cannot be read at all.
Result<Precheck> precheck_model(const CompileOptions& options);

}  // namespace cairn
