// Activation functions.
#include <array>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

Value zero_like(const Value& value) {
  return number(0, value);
}

Values relu6(const Arguments& op) {
  return {make<v0::Clamp>(op.input("x"), 0.0, 6.0)};
}

Values relu_with_mask(const Arguments& op) {
  const Value x = op.input("x");
  return {make<v0::Relu>(x), convert(greater(x, zero_like(x)), ov::element::u8)};
}

Values leaky_relu(const Arguments& op) {
  const Value x = op.input("x");
  return {make<v0::PRelu>(x, number(op.number("negative_slope"), x))};
}

/// One slope for each channel, or one for all.
Values prelu(const Arguments& op) {
  Value slope = op.input("weight");
  if (rank_of(slope) > 1 && dims_of(slope).size() + 1 != static_cast<size_t>(rank_of(op.input("x")))) {
    slope = reshape(slope, {-1});
  }
  return {make<v0::PRelu>(op.input("x"), slope)};
}

/// x > 0 ? x : alpha * (exp(input_scale * x) - 1), all times scale.
Values elu(const Arguments& op) {
  const Value x = op.input("x");
  const Value below = add(make<v0::Exp>(multiply(x, op.number("input_scale"))), -1);
  const Value y = select(greater(x, zero_like(x)), x, multiply(below, op.number("alpha")));
  return {multiply(y, op.number("scale"))};
}

Values selu(const Arguments& op) {
  const Value x = op.input("x");
  return {make<v0::Selu>(x, number(1.6732632423543772, x), number(1.0507009873554805, x))};
}

Values celu_of(const Value& x, float divisor, float factor, float slope) {
  const Value below = multiply(add(make<v0::Exp>(multiply(x, 1.0 / divisor)), -1), factor);
  return {add(multiply(make<v0::Relu>(x), slope), make<v1::Minimum>(below, zero_like(x)))};
}

Values celu(const Arguments& op) {
  return celu_of(op.input("x"), op.number("alpha1"), op.number("alpha2"), op.number("alpha3"));
}

Values celu_v2(const Arguments& op) {
  return celu_of(op.input("x"), op.number("alpha"), op.number("alpha"), 1);
}

Values gelu_tanh(const Arguments& op) {
  return {make<v7::Gelu>(op.input("x"), ov::op::GeluApproximationMode::TANH)};
}

Values gelu_v2(const Arguments& op) {
  const bool exact = op.text("approximate") == "none";
  return {make<v7::Gelu>(op.input("x"),
                         exact ? ov::op::GeluApproximationMode::ERF : ov::op::GeluApproximationMode::TANH)};
}

/// x * sigmoid(1.702 * x).
Values fast_gelu(const Arguments& op) {
  const Value x = op.input("x");
  return {multiply(x, make<v0::Sigmoid>(multiply(x, 1.702)))};
}

/// x * (sign(x) * (-0.1444 * (min(0.7071 * |x|, 1.769) - 1.769)^2 + 0.5) + 0.5).
Values fast_gelu_v2(const Arguments& op) {
  const Value x = op.input("x");
  const Value bent = make<v1::Minimum>(multiply(make<v0::Abs>(x), 0.7071), number(1.769, x));
  const Value distance = add(bent, -1.769);
  const Value half = add(multiply(multiply(distance, distance), -0.1444), 0.5);
  return {multiply(x, add(multiply(make<v0::Sign>(x), half), 0.5))};
}

Values hard_sigmoid(const Arguments& op) {
  Value x = op.input("input_x");
  if (!is_float(x)) x = convert(x, ov::element::f32);
  return {make<v0::Clamp>(add(multiply(x, op.number("alpha")), op.number("beta")), 0.0, 1.0)};
}

Value swish_of(const Value& x, float scale) {
  return multiply(x, make<v0::Sigmoid>(multiply(x, scale)));
}

Values swish(const Arguments& op) {
  return {swish_of(op.input("x"), op.number("scale"))};
}

Values softplus_v2(const Arguments& op) {
  const Value x = op.input("x");
  const float beta = op.number("beta");
  const Value bent = multiply(x, beta);
  const Value soft = multiply(make<v4::SoftPlus>(bent), 1.0 / beta);
  return {select(greater(bent, number(op.number("threshold"), x)), x, soft)};
}

std::vector<int64_t> softmax_axes(const Arguments& op, const Value& x) {
  std::vector<int64_t> axes = op.integers("axes");
  if (axes.empty()) axes = {-1};
  for (int64_t& axis : axes)
    axis = axis_of(axis, rank_of(x));
  return axes;
}

Values softmax(const Arguments& op) {
  Value x = op.input("x");
  if (op.flag("half_to_float")) x = convert(x, ov::element::f32);
  const std::vector<int64_t> axes = softmax_axes(op, x);
  if (axes.size() == 1) return {make<v8::Softmax>(x, axes[0])};
  const Value most = make<v1::ReduceMax>(x, integers(axes), true);
  const Value powers = make<v0::Exp>(subtract(x, most));
  return {divide(powers, make<v1::ReduceSum>(powers, integers(axes), true))};
}

Values log_softmax(const Arguments& op) {
  const Value x = op.input("logits");
  const std::vector<int64_t> axes = softmax_axes(op, x);
  if (axes.size() == 1) return {make<v5::LogSoftmax>(x, axes[0])};
  const Value low = subtract(x, make<v1::ReduceMax>(x, integers(axes), true));
  return {subtract(low, make<v0::Log>(make<v1::ReduceSum>(make<v0::Exp>(low), integers(axes), true)))};
}

Values thresholded_relu(const Arguments& op) {
  const Value x = op.input("x");
  return {select(greater(x, number(op.number("alpha"), x)), x, zero_like(x))};
}

Values threshold_with_value(const Arguments& op) {
  const Value x = op.input("x");
  return {select(greater(x, number(op.number("threshold"), x)), x, number(op.number("value"), x))};
}

/// 1 above the threshold, else 0.
Values threshold(const Arguments& op) {
  const Value x = op.input("x");
  return {convert_like(greater(x, number(op.number("threshold"), x)), x)};
}

/// What lies between -lambd and lambd becomes 0; the rest moves towards 0 by `bias`.
Values shrink_of(const Value& x, float lambd, float bias) {
  const Value above = add(x, -bias);
  const Value below = add(x, bias);
  const Value rest = select(less(x, number(-lambd, x)), below, zero_like(x));
  return {select(greater(x, number(lambd, x)), above, rest)};
}

Values hard_shrink(const Arguments& op) {
  return shrink_of(op.input(0), op.number("lambd"), 0);
}

Values soft_shrink(const Arguments& op) {
  return shrink_of(op.input(0), op.number("lambd"), op.number("lambd"));
}

Values shrink(const Arguments& op) {
  return shrink_of(op.input(0), op.number("lambd"), op.number("bias"));
}

Values halves(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t axis = axis_of(op.integer("dim"), rank_of(x));
  return std::make_shared<v1::Split>(x, integer(axis), 2)->outputs();
}

/// 1 for the first of the largest elements, else 0.
Values hard_max(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t axis = axis_of(op.integer("axis"), rank_of(x));
  const auto top = std::make_shared<v11::TopK>(x, integer(1), axis, v11::TopK::Mode::MAX,
                                               v11::TopK::SortType::SORT_VALUES, ov::element::i64, true);
  const int64_t depth = dims_of(x)[static_cast<size_t>(axis)];
  return {
      make<v1::OneHot>(squeeze(top->output(1), {axis}), integer(depth), number(1, x), number(0, x), axis)};
}

Values glu(const Arguments& op) {
  const Values parts = halves(op);
  return {multiply(parts[0], make<v0::Sigmoid>(parts[1]))};
}

Values swi_glu(const Arguments& op) {
  const Values parts = halves(op);
  return {multiply(swish_of(parts[0], 1), parts[1])};
}

/// min(max(x, min_val), max_val).
Values hard_tanh(const Arguments& op) {
  return {make<v0::Clamp>(op.input("x"), op.number("min_val"), op.number("max_val"))};
}

/// log(1 / (1 + exp(-x))).
Values log_sigmoid(const Arguments& op) {
  return {make<v0::Negative>(make<v4::SoftPlus>(make<v0::Negative>(op.input("x"))))};
}

constexpr std::string_view kFloats = "f16 f32 f64 bf16";

constexpr std::array kEntries = std::to_array<Entry>({
    {"BNLL", "x", "y", "", kFloats, unary<v4::SoftPlus>},
    {"Celu", "x", "y", "alpha1 Float=1.0; alpha2 Float=1.0; alpha3 Float=1.0", "f32 f16", celu},
    {"CeluV2", "x", "y", "alpha Float=1.0", "f32 f16 bf16", celu_v2},
    {"Elu", "x", "y", "alpha Float=1.0; scale Float=1.0; input_scale Float=1.0", kFloats, elu},
    {"FastGelu", "x", "y", "", "f16 f32 bf16", fast_gelu},
    {"FastGeluV2", "x", "y", "", "f16 f32 bf16", fast_gelu_v2},
    {"GLU", "x", "y", "dim Int=-1", kFloats, glu},
    {"Gelu", "x", "y", "", "f16 f32 bf16", gelu_tanh},
    {"GeluV2", "x", "y", "approximate String=none", "f16 f32 bf16", gelu_v2},
    {"HardMax", "x", "y", "axis Int=-1", "f16 f32", hard_max},
    {"HardShrink", "input_x", "output_y", "lambd Float=0.5", "f16 f32 bf16", hard_shrink},
    {"HardSigmoid", "input_x", "output_y", "alpha Float=0.16666666; beta Float=0.5", "f32 f16 i32 bf16",
     hard_sigmoid},
    {"HardSwish", "x", "y", "", "f16 f32 bf16", unary<v4::HSwish>},
    {"HardTanh", "x", "y", "min_val Float=-1.0; max_val Float=1.0", "f16 f32", hard_tanh},
    {"LeakyRelu", "x", "y", "negative_slope Float=0.0", kFloats, leaky_relu},
    {"LogSigmoid", "x", "y", "", "f16 f32 bf16", log_sigmoid},
    {"LogSoftmaxV2", "logits", "logsoftmax", "axes [int]={-1}", kFloats, log_softmax},
    {"Mish", "x", "y", "", "f16 f32 bf16", unary<v4::Mish>},
    {"PRelu", "x, weight", "y", "", "f16 f32 bf16", prelu},
    {"Relu", "x", "y", "", "Number", unary<v0::Relu>},
    {"Relu6", "x", "y", "", "Number", relu6},
    {"ReluV2", "x", "y, mask: u8", "", "Number", relu_with_mask},
    {"Selu", "x", "y", "", kFloats, selu},
    {"Shrink", "input_x", "output_y", "lambd Float=0.5; bias Float=0.0", "f16 f32", shrink},
    {"Sigmoid", "x", "y", "", kFloats, unary<v0::Sigmoid>},
    {"SoftShrink", "input_x", "output_y", "lambd Float=0.5", "f16 f32 bf16", soft_shrink},
    {"SoftmaxV2", "x", "y", "axes [int]={-1}; half_to_float Bool=false", kFloats, softmax},
    {"Softplus", "x", "y", "", kFloats, unary<v4::SoftPlus>},
    {"SoftplusV2", "x", "y", "beta Float=1.0; threshold Float=20.0", "f16 f32 bf16", softplus_v2},
    {"Softsign", "x", "y", "", kFloats, unary<v9::SoftSign>},
    {"SwiGlu", "x", "y", "dim Int=-1", "f16 f32 bf16", swi_glu},
    {"Swish", "x", "y", "scale Float=1.0", "f16 f32 bf16", swish},
    {"Threshold", "x", "y", "threshold Float=0.0", "f16 f32 bf16", threshold},
    {"ThresholdV2D", "x", "y", "threshold Float; value Float", "Number", threshold_with_value},
    {"ThresholdedRelu", "x", "y", "alpha Float=1.0", "f16 f32", thresholded_relu},
});

}  // namespace

std::span<const Entry> activation_operators() {
  return kEntries;
}

}  // namespace cairn::ops
