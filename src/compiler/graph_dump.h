// DUMP_GE_GRAPH: descriptions of the graphs that a conversion makes, for whoever looks for a fault in it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "om/om_model.h"

namespace cairn {

struct GraphDump {
  std::filesystem::path path;
  std::string text;
};

/// What DUMP_GE_GRAPH, DUMP_GRAPH_LEVEL and DUMP_GRAPH_PATH ask for; empty if nothing.
///   ge_proto_00000000_graph_0_Build.txt          the shown graph, as protobuf text
///   cairn_00000001_graph_0_Executable.xml        the graph that the engine runs
/// DUMP_GE_GRAPH: 1 everything, 2 without the values of constants, 3 only how the operators are connected.
/// DUMP_GRAPH_LEVEL: 1 and 2 both, 3 the last stage, 4 the first one.
Result<std::vector<GraphDump>> graph_dumps(const OmModel& model);

}  // namespace cairn
