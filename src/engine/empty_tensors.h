// Tensors without elements inside a network.
#pragma once

#include <openvino/core/model.hpp>

namespace cairn {

/// Makes a constant of every result of a node that has no elements, whatever the node computes: some kernels
/// of the CPU plugin (Gather, Broadcast) divide by the number of elements. Matrix products over nothing
/// become zeros: the plugin has no kernel for those of bfloat16. Names stay. Shapes that are only known when
/// the network runs are left alone.
void make_empty_tensors_constant(ov::Model& network);

}  // namespace cairn
