// Products of matrices and vectors.
#include <array>
#include <limits>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

/// Products of integers are summed in int32, which matrix products of the engine do not offer: in floats.
Value product(const Value& a, const Value& b, bool transpose_a, bool transpose_b) {
  if (is_float(a)) return make<v0::MatMul>(a, b, transpose_a, transpose_b);
  const Value product =
      make<v0::MatMul>(convert(a, ov::element::f32), convert(b, ov::element::f32), transpose_a, transpose_b);
  return convert(product, ov::element::i32);
}

Values with_bias(const Arguments& op, const Value& product) {
  if (!op.has("bias")) return {product};
  return {add(product, convert_like(op.input("bias"), product))};
}

Values mat_mul(const Arguments& op) {
  return with_bias(op,
                   product(op.input("x1"), op.input("x2"), op.flag("transpose_x1"), op.flag("transpose_x2")));
}

Values batch_mat_mul(const Arguments& op) {
  return {product(op.input("x1"), op.input("x2"), op.flag("adj_x1"), op.flag("adj_x2"))};
}

Values batch_mat_mul_v2(const Arguments& op) {
  return with_bias(op, product(op.input("x1"), op.input("x2"), op.flag("adj_x1"), op.flag("adj_x2")));
}

/// alpha * a * b + beta * c.
Values gemm(const Arguments& op) {
  const Value c = op.input("c");
  const Value product =
      cairn::ops::product(op.input("a"), op.input("b"), op.flag("transpose_a"), op.flag("transpose_b"));
  const ov::element::Type type = c.get_element_type();
  const Value left = multiply(convert(op.input("alpha"), type), convert(product, type));
  return {add(left, multiply(convert(op.input("beta"), type), c))};
}

/// x flattened from `axis` on, times w of [num_output, K] (or [K, num_output] if transposed).
Values fully_connected(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t axis = axis_of(op.integer("axis"), rank_of(x));
  const Value w = op.input("w");
  const std::vector<int64_t> w_dims = dims_of(w);
  if (w_dims.empty()) refuse("w has no dims");
  const int64_t outputs = op.integer("num_output");
  const bool transposed = op.flag("transpose");
  std::vector<int64_t> matrix =
      transposed ? std::vector<int64_t>{-1, outputs} : std::vector<int64_t>{outputs, -1};
  // Dims in front of the axis stay; the rest is one row.
  std::vector<int64_t> kept(static_cast<size_t>(axis), 0);
  kept.push_back(-1);
  Value y = product(reshape(x, kept, true), w_dims.size() == 2 ? w : reshape(w, matrix), false, !transposed);
  if (op.has("b")) y = add(y, convert_like(op.input("b"), y));
  return {y};
}

Values einsum(const Arguments& op) {
  return {make<v7::Einsum>(op.list("x"), op.text("equation"))};
}

Values dot(const Arguments& op) {
  return {make<v1::ReduceSum>(multiply(op.input(0), op.input(1)), integers({0}), false)};
}

Values matrix_vector(const Arguments& op) {
  return {make<v0::MatMul>(op.input(0), op.input(1), false, false)};
}

/// A diagonal matrix of each row.
Values matrix_diagonal(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t rank = rank_of(x);
  if (rank < 1) refuse("the input has no dims");
  const auto side = static_cast<size_t>(dims_of(x).back());
  check_elements(static_cast<int64_t>(side), static_cast<int64_t>(side));
  std::vector<char> places(side * side);
  for (size_t i = 0; i < side; ++i)
    places[i * side + i] = 1;
  const Value mask = make<v0::Constant>(ov::element::boolean, ov::Shape{side, side}, places);
  return {select(mask, unsqueeze(x, {rank}), number(0, x))};
}

/// The main diagonal of each matrix.
Values matrix_diagonal_part(const Arguments& op) {
  const Value x = op.input("x");
  const std::vector<int64_t> dims = dims_of(x);
  if (dims.size() < 2) refuse("the input has {} dims, it needs two", dims.size());
  const auto rows = static_cast<size_t>(dims[dims.size() - 2]);
  const auto columns = static_cast<size_t>(dims.back());
  check_elements(static_cast<int64_t>(rows), static_cast<int64_t>(columns));
  std::vector<char> places(rows * columns);
  for (size_t i = 0; i < std::min(rows, columns); ++i)
    places[i * columns + i] = 1;
  const Value mask = make<v0::Constant>(ov::element::boolean, ov::Shape{rows, columns}, places);
  const int64_t shorter_sum = rows <= columns ? -1 : -2;
  return {make<v1::ReduceSum>(select(mask, x, number(0, x)), integers({shorter_sum}), false)};
}

Value diagonal_mask(size_t rows, size_t columns, int64_t lower, int64_t upper) {
  check_elements(static_cast<int64_t>(rows), static_cast<int64_t>(columns));
  std::vector<char> places(rows * columns);
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < columns; ++j) {
      const auto right = static_cast<int64_t>(j) - static_cast<int64_t>(i);
      places[i * columns + j] = (lower < 0 || -right <= lower) && (upper < 0 || right <= upper);
    }
  return make<v0::Constant>(ov::element::boolean, ov::Shape{rows, columns}, places);
}

Value square_mask(const Value& x, int64_t lower, int64_t upper) {
  const std::vector<int64_t> dims = dims_of(x);
  if (dims.size() < 2) refuse("the input has {} dims, it needs two", dims.size());
  return diagonal_mask(static_cast<size_t>(dims[dims.size() - 2]), static_cast<size_t>(dims.back()), lower,
                       upper);
}

/// Negative: all diagonals on that side.
Values matrix_band(const Arguments& op) {
  const Value x = op.input("x");
  const Value mask = square_mask(x, op.constant_integer("num_lower"), op.constant_integer("num_upper"));
  return {select(mask, x, number(0, x))};
}

Values diagonal_matrix(const Arguments& op) {
  if (rank_of(op.input("x")) != 1) refuse("the input has {} dims, supported is 1", rank_of(op.input("x")));
  return matrix_diagonal(op);
}

Values matrix_set_diagonal(const Arguments& op) {
  const Value x = op.input("x");
  const Value diagonal = op.input("diagonal");
  const std::vector<int64_t> dims = dims_of(x);
  if (dims.size() < 2 || dims.back() != dims[dims.size() - 2]) refuse("the matrices are not square");
  return {select(square_mask(x, 0, 0), unsqueeze(diagonal, {rank_of(diagonal)}), x)};
}

Values trace(const Arguments& op) {
  const Value x = op.input("x");
  if (rank_of(x) != 2) refuse("the input has {} dims, it must have 2", rank_of(x));
  return {make<v1::ReduceSum>(select(square_mask(x, 0, 0), x, number(0, x)), integers({0, 1}), false)};
}

/// x * r1 + (second half negated, first half) * r2.
Values rotary_multiply(const Arguments& op) {
  if (op.text("mode") != "half") refuse("mode is {}, supported is half", op.text("mode"));
  const Value x = op.input("x");
  const int64_t last = rank_of(x) - 1;
  const Values halves = std::make_shared<v1::Split>(x, integer(last), 2)->outputs();
  const Value turned = concat({make<v0::Negative>(halves[1]), halves[0]}, last);
  return {add(multiply(x, op.input("r1")), multiply(turned, op.input("r2")))};
}

Values inverse(const Arguments& op) {
  return {make<v14::Inverse>(op.input("x"), op.flag("adjoint"))};
}

/// a1 b2 - a2 b1 and so on along a dim of three elements.
Values cross(const Arguments& op) {
  const Value a = op.input("x1");
  const Value b = op.input("x2");
  constexpr int64_t kFirstOfThree = -65530;
  int64_t axis = op.integer("dim");
  if (axis == kFirstOfThree) {
    const std::vector<int64_t> dims = dims_of(a);
    axis = std::find(dims.begin(), dims.end(), 3) - dims.begin();
    if (axis == static_cast<int64_t>(dims.size())) refuse("no dim of x1 has 3 elements");
  }
  axis = axis_of(axis, rank_of(a));
  const auto turned = [&](const Value& x, const std::vector<int64_t>& order) {
    return make<v8::Gather>(x, integers(order), integer(axis));
  };
  return {subtract(multiply(turned(a, {1, 2, 0}), turned(b, {2, 0, 1})),
                   multiply(turned(a, {2, 0, 1}), turned(b, {1, 2, 0})))};
}

/// [B, N, S, D] of a tensor of attention, and back.
class HeadLayout {
 public:
  HeadLayout(const std::string& name, int64_t heads) : name_(name), heads_(heads) {
    if (name != "BSH" && name != "SBH" && name != "BSND" && name != "BNSD")
      refuse("input_layout is {}, supported are BSH, SBH, BSND and BNSD", name);
  }
  /// The number of heads of a tensor whose heads have `width` elements.
  int64_t heads_of(const Value& x, int64_t width) const {
    const std::vector<int64_t> dims = dims_of(x);
    if (dims.size() != name_.size())
      refuse("an input has {} dims, {} has {}", dims.size(), name_, name_.size());
    return name_ == "BNSD" ? dims[1] : name_ == "BSND" ? dims[2] : dims[2] / std::max<int64_t>(width, 1);
  }
  int64_t width_of_query(const Value& x) const {
    return name_.size() == 4 ? dims_of(x)[3] : dims_of(x)[2] / heads_;
  }
  Value enter(const Value& x, int64_t heads) const {
    if (name_ == "BNSD") return x;
    if (name_ == "BSND") return transpose(x, {0, 2, 1, 3});
    const Value apart = reshape(x, {0, 0, heads, -1}, true);
    return transpose(apart,
                     name_ == "BSH" ? std::vector<int64_t>{0, 2, 1, 3} : std::vector<int64_t>{1, 2, 0, 3});
  }
  Value leave(const Value& y) const {
    if (name_ == "BNSD") return y;
    if (name_ == "BSND") return transpose(y, {0, 2, 1, 3});
    const Value apart =
        transpose(y, name_ == "BSH" ? std::vector<int64_t>{0, 2, 1, 3} : std::vector<int64_t>{2, 0, 1, 3});
    return reshape(apart, {0, 0, -1}, true);
  }

 private:
  std::string name_;
  int64_t heads_;
};

/// softmax(scale * (query key' + shift), without what the mask names) * value. Several heads of the query may
/// share one of the keys. Maxima and sums of the softmax stand 8 times in their last dim.
Values attention(const Arguments& op) {
  for (const std::string_view port : {"drop_mask", "padding_mask", "prefix", "actual_seq_qlen",
                                      "actual_seq_kvlen", "q_start_idx", "kv_start_idx"})
    if (op.has(port)) refuse("input {} is not supported", port);
  if (op.number("keep_prob") != 1) refuse("keep_prob is {}, supported is 1", op.number("keep_prob"));
  const int64_t sparse = op.integer("sparse_mode");
  if (sparse != 0 && sparse != 1) refuse("sparse_mode is {}, supported are 0 and 1", sparse);
  if (op.integer("pse_type") > 1 || op.integer("pse_type") < 0)
    refuse("pse_type is {}, supported are 0 and 1", op.integer("pse_type"));
  const int64_t heads = op.integer("head_num");
  if (heads < 1) refuse("head_num is {}, it must be greater than 0", heads);
  const HeadLayout layout(op.text("input_layout"), heads);
  const Value query = op.input("query");
  const int64_t width = layout.width_of_query(query);
  const int64_t key_heads = layout.heads_of(op.input("key"), width);
  if (key_heads < 1 || heads % key_heads != 0)
    refuse("head_num is {}, which is no multiple of the {} heads of the keys", heads, key_heads);
  const auto entered = [&](std::string_view port, int64_t count) {
    Value value = convert(layout.enter(op.input(port), count), ov::element::f32);
    if (count == heads) return value;
    std::vector<int64_t> places;
    for (int64_t i = 0; i < heads; ++i)
      places.push_back(i * count / heads);
    return make<v8::Gather>(value, integers(places), integer(1));
  };
  Value scores = make<v0::MatMul>(entered("query", heads), entered("key", key_heads), false, true);
  const double scale = op.number("scale_value");
  const Value shift =
      op.has("real_shift") ? convert(op.input("real_shift"), ov::element::f32) : number(0, scores);
  scores =
      op.integer("pse_type") == 1 ? multiply(add(scores, shift), scale) : add(multiply(scores, scale), shift);
  if (op.has("atten_mask"))
    scores = select(convert(op.input("atten_mask"), ov::element::boolean),
                    number(std::numeric_limits<float>::lowest(), scores), scores);
  const Value largest = make<v1::ReduceMax>(scores, integers({3}), true);
  const Value powers = make<v0::Exp>(subtract(scores, largest));
  const Value sum = make<v1::ReduceSum>(powers, integers({3}), true);
  const Value y = make<v0::MatMul>(divide(powers, sum), entered("value", key_heads));
  const auto eightfold = [](const Value& x) { return make<v0::Tile>(x, integers({1, 1, 1, 8})); };
  const Value unused = make<v0::Constant>(query.get_element_type(), ov::Shape{1}, 0);
  return {eightfold(largest), eightfold(sum), unused, layout.leave(convert_like(y, query))};
}

constexpr std::string_view kTypes = "f32 f16 i32 i8 bf16";
constexpr std::string_view kTransposes = "transpose_x1 Bool=false; transpose_x2 Bool=false; offset_x Int=0";
constexpr std::string_view kAdjoints = "adj_x1 Bool=false; adj_x2 Bool=false; offset_x Int=0";
constexpr std::string_view kWithBias = "x1, x2, bias?, offset_w?";

constexpr std::array kEntries = std::to_array<Entry>({
    {"BatchMatMul", "x1, x2", "y", "adj_x1 Bool=false; adj_x2 Bool=false", kTypes, batch_mat_mul},
    {"BatchMatMulV2", kWithBias, "y", kAdjoints, kTypes, batch_mat_mul_v2},
    {"BatchMatMulV3", kWithBias, "y", kAdjoints, kTypes, batch_mat_mul_v2},
    {"Cross", "x1, x2", "y", "dim Int=-65530", "Number", cross},
    {"Dot", "input_x, input_y", "output", "", "f32 f16 bf16 u8 i8 i32", dot},
    {"Diag", "x", "y", "", "Number", diagonal_matrix},
    {"DiagPart", "x", "y", "", "Number", matrix_diagonal_part},
    {"Einsum", "x*", "y", "equation String; N Int=0", "f16 f32 i32", einsum},
    {"FlashAttentionScore",
     "query, key, value, real_shift?, drop_mask?: u8, padding_mask?, atten_mask?: b u8, prefix?: i64, "
     "actual_seq_qlen?: i64, actual_seq_kvlen?: i64, q_start_idx?: i64, kv_start_idx?: i64",
     "softmax_max: f32, softmax_sum: f32, softmax_out, attention_out",
     "scale_value Float=1.0; keep_prob Float=1.0; pre_tockens Int=2147483647; next_tockens Int=2147483647; "
     "head_num Int; input_layout String; inner_precise Int=0; sparse_mode Int=0; pse_type Int=1",
     "f16 bf16 f32", attention},
    {"FullyConnection", "x, w, b?, offset_w?", "y",
     "num_output Int; transpose Bool=false; axis Int=1; offset_x Int=0", kTypes, fully_connected},
    {"GEMM", "a, b, c, alpha, beta", "y", "transpose_a Bool=false; transpose_b Bool=false", "f32 f16 i8 i32",
     gemm},
    {"MatMul", "x1, x2, bias?", "y", "transpose_x1 Bool=false; transpose_x2 Bool=false", kTypes, mat_mul},
    {"MatMulV2", kWithBias, "y", kTransposes, kTypes, mat_mul},
    {"MatMulV3", kWithBias, "y", kTransposes, kTypes, mat_mul},
    {"MatrixBandPart", "x, num_lower: Index, num_upper: Index", "y", "", "Number", matrix_band},
    {"MatrixDiag", "x", "y", "", "Number", matrix_diagonal},
    {"MatrixDiagPart", "x", "y", "", "Number", matrix_diagonal_part},
    {"MatrixInverse", "x", "y", "adjoint Bool=false", "f32 f64", inverse},
    {"MatrixSetDiag", "x, diagonal", "y", "", "Number", matrix_set_diagonal},
    {"Mv", "x, vec", "y", "", "f16 f32", matrix_vector},
    {"RotaryMul", "x, r1, r2", "y", "mode String=half", "f16 f32 bf16", rotary_multiply},
    {"Trace", "x", "y", "", "Number", trace},
});

}  // namespace

std::span<const Entry> matrix_operators() {
  return kEntries;
}

}  // namespace cairn::ops
