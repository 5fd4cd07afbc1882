// ONNX operators that the engine's reader lacks or reads wrongly, built from the engine's operators. One file
// for each group of operators.
#pragma once

#include <memory>
#include <vector>

#include "engine/onnx/node.h"

namespace cairn::onnx {

void add_attention(Conversions& conversions);
void add_elementwise(Conversions& conversions);
void add_losses(Conversions& conversions);
void add_normalizations(Conversions& conversions);
void add_optimizers(Conversions& conversions);
void add_recurrences(Conversions& conversions);
void add_resizing(Conversions& conversions);
void add_selections(Conversions& conversions);
void add_terms(Conversions& conversions);
void add_transforms(Conversions& conversions);
void add_windows(Conversions& conversions);

/// All of them, for the engine's reader of models of this opset.
std::vector<std::shared_ptr<ov::Extension>> conversions(int64_t opset);

}  // namespace cairn::onnx
