// Attention with what the engine's own reader does not see: sliding windows, and causal masks beside a mask
// and a cache. Masked scores are minus infinity; a query that may look at nothing gives zeros.
#include <cmath>
#include <limits>

#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

constexpr size_t kMask = 3;
constexpr size_t kPastKey = 4;
constexpr size_t kPastValue = 5;
constexpr size_t kKeyCount = 6;  ///< nonpad_kv_seqlen: how many keys of each batch are filled.

Value zero() {
  return make<op::Constant>(ov::element::f32, ov::Shape{}, std::vector<float>{0});
}

Value minus_infinity() {
  return make<op::Constant>(ov::element::f32, ov::Shape{},
                            std::vector<float>{-std::numeric_limits<float>::infinity()});
}

class Attention {
 public:
  explicit Attention(const Node& node)
      : node_(node),
        left_(node.integer("left_window_size", -1)),
        right_(node.integer("right_window_size", -1)) {}

  Values build() {
    const ov::element::Type type = node_.input(0).get_element_type();
    const bool packed = rank_of(node_.input(0)) == 3;
    query_ = convert(heads(node_.input(0), "q_num_heads"), ov::element::f32);
    const Value key = cached(heads(node_.input(1), "kv_num_heads"), kPastKey);
    const Value value = cached(heads(node_.input(2), "kv_num_heads"), kPastValue);
    keys_ = dim(key, 2);

    Value scores = product(key);
    const Value raw = scores;
    const float cap = node_.real("softcap", 0.0F);
    if (cap != 0.0F) scores = multiply(make<op::Tanh>(divide(scores, like(scores, cap))), like(scores, cap));
    const Value capped = scores;
    const Value bias = masked();
    const Value biased = add(scores, bias);
    const Value blind =
        make<op::ReduceLogicalAnd>(make<op::Equal>(bias, minus_infinity()), numbers({-1}), true);
    const Value weights = select(blind, zero(), make<op::Softmax>(biased, -1));

    Value y = make<op::MatMul>(weights, repeated(convert(value, ov::element::f32)), false, false);
    if (packed) {
      const Value rows = transpose(y, {0, 2, 1, 3});
      y = reshape(rows, concat({dim(rows, 0), dim(rows, 1), numbers({-1})}, 0));
    }
    const Values stages = {raw, capped, biased, weights};
    const int64_t mode = node_.integer("qk_matmul_output_mode", 0);
    if (mode < 0 || mode >= static_cast<int64_t>(stages.size()))
      refuse("qk_matmul_output_mode must be 0 to 3");
    return {convert(y, type), key, value, convert(stages[static_cast<size_t>(mode)], type)};
  }

 private:
  /// [batch, heads, length, size].
  Value heads(const Value& value, const std::string& attribute) const {
    const size_t rank = rank_of(value);
    if (rank == 4) return value;
    const int64_t count = node_.integer(attribute, 0);
    if (rank != 3 || count <= 0) refuse("an input of 3 dims needs " + attribute + ", others have 4 dims");
    return transpose(reshape(value, concat({dim(value, 0), dim(value, 1), numbers({count, -1})}, 0)),
                     {0, 2, 1, 3});
  }

  Value cached(const Value& value, size_t past) const {
    return node_.has_input(past) ? concat({node_.input(past), value}, 2) : value;
  }

  /// A head of keys or values serves several of queries, which follow one another.
  Value repeated(const Value& value) const {
    const ov::PartialShape& given = value.get_partial_shape();
    const ov::PartialShape& wanted = query_.get_partial_shape();
    if (given[1].is_dynamic() || wanted[1].is_dynamic()) refuse("the numbers of heads must be known");
    const int64_t copies = wanted[1].get_length() / given[1].get_length();
    if (copies * given[1].get_length() != wanted[1].get_length())
      refuse("the number of heads of Q must be a multiple of that of K and V");
    if (copies == 1) return value;
    const Value tiled = make<op::Tile>(unsqueeze(value, {2}), numbers({1, 1, copies, 1, 1}));
    return reshape(
        tiled, concat({dim(value, 0), numbers({wanted[1].get_length()}), dim(value, 2), dim(value, 3)}, 0));
  }

  Value product(const Value& key) const {
    Value scale;
    if (node_.has_attribute("scale")) {
      scale = like(query_, std::sqrt(static_cast<double>(node_.real("scale", 1.0F))));
    } else {
      const Value size = convert(squeeze(dim(query_, 3), 0), ov::element::f32);
      scale = divide(like(size, 1), make<op::Sqrt>(make<op::Sqrt>(size)));
    }
    const Value keys = repeated(convert(key, ov::element::f32));
    return make<op::MatMul>(multiply(query_, scale), multiply(keys, scale), false, true);
  }

  /// The mask of the model, -inf where it says no, with keys beyond its end masked.
  Value given_mask() const {
    Value mask = node_.input(kMask);
    if (mask.get_element_type() == ov::element::boolean) mask = select(mask, zero(), minus_infinity());
    mask = convert(mask, ov::element::f32);
    const size_t last = rank_of(mask) - 1;
    const Value missing = subtract(keys_, dim(mask, last));
    const Value none = numbers(std::vector<int64_t>(last + 1, 0));
    const Value after = last == 0 ? missing : concat({numbers(std::vector<int64_t>(last, 0)), missing}, 0);
    return make<op::Pad>(mask, none, after, minus_infinity(), ov::op::PadMode::CONSTANT);
  }

  /// What is added to the scores: 0 where a query sees a key, [.., queries, keys].
  Value masked() const {
    const Value queries = dim(query_, 2);
    const Value i = unsqueeze(range(squeeze(queries, 0)), {1});
    const Value j = unsqueeze(range(squeeze(keys_, 0)), {0});
    Value place = i;  // Of a query among the keys; in a cache of the model's own it differs by batch.
    if (node_.has_input(kPastKey)) {
      place = add(i, dim(node_.input(kPastKey), 2));
    } else if (node_.has_input(kKeyCount)) {
      const Value filled = convert(node_.input(kKeyCount), ov::element::i64);
      place = add(i, unsqueeze(subtract(filled, queries), {1, 2, 3}));
    }
    const Value ahead = subtract(j, place);
    Value allowed = make<op::Constant>(ov::element::boolean, ov::Shape{1, 1}, std::vector<bool>{true});
    const auto demand = [&](const Value& condition) { allowed = make<op::LogicalAnd>(allowed, condition); };
    if (node_.integer("is_causal", 0) != 0) demand(make<op::LessEqual>(ahead, number(0)));
    if (left_ >= 0) demand(make<op::GreaterEqual>(ahead, number(-left_)));
    if (right_ >= 0) demand(make<op::LessEqual>(ahead, number(right_)));
    if (node_.has_input(kKeyCount)) {
      const Value filled = unsqueeze(convert(node_.input(kKeyCount), ov::element::i64), {1, 2, 3});
      demand(make<op::Less>(j, filled));
    }
    const Value bias = select(allowed, zero(), minus_infinity());
    const Value whole = add(bias, make<op::Broadcast>(zero(), concat({queries, keys_}, 0)));
    return node_.has_input(kMask) ? add(whole, given_mask()) : whole;
  }

  const Node& node_;
  const int64_t left_;   ///< How many keys before its own place a query sees; -1: all.
  const int64_t right_;  ///< The same behind it.
  Value query_;
  Value keys_;  ///< How many there are, with the cache.
};

}  // namespace

void add_attention(Conversions& conversions) {
  conversions.add("Attention", kOwnDomain, [](const Node& node) { return Attention(node).build(); });
}

}  // namespace cairn::onnx
