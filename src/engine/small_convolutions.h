// Which kernels the engine takes for the convolutions of small networks.
#pragma once

#include <string>
#include <string_view>

namespace cairn {

/// The graph file `ir_xml` with the wish, at each convolution, that the engine takes its direct kernels. By
/// itself it takes those that multiply matrices in blocks, whose set-up costs more than it saves in a
/// convolution of microseconds. A wish that the processor cannot fulfil has no effect.
std::string with_direct_convolutions(std::string_view ir_xml);

}  // namespace cairn
