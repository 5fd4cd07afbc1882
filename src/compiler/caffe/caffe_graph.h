// From the two files of a Caffe network to a graph of operators.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "ops/operator_graph.h"

namespace cairn {

/// The bytes of a file, its path for messages, and what keeps the bytes alive.
struct CaffeFile {
  std::span<const std::byte> bytes;
  std::string path;
  std::shared_ptr<const void> keeper;
};

/// Reads prototxt and caffemodel. The constants of the graph lie in `weights` and hold its keeper. Unknown
/// layers, missing weights and weights of a wrong shape come in one message.
Result<ops::OperatorGraph> read_caffe(const CaffeFile& network, const CaffeFile& weights);

/// What is wrong with one layer; without a code nothing is.
struct CaffeLayerCheck {
  std::string name;
  std::string type;
  std::string code;
  std::string problem;
};

/// All layers in their order, and the graph, which is complete if nothing is wrong with any of them.
struct CaffeCheck {
  std::vector<CaffeLayerCheck> layers;
  ops::OperatorGraph graph;
};

/// As read_caffe, but tells what is wrong layer by layer. Fails where a file cannot be read at all.
Result<CaffeCheck> check_caffe(const CaffeFile& network, const CaffeFile& weights);

}  // namespace cairn
