// Short names for nodes of the engine, so that build functions read like formulas.
#pragma once

#include <openvino/op/ops.hpp>
#include <vector>

#include "ops/arguments.h"

namespace cairn::ops {

template <class Op, class... Args>
Value make(Args&&... args) {
  return std::make_shared<Op>(std::forward<Args>(args)...)->output(0);
}

/// A list of whole numbers, one dim.
inline Value integers(const std::vector<int64_t>& values) {
  return make<ov::op::v0::Constant>(ov::element::i64, ov::Shape{values.size()}, values);
}
inline Value integer(int64_t value) {
  return make<ov::op::v0::Constant>(ov::element::i64, ov::Shape{}, std::vector<int64_t>{value});
}
/// A number of the same type as `like`.
inline Value number(double value, const Value& like) {
  return make<ov::op::v0::Constant>(like.get_element_type(), ov::Shape{}, std::vector<double>{value});
}

inline Value add(const Value& a, const Value& b) {
  return make<ov::op::v1::Add>(a, b);
}
inline Value subtract(const Value& a, const Value& b) {
  return make<ov::op::v1::Subtract>(a, b);
}
inline Value multiply(const Value& a, const Value& b) {
  return make<ov::op::v1::Multiply>(a, b);
}
inline Value divide(const Value& a, const Value& b) {
  return make<ov::op::v1::Divide>(a, b);
}
inline Value add(const Value& a, double b) {
  return b == 0 ? a : add(a, number(b, a));
}
inline Value multiply(const Value& a, double b) {
  return b == 1 ? a : multiply(a, number(b, a));
}
inline Value select(const Value& condition, const Value& yes, const Value& no) {
  return make<ov::op::v1::Select>(condition, yes, no);
}
inline Value less(const Value& a, const Value& b) {
  return make<ov::op::v1::Less>(a, b);
}
inline Value greater(const Value& a, const Value& b) {
  return make<ov::op::v1::Greater>(a, b);
}
inline Value equal(const Value& a, const Value& b) {
  return make<ov::op::v1::Equal>(a, b);
}
inline Value convert(const Value& value, const ov::element::Type& type) {
  return value.get_element_type() == type ? value : make<ov::op::v0::Convert>(value, type);
}
inline Value convert_like(const Value& value, const Value& like) {
  return convert(value, like.get_element_type());
}
/// `special_zero`: 0 in `dims` keeps the dim of the input.
inline Value reshape(const Value& value, const std::vector<int64_t>& dims, bool special_zero = false) {
  return make<ov::op::v1::Reshape>(value, integers(dims), special_zero);
}
inline Value transpose(const Value& value, const std::vector<int64_t>& order) {
  return make<ov::op::v1::Transpose>(value, integers(order));
}
/// The only element of a tensor, without dims.
inline Value scalar(const Value& value) {
  return value.get_partial_shape().rank() == 0 ? value : reshape(value, {});
}
inline Value squeeze(const Value& value, const std::vector<int64_t>& axes) {
  return make<ov::op::v0::Squeeze>(value, integers(axes));
}
inline Value unsqueeze(const Value& value, const std::vector<int64_t>& axes) {
  return make<ov::op::v0::Unsqueeze>(value, integers(axes));
}
inline Value concat(const Values& values, int64_t axis) {
  return make<ov::op::v0::Concat>(values, axis);
}
/// Elements begin, begin+step ... before end of one axis.
inline Value slice(const Value& value, int64_t axis, int64_t begin, int64_t end, int64_t step = 1) {
  return make<ov::op::v8::Slice>(value, integers({begin}), integers({end}), integers({step}),
                                 integers({axis}));
}
inline Value shape_of(const Value& value) {
  return make<ov::op::v3::ShapeOf>(value, ov::element::i64);
}
inline Value broadcast_like(const Value& value, const Value& like) {
  return make<ov::op::v3::Broadcast>(value, shape_of(like));
}

inline bool is_float(const Value& value) {
  return value.get_element_type().is_real();
}
/// The number of dims, which must be known.
inline int64_t rank_of(const Value& value) {
  if (value.get_partial_shape().rank().is_dynamic()) refuse("the number of dims of an input is not known");
  return static_cast<int64_t>(value.get_partial_shape().size());
}
/// The dims, which must be known.
inline std::vector<int64_t> dims_of(const Value& value) {
  if (value.get_partial_shape().is_dynamic())
    refuse("the shape of an input is only known when the model runs");
  const ov::Shape& shape = value.get_shape();
  return {shape.begin(), shape.end()};
}
/// An axis counted from the front; `rank` itself is allowed where a dim is added.
inline int64_t axis_of(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) refuse("axis {} is outside -{} ... {}", axis, rank, rank - 1);
  return axis < 0 ? axis + rank : axis;
}

/// Constants that a build function makes are bounded, whatever the graph says.
inline void check_elements(int64_t rows, int64_t columns) {
  constexpr int64_t kMost = int64_t{1} << 28;
  if (rows < 0 || columns < 0 || (columns > 0 && rows > kMost / columns))
    refuse("{} times {} elements are more than the {} that are supported", rows, columns, kMost);
}

/// Build functions of operators that are one node of the engine.
template <class Op>
Values unary(const Arguments& op) {
  return {make<Op>(op.input(0))};
}
template <class Op>
Values binary(const Arguments& op) {
  return {make<Op>(op.input(0), op.input(1))};
}

}  // namespace cairn::ops
