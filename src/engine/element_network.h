// Networks that work element by element, as programs that run without the engine.
#pragma once

#include <memory>
#include <openvino/core/model.hpp>

#include "element/element_program.h"

namespace cairn {

/// The network as a program; null if it has another kind of node, or is so much work that the engine's
/// kernels, which take longer to make, are worth it. All shapes are known.
std::shared_ptr<const element::ElementProgram> element_program(const ov::Model& network);

}  // namespace cairn
