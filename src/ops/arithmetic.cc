// Element by element with two or more inputs, broadcast as in NumPy.
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

/// Rounds towards zero.
Value truncate(const Value& value) {
  if (!is_float(value)) return value;
  return multiply(make<v0::Sign>(value), make<v0::Floor>(make<v0::Abs>(value)));
}

Values add_values(const Arguments& op) {
  const Value x = op.input(0);
  // Booleans are added as "or".
  if (x.get_element_type() == ov::element::boolean) return {make<v1::LogicalOr>(x, op.input(1))};
  return {add(x, op.input(1))};
}

Values multiply_values(const Arguments& op) {
  const Value x = op.input(0);
  if (x.get_element_type() == ov::element::boolean) return {make<v1::LogicalAnd>(x, op.input(1))};
  return {multiply(x, op.input(1))};
}

Values divide_values(const Arguments& op) {
  return {make<v1::Divide>(op.input(0), op.input(1), false)};
}

Values divide_no_nan(const Arguments& op) {
  const Value divisor = op.input("x2");
  const Value is_zero = equal(divisor, zero_like(divisor));
  const Value safe = select(is_zero, number(1, divisor), divisor);
  return {select(is_zero, zero_like(divisor), make<v1::Divide>(op.input("x1"), safe, false))};
}

Values floor_divide(const Arguments& op) {
  const Value x = op.input(0);
  // What the engine rounds down of whole numbers it rounds towards zero: without the rest nothing is rounded.
  if (!is_float(x)) return {divide(subtract(x, make<v1::FloorMod>(x, op.input(1))), op.input(1))};
  return {make<v0::Floor>(divide(x, op.input(1)))};
}

Values truncate_divide(const Arguments& op) {
  return {truncate(make<v1::Divide>(op.input(0), op.input(1), false))};
}

Values scaled_power(const Arguments& op) {
  const Value base = add(multiply(op.input("x"), op.number("scale")), op.number("shift"));
  const float power = op.number("power");
  if (power == 1) return {base};
  return {make<v1::Power>(base, number(power, base))};
}

Values sum_all(const Arguments& op) {
  const Values values = op.list("x");
  Value sum = values[0];
  for (size_t i = 1; i < values.size(); ++i)
    sum = add(sum, values[i]);
  return {sum};
}

Values maximum_all(const Arguments& op) {
  const Values values = op.list("x");
  Value most = values[0];
  for (size_t i = 1; i < values.size(); ++i)
    most = make<v1::Maximum>(most, values[i]);
  return {most};
}

/// A vector or block laid along the dims of x from `axis` on, other dims 1.
Value along(const Value& block, const Value& x, int64_t axis) {
  const int64_t rank = rank_of(x);
  const int64_t first = axis_of(axis, rank);
  const int64_t after = rank - first - rank_of(block);
  if (after < 0) refuse("the second input has more dims than the first one from axis {} on", axis);
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < after; ++i)
    axes.push_back(rank_of(block) + i);
  return axes.empty() ? block : unsqueeze(block, axes);
}

Values bias_add(const Arguments& op) {
  const Value x = op.input("x");
  const bool channels_first = op.text("data_format").starts_with("NC");
  return {add(x, along(op.input("bias"), x, channels_first ? 1 : -1))};
}

Values bias_layer(const Arguments& op) {
  const Value x = op.input("x");
  return {add(x, along(op.input("bias"), x, op.integer("axis")))};
}

Values scale_layer(const Arguments& op) {
  const Value x = op.input("x");
  Value y = multiply(x, along(op.input("scale"), x, op.integer("axis")));
  if (op.has("bias")) y = add(y, along(op.input("bias"), x, op.integer("axis")));
  return {y};
}

Values axpy(const Arguments& op) {
  return {add(op.input("x1"), multiply(op.input("x2"), op.number("alpha")))};
}

Values axpy_v2(const Arguments& op) {
  return {add(op.input("x1"), multiply(op.input("x2"), convert_like(op.input("alpha"), op.input("x2"))))};
}

Values addcmul(const Arguments& op) {
  return {add(op.input("input_data"), multiply(op.input("value"), multiply(op.input("x1"), op.input("x2"))))};
}

Values addcdiv(const Arguments& op) {
  return {add(op.input("input_data"), multiply(op.input("value"), divide(op.input("x1"), op.input("x2"))))};
}

Values multiply_by_attribute(const Arguments& op) {
  return {multiply(op.input("x"), op.number("value"))};
}

Values add_attribute(const Arguments& op) {
  return {add(op.input("x"), op.number("value"))};
}

/// The shape of x, filled with one value.
Values fills(const Arguments& op) {
  const Value x = op.input("x");
  return {make<v3::Broadcast>(number(op.number("value"), x), shape_of(x))};
}

Values eltwise(const Arguments& op) {
  const Values values = op.list("x");
  const int64_t mode = op.integer("mode");
  std::vector<float> coefficients = op.numbers("coeff");
  if (!coefficients.empty() && coefficients.size() != values.size())
    refuse("coeff has {} values for {} inputs", coefficients.size(), values.size());
  coefficients.resize(values.size(), 1.0F);
  Value result = mode == 1 ? multiply(values[0], coefficients[0]) : values[0];
  for (size_t i = 1; i < values.size(); ++i) {
    if (mode == 0)
      result = multiply(result, values[i]);
    else if (mode == 1)
      result = add(result, multiply(values[i], coefficients[i]));
    else if (mode == 2)
      result = make<v1::Maximum>(result, values[i]);
    else
      refuse("mode is {}, allowed are 0 (product), 1 (sum) and 2 (maximum)", mode);
  }
  return {result};
}

template <class Op>
Values zero_where_first_is_zero(const Value& x, const Value& y) {
  return {select(equal(x, zero_like(x)), zero_like(x), make<Op>(x, y))};
}

Values xdivy(const Arguments& op) {
  return zero_where_first_is_zero<v1::Divide>(op.input(0), op.input(1));
}

Values xlogy(const Arguments& op) {
  return zero_where_first_is_zero<v1::Multiply>(op.input(0), make<v0::Log>(op.input(1)));
}

/// 0 where the second input is, whatever the first one holds.
Values multiply_no_nan(const Arguments& op) {
  const Value y = op.input("x2");
  return {select(equal(y, zero_like(y)), zero_like(y), multiply(op.input("x1"), y))};
}

Values atan2(const Arguments& op) {
  const Value y = op.input(0);
  const Value x = op.input(1);
  const Value zero = zero_like(x);
  const Value half = number(std::numbers::pi / 2, x);
  const Value whole = number(std::numbers::pi, x);
  const Value is_zero = equal(x, zero);
  const Value angle = make<v0::Atan>(divide(y, select(is_zero, number(1, x), x)));
  const Value turned = select(make<v1::GreaterEqual>(y, zero), add(angle, whole), subtract(angle, whole));
  const Value upright = multiply(make<v0::Sign>(y), half);
  return {select(is_zero, upright, select(less(x, zero), turned, angle))};
}

Values lerp(const Arguments& op) {
  const Value start = op.input("start");
  return {add(start, multiply(op.input("weight"), subtract(op.input("end"), start)))};
}

Values hypotenuse(const Arguments& op) {
  const Value x = op.input(0);
  const Value y = op.input(1);
  return {make<v0::Sqrt>(add(multiply(x, x), multiply(y, y)))};
}

Values fused_multiply_add(const Arguments& op) {
  return {add(multiply(op.input(0), op.input(1)), op.input(2))};
}

constexpr std::string_view kFloats = "f16 f32 f64 bf16";

constexpr std::array kEntries = std::to_array<Entry>({
    {"AccumulateNV2", "x*", "y", "N Int=0", "Number", sum_all},
    {"Add", "x1, x2", "y", "", "ALL", add_values},
    {"AddN", "x*", "y", "N Int=0", "Number", sum_all},
    {"AddV2", "x1, x2", "y", "", "Number", add_values},
    {"Addcdiv", "input_data, x1, x2, value", "y", "", "f16 bf16 f32 f64 i64 i32", addcdiv},
    {"Addcmul", "input_data, x1, x2, value", "y", "", "f16 bf16 f32 i8 i32 u8 f64 i64", addcmul},
    {"Adds", "x", "y", "value Float", "f32 i16 i32 f16 bf16", add_attribute},
    {"Atan2", "x1, x2", "y", "", "Floating", atan2},
    {"Axpy", "x1, x2", "y", "alpha Float", "f32 i32 f16 bf16", axpy},
    {"AxpyV2", "x1, x2, alpha", "y", "", "f16 f32 i32 bf16", axpy_v2},
    {"Bias", "x, bias", "y", "axis Int=1; num_axes Int=1; bias_from_blob Bool=true", kFloats, bias_layer},
    {"BiasAdd", "x, bias", "y", "data_format String=NHWC", "Number", bias_add},
    {"Div", "x1, x2", "y", "", "Number", divide_values},
    {"DivNoNan", "x1, x2", "y", "", "f32 u8 i8 i32 f16 f64 bf16", divide_no_nan},
    {"Eltwise", "x*", "y", "N Int=0; mode Int=1; coeff [float]={}", kFloats, eltwise},
    {"Fills", "x", "y", "value Float", "Number", fills},
    {"FloorDiv", "x1, x2", "y", "", "Number", floor_divide},
    {"FloorMod", "x1, x2", "y", "", "i32 i64 f32 f16 f64 bf16", binary<v1::FloorMod>},
    {"FusedMulAdd", "x1, x2, x3", "y", "", "f16 f32 i32 bf16", fused_multiply_add},
    {"FusedMulAddN", "x1, x2, x3", "y", "", "f16 f32 i32 i16 bf16", fused_multiply_add},
    {"Hypot", "x1, x2", "y", "", kFloats, hypotenuse},
    {"Lerp", "start, end, weight", "y", "", kFloats, lerp},
    {"MaxN", "x*", "y", "N Int=0", "f16 f32 f64 i32 i64", maximum_all},
    {"Maximum", "x1, x2", "y", "", "Number", binary<v1::Maximum>},
    {"Minimum", "x1, x2", "y", "", "Number", binary<v1::Minimum>},
    {"Mod", "x1, x2", "y", "", "Number", binary<v1::Mod>},
    {"Mul", "x1, x2", "y", "", "ALL", multiply_values},
    {"MulNoNan", "x1, x2", "y", "", kFloats, multiply_no_nan},
    {"Muls", "x", "y", "value Float", "f32 i16 i32 i64 f16 bf16", multiply_by_attribute},
    {"Pow", "x1, x2", "y", "", "Number", binary<v1::Power>},
    {"Power", "x", "y", "power Float=1.0; scale Float=1.0; shift Float=0.0", kFloats, scaled_power},
    {"RealDiv", "x1, x2", "y", "", "Number", divide_values},
    {"Scale", "x, scale, bias?", "y", "axis Int=1; num_axes Int=1; scale_from_blob Bool=true", kFloats,
     scale_layer},
    {"SquaredDifference", "x1, x2", "y", "", "f16 f32 f64 bf16 i32 i64", binary<v0::SquaredDifference>},
    {"Sub", "x1, x2", "y", "", "Number", binary<v1::Subtract>},
    {"TruncateDiv", "x1, x2", "y", "", "Number", truncate_divide},
    {"TruncateMod", "x1, x2", "y", "", "bf16 f16 f32 f64 i64 i32", binary<v1::Mod>},
    {"Xdivy", "x1, x2", "y", "", kFloats, xdivy},
    {"Xlogy", "x1, x2", "y", "", kFloats, xlogy},
});

}  // namespace

std::span<const Entry> arithmetic_operators() {
  return kEntries;
}

}  // namespace cairn::ops
