// Pooling over windows of the space dims.
#include <array>
#include <numeric>

#include "ops/families.h"
#include "ops/nodes.h"
#include "ops/windows.h"

namespace cairn::ops {
namespace {

using namespace ov::op;
using ov::op::PadType;
using ov::op::RoundingType;

struct Window {
  ov::Shape size;
  ov::Strides strides;
  ov::Strides dilations;
  ov::Shape begin;
  ov::Shape end;
  PadType automatic = PadType::EXPLICIT;
  RoundingType rounding = RoundingType::FLOOR;
};

PadType automatic_of(std::string_view text) {
  if (text == "SAME") return PadType::SAME_UPPER;
  if (text == "VALID") return PadType::VALID;
  if (text == "CALCULATED" || text == "NOTSET") return PadType::EXPLICIT;
  refuse("padding is {}, allowed are SAME, VALID and, with pads, CALCULATED", text);
}

/// The largest of each window. `places`: where it was, in the channel.
std::shared_ptr<ov::Node> max_pool_node(const Value& x, const Window& window, int64_t index_axis = 2) {
  return std::make_shared<v14::MaxPool>(x, window.strides, window.dilations, window.begin, window.end,
                                        window.size, window.rounding, window.automatic, ov::element::i64,
                                        index_axis);
}

Value max_pool(const Value& given, const Window& window) {
  // The engine's pooling takes floats and bytes.
  const bool direct = is_float(given) || given.get_element_type() == ov::element::i8 ||
                      given.get_element_type() == ov::element::u8;
  const Value x = direct ? given : convert(given, ov::element::f32);
  return convert_like(max_pool_node(x, window)->output(0), given);
}

Value average_pool(const Value& x, const Window& window, bool exclude_pad) {
  return make<v14::AvgPool>(x, window.strides, window.begin, window.end, window.size, exclude_pad,
                            window.rounding, window.automatic);
}

std::vector<int64_t> space_axes(const Value& x) {
  std::vector<int64_t> axes;
  for (int64_t i = 2; i < rank_of(x); ++i)
    axes.push_back(i);
  return axes;
}

Value global_max(const Value& x) {
  return make<v1::ReduceMax>(x, integers(space_axes(x)), true);
}

Value global_average(const Value& x) {
  return make<v1::ReduceMean>(x, integers(space_axes(x)), true);
}

/// Caffe's average counts pads as zeros, but not what its ceiling adds behind them.
Value caffe_average(const Value& x, Window window) {
  const std::vector<int64_t> dims = dims_of(x);
  std::vector<int64_t> before(dims.size(), 0);
  std::vector<int64_t> after(dims.size(), 0);
  bool padded = false;
  for (size_t i = 0; i < window.size.size(); ++i) {
    before[i + 2] = static_cast<int64_t>(window.begin[i]);
    after[i + 2] = static_cast<int64_t>(window.end[i]);
    padded = padded || before[i + 2] != 0 || after[i + 2] != 0;
  }
  // Without a ceiling, or without pads, the engine does the same in one step.
  if (!padded || window.rounding == RoundingType::FLOOR) return average_pool(x, window, !padded);
  const Value zeros =
      make<v1::Pad>(x, integers(before), integers(after), number(0, x), ov::op::PadMode::CONSTANT);
  Window inner = window;
  inner.rounding = RoundingType::FLOOR;
  for (size_t i = 0; i < window.size.size(); ++i) {
    const int64_t size = dims[i + 2] + before[i + 2] + after[i + 2];
    const auto stride = static_cast<int64_t>(window.strides[i]);
    const auto width = static_cast<int64_t>(window.size[i]);
    int64_t count = (std::max<int64_t>(size - width, 0) + stride - 1) / stride + 1;
    if ((count - 1) * stride >= dims[i + 2] + before[i + 2]) --count;
    inner.begin[i] = 0;
    inner.end[i] = static_cast<size_t>(std::max<int64_t>((count - 1) * stride + width - size, 0));
  }
  return average_pool(zeros, inner, true);
}

/// Caffe's Pooling: mode 0 maximum, 1 average; ceil_mode 0 rounds the output's size up.
Values pooling_layer(const Arguments& op) {
  const Value input = op.input("x");
  const ChannelsFirst layout(op.text("data_format"), rank_of(input));
  const Value x = layout.enter(input);
  const int64_t mode = op.integer("mode");
  if (mode != 0 && mode != 1) refuse("mode is {}, allowed are 0 (maximum) and 1 (average)", mode);
  if (op.flag("global_pooling")) return {layout.leave(mode == 0 ? global_max(x) : global_average(x))};
  Window window;
  window.size = sizes_of(layout.space(op.integers("window"), "window"), "window", 1);
  window.strides = strides_of(layout.space(op.integers("stride"), "stride"), "stride");
  window.dilations = strides_of(layout.space(op.integers("dilation"), "dilation"), "dilation");
  const Pads pads = pads_of(op.integers("pad"), window.size.size(), "pad");
  window.begin = sizes_of(pads.begin, "pad", 0);
  window.end = sizes_of(pads.end, "pad", 0);
  window.rounding = op.integer("ceil_mode") == 0 ? RoundingType::CEIL_TORCH : RoundingType::FLOOR;
  return {layout.leave(mode == 0 ? max_pool(x, window) : caffe_average(x, window))};
}

/// Sizes and strides of TensorFlow's and ONNX's poolings; `padding` is the name of the attribute.
Window window_of(const Arguments& op, const ChannelsFirst& layout, std::string_view padding) {
  Window window;
  window.size = sizes_of(layout.space(op.integers("ksize"), "ksize"), "ksize", 1);
  window.strides = strides_of(layout.space(op.integers("strides"), "strides"), "strides");
  window.dilations = ov::Strides(window.size.size(), 1);
  window.begin = window.end = ov::Shape(window.size.size(), 0);
  window.automatic = automatic_of(op.text(padding));
  return window;
}

void set_pads(const Arguments& op, Window& window) {
  const Pads pads = pads_of(op.integers("pads"), window.size.size(), "pads");
  window.begin = sizes_of(pads.begin, "pads", 0);
  window.end = sizes_of(pads.end, "pads", 0);
}

Values max_pool_padding(const Arguments& op) {
  const ChannelsFirst layout(op.text("data_format"), rank_of(op.input("x")));
  const Window window = window_of(op, layout, "padding");
  return {layout.leave(max_pool(layout.enter(op.input("x")), window))};
}

Values average_pool_padding(const Arguments& op) {
  const ChannelsFirst layout(op.text("data_format"), rank_of(op.input("x")));
  const Window window = window_of(op, layout, "padding");
  return {layout.leave(average_pool(layout.enter(op.input("x")), window, true))};
}

Values max_pool_inputs(const Arguments& op) {
  const ChannelsFirst layout(op.text("data_format"), rank_of(op.input("x")));
  Window window;
  window.size = sizes_of(layout.space(op.constant("ksize"), "ksize"), "ksize", 1);
  window.strides = strides_of(layout.space(op.constant("strides"), "strides"), "strides");
  window.dilations = ov::Strides(window.size.size(), 1);
  window.begin = window.end = ov::Shape(window.size.size(), 0);
  window.automatic = automatic_of(op.text("padding"));
  return {layout.leave(max_pool(layout.enter(op.input("x")), window))};
}

/// TensorFlow's places count height, width and channel, whatever the layout.
Values max_pool_places(const Arguments& op) {
  const Value input = op.input("x");
  const ChannelsFirst layout(op.format("x") == ACL_FORMAT_NCHW ? "NCHW" : "NHWC", rank_of(input));
  const Value x = layout.enter(input);
  const auto channels = dims_of(x)[1];
  std::vector<int64_t> numbers(static_cast<size_t>(channels));
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto pool = max_pool_node(convert(x, ov::element::f32), window_of(op, layout, "padding"));
  const Value places = add(multiply(pool->output(1), static_cast<double>(channels)),
                           reshape(integers(numbers), {1, channels, 1, 1}));
  const auto type = op.integer("Targmax") == ACL_INT32 ? ov::element::i32 : ov::element::i64;
  return {layout.leave(convert_like(pool->output(0), x)), convert(layout.leave(places), type)};
}

Values max_pool_v3(const Arguments& op) {
  const ChannelsFirst layout(op.text("data_format"), rank_of(op.input("x")));
  const Value x = layout.enter(op.input("x"));
  if (op.flag("global_pooling")) return {layout.leave(global_max(x))};
  Window window = window_of(op, layout, "padding_mode");
  if (window.automatic == PadType::EXPLICIT) set_pads(op, window);
  if (op.flag("ceil_mode")) window.rounding = RoundingType::CEIL_TORCH;
  return {layout.leave(max_pool(x, window))};
}

/// An average with a divisor of its own is a sum of the window times a constant.
Value with_divisor(const Value& average, const Window& window, int64_t divisor) {
  if (divisor == 0) return average;
  if (divisor < 0) refuse("divisor_override is {}, it must not be negative", divisor);
  return multiply(average, static_cast<double>(ov::shape_size(window.size)) / static_cast<double>(divisor));
}

Values average_pool_v2(const Arguments& op) {
  const ChannelsFirst layout(op.text("data_format"), rank_of(op.input("x")));
  const Value x = layout.enter(op.input("x"));
  if (op.flag("global_pooling")) return {layout.leave(global_average(x))};
  Window window = window_of(op, layout, "padding_mode");
  if (window.automatic == PadType::EXPLICIT) set_pads(op, window);
  if (op.flag("ceil_mode")) window.rounding = RoundingType::CEIL_TORCH;
  const int64_t divisor = op.integer("divisor_override");
  const bool exclusive = divisor == 0 && op.flag("exclusive");
  return {layout.leave(with_divisor(average_pool(x, window, exclusive), window, divisor))};
}

Values average_pool_3d(const Arguments& op) {
  const ChannelsFirst layout(op.text("data_format"), rank_of(op.input("x")));
  const Value x = layout.enter(op.input("x"));
  Window window;
  window.size = sizes_of(layout.space(op.integers("ksize"), "ksize"), "ksize", 1);
  window.strides = strides_of(layout.space(op.integers("strides"), "strides"), "strides");
  window.dilations = ov::Strides(window.size.size(), 1);
  set_pads(op, window);
  if (op.flag("ceil_mode")) window.rounding = RoundingType::CEIL_TORCH;
  const int64_t divisor = op.integer("divisor_override");
  const bool exclusive = divisor == 0 && !op.flag("count_include_pad");
  return {layout.leave(with_divisor(average_pool(x, window, exclusive), window, divisor))};
}

Values max_pool_3d(const Arguments& op) {
  const ChannelsFirst layout(op.text("data_format"), rank_of(op.input("x")));
  const Value x = layout.enter(op.input("x"));
  Window window = window_of(op, layout, "padding");
  if (window.automatic == PadType::EXPLICIT) set_pads(op, window);
  window.dilations = strides_of(layout.space(op.integers("dilation"), "dilation"), "dilation");
  if (op.integer("ceil_mode") != 0) window.rounding = RoundingType::CEIL_TORCH;
  return {layout.leave(max_pool(x, window))};
}

Values global_average_pool(const Arguments& op) {
  return {global_average(op.input("x"))};
}

Values adaptive_average(const Arguments& op) {
  return {make<v8::AdaptiveAvgPool>(op.input("x"), integers(op.integers("output_size")))};
}

Values adaptive_maximum(const Arguments& op) {
  const auto pool = std::make_shared<v8::AdaptiveMaxPool>(op.input("x"), integers(op.integers("output_size")),
                                                          ov::element::i32);
  return pool->outputs();
}

/// Caffe's pyramid: windows that divide the plane into 2^level by 2^level parts, each level flattened.
Values pyramid_pooling(const Arguments& op) {
  const Value x = op.input("x");
  const std::vector<int64_t> dims = dims_of(x);
  if (dims.size() != 4) refuse("the input has {} dims, it must have 4", dims.size());
  const int64_t height = op.integer("pyramid_height");
  if (height < 1 || height > 12) refuse("pyramid_height is {}, allowed are 1 to 12", height);
  Values levels;
  for (int64_t level = 0; level < height; ++level) {
    const int64_t bins = int64_t{1} << level;
    Window window;
    for (size_t i = 2; i < 4; ++i) {
      const int64_t size = (dims[i] + bins - 1) / bins;
      const int64_t pad = (size * bins - dims[i] + 1) / 2;
      if (pad >= size) refuse("the input is too small for pyramid_height {}", height);
      window.size.push_back(static_cast<size_t>(size));
      window.begin.push_back(static_cast<size_t>(pad));
      window.end.push_back(static_cast<size_t>(pad));
    }
    window.strides = {window.size[0], window.size[1]};
    window.dilations = {1, 1};
    window.rounding = RoundingType::CEIL_TORCH;
    const Value pooled = op.integer("pool_method") == 0 ? max_pool(x, window) : caffe_average(x, window);
    levels.push_back(reshape(pooled, {0, -1}, true));
  }
  return {levels.size() == 1 ? levels[0] : concat(levels, 1)};
}

constexpr std::string_view kFloats = "f16 f32 f64";
constexpr std::string_view kPadding = "ksize [int]; strides [int]; padding String; data_format String=NHWC";

constexpr std::array kEntries = std::to_array<Entry>({
    {"AdaptiveAvgPool2d", "x", "y", "output_size [int]", "f16 f32", adaptive_average},
    {"AdaptiveMaxPool2d", "x", "y, argmax: i32", "output_size [int]", kFloats, adaptive_maximum},
    {"AvgPool", "x", "y", kPadding, kFloats, average_pool_padding},
    {"AvgPool3D", "x", "y",
     "ksize [int]; strides [int]; pads [int]; ceil_mode Bool=false; count_include_pad Bool=true; "
     "divisor_override Int=0; data_format String=NDHWC",
     kFloats, average_pool_3d},
    {"AvgPoolV2", "x", "y",
     "ksize [int]; strides [int]; padding_mode String=CALCULATED; pads [int]={0, 0, 0, 0}; "
     "data_format String=NCHW; global_pooling Bool=false; ceil_mode Bool=false; exclusive Bool=true; "
     "divisor_override Int=0",
     kFloats, average_pool_v2},
    {"GlobalAveragePool", "x", "y", "", kFloats, global_average_pool},
    {"MaxPool", "x", "y", kPadding, "Number", max_pool_padding},
    {"MaxPool3D", "x", "y",
     "ksize [int]; strides [int]; padding String; pads [int]={0, 0, 0, 0, 0, 0}; dilation [int]={1, 1, 1, 1, "
     "1}; "
     "ceil_mode Int=0; data_format String=NDHWC",
     kFloats, max_pool_3d},
    {"MaxPoolV2", "x, ksize: i32, strides: i32", "y", "padding String; data_format String=NHWC", "f16 f32",
     max_pool_inputs},
    {"MaxPoolV3", "x", "y",
     "ksize [int]; strides [int]; padding_mode String=CALCULATED; pads [int]={0, 0, 0, 0}; data_format "
     "String=NCHW; "
     "global_pooling Bool=false; ceil_mode Bool=false",
     "Number", max_pool_v3},
    {"MaxPoolWithArgmax", "x", "y, argmax: Index",
     "ksize [int]; strides [int]; padding String; Targmax Int=7", "f16 f32 f64 bf16 i8 u8 i16 u16",
     max_pool_places},
    {"Pooling", "x", "y",
     "mode Int=0; global_pooling Bool=false; window [int]={1, 1}; stride [int]={1, 1}; pad [int]={0, 0, 0, "
     "0}; "
     "dilation [int]={1, 1, 1, 1}; ceil_mode Int=0; data_format String=NCHW",
     "f16 f32 i8", pooling_layer},
    {"SPP", "x", "y", "pyramid_height Int; pool_method Int=0", "f16 f32", pyramid_pooling},
});

}  // namespace

std::span<const Entry> pooling_operators() {
  return kEntries;
}

}  // namespace cairn::ops
