// Elements that belong together: counted, summed by group, found once.
#include <array>
#include <functional>
#include <limits>
#include <numeric>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;
using Reduction = v15::ScatterNDUpdate::Reduction;

/// What an empty group holds.
double start_of(Reduction reduction, const ov::element::Type& type) {
  const auto limit = [&](bool least) -> double {
    const auto of = [&](auto zero) {
      using Limits = std::numeric_limits<decltype(zero)>;
      return static_cast<double>(least ? Limits::lowest() : Limits::max());
    };
    if (type == ov::element::f16) return least ? -65504.0 : 65504.0;
    if (type == ov::element::i32) return of(int32_t{});
    if (type == ov::element::f32) return of(float{});
    refuse("empty groups have no value of type {}", type.get_type_name());
  };
  if (reduction == Reduction::MAX) return limit(true);
  if (reduction == Reduction::MIN) return limit(false);
  return reduction == Reduction::PROD ? 1 : 0;
}

/// `rows` [S, ...] gathered into `count` groups. Rows with a number outside 0 ... count - 1 belong to none.
Value by_group(const Value& rows, const Value& groups, int64_t count, Reduction reduction) {
  if (count < 0 || count > INT32_MAX) refuse("the number of groups is {}", count);
  const Value last = number(static_cast<double>(count), groups);
  const Value is_outside =
      make<v1::LogicalOr>(less(groups, number(0, groups)), make<v1::GreaterEqual>(groups, last));
  // Those go to one more group, which is cut off.
  const Value places = select(is_outside, last, groups);
  std::vector<int64_t> dims = dims_of(rows);
  dims[0] = count + 1;
  const Value empty =
      make<v3::Broadcast>(number(start_of(reduction, rows.get_element_type()), rows), integers(dims));
  const Value all = make<v15::ScatterNDUpdate>(empty, unsqueeze(places, {1}), rows, reduction);
  return slice(all, 0, 0, count);
}

Values segments(const Arguments& op, int64_t count, Reduction reduction) {
  const std::vector<int64_t> dims = dims_of(op.input("x"));
  const int64_t rank = rank_of(op.input("segment_ids"));
  if (rank > static_cast<int64_t>(dims.size()))
    refuse("segment_ids has {} dims, the input {}", rank, dims.size());
  const int64_t many = std::accumulate(dims.begin(), dims.begin() + rank, int64_t{1}, std::multiplies());
  std::vector<int64_t> rows;
  rows.reserve(dims.size() + 1);
  rows.push_back(many);
  for (int64_t i = rank; i < static_cast<int64_t>(dims.size()); ++i)
    rows.push_back(dims[static_cast<size_t>(i)]);
  return {by_group(reshape(op.input("x"), rows), reshape(op.input("segment_ids"), {many}), count, reduction)};
}

template <Reduction kReduction>
Values segments_input(const Arguments& op) {
  return segments(op, op.constant_integer("num_segments"), kReduction);
}

Values segments_attribute(const Arguments& op) {
  return segments(op, op.integer("num_segments"), Reduction::SUM);
}

/// How often 0 ... size - 1 occur, each time as much as its weight says; no weights: once.
Values count_numbers(const Arguments& op) {
  const Value numbers = reshape(op.input("array"), {-1});
  Value weights = op.input("weights");
  if (weights.get_partial_shape().is_static() && ov::shape_size(weights.get_shape()) == 0)
    weights = make<v3::Broadcast>(number(1, weights), shape_of(numbers));
  return {by_group(reshape(weights, {-1}), numbers, op.constant_integer("size"), Reduction::SUM)};
}

/// Counts in `bins` equal parts from min to max, or from the least to the largest element if both are 0.
Values histogram(const Arguments& op) {
  const Value given = reshape(op.input("x"), {-1});
  const Value x = convert(given, ov::element::f32);
  const int64_t bins = op.integer("bins");
  if (bins < 1) refuse("bins is {}, it must be greater than 0", bins);
  if (op.number("min") > op.number("max"))
    refuse("min is {}, which is more than max, {}", op.number("min"), op.number("max"));
  Value low = number(op.number("min"), x);
  Value high = number(op.number("max"), x);
  if (op.number("min") == 0 && op.number("max") == 0) {
    if (dims_of(x)[0] == 0) refuse("an empty input has no range: give min and max");
    low = make<v1::ReduceMin>(x, integers({0}), false);
    high = make<v1::ReduceMax>(x, integers({0}), false);
  }
  // A range of one value is made one wider on both sides.
  const Value widening = convert_like(equal(low, high), x);
  low = subtract(low, widening);
  high = add(high, widening);
  const Value place =
      make<v0::Floor>(divide(multiply(subtract(x, low), static_cast<double>(bins)), subtract(high, low)));
  const Value in_last = select(equal(x, high), number(static_cast<double>(bins - 1), x), place);
  const Value inside = make<v1::LogicalAnd>(make<v1::GreaterEqual>(x, low), make<v1::LessEqual>(x, high));
  const Value group = convert(select(inside, in_last, number(-1, x)), ov::element::i32);
  const Value ones = make<v3::Broadcast>(number(1, x), shape_of(x));
  const Value counts = by_group(ones, group, bins, Reduction::SUM);
  return {is_float(given) ? counts : convert_like(counts, given)};
}

/// Each value once, in the order of their first places; for each element the place of its value.
Values unique(const Arguments& op) {
  const ov::element::Type type = op.type("out_idx");
  const auto found = std::make_shared<v10::Unique>(op.input("x"), false, type, type);
  return {found->output(0), found->output(2), found->output(3)};
}

/// y[x[i]] = i.
Values invert_permutation(const Arguments& op) {
  const Value x = op.input("x");
  const std::vector<int64_t> dims = dims_of(x);
  if (dims.size() != 1) refuse("the input has {} dims, it must have 1", dims.size());
  const Value places = make<v4::Range>(integer(0), integer(dims[0]), integer(1), x.get_element_type());
  return {make<v3::ScatterUpdate>(places, x, places, integer(0))};
}

/// Sums or means of rows of a table. PyTorch: bag i holds the indices from offsets[i] on, or row i of
/// `indices`.
Values embedding_bag(const Arguments& op) {
  const std::string& mode = op.text("mode");
  if (mode != "sum" && mode != "mean") refuse("mode is {}, supported are sum and mean", mode);
  if (op.integer("padding_idx") != -1) refuse("padding_idx is not supported");
  const bool has_weights = op.has("per_sample_weights");
  if (has_weights && mode != "sum") refuse("per_sample_weights go with mode sum only");
  const Value table = op.input("weight");
  const Value indices = op.input("indices");
  if (rank_of(indices) == 2) {
    const Value rows = make<v8::Gather>(table, indices, integer(0));
    if (mode == "mean") return {make<v1::ReduceMean>(rows, integers({1}), false)};
    return {make<v1::ReduceSum>(
        has_weights ? multiply(rows, unsqueeze(op.input("per_sample_weights"), {2})) : rows, integers({1}),
        false)};
  }
  if (!op.has("offsets")) refuse("indices of one dim need offsets");
  Value offsets = convert_like(op.input("offsets"), indices);
  if (op.flag("include_last_offset")) offsets = slice(offsets, 0, 0, -1);
  using Bags = v15::EmbeddingBagOffsets;
  const auto reduction = mode == "sum" ? Bags::Reduction::SUM : Bags::Reduction::MEAN;
  if (!has_weights) return {make<Bags>(table, indices, offsets, reduction)};
  const Value empty_bag = make<v0::Constant>(indices.get_element_type(), ov::Shape{}, std::vector<int>{-1});
  return {make<Bags>(table, indices, offsets, empty_bag, op.input("per_sample_weights"), reduction)};
}

constexpr std::string_view kSegments = "x, segment_ids: Index, num_segments: Index";

constexpr std::array kEntries = std::to_array<Entry>({
    {"Bincount", "array: i32, size: i32, weights", "bins", "", "f32 i32 i64 f64", count_numbers},
    {"EmbeddingBag", "weight: f16 f32 bf16, indices, offsets?, per_sample_weights?: f16 f32 bf16",
     "y: f16 f32 bf16, offset2bag, bag_size, max_indices",
     "mode String=mean; scale_grad_by_freq Bool=false; sparse Bool=false; include_last_offset Bool=false; "
     "padding_idx Int=-1",
     "Index", embedding_bag},
    {"Histogram", "x", "y: f32 i64 i32 i16 i8 u8", "bins Int=100; min Float=0.0; max Float=0.0",
     "f16 f32 i64 i32 i16 i8 u8", histogram},
    {"InvertPermutation", "x", "y", "", "Index", invert_permutation},
    {"Unique", "x", "y, idx: Index", "out_idx Type=3", "f32 f16 i8 i16 u16 u8 i32 i64 f64", unique},
    {"UniqueWithCounts", "x", "y, idx: Index, count: Index", "out_idx Type",
     "i8 u8 i16 u16 i32 i64 f16 f32 f64", unique},
    {"UnsortedSegmentMax", kSegments, "y", "", "f16 f32 i32", segments_input<Reduction::MAX>},
    {"UnsortedSegmentMin", kSegments, "y", "", "f16 f32 i32", segments_input<Reduction::MIN>},
    {"UnsortedSegmentProd", kSegments, "y", "", "f16 f32 i32", segments_input<Reduction::PROD>},
    {"UnsortedSegmentSum", kSegments, "y", "", "Number", segments_input<Reduction::SUM>},
    {"UnsortedSegmentSumD", "x, segment_ids: Index", "y", "num_segments Int", "f16 f32 i32 i8 u8",
     segments_attribute},
});

}  // namespace

std::span<const Entry> grouping_operators() {
  return kEntries;
}

}  // namespace cairn::ops
