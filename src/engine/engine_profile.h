// How long the operators of a network take.
#pragma once

#include <openvino/openvino.hpp>
#include <vector>

#include "engine/engine.h"

namespace cairn {

/// `network` was compiled with ov::enable_profiling. Throws what OpenVINO throws.
std::vector<OperatorTime> profile_network(ov::CompiledModel network, double seconds);

}  // namespace cairn
