// Shapes, order of dims, types: nothing is computed.
#include <array>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

Values identity(const Arguments& op) {
  return {op.input(0)};
}

Values identities(const Arguments& op) {
  return op.list("x");
}

Values copies(const Arguments& op) {
  return Values(std::max<size_t>(op.output_count(), 1), op.input("x"));
}

Values shape(const Arguments& op) {
  return {make<v3::ShapeOf>(op.input("x"), op.type("dtype"))};
}

Values shapes(const Arguments& op) {
  Values values;
  for (const Value& x : op.list("x"))
    values.push_back(make<v3::ShapeOf>(x, op.type("dtype")));
  return values;
}

Values size(const Arguments& op) {
  const Value count = make<v1::ReduceProd>(shape_of(op.input("x")), integers({0}), false);
  return {convert(count, op.type("dtype"))};
}

Values rank(const Arguments& op) {
  return {convert(integer(rank_of(op.input("x"))), ov::element::i32)};
}

/// The dims from `axis` on (num_axes of them, -1: all) are replaced by `shape`; 0 keeps a dim.
Values reshape_dims(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t axis = op.integer("axis");
  const int64_t count = op.integer("num_axes");
  if (axis == 0 && count == -1) {
    // Of a tensor without elements a 0 is one of those that it has.
    const bool is_empty = x.get_partial_shape().is_static() && ov::shape_size(x.get_shape()) == 0;
    return {make<v1::Reshape>(x, op.input("shape"), !is_empty)};
  }
  const std::vector<int64_t> dims = dims_of(x);
  const auto rank = static_cast<int64_t>(dims.size());
  const int64_t first = axis < 0 ? axis + rank + 1 : axis;
  const int64_t last = count == -1 ? rank : first + count;
  if (first < 0 || last > rank || first > last)
    refuse("axis {} and num_axes {} do not fit {} dims", axis, count, rank);
  std::vector<int64_t> wanted(dims.begin(), dims.begin() + first);
  const std::vector<int64_t> inner = op.constant("shape");
  for (size_t i = 0; i < inner.size(); ++i) {
    const size_t kept = static_cast<size_t>(first) + i;
    if (inner[i] == 0 && kept >= dims.size()) refuse("shape keeps a dim that the input does not have");
    wanted.push_back(inner[i] == 0 ? dims[kept] : inner[i]);
  }
  wanted.insert(wanted.end(), dims.begin() + last, dims.end());
  return {reshape(x, wanted)};
}

Values squeeze_attribute(const Arguments& op) {
  const std::vector<int64_t>& axes = op.integers("axis");
  return {axes.empty() ? make<v0::Squeeze>(op.input("x")) : squeeze(op.input("x"), axes)};
}

Values squeeze_input(const Arguments& op) {
  if (!op.has("axes")) return {make<v0::Squeeze>(op.input("x"))};
  return {make<v0::Squeeze>(op.input("x"), op.input("axes"))};
}

Values unsqueeze_axes(const Arguments& op) {
  return {unsqueeze(op.input("x"), op.integers("axes"))};
}

Values unsqueeze_axis(const Arguments& op) {
  return {unsqueeze(op.input("x"), op.integers("axis"))};
}

Values unsqueeze_input(const Arguments& op) {
  return {make<v0::Unsqueeze>(op.input(0), op.input(1))};
}

/// [product of dims before axis, product of the rest].
Values flatten(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t rank = rank_of(x);
  const int64_t axis = op.integer("axis") < 0 ? op.integer("axis") + rank : op.integer("axis");
  if (axis < 0 || axis > rank) refuse("axis {} is outside 0 ... {}", op.integer("axis"), rank);
  if (axis == 0) return {reshape(x, {1, -1})};
  if (axis == 1) return {reshape(x, {0, -1}, true)};
  if (axis == rank) return {reshape(x, {-1, 1})};
  int64_t front = 1;
  const std::vector<int64_t> dims = dims_of(x);
  for (int64_t i = 0; i < axis; ++i)
    front *= dims[static_cast<size_t>(i)];
  return {reshape(x, {front, -1})};
}

/// The dims from axis to end_axis become one.
Values flatten_range(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t rank = rank_of(x);
  const int64_t first = axis_of(op.integer("axis"), rank);
  const int64_t last = axis_of(op.integer("end_axis"), rank);
  if (first > last) refuse("axis {} is behind end_axis {}", op.integer("axis"), op.integer("end_axis"));
  std::vector<int64_t> dims(static_cast<size_t>(first), 0);
  dims.push_back(-1);
  if (last + 1 < rank) {
    const std::vector<int64_t> own = dims_of(x);
    dims.insert(dims.end(), own.begin() + last + 1, own.end());
  }
  return {reshape(x, dims, true)};
}

Values transpose_attribute(const Arguments& op) {
  return {transpose(op.input("x"), op.integers("perm"))};
}

/// Dims that the order does not name follow in their own order.
Values permute(const Arguments& op) {
  const Value x = op.input("x");
  std::vector<int64_t> order = op.integers("order");
  for (int64_t i = 0; i < rank_of(x); ++i)
    if (std::find(order.begin(), order.end(), i) == order.end()) order.push_back(i);
  return {transpose(x, order)};
}

Values cast(const Arguments& op) {
  return {make<v0::Convert>(op.input("x"), op.type("dst_type"))};
}

Values broadcast_attribute(const Arguments& op) {
  return {make<v3::Broadcast>(op.input("x"), integers(op.integers("shape")))};
}

/// Broadcast both ways: dims of 1 in `shape` keep those of x.
Values expand(const Arguments& op) {
  return {make<v3::Broadcast>(op.input("x"), op.input("shape"), ov::op::BroadcastType::BIDIRECTIONAL)};
}

Values expand_attribute(const Arguments& op) {
  return {make<v3::Broadcast>(op.input("x"), integers(op.integers("shape")),
                              ov::op::BroadcastType::BIDIRECTIONAL)};
}

Values filled(const Value& value, const Value& dims) {
  return {make<v3::Broadcast>(value, dims)};
}

Values fill(const Arguments& op) {
  Value value = op.input("value");
  if (rank_of(value) == 1) value = squeeze(value, {0});
  return filled(value, op.input("dims"));
}

/// What nobody has written is zero.
Values empty(const Arguments& op) {
  return {filled(make<v0::Constant>(op.type("dtype"), ov::Shape{}, std::vector<int>{0}), op.input("shape"))};
}

Values fill_attribute(const Arguments& op) {
  Value value = op.input("value");
  if (rank_of(value) == 1) value = squeeze(value, {0});
  return filled(value, integers(op.integers("dims")));
}

Value float_constant(float value) {
  return make<v0::Constant>(ov::element::f32, ov::Shape{}, std::vector<float>{value});
}

Values fill_value(const Arguments& op) {
  return filled(float_constant(op.number("value")), op.input("dims"));
}

Values fill_value_attribute(const Arguments& op) {
  return filled(float_constant(op.number("value")), integers(op.integers("dims")));
}

Values zeros_like(const Arguments& op) {
  return filled(number(0, op.input("x")), shape_of(op.input("x")));
}

Values ones_like(const Arguments& op) {
  return filled(number(1, op.input("x")), shape_of(op.input("x")));
}

constexpr std::array kEntries = std::to_array<Entry>({
    {"BroadcastTo", "x, shape: Index", "y", "", "ALL", binary<v3::Broadcast>},
    {"BroadcastToD", "x", "y", "shape [int]", "Number", broadcast_attribute},
    {"Cast", "x", "y: ALL", "dst_type Int; truncate Bool=false", "ALL", cast},
    {"Copy", "x", "y*", "N Int=1", "Number", copies},
    {"Dropout", "x", "y", "dropout_ratio Float=0.5; scale_train Bool=true; alpha Float=1.0; beta Float=0.0",
     "f16 f32", identity},
    {"Empty", "shape: i32", "y", "dtype Type=3; init Bool=false",
     "f16 f32 i8 i16 u16 u8 i32 i64 u32 u64 b f64", empty},
    {"EnsureShape", "input", "output", "shape [int]", "ALL", identity},
    {"Expand", "x, shape: i16 i32 i64", "y", "", "ALL", expand},
    {"ExpandD", "x", "y", "shape [int]", "ALL", expand_attribute},
    {"ExpandDims", "x, axis: Index", "y", "", "ALL", unsqueeze_input},
    {"Fill", "dims: Index, value: ALL", "y: ALL", "", "ALL", fill},
    {"FillD", "value", "y", "dims [int]", "ALL", fill_attribute},
    {"FillV2", "dims: i16 i32 i64", "y: f32", "value Float=0", "ALL", fill_value},
    {"FillV2D", "", "y: f32", "value Float=0; dims [int]", "ALL", fill_value_attribute},
    {"Flatten", "x", "y", "axis Int=1", "ALL", flatten},
    {"FlattenV2", "x", "y", "axis Int=1; end_axis Int=-1", "ALL", flatten_range},
    {"Identity", "x", "y", "", "ALL", identity},
    {"IdentityN", "x*", "y*", "", "ALL", identities},
    {"OnesLike", "x", "y", "", "ALL", ones_like},
    {"Permute", "x", "y", "order [int]={0}", "ALL", permute},
    {"PreventGradient", "x", "y", "message String=", "ALL", identity},
    {"Rank", "x", "y: i32", "", "ALL", rank},
    {"ReFormat", "x", "y", "", "ALL", identity},
    {"Reshape", "x, shape: Index", "y", "axis Int=0; num_axes Int=-1", "ALL", reshape_dims},
    {"Shape", "x", "y: Index", "dtype Int=3", "ALL", shape},
    {"ShapeN", "x*", "y*: Index", "dtype Int=3", "ALL", shapes},
    {"Size", "x", "y: Index", "dtype Int=3", "ALL", size},
    {"Snapshot", "x", "y", "", "ALL", identity},
    {"Squeeze", "x", "y", "axis [int]={}", "ALL", squeeze_attribute},
    {"SqueezeV2", "x", "y", "axis [int]={}", "ALL", squeeze_attribute},
    {"SqueezeV3", "x, axes?: Index", "y", "", "ALL", squeeze_input},
    {"StopGradient", "x", "y", "", "ALL", identity},
    {"Transpose", "x, perm: Index", "y", "", "ALL", binary<v1::Transpose>},
    {"TransposeD", "x", "y", "perm [int]", "ALL", transpose_attribute},
    {"Unsqueeze", "x", "y", "axes [int]={}", "ALL", unsqueeze_axes},
    {"UnsqueezeV2", "x", "y", "axis [int]={}", "ALL", unsqueeze_axis},
    {"UnsqueezeV3", "x, axes: Index", "y", "", "ALL", unsqueeze_input},
    {"ZerosLike", "x", "y", "", "ALL", zeros_like},
});

}  // namespace

std::span<const Entry> shape_operators() {
  return kEntries;
}

}  // namespace cairn::ops
