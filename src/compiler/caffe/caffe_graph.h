// From the two files of a Caffe network to a graph of operators.
#pragma once

#include <filesystem>
#include <memory>

#include "base/status.h"
#include "om/mapped_file.h"
#include "ops/operator_graph.h"

namespace cairn {

/// Reads prototxt and caffemodel. The graph keeps `weights` alive as long as it uses it. Unknown layers, missing weights
/// and weights of a wrong shape come in one message.
Result<ops::OperatorGraph> read_caffe(const MappedFile& network, const std::filesystem::path& network_path,
                                      const std::shared_ptr<const MappedFile>& weights,
                                      const std::filesystem::path& weights_path);

}  // namespace cairn
