// What each type of layer becomes.
#include <algorithm>
#include <array>
#include <limits>

#include "compiler/caffe/caffe_layer.h"

namespace cairn {
namespace {

using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;
using Tensors = CaffeLayer::Tensors;
using Attributes = std::vector<OmAttribute>;

template <class List>
Ints ints_of(const List& list) {
  return {list.begin(), list.end()};
}

template <class List>
Floats floats_of(const List& list) {
  return {list.begin(), list.end()};
}

/// One value for each space dim from a list with one or all of them, or from the fields for height and width.
template <class List>
Ints space_values(CaffeLayer& layer, const List& list, bool has_pair, int64_t height, int64_t width,
                  size_t count, int64_t otherwise, std::string_view name) {
  if (has_pair) return {height, width};
  if (list.empty()) return Ints(count, otherwise);
  if (list.size() == 1) return Ints(count, static_cast<int64_t>(list[0]));
  if (static_cast<size_t>(list.size()) != count)
    layer.wrong(fmt::format("{} has {} values for {} dims", name, list.size(), count));
  Ints values = ints_of(list);
  values.resize(count, otherwise);
  return values;
}

struct ConvolutionWindow {
  Ints kernel;
  Ints strides;
  Ints pads;  ///< Before and after each dim.
  Ints dilations;
};

/// The number of space dims comes with the kernel, else with the weights.
ConvolutionWindow convolution_window(CaffeLayer& layer, const caffe::ConvolutionParameter& param) {
  size_t count = param.kernel_size_size() > 1 ? static_cast<size_t>(param.kernel_size_size()) : 2;
  if (param.kernel_size_size() == 1 && !param.has_kernel_h() && layer.blob_count() > 0)
    if (const CaffeBlob* weights = layer.blob(0, "weights"); weights->dims.size() == 5) count = 3;
  ConvolutionWindow window;
  window.kernel = space_values(layer, param.kernel_size(), param.has_kernel_h() || param.has_kernel_w(),
                               param.kernel_h(), param.kernel_w(), count, 0, "kernel_size");
  window.strides = space_values(layer, param.stride(), param.has_stride_h() || param.has_stride_w(),
                                param.stride_h(), param.stride_w(), count, 1, "stride");
  window.dilations = space_values(layer, param.dilation(), false, 0, 0, count, 1, "dilation");
  const Ints pad = space_values(layer, param.pad(), param.has_pad_h() || param.has_pad_w(), param.pad_h(),
                                param.pad_w(), count, 0, "pad");
  for (const int64_t value : pad) {
    window.pads.push_back(value);
    window.pads.push_back(value);
  }
  return window;
}

bool check_convolution(CaffeLayer& layer, const caffe::ConvolutionParameter& param,
                       const ConvolutionWindow& window) {
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return false;
  if (param.num_output() == 0 || std::ranges::count(window.kernel, 0) > 0) {
    layer.wrong("num_output or kernel_size is missing or 0");
    return false;
  }
  if (param.group() == 0 || param.num_output() % param.group() != 0) {
    layer.wrong(fmt::format("group is {}, num_output {}", param.group(), param.num_output()));
    return false;
  }
  if (param.axis() != 1) {
    layer.wrong(fmt::format("axis is {}, supported is 1", param.axis()));
    return false;
  }
  return true;
}

Ints with_plane(Ints front, const Ints& plane) {
  front.insert(front.end(), plane.begin(), plane.end());
  return front;
}

void convolve(CaffeLayer& layer, int64_t group) {
  const auto& param = layer.param().convolution_param();
  const ConvolutionWindow window = convolution_window(layer, param);
  if (!check_convolution(layer, param, window)) return;
  const auto outputs = static_cast<int64_t>(param.num_output());
  const bool is_3d = window.kernel.size() == 3;
  const std::string weights = layer.constant(0, "weights", with_plane({outputs, -1}, window.kernel));
  Tensors inputs = {layer.bottoms()[0], weights};
  if (param.bias_term()) inputs.push_back(layer.constant(1, "bias", {outputs}));
  Attributes attributes = {{"strides", with_plane({1, 1}, window.strides)},
                           {"pads", window.pads},
                           {"dilations", with_plane({1, 1}, window.dilations)},
                           {"data_format", std::string(is_3d ? "NCDHW" : "NCHW")}};
  const CaffeBlob* blob = layer.blob_count() > 0 ? layer.blob(0, "weights") : nullptr;
  int64_t plane = 1;
  for (const int64_t size : window.kernel)
    plane *= size;
  const bool depthwise = !is_3d && group > 1 && group == outputs && blob && blob->count() == outputs * plane;
  if (!depthwise) attributes.push_back({"groups", group});
  layer.add(is_3d       ? "Conv3D"
            : depthwise ? "DepthwiseConv2D"
                        : "Conv2D",
            std::move(inputs), std::move(attributes));
}

void convolution(CaffeLayer& layer) {
  convolve(layer, layer.param().convolution_param().group());
}

/// One group for each channel, whatever the network says.
void depthwise_convolution(CaffeLayer& layer) {
  convolve(layer, layer.param().convolution_param().num_output());
}

/// Weights are [inputs, outputs / group, ...].
void deconvolution(CaffeLayer& layer) {
  const auto& param = layer.param().convolution_param();
  const ConvolutionWindow window = convolution_window(layer, param);
  if (!check_convolution(layer, param, window)) return;
  if (window.kernel.size() != 2) return layer.wrong("only two space dims are supported");
  const auto outputs = static_cast<int64_t>(param.num_output());
  const auto group = static_cast<int64_t>(param.group());
  Tensors inputs = {layer.bottoms()[0],
                    layer.constant(0, "weights", with_plane({-1, outputs / group}, window.kernel))};
  if (param.bias_term()) inputs.push_back(layer.constant(1, "bias", {outputs}));
  layer.add("Deconvolution", std::move(inputs),
            {{"strides", window.strides},
             {"pads", window.pads},
             {"dilations", with_plane({1, 1}, window.dilations)},
             {"groups", group},
             {"data_format", std::string("NCHW")}});
}

void inner_product(CaffeLayer& layer) {
  const auto& param = layer.param().inner_product_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  if (param.num_output() == 0) return layer.wrong("num_output is missing or 0");
  const auto outputs = static_cast<int64_t>(param.num_output());
  const Ints dims = param.transpose() ? Ints{-1, outputs} : Ints{outputs, -1};
  Tensors inputs = {layer.bottoms()[0], layer.constant(0, "weights", dims)};
  if (param.bias_term()) inputs.push_back(layer.constant(1, "bias", {outputs}));
  layer.add("FullyConnection", std::move(inputs),
            {{"num_output", outputs}, {"transpose", param.transpose()}, {"axis", int64_t{param.axis()}}});
}

void pooling(CaffeLayer& layer) {
  const auto& param = layer.param().pooling_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  if (param.pool() == caffe::PoolingParameter::STOCHASTIC)
    return layer.wrong("stochastic pooling is not supported");
  const bool floor = param.round_mode() == caffe::PoolingParameter::FLOOR || !param.ceil_mode();
  Attributes attributes = {{"mode", int64_t{param.pool()}},
                           {"global_pooling", param.global_pooling()},
                           {"ceil_mode", int64_t{floor}},
                           {"data_format", std::string("NCHW")}};
  if (!param.global_pooling()) {
    const int64_t kernel_h = param.has_kernel_h() ? param.kernel_h() : param.kernel_size();
    const int64_t kernel_w = param.has_kernel_w() ? param.kernel_w() : param.kernel_size();
    const int64_t stride_h = param.has_stride_h() ? param.stride_h() : param.stride();
    const int64_t stride_w = param.has_stride_w() ? param.stride_w() : param.stride();
    const int64_t pad_h = param.has_pad_h() ? param.pad_h() : param.pad();
    const int64_t pad_w = param.has_pad_w() ? param.pad_w() : param.pad();
    if (kernel_h == 0 || kernel_w == 0) return layer.wrong("kernel_size is missing or 0");
    attributes.push_back({"window", Ints{kernel_h, kernel_w}});
    attributes.push_back({"stride", Ints{stride_h, stride_w}});
    attributes.push_back({"pad", Ints{pad_h, pad_h, pad_w, pad_w}});
  }
  layer.add("Pooling", layer.bottoms(), std::move(attributes));
}

void batch_norm(CaffeLayer& layer) {
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("BNInference",
            {layer.bottoms()[0], layer.constant(0, "mean", {-1}), layer.constant(1, "variance", {-1}),
             layer.constant(2, "factor", {1})},
            {{"epsilon", layer.param().batch_norm_param().eps()}});
}

/// The shape of the weights is their own, unless it is the old one of four dims.
Ints own_dims(const CaffeBlob* blob) {
  if (!blob) return {-1};
  if (blob->dims.size() == 4 && blob->dims[0] == 1 && blob->dims[1] == 1) return {blob->count()};
  return blob->dims;
}

void scale(CaffeLayer& layer) {
  const auto& param = layer.param().scale_param();
  if (!layer.has_bottoms(1, 2) || !layer.has_tops(1, 1)) return;
  const bool from_bottom = layer.bottoms().size() == 2;
  Tensors inputs = layer.bottoms();
  size_t next = 0;
  if (!from_bottom) {
    const CaffeBlob* blob = layer.blob(next, "scale");
    inputs.push_back(layer.constant(next++, "scale", own_dims(blob)));
  }
  if (param.bias_term()) {
    const CaffeBlob* blob = layer.blob(next, "bias");
    inputs.push_back(layer.constant(next, "bias", own_dims(blob)));
  }
  layer.add("Scale", std::move(inputs),
            {{"axis", int64_t{param.axis()}},
             {"num_axes", int64_t{param.num_axes()}},
             {"scale_from_blob", !from_bottom}});
}

void bias(CaffeLayer& layer) {
  const auto& param = layer.param().bias_param();
  if (!layer.has_bottoms(1, 2) || !layer.has_tops(1, 1)) return;
  Tensors inputs = layer.bottoms();
  const bool from_bottom = inputs.size() == 2;
  if (!from_bottom) inputs.push_back(layer.constant(0, "bias", own_dims(layer.blob(0, "bias"))));
  layer.add("Bias", std::move(inputs),
            {{"axis", int64_t{param.axis()}},
             {"num_axes", int64_t{param.num_axes()}},
             {"bias_from_blob", !from_bottom}});
}

/// Caffe divides alpha by the number of values that it sums.
void local_response(CaffeLayer& layer) {
  const auto& param = layer.param().lrn_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  const bool within = param.norm_region() == caffe::LRNParameter::WITHIN_CHANNEL;
  const auto size = static_cast<int64_t>(param.local_size());
  if (size % 2 == 0) return layer.wrong(fmt::format("local_size is {}, it must be odd", size));
  const auto summed = static_cast<float>(within ? size * size : size);
  layer.add("LRN", layer.bottoms(),
            {{"depth_radius", (size - 1) / 2},
             {"bias", within ? 1.0F : param.k()},
             {"alpha", param.alpha() / summed},
             {"beta", param.beta()},
             {"norm_region", std::string(within ? "WITHIN_CHANNEL" : "ACROSS_CHANNELS")}});
}

void relu(CaffeLayer& layer) {
  const float slope = layer.param().relu_param().negative_slope();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  if (slope == 0) return layer.add("Relu", layer.bottoms(), {});
  layer.add("LeakyRelu", layer.bottoms(), {{"negative_slope", slope}});
}

void prelu(CaffeLayer& layer) {
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("PRelu", {layer.bottoms()[0], layer.constant(0, "slopes", {-1})}, {});
}

void elu(CaffeLayer& layer) {
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("Elu", layer.bottoms(), {{"alpha", layer.param().elu_param().alpha()}});
}

/// Layers that are one operator without parameters.
void plain(CaffeLayer& layer, std::string type) {
  if (layer.has_bottoms(1, 1) && layer.has_tops(1, 1)) layer.add(std::move(type), layer.bottoms(), {});
}

void relu6(CaffeLayer& layer) {
  plain(layer, "Relu6");
}
void sigmoid(CaffeLayer& layer) {
  plain(layer, "Sigmoid");
}
void tanh(CaffeLayer& layer) {
  plain(layer, "Tanh");
}
void bnll(CaffeLayer& layer) {
  plain(layer, "BNLL");
}
void absolute(CaffeLayer& layer) {
  plain(layer, "Abs");
}
void dropout(CaffeLayer& layer) {
  plain(layer, "Dropout");
}
void swish(CaffeLayer& layer) {
  plain(layer, "Swish");
}
void hard_swish(CaffeLayer& layer) {
  plain(layer, "HardSwish");
}
void mish(CaffeLayer& layer) {
  plain(layer, "Mish");
}

void eltwise(CaffeLayer& layer) {
  const auto& param = layer.param().eltwise_param();
  if (!layer.has_bottoms(1, 0) || !layer.has_tops(1, 1)) return;
  if (param.coeff_size() > 0 && static_cast<size_t>(param.coeff_size()) != layer.bottoms().size())
    return layer.wrong(
        fmt::format("it has {} coeff and {} bottoms", param.coeff_size(), layer.bottoms().size()));
  layer.add("Eltwise", layer.bottoms(),
            {{"N", static_cast<int64_t>(layer.bottoms().size())},
             {"mode", int64_t{param.operation()}},
             {"coeff", floats_of(param.coeff())}});
}

void concat(CaffeLayer& layer) {
  const auto& param = layer.param().concat_param();
  if (!layer.has_bottoms(1, 0) || !layer.has_tops(1, 1)) return;
  const int64_t axis = param.has_concat_dim() ? int64_t{param.concat_dim()} : param.axis();
  layer.add("ConcatD", layer.bottoms(),
            {{"concat_dim", axis}, {"N", static_cast<int64_t>(layer.bottoms().size())}});
}

/// The last part takes what the points leave, which the operator finds by itself (-1).
void slice(CaffeLayer& layer) {
  const auto& param = layer.param().slice_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 0)) return;
  const int64_t axis = param.has_slice_dim() ? int64_t{param.slice_dim()} : param.axis();
  const auto count = static_cast<int64_t>(layer.tops().size());
  if (param.slice_point_size() == 0)
    return layer.add("SplitD", layer.bottoms(), {{"split_dim", axis}, {"num_split", count}});
  if (param.slice_point_size() != count - 1)
    return layer.wrong(fmt::format("it has {} slice_point and {} tops", param.slice_point_size(), count));
  Ints sizes;
  int64_t last = 0;
  for (const int64_t point : param.slice_point()) {
    if (point <= last) return layer.wrong("its slice_point values do not rise");
    sizes.push_back(point - last);
    last = point;
  }
  sizes.push_back(-1);
  layer.add("SplitVD", layer.bottoms(), {{"size_splits", sizes}, {"split_dim", axis}, {"num_split", count}});
}

void split(CaffeLayer& layer) {
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 0)) return;
  layer.add("Copy", layer.bottoms(), {{"N", static_cast<int64_t>(layer.tops().size())}});
}

void permute(CaffeLayer& layer) {
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("Permute", layer.bottoms(), {{"order", ints_of(layer.param().permute_param().order())}});
}

void flatten(CaffeLayer& layer) {
  const auto& param = layer.param().flatten_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("FlattenV2", layer.bottoms(),
            {{"axis", int64_t{param.axis()}}, {"end_axis", int64_t{param.end_axis()}}});
}

void reshape(CaffeLayer& layer) {
  const auto& param = layer.param().reshape_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  const std::string shape = layer.constant("shape", ints_of(param.shape().dim()));
  layer.add("Reshape", {layer.bottoms()[0], shape},
            {{"axis", int64_t{param.axis()}}, {"num_axes", int64_t{param.num_axes()}}});
}

void softmax(CaffeLayer& layer) {
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("SoftmaxV2", layer.bottoms(), {{"axes", Ints{layer.param().softmax_param().axis()}}});
}

void power(CaffeLayer& layer) {
  const auto& param = layer.param().power_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("Power", layer.bottoms(),
            {{"power", param.power()}, {"scale", param.scale()}, {"shift", param.shift()}});
}

template <class Param>
void of_base(CaffeLayer& layer, const std::string& type, const Param& param) {
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add(type, layer.bottoms(),
            {{"base", param.base()}, {"scale", param.scale()}, {"shift", param.shift()}});
}

void exponential(CaffeLayer& layer) {
  of_base(layer, "Exp", layer.param().exp_param());
}

void logarithm(CaffeLayer& layer) {
  of_base(layer, "Log", layer.param().log_param());
}

void threshold(CaffeLayer& layer) {
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("Threshold", layer.bottoms(), {{"threshold", layer.param().threshold_param().threshold()}});
}

void tile(CaffeLayer& layer) {
  const auto& param = layer.param().tile_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("TileWithAxis", layer.bottoms(),
            {{"axis", int64_t{param.axis()}}, {"tiles", int64_t{param.tiles()}}});
}

void crop(CaffeLayer& layer) {
  const auto& param = layer.param().crop_param();
  if (!layer.has_bottoms(2, 2) || !layer.has_tops(1, 1)) return;
  layer.add("Crop", layer.bottoms(), {{"axis", int64_t{param.axis()}}, {"offsets", ints_of(param.offset())}});
}

/// Caffe gives the places; with out_max_val and an axis the values instead, without an axis both.
void arg_max(CaffeLayer& layer) {
  const auto& param = layer.param().argmax_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  constexpr int64_t kNoAxis = 10000;
  const int64_t axis = param.has_axis() ? int64_t{param.axis()} : kNoAxis;
  const Attributes attributes = {
      {"axis", axis}, {"out_max_val", param.out_max_val()}, {"topk", int64_t{param.top_k()}}};
  if (!param.out_max_val()) return layer.add("ArgMaxWithK", layer.bottoms(), attributes);
  const Tensors both = layer.add_inner("top", 2, "ArgMaxWithK", layer.bottoms(), attributes);
  if (param.has_axis()) return layer.add("Identity", {both[1]}, {});
  layer.add("ConcatD", both, {{"concat_dim", int64_t{1}}, {"N", int64_t{2}}});
}

void reduction(CaffeLayer& layer) {
  const auto& param = layer.param().reduction_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add(
      "Reduction", layer.bottoms(),
      {{"operation", int64_t{param.operation()}}, {"axis", int64_t{param.axis()}}, {"coeff", param.coeff()}});
}

void mean_variance(CaffeLayer& layer) {
  const auto& param = layer.param().mvn_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("MVN", layer.bottoms(),
            {{"normalize_variance", param.normalize_variance()},
             {"across_channels", param.across_channels()},
             {"eps", param.eps()}});
}

void normalize(CaffeLayer& layer) {
  const auto& param = layer.param().norm_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  const Ints dims = param.channel_shared() ? Ints{1} : Ints{-1};
  layer.add("Normalize", {layer.bottoms()[0], layer.constant(0, "scale", dims)},
            {{"across_spatial", param.across_spatial()},
             {"channel_shared", param.channel_shared()},
             {"eps", param.eps()}});
}

void reverse(CaffeLayer& layer) {
  const auto& param = layer.param().reverse_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("ReverseV2D", layer.bottoms(),
            {{"axis", param.axis_size() > 0 ? ints_of(param.axis()) : Ints{1}}});
}

void interp(CaffeLayer& layer) {
  const auto& param = layer.param().interp_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("Interp", layer.bottoms(),
            {{"height", int64_t{param.height()}},
             {"width", int64_t{param.width()}},
             {"zoom_factor", int64_t{param.zoom_factor()}},
             {"shrink_factor", int64_t{param.shrink_factor()}},
             {"pad_beg", int64_t{param.pad_beg()}},
             {"pad_end", int64_t{param.pad_end()}}});
}

void upsample(CaffeLayer& layer) {
  const auto& param = layer.param().upsample_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  const int64_t stride_h = param.has_stride() ? param.stride() : param.stride_h();
  const int64_t stride_w = param.has_stride() ? param.stride() : param.stride_w();
  layer.add("Upsample", layer.bottoms(),
            {{"scale", param.scale()}, {"stride_h", stride_h}, {"stride_w", stride_w}});
}

void shuffle_channel(CaffeLayer& layer) {
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("ShuffleChannel", layer.bottoms(),
            {{"group", int64_t{layer.param().shuffle_channel_param().group()}}});
}

void reorg(CaffeLayer& layer) {
  const auto& param = layer.param().reorg_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  layer.add("PassThrough", layer.bottoms(),
            {{"stride", int64_t{param.stride()}}, {"reverse", param.reverse()}});
}

void pyramid(CaffeLayer& layer) {
  const auto& param = layer.param().spp_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  if (param.pool() == caffe::PoolingParameter::STOCHASTIC)
    return layer.wrong("stochastic pooling is not supported");
  layer.add("SPP", layer.bottoms(),
            {{"pyramid_height", int64_t{param.pyramid_height()}}, {"pool_method", int64_t{param.pool()}}});
}

void embed(CaffeLayer& layer) {
  const auto& param = layer.param().embed_param();
  if (!layer.has_bottoms(1, 1) || !layer.has_tops(1, 1)) return;
  const auto outputs = static_cast<int64_t>(param.num_output());
  const std::string weights =
      layer.constant(0, "weights", {static_cast<int64_t>(param.input_dim()), outputs});
  const std::string indices =
      layer.add_inner("indices", "Cast", layer.bottoms(), {{"dst_type", int64_t{ACL_INT32}}});
  if (!param.bias_term()) return layer.add("GatherV2D", {weights, indices}, {{"axis", int64_t{0}}});
  const std::string rows = layer.add_inner("rows", "GatherV2D", {weights, indices}, {{"axis", int64_t{0}}});
  layer.add("Add", {rows, layer.constant(1, "bias", {outputs})}, {});
}

void prior_box(CaffeLayer& layer) {
  const auto& param = layer.param().prior_box_param();
  if (!layer.has_bottoms(2, 2) || !layer.has_tops(1, 1)) return;
  const int64_t size = param.img_size();
  const float step = param.step();
  layer.add("PriorBox", layer.bottoms(),
            {{"min_size", floats_of(param.min_size())},
             {"max_size", floats_of(param.max_size())},
             {"aspect_ratio", floats_of(param.aspect_ratio())},
             {"img_h", param.has_img_size() ? size : int64_t{param.img_h()}},
             {"img_w", param.has_img_size() ? size : int64_t{param.img_w()}},
             {"step_h", param.has_step() ? step : param.step_h()},
             {"step_w", param.has_step() ? step : param.step_w()},
             {"flip", param.flip()},
             {"clip", param.clip()},
             {"offset", param.offset()},
             {"variance", param.variance_size() > 0 ? floats_of(param.variance()) : Floats{0.1F}}});
}

void detection_output(CaffeLayer& layer) {
  const auto& param = layer.param().detection_output_param();
  if (!layer.has_bottoms(3, 3) || !layer.has_tops(1, 1)) return;
  layer.add(
      "DetectionOutput", layer.bottoms(),
      {{"num_classes", int64_t{param.num_classes()}},
       {"share_location", param.share_location()},
       {"background_label_id", int64_t{param.background_label_id()}},
       {"iou_threshold", param.nms_param().nms_threshold()},
       {"top_k", param.nms_param().has_top_k() ? int64_t{param.nms_param().top_k()} : int64_t{-1}},
       {"eta", param.nms_param().eta()},
       {"variance_encoded_in_target", param.variance_encoded_in_target()},
       {"code_type", int64_t{param.code_type()}},
       {"keep_top_k", int64_t{param.keep_top_k()}},
       {"confidence_threshold", param.has_confidence_threshold() ? param.confidence_threshold()
                                                                 : std::numeric_limits<float>::lowest()}});
}

/// With the parameters of the card's tools, or those of Caffe's own layer.
void ssd_detection_output(CaffeLayer& layer) {
  if (!layer.has_bottoms(3, 3) || !layer.has_tops(1, 2)) return;
  if (layer.param().has_detection_output_param() && !layer.param().has_ssddetectionoutput_param()) {
    const auto& param = layer.param().detection_output_param();
    return layer.add(
        "SSDDetectionOutput", layer.bottoms(),
        {{"num_classes", int64_t{param.num_classes()}},
         {"share_location", param.share_location()},
         {"background_label_id", int64_t{param.background_label_id()}},
         {"iou_threshold", param.nms_param().nms_threshold()},
         {"top_k", param.nms_param().has_top_k() ? int64_t{param.nms_param().top_k()} : int64_t{200}},
         {"eta", param.nms_param().eta()},
         {"variance_encoded_in_target", param.variance_encoded_in_target()},
         {"code_type", int64_t{param.code_type()}},
         {"keep_top_k", int64_t{param.keep_top_k()}},
         {"confidence_threshold", param.confidence_threshold()}});
  }
  const auto& param = layer.param().ssddetectionoutput_param();
  layer.add("SSDDetectionOutput", layer.bottoms(),
            {{"num_classes", int64_t{param.num_classes()}},
             {"share_location", param.share_location()},
             {"background_label_id", int64_t{param.background_label_id()}},
             {"iou_threshold", param.iou_threshold()},
             {"top_k", int64_t{param.top_k()}},
             {"eta", param.eta()},
             {"variance_encoded_in_target", param.variance_encoded_in_target()},
             {"code_type", int64_t{param.code_type()}},
             {"keep_top_k", int64_t{param.keep_top_k()}},
             {"confidence_threshold", param.confidence_threshold()}});
}

void roi_pooling(CaffeLayer& layer) {
  const auto& param = layer.param().roi_pooling_param();
  if (!layer.has_bottoms(2, 3) || !layer.has_tops(1, 1)) return;
  layer.add(
      "ROIPooling", layer.bottoms(),
      {{"pooled_h", int64_t{param.pooled_h()}},
       {"pooled_w", int64_t{param.pooled_w()}},
       {"spatial_scale_h", param.has_spatial_scale_h() ? param.spatial_scale_h() : param.spatial_scale()},
       {"spatial_scale_w", param.has_spatial_scale_w() ? param.spatial_scale_w() : param.spatial_scale()}});
}

void roi_align(CaffeLayer& layer) {
  const auto& param = layer.param().roi_align_param();
  if (!layer.has_bottoms(2, 3) || !layer.has_tops(1, 1)) return;
  layer.add("ROIAlign", layer.bottoms(),
            {{"pooled_height", int64_t{param.pooled_h()}},
             {"pooled_width", int64_t{param.pooled_w()}},
             {"spatial_scale", param.spatial_scale()},
             {"sample_num", int64_t{param.sampling_ratio()}},
             {"roi_end_mode", int64_t{param.roi_end_mode()}}});
}

void psroi_pooling(CaffeLayer& layer) {
  const auto& param = layer.param().psroi_pooling_param();
  if (!layer.has_bottoms(2, 2) || !layer.has_tops(1, 1)) return;
  layer.add("PSROIPooling", layer.bottoms(),
            {{"output_dim", int64_t{param.output_dim()}},
             {"group_size", int64_t{param.group_size()}},
             {"spatial_scale", param.spatial_scale()}});
}

void proposal(CaffeLayer& layer) {
  const auto& param = layer.param().proposal_param();
  if (!layer.has_bottoms(3, 3) || !layer.has_tops(1, 2)) return;
  layer.add("Proposal", layer.bottoms(),
            {{"feat_stride", param.feat_stride()},
             {"base_size", param.base_size()},
             {"min_size", param.min_size()},
             {"ratio", param.ratio_size() > 0 ? floats_of(param.ratio()) : Floats{0.5F, 1, 2}},
             {"scale", param.scale_size() > 0 ? floats_of(param.scale()) : Floats{8, 16, 32}},
             {"pre_nms_topn", int64_t{param.pre_nms_topn()}},
             {"post_nms_topn", int64_t{param.post_nms_topn()}},
             {"iou_threshold", param.has_nms_thresh() ? param.nms_thresh() : param.iou_threshold()},
             {"output_actual_rois_num", param.output_actual_rois_num()}});
}

void continuation_indicator(CaffeLayer& layer) {
  const auto& param = layer.param().continuation_indicator_param();
  if (!layer.has_tops(1, 1)) return;
  layer.add("ContinuationIndicator", {},
            {{"time_step", int64_t{param.time_step()}}, {"batch_size", int64_t{param.batch_size()}}});
}

/// Bottoms x, cont, x_static?; with expose_hidden also the states before the first step. Blobs W_x, b,
/// (W_static,) W_h.
void lstm(CaffeLayer& layer) {
  const auto& param = layer.param().recurrent_param();
  const size_t states = param.expose_hidden() ? 2 : 0;
  if (!layer.has_bottoms(2 + states, 3 + states) || !layer.has_tops(1, 1 + states)) return;
  if (param.num_output() == 0) return layer.wrong("num_output is missing or 0");
  const Tensors& bottoms = layer.bottoms();
  const bool has_static = bottoms.size() == 3 + states;
  const auto size = static_cast<int64_t>(param.num_output());
  const std::string w_x = layer.constant(0, "input_weights", {4 * size, -1});
  const std::string bias = layer.constant(1, "bias", {4 * size});
  const std::string w_static = has_static ? layer.constant(2, "static_weights", {4 * size, -1}) : "";
  const std::string w_h = layer.constant(has_static ? 3 : 2, "hidden_weights", {4 * size, size});
  const size_t first_state = bottoms.size() - states;
  layer.add("LSTM",
            {bottoms[0], bottoms[1], w_x, bias, w_h, has_static ? bottoms[2] : "",
             states ? bottoms[first_state] : "", states ? bottoms[first_state + 1] : "", w_static},
            {{"num_output", size}, {"expose_hidden", param.expose_hidden()}});
}

/// Blobs W_x, b_h, (W_static,) W_h, W_o, b_o.
void rnn(CaffeLayer& layer) {
  const auto& param = layer.param().recurrent_param();
  const size_t states = param.expose_hidden() ? 1 : 0;
  if (!layer.has_bottoms(2 + states, 3 + states) || !layer.has_tops(1, 1 + states)) return;
  if (param.num_output() == 0) return layer.wrong("num_output is missing or 0");
  const Tensors& bottoms = layer.bottoms();
  const bool has_static = bottoms.size() == 3 + states;
  const auto size = static_cast<int64_t>(param.num_output());
  size_t next = 0;
  const std::string w_x = layer.constant(next++, "input_weights", {size, -1});
  const std::string b_h = layer.constant(next++, "bias", {size});
  const std::string w_static = has_static ? layer.constant(next++, "static_weights", {size, -1}) : "";
  const std::string w_h = layer.constant(next++, "hidden_weights", {size, size});
  const std::string w_o = layer.constant(next++, "output_weights", {size, size});
  const std::string b_o = layer.constant(next++, "output_bias", {size});
  layer.add("RNN",
            {bottoms[0], bottoms[1], has_static ? bottoms[2] : "", states ? bottoms.back() : "", w_x, b_h,
             w_static, w_h, w_o, b_o},
            {{"num_output", size}, {"expose_hidden", param.expose_hidden()}});
}

void silence(CaffeLayer& /*layer*/) {}

struct Translation {
  std::string_view type;
  void (*translate)(CaffeLayer&);
};

// Names of Caffe, of its common variants, and of the card's tools.
constexpr std::array kTranslations = std::to_array<Translation>({
    {"AbsVal", absolute},
    {"ArgMax", arg_max},
    {"BNLL", bnll},
    {"BatchNorm", batch_norm},
    {"Bias", bias},
    {"Concat", concat},
    {"ContinuationIndicator", continuation_indicator},
    {"Convolution", convolution},
    {"ConvolutionDepthwise", depthwise_convolution},
    {"Crop", crop},
    {"Deconvolution", deconvolution},
    {"DepthwiseConvolution", depthwise_convolution},
    {"DetectionOutput", detection_output},
    {"Dropout", dropout},
    {"ELU", elu},
    {"Eltwise", eltwise},
    {"Embed", embed},
    {"Exp", exponential},
    {"Flatten", flatten},
    {"HardSwish", hard_swish},
    {"InnerProduct", inner_product},
    {"Interp", interp},
    {"LRN", local_response},
    {"LSTM", lstm},
    {"Log", logarithm},
    {"MVN", mean_variance},
    {"Mish", mish},
    {"Normalize", normalize},
    {"PReLU", prelu},
    {"PSROIPooling", psroi_pooling},
    {"PassThrough", reorg},
    {"Permute", permute},
    {"Pooling", pooling},
    {"Power", power},
    {"PriorBox", prior_box},
    {"Proposal", proposal},
    {"RNN", rnn},
    {"ROIAlign", roi_align},
    {"ROIPooling", roi_pooling},
    {"ReLU", relu},
    {"ReLU6", relu6},
    {"Reduction", reduction},
    {"Reorg", reorg},
    {"Reshape", reshape},
    {"Reverse", reverse},
    {"SPP", pyramid},
    {"SSDDetectionOutput", ssd_detection_output},
    {"Scale", scale},
    {"ShuffleChannel", shuffle_channel},
    {"Sigmoid", sigmoid},
    {"Silence", silence},
    {"Slice", slice},
    {"Softmax", softmax},
    {"Split", split},
    {"Swish", swish},
    {"TanH", tanh},
    {"Threshold", threshold},
    {"Tile", tile},
    {"Upsample", upsample},
});

}  // namespace

void translate(CaffeLayer& layer) {
  const auto found =
      std::ranges::find(kTranslations, std::string_view(layer.param().type()), &Translation::type);
  if (found == kTranslations.end()) return layer.unknown();
  found->translate(layer);
}

}  // namespace cairn
