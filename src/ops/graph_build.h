// From a graph of operators to a model of the engine.
#pragma once

#include <memory>
#include <openvino/core/model.hpp>
#include <string>
#include <vector>

#include "ops/operator_graph.h"

namespace cairn::ops {

/// Why a node cannot be built.
struct NodeProblem {
  std::string node;
  std::string type;
  std::string reason;  ///< Empty: there is no such operator.
};

struct GraphBuild {
  std::shared_ptr<ov::Model> model;  ///< Null if there are problems.
  std::vector<NodeProblem> problems;
};

/// Builds as many nodes as it can, so that all problems come at once; what hangs on a node with a problem is
/// left out. Tensors of the graph keep their names. The model keeps what the constants' keepers hold; bytes
/// without a keeper are copied. May throw what the engine throws.
GraphBuild build_graph(const OperatorGraph& graph);

}  // namespace cairn::ops
