// Pictures made larger or smaller.
#include <array>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;
using Attrs = v4::Interpolate::InterpolateAttrs;
using Mode = v4::Interpolate::InterpolateMode;
using Coordinates = v4::Interpolate::CoordinateTransformMode;
using Nearest = v4::Interpolate::NearestMode;
using Calculation = v4::Interpolate::ShapeCalcMode;

Attrs attributes(Mode mode, Coordinates coordinates, Nearest nearest = Nearest::FLOOR) {
  Attrs attrs;
  attrs.mode = mode;
  attrs.shape_calculation_mode = Calculation::SIZES;
  attrs.coordinate_transformation_mode = coordinates;
  attrs.nearest_mode = nearest;
  attrs.pads_begin = attrs.pads_end = {0};
  return attrs;
}

Coordinates coordinates_of(const Arguments& op) {
  if (op.flag("align_corners") && op.flag("half_pixel_centers"))
    refuse("align_corners and half_pixel_centers exclude one another");
  if (op.flag("align_corners")) return Coordinates::ALIGN_CORNERS;
  return op.flag("half_pixel_centers") ? Coordinates::HALF_PIXEL : Coordinates::ASYMMETRIC;
}

/// The axes of height and width.
std::vector<int64_t> plane(const Arguments& op, const Value& x, std::string_view port) {
  if (rank_of(x) != 4) refuse("the input has {} dims, it must have 4", rank_of(x));
  const bool last = op.format(port) == ACL_FORMAT_NHWC;
  return last ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{2, 3};
}

Value interpolate(const Value& x, const Value& size, const std::vector<int64_t>& axes, const Attrs& attrs) {
  return make<v11::Interpolate>(x, size, integers(axes), attrs);
}

Value as_float(const Value& x) {
  return is_float(x) ? x : convert(x, ov::element::f32);
}

Values bilinear(const Arguments& op, const Value& size) {
  const Value x = op.input("x");
  return {
      interpolate(as_float(x), size, plane(op, x, "x"), attributes(Mode::LINEAR_ONNX, coordinates_of(op)))};
}

Values bilinear_input(const Arguments& op) {
  const Values y = bilinear(op, op.input("size"));
  return {op.is_given("dtype") ? convert(y[0], op.type("dtype")) : y[0]};
}

Values bilinear_attribute(const Arguments& op) {
  return bilinear(op, integers(op.integers("size")));
}

/// TensorFlow rounds down, with aligned corners to the nearest, with half pixels the centre.
Values nearest(const Arguments& op, const Value& size) {
  const Value x = op.input("x");
  const bool aligned = op.flag("align_corners");
  const Coordinates coordinates =
      op.flag("half_pixel_centers") ? Coordinates::TF_HALF_PIXEL_FOR_NN : coordinates_of(op);
  const Attrs attrs =
      attributes(Mode::NEAREST, coordinates, aligned ? Nearest::ROUND_PREFER_CEIL : Nearest::FLOOR);
  return {convert_like(interpolate(as_float(x), size, plane(op, x, "x"), attrs), x)};
}

Values nearest_input(const Arguments& op) {
  return nearest(op, op.input("size"));
}

Values nearest_attribute(const Arguments& op) {
  return nearest(op, integers(op.integers("size")));
}

/// A factor for the plane: each element becomes a block of stride_h by stride_w, times `scale`.
Values upsample(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t height = op.integer("stride_h");
  const int64_t width = op.integer("stride_w");
  if (height < 1 || width < 1)
    refuse("stride_h and stride_w are {} and {}, they must be greater than 0", height, width);
  Attrs attrs = attributes(Mode::NEAREST, Coordinates::ASYMMETRIC);
  attrs.shape_calculation_mode = Calculation::SCALES;
  const Value factors =
      make<v0::Constant>(ov::element::f32, ov::Shape{2},
                         std::vector<float>{static_cast<float>(height), static_cast<float>(width)});
  return {multiply(make<v11::Interpolate>(x, factors, integers({2, 3}), attrs), op.number("scale"))};
}

/// DeepLab's Interp: a size, or first smaller by shrink_factor and then larger by zoom_factor; corners meet.
Values interp_layer(const Arguments& op) {
  Value x = op.input("x");
  const std::vector<int64_t> dims = dims_of(x);
  if (dims.size() != 4) refuse("the input has {} dims, it must have 4", dims.size());
  const int64_t before = op.integer("pad_beg");
  const int64_t after = op.integer("pad_end");
  if (before > 0 || after > 0)
    refuse("pad_beg and pad_end are {} and {}, they must not be positive", before, after);
  std::vector<int64_t> size;
  std::vector<int64_t> inner;
  for (size_t i = 2; i < 4; ++i) {
    int64_t extent = dims[i] + before + after;
    if (extent < 1) refuse("pad_beg and pad_end leave nothing of a dim of {}", dims[i]);
    inner.push_back(extent);
    const int64_t shrink = op.integer("shrink_factor");
    const int64_t zoom = op.integer("zoom_factor");
    if (shrink < 1 || zoom < 1) refuse("shrink_factor and zoom_factor must be greater than 0");
    extent = (extent - 1) / shrink + 1;
    size.push_back(extent + (extent - 1) * (zoom - 1));
  }
  if (op.integer("height") > 0 && op.integer("width") > 0) size = {op.integer("height"), op.integer("width")};
  if (before != 0 || after != 0) {
    x = slice(x, 2, -before, -before + inner[0]);
    x = slice(x, 3, -before, -before + inner[1]);
  }
  return {interpolate(x, integers(size), {2, 3}, attributes(Mode::LINEAR_ONNX, Coordinates::ALIGN_CORNERS))};
}

Coordinates onnx_coordinates(const std::string& name) {
  if (name == "half_pixel") return Coordinates::HALF_PIXEL;
  if (name == "pytorch_half_pixel") return Coordinates::PYTORCH_HALF_PIXEL;
  if (name == "asymmetric") return Coordinates::ASYMMETRIC;
  if (name == "align_corners") return Coordinates::ALIGN_CORNERS;
  if (name == "tf_half_pixel_for_nn") return Coordinates::TF_HALF_PIXEL_FOR_NN;
  refuse("coordinate_transformation_mode {} is not supported", name);
}

Nearest onnx_nearest(const std::string& name) {
  if (name == "round_prefer_floor") return Nearest::ROUND_PREFER_FLOOR;
  if (name == "round_prefer_ceil") return Nearest::ROUND_PREFER_CEIL;
  if (name == "floor") return Nearest::FLOOR;
  if (name == "ceil") return Nearest::CEIL;
  refuse("nearest_mode {} is not supported", name);
}

Attrs onnx_attributes(const Arguments& op, int64_t rank) {
  const std::string& mode = op.text("mode");
  if (mode != "nearest" && mode != "linear" && mode != "cubic") refuse("mode {} is not supported", mode);
  if (op.integer("exclude_outside") != 0) refuse("exclude_outside is not supported");
  Attrs attrs = attributes(mode == "nearest"  ? Mode::NEAREST
                           : mode == "linear" ? Mode::LINEAR_ONNX
                                              : Mode::CUBIC,
                           onnx_coordinates(op.text("coordinate_transformation_mode")),
                           onnx_nearest(op.text("nearest_mode")));
  attrs.cube_coeff = op.number("cubic_coeff_a");
  attrs.pads_begin = attrs.pads_end = std::vector<size_t>(static_cast<size_t>(rank), 0);
  return attrs;
}

bool has_elements(const Arguments& op, std::string_view port) {
  return op.has(port) &&
         (op.input(port).get_partial_shape().is_dynamic() || ov::shape_size(op.input(port).get_shape()) > 0);
}

Values resize(const Arguments& op) {
  const Value x = op.input("x");
  Attrs attrs = onnx_attributes(op, rank_of(x));
  const bool by_size = has_elements(op, "sizes");
  if (!by_size && !has_elements(op, "scales")) refuse("it has neither sizes nor scales");
  attrs.shape_calculation_mode = by_size ? Calculation::SIZES : Calculation::SCALES;
  const Value y = make<v11::Interpolate>(as_float(x), op.input(by_size ? "sizes" : "scales"), attrs);
  return {convert_like(y, x)};
}

Values resize_attribute(const Arguments& op) {
  const Value x = op.input("x");
  Attrs attrs = onnx_attributes(op, 0);
  const std::vector<int64_t>& sizes = op.integers("sizes");
  if (static_cast<int64_t>(sizes.size()) >= rank_of(x))
    refuse("sizes has {} values, the input {} dims", sizes.size(), rank_of(x));
  std::vector<int64_t> axes;
  for (size_t i = 0; i < sizes.size(); ++i)
    axes.push_back(rank_of(x) - static_cast<int64_t>(sizes.size() - i));
  attrs.pads_begin = attrs.pads_end = {0};
  return {make<v11::Interpolate>(x, integers(sizes), integers(axes), attrs)};
}

/// TensorFlow's cubic of -0.5 with half pixels, else -0.75.
Values bicubic(const Arguments& op) {
  const Value images = op.input("images");
  Attrs attrs = attributes(Mode::CUBIC, coordinates_of(op));
  attrs.cube_coeff = op.flag("half_pixel_centers") ? -0.5 : -0.75;
  return {interpolate(as_float(images), op.input("size"), plane(op, images, "images"), attrs)};
}

/// Boxes [n, 4] of y1, x1, y2, x2 in parts of the picture's sides, each brought to one size; corners meet.
/// What lies outside of the picture is extrapolation_value.
Values crop_and_resize(const Arguments& op) {
  const Value x = convert(op.input("x"), ov::element::f32);
  const bool first = op.format("x") == ACL_FORMAT_NCHW;
  const Value planes = first ? x : transpose(x, {0, 3, 1, 2});
  const Value pictures = make<v8::Gather>(planes, op.input("box_index"), integer(0));
  const std::vector<int64_t> size = op.constant("crop_size");
  if (size.size() != 2 || size[0] < 1 || size[1] < 1) refuse("crop_size must have two values greater than 0");
  check_elements(size[0], size[1]);
  const Values sides =
      std::make_shared<v1::Split>(convert_like(op.input("boxes"), x), integer(1), 4)->outputs();
  // From one side to the other in equal steps, [n, count]; a single one lies in the middle.
  const auto steps = [&](const Value& from, const Value& to, int64_t count) {
    std::vector<double> parts;
    for (int64_t i = 0; i < count; ++i)
      parts.push_back(count == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(count - 1));
    const Value part = make<v0::Constant>(x.get_element_type(), ov::Shape{1, parts.size()}, parts);
    return add(multiply(from, subtract(number(1, x), part)), multiply(to, part));
  };
  const Value along_y = unsqueeze(steps(sides[0], sides[2], size[0]), {2});
  const Value along_x = unsqueeze(steps(sides[1], sides[3], size[1]), {1});
  const Value plane = add(multiply(along_y, 0), multiply(along_x, 0));  // [n, height, width]
  const Value places = concat({unsqueeze(add(plane, along_x), {3}), unsqueeze(add(plane, along_y), {3})}, 3);
  const Value one = number(1, x);
  const Value inside = make<v1::ReduceLogicalAnd>(
      make<v1::LogicalAnd>(make<v1::GreaterEqual>(places, number(0, x)), make<v1::LessEqual>(places, one)),
      integers({3}), false);
  v9::GridSample::Attributes attrs;
  attrs.align_corners = true;
  attrs.padding_mode = v9::GridSample::PaddingMode::BORDER;
  if (op.text("method") == "nearest")
    attrs.mode = v9::GridSample::InterpolationMode::NEAREST;
  else if (op.text("method") != "bilinear")
    refuse("method is {}, allowed are bilinear and nearest", op.text("method"));
  const Value found = make<v9::GridSample>(pictures, subtract(multiply(places, 2), one), attrs);
  const Value y = select(unsqueeze(inside, {1}), found, number(op.number("extrapolation_value"), x));
  return {first ? y : transpose(y, {0, 2, 3, 1})};
}

Values crop_and_resize_as(const Arguments& op) {
  return {convert(crop_and_resize(op)[0], op.type("dtype"))};
}

Values grid_sample(const Arguments& op) {
  const std::string& mode = op.text("interpolation_mode");
  const std::string& padding = op.text("padding_mode");
  v9::GridSample::Attributes attrs;
  attrs.align_corners = op.flag("align_corners");
  if (mode == "bilinear")
    attrs.mode = v9::GridSample::InterpolationMode::BILINEAR;
  else if (mode == "nearest")
    attrs.mode = v9::GridSample::InterpolationMode::NEAREST;
  else if (mode == "bicubic")
    attrs.mode = v9::GridSample::InterpolationMode::BICUBIC;
  else
    refuse("interpolation_mode {} is not supported", mode);
  if (padding == "zeros")
    attrs.padding_mode = v9::GridSample::PaddingMode::ZEROS;
  else if (padding == "border")
    attrs.padding_mode = v9::GridSample::PaddingMode::BORDER;
  else if (padding == "reflection")
    attrs.padding_mode = v9::GridSample::PaddingMode::REFLECTION;
  else
    refuse("padding_mode {} is not supported", padding);
  return {make<v9::GridSample>(op.input("x"), op.input("grid"), attrs)};
}

constexpr std::string_view kTypes = "i8 u8 i16 u16 i32 i64 f16 f32 f64 bf16";
constexpr std::string_view kOnnx =
    "coordinate_transformation_mode String=half_pixel; cubic_coeff_a Float=-0.75; exclude_outside Int=0; "
    "extrapolation_value Float=0.0; mode String=nearest; nearest_mode String=round_prefer_floor";

constexpr std::array kEntries = std::to_array<Entry>({
    {"CropAndResize", "x: u8 u16 i8 i16 i32 i64 f16 f32 f64, boxes: f16 f32, box_index: i32, crop_size: i32",
     "y", "extrapolation_value Float=0; method String=bilinear", "f32", crop_and_resize},
    {"CropAndResizeV2", "x: u8 u16 i8 i16 i32 i64 f16 f32 f64, boxes: f32, box_index: i32, crop_size: i32",
     "y: u8 f16 f32", "extrapolation_value Float=0; method String=bilinear; dtype Type=0", "f32",
     crop_and_resize_as},
    {"GridSampler2D", "x, grid", "y",
     "interpolation_mode String=bilinear; padding_mode String=zeros; align_corners Bool=false", "f16 f32",
     grid_sample},
    {"Interp", "x", "y",
     "height Int=0; width Int=0; zoom_factor Int=1; shrink_factor Int=1; pad_beg Int=0; pad_end Int=0",
     "f16 f32", interp_layer},
    {"Resize", "x, roi?: f16 f32 f64, scales?: f32, sizes?: Index", "y", kOnnx, kTypes, resize},
    {"ResizeBicubic", "images, size: i32", "y",
     "align_corners Bool=false; half_pixel_centers Bool=false; dtype Type=0", kTypes, bicubic},
    {"ResizeBilinearV2", "x, size: i32", "y",
     "align_corners Bool=false; half_pixel_centers Bool=false; dtype Type=0", kTypes, bilinear_input},
    {"ResizeBilinearV2D", "x", "y", "align_corners Bool=false; half_pixel_centers Bool=false; size [int]",
     "f16 f32", bilinear_attribute},
    {"ResizeD", "x", "y",
     "sizes [int]; scales [float]={}; roi [int]={}; coordinate_transformation_mode String=half_pixel; "
     "cubic_coeff_a Float=-0.75; exclude_outside Int=0; extrapolation_value Float=0.0; mode String=nearest; "
     "nearest_mode String=round_prefer_floor; data_format String=NCHW",
     "f16 f32", resize_attribute},
    {"ResizeNearestNeighborV2", "x, size: i32", "y",
     "align_corners Bool=false; half_pixel_centers Bool=false", kTypes, nearest_input},
    {"ResizeNearestNeighborV2D", "x", "y",
     "size [int]; align_corners Bool=false; half_pixel_centers Bool=false", "f16 f32 i32 i8 u8",
     nearest_attribute},
    {"Upsample", "x", "y", "scale Float=1; stride_h Int=2; stride_w Int=2", "f16 f32", upsample},
});

}  // namespace

std::span<const Entry> resize_operators() {
  return kEntries;
}

}  // namespace cairn::ops
