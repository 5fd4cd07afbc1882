// Operators that look at a window of an image.
#include <algorithm>
#include <openvino/op/avg_pool.hpp>

#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

Values deformable_convolution(const Node& node) {
  const Value x = node.input(0);
  const Value weights = node.input(1);
  const size_t dims = rank_of(x) - 2;
  if (dims != 2) refuse("only images of two dims can be convolved so");
  const auto integers = [&](const std::string& name, size_t count, int64_t otherwise) {
    return node.integers(name, std::vector<int64_t>(count, otherwise));
  };
  const std::vector<int64_t> strides = integers("strides", dims, 1);
  const std::vector<int64_t> dilations = integers("dilations", dims, 1);
  const std::vector<int64_t> pads = integers("pads", 2 * dims, 0);
  if (strides.size() != dims || dilations.size() != dims || pads.size() != 2 * dims)
    refuse("strides, dilations or pads do not fit the input");
  const ov::Strides step(strides.begin(), strides.end());
  const ov::Strides spread(dilations.begin(), dilations.end());
  const ov::CoordinateDiff begin(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(dims));
  const ov::CoordinateDiff end(pads.begin() + static_cast<std::ptrdiff_t>(dims), pads.end());
  const int64_t groups = node.integer("group", 1);
  const int64_t offset_groups = node.integer("offset_group", 1);
  const Value offsets = node.input(2);
  Value y =
      node.has_input(4)
          ? make<op::DeformableConvolution>(x, offsets, weights, node.input(4), step, begin, end, spread,
                                            ov::op::PadType::EXPLICIT, groups, offset_groups, true)
          : make<op::DeformableConvolution>(x, offsets, weights, step, begin, end, spread,
                                            ov::op::PadType::EXPLICIT, groups, offset_groups, true);
  if (node.has_input(3)) y = add(y, reshape(node.input(3), {1, -1, 1, 1}));
  return {y};
}

/// Blocks of the image become channels. CRD keeps the pixels of one channel together, DCR the channels of one
/// pixel.
Values space_to_depth(const Node& node) {
  const Value x = node.input(0);
  const int64_t block = node.integer("blocksize", 1);
  const auto mode = node.text("mode", "DCR") == "CRD" ? op::SpaceToDepth::SpaceToDepthMode::DEPTH_FIRST
                                                      : op::SpaceToDepth::SpaceToDepthMode::BLOCKS_FIRST;
  return {make<op::SpaceToDepth>(x, mode, static_cast<size_t>(block))};
}

/// What MaxPool and LpPool say of their windows. With ceil_mode a last window counts that begins inside the
/// image or the padding before it, and may reach beyond its end: the padding is made to fit, and the engine
/// rounds down.
struct PoolWindows {
  ov::Strides strides;
  ov::Strides dilations;
  ov::Shape begin;
  ov::Shape end;
  ov::Shape kernel;
};

PoolWindows pool_windows(const Node& node) {
  const std::vector<int64_t> kernel = node.integers("kernel_shape", {});
  const size_t dims = kernel.size();
  const std::vector<int64_t> strides = node.integers("strides", std::vector<int64_t>(dims, 1));
  const std::vector<int64_t> dilations = node.integers("dilations", std::vector<int64_t>(dims, 1));
  const std::vector<int64_t> pads = node.integers("pads", std::vector<int64_t>(2 * dims, 0));
  if (dims == 0 || strides.size() != dims || dilations.size() != dims || pads.size() != 2 * dims)
    refuse("kernel_shape, strides, dilations or pads do not fit each other");
  const bool ceil_mode = node.integer("ceil_mode", 0) != 0;
  PoolWindows windows;
  for (size_t i = 0; i < dims; ++i) {
    const int64_t reach = (kernel[i] - 1) * dilations[i];
    if (pads[dims + i] < 0 || pads[dims + i] > reach) refuse("pads are out of range");
    const int64_t end = ceil_mode ? std::min(reach, pads[dims + i] + strides[i] - 1) : pads[dims + i];
    if (kernel[i] < 1 || strides[i] < 1 || dilations[i] < 1 || pads[i] < 0)
      refuse("kernel_shape, strides, dilations or pads are out of range");
    windows.kernel.push_back(static_cast<size_t>(kernel[i]));
    windows.strides.push_back(static_cast<size_t>(strides[i]));
    windows.dilations.push_back(static_cast<size_t>(dilations[i]));
    windows.begin.push_back(static_cast<size_t>(pads[i]));
    windows.end.push_back(static_cast<size_t>(end));
  }
  return windows;
}

/// Places in a tensor that count by rows, as ONNX counts them by columns of each image.
Value by_columns(const Value& places, const Value& x) {
  if (rank_of(x) != 4) refuse("storage_order=1 is known for images of two dims");
  const Value height = dim(x, 2);
  const Value width = dim(x, 3);
  const Value place = make<op::FloorMod>(places, multiply(height, width));
  const Value column = make<op::FloorMod>(place, width);
  const Value row = divide(subtract(place, column), width);
  return add(subtract(places, place), add(multiply(column, height), row));
}

Values max_pool(const Node& node) {
  const PoolWindows w = pool_windows(node);
  const auto pool =
      std::make_shared<ov::op::v8::MaxPool>(node.input(0), w.strides, w.dilations, w.begin, w.end, w.kernel);
  if (node.integer("storage_order", 0) == 0) return pool->outputs();
  return {pool->output(0), by_columns(pool->output(1), node.input(0))};
}

/// The p-th root of the sum of |x|^p, from the mean of each window.
Values lp_pool(const Node& node) {
  const Value x = node.input(0);
  const PoolWindows w = pool_windows(node);
  const double p = static_cast<double>(node.integer("p", 2));
  constexpr bool kLeavePaddingOut = false;
  const Value mean = make<ov::op::v16::AvgPool>(make<op::Power>(make<op::Abs>(x), like(x, p)), w.strides,
                                                w.dilations, w.begin, w.end, w.kernel, kLeavePaddingOut);
  const Value sum = multiply(mean, like(x, static_cast<double>(ov::shape_size(w.kernel))));
  return {make<op::Power>(sum, like(x, 1 / p))};
}

/// With count_include_pad the mean is over what a window has of the image and its padding, but not beyond
/// that.
Values average_pool(const Node& node) {
  const Value x = node.input(0);
  const PoolWindows w = pool_windows(node);
  const size_t dims = w.kernel.size();
  if (rank_of(x) != dims + 2) refuse("kernel_shape does not fit the input");
  const std::vector<int64_t> pads = node.integers("pads", std::vector<int64_t>(2 * dims, 0));
  constexpr bool kLeavePaddingOut = false;
  const Value mean =
      make<ov::op::v16::AvgPool>(x, w.strides, w.dilations, w.begin, w.end, w.kernel, kLeavePaddingOut);
  std::vector<int64_t> before{0, 0};
  std::vector<int64_t> after{0, 0};
  before.insert(before.end(), pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(dims));
  after.insert(after.end(), pads.begin() + static_cast<std::ptrdiff_t>(dims), pads.end());
  const Value sizes = concat(
      {numbers({1, 1}), slice(shape(x), 0, numbers({2}), numbers({static_cast<int64_t>(dims) + 2}))}, 0);
  const Value ones = make<op::Pad>(make<op::Broadcast>(like(x, 1), sizes), numbers(before), numbers(after),
                                   like(x, 1), ov::op::PadMode::CONSTANT);
  ov::Shape beyond = w.end;
  for (size_t i = 0; i < dims; ++i)
    beyond[i] -= static_cast<size_t>(pads[dims + i]);
  const Value share = make<ov::op::v16::AvgPool>(ones, w.strides, w.dilations, ov::Shape(dims, 0), beyond,
                                                 w.kernel, kLeavePaddingOut);
  return {divide(mean, share)};
}

/// LRN over an even number of channels: one more after the channel than before it.
Values local_response_normalization(const Node& node) {
  const Value x = node.input(0);
  const int64_t size = node.integer("size", 1);
  const double scale = node.real("alpha", 0.0001F) / static_cast<double>(size);
  const size_t rank = rank_of(x);
  if (size < 1 || rank < 2) refuse("size or the shape of the input is out of range");
  std::vector<int64_t> before(rank, 0);
  std::vector<int64_t> after(rank, 0);
  before[1] = (size - 1) / 2;
  after[1] = size / 2;
  const Value squares =
      make<op::Pad>(multiply(x, x), numbers(before), numbers(after), like(x, 0), ov::op::PadMode::CONSTANT);
  Value sum;
  for (int64_t i = 0; i < size; ++i) {
    const Value part = slice(squares, 1, numbers({i}), add(dim(x, 1), numbers({i})));
    sum = i == 0 ? part : add(sum, part);
  }
  const Value base = add(like(x, node.real("bias", 1.0F)), multiply(sum, like(x, scale)));
  return {divide(x, make<op::Power>(base, like(x, node.real("beta", 0.75F))))};
}

}  // namespace

void add_windows(Conversions& conversions) {
  conversions.add("DeformConv", deformable_convolution);
  conversions.add("SpaceToDepth", space_to_depth);
  conversions.add("AveragePool", kOwnDomain, average_pool);
  conversions.add("MaxPool", kOwnDomain, max_pool);
  conversions.add("LpPool", kOwnDomain, lp_pool);
  conversions.add("LRN", kOwnDomain, local_response_normalization);
}

}  // namespace cairn::onnx
