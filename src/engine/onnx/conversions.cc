#include "engine/onnx/conversions.h"

namespace cairn::onnx {

std::vector<std::shared_ptr<ov::Extension>> conversions(int64_t opset) {
  Conversions all(opset);
  add_attention(all);
  add_elementwise(all);
  add_losses(all);
  add_normalizations(all);
  add_optimizers(all);
  add_recurrences(all);
  add_resizing(all);
  add_selections(all);
  add_terms(all);
  add_transforms(all);
  add_windows(all);
  return all.take();
}

}  // namespace cairn::onnx
