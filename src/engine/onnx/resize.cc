// Resize in the ways that the engine's own reader lacks: one axis after the other, each as a product with a
// matrix of weights [size of the output, size of the input].
#include <algorithm>
#include <numeric>

#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

constexpr auto kReal = ov::element::f32;

Value real(double value) {
  return make<op::Constant>(kReal, ov::Shape{}, std::vector<double>{value});
}

Value real(const Value& value) {
  return convert(value, kReal);
}

Value element(const Value& list, int64_t index) {
  return make<op::Gather>(list, number(index), number(0));
}

class Resize {
 public:
  explicit Resize(const Node& node)
      : node_(node),
        mode_(node.text("mode", "nearest")),
        place_(node.text("coordinate_transformation_mode", "half_pixel")),
        antialias_(node.integer("antialias", 0) != 0),
        excludes_(node.integer("exclude_outside", 0) != 0),
        cubic_(node.real("cubic_coeff_a", -0.75F)) {
    if (mode_ != "nearest" && mode_ != "linear" && mode_ != "cubic")
      refuse("mode is " + mode_ + ", not nearest, linear or cubic");
  }

  Values build() {
    const Value x = node_.input(0);
    const auto rank = static_cast<int64_t>(rank_of(x));
    std::vector<int64_t> axes(static_cast<size_t>(rank));
    std::iota(axes.begin(), axes.end(), int64_t{0});
    axes = node_.integers("axes", axes);
    for (int64_t& axis : axes)
      axis = static_cast<int64_t>(axis_of(x, axis));
    const bool by_scale = node_.has_input(2);
    if (!by_scale && !node_.has_input(3)) refuse("neither scales nor sizes are given");
    const Value common = by_scale ? Value() : common_scale(x, axes);
    Value y = real(x);
    for (size_t i = 0; i < axes.size(); ++i) {
      const Value size = real(squeeze(dim(x, static_cast<size_t>(axes[i])), 0));
      Axis axis{axes[i], size, {}, {}, {}, {}};
      if (by_scale) {
        axis.scale = element(real(node_.input(2)), static_cast<int64_t>(i));
        axis.length = make<op::Floor>(multiply(size, axis.scale));
      } else if (common.get_node() != nullptr) {
        axis.scale = common;
        axis.length = make<op::Floor>(add(multiply(size, common), real(0.5)));
      } else {
        axis.length = element(real(node_.input(3)), static_cast<int64_t>(i));
        axis.scale = divide(axis.length, size);
      }
      if (node_.has_input(1)) {
        const Value region = real(node_.input(1));
        axis.begin = element(region, static_cast<int64_t>(i));
        axis.end = element(region, static_cast<int64_t>(i + axes.size()));
      }
      y = along(y, axis);
    }
    const ov::element::Type type = x.get_element_type();
    if (!type.is_real() && mode_ != "nearest") y = make<op::Round>(y, op::Round::RoundMode::HALF_TO_EVEN);
    return {convert(y, type)};
  }

 private:
  struct Axis {
    int64_t index;
    Value size;    ///< Of the input; this and the rest are scalars of floats.
    Value length;  ///< Of the output.
    Value scale;
    Value begin;  ///< Of the region, between 0 and 1.
    Value end;
  };

  /// One scale for all axes, so that the picture keeps its shape; none where the sizes are what comes out.
  Value common_scale(const Value& x, const std::vector<int64_t>& axes) const {
    const std::string policy = node_.text("keep_aspect_ratio_policy", "stretch");
    if (policy == "stretch") return {};
    const Value dims = make<op::Gather>(shape(x), numbers(axes), number(0));
    const Value scales = divide(real(node_.input(3)), real(dims));
    if (policy == "not_larger") return make<op::ReduceMin>(scales, numbers({0}), false);
    if (policy == "not_smaller") return make<op::ReduceMax>(scales, numbers({0}), false);
    refuse("keep_aspect_ratio_policy is " + policy);
    return {};
  }

  /// Where each element of the output lies in the input.
  Value places(const Axis& axis) const {
    const Value i = real(range(convert(axis.length, ov::element::i64)));
    const Value width = multiply(axis.scale, axis.size);
    const Value last = subtract(axis.size, real(1));
    const Value single = make<op::Equal>(width, real(1));
    const Value rest = make<op::Maximum>(subtract(width, real(1)), real(1e-6));
    Value middle = subtract(divide(add(i, real(0.5)), axis.scale), real(0.5));
    if (place_ == "half_pixel") return middle;
    if (place_ == "pytorch_half_pixel") return select(single, real(-0.5), middle);
    if (place_ == "asymmetric") return divide(i, axis.scale);
    if (place_ == "align_corners") return select(single, real(0), divide(multiply(i, last), rest));
    if (place_ == "half_pixel_symmetric") {
      const Value adjustment = divide(axis.length, width);
      return add(multiply(divide(axis.size, real(2)), subtract(real(1), adjustment)), middle);
    }
    if (place_ != "tf_crop_and_resize") refuse("coordinate_transformation_mode is " + place_);
    if (axis.begin.get_node() == nullptr) refuse("tf_crop_and_resize needs roi");
    const Value extent = multiply(subtract(axis.end, axis.begin), last);
    return add(select(single, divide(extent, real(2)), divide(multiply(i, extent), rest)),
               multiply(axis.begin, last));
  }

  Value nearest(const Value& place) const {
    const std::string rule = node_.text("nearest_mode", "round_prefer_floor");
    if (rule == "round_prefer_floor") return make<op::Ceiling>(subtract(place, real(0.5)));
    if (rule == "round_prefer_ceil") return make<op::Floor>(add(place, real(0.5)));
    if (rule == "floor") return make<op::Floor>(place);
    if (rule == "ceil") return make<op::Ceiling>(place);
    refuse("nearest_mode is " + rule);
    return {};
  }

  /// The weight of an element at a distance from where the output lies.
  Value kernel(const Value& distance) const {
    const Value d = make<op::Abs>(distance);
    if (mode_ == "linear") return make<op::Maximum>(subtract(real(1), d), real(0));
    const double a = cubic_;
    const auto polynomial = [&](double c3, double c2, double c1, double c0) {
      return add(multiply(add(multiply(add(multiply(real(c3), d), real(c2)), d), real(c1)), d), real(c0));
    };
    const Value near = polynomial(a + 2, -(a + 3), 0, 1);
    const Value far = polynomial(a, -5 * a, 8 * a, -4 * a);
    return select(make<op::LessEqual>(d, real(1)), near, select(make<op::Less>(d, real(2)), far, real(0)));
  }

  Value taken(const Value& x, const Axis& axis, const Value& indices) const {
    const Value last = subtract(axis.size, real(1));
    const Value inside = make<op::Minimum>(make<op::Maximum>(indices, real(0)), last);
    return make<op::Gather>(x, convert(inside, ov::element::i64), number(axis.index));
  }

  Value weighted(const Value& x, const Axis& axis, const Value& place) const {
    // The border goes on outside as far as a kernel can reach.
    const Value shrink = antialias_ ? Value(make<op::Minimum>(axis.scale, real(1))) : real(1);
    const Value reach = excludes_ ? real(0) : Value(add(make<op::Ceiling>(divide(real(2), shrink)), real(1)));
    const Value count = convert(add(axis.size, multiply(real(2), reach)), ov::element::i64);
    const Value j = subtract(real(range(count)), reach);
    Value weights = kernel(multiply(subtract(unsqueeze(j, {0}), unsqueeze(place, {1})), shrink));
    if (excludes_ || antialias_) {
      const Value sum = make<op::ReduceSum>(weights, numbers({1}), true);
      weights = divide(weights, select(make<op::Equal>(sum, real(0)), real(1), sum));
    }
    std::vector<int64_t> order(rank_of(x));
    std::iota(order.begin(), order.end(), int64_t{0});
    std::swap(order[static_cast<size_t>(axis.index)], order.back());  // This way and back.
    const Value columns = transpose(taken(x, axis, j), order);
    return transpose(make<op::MatMul>(columns, weights, false, true), order);
  }

  Value along(const Value& x, const Axis& axis) const {
    const Value place = places(axis);
    Value y = mode_ == "nearest" ? taken(x, axis, nearest(place)) : weighted(x, axis, place);
    if (place_ != "tf_crop_and_resize") return y;
    const Value outside = make<op::LogicalOr>(make<op::Less>(place, real(0)),
                                              make<op::Greater>(place, subtract(axis.size, real(1))));
    std::vector<int64_t> others;
    for (int64_t i = 0; i < static_cast<int64_t>(rank_of(x)); ++i)
      if (i != axis.index) others.push_back(i);
    const Value mask = others.empty() ? outside : unsqueeze(outside, others);
    return select(mask, real(node_.real("extrapolation_value", 0.0F)), y);
  }

  const Node& node_;
  const std::string mode_;
  const std::string place_;
  const bool antialias_;
  const bool excludes_;
  const double cubic_;
};

/// Upsample of opsets 7 to 9: the engine's reader takes the ratio of the sizes for the scale.
Values upsample_nearest(const Node& node) {
  const Value x = node.input(0);
  const std::vector<float> given = node.reals("scales");
  const Value scales =
      node.has_input(1) ? node.input(1) : make<op::Constant>(kReal, ov::Shape{given.size()}, given);
  op::Interpolate::InterpolateAttrs attributes;
  attributes.mode = op::Interpolate::InterpolateMode::NEAREST;
  attributes.shape_calculation_mode = op::Interpolate::ShapeCalcMode::SCALES;
  attributes.coordinate_transformation_mode = op::Interpolate::CoordinateTransformMode::ASYMMETRIC;
  attributes.nearest_mode = op::Interpolate::NearestMode::FLOOR;
  std::vector<int64_t> axes(rank_of(x));
  std::iota(axes.begin(), axes.end(), int64_t{0});
  return {make<op::Interpolate>(x, scales, numbers(axes), attributes)};
}

}  // namespace

void add_resizing(Conversions& conversions) {
  conversions.add("Upsample", kOwnDomain, upsample_nearest);
  conversions.add("Resize", kOwnDomain, [](const Node& node) { return Resize(node).build(); });
}

}  // namespace cairn::onnx
