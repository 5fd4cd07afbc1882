// Convolutions and their transposes.
#include <array>

#include "ops/families.h"
#include "ops/nodes.h"
#include "ops/windows.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

/// The filter as the engine takes it: output channels, input channels, space. A filter without a format has
/// the layout that goes with the data: HWCN (or DHWCN) with channels last.
Value filter_outputs_first(const Arguments& op, const ChannelsFirst& layout) {
  Value filter = op.input("filter");
  const aclFormat format = op.format("filter");
  const int64_t rank = rank_of(filter);
  std::vector<int64_t> order;
  if (format == ACL_FORMAT_HWCN || (format == ACL_FORMAT_ND && layout.is_last())) {
    order = {rank - 1, rank - 2};
    for (int64_t i = 0; i < rank - 2; ++i)
      order.push_back(i);
  } else if (format == ACL_FORMAT_NHWC || format == ACL_FORMAT_NDHWC) {
    order = {0, rank - 1};
    for (int64_t i = 1; i < rank - 1; ++i)
      order.push_back(i);
  } else {
    return filter;
  }
  return transpose(filter, order);
}

/// A bias of one dim, laid along the channels.
Value with_bias(const Arguments& op, const Value& y) {
  if (!op.signature().find_input("bias") || !op.has("bias")) return y;
  std::vector<int64_t> dims(static_cast<size_t>(rank_of(y)), 1);
  dims[1] = -1;
  return add(y, reshape(convert_like(op.input("bias"), y), dims));
}

/// [groups * outputs, inputs, ...] as [groups, outputs, inputs, ...].
Value split_groups(const Value& filter, int64_t groups) {
  std::vector<int64_t> dims = dims_of(filter);
  if (groups < 1 || dims[0] % groups != 0)
    refuse("groups is {}, the filter has {} channels, which is no multiple", groups, dims[0]);
  dims[0] /= groups;
  dims.insert(dims.begin(), groups);
  return reshape(filter, dims);
}

Value as_float(const Value& x) {
  return is_float(x) ? x : convert(x, ov::element::f32);
}

Value convolve(const Arguments& op, const Value& input, const Value& filter, int64_t groups,
               const ChannelsFirst& layout) {
  const Value x = layout.enter(input);
  const auto strides = strides_of(layout.space(op.integers("strides"), "strides"), "strides");
  const auto dilations = strides_of(layout.space(op.integers("dilations"), "dilations"), "dilations");
  const Pads pads = pads_of(op.integers("pads"), strides.size(), "pads");
  ov::op::PadType automatic = ov::op::PadType::EXPLICIT;
  if (op.signature().find_attribute("auto_pad")) {
    if (op.text("auto_pad") == "SAME_UPPER" || op.text("auto_pad") == "SAME")
      automatic = ov::op::PadType::SAME_UPPER;
    if (op.text("auto_pad") == "SAME_LOWER") automatic = ov::op::PadType::SAME_LOWER;
    if (op.text("auto_pad") == "VALID") automatic = ov::op::PadType::VALID;
  }
  // TensorFlow writes SAME as -1.
  if (!pads.begin.empty() && pads.begin[0] == -1) automatic = ov::op::PadType::SAME_UPPER;
  const auto begin = differences_of(pads.begin);
  const auto end = differences_of(pads.end);
  const Value data = as_float(x);
  const Value weights = convert_like(filter, data);
  Value y = groups == 1 ? make<v1::Convolution>(data, weights, strides, begin, end, dilations, automatic)
                        : make<v1::GroupConvolution>(data, split_groups(weights, groups), strides, begin, end,
                                                     dilations, automatic);
  if (!is_float(x)) y = convert(y, ov::element::i32);
  return layout.leave(with_bias(op, y));
}

std::string data_format(const Arguments& op) {
  // What the graph says of the tensor counts more than the attribute's default.
  const aclFormat format = op.format("x");
  if (!op.is_given("data_format") && format == ACL_FORMAT_NCHW) return "NCHW";
  if (!op.is_given("data_format") && format == ACL_FORMAT_NCDHW) return "NCDHW";
  return op.text("data_format");
}

Values convolution(const Arguments& op) {
  const Value x = op.input("x");
  const ChannelsFirst layout(data_format(op), rank_of(x));
  return {convolve(op, x, filter_outputs_first(op, layout), op.integer("groups"), layout)};
}

/// The filter is [1 or multiplier, channels, H, W] or, channels last, [H, W, channels, multiplier].
Values depthwise_convolution(const Arguments& op) {
  const Value x = op.input("x");
  const ChannelsFirst layout(data_format(op), rank_of(x));
  const Value filter = op.input("filter");
  const std::vector<int64_t> x_dims = dims_of(x);
  const int64_t channels = layout.is_last() ? x_dims.back() : x_dims[1];
  std::vector<int64_t> dims = dims_of(filter);
  const bool hwcn =
      op.format("filter") == ACL_FORMAT_HWCN || (op.format("filter") == ACL_FORMAT_ND && layout.is_last());
  Value weights = hwcn ? transpose(filter, {2, 3, 0, 1}) : filter;
  dims = dims_of(weights);
  // Caffe and ONNX store [channels * multiplier, 1, H, W].
  if (dims[1] != 1 && dims[0] * dims[1] % channels == 0 && !hwcn && dims[1] == channels)
    weights = transpose(weights, {1, 0, 2, 3});
  dims = dims_of(weights);
  weights = reshape(weights, {dims[0] * dims[1], 1, dims[2], dims[3]});
  return {convolve(op, x, weights, channels, layout)};
}

/// The transpose of a convolution: the filter is [inputs, outputs / groups, ...].
Value deconvolve(const Arguments& op, const Value& input, const Value& given_filter,
                 const std::vector<int64_t>& output_size, const std::vector<int64_t>& output_padding,
                 const ChannelsFirst& layout) {
  const Value x = layout.enter(input);
  const auto strides = strides_of(layout.space(op.integers("strides"), "strides"), "strides");
  const auto dilations = strides_of(layout.space(op.integers("dilations"), "dilations"), "dilations");
  const Pads pads = pads_of(op.integers("pads"), strides.size(), "pads");
  const bool same = !pads.begin.empty() && pads.begin[0] == -1;
  const auto automatic = same ? ov::op::PadType::SAME_UPPER : ov::op::PadType::EXPLICIT;
  const int64_t groups = op.integer("groups");
  const Value filter = groups == 1 ? given_filter : split_groups(given_filter, groups);
  const auto begin = differences_of(pads.begin);
  const auto end = differences_of(pads.end);
  const Value data = as_float(x);
  const Value weights = convert_like(filter, data);
  Value y;
  if (output_size.empty()) {
    const auto more = differences_of(output_padding);
    y = groups == 1 ? make<v1::ConvolutionBackpropData>(data, weights, strides, begin, end, dilations,
                                                        automatic, more)
                    : make<v1::GroupConvolutionBackpropData>(data, weights, strides, begin, end, dilations,
                                                             automatic, more);
  } else if (same) {
    const Value wanted = integers(output_size);
    y = groups == 1 ? make<v1::ConvolutionBackpropData>(data, weights, wanted, strides, begin, end, dilations,
                                                        automatic)
                    : make<v1::GroupConvolutionBackpropData>(data, weights, wanted, strides, begin, end,
                                                             dilations, automatic);
  } else {
    // What the pads leave open of the wanted size is added at the end.
    const std::vector<int64_t> x_dims = dims_of(x);
    const std::vector<int64_t> filter_dims = dims_of(filter);
    ov::CoordinateDiff more;
    for (size_t i = 0; i < strides.size(); ++i) {
      const int64_t window = filter_dims[filter_dims.size() - strides.size() + i];
      const int64_t size = static_cast<int64_t>(strides[i]) * (x_dims[i + 2] - 1) +
                           static_cast<int64_t>(dilations[i]) * (window - 1) + 1 - pads.begin[i] -
                           pads.end[i];
      more.push_back(output_size[i] - size);
      if (more[i] < 0)
        refuse("input_size {} of dim {} is smaller than the result without it, {}", output_size[i], i, size);
    }
    y = groups == 1 ? make<v1::ConvolutionBackpropData>(data, weights, strides, begin, end, dilations,
                                                        automatic, more)
                    : make<v1::GroupConvolutionBackpropData>(data, weights, strides, begin, end, dilations,
                                                             automatic, more);
  }
  return layout.leave(with_bias(op, y));
}

Values transposed(const Arguments& op, const std::vector<int64_t>& input_size) {
  const Value x = op.input("x");
  const ChannelsFirst layout(data_format(op), rank_of(x));
  std::vector<int64_t> size;
  bool given = false;
  for (const int64_t dim : input_size)
    given = given || dim > 0;
  if (given) size = layout.space(input_size, "input_size");
  const std::vector<int64_t> padding = layout.space(op.integers("output_padding"), "output_padding");
  return {deconvolve(op, x, filter_outputs_first(op, layout), size, padding, layout)};
}

Values transposed_with_input(const Arguments& op) {
  return transposed(op, op.constant("input_size"));
}

Values transposed_with_attribute(const Arguments& op) {
  return transposed(op, op.integers("input_size"));
}

Values deconvolution_layer(const Arguments& op) {
  const Value x = op.input("x");
  const ChannelsFirst layout(op.text("data_format"), rank_of(x));
  return {deconvolve(op, x, op.input("filter"), {},
                     std::vector<int64_t>(static_cast<size_t>(rank_of(x) - 2), 0), layout)};
}

/// The gradient of a convolution with respect to its input is a transposed convolution with its filter.
Values input_gradient(const Arguments& op, const std::vector<int64_t>& input_size) {
  const Value x = op.input("out_backprop");
  const ChannelsFirst layout(op.text("data_format"), rank_of(x));
  return {deconvolve(op, x, filter_outputs_first(op, layout), layout.space(input_size, "input_size"), {},
                     layout)};
}

/// Each place of the window is moved by its offsets and, if modulated, weighed. The channels of `offsets` are
/// those along x, those along y, and the weights: as many each as the window has places, times the groups.
Values deformable_convolution(const Arguments& op) {
  const ChannelsFirst layout(data_format(op), 4);
  const Value x = layout.enter(op.input("x"));
  const Value filter = filter_outputs_first(op, layout);
  const Value offsets = layout.enter(op.input("offsets"));
  const std::vector<int64_t> window = dims_of(filter);
  if (rank_of(x) != 4 || window.size() != 4 || rank_of(offsets) != 4) refuse("an input does not have 4 dims");
  const int64_t groups = op.integer("deformable_groups");
  if (groups < 1) refuse("deformable_groups is {}, it must be greater than 0", groups);
  const int64_t places = groups * window[2] * window[3];
  if (dims_of(offsets)[1] != 3 * places)
    refuse("offsets has {} channels, it must have {}", dims_of(offsets)[1], 3 * places);
  std::vector<int64_t> y_before_x;
  for (int64_t i = 0; i < places; ++i)
    y_before_x.insert(y_before_x.end(), {places + i, i});
  const Value moves = make<v8::Gather>(offsets, integers(y_before_x), integer(1));
  const auto strides = strides_of(layout.space(op.integers("strides"), "strides"), "strides");
  const auto dilations = strides_of(layout.space(op.integers("dilations"), "dilations"), "dilations");
  const Pads pads = pads_of(op.integers("pads"), 2, "pads");
  const auto convolve = [&](auto&&... mask) {
    return make<v8::DeformableConvolution>(x, moves, filter, mask..., strides, differences_of(pads.begin),
                                           differences_of(pads.end), dilations, ov::op::PadType::EXPLICIT,
                                           op.integer("groups"), groups, true);
  };
  const Value y = op.flag("modulated") ? convolve(slice(offsets, 1, 2 * places, 3 * places)) : convolve();
  return {layout.leave(with_bias(op, y))};
}

constexpr std::string_view kAttributes =
    "strides [int]; pads [int]; dilations [int]={1}; groups Int=1; data_format String=NHWC; offset_x Int=0; "
    "auto_pad String=NOTSET";
constexpr std::string_view kAttributes3d =
    "strides [int]; pads [int]; dilations [int]={1}; groups Int=1; data_format String=NDHWC; offset_x Int=0; "
    "auto_pad String=NOTSET";
constexpr std::string_view kTransposeAttributes =
    "strides [int]; pads [int]; dilations [int]={1}; groups Int=1; data_format String=NHWC; "
    "output_padding [int]={0}; offset_x Int=0";
constexpr std::string_view kTransposeAttributesD =
    "input_size [int]; strides [int]; pads [int]; dilations [int]={1}; groups Int=1; data_format "
    "String=NHWC; "
    "output_padding [int]={0}; offset_x Int=0";
constexpr std::string_view kTranspose3dAttributes =
    "strides [int]; pads [int]; dilations [int]={1}; groups Int=1; data_format String=NDHWC; "
    "output_padding [int]={0}; offset_x Int=0";
constexpr std::string_view kTranspose3dAttributesD =
    "input_size [int]; strides [int]; pads [int]; dilations [int]={1}; groups Int=1; data_format "
    "String=NDHWC; "
    "output_padding [int]={0}; offset_x Int=0";
constexpr std::string_view kInputs = "x, filter, bias?: f16 f32 i32 bf16, offset_w?: i8";
constexpr std::string_view kTransposeInputs =
    "input_size: Index, x, filter, bias?: f16 f32 i32 bf16, offset_w?: i8";
constexpr std::string_view kTypes = "f16 f32 i8 bf16";

Values input_gradient_with_input(const Arguments& op) {
  return input_gradient(op, op.constant("input_size"));
}

Values input_gradient_with_attribute(const Arguments& op) {
  return input_gradient(op, op.integers("input_size"));
}

constexpr std::string_view kGradientAttributes =
    "strides [int]; pads [int]; dilations [int]={1}; groups Int=1; data_format String=NHWC";
constexpr std::string_view kGradientAttributesD =
    "input_size [int]; strides [int]; pads [int]; dilations [int]={1}; groups Int=1; data_format String=NHWC";

constexpr std::array kEntries = std::to_array<Entry>({
    {"Conv2D", kInputs, "y", kAttributes, kTypes, convolution},
    {"Conv2DBackpropInput", "input_size: Index, filter, out_backprop", "y", kGradientAttributes,
     "f16 f32 bf16", input_gradient_with_input},
    {"Conv2DBackpropInputD", "filter, out_backprop", "y", kGradientAttributesD, "f16 f32 bf16",
     input_gradient_with_attribute},
    {"Conv2DTranspose", kTransposeInputs, "y", kTransposeAttributes, kTypes, transposed_with_input},
    {"Conv2DTransposeD", kInputs, "y", kTransposeAttributesD, kTypes, transposed_with_attribute},
    {"Conv3D", kInputs, "y", kAttributes3d, kTypes, convolution},
    {"Conv3DTranspose", kTransposeInputs, "y", kTranspose3dAttributes, kTypes, transposed_with_input},
    {"Conv3DTransposeD", kInputs, "y", kTranspose3dAttributesD, kTypes, transposed_with_attribute},
    {"Deconvolution", kInputs, "y",
     "strides [int]={1, 1}; pads [int]={0, 0, 0, 0}; dilations [int]={1}; groups Int=1; data_format "
     "String=NCHW; "
     "offset_x Int=0",
     kTypes, deconvolution_layer},
    {"DeformableConv2D", "x, filter, offsets, bias?", "y",
     "strides [int]; pads [int]; dilations [int]={1}; groups Int=1; data_format String=NHWC; "
     "deformable_groups Int=1; modulated Bool=true",
     "f16 f32", deformable_convolution},
    {"DepthwiseConv2D", kInputs, "y",
     "strides [int]; dilations [int]={1}; pads [int]; data_format String=NHWC; offset_x Int=0", kTypes,
     depthwise_convolution},
});

}  // namespace

std::span<const Entry> convolution_operators() {
  return kEntries;
}

}  // namespace cairn::ops
