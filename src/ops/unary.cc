// Element by element with one input.
#include <array>
#include <cmath>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

/// base^(shift + scale * x); base -1 stands for e.
Values exponential(const Arguments& op) {
  Value exponent = add(multiply(op.input("x"), op.number("scale")), op.number("shift"));
  const float base = op.number("base");
  if (base == -1) return {make<v0::Exp>(exponent)};
  if (!(base > 0)) refuse("base is {}, it must be -1 (for e) or greater than 0", base);
  return {make<v0::Exp>(multiply(exponent, std::log(base)))};
}

/// log to the base of shift + scale * x; base -1 stands for e.
Values logarithm(const Arguments& op) {
  Value x = op.input("x");
  if (!is_float(x)) x = convert(x, ov::element::f32);
  x = add(multiply(x, op.number("scale")), op.number("shift"));
  const float base = op.number("base");
  if (base == -1) return {make<v0::Log>(x)};
  if (!(base > 0) || base == 1)
    refuse("base is {}, it must be -1 (for e), or greater than 0 and not 1", base);
  return {multiply(make<v0::Log>(x), 1 / std::log(base))};
}

/// exp(x) - 1 without losing small x: 2t / (1 - t) with t = tanh(x / 2).
Values exponential_less_one(const Arguments& op) {
  const Value x = op.input("x");
  const Value t = make<v0::Tanh>(multiply(x, 0.5));
  const Value exact = divide(multiply(t, 2), subtract(number(1, x), t));
  return {select(less(make<v0::Abs>(x), number(0.5, x)), exact, add(make<v0::Exp>(x), -1))};
}

/// log(1 + x) without losing small x: what the sum u = 1 + x has rounded away comes back as x / (u - 1).
Values logarithm_of_one_more(const Arguments& op) {
  const Value x = op.input("x");
  const Value one = number(1, x);
  const Value sum = add(x, one);
  const Value rounded = equal(sum, one);
  const Value is_infinite = make<v10::IsInf>(sum);
  const Value ratio = divide(x, select(rounded, one, subtract(sum, one)));
  const Value logarithm = make<v0::Log>(sum);
  return {select(rounded, x, select(is_infinite, logarithm, multiply(logarithm, ratio)))};
}

Values reciprocal_root(const Arguments& op) {
  const Value root = make<v0::Sqrt>(op.input("x"));
  return {divide(number(1, root), root)};
}

Values square(const Arguments& op) {
  return {multiply(op.input(0), op.input(0))};
}

Values reciprocal(const Arguments& op) {
  return {divide(number(1, op.input(0)), op.input(0))};
}

Value round_even(const Value& value) {
  return make<v5::Round>(value, v5::Round::RoundMode::HALF_TO_EVEN);
}

Values round_decimals(const Arguments& op) {
  const Value x = op.input("x");
  if (!is_float(x)) return {x};
  const int64_t decimals = op.integer("decimals");
  if (decimals == 0) return {round_even(x)};
  const double factor = std::pow(10.0, static_cast<double>(std::abs(decimals)));
  if (decimals > 0) return {divide(round_even(multiply(x, factor)), number(factor, x))};
  return {multiply(round_even(divide(x, number(factor, x))), factor)};
}

Values round_to_integer(const Arguments& op) {
  return {round_even(op.input("x"))};
}

Values truncate(const Arguments& op) {
  const Value x = op.input(0);
  if (!is_float(x)) return {x};
  return {multiply(make<v0::Sign>(x), make<v0::Floor>(make<v0::Abs>(x)))};
}

Values error_function_rest(const Arguments& op) {
  const Value erf = make<v0::Erf>(op.input("x"));
  return {subtract(number(1, erf), erf)};
}

/// log(x / (1 - x)), x held between eps and 1 - eps if eps is not negative.
Values logit(const Arguments& op) {
  Value x = op.input("x");
  const double eps = op.number("eps");
  if (eps >= 0) x = make<v0::Clamp>(x, eps, 1 - eps);
  return {make<v0::Log>(divide(x, subtract(number(1, x), x)))};
}

/// The number of the interval that each element lies in.
Values bucketize(const Arguments& op) {
  const std::vector<float>& list = op.numbers("boundaries");
  const Value boundaries = make<v0::Constant>(ov::element::f32, ov::Shape{list.size()}, list);
  return {make<v3::Bucketize>(convert(op.input("x"), ov::element::f32), boundaries, op.type("dtype"),
                              op.flag("right"))};
}

template <class Op>
Values of_floats(const Arguments& op) {
  const Value x = op.input("x");
  return {convert_like(make<Op>(is_float(x) ? x : convert(x, ov::element::f32)), x)};
}

Values clip(const Arguments& op) {
  const Value low = make<v1::Maximum>(op.input("x"), op.input("clip_value_min"));
  return {make<v1::Minimum>(low, op.input("clip_value_max"))};
}

Values running_sum(const Arguments& op) {
  return {
      make<v0::CumSum>(op.input("x"), scalar(op.input("axis")), op.flag("exclusive"), op.flag("reverse"))};
}

Values running_sum_of_attribute(const Arguments& op) {
  return {
      make<v0::CumSum>(op.input("x"), integer(op.integer("axis")), op.flag("exclusive"), op.flag("reverse"))};
}

/// Each result is the product of a row of x in which the elements that do not belong to it are 1.
Value running_product(const Value& x, int64_t axis, bool exclusive, bool reverse) {
  const int64_t rank = rank_of(x);
  axis = axis_of(axis, rank);
  const int64_t count = dims_of(x)[static_cast<size_t>(axis)];
  constexpr int64_t kMost = 4096;
  if (count > kMost) refuse("the axis has {} elements, at most {} are supported", count, kMost);
  // belongs[i][j]: does element j belong to result i?
  std::vector<char> belongs;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < count; ++j)
      belongs.push_back(reverse ? (exclusive ? j > i : j >= i) : (exclusive ? j < i : j <= i));
  std::vector<int64_t> order;
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis) order.push_back(i);
  order.push_back(axis);
  const Value rows = unsqueeze(transpose(x, order), {rank - 1});
  const auto side = static_cast<size_t>(count);
  const Value mask = make<v0::Constant>(ov::element::boolean, ov::Shape{side, side}, belongs);
  const Value product = make<v1::ReduceProd>(select(mask, rows, number(1, x)), integers({-1}), false);
  std::vector<int64_t> back(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return transpose(product, back);
}

Values cumulative_product(const Arguments& op) {
  return {
      running_product(op.input("x"), op.constant_integer("axis"), op.flag("exclusive"), op.flag("reverse"))};
}

Values cumulative_product_of_attribute(const Arguments& op) {
  return {running_product(op.input("x"), op.integer("axis"), op.flag("exclusive"), op.flag("reverse"))};
}

constexpr std::string_view kFloats = "f16 f32 f64 bf16";
constexpr std::string_view kScaled = "base Float=-1.0; scale Float=1.0; shift Float=0.0";
constexpr std::string_view kDirection = "exclusive Bool=false; reverse Bool=false";
constexpr std::string_view kAxisDirection = "axis Int; exclusive Bool=false; reverse Bool=false";

constexpr std::array kEntries = std::to_array<Entry>({
    {"Abs", "x", "y", "", "f16 bf16 f32 f64 i8 i16 i32 i64", unary<v0::Abs>},
    {"Acos", "x", "y", "", "f16 f32 f64 bf16 i32 i64", of_floats<v0::Acos>},
    {"Acosh", "x", "y", "", kFloats, unary<v3::Acosh>},
    {"Asin", "x", "y", "", "f16 f32 f64 bf16 i32 i64", of_floats<v0::Asin>},
    {"Asinh", "x", "y", "", kFloats, unary<v3::Asinh>},
    {"Atan", "x", "y", "", kFloats, unary<v0::Atan>},
    {"Atanh", "x", "y", "", kFloats, unary<v3::Atanh>},
    {"Ceil", "x", "y", "", kFloats, unary<v0::Ceiling>},
    {"ClipByValue", "x, clip_value_min, clip_value_max", "y", "", "Number", clip},
    {"ClipByValueV2", "x, clip_value_min, clip_value_max", "y", "", "Number", clip},
    {"Cos", "x", "y", "", kFloats, unary<v0::Cos>},
    {"Cosh", "x", "y", "", kFloats, unary<v0::Cosh>},
    {"Cumprod", "x, axis: Index", "y", kDirection, "Number", cumulative_product},
    {"CumprodD", "x", "y", kAxisDirection, "Number", cumulative_product_of_attribute},
    {"Cumsum", "x, axis: Index", "y", kDirection, "Number", running_sum},
    {"CumsumD", "x", "y", kAxisDirection, "Number", running_sum_of_attribute},
    {"Erf", "x", "y", "", kFloats, unary<v0::Erf>},
    {"Bucketize", "x", "y: i32 i64", "boundaries [float]; dtype Type=3; right Bool=true", "f16 f32 i32 i64",
     bucketize},
    {"Erfc", "x", "y", "", kFloats, error_function_rest},
    {"Exp", "x", "y", kScaled, kFloats, exponential},
    {"Expm1", "x", "y", "", kFloats, exponential_less_one},
    {"Floor", "x", "y", "", kFloats, unary<v0::Floor>},
    {"Inv", "x", "y", "", "f16 f32 f64 i32 i64 bf16", reciprocal},
    {"Log", "x", "y", kScaled, "ALL", logarithm},
    {"Log1p", "x", "y", "", kFloats, logarithm_of_one_more},
    {"Logit", "x", "y", "eps Float=-1.0", "f16 f32 bf16", logit},
    {"Neg", "x", "y", "", "f16 bf16 f32 f64 i8 i32 i64", unary<v0::Negative>},
    {"Reciprocal", "x", "y", "", "f16 f32 f64 i32 i64 bf16", reciprocal},
    {"Rint", "x", "y", "", kFloats, round_to_integer},
    {"Round", "x", "y", "decimals Int=0", "f16 f32 f64 bf16 i32 i64", round_decimals},
    {"Rsqrt", "x", "y", "", kFloats, reciprocal_root},
    {"Sign", "x", "y", "", "f16 f32 f64 bf16 i32 i64", unary<v0::Sign>},
    {"Sin", "x", "y", "", kFloats, unary<v0::Sin>},
    {"Sinh", "x", "y", "", kFloats, unary<v0::Sinh>},
    {"Sqrt", "x", "y", "", kFloats, unary<v0::Sqrt>},
    {"Square", "x", "y", "", "f16 f32 f64 bf16 i32 i64", square},
    {"Tan", "x", "y", "", "f16 f32 f64 bf16 i32 i64", of_floats<v0::Tan>},
    {"Tanh", "x", "y", "", kFloats, unary<v0::Tanh>},
    {"Trunc", "input_x", "output_y", "", "f16 bf16 f32 i8 i32 u8", truncate},
});

}  // namespace

std::span<const Entry> unary_operators() {
  return kEntries;
}

}  // namespace cairn::ops
