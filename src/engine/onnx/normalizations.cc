// Softmax as it was up to opset 12, and the quantization of whole tensors.
#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

/// Over the axis and all behind it.
Values flattening_softmax(const Node& node) {
  const Value x = node.input(0);
  const size_t rank = rank_of(x);
  const size_t axis = axis_of(x, node.integer("axis", 1));
  if (axis + 1 == rank) return {make<op::Softmax>(x, static_cast<int64_t>(axis))};
  std::vector<int64_t> kept(axis, 0);  // 0 keeps a dim.
  kept.push_back(-1);
  constexpr bool kZeroKeeps = true;
  const Value flat = make<op::Reshape>(x, numbers(kept), kZeroKeeps);
  return {reshape(make<op::Softmax>(flat, static_cast<int64_t>(axis)), shape(x))};
}

Value nearest_even(const Value& x) {
  return make<op::Round>(x, op::Round::RoundMode::HALF_TO_EVEN);
}

/// Scale and zero point follow from the numbers; values are rounded before the zero point is added.
Values dynamic_quantize_linear(const Node& node) {
  const Value x = node.input(0);
  constexpr double kMost = 255;
  std::vector<int64_t> all(rank_of(x));
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<int64_t>(i);
  const Value zero = like(x, 0);
  const Value least = make<op::Minimum>(make<op::ReduceMin>(x, numbers(all), false), zero);
  const Value most = make<op::Maximum>(make<op::ReduceMax>(x, numbers(all), false), zero);
  const Value scale = divide(subtract(most, least), like(x, kMost));
  // Of zeros only any scale gives zeros.
  const Value divisor = select(make<op::Equal>(scale, zero), like(x, 1), scale);
  const auto clamp = [&](const Value& value) { return make<op::Clamp>(value, 0, kMost); };
  const Value origin = nearest_even(clamp(divide(subtract(zero, least), divisor)));
  const Value y = clamp(add(nearest_even(divide(x, divisor)), origin));
  return {convert(y, ov::element::u8), scale, convert(origin, ov::element::u8)};
}

}  // namespace

void add_normalizations(Conversions& conversions) {
  if (conversions.opset() < 13) conversions.add("Softmax", flattening_softmax);
  conversions.add("DynamicQuantizeLinear", dynamic_quantize_linear);
}

}  // namespace cairn::onnx
