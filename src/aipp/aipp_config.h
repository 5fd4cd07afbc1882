// The AIPP configuration file of `atc --insert_op_conf`: protobuf text format of domi.InsertNewOps
// (insert_op.proto).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aipp/aipp_params.h"
#include "base/status.h"

namespace cairn {

/// One `aipp_op { ... }` block.
struct AippConfigOp {
  /// The model input: by name if `related_input_name` is not empty, else by `related_input_rank` (default 0).
  std::string related_input_name;
  uint32_t related_input_rank = 0;
  /// Which consumer of the input gets this AIPP; absent: all of them.
  std::optional<uint32_t> input_edge_idx;
  int line = 0;  ///< Where the block begins, 1-based.
  AippParams params;
};

/// Parses the text of a configuration file and checks everything that does not depend on the model. Errors
/// name the line, what was found and what is allowed. The text comes from anywhere: at most 1 MiB and 64
/// blocks are read.
Result<std::vector<AippConfigOp>> parse_aipp_config(std::string_view text);

}  // namespace cairn
