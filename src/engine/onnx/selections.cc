// Operators that choose, place or sort elements.
#include <limits>

#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

/// Of equal elements the first comes first, which the engine's own reader does not promise.
Values top_k(const Node& node) {
  const Value x = node.input(0);
  const Value k =
      node.has_input(1) ? reshape(node.input(1), std::vector<int64_t>{}) : number(node.integer("k", -1));
  const auto mode = node.integer("largest", 1) != 0 ? ov::op::TopKMode::MAX : ov::op::TopKMode::MIN;
  const auto found = std::make_shared<op::TopK>(x, k, node.integer("axis", -1), mode,
                                                ov::op::TopKSortType::SORT_VALUES, ov::element::i64, true);
  return found->outputs();
}

/// Writes the update of each batch at its own place along the axis.
Values tensor_scatter(const Node& node) {
  const Value cache = node.input(0);
  const Value update = node.input(1);
  const size_t rank = rank_of(cache);
  const size_t axis = axis_of(cache, node.integer("axis", -2));
  std::vector<int64_t> others;
  for (size_t i = 0; i < rank; ++i)
    if (i != axis) others.push_back(static_cast<int64_t>(i));
  Value places = unsqueeze(range(squeeze(dim(update, axis), 0)), others);
  if (node.has_input(2)) {
    std::vector<int64_t> rest;
    for (size_t i = 1; i < rank; ++i)
      rest.push_back(static_cast<int64_t>(i));
    places = add(places, unsqueeze(convert(node.input(2), ov::element::i64), rest));
  }
  if (node.text("mode", "linear") == "circular") places = make<op::FloorMod>(places, dim(cache, axis));
  places = make<op::Broadcast>(places, shape(update));
  return {make<op::ScatterElementsUpdate>(cache, places, update, number(static_cast<int64_t>(axis)))};
}

/// Puts the elements back where MaxPool found them; all else is 0.
Values max_unpool(const Node& node) {
  const Value x = node.input(0);
  const ov::Shape given = shape_of(x);
  const std::vector<int64_t> kernel = node.integers("kernel_shape", {});
  if (kernel.size() + 2 != given.size()) refuse("kernel_shape does not fit the input");
  const std::vector<int64_t> strides = node.integers("strides", std::vector<int64_t>(kernel.size(), 1));
  const std::vector<int64_t> pads = node.integers("pads", std::vector<int64_t>(2 * kernel.size(), 0));
  std::vector<int64_t> dims(given.begin(), given.begin() + 2);
  int64_t count = dims[0] * dims[1];
  for (size_t i = 0; i < kernel.size(); ++i) {
    dims.push_back((static_cast<int64_t>(given[i + 2]) - 1) * strides.at(i) + kernel[i] - pads.at(i) -
                   pads.at(kernel.size() + i));
    count *= dims.back();
  }
  const Value empty = make<op::Broadcast>(like(x, 0), numbers({count}));
  const Value filled =
      make<op::ScatterElementsUpdate>(empty, reshape(node.input(1), std::vector<int64_t>{-1}),
                                      reshape(x, std::vector<int64_t>{-1}), number(0));
  const Value y = reshape(filled, dims);
  if (!node.has_input(2)) return {y};
  const Value more = subtract(node.input(2), numbers(dims));
  const Value none = numbers(std::vector<int64_t>(dims.size(), 0));
  return {make<op::Pad>(y, none, more, like(x, 0), ov::op::PadMode::CONSTANT)};
}

/// Axes that come as an input still tell how many dims the result has.
Values unsqueeze_at(const Node& node) {
  const Value x = node.input(0);
  if (!node.has_input(1)) return {unsqueeze(x, node.integers("axes", {}))};
  const Value axes = node.input(1);
  const ov::PartialShape& count = axes.get_partial_shape();
  if (ov::is_type<op::Constant>(axes.get_node()) || count.is_dynamic() ||
      x.get_partial_shape().rank().is_dynamic())
    return {make<op::Unsqueeze>(x, axes)};
  const auto rank = static_cast<int64_t>(rank_of(x) + ov::shape_size(count.to_shape()));
  const Value places = make<op::FloorMod>(reshape(axes, std::vector<int64_t>{-1}), number(rank));
  // Ones at the new axes; the other places take the dims of the input in order.
  const Value is_new =
      make<op::ScatterElementsUpdate>(numbers(std::vector<int64_t>(static_cast<size_t>(rank), 0)), places,
                                      make<op::Broadcast>(number(1), shape(places)), number(0));
  const Value is_old = subtract(number(1), is_new);
  const Value position =
      make<op::Maximum>(subtract(make<op::CumSum>(is_old, number(0)), number(1)), number(0));
  const Value padded = concat({shape(x), numbers({1})}, 0);  // A scalar has no dims to choose from.
  const Value dims =
      select(make<op::Equal>(is_new, number(1)), number(1), make<op::Gather>(padded, position, number(0)));
  return {reshape(x, dims)};
}

/// The engine repeats wrongly where it learns how often only when the model runs: one axis after the other.
Values tile(const Node& node) {
  const Value x = node.input(0);
  const Value repeats = node.input(1);
  if (ov::is_type<op::Constant>(repeats.get_node())) return {make<op::Tile>(x, repeats)};
  Value y = x;
  for (size_t axis = 0; axis < rank_of(x); ++axis) {
    const Value size = dim(x, axis);
    const Value times = make<op::Gather>(convert(repeats, ov::element::i64),
                                         numbers({static_cast<int64_t>(axis)}), number(0));
    const Value places = make<op::FloorMod>(range(squeeze(multiply(size, times), 0)), size);
    y = make<op::Gather>(y, places, number(static_cast<int64_t>(axis)));
  }
  return {y};
}

/// Pad with mode=wrap: the tensor goes on with its other end.
Values wrapped(const Node& node) {
  const Value x = node.input(0);
  const size_t rank = rank_of(x);
  std::vector<int64_t> axes;
  if (node.has_input(3)) {
    const auto given = ov::as_type_ptr<op::Constant>(node.input(3).get_node_shared_ptr());
    if (!given) refuse("axes must be constant");
    axes = given->cast_vector<int64_t>();
  } else {
    for (size_t i = 0; i < rank; ++i)
      axes.push_back(static_cast<int64_t>(i));
  }
  const Value pads = convert(node.input(1), ov::element::i64);
  Value y = x;
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = axis_of(x, axes[i]);
    const Value before = make<op::Gather>(pads, numbers({static_cast<int64_t>(i)}), number(0));
    const Value after = make<op::Gather>(pads, numbers({static_cast<int64_t>(i + axes.size())}), number(0));
    const Value size = dim(x, axis);
    const Value length = squeeze(add(size, add(before, after)), 0);
    y = make<op::Gather>(y, make<op::FloorMod>(subtract(range(length), before), size),
                         number(static_cast<int64_t>(axis)));
  }
  return {y};
}

/// An overlap that equals the threshold does not suppress a box; in the engine it does.
Values non_max_suppression(const Node& node) {
  const auto scalar = [&](size_t index, ov::element::Type type, double otherwise) -> Value {
    if (node.has_input(index)) return convert(reshape(node.input(index), std::vector<int64_t>{}), type);
    return make<op::Constant>(type, ov::Shape{}, std::vector<double>{otherwise});
  };
  constexpr auto kReal = ov::element::f32;
  const Value limit = scalar(3, kReal, 0);
  // The next number, but none so small that the engine takes it for 0.
  const Value above =
      make<op::Maximum>(multiply(limit, like(limit, 1 + double{std::numeric_limits<float>::epsilon()})),
                        like(limit, std::numeric_limits<float>::min()));
  const auto boxes = node.integer("center_point_box", 0) == 0
                         ? op::NonMaxSuppression::BoxEncodingType::CORNER
                         : op::NonMaxSuppression::BoxEncodingType::CENTER;
  const Value least = scalar(4, kReal, std::numeric_limits<float>::lowest());
  constexpr bool kSorted = false;
  return {make<op::NonMaxSuppression>(node.input(0), node.input(1), scalar(2, ov::element::i64, 0), above,
                                      least, boxes, kSorted, ov::element::i64)};
}

}  // namespace

void add_selections(Conversions& conversions) {
  conversions.add("TopK", top_k);
  conversions.add("TensorScatter", tensor_scatter);
  conversions.add("MaxUnpool", max_unpool);
  conversions.add("Unsqueeze", unsqueeze_at);
  conversions.add("Tile", tile);
  conversions.add("Pad", kOwnDomain, wrapped);
  conversions.add("NonMaxSuppression", non_max_suppression);
}

}  // namespace cairn::onnx
