// Comparison, logic, bits, and choice between values.
#include <array>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

Values approximately_equal(const Arguments& op) {
  const Value difference = make<v0::Abs>(subtract(op.input(0), op.input(1)));
  return {less(difference, number(op.number("tolerance"), difference))};
}

/// A condition with one dim chooses among the first dim of the values.
Values choose(const Arguments& op) {
  Value condition = op.input("condition");
  const int64_t rank = rank_of(op.input("x1"));
  if (rank_of(condition) == 1 && rank > 1) {
    std::vector<int64_t> axes;
    for (int64_t i = 1; i < rank; ++i)
      axes.push_back(i);
    condition = unsqueeze(condition, axes);
  }
  return {select(condition, op.input("x1"), op.input("x2"))};
}

Values choose_broadcast(const Arguments& op) {
  return {select(op.input(0), op.input(1), op.input(2))};
}

Values masked_fill(const Arguments& op) {
  return {select(op.input("mask"), convert_like(op.input("value"), op.input("x")), op.input("x"))};
}

Values masked_scale(const Arguments& op) {
  const Value x = op.input("x");
  return {multiply(multiply(x, convert_like(op.input("mask"), x)), op.number("value"))};
}

Values is_positive_infinity(const Arguments& op) {
  return {make<v10::IsInf>(op.input(0), v10::IsInf::Attributes{false, true})};
}

Values is_negative_infinity(const Arguments& op) {
  return {make<v10::IsInf>(op.input(0), v10::IsInf::Attributes{true, false})};
}

/// |a - b| <= atol + rtol * |b|.
Values is_close(const Arguments& op) {
  const Value a = op.input(0);
  const Value b = op.input(1);
  const Value bound = add(multiply(make<v0::Abs>(b), op.number("rtol")), op.number("atol"));
  const Value near = make<v1::LessEqual>(make<v0::Abs>(subtract(a, b)), bound);
  const Value close = make<v1::LogicalOr>(near, equal(a, b));
  if (!op.flag("equal_nan")) return {close};
  return {make<v1::LogicalOr>(close, make<v1::LogicalAnd>(make<v10::IsNaN>(a), make<v10::IsNaN>(b)))};
}

/// One truth for the whole tensors.
Values all_equal(const Arguments& op) {
  const Value same = make<v1::Equal>(op.input(0), op.input(1));
  return {make<v1::ReduceLogicalAnd>(reshape(same, {-1}), integers({0}), false)};
}

Values shift_left(const Arguments& op) {
  return {make<v15::BitwiseLeftShift>(op.input(0), op.input(1))};
}

Values shift_right(const Arguments& op) {
  return {make<v15::BitwiseRightShift>(op.input(0), op.input(1))};
}

/// Where a tensor is not 0: [number of such elements, number of dims].
Value places(const Value& tensor, const ov::element::Type& type) {
  return transpose(make<v3::NonZero>(tensor, type), {1, 0});
}

Values where(const Arguments& op) {
  return {places(op.input(0), ov::element::i64)};
}

Values non_zero(const Arguments& op) {
  const ov::element::Type type = op.type("dtype");
  if (op.flag("transpose")) return {make<v3::NonZero>(op.input(0), type)};
  return {places(op.input(0), type)};
}

/// The elements whose place in the mask is true, in one line. The tensors are broadcast.
Values masked_select(const Arguments& op) {
  const Value mask = op.input("mask");
  const Value x = op.input("x");
  const Value values = select(mask, x, number(0, x));  // Has the shape of both together.
  const Value chosen = make<v1::LogicalAnd>(
      mask,
      make<v3::Broadcast>(make<v0::Constant>(ov::element::boolean, ov::Shape{}, true), shape_of(values)));
  const Value indices = squeeze(places(reshape(chosen, {-1}), ov::element::i64), {1});
  return {make<v8::Gather>(reshape(values, {-1}), indices, integer(0))};
}

constexpr std::string_view kFloats = "f16 f32 f64 bf16";
constexpr std::string_view kIntegers = "Integer";

constexpr std::array kEntries = std::to_array<Entry>({
    {"ApproximateEqual", "x1, x2", "y: b", "tolerance Float=1e-5", "Number", approximately_equal},
    {"BitwiseAnd", "x1, x2", "y", "", "Integer b", binary<v13::BitwiseAnd>},
    {"BitwiseNot", "x", "y", "", "Integer b", unary<v13::BitwiseNot>},
    {"BitwiseOr", "x1, x2", "y", "", "Integer b", binary<v13::BitwiseOr>},
    {"BitwiseXor", "x1, x2", "y", "", "Integer b", binary<v13::BitwiseXor>},
    {"Equal", "x1, x2", "y: b", "", "ALL", binary<v1::Equal>},
    {"Greater", "x1, x2", "y: b", "", "Number", binary<v1::Greater>},
    {"GreaterEqual", "x1, x2", "y: b", "", "Number", binary<v1::GreaterEqual>},
    {"Invert", "x", "y", "", kIntegers, unary<v13::BitwiseNot>},
    {"IsClose", "x1, x2", "y: b", "rtol Float=1e-05; atol Float=1e-08; equal_nan Bool=false", kFloats,
     is_close},
    {"IsFinite", "x", "y: b", "", kFloats, unary<v10::IsFinite>},
    {"IsInf", "x", "y: b", "", kFloats, unary<v10::IsInf>},
    {"IsNan", "x", "y: b", "", kFloats, unary<v10::IsNaN>},
    {"IsNegInf", "self", "out: b", "", kFloats, is_negative_infinity},
    {"IsPosInf", "self", "out: b", "", kFloats, is_positive_infinity},
    {"LeftShift", "x, y", "z", "", kIntegers, shift_left},
    {"Less", "x1, x2", "y: b", "", "Number", binary<v1::Less>},
    {"LessEqual", "x1, x2", "y: b", "", "Number", binary<v1::LessEqual>},
    {"LogicalAnd", "x1, x2", "y", "", "b", binary<v1::LogicalAnd>},
    {"LogicalNot", "x", "y", "", "b", unary<v1::LogicalNot>},
    {"LogicalOr", "x1, x2", "y", "", "b", binary<v1::LogicalOr>},
    {"MaskedFill", "x, mask: b, value", "y", "", "f32 bf16 f16 i8 i32 i64 b", masked_fill},
    {"MaskedScale", "x, mask: i8 f16 f32", "y", "value Float", "f16 f32", masked_scale},
    {"MaskedSelect", "x, mask: b", "y", "", "f32 f16 i8 u8 i32 i64", masked_select},
    {"MaskedSelectV2", "x, mask: b", "y", "", "f16 f32", masked_select},
    {"NonZero", "x", "y: i64 i32", "transpose Bool=false; dtype Type=9", "f32 f16 i8 u8 i32 u32 i64 b",
     non_zero},
    {"NotEqual", "x1, x2", "y: b", "", "ALL", binary<v1::NotEqual>},
    {"RightShift", "x, y", "z", "", kIntegers, shift_right},
    {"Select", "condition: b, x1, x2", "y", "", "ALL", choose},
    {"TensorEqual", "input_x, input_y", "output_z: b", "", "Number", all_equal},
    {"SelectV2", "condition: b, then, else", "result", "", "ALL", choose_broadcast},
    {"Where", "x", "y: i64", "", "f32 f16 i8 u8 i32 i64 b", where},
});

}  // namespace

std::span<const Entry> comparison_operators() {
  return kEntries;
}

}  // namespace cairn::ops
