// The JSON file of `atc --singleop`: descriptions of operators.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "op/operator_spec.h"

namespace cairn {

struct SingleOpEntry {
  OperatorSpec spec;
  /// "0_Add_3_2_8_16_3_2_8_16_3_2_8_16": place in the file, type, and numbers of data type, format and dims
  /// of each tensor; at most 128 characters.
  std::string file_name;
  bool is_fuzzy = false;  ///< It follows a "compile_flag": 1; all dims may be open.
};

/// Reads the text of a file. `path` is for messages; errors are the E-codes of compile_error.h.
Result<std::vector<SingleOpEntry>> read_single_ops(std::string_view text, std::string_view path);

}  // namespace cairn
