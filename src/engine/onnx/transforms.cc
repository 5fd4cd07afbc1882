// DFT: Fourier transforms along one axis. The last dim holds real, or real and imaginary parts.
#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

/// Real and imaginary parts in the last dim.
Value complex(const Value& x) {
  const size_t last = rank_of(x) - 1;
  if (shape_of(x)[last] == 2) return x;
  return concat({x, multiply(x, like(x, 0))}, -1);
}

Value transform_along(const Node& node, int64_t axis) {
  const Value x = node.input(0);
  const bool inverse = node.integer("inverse", 0) != 0;
  const bool half = node.integer("onesided", 0) != 0;
  const bool has_length = node.has_input(1);
  const Value length = has_length ? reshape(node.input(1), std::vector<int64_t>{1}) : Value();
  const Value axes = numbers({axis});
  if (half && !inverse) {
    const Value real = squeeze(slice(x, -1, numbers({0}), numbers({1})), -1);
    return has_length ? make<ov::op::v9::RDFT>(real, axes, length) : make<ov::op::v9::RDFT>(real, axes);
  }
  if (half) {
    const Value real = has_length ? make<ov::op::v9::IRDFT>(complex(x), axes, length)
                                  : make<ov::op::v9::IRDFT>(complex(x), axes);
    return unsqueeze(real, {-1});
  }
  if (inverse)
    return has_length ? make<ov::op::v7::IDFT>(complex(x), axes, length)
                      : make<ov::op::v7::IDFT>(complex(x), axes);
  return has_length ? make<ov::op::v7::DFT>(complex(x), axes, length)
                    : make<ov::op::v7::DFT>(complex(x), axes);
}

/// Up to opset 19 the axis is an attribute, later an input.
Values transform(const Node& node, int64_t opset) {
  const Value x = node.input(0);
  const auto last = static_cast<int64_t>(rank_of(x)) - 1;
  if (last < 1) refuse("the input must have 2 dims at least");
  const auto along = [&](int64_t given) {
    const auto axis = static_cast<int64_t>(axis_of(x, given));
    if (axis == last) refuse("axis cannot be the last dim");
    return axis;
  };
  if (!node.has_input(2)) return {transform_along(node, along(node.integer("axis", opset < 20 ? 1 : -2)))};
  if (const auto axis = ov::as_type_ptr<op::Constant>(node.input(2).get_node_shared_ptr()))
    return {transform_along(node, along(axis->cast_vector<int64_t>().at(0)))};
  if (node.has_input(1) || node.integer("onesided", 0) != 0)
    refuse("axis must be constant where the size of the result depends on it");
  // An axis that the model is given when it runs: the transform along each, and the one that is asked for.
  const Value axis = make<op::FloorMod>(
      convert(reshape(node.input(2), std::vector<int64_t>{}), ov::element::i64), number(last + 1));
  Value result = transform_along(node, 0);
  for (int64_t i = 1; i < last; ++i)
    result = select(make<op::Equal>(axis, number(i)), transform_along(node, i), result);
  return {result};
}

}  // namespace

void add_transforms(Conversions& conversions) {
  conversions.add("DFT", [opset = conversions.opset()](const Node& node) { return transform(node, opset); });
}

}  // namespace cairn::onnx
