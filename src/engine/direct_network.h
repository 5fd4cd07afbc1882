// Networks of nodes that programs know, as programs that run without the engine.
#pragma once

#include <memory>
#include <openvino/core/model.hpp>

#include "direct/program.h"

namespace cairn {

/// The network as a program; null if it has another kind of node, or is so much work that the engine, which
/// takes longer to make, is worth it. All shapes are known.
std::shared_ptr<const direct::Program> direct_program(const ov::Model& network);

}  // namespace cairn
