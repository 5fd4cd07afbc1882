// The graph that an offline model shows: the layers of the original network with the types of CANN.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/onnx_file.h"
#include "engine/imported_network.h"
#include "om/om_model.h"

namespace cairn {

/// A tensor of the network that is an output of the offline model.
struct GraphOutput {
  std::string tensor;  ///< Of the ONNX graph.
  std::string node;    ///< Which makes it.
  int64_t index = 0;   ///< Among the node's outputs.
};

struct GraphSource {
  const OnnxModel& onnx;
  /// Type and shape of a tensor of the ONNX graph.
  std::function<std::optional<NetworkTensor>(std::string_view)> tensor;
  const std::map<std::string, NetworkIr::Place, std::less<>>& constants;
  bool channels_last = false;
};

/// Data, Const, operator and NetOutput nodes in topological order; layers that no output needs are left out.
std::vector<OmNode> build_graph(const GraphSource& source, const std::vector<OmInput>& inputs,
                                const std::vector<GraphOutput>& graph_outputs,
                                const std::vector<OmTensor>& outputs);

/// The operator that AIPP in front of an input becomes.
std::string aipp_node_name(std::string_view input);

/// NCHW for four dims, NCDHW for five, else ND; with the channels last NHWC and NDHWC.
aclFormat onnx_format(size_t dims, bool channels_last = false);

}  // namespace cairn
