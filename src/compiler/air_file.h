// A MindSpore AIR file: a graph of GE operators, serialised as ge.proto.ModelDef.
#pragma once

#include <filesystem>
#include <span>

#include "base/status.h"
#include "ops/operator_graph.h"

namespace cairn {

/// Reads the bytes of a file within a bounded amount of memory. `path` is for messages. The graph owns what
/// it needs.
Result<ops::OperatorGraph> read_air(std::span<const std::byte> file, const std::filesystem::path& path);

}  // namespace cairn
