// Parts of tensors: joined, cut, chosen, repeated, padded, moved.
#include <array>

#include "ops/families.h"
#include "ops/nodes.h"
#include "ops/windows.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

Values joined(const Values& values, int64_t axis) {
  return {values.size() == 1 ? values[0] : concat(values, axis_of(axis, rank_of(values[0])))};
}

Values concat_attribute(const Arguments& op) {
  return joined(op.list("x"), op.integer("concat_dim"));
}

Values concat_input(const Arguments& op) {
  return joined(op.list("x"), op.constant_integer("concat_dim"));
}

Values pack(const Arguments& op) {
  Values values = op.list("x");
  const int64_t axis = axis_of(op.integer("axis"), rank_of(values[0]) + 1);
  for (Value& value : values)
    value = unsqueeze(value, {axis});
  return {concat(values, axis)};
}

Values unpack(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t axis = axis_of(op.integer("axis"), rank_of(x));
  const int64_t count = op.integer("num");
  if (count < 1 || count > 100000) refuse("num is {}", count);
  Values parts = std::make_shared<v1::Split>(x, integer(axis), static_cast<size_t>(count))->outputs();
  for (Value& part : parts)
    part = squeeze(part, {axis});
  return parts;
}

Values equal_parts(const Value& x, int64_t axis, int64_t count) {
  if (count < 1 || count > 100000) refuse("num_split is {}", count);
  if (count == 1) return {x};
  return std::make_shared<v1::Split>(x, integer(axis_of(axis, rank_of(x))), static_cast<size_t>(count))
      ->outputs();
}

Values split_input(const Arguments& op) {
  return equal_parts(op.input("x"), op.constant_integer("split_dim"), op.integer("num_split"));
}

Values split_attribute(const Arguments& op) {
  return equal_parts(op.input("x"), op.integer("split_dim"), op.integer("num_split"));
}

Values parts_of(const Value& x, const std::vector<int64_t>& sizes, int64_t axis, int64_t count) {
  if (sizes.empty()) return equal_parts(x, axis, count);
  if (sizes.size() == 1) return {x};
  return std::make_shared<v1::VariadicSplit>(x, integer(axis_of(axis, rank_of(x))), integers(sizes))
      ->outputs();
}

Values split_sizes_input(const Arguments& op) {
  return parts_of(op.input("x"), op.constant("size_splits"), op.constant_integer("split_dim"),
                  op.integer("num_split"));
}

Values split_sizes_attribute(const Arguments& op) {
  return parts_of(op.input("x"), op.integers("size_splits"), op.integer("split_dim"),
                  op.integer("num_split"));
}

/// From `offsets` on `size` elements of each dim; -1: up to the end.
Value block(const Value& x, const std::vector<int64_t>& offsets, const std::vector<int64_t>& size) {
  if (offsets.size() != size.size() || offsets.size() != static_cast<size_t>(rank_of(x)))
    refuse("offsets has {} values, size {}, the input {} dims", offsets.size(), size.size(), rank_of(x));
  std::vector<int64_t> ends;
  for (size_t i = 0; i < size.size(); ++i)
    ends.push_back(size[i] == -1 ? INT64_MAX : offsets[i] + size[i]);
  return make<v8::Slice>(x, integers(offsets), integers(ends),
                         integers(std::vector<int64_t>(size.size(), 1)));
}

Values slice_input(const Arguments& op) {
  return {block(op.input("x"), op.constant("offsets"), op.constant("size"))};
}

Values slice_attribute(const Arguments& op) {
  return {block(op.input("x"), op.integers("offsets"), op.integers("size"))};
}

Values slice_offsets_input(const Arguments& op) {
  return {block(op.input("x"), op.constant("offsets"), op.integers("size"))};
}

/// Bit i of a mask stands for entry i of the lists.
std::vector<int64_t> bits(int64_t mask, size_t count) {
  std::vector<int64_t> list(count);
  for (size_t i = 0; i < count; ++i)
    list[i] = (mask >> i) & 1;
  return list;
}

Values strided(const Arguments& op, const Value& begin, const Value& end, const Value& strides,
               size_t count) {
  const auto mask = [&](std::string_view name) { return bits(op.integer(name), count); };
  return {make<v1::StridedSlice>(op.input("x"), begin, end, strides, mask("begin_mask"), mask("end_mask"),
                                 mask("new_axis_mask"), mask("shrink_axis_mask"), mask("ellipsis_mask"))};
}

Values strided_slice_input(const Arguments& op) {
  const size_t count = op.input("begin").get_shape().empty() ? 1 : op.input("begin").get_shape()[0];
  return strided(op, op.input("begin"), op.input("end"), op.input("strides"), count);
}

Values strided_slice_attribute(const Arguments& op) {
  const std::vector<int64_t>& begin = op.integers("begin");
  return strided(op, integers(begin), integers(op.integers("end")), integers(op.integers("strides")),
                 begin.size());
}

/// Of ONNX: entries for the named axes.
Values strided_slice_axes(const Arguments& op) {
  const Value begin = op.input("begin");
  const int64_t count = dims_of(begin).empty() ? 1 : dims_of(begin)[0];
  const Value strides =
      op.has("strides") ? op.input("strides") : integers(std::vector<int64_t>(static_cast<size_t>(count), 1));
  if (!op.has("axes")) return {make<v8::Slice>(op.input("x"), begin, op.input("end"), strides)};
  return {make<v8::Slice>(op.input("x"), begin, op.input("end"), strides, op.input("axes"))};
}

Values gather(const Arguments& op) {
  return {make<v8::Gather>(op.input("x"), op.input("indices"), integer(op.integer("batch_dims")),
                           op.integer("batch_dims"))};
}

Values gather_axis_input(const Arguments& op) {
  Value axis = op.input("axis");
  if (rank_of(axis) == 1) axis = squeeze(axis, {0});
  return {make<v8::Gather>(op.input("x"), op.input("indices"), axis, op.integer("batch_dims"))};
}

Values gather_axis_attribute(const Arguments& op) {
  return {make<v8::Gather>(op.input("x"), op.input("indices"), integer(op.integer("axis")))};
}

Value not_negative(const Value& indices, const Value& x, int64_t axis) {
  const Value size = convert_like(make<v8::Gather>(shape_of(x), integer(axis), integer(0)), indices);
  return select(less(indices, number(0, indices)), add(indices, size), indices);
}

Values gather_elements(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t axis = axis_of(op.integer("dim"), rank_of(x));
  return {make<v6::GatherElements>(x, not_negative(op.input("index"), x, axis), axis)};
}

Values gather_elements_input(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t axis = axis_of(op.constant_integer("dim"), rank_of(x));
  return {make<v6::GatherElements>(x, not_negative(op.input("index"), x, axis), axis)};
}

Values gather_nd(const Arguments& op) {
  return {make<v8::GatherND>(op.input("x"), op.input("indices"))};
}

Value zeros(const Value& shape, const Value& like) {
  return make<v3::Broadcast>(number(0, like), shape);
}

/// Values that meet at one place are added.
Values scatter_nd(const Arguments& op) {
  const Value x = op.input("x");
  return {make<v15::ScatterNDUpdate>(zeros(op.input("shape"), x), op.input("indices"), x,
                                     v15::ScatterNDUpdate::Reduction::SUM)};
}

template <v15::ScatterNDUpdate::Reduction kReduction>
Values scatter_nd_into(const Arguments& op) {
  return {make<v15::ScatterNDUpdate>(op.input(0), op.input(1), op.input(2), kReduction)};
}

/// Rows of the first input named by the second.
template <v15::ScatterNDUpdate::Reduction kReduction>
Values scatter_rows(const Arguments& op) {
  const Value indices = op.input(1);
  return {make<v15::ScatterNDUpdate>(op.input(0), unsqueeze(indices, {rank_of(indices)}), op.input(2),
                                     kReduction)};
}

Values scatter_elements(const Arguments& op) {
  using Reduction = v12::ScatterElementsUpdate::Reduction;
  const std::string& name = op.text("reduction");
  Reduction reduction = Reduction::NONE;
  if (name == "add")
    reduction = Reduction::SUM;
  else if (name == "mul")
    reduction = Reduction::PROD;
  else if (name == "max" || name == "amax")
    reduction = Reduction::MAX;
  else if (name == "min" || name == "amin")
    reduction = Reduction::MIN;
  else if (name != "none")
    refuse("reduction is {}, allowed are none, add, mul, max and min", name);
  return {make<v12::ScatterElementsUpdate>(op.input("data"), op.input("indices"), op.input("updates"),
                                           integer(op.integer("axis")), reduction)};
}

Values inplace_rows(const Arguments& op) {
  return {make<v3::ScatterUpdate>(op.input("x"), op.input("indices"), op.input("v"), integer(0))};
}

Values tile_input(const Arguments& op) {
  return {make<v0::Tile>(op.input("x"), op.input("multiples"))};
}

Values tile_attribute(const Arguments& op) {
  return {make<v0::Tile>(op.input("x"), integers(op.integers("multiples")))};
}

Values tile_axis(const Arguments& op) {
  const Value x = op.input("x");
  std::vector<int64_t> multiples(static_cast<size_t>(rank_of(x)), 1);
  const int64_t tiles = op.integer("tiles");
  if (tiles < 1) refuse("tiles is {}, it must be greater than 0", tiles);
  multiples[static_cast<size_t>(axis_of(op.integer("axis"), rank_of(x)))] = tiles;
  return {make<v0::Tile>(x, integers(multiples))};
}

struct Borders {
  std::vector<int64_t> before;
  std::vector<int64_t> after;
};

/// `contiguous`: before and after of each dim in turn; else all befores, then all afters.
Borders borders_of(const std::vector<int64_t>& paddings, const Value& x, bool contiguous) {
  const auto rank = static_cast<size_t>(rank_of(x));
  if (paddings.size() != 2 * rank) refuse("paddings has {} values, the input {} dims", paddings.size(), rank);
  Borders borders;
  for (size_t i = 0; i < rank; ++i) {
    borders.before.push_back(contiguous ? paddings[2 * i] : paddings[i]);
    borders.after.push_back(contiguous ? paddings[2 * i + 1] : paddings[rank + i]);
  }
  return borders;
}

Value padded(const Value& x, const Borders& borders, ov::op::PadMode mode, const Value& fill) {
  if (mode == ov::op::PadMode::CONSTANT) {
    const Value before = integers(borders.before);
    const Value after = integers(borders.after);
    if (constant_of(fill)) return make<v12::Pad>(x, before, after, fill, mode);
    // The CPU plugin takes the value when it compiles: what is not known then is put in afterwards.
    const Value inside = make<v3::Broadcast>(integer(1), shape_of(x));
    const Value mask = make<v12::Pad>(inside, before, after, integer(0), mode);
    return select(greater(mask, integer(0)), make<v12::Pad>(x, before, after, number(0, x), mode), fill);
  }
  return make<v12::Pad>(x, integers(borders.before), integers(borders.after), mode);
}

ov::op::PadMode pad_mode(std::string_view name) {
  if (name == "constant" || name == "CONSTANT") return ov::op::PadMode::CONSTANT;
  if (name == "reflect" || name == "REFLECT") return ov::op::PadMode::REFLECT;
  if (name == "symmetric" || name == "SYMMETRIC") return ov::op::PadMode::SYMMETRIC;
  if (name == "edge" || name == "replicate") return ov::op::PadMode::EDGE;
  refuse("mode is {}, allowed are constant, reflect, symmetric and edge", name);
}

Values pad_input(const Arguments& op) {
  const Value x = op.input("x");
  return {padded(x, borders_of(op.constant("paddings"), x, true), ov::op::PadMode::CONSTANT, number(0, x))};
}

Values pad_attribute(const Arguments& op) {
  const Value x = op.input("x");
  return {padded(x, borders_of(op.integers("paddings"), x, true), ov::op::PadMode::CONSTANT, number(0, x))};
}

Values pad_with_value(const Arguments& op) {
  const Value x = op.input("x");
  return {padded(x, borders_of(op.constant("paddings"), x, true), ov::op::PadMode::CONSTANT,
                 scalar(op.input("constant_values")))};
}

Values pad_with_mode(const Arguments& op) {
  const Value x = op.input("x");
  const Value fill =
      op.has("constant_values") ? convert_like(scalar(op.input("constant_values")), x) : number(0, x);
  const Borders borders = borders_of(op.constant("paddings"), x, op.flag("paddings_contiguous"));
  return {padded(x, borders, pad_mode(op.text("mode")), fill)};
}

Values pad_with_mode_attribute(const Arguments& op) {
  const Value x = op.input("x");
  const Borders borders = borders_of(op.integers("paddings"), x, op.flag("paddings_contiguous"));
  return {padded(x, borders, pad_mode(op.text("mode")),
                 number(static_cast<double>(op.integer("constant_values")), x))};
}

Values mirror_pad(const Arguments& op) {
  const Value x = op.input("x");
  return {padded(x, borders_of(op.constant("paddings"), x, true), pad_mode(op.text("mode")), Value())};
}

Values range_input(const Arguments& op) {
  const Value start = op.input("start");
  return {make<v4::Range>(scalar(start), scalar(op.input("limit")), scalar(op.input("delta")),
                          start.get_element_type())};
}

Values range_attribute(const Arguments& op) {
  const auto value = [](float number) {
    return make<v0::Constant>(ov::element::f32, ov::Shape{}, std::vector<float>{number});
  };
  const Value x = op.input("x");
  return {make<v4::Range>(value(op.number("start")), value(op.number("limit")), value(op.number("delta")),
                          x.get_element_type())};
}

Values one_hot_of(const Value& x, const Value& depth, const Value& on, const Value& off, int64_t axis) {
  // The engine takes values that are inputs only with indices of these types.
  const Value indices = x.get_element_type() == ov::element::i64 ? x : convert(x, ov::element::i32);
  return {make<v1::OneHot>(indices, depth, scalar(on), scalar(off), axis)};
}

Values one_hot(const Arguments& op) {
  return one_hot_of(op.input("x"), scalar(op.input("depth")), op.input("on_value"), op.input("off_value"),
                    op.integer("axis"));
}

Values one_hot_attribute(const Arguments& op) {
  return one_hot_of(op.input("x"), integer(op.integer("depth")), op.input("on_value"), op.input("off_value"),
                    op.integer("axis"));
}

Values line_space(const Arguments& op) {
  const Value start = scalar(op.input("start"));
  const int64_t count = op.constant_integer("num");
  if (count < 1) refuse("num is {}, it must be greater than 0", count);
  if (count == 1) return {unsqueeze(start, {0})};
  check_elements(count, 1);
  std::vector<double> places;
  for (int64_t i = 0; i < count; ++i)
    places.push_back(static_cast<double>(i) / static_cast<double>(count - 1));
  const Value steps = make<v0::Constant>(start.get_element_type(), ov::Shape{places.size()}, places);
  return {add(start, multiply(subtract(scalar(op.input("stop")), start), steps))};
}

Value reversed(Value x, std::vector<int64_t> axes) {
  if (axes.empty()) return x;
  for (int64_t& axis : axes)
    axis = axis_of(axis, rank_of(x));
  const std::vector<int64_t> steps(axes.size(), -1);
  return make<v8::Slice>(x, integers(std::vector<int64_t>(axes.size(), -1)),
                         integers(std::vector<int64_t>(axes.size(), INT64_MIN)), integers(steps),
                         integers(axes));
}

Values reverse_input(const Arguments& op) {
  return {reversed(op.input("x"), op.constant("axis"))};
}

Values reverse_attribute(const Arguments& op) {
  return {reversed(op.input("x"), op.integers("axis"))};
}

Values reverse_sequence(const Arguments& op) {
  const Value x = op.input("x");
  return {make<v0::ReverseSequence>(x, op.input("seq_lengths"), axis_of(op.integer("batch_dim"), rank_of(x)),
                                    axis_of(op.integer("seq_dim"), rank_of(x)))};
}

/// Without dims the tensor is rolled as one row.
Values roll(const Arguments& op) {
  const Value x = op.input("x");
  const std::vector<int64_t>& dims = op.integers("dims");
  if (!dims.empty()) return {make<v7::Roll>(x, integers(op.integers("shifts")), integers(dims))};
  const Value row = make<v7::Roll>(reshape(x, {-1}), integers(op.integers("shifts")), integers({0}));
  return {make<v1::Reshape>(row, shape_of(x), false)};
}

/// Keeps what lies on one side of a diagonal of the last two dims.
Values triangle(const Arguments& op, bool lower) {
  const Value x = op.input("x");
  const std::vector<int64_t> dims = dims_of(x);
  if (dims.size() < 2) refuse("the input has {} dims, it needs two", dims.size());
  const int64_t rows = dims[dims.size() - 2];
  const int64_t columns = dims.back();
  const int64_t diagonal = op.integer("diagonal");
  check_elements(rows, columns);
  std::vector<char> kept;
  kept.reserve(static_cast<size_t>(rows * columns));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      kept.push_back(lower ? j - i <= diagonal : j - i >= diagonal);
  const Value mask = make<v0::Constant>(
      ov::element::boolean, ov::Shape{static_cast<size_t>(rows), static_cast<size_t>(columns)}, kept);
  return {select(mask, x, number(0, x))};
}

template <bool kLower>
Values triangle_of(const Arguments& op) {
  return triangle(op, kLower);
}

Values eye(const Arguments& op) {
  const int64_t rows = op.integer("num_rows");
  const int64_t columns = op.integer("num_columns") > 0 ? op.integer("num_columns") : rows;
  Value matrix = make<v9::Eye>(integer(rows), integer(columns), integer(0), op.type("dtype"));
  std::vector<int64_t> shape = op.integers("batch_shape");
  if (shape.empty()) return {matrix};
  shape.push_back(rows);
  shape.push_back(columns);
  return {make<v3::Broadcast>(matrix, integers(shape))};
}

Values shuffle_channels(const Arguments& op) {
  return {make<v0::ShuffleChannels>(op.input("x"), 1, op.integer("group"))};
}

/// Blocks of the plane become channels. DCR: the place in the block is the higher part of the channel.
Values depth_to_space(const Arguments& op) {
  const Value x = op.input("x");
  const bool last = op.text("data_format") == "NHWC";
  const auto mode = op.text("mode") == "CRD" ? v0::DepthToSpace::DepthToSpaceMode::DEPTH_FIRST
                                             : v0::DepthToSpace::DepthToSpaceMode::BLOCKS_FIRST;
  const Value y = make<v0::DepthToSpace>(last ? transpose(x, {0, 3, 1, 2}) : x, mode,
                                         static_cast<size_t>(std::max<int64_t>(op.integer("block_size"), 1)));
  return {last ? transpose(y, {0, 2, 3, 1}) : y};
}

Values space_to_depth(const Arguments& op) {
  const Value x = op.input("x");
  const bool last = op.text("data_format") == "NHWC";
  const Value y = make<v0::SpaceToDepth>(last ? transpose(x, {0, 3, 1, 2}) : x,
                                         v0::SpaceToDepth::SpaceToDepthMode::BLOCKS_FIRST,
                                         static_cast<size_t>(std::max<int64_t>(op.integer("block_size"), 1)));
  return {last ? transpose(y, {0, 2, 3, 1}) : y};
}

/// The lists of a block cover the dims after the batch; the engine wants one entry for each dim.
struct Blocks {
  std::vector<int64_t> shape;
  Borders borders;
};

Blocks blocks_of(const Value& x, const std::vector<int64_t>& shape, const std::vector<int64_t>& borders) {
  const auto rank = static_cast<size_t>(rank_of(x));
  if (borders.size() != 2 * shape.size() || shape.size() + 1 > rank)
    refuse("block_shape has {} values, its borders {}, the input {} dims", shape.size(), borders.size(),
           rank);
  Blocks blocks{std::vector<int64_t>(rank, 1),
                {std::vector<int64_t>(rank, 0), std::vector<int64_t>(rank, 0)}};
  for (size_t i = 0; i < shape.size(); ++i) {
    blocks.shape[i + 1] = shape[i];
    blocks.borders.before[i + 1] = borders[2 * i];
    blocks.borders.after[i + 1] = borders[2 * i + 1];
  }
  return blocks;
}

template <class Op>
Values batch_blocks(const Value& x, const Blocks& blocks) {
  return {
      make<Op>(x, integers(blocks.shape), integers(blocks.borders.before), integers(blocks.borders.after))};
}

Values space_to_batch(const Arguments& op) {
  const Value x = op.input("x");
  return batch_blocks<v1::SpaceToBatch>(x, blocks_of(x, op.constant("block_shape"), op.constant("paddings")));
}

Values batch_to_space(const Arguments& op) {
  const Value x = op.input("x");
  return batch_blocks<v1::BatchToSpace>(x, blocks_of(x, op.constant("block_shape"), op.constant("crops")));
}

Values space_to_batch_attribute(const Arguments& op) {
  const Value x = op.input("x");
  return batch_blocks<v1::SpaceToBatch>(x, blocks_of(x, op.integers("block_shape"), op.integers("paddings")));
}

Values batch_to_space_attribute(const Arguments& op) {
  const Value x = op.input("x");
  return batch_blocks<v1::BatchToSpace>(x, blocks_of(x, op.integers("block_shape"), op.integers("crops")));
}

/// Caffe: dims from `axis` on get the sizes of the second input; one offset for all of them, or one each.
Values crop_layer(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t rank = rank_of(x);
  const int64_t axis = axis_of(op.integer("axis"), rank);
  const std::vector<int64_t> wanted = dims_of(op.input("size"));
  if (static_cast<int64_t>(wanted.size()) != rank)
    refuse("the second input has {} dims, the first {}", wanted.size(), rank);
  const std::vector<int64_t>& offsets = op.integers("offsets");
  if (offsets.size() > 1 && static_cast<int64_t>(offsets.size()) != rank - axis)
    refuse("offsets has {} values, it must have 1 or {}", offsets.size(), rank - axis);
  const std::vector<int64_t> dims = dims_of(x);
  std::vector<int64_t> begins;
  std::vector<int64_t> sizes = dims;
  for (int64_t i = 0; i < rank; ++i) {
    const auto at = static_cast<size_t>(i);
    const int64_t offset =
        i < axis || offsets.empty() ? 0 : offsets[offsets.size() == 1 ? 0 : static_cast<size_t>(i - axis)];
    begins.push_back(offset);
    if (i >= axis) sizes[at] = wanted[at];
    if (offset < 0 || offset + sizes[at] > dims[at])
      refuse("dim {} has {} elements; {} from {} on do not fit", i, dims[at], sizes[at], offset);
  }
  return {block(x, begins, sizes)};
}

/// Darknet's Reorg: places of blocks of stride by stride become channels; `reverse` turns it round.
Values pass_through(const Arguments& op) {
  const auto stride = static_cast<size_t>(std::max<int64_t>(op.integer("stride"), 1));
  const Value x = op.input("x");
  if (op.flag("reverse"))
    return {make<v0::DepthToSpace>(x, v0::DepthToSpace::DepthToSpaceMode::BLOCKS_FIRST, stride)};
  return {make<v0::SpaceToDepth>(x, v0::SpaceToDepth::SpaceToDepthMode::BLOCKS_FIRST, stride)};
}

/// Windows of a picture, each as one row of height, width and channels.
Values image_patches(const Arguments& op) {
  const Value x = op.input("x");
  const ChannelsFirst layout(op.format("x") == ACL_FORMAT_NCHW ? "NCHW" : "NHWC", rank_of(x));
  const std::string& padding = op.text("padding");
  if (padding != "SAME" && padding != "VALID") refuse("padding is {}, allowed are SAME and VALID", padding);
  return {layout.leave(make<v3::ExtractImagePatches>(
      layout.enter(x), sizes_of(layout.space(op.integers("ksizes"), "ksizes"), "ksizes", 1),
      strides_of(layout.space(op.integers("strides"), "strides"), "strides"),
      sizes_of(layout.space(op.integers("rates"), "rates"), "rates", 1),
      padding == "SAME" ? PadType::SAME_UPPER : PadType::VALID))};
}

constexpr std::string_view kMasks =
    "begin_mask Int=0; end_mask Int=0; ellipsis_mask Int=0; new_axis_mask Int=0; shrink_axis_mask Int=0";
constexpr std::string_view kMasksD =
    "begin [int]; end [int]; strides [int]; begin_mask Int=0; end_mask Int=0; ellipsis_mask Int=0; "
    "new_axis_mask Int=0; shrink_axis_mask Int=0";
constexpr std::string_view kGather =
    "validate_indices Bool=true; batch_dims Int=0; is_preprocessed Bool=false; negative_index_support "
    "Bool=false";
constexpr std::string_view kGatherV2 =
    "batch_dims Int=0; is_preprocessed Bool=false; negative_index_support Bool=false";
constexpr auto kNone = v15::ScatterNDUpdate::Reduction::NONE;
constexpr auto kSum = v15::ScatterNDUpdate::Reduction::SUM;
constexpr auto kSub = v15::ScatterNDUpdate::Reduction::SUB;
constexpr auto kMul = v15::ScatterNDUpdate::Reduction::PROD;
constexpr auto kMax = v15::ScatterNDUpdate::Reduction::MAX;
constexpr auto kMin = v15::ScatterNDUpdate::Reduction::MIN;
constexpr std::string_view kLocking = "use_locking Bool=false";
constexpr std::string_view kScatter = "var, indices: Index, updates";

constexpr std::array kEntries = std::to_array<Entry>({
    {"BatchToSpaceND", "x, block_shape: Index, crops: Index", "y", "", "Number", batch_to_space},
    {"BatchToSpaceNDD", "x", "y", "block_shape [int]; crops [int]", "Number", batch_to_space_attribute},
    {"Concat", "concat_dim: Index, x*", "y", "N Int=1", "ALL", concat_input},
    {"ConcatD", "x*", "y", "concat_dim Int; N Int=1", "ALL", concat_attribute},
    {"ConcatV2", "x*, concat_dim: Index", "y", "N Int=1", "ALL", concat_input},
    {"ConcatV2D", "x*", "y", "concat_dim Int; N Int=1", "ALL", concat_attribute},
    {"Crop", "x, size", "y", "axis Int=2; offsets [int]", "Number", crop_layer},
    {"DepthToSpace", "x", "y", "block_size Int; mode String=DCR; data_format String=NHWC", "Number",
     depth_to_space},
    {"ExtractImagePatches", "x", "y", "ksizes [int]; strides [int]; rates [int]; padding String",
     "f16 f32 i8 u8 i32", image_patches},
    {"Eye", "", "y", "num_rows Int; num_columns Int=0; batch_shape [int]={}; dtype Int=0", "Number", eye},
    {"Gather", "x, indices: Index", "y", kGather, "ALL", gather},
    {"GatherD", "x, dim: Index, index: Index", "y", "dim Int=0", "ALL", gather_elements_input},
    {"GatherElements", "x, index: Index", "y", "dim Int=0", "ALL", gather_elements},
    {"GatherNd", "x, indices: Index", "y", "negative_index_support Bool=false", "ALL", gather_nd},
    {"GatherV2", "x, indices: Index, axis: Index", "y", kGatherV2, "ALL", gather_axis_input},
    {"GatherV2D", "x, indices: Index", "y", "axis Int", "ALL", gather_axis_attribute},
    {"InplaceAdd", "x, indices: i32, v", "y", "", "Number", scatter_rows<kSum>},
    {"InplaceSub", "x, indices: i32, v", "y", "", "Number", scatter_rows<kSub>},
    {"InplaceUpdate", "x, indices: i32, v", "y", "", "Number", inplace_rows},
    {"LinSpace", "start, stop, num: Index", "output", "", "f32 f64 f16", line_space},
    {"MirrorPad", "x, paddings: Index", "y", "mode String", "Number", mirror_pad},
    {"OneHot", "x: u8 i32 i64, depth: Index, on_value, off_value", "y", "axis Int=-1", "ALL", one_hot},
    {"OneHotD", "x: u8 i32 i64, on_value, off_value", "y", "depth Int; axis Int=-1", "ALL",
     one_hot_attribute},
    {"Pack", "x*", "y", "axis Int=0; N Int=1", "ALL", pack},
    {"Pad", "x, paddings: Index", "y", "", "Number", pad_input},
    {"PadD", "x", "y", "paddings [[int]]", "Number", pad_attribute},
    {"PadV2", "x, paddings: Index, constant_values", "y", "", "Number", pad_with_value},
    {"PadV3", "x, paddings: Index, constant_values?", "y",
     "mode String=constant; paddings_contiguous Bool=true", "Number", pad_with_mode},
    {"PadV3D", "x", "y",
     "paddings [[int]]; constant_values Int=0; mode String=constant; paddings_contiguous Bool=true", "Number",
     pad_with_mode_attribute},
    {"PassThrough", "x", "y", "stride Int=2; reverse Bool=false", "f16 f32", pass_through},
    {"Range", "start, limit, delta", "y", "", "f16 f32 i32 f64 i64 bf16", range_input},
    {"RangeD", "x", "y", "start Float; limit Float; delta Float", "f32 i32", range_attribute},
    {"ReverseSequence", "x, seq_lengths: Index", "y", "seq_dim Int; batch_dim Int=0", "ALL",
     reverse_sequence},
    {"ReverseV2", "x, axis: Index", "y", "", "ALL", reverse_input},
    {"ReverseV2D", "x", "y", "axis [int]", "ALL", reverse_attribute},
    {"Roll", "x", "y", "shifts [int]; dims [int]={}", "Number", roll},
    {"ScatterAdd", kScatter, "var", kLocking, "Number", scatter_rows<kSum>},
    {"ScatterElements", "data, indices: Index, updates", "y", "axis Int=0; reduction String=none", "Number",
     scatter_elements},
    {"ScatterMax", kScatter, "var", kLocking, "Number", scatter_rows<kMax>},
    {"ScatterMin", kScatter, "var", kLocking, "Number", scatter_rows<kMin>},
    {"ScatterMul", kScatter, "var", kLocking, "Number", scatter_rows<kMul>},
    {"ScatterNd", "indices: Index, x, shape: Index", "y", "", "Number", scatter_nd},
    {"ScatterNdAdd", kScatter, "var", kLocking, "Number", scatter_nd_into<kSum>},
    {"ScatterNdSub", kScatter, "var", kLocking, "Number", scatter_nd_into<kSub>},
    {"ScatterNdUpdate", kScatter, "var", kLocking, "Number", scatter_nd_into<kNone>},
    {"ScatterSub", kScatter, "var", kLocking, "Number", scatter_rows<kSub>},
    {"ScatterUpdate", kScatter, "var", kLocking, "Number", scatter_rows<kNone>},
    {"ShuffleChannel", "x", "y", "group Int=1", "Number", shuffle_channels},
    {"Slice", "x, offsets: Index, size: Index", "y", "", "ALL", slice_input},
    {"SliceD", "x", "y", "offsets [int]; size [int]", "ALL", slice_attribute},
    {"SliceDV2", "x, offsets: Index", "y", "size [int]", "ALL", slice_offsets_input},
    {"SpaceToBatchND", "x, block_shape: Index, paddings: Index", "y", "", "Number", space_to_batch},
    {"SpaceToBatchNDD", "x", "y", "block_shape [int]; paddings [int]", "Number", space_to_batch_attribute},
    {"SpaceToDepth", "x", "y", "block_size Int; data_format String=NHWC", "Number", space_to_depth},
    {"Split", "split_dim: Index, x", "y*", "num_split Int", "ALL", split_input},
    {"SplitD", "x", "y*", "split_dim Int; num_split Int", "ALL", split_attribute},
    {"SplitV", "x, size_splits: Index, split_dim: Index", "y*", "num_split Int", "ALL", split_sizes_input},
    {"SplitVD", "x", "y*", "size_splits [int]; split_dim Int; num_split Int", "ALL", split_sizes_attribute},
    {"StridedSlice", "x, begin: Index, end: Index, strides: Index", "y", kMasks, "ALL", strided_slice_input},
    {"StridedSliceD", "x", "y", kMasksD, "ALL", strided_slice_attribute},
    {"StridedSliceV2", "x, begin: Index, end: Index, axes?: Index, strides?: Index", "y", kMasks, "ALL",
     strided_slice_axes},
    {"TensorScatterAdd", "x, indices: Index, updates", "y", "", "Number", scatter_nd_into<kSum>},
    {"TensorScatterMax", "input, indices: Index, updates", "output", "", "Number", scatter_nd_into<kMax>},
    {"TensorScatterMin", "input, indices: Index, updates", "output", "", "Number", scatter_nd_into<kMin>},
    {"TensorScatterSub", "x, indices: Index, updates", "y", "", "Number", scatter_nd_into<kSub>},
    {"TensorScatterUpdate", "x, indices: Index, updates", "y", "", "ALL", scatter_nd_into<kNone>},
    {"Tile", "x, multiples: Index", "y", "", "ALL", tile_input},
    {"TileD", "x", "y", "multiples [int]", "ALL", tile_attribute},
    {"TileWithAxis", "x", "y", "axis Int=1; tiles Int", "ALL", tile_axis},
    {"Tril", "x", "y", "diagonal Int=0", "ALL", triangle_of<true>},
    {"Triu", "x", "y", "diagonal Int=0", "ALL", triangle_of<false>},
    {"Unpack", "x", "y*", "num Int; axis Int=0", "ALL", unpack},
});

}  // namespace

std::span<const Entry> arrangement_operators() {
  return kEntries;
}

}  // namespace cairn::ops
