// Operators that work element by element.
#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

/// The remainder has the sign of the divisor without fmod, of the dividend with it.
Values mod(const Node& node) {
  const Value a = node.input(0);
  const Value b = node.input(1);
  const bool of_dividend = node.integer("fmod", 0) != 0;
  if (!a.get_element_type().is_real()) return {of_dividend ? make<op::Mod>(a, b) : make<op::FloorMod>(a, b)};
  // A finite number modulo infinity stays, or becomes that infinity where the signs differ.
  const Value endless = make<op::LogicalAnd>(make<op::IsInf>(b), make<op::IsFinite>(a));
  const Value rest = select(endless, a, make<op::Mod>(a, b));
  if (of_dividend) return {rest};
  const Value zero = like(a, 0);
  const Value differs =
      make<op::LogicalAnd>(make<op::NotEqual>(rest, zero),
                           make<op::NotEqual>(make<op::Less>(rest, zero), make<op::Less>(b, zero)));
  return {select(differs, add(rest, b), rest)};
}

Values celu(const Node& node) {
  const Value x = node.input(0);
  const Value alpha = like(x, node.real("alpha", 1.0F));
  const Value zero = like(x, 0);
  const Value below = multiply(alpha, subtract(make<op::Exp>(divide(x, alpha)), like(x, 1)));
  return {add(make<op::Maximum>(x, zero), make<op::Minimum>(below, zero))};
}

Values swish_glu(const Node& node) {
  const Value a = node.input(0);
  const Value gate = make<op::Sigmoid>(multiply(like(a, node.real("alpha", 1.0F)), a));
  return {multiply(multiply(a, gate), node.input(1))};
}

/// The lowest bits of a number of 32 bits as a signed number.
Value wrap(const Value& value, size_t bits) {
  if (bits == 32) return value;
  const auto size = static_cast<double>(int64_t{1} << bits);
  const Value low = make<op::FloorMod>(value, like(value, size));
  return select(make<op::GreaterEqual>(low, like(value, size / 2)), subtract(low, like(value, size)), low);
}

/// Shifts by less than nothing or by all bits leave the sign.
Values bit_shift(const Node& node) {
  const std::string direction = node.text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") refuse("direction must be LEFT or RIGHT");
  const bool left = direction == "LEFT";
  const ov::element::Type type = node.input(0).get_element_type();
  if (!type.is_signed())
    return {left ? make<op::BitwiseLeftShift>(node.input(0), node.input(1))
                 : make<op::BitwiseRightShift>(node.input(0), node.input(1))};
  const size_t bits = type.bitwidth();
  const bool small = bits < 32;
  const Value a = small ? convert(node.input(0), ov::element::i32) : node.input(0);
  const Value b = small ? convert(node.input(1), ov::element::i32) : node.input(1);
  const Value none = like(b, 0);
  // Shifted right by all bits but one, only the sign is left as well; and 2^31 is no number of 32 bits.
  const auto most = static_cast<double>(left ? bits : bits - 1);
  const Value outside =
      make<op::LogicalOr>(make<op::Less>(b, none), make<op::GreaterEqual>(b, like(b, most)));
  const Value by = select(outside, none, b);
  const Value rest = left ? like(a, 0) : select(make<op::Less>(a, like(a, 0)), like(a, -1), like(a, 0));
  // The engine divides by a power of two, which rounds towards zero; the standard rounds down.
  const Value power = make<op::BitwiseLeftShift>(like(a, 1), by);
  const Value shifted = left ? wrap(make<op::BitwiseLeftShift>(a, by), small ? bits : 32)
                             : divide(subtract(a, make<op::FloorMod>(a, power)), power);
  return {convert(select(outside, rest, shifted), type)};
}

Values binarizer(const Node& node) {
  const Value x = node.input(0);
  const Value above = make<op::Greater>(x, like(x, node.real("threshold", 0.0F)));
  return {convert(above, x.get_element_type())};
}

/// In training some elements become 0, and the others larger; else all stay.
Values dropout(const Node& node) {
  const Value x = node.input(0);
  const Value training = reshape(node.input(2), std::vector<int64_t>{});
  const Value truth = make<op::Constant>(ov::element::boolean, ov::Shape{}, std::vector<bool>{true});
  const Value ratio = node.has_input(1)
                          ? convert(reshape(node.input(1), std::vector<int64_t>{}), ov::element::f32)
                          : make<op::Constant>(ov::element::f32, ov::Shape{}, std::vector<float>{0.5F});
  const Value random = make<op::RandomUniform>(shape(x), like(ratio, 0), like(ratio, 1), ov::element::f32,
                                               uint64_t{0}, static_cast<uint64_t>(node.integer("seed", 0)));
  const Value kept = select(training, make<op::GreaterEqual>(random, ratio), truth);
  const Value rest = make<op::Maximum>(subtract(like(ratio, 1), ratio), like(ratio, 1e-12));
  const Value scale = select(training, divide(like(ratio, 1), rest), like(ratio, 1));
  return {select(kept, multiply(x, convert(scale, x.get_element_type())), like(x, 0)), kept};
}

Values array_feature_extractor(const Node& node) {
  const Value x = node.input(0);
  const Value indices = reshape(node.input(1), std::vector<int64_t>{-1});
  const Value found = make<op::Gather>(x, indices, number(-1));
  return {rank_of(x) == 1 ? unsqueeze(found, {0}) : found};
}

/// Products with a truth value would make infinities NaN.
Values thresholded_relu(const Node& node) {
  const Value x = node.input(0);
  return {select(make<op::Greater>(x, like(x, node.real("alpha", 1.0F))), x, like(x, 0))};
}

Values shrink(const Node& node) {
  const Value x = node.input(0);
  const double limit = node.real("lambd", 0.5F);
  const double bias = node.real("bias", 0.0F);
  const Value below = select(make<op::Less>(x, like(x, -limit)), add(x, like(x, bias)), like(x, 0));
  return {select(make<op::Greater>(x, like(x, limit)), subtract(x, like(x, bias)), below)};
}

/// With noop_with_empty_axes nothing is summed where no axes are given, but the logarithm stays.
Values reduce_log_sum(const Node& node) {
  const Value x = node.input(0);
  if (!node.has_input(1)) return {make<op::Log>(x)};
  const Value axes = node.input(1);
  if (axes.get_partial_shape().is_dynamic()) refuse("the number of axes is not known");
  // The reader makes a scalar of an empty list.
  const bool none = axes.get_shape().empty() || ov::shape_size(axes.get_shape()) == 0;
  return {make<op::Log>(none ? x : make<op::ReduceSum>(x, axes, node.integer("keepdims", 1) != 0))};
}

/// Einsum of scalars only.
Values product(const Node& node) {
  Value y = node.input(0);
  for (size_t i = 1; i < node.input_count(); ++i)
    y = multiply(y, node.input(i));
  return {y};
}

/// Of a tensor, which is an optional that has a value.
Values optional_get_element(const Node& node) {
  return {node.input(0)};
}
Values optional_has_element(const Node& node) {
  return {make<op::Constant>(ov::element::boolean, ov::Shape{}, std::vector<bool>{node.has_input(0)})};
}

}  // namespace

void add_elementwise(Conversions& conversions) {
  conversions.add("Mod", mod);
  conversions.add("Celu", celu);
  conversions.add("SwiGLU", swish_glu);
  conversions.add("BitShift", bit_shift);
  conversions.add("Binarizer", "ai.onnx.ml", binarizer);
  conversions.add("ArrayFeatureExtractor", "ai.onnx.ml", array_feature_extractor);
  conversions.add("Dropout", kOwnDomain, dropout);
  conversions.add("Einsum", kOwnDomain, product);
  conversions.add("ReduceLogSum", kOwnDomain, reduce_log_sum);
  conversions.add("Shrink", shrink);
  conversions.add("ThresholdedRelu", thresholded_relu);
  conversions.add("OptionalGetElement", optional_get_element);
  conversions.add("OptionalHasElement", optional_has_element);
}

}  // namespace cairn::onnx
