// The table of operators: for each its signature and the function that builds it from nodes of the engine.
//
// A family of operators is one file with one list of entries, named in families.h. Adding an operator is an
// entry there and a row in tests/operators.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ops/arguments.h"
#include "ops/signature.h"

namespace cairn::ops {

/// Builds the sub-graph of one operator. Gives one value for each output of the signature, in its order;
/// fewer where the last ones have no meaning here.
using Build = Values (*)(const Arguments&);

/// An operator as its family's file writes it; see signature.h for the texts.
struct Entry {
  std::string_view type;
  std::string_view inputs;
  std::string_view outputs;
  std::string_view attributes;
  std::string_view types;
  Build build;
};

struct Operator {
  Signature signature;
  std::string_view family;  ///< "pooling": the name of its file.
  Build build = nullptr;
};

/// Sorted by type. The table is made on first use and lives as long as the process.
std::span<const Operator> all_operators();
/// Null for an unknown operator.
const Operator* find_operator(std::string_view type);

/// Checks inputs and attributes and builds the operator. The status holds the reason only: the caller knows
/// the node's name. Attributes that the signature does not have are passed over: graphs carry many for other
/// tools.
Result<Values> build_operator(const Operator& op, std::vector<OperatorInput> inputs,
                              std::span<const OmAttribute> attributes, size_t output_count);

}  // namespace cairn::ops
