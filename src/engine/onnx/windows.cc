// Operators that look at a window of an image.
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

}  // namespace

void add_windows(Conversions& conversions) {
  conversions.add("DeformConv", deformable_convolution);
  conversions.add("SpaceToDepth", space_to_depth);
}

}  // namespace cairn::onnx
