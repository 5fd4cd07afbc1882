// TensorFlow operators as CANN names them.
#pragma once

#include "compiler/onnx_operators.h"

namespace cairn {

/// CANN took most names and attributes over from TensorFlow; those that differ are translated.
CannOperator tensorflow_operator(const OnnxNode& node);

}  // namespace cairn
