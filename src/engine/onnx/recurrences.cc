// Operators along one axis where each step needs the one before it.
#include <cmath>

#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

/// Products of all elements up to each one: a table of who counts for whom, and the products of its rows.
Value cumulative_product_along(const Node& node, size_t along) {
  const Value x = node.input(0);
  const size_t rank = rank_of(x);
  std::vector<int64_t> order;
  for (size_t i = 0; i < rank; ++i)
    if (i != along) order.push_back(static_cast<int64_t>(i));
  order.push_back(static_cast<int64_t>(along));
  std::vector<int64_t> back(rank);
  for (size_t i = 0; i < rank; ++i)
    back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);

  const Value size = squeeze(dim(x, along), 0);
  const Value column = unsqueeze(range(size), {0});  // The element that may count.
  const Value row = unsqueeze(range(size), {1});     // The element whose product it is.
  const bool reverse = node.integer("reverse", 0) != 0;
  const Value& early = reverse ? row : column;
  const Value& late = reverse ? column : row;
  const Value counts =
      node.integer("exclusive", 0) != 0 ? make<op::Less>(early, late) : make<op::LessEqual>(early, late);
  const Value last = transpose(x, order);
  const Value table = select(counts, unsqueeze(last, {-2}), like(x, 1));
  return transpose(make<op::ReduceProd>(table, numbers({-1}), false), back);
}

Values cumulative_product(const Node& node) {
  const size_t rank = rank_of(node.input(0));
  if (const auto axis = ov::as_type_ptr<op::Constant>(node.input(1).get_node_shared_ptr()))
    return {cumulative_product_along(node, axis_of(node.input(0), axis->cast_vector<int64_t>().at(0)))};
  // An axis that the model is given when it runs: the product along each, and the one that is asked for.
  const Value axis =
      make<op::FloorMod>(convert(reshape(node.input(1), std::vector<int64_t>{}), ov::element::i64),
                         number(static_cast<int64_t>(rank)));
  Value result = cumulative_product_along(node, 0);
  for (size_t i = 1; i < rank; ++i)
    result = select(make<op::Equal>(axis, number(static_cast<int64_t>(i))), cumulative_product_along(node, i),
                    result);
  return {result};
}

/// A depthwise convolution that sees the past only; the end of its input is the next call's past.
Values causal_convolution(const Node& node) {
  const Value x = node.input(0);  // [batch, channels, length]
  const Value weights = node.input(1);
  const ov::Shape kernel = shape_of(weights);  // [channels, 1, k]
  if (kernel.size() != 3) refuse("the weights must have 3 dims");
  const auto before = static_cast<int64_t>(kernel[2]) - 1;
  Value padded;
  if (node.has_input(3))
    padded = concat({node.input(3), x}, 2);
  else
    padded =
        make<op::Pad>(x, numbers({0, 0, before}), numbers({0, 0, 0}), like(x, 0), ov::op::PadMode::CONSTANT);

  const auto channels = static_cast<int64_t>(kernel[0]);
  const Value filters = reshape(weights, {channels, 1, 1, before + 1});
  Value y = make<op::GroupConvolution>(padded, filters, ov::Strides{1}, ov::CoordinateDiff{0},
                                       ov::CoordinateDiff{0}, ov::Strides{1});
  if (node.has_input(2)) y = add(y, reshape(node.input(2), {1, channels, 1}));
  const std::string activation = node.text("activation", "none");
  if (activation == "silu" || activation == "swish")
    y = make<op::Swish>(y);
  else if (activation != "none")
    refuse("activation " + activation + " is not known");
  const Value end = dim(padded, 2);
  return {y, slice(padded, 2, subtract(end, numbers({before})), end)};
}

/// [batch, length, heads * size] -> [batch, heads, length, size]
Value split_heads(const Value& value, int64_t heads) {
  return transpose(reshape(value, concat({dim(value, 0), dim(value, 1), numbers({heads, -1})}, 0)),
                   {0, 2, 1, 3});
}

/// Attention whose state is a sum of products of keys and values:
///   state = exp(decay) * state + key * (beta * (value - state . key)),  output = scale * query . state
class LinearAttention {
 public:
  explicit LinearAttention(const Node& node)
      : node_(node),
        rule_(node.text("update_rule", "gated_delta")),
        query_heads_(node.integer("q_num_heads", 0)),
        heads_(node.integer("kv_num_heads", 0)) {
    if (query_heads_ <= 0 || heads_ <= 0 || query_heads_ % heads_ != 0)
      refuse("q_num_heads must be a multiple of kv_num_heads");
  }

  Values build() {
    const ov::element::Type type = node_.input(0).get_element_type();
    const Value query = real(split_heads(node_.input(0), query_heads_));
    const Value key = real(split_heads(node_.input(1), heads_));
    const Value value = real(split_heads(node_.input(2), heads_));
    ov::element::Type state_type = type;
    Value state;
    if (node_.has_input(3)) {
      state_type = node_.input(3).get_element_type();
      state = real(node_.input(3));
    } else {
      state = make<op::Broadcast>(real(number(0)),
                                  concat({dim(key, 0), dim(key, 1), dim(key, 3), dim(value, 3)}, 0));
    }
    add_slice("query", query);
    add_slice("key", key);
    add_slice("value", value);
    if (rule_ == "gated" || rule_ == "gated_delta") add_slice("decay", decay());
    if (rule_ == "delta" || rule_ == "gated_delta") {
      const Value beta = node_.input(5);
      add_slice("beta", real(transpose(unsqueeze(beta, {-1}), {0, 2, 1, 3})));
    }
    loop_state_ = std::make_shared<op::Parameter>(ov::element::f32, state.get_partial_shape());
    body_inputs_.push_back(loop_state_);
    return loop(state, query, type, state_type);
  }

 private:
  static Value real(const Value& value) { return convert(value, ov::element::f32); }

  Value decay() const {
    const Value given = node_.input(4);
    const ov::PartialShape& shape = given.get_partial_shape();
    if (shape.rank().is_static() && shape[2].is_static() && shape[2].get_length() == heads_)
      return real(transpose(unsqueeze(given, {-1}), {0, 2, 1, 3}));
    return real(split_heads(given, heads_));
  }

  void add_slice(const std::string& name, const Value& whole) {
    ov::PartialShape part = whole.get_partial_shape();
    part[2] = 1;
    auto parameter = std::make_shared<op::Parameter>(ov::element::f32, part);
    parameter->set_friendly_name(name);
    slices_.emplace_back(parameter, whole);
    body_inputs_.push_back(parameter);
  }

  /// What the loop's body sees of one input at this step, without its axis of length 1.
  Value now(const std::string& name) const {
    for (const auto& [parameter, whole] : slices_)
      if (parameter->get_friendly_name() == name) return squeeze(parameter->output(0), 2);
    return {};
  }

  Value body_state() const {
    Value state = loop_state_;
    if (const Value gate = now("decay"); gate.get_node())
      state = multiply(state, unsqueeze(make<op::Exp>(gate), {-1}));
    const Value key = unsqueeze(now("key"), {-1});  // [batch, heads, size of keys, 1]
    Value value = now("value");                     // [batch, heads, size of values]
    if (const Value beta = now("beta"); beta.get_node())
      value = multiply(beta, subtract(value, reduce_sum(multiply(state, key), {2})));
    return add(state, multiply(key, unsqueeze(value, {2})));
  }

  Value body_output(const Value& state) const {
    Value read = state;
    if (const int64_t copies = query_heads_ / heads_; copies > 1) {
      const Value repeated = make<op::Tile>(unsqueeze(state, {2}), numbers({1, 1, copies, 1, 1}));
      read = reshape(repeated,
                     concat({dim(state, 0), numbers({query_heads_}), dim(state, 2), dim(state, 3)}, 0));
    }
    const Value query = unsqueeze(now("query"), {-1});
    return unsqueeze(reduce_sum(multiply(read, query), {2}), {2});  // [batch, heads, 1, size of values]
  }

  Values loop(const Value& state, const Value& query, ov::element::Type type, ov::element::Type state_type) {
    const Value fresh = body_state();
    const auto next = std::make_shared<op::Result>(fresh);
    const auto out = std::make_shared<op::Result>(body_output(fresh));
    auto loop = std::make_shared<op::TensorIterator>();
    loop->set_function(std::make_shared<ov::Model>(ov::ResultVector{next, out}, body_inputs_));
    for (const auto& [parameter, whole] : slices_)
      loop->set_sliced_input(parameter, whole, 0, 1, 1, -1, 2);
    loop->set_merged_input(loop_state_, state, next);
    const Value last = loop->get_iter_value(next, -1);
    const Value all = loop->get_concatenated_slices(out, 0, 1, 1, -1, 2);

    const float given = node_.real("scale", 0.0F);
    const Value size = convert(squeeze(dim(query, 3), 0), ov::element::f32);
    const Value scale = given != 0.0F ? like(all, given) : divide(like(all, 1), make<op::Sqrt>(size));
    const Value packed = transpose(multiply(all, scale), {0, 2, 1, 3});
    const Value y = reshape(packed, concat({dim(packed, 0), dim(packed, 1), numbers({-1})}, 0));
    return {convert(y, type), convert(last, state_type)};
  }

  const Node& node_;
  const std::string rule_;
  const int64_t query_heads_;
  const int64_t heads_;
  std::vector<std::pair<std::shared_ptr<op::Parameter>, Value>> slices_;
  ov::ParameterVector body_inputs_;
  std::shared_ptr<op::Parameter> loop_state_;
};

}  // namespace

void add_recurrences(Conversions& conversions) {
  conversions.add("CumProd", cumulative_product);
  conversions.add("CausalConvWithState", causal_convolution);
  conversions.add("LinearAttention", [](const Node& node) { return LinearAttention(node).build(); });
}

}  // namespace cairn::onnx
