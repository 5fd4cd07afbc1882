// From the description of an operator to an offline model that holds it.
#pragma once

#include <string>

#include "compiler/compile.h"
#include "compiler/single_op_file.h"

namespace cairn {

struct SingleOpOptions {
  std::string soc_version;
  std::string cmdline;
};

/// Checks that the operator can be built, for some sizes where the description leaves them open.
Result<CompiledModel> compile_single_op(SingleOpEntry entry, const SingleOpOptions& options);

}  // namespace cairn
