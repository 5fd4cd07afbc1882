// Gradients of elementwise operators: what comes back through them.
#include <array>
#include <cmath>
#include <numbers>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

Value zero_like(const Value& value) {
  return number(0, value);
}
Value one_less(const Value& value) {
  return subtract(number(1, value), value);
}
Value square(const Value& value) {
  return multiply(value, value);
}
Value where_positive(const Value& x, const Value& yes, const Value& no) {
  return select(greater(x, zero_like(x)), yes, no);
}
Value root(const Value& value) {
  return make<v0::Sqrt>(value);
}

// Of the result y.

Values sigmoid_grad(const Arguments& op) {
  const Value y = op.input("y");
  return {multiply(op.input("dy"), multiply(y, one_less(y)))};
}

Values tanh_grad(const Arguments& op) {
  return {multiply(op.input("dy"), one_less(square(op.input("y"))))};
}

Values sqrt_grad(const Arguments& op) {
  return {divide(multiply(op.input("dy"), 0.5), op.input("y"))};
}

Values rsqrt_grad(const Arguments& op) {
  const Value y = op.input("y");
  return {multiply(multiply(op.input("dy"), -0.5), multiply(y, square(y)))};
}

Values reciprocal_grad(const Arguments& op) {
  return {make<v0::Negative>(multiply(op.input(1), square(op.input(0))))};
}

// Of the input x.

Values asin_grad(const Arguments& op) {
  return {divide(op.input("dy"), root(one_less(square(op.input("y")))))};
}

Values acos_grad(const Arguments& op) {
  return {make<v0::Negative>(asin_grad(op)[0])};
}

Values atan_grad(const Arguments& op) {
  return {divide(op.input("dy"), add(square(op.input("y")), 1))};
}

/// y is the result: dy / cosh(y).
Values asinh_grad(const Arguments& op) {
  return {divide(op.input("dy"), make<v0::Cosh>(op.input("y")))};
}

/// y is the result: dy / sinh(y).
Values acosh_grad(const Arguments& op) {
  return {divide(op.input("dy"), make<v0::Sinh>(op.input("y")))};
}

Values abs_grad(const Arguments& op) {
  return {multiply(op.input("dy"), make<v0::Sign>(op.input("y")))};
}

Values relu_grad(const Arguments& op) {
  const Value gradients = op.input("gradients");
  return {where_positive(op.input("features"), gradients, zero_like(gradients))};
}

Values relu6_grad(const Arguments& op) {
  const Value gradients = op.input("gradients");
  const Value features = op.input("features");
  const Value inside =
      make<v1::LogicalAnd>(greater(features, zero_like(features)), less(features, number(6, features)));
  return {select(inside, gradients, zero_like(gradients))};
}

Values leaky_relu_grad(const Arguments& op) {
  const Value gradients = op.input("gradients");
  return {where_positive(op.input("features"), gradients, multiply(gradients, op.number("negative_slope")))};
}

/// The activations are at hand: below 0 the slope is one more than they are.
Values elu_grad(const Arguments& op) {
  const Value grads = op.input("grads");
  const Value activations = op.input("activations");
  return {where_positive(activations, grads, multiply(grads, add(activations, 1)))};
}

Values selu_grad(const Arguments& op) {
  constexpr double kScale = 1.0507009873554805;
  constexpr double kAlpha = 1.6732632423543772;
  const Value gradients = op.input("gradients");
  const Value outputs = op.input("outputs");
  return {where_positive(outputs, multiply(gradients, kScale),
                         multiply(gradients, add(outputs, kScale * kAlpha)))};
}

Values softplus_grad(const Arguments& op) {
  return {multiply(op.input("gradients"), make<v0::Sigmoid>(op.input("features")))};
}

Values softsign_grad(const Arguments& op) {
  return {divide(op.input("gradients"), square(add(make<v0::Abs>(op.input("features")), 1)))};
}

Values threshold_grad(const Arguments& op) {
  const Value gradients = op.input("gradients");
  const Value features = op.input("features");
  return {
      select(greater(features, number(op.number("threshold"), features)), gradients, zero_like(gradients))};
}

Values hard_shrink_grad(const Arguments& op) {
  const Value gradients = op.input(0);
  const Value features = op.input(1);
  const Value outside = greater(make<v0::Abs>(features), number(op.number("lambd"), features));
  return {select(outside, gradients, zero_like(gradients))};
}

Values hard_tanh_grad(const Arguments& op) {
  const Value result = op.input("result");
  const Value grad = op.input("grad");
  const Value inside = make<v1::LogicalAnd>(greater(result, number(op.number("min_val"), result)),
                                            less(result, number(op.number("max_val"), result)));
  return {select(inside, grad, zero_like(grad))};
}

Values hard_sigmoid_grad(const Arguments& op) {
  const Value grads = op.input("grads");
  const Value x = op.input("input_x");
  const Value y = add(multiply(x, op.number("alpha")), op.number("beta"));
  const Value inside = make<v1::LogicalAnd>(greater(y, zero_like(y)), less(y, number(1, y)));
  return {select(inside, multiply(grads, op.number("alpha")), zero_like(grads))};
}

Values hard_swish_grad(const Arguments& op) {
  const Value grad = op.input("grad");
  const Value x = op.input("x");
  const Value middle = multiply(grad, add(multiply(x, 1.0 / 3.0), 0.5));
  const Value above = select(greater(x, number(3, x)), grad, middle);
  return {select(less(x, number(-3, x)), zero_like(grad), above)};
}

/// The slope of the tanh form of Gelu.
Value gelu_slope(const Value& x) {
  const double factor = std::sqrt(2 / std::numbers::pi);
  const Value inner = multiply(multiply(x, add(multiply(square(x), 0.044715), 1)), factor);
  const Value t = make<v0::Tanh>(inner);
  const Value inner_slope = multiply(add(multiply(square(x), 3 * 0.044715), 1), factor);
  const Value left = multiply(add(t, 1), 0.5);
  const Value right = multiply(multiply(multiply(x, 0.5), one_less(square(t))), inner_slope);
  return add(left, right);
}

Values gelu_grad(const Arguments& op) {
  return {multiply(op.input("dy"), gelu_slope(op.input("x")))};
}

Value swish_slope(const Value& x, double scale) {
  const Value s = make<v0::Sigmoid>(multiply(x, scale));
  return add(s, multiply(multiply(multiply(x, scale), s), one_less(s)));
}

Values fast_gelu_grad(const Arguments& op) {
  return {multiply(op.input("dy"), swish_slope(op.input("x"), 1.702))};
}

Values swish_grad(const Arguments& op) {
  return {multiply(op.input("grad"), swish_slope(op.input("x"), op.number("scale")))};
}

Values mish_grad(const Arguments& op) {
  const Value x = op.input("x");
  const Value t = make<v0::Tanh>(make<v4::SoftPlus>(x));
  const Value slope = add(t, multiply(multiply(x, make<v0::Sigmoid>(x)), one_less(square(t))));
  return {multiply(op.input("grad"), slope)};
}

Values softmax_grad(const Arguments& op) {
  const Value softmax = op.input("softmax");
  const Value grad = op.input("grad_softmax");
  const Value sum = make<v1::ReduceSum>(multiply(softmax, grad), integers(op.integers("axes")), true);
  return {multiply(softmax, subtract(grad, sum))};
}

Values log_softmax_grad(const Arguments& op) {
  const Value grad = op.input("grad");
  const Value sum = make<v1::ReduceSum>(grad, integers(op.integers("axis")), true);
  return {subtract(grad, multiply(make<v0::Exp>(op.input("x")), sum))};
}

Values bias_add_grad(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t rank = rank_of(x);
  const int64_t kept = op.text("data_format").starts_with("NC") ? 1 : rank - 1;
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i)
    if (i != kept) axes.push_back(i);
  return {make<v1::ReduceSum>(x, integers(axes), false)};
}

/// Gradients of x and of the slopes, one for each channel or one for all.
Values prelu_grad(const Arguments& op) {
  const Value grads = op.input("grads");
  const Value features = op.input("features");
  const Value weights = op.input("weights");
  const int64_t rank = rank_of(features);
  const bool shared = ov::shape_size(weights.get_shape()) == 1;
  std::vector<int64_t> dims(static_cast<size_t>(rank), 1);
  if (!shared) dims[1] = -1;
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i)
    if (shared || i != 1) axes.push_back(i);
  const Value dx = where_positive(features, grads, multiply(grads, reshape(weights, dims)));
  const Value below = multiply(grads, make<v1::Minimum>(features, zero_like(features)));
  const Value sum = make<v1::ReduceSum>(below, integers(axes), false);
  return {dx, make<v1::Reshape>(sum, shape_of(weights), false)};
}

Values maximum_grad_of(const Arguments& op, const Value& first) {
  const Value grads = op.input("grads");
  return {select(first, grads, zero_like(grads)), select(first, zero_like(grads), grads)};
}

Values maximum_grad(const Arguments& op) {
  return maximum_grad_of(op, make<v1::GreaterEqual>(op.input("x1"), op.input("x2")));
}

Values minimum_grad(const Arguments& op) {
  return maximum_grad_of(op, make<v1::LessEqual>(op.input("x1"), op.input("x2")));
}

constexpr std::string_view kFloats = "f16 f32 f64 bf16";
constexpr std::string_view kOfResult = "y, dy";
constexpr std::string_view kOfFeatures = "gradients, features";

constexpr std::array kEntries = std::to_array<Entry>({
    {"AbsGrad", kOfResult, "z", "", kFloats, abs_grad},
    {"AcosGrad", kOfResult, "z", "", kFloats, acos_grad},
    {"AcoshGrad", kOfResult, "z", "", kFloats, acosh_grad},
    {"AsinGrad", kOfResult, "z", "", kFloats, asin_grad},
    {"AsinhGrad", kOfResult, "z", "", kFloats, asinh_grad},
    {"AtanGrad", kOfResult, "z", "", kFloats, atan_grad},
    {"BiasAddGrad", "x", "y", "data_format String=NHWC", "Number", bias_add_grad},
    {"EluGrad", "grads, activations", "y", "", kFloats, elu_grad},
    {"FastGeluGrad", "dy, x", "z", "", kFloats, fast_gelu_grad},
    {"GeluGrad", "dy, x, y", "z", "", kFloats, gelu_grad},
    {"HardShrinkGrad", kOfFeatures, "backprops", "lambd Float=0.5", kFloats, hard_shrink_grad},
    {"HardSigmoidGrad", "grads, input_x", "y", "alpha Float=0.16666666; beta Float=0.5", kFloats,
     hard_sigmoid_grad},
    {"HardSwishGrad", "grad, x", "y", "", kFloats, hard_swish_grad},
    {"HardtanhGrad", "result, grad", "y", "min_val Float=-1.0; max_val Float=1.0", kFloats, hard_tanh_grad},
    {"InvGrad", "x, grad", "y", "", kFloats, reciprocal_grad},
    {"LeakyReluGrad", kOfFeatures, "backprops", "negative_slope Float=0.0", kFloats, leaky_relu_grad},
    {"LogSoftmaxGrad", "grad, x", "y", "axis [int]={-1}", kFloats, log_softmax_grad},
    {"MaximumGrad", "grads, x1, x2", "y1, y2", "grad_x Bool=true; grad_y Bool=true", "f16 f32 i32",
     maximum_grad},
    {"MinimumGrad", "grads, x1, x2", "y1, y2", "grad_x Bool=true; grad_y Bool=true", "f16 f32 i32",
     minimum_grad},
    {"MishGrad", "grad, x, tanhx?", "x_grad", "", kFloats, mish_grad},
    {"PReluGrad", "grads, features, weights", "dx, da", "", kFloats, prelu_grad},
    {"ReciprocalGrad", kOfResult, "z", "", kFloats, reciprocal_grad},
    {"Relu6Grad", kOfFeatures, "backprops", "", "Number", relu6_grad},
    {"ReluGrad", kOfFeatures, "backprops", "", "Number", relu_grad},
    {"RsqrtGrad", kOfResult, "z", "", kFloats, rsqrt_grad},
    {"SeluGrad", "gradients, outputs", "y", "", kFloats, selu_grad},
    {"SigmoidGrad", kOfResult, "z", "", kFloats, sigmoid_grad},
    {"SoftShrinkGrad", "input_grad, input_x", "output_y", "lambd Float=0.5", kFloats, hard_shrink_grad},
    {"SoftmaxGrad", "softmax, grad_softmax", "grad_x", "axes [int]={-1}", kFloats, softmax_grad},
    {"SoftplusGrad", kOfFeatures, "backprops", "", kFloats, softplus_grad},
    {"SoftsignGrad", kOfFeatures, "output", "", kFloats, softsign_grad},
    {"SqrtGrad", kOfResult, "z", "", kFloats, sqrt_grad},
    {"SwishGrad", "grad, x, y", "grad_x", "scale Float=1.0", kFloats, swish_grad},
    {"TanhGrad", kOfResult, "z", "", kFloats, tanh_grad},
    {"ThresholdGradV2D", kOfFeatures, "backprops", "threshold Float", "Number", threshold_grad},
});

}  // namespace

std::span<const Entry> gradient_operators() {
  return kEntries;
}

}  // namespace cairn::ops
