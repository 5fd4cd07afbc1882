// The options of `atc` whose values have a syntax of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "compiler/compile.h"

namespace cairn {

/// --input_shape: "name1:1,3,224,224;name2:-1,1~8". The name is everything before the last colon; -1 is any
/// size.
Result<std::vector<InputShape>> parse_input_shape(std::string_view text);

/// --input_shape_range: "name1:[1~20,3,-1];name2:[8]", or "[1~20,3,-1],[8]" in the order of the inputs, whose
/// entries have no names.
Result<std::vector<InputShape>> parse_input_shape_range(std::string_view text);

/// --out_nodes: "node1:0;node2:1", or names of tensors.
Result<std::vector<OutNode>> parse_out_nodes(std::string_view text);

/// --output_type: a type for all outputs, or "node:0:FP16;...". Exactly one part of the result is filled.
struct OutputTypes {
  std::optional<aclDataType> all;
  std::vector<OutNodeType> some;
};
Result<OutputTypes> parse_output_type(std::string_view text);

/// Parts between semicolons, without blanks around them; a trailing semicolon is tolerated.
std::vector<std::string> split_list(std::string_view text, char separator = ';');

}  // namespace cairn
