// The largest of numbers that are all minus infinity is the lowest finite number in the engine, and the
// smallest of infinities the highest. Networks ask for it, as in attention, to find rows in which everything
// is masked.
#pragma once

#include <openvino/openvino.hpp>

namespace cairn::onnx {

/// Makes such a result infinite where it is compared.
void correct_infinite_extremes(ov::Model& model);

}  // namespace cairn::onnx
