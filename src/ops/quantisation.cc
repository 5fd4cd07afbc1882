// Between numbers and quantised numbers, and one layout and another.
#include <array>
#include <cmath>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

Value rounded(const Value& x, const std::string& mode) {
  if (mode == "Round") return make<v5::Round>(x, v5::Round::RoundMode::HALF_TO_EVEN);
  if (mode == "Floor") return make<v0::Floor>(x);
  if (mode == "Ceil") return make<v0::Ceiling>(x);
  if (mode == "Trunc") return multiply(make<v0::Sign>(x), make<v0::Floor>(make<v0::Abs>(x)));
  refuse("round_mode is {}, allowed are Round, Floor, Ceil and Trunc", mode);
}

/// round(x * scale + offset) as int8; with sqrt_mode the scale counts twice.
Values quantise(const Arguments& op) {
  const Value x = convert(op.input("x"), ov::element::f32);
  double scale = op.number("scale");
  if (op.flag("sqrt_mode")) scale *= scale;
  constexpr int64_t kInt8 = 2;
  if (op.integer("dst_type") != kInt8) refuse("dst_type is {}, supported is int8", op.integer("dst_type"));
  const Value whole = rounded(add(multiply(x, scale), op.number("offset")), op.text("round_mode"));
  return {convert(make<v0::Clamp>(whole, -128.0, 127.0), ov::element::i8)};
}

/// x * scale as float or half float; a scale for all, or one for each channel of NCHW.
Values dequantise(const Arguments& op) {
  const Value x = convert(op.input("x"), ov::element::f32);
  Value scale = convert(op.input("deq_scale"), ov::element::f32);
  if (rank_of(scale) == 1 && rank_of(x) == 4 && ov::shape_size(scale.get_shape()) > 1)
    scale = reshape(scale, {1, -1, 1, 1});
  if (op.flag("sqrt_mode")) scale = multiply(scale, scale);
  Value y = multiply(x, scale);
  if (op.flag("relu_flag")) y = make<v0::Relu>(y);
  return {convert(y, op.type("dtype"))};
}

/// (x + offset) * scale.
Values anti_quantise(const Arguments& op) {
  double scale = op.number("scale");
  if (op.flag("sqrt_mode")) scale *= scale;
  const Value y = multiply(add(convert(op.input("x"), ov::element::f32), op.number("offset")), scale);
  return {convert(y, op.type("dtype"))};
}

/// A vector laid along one dim of x.
Value along(const Value& vector, const Value& x, int64_t axis) {
  if (ov::shape_size(vector.get_shape()) == 1) return reshape(vector, {});
  std::vector<int64_t> dims(static_cast<size_t>(rank_of(x)), 1);
  dims[static_cast<size_t>(axis_of(axis, rank_of(x)))] = -1;
  return reshape(vector, dims);
}

/// round(x / scale) + zero point in the range of the type.
Values quantise_by_axis(const Arguments& op) {
  const Value x = convert(op.input("x"), ov::element::f32);
  const int64_t axis = op.integer("axis");
  Value y = divide(x, along(convert(op.input("scales"), ov::element::f32), x, axis));
  y = make<v5::Round>(y, v5::Round::RoundMode::HALF_TO_EVEN);
  if (op.has("zero_points")) y = add(y, along(convert(op.input("zero_points"), ov::element::f32), x, axis));
  const std::string& type = op.text("dtype");
  if (type == "torch.qint8") return {convert(make<v0::Clamp>(y, -128.0, 127.0), ov::element::i8)};
  if (type == "torch.quint8") return {convert(make<v0::Clamp>(y, 0.0, 255.0), ov::element::u8)};
  if (type == "torch.qint32") return {convert(y, ov::element::i32)};
  refuse("dtype is {}, allowed are torch.qint8, torch.quint8 and torch.qint32", type);
}

/// Numbers between min and max, rounded to 2^num_bits - 1 steps that include 0.
Values fake_quantise(const Arguments& op) {
  const Value x = op.input("x");
  const double least = op.flag("narrow_range") ? 1 : 0;
  const double most =
      static_cast<double>((int64_t{1} << std::clamp<int64_t>(op.integer("num_bits"), 2, 16)) - 1);
  const double scale = (static_cast<double>(op.number("max")) - op.number("min")) / (most - least);
  if (!(scale > 0)) refuse("min is {} and max is {}", op.number("min"), op.number("max"));
  const double zero = std::clamp(std::nearbyint(least - op.number("min") / scale), least, most);
  const double low = (least - zero) * scale;
  const double high = (most - zero) * scale;
  const Value steps = add(multiply(make<v0::Clamp>(x, low, high), 1 / scale), -low / scale);
  const Value whole = make<v0::Floor>(add(steps, 0.5));
  return {add(multiply(whole, scale), low)};
}

int64_t c0_of(const Value& x) {
  const size_t bits = x.get_element_type().bitwidth();
  return bits == 8 ? 32 : 16;
}

/// NCHW to NC1HWC0: channels in blocks, the last one filled with zeros.
Value to_blocks(const Value& x) {
  const std::vector<int64_t> dims = dims_of(x);
  if (dims.size() != 4) refuse("the input has {} dims, it must have 4", dims.size());
  const int64_t c0 = c0_of(x);
  const int64_t blocks = (dims[1] + c0 - 1) / c0;
  const Value full = make<v1::Pad>(x, integers({0, 0, 0, 0}), integers({0, blocks * c0 - dims[1], 0, 0}),
                                   number(0, x), ov::op::PadMode::CONSTANT);
  return transpose(reshape(full, {dims[0], blocks, c0, dims[2], dims[3]}), {0, 1, 3, 4, 2});
}

Value from_blocks(const Value& x) {
  const std::vector<int64_t> dims = dims_of(x);
  if (dims.size() != 5) refuse("the input has {} dims, it must have 5", dims.size());
  return reshape(transpose(x, {0, 1, 4, 2, 3}), {dims[0], dims[1] * dims[4], dims[2], dims[3]});
}

Values change_layout(const Arguments& op) {
  const Value x = op.input("src");
  const std::string& from = op.text("src_format");
  const std::string& to = op.text("dst_format");
  if (from == to) return {x};
  Value nchw;
  if (from == "NCHW")
    nchw = x;
  else if (from == "NHWC")
    nchw = transpose(x, {0, 3, 1, 2});
  else if (from == "HWCN")
    nchw = transpose(x, {3, 2, 0, 1});
  else if (from == "NC1HWC0")
    nchw = from_blocks(x);
  else
    refuse("src_format {} is not supported", from);
  if (to == "NCHW") return {nchw};
  if (to == "NHWC") return {transpose(nchw, {0, 2, 3, 1})};
  if (to == "HWCN") return {transpose(nchw, {2, 3, 1, 0})};
  if (to == "NC1HWC0") return {to_blocks(nchw)};
  refuse("dst_format {} is not supported", to);
}

Values change_shape(const Arguments& op) {
  return {reshape(op.input("x"), op.integers("outShape"))};
}

constexpr std::array kEntries = std::to_array<Entry>({
    {"AscendAntiQuant", "x", "y", "scale Float; offset Float; dtype Int=0; sqrt_mode Bool=false", "i8",
     anti_quantise},
    {"AscendDequant", "x, deq_scale: f16 f32", "y", "sqrt_mode Bool=false; relu_flag Bool=false; dtype Int=0",
     "i32", dequantise},
    {"AscendQuant", "x", "y: i8",
     "scale Float; offset Float; sqrt_mode Bool=false; round_mode String=Round; dst_type Int=2", "f16 f32",
     quantise},
    {"FakeQuantWithMinMaxArgs", "x", "y",
     "min Float=-6.0; max Float=6.0; num_bits Int=8; narrow_range Bool=false", "f32", fake_quantise},
    {"Quantize", "x, scales: f32 bf16, zero_points?: i8 u8 i32 bf16", "y", "dtype String; axis Int=1",
     "f16 f32 bf16", quantise_by_axis},
    {"TransData", "src", "dst",
     "src_format String; dst_format String; src_subformat Int=0; dst_subformat Int=0; groups Int=1", "Number",
     change_layout},
    {"TransShape", "x", "y", "outShape [int]={}", "ALL", change_shape},
});

}  // namespace

std::span<const Entry> quantisation_operators() {
  return kEntries;
}

}  // namespace cairn::ops
