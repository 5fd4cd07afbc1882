// Reductions over axes, and places of the largest and smallest elements.
#include <array>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

/// No axes: all of them, unless the operator says otherwise.
Value axes_or_all(const std::vector<int64_t>& axes, const Value& x) {
  if (!axes.empty()) return integers(axes);
  std::vector<int64_t> all;
  for (int64_t i = 0; i < rank_of(x); ++i)
    all.push_back(i);
  return integers(all);
}

template <class Op>
Values reduce(const Arguments& op) {
  return {make<Op>(op.input("x"), op.input("axes"), op.flag("keep_dims"))};
}

template <class Op>
Values reduce_attribute(const Arguments& op) {
  const Value x = op.input("x");
  return {make<Op>(x, axes_or_all(op.integers("axes"), x), op.flag("keep_dims"))};
}

Values log_of_sum(const Arguments& op) {
  return {make<v0::Log>(make<v1::ReduceSum>(op.input("x"), op.input("axes"), op.flag("keep_dims")))};
}

Value log_of_sum_of_exp(const Value& x, const Value& axes, bool keep_dims) {
  const Value most = make<v1::ReduceMax>(x, axes, true);
  // Rows of infinities only would become NaN.
  const Value base = select(make<v10::IsFinite>(most), most, number(0, x));
  const Value sum = make<v1::ReduceSum>(make<v0::Exp>(subtract(x, base)), axes, true);
  const Value result = add(make<v0::Log>(sum), base);
  return keep_dims ? result : make<v0::Squeeze>(result, axes);
}

Values log_of_sum_of_exp_input(const Arguments& op) {
  return {log_of_sum_of_exp(op.input("x"), op.input("axes"), op.flag("keep_dims"))};
}

Values log_of_sum_of_exp_attribute(const Arguments& op) {
  const Value x = op.input("x");
  return {log_of_sum_of_exp(x, axes_or_all(op.integers("axes"), x), op.flag("keep_dims"))};
}

Values log_of_sum_attribute(const Arguments& op) {
  const Value x = op.input("x");
  return {make<v0::Log>(make<v1::ReduceSum>(x, axes_or_all(op.integers("axes"), x), op.flag("keep_dims")))};
}

Values square_sum(const Arguments& op) {
  const Value x = op.input("input_x");
  return {make<v1::ReduceSum>(multiply(x, x), axes_or_all(op.integers("axis"), x), op.flag("keep_dims"))};
}

Values square_sums(const Arguments& op) {
  const auto sum = [](const Value& x) {
    return make<v1::ReduceSum>(reshape(multiply(x, x), {-1}), integers({0}), false);
  };
  return {sum(op.input("x1")), sum(op.input("x2"))};
}

Values euclidean_norm(const Arguments& op) {
  return {make<v4::ReduceL2>(op.input("x"), op.input("axes"), op.flag("keep_dims"))};
}

Values euclidean_norm_attribute(const Arguments& op) {
  const Value x = op.input("x");
  return {make<v4::ReduceL2>(x, axes_or_all(op.integers("axes"), x), op.flag("keep_dims"))};
}

/// Caffe: all dims from `axis` on, 1 sum, 2 sum of absolutes, 3 sum of squares, 4 mean; times coeff.
Values reduction_layer(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t rank = rank_of(x);
  std::vector<int64_t> axes;
  for (int64_t i = axis_of(op.integer("axis"), rank); i < rank; ++i)
    axes.push_back(i);
  Value y;
  switch (op.integer("operation")) {
    case 1:
      y = make<v1::ReduceSum>(x, integers(axes), false);
      break;
    case 2:
      y = make<v1::ReduceSum>(make<v0::Abs>(x), integers(axes), false);
      break;
    case 3:
      y = make<v1::ReduceSum>(multiply(x, x), integers(axes), false);
      break;
    case 4:
      y = make<v1::ReduceMean>(x, integers(axes), false);
      break;
    default:
      refuse("operation is {}, allowed are 1 (sum), 2 (sum of absolutes), 3 (sum of squares) and 4 (mean)",
             op.integer("operation"));
  }
  return {multiply(y, op.number("coeff"))};
}

struct Extreme {
  Value index;
  Value value;
};

/// The first of the largest (or smallest) elements along an axis.
Extreme extreme(const Value& x, int64_t axis, bool largest, bool keep_dims, const ov::element::Type& type) {
  axis = axis_of(axis, rank_of(x));
  const auto top = std::make_shared<v11::TopK>(
      x, integer(1), axis, largest ? v11::TopK::Mode::MAX : v11::TopK::Mode::MIN,
      v11::TopK::SortType::SORT_VALUES, type == ov::element::i64 ? type : ov::element::i32, true);
  const Value index = convert(top->output(1), type);
  if (keep_dims) return {index, top->output(0)};
  return {squeeze(index, {axis}), squeeze(top->output(0), {axis})};
}

/// The prototype's default is int64, the operator's own result int32.
ov::element::Type index_type(const Arguments& op) {
  return op.is_given("dtype") ? op.type("dtype") : ov::element::i32;
}

template <bool kLargest>
Values arg_extreme(const Arguments& op) {
  return {extreme(op.input("x"), op.constant_integer("dimension"), kLargest, false, index_type(op)).index};
}

template <bool kLargest>
Values arg_extreme_attribute(const Arguments& op) {
  return {extreme(op.input("x"), op.integer("dimension"), kLargest, false, ov::element::i32).index};
}

template <bool kLargest>
Values arg_extreme_with_value(const Arguments& op) {
  const Extreme found =
      extreme(op.input("x"), op.integer("dimension"), kLargest, op.flag("keep_dims"), ov::element::i32);
  return {found.index, found.value};
}

Values top_of(const Value& x, const Value& k, int64_t axis, bool largest) {
  const auto top = std::make_shared<v11::TopK>(x, k, axis_of(axis, rank_of(x)),
                                               largest ? v11::TopK::Mode::MAX : v11::TopK::Mode::MIN,
                                               v11::TopK::SortType::SORT_VALUES, ov::element::i32, true);
  return {top->output(0), top->output(1)};
}

Values top_k(const Arguments& op) {
  Value k = op.input("k");
  if (rank_of(k) == 1) k = squeeze(k, {0});
  return top_of(op.input("x"), k, op.integer("dim"), op.flag("largest"));
}

Values top_k_attribute(const Arguments& op) {
  return top_of(op.input("x"), integer(op.integer("k")), op.integer("dim"), op.flag("largest"));
}

Values sort(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t axis = axis_of(op.integer("axis"), rank_of(x));
  return top_of(x, integer(dims_of(x)[static_cast<size_t>(axis)]), axis, op.flag("descending"));
}

/// Caffe's ArgMax: without an axis over all dims but the first, [N, 1, topk]; with one along it. Places as
/// numbers of the type of x, or pairs of places and values.
Values arg_max_layer(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t rank = rank_of(x);
  const int64_t topk = op.integer("topk");
  constexpr int64_t kNoAxis = 10000;
  if (op.integer("axis") != kNoAxis) {
    const Values top = top_of(x, integer(topk), op.integer("axis"), true);
    return {convert_like(top[1], x), top[0]};
  }
  if (rank < 1) refuse("the input has no dims");
  const Values top = top_of(reshape(x, {0, 1, -1}, true), integer(topk), 2, true);
  return {convert_like(top[1], x), top[0]};
}

Values standard_deviation(const Arguments& op) {
  const Value x = op.input("x");
  std::vector<int64_t> axes = op.integers("dim");
  const Value over = axes_or_all(axes, x);
  const Value mean = make<v1::ReduceMean>(x, over, true);
  const Value distance = subtract(x, mean);
  int64_t count = 1;
  const std::vector<int64_t> dims = dims_of(x);
  if (axes.empty())
    for (const int64_t dim : dims)
      count *= dim;
  for (const int64_t axis : axes)
    count *= dims[static_cast<size_t>(axis_of(axis, rank_of(x)))];
  const double divisor = static_cast<double>(op.flag("unbiased") ? count - 1 : count);
  const Value sum = make<v1::ReduceSum>(multiply(distance, distance), over, op.flag("keepdim"));
  const Value plain = op.flag("keepdim") ? mean : make<v0::Squeeze>(mean, over);
  return {make<v0::Sqrt>(divide(sum, number(divisor, x))), plain};
}

constexpr std::string_view kKeep = "keep_dims Bool=false";
constexpr std::string_view kAxesKeep = "axes [int]; keep_dims Bool=false";
constexpr std::string_view kMean = "keep_dims Bool=false; noop_with_empty_axes Bool=true";
constexpr std::string_view kMeanD = "axes [int]; keep_dims Bool=false; noop_with_empty_axes Bool=false";
constexpr std::string_view kTop = "sorted Bool=true; dim Int=-1; largest Bool=true";
constexpr std::string_view kWithValue = "dimension Int; keep_dims Bool=false";

constexpr std::array kEntries = std::to_array<Entry>({
    {"ArgMaxD", "x", "y: i32", "dimension Int; dtype Type=9", "f16 f32 bf16", arg_extreme_attribute<true>},
    {"ArgMaxV2", "x, dimension: Index", "y: Index", "dtype Type=9", "Number", arg_extreme<true>},
    {"ArgMaxWithK", "x", "indices, values", "axis Int=10000; out_max_val Bool=false; topk Int=1", "f16 f32",
     arg_max_layer},
    {"ArgMaxWithValue", "x", "indice: Index, values", kWithValue, "f32 f16 bf16 i64 i32",
     arg_extreme_with_value<true>},
    {"ArgMin", "x, dimension: Index", "y: Index", "dtype Type=9", "Number", arg_extreme<false>},
    {"ArgMinD", "x", "y: i32", "dimension Int; dtype Type=9", "f16 f32 bf16", arg_extreme_attribute<false>},
    {"ArgMinWithValue", "x", "indice: Index, values", kWithValue, "f32 f16 bf16 i64 i32",
     arg_extreme_with_value<false>},
    {"EuclideanNorm", "x, axes: Index", "y", kKeep, "Number", euclidean_norm},
    {"EuclideanNormD", "x", "y", "axes [int]={}; keep_dims Bool=false", "f16 f32 i32",
     euclidean_norm_attribute},
    {"ReduceAll", "x, axes: Index", "y", kKeep, "b", reduce<v1::ReduceLogicalAnd>},
    {"ReduceAllD", "x", "y", kAxesKeep, "b", reduce_attribute<v1::ReduceLogicalAnd>},
    {"ReduceAny", "x, axes: Index", "y", kKeep, "b", reduce<v1::ReduceLogicalOr>},
    {"ReduceAnyD", "x", "y", kAxesKeep, "b", reduce_attribute<v1::ReduceLogicalOr>},
    {"ReduceLogSum", "x, axes: Index", "y", kKeep, "Floating", log_of_sum},
    {"ReduceLogSumD", "x", "y", kAxesKeep, "Floating", log_of_sum_attribute},
    {"ReduceLogSumExp", "x, axes: Index", "y", kKeep, "Floating", log_of_sum_of_exp_input},
    {"ReduceLogSumExpD", "x", "y", kAxesKeep, "Floating", log_of_sum_of_exp_attribute},
    {"ReduceMax", "x, axes: Index", "y", kKeep, "Number", reduce<v1::ReduceMax>},
    {"ReduceMaxD", "x", "y", kAxesKeep, "f32 u8 i8 f16 i32 bf16", reduce_attribute<v1::ReduceMax>},
    {"ReduceMean", "x, axes: Index", "y", kMean, "Number", reduce<v1::ReduceMean>},
    {"ReduceMeanD", "x", "y", kMeanD, "f16 f32 bf16", reduce_attribute<v1::ReduceMean>},
    {"ReduceMin", "x, axes: Index", "y", kKeep, "Number", reduce<v1::ReduceMin>},
    {"ReduceMinD", "x", "y", kAxesKeep, "f16 f32 i8 u8 i32 bf16", reduce_attribute<v1::ReduceMin>},
    {"ReduceProd", "x, axes: Index", "y", kKeep, "Number", reduce<v1::ReduceProd>},
    {"ReduceProdD", "x", "y", kAxesKeep, "f32 u8 i8 i32 f16 bf16", reduce_attribute<v1::ReduceProd>},
    {"ReduceStd", "x", "y1, y2", "dim [int]={}; unbiased Bool=true; keepdim Bool=false; correction Int=1",
     "f16 f32", standard_deviation},
    {"ReduceSum", "x, axes: Index", "y", kKeep, "Number", reduce<v1::ReduceSum>},
    {"ReduceSumD", "x", "y", kAxesKeep, "f16 f32 i32 bf16", reduce_attribute<v1::ReduceSum>},
    {"Reduction", "x", "y", "operation Int=1; axis Int=0; coeff Float=1.0", "f16 f32", reduction_layer},
    {"Sort", "x", "y1, y2: i32", "axis Int=-1; descending Bool=false; stable Bool=false",
     "f16 f32 i16 i8 u8 i32 i64 bf16", sort},
    {"SquareSumAll", "x1, x2", "y1, y2", "", "f32", square_sums},
    {"SquareSumV1", "input_x", "output1", "axis [int]; keep_dims Bool=true", "f16 f32", square_sum},
    {"TopK", "x, k: Index", "values, indices: i32", kTop, "Number", top_k},
    {"TopKD", "x, assist_seq?: f16", "values, indices: i32",
     "k Int; sorted Bool=true; dim Int=-1; largest Bool=true", "Number", top_k_attribute},
    {"TopKV2", "x, k: Index", "values, indices: i32", kTop, "Number", top_k},
});

}  // namespace

std::span<const Entry> reduction_operators() {
  return kEntries;
}

}  // namespace cairn::ops
