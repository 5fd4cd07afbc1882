// Networks that go through a sequence step by step.
#include <array>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

/// What one cell of an LSTM does; numbers are the places of the gates in a row of 4 * H.
struct LstmCell {
  int64_t input = 0;
  int64_t forget = 1;
  int64_t output = 2;
  int64_t candidate = 3;
  float forget_bias = 0;
  float clip = 0;  ///< Of the cell's state; 0: none.
};

struct Sequence {
  Value hidden;  ///< [T, N, H].
  Value cell;    ///< [T, N, H]; LSTM only.
};

std::shared_ptr<v0::Parameter> parameter_like(const Value& value, const ov::PartialShape& shape) {
  return std::make_shared<v0::Parameter>(value.get_element_type(), shape);
}

ov::PartialShape first_step(const Value& value) {
  ov::PartialShape shape = value.get_partial_shape();
  shape[0] = 1;
  return shape;
}

/// `gates` [T, N, 4H] is what the input adds to each step; `weights` [H, 4H]; `go_on` [T, N, 1], where 0
/// begins a new sequence, may be empty; `hidden` and `cell` [N, H] are the states before the first step.
Sequence lstm(const Value& gates, const Value& go_on, const Value& weights, const Value& hidden,
              const Value& cell, const LstmCell& kind) {
  const auto gates_in = parameter_like(gates, first_step(gates));
  const auto weights_in = parameter_like(weights, weights.get_partial_shape());
  const auto hidden_in = parameter_like(hidden, hidden.get_partial_shape());
  const auto cell_in = parameter_like(cell, cell.get_partial_shape());
  const auto go_on_in = go_on.get_node() ? parameter_like(go_on, first_step(go_on)) : nullptr;

  Value old_hidden = hidden_in;
  Value old_cell = cell_in;
  if (go_on_in) {
    const Value flag = squeeze(go_on_in, {0});
    old_hidden = multiply(old_hidden, flag);
    old_cell = multiply(old_cell, flag);
  }
  // In this order: with the product last, the CPU plugin adds it into the slice and reads the sum in the next
  // step.
  const Value sum = add(make<v0::MatMul>(old_hidden, weights_in), squeeze(gates_in, {0}));
  const Values parts = std::make_shared<v1::Split>(sum, integer(1), 4)->outputs();
  const auto gate = [&](int64_t place) { return parts[static_cast<size_t>(place)]; };
  const Value forget = make<v0::Sigmoid>(add(gate(kind.forget), kind.forget_bias));
  const Value added = multiply(make<v0::Sigmoid>(gate(kind.input)), make<v0::Tanh>(gate(kind.candidate)));
  Value new_cell = add(multiply(forget, old_cell), added);
  if (kind.clip > 0) new_cell = make<v0::Clamp>(new_cell, -kind.clip, kind.clip);
  const Value new_hidden = multiply(make<v0::Sigmoid>(gate(kind.output)), make<v0::Tanh>(new_cell));
  const auto hidden_row = std::make_shared<v0::Result>(unsqueeze(new_hidden, {0}));
  const auto cell_row = std::make_shared<v0::Result>(unsqueeze(new_cell, {0}));
  const auto hidden_state = std::make_shared<v0::Result>(new_hidden);
  const auto cell_state = std::make_shared<v0::Result>(new_cell);

  ov::ParameterVector parameters = {gates_in, weights_in, hidden_in, cell_in};
  if (go_on_in) parameters.push_back(go_on_in);
  const auto loop = std::make_shared<v0::TensorIterator>();
  loop->set_body(std::make_shared<ov::Model>(ov::ResultVector{hidden_row, cell_row, hidden_state, cell_state},
                                             parameters));
  loop->set_sliced_input(gates_in, gates, 0, 1, 1, -1, 0);
  if (go_on_in) loop->set_sliced_input(go_on_in, go_on, 0, 1, 1, -1, 0);
  loop->set_invariant_input(weights_in, weights);
  loop->set_merged_input(hidden_in, hidden, hidden_state);
  loop->set_merged_input(cell_in, cell, cell_state);
  const Value hidden_rows = loop->get_concatenated_slices(hidden_row, 0, 1, 1, -1, 0);
  const Value cell_rows = loop->get_concatenated_slices(cell_row, 0, 1, 1, -1, 0);
  return {hidden_rows, cell_rows};
}

/// [N, H] of zeros for x of [T, N, ...].
Value zero_state(const Value& x, int64_t size) {
  const Value batch = make<v8::Gather>(shape_of(x), integers({1}), integer(0));
  return make<v3::Broadcast>(number(0, x), concat({batch, integers({size})}, 0));
}

Value state(const Arguments& op, std::string_view port, const Value& x, int64_t size) {
  return op.has(port) ? reshape(op.input(port), {-1, size}) : zero_state(x, size);
}

/// [T, N] or [T, N, 1] as [T, N, 1] of the type of x.
Value continuation(const Value& cont, const Value& x) {
  const Value flags = convert_like(cont, x);
  return rank_of(flags) == 2 ? unsqueeze(flags, {2}) : reshape(flags, {0, 0, -1}, true);
}

Value last(const Value& sequence) {
  return slice(sequence, 0, -1, INT64_MAX);
}

/// Elements of each step as one row: [T, N, I].
Value rows_of_steps(const Value& x) {
  return rank_of(x) == 3 ? x : reshape(x, {0, 0, -1}, true);
}

int64_t hidden_size(const Value& weights, int64_t gates) {
  const int64_t rows = dims_of(weights)[0];
  if (rows % gates != 0) refuse("the weights have {} rows, which is no multiple of {}", rows, gates);
  return rows / gates;
}

Values lstm_layer(const Arguments& op) {
  const Value x = rows_of_steps(op.input("x"));
  const int64_t size = hidden_size(op.input("w_x"), 4);
  Value gates = add(make<v0::MatMul>(x, op.input("w_x"), false, true), op.input("bias"));
  if (op.has("x_static")) {
    if (!op.has("w_x_static")) refuse("input w_x_static is missing");
    const Value fixed =
        make<v0::MatMul>(reshape(op.input("x_static"), {0, -1}, true), op.input("w_x_static"), false, true);
    gates = add(gates, unsqueeze(fixed, {0}));
  }
  const Sequence found = lstm(gates, continuation(op.input("cont"), x), transpose(op.input("w_h"), {1, 0}),
                              state(op, "h_0", x, size), state(op, "c_0", x, size), LstmCell());
  return {found.hidden, last(found.hidden), last(found.cell)};
}

/// h = tanh(W_hh (cont * h) + W_xh x + b_h), o = tanh(W_ho h + b_o).
Values rnn_layer(const Arguments& op) {
  const Value x = rows_of_steps(op.input("x"));
  const int64_t size = dims_of(op.input("w_xh"))[0];
  Value sums = add(make<v0::MatMul>(x, op.input("w_xh"), false, true), op.input("bias_h"));
  if (op.has("x_static")) {
    if (!op.has("w_sh")) refuse("input w_sh is missing");
    const Value fixed =
        make<v0::MatMul>(reshape(op.input("x_static"), {0, -1}, true), op.input("w_sh"), false, true);
    sums = add(sums, unsqueeze(fixed, {0}));
  }
  const Value weights = transpose(op.input("w_hh"), {1, 0});
  const Value go_on = continuation(op.input("cont"), x);
  const Value hidden = state(op, "h_0", x, size);
  const auto sums_in = parameter_like(sums, first_step(sums));
  const auto go_on_in = parameter_like(go_on, first_step(go_on));
  const auto weights_in = parameter_like(weights, weights.get_partial_shape());
  const auto hidden_in = parameter_like(hidden, hidden.get_partial_shape());
  const Value kept = multiply(hidden_in, squeeze(go_on_in, {0}));
  const Value new_hidden = make<v0::Tanh>(add(make<v0::MatMul>(kept, weights_in), squeeze(sums_in, {0})));
  const auto row = std::make_shared<v0::Result>(unsqueeze(new_hidden, {0}));
  const auto next = std::make_shared<v0::Result>(new_hidden);
  const auto loop = std::make_shared<v0::TensorIterator>();
  loop->set_body(std::make_shared<ov::Model>(ov::ResultVector{row, next},
                                             ov::ParameterVector{sums_in, go_on_in, weights_in, hidden_in}));
  loop->set_sliced_input(sums_in, sums, 0, 1, 1, -1, 0);
  loop->set_sliced_input(go_on_in, go_on, 0, 1, 1, -1, 0);
  loop->set_invariant_input(weights_in, weights);
  loop->set_merged_input(hidden_in, hidden, next);
  const Value states = loop->get_concatenated_slices(row, 0, 1, 1, -1, 0);
  const Value sum = add(make<v0::MatMul>(states, op.input("w_ho"), false, true), op.input("bias_o"));
  return {make<v0::Tanh>(sum), last(states)};
}

/// w [I + H, 4H] for rows of x and h side by side; gates in the order of gate_order, j is the candidate.
Values dynamic_rnn(const Arguments& op) {
  if (op.text("cell_type") != "LSTM") refuse("cell_type {} is not supported", op.text("cell_type"));
  if (op.text("direction") != "UNIDIRECTIONAL") refuse("direction {} is not supported", op.text("direction"));
  if (op.text("activation") != "tanh") refuse("activation {} is not supported", op.text("activation"));
  if (op.has("seq_length")) refuse("seq_length is not supported");
  if (op.flag("use_peephole") || op.integer("num_proj") != 0)
    refuse("peepholes and projections are not supported");
  const bool time_major = op.flag("time_major");
  const Value x = time_major ? op.input("x") : transpose(op.input("x"), {1, 0, 2});
  const int64_t size = dims_of(op.input("w"))[1] / 4;
  const int64_t inputs = dims_of(op.input("w"))[0] - size;
  const Value w_x = slice(op.input("w"), 0, 0, inputs);
  const Value w_h = slice(op.input("w"), 0, inputs, inputs + size);
  LstmCell cell;
  if (op.text("gate_order") == "ijfo")
    cell = {0, 2, 3, 1, 0, 0};
  else if (op.text("gate_order") == "ifjo")
    cell = {0, 1, 3, 2, 0, 0};
  else
    refuse("gate_order is {}, allowed are ijfo and ifjo", op.text("gate_order"));
  cell.forget_bias = op.number("forget_bias");
  cell.clip = std::max(op.number("cell_clip"), 0.0F);
  const Value gates = add(make<v0::MatMul>(x, w_x), op.input("b"));
  const Sequence found =
      lstm(gates, Value(), w_h, state(op, "init_h", x, size), state(op, "init_c", x, size), cell);
  const auto laid = [&](const Value& value) { return time_major ? value : transpose(value, {1, 0, 2}); };
  return {laid(found.hidden), laid(found.hidden), laid(found.cell)};
}

/// Blocks of H rows in another order.
Value reordered(const Value& weights, int64_t axis, const std::vector<int64_t>& order) {
  const Values parts = std::make_shared<v1::Split>(weights, integer(axis), order.size())->outputs();
  Values sorted;
  for (const int64_t place : order)
    sorted.push_back(parts[static_cast<size_t>(place)]);
  return concat(sorted, axis);
}

ov::op::RecurrentSequenceDirection direction(const std::string& name) {
  if (name == "forward" || name == "UNIDIRECTIONAL") return ov::op::RecurrentSequenceDirection::FORWARD;
  if (name == "reverse" || name == "REDIRECTIONAL") return ov::op::RecurrentSequenceDirection::REVERSE;
  if (name == "bidirectional" || name == "BIDIRECTIONAL")
    return ov::op::RecurrentSequenceDirection::BIDIRECTIONAL;
  refuse("direction {} is not supported", name);
}

void only_default_activations(const Arguments& op) {
  if (!op.texts("activations").empty()) refuse("activations other than the default are not supported");
}

/// What the engine's sequences take, from tensors laid out as in ONNX.
struct OnnxSequence {
  Value x;        ///< [N, T, I].
  Value hidden;   ///< [N, directions, H].
  Value lengths;  ///< [N].
  int64_t directions = 1;
};

OnnxSequence onnx_sequence(const Arguments& op) {
  OnnxSequence in;
  in.x = transpose(op.input("x"), {1, 0, 2});
  in.directions = dims_of(op.input("w"))[0];
  const Value shape = shape_of(in.x);
  const Value batch = make<v8::Gather>(shape, integers({0}), integer(0));
  const Value steps = make<v8::Gather>(shape, integers({1}), integer(0));
  const Value zero = make<v3::Broadcast>(
      number(0, in.x), concat({batch, integers({in.directions, op.integer("hidden_size")})}, 0));
  in.hidden = op.has("initial_h") ? transpose(op.input("initial_h"), {1, 0, 2}) : zero;
  in.lengths = op.has("sequence_lens") ? op.input("sequence_lens") : make<v3::Broadcast>(steps, batch);
  return in;
}

/// Sum of the two halves of a bias, in the engine's order of gates.
Value summed_bias(const Arguments& op, int64_t gates, const std::vector<int64_t>& order, const Value& x,
                  int64_t directions) {
  const int64_t rows = gates * op.integer("hidden_size");
  if (!op.has("b")) return make<v3::Broadcast>(number(0, x), integers({directions, rows}));
  return reordered(add(slice(op.input("b"), 1, 0, rows), slice(op.input("b"), 1, rows, 2 * rows)), 1, order);
}

/// ONNX has the gates as input, output, forget, cell; the engine as forget, input, cell, output.
Values common_lstm(const Arguments& op) {
  only_default_activations(op);
  if (op.integer("input_forget") != 0 || op.has("p")) refuse("input_forget and peepholes are not supported");
  const std::vector<int64_t> order = {2, 0, 3, 1};
  const OnnxSequence in = onnx_sequence(op);
  const Value cell = op.has("initial_c") ? transpose(op.input("initial_c"), {1, 0, 2})
                                         : make<v3::Broadcast>(number(0, in.x), shape_of(in.hidden));
  const auto node = std::make_shared<v5::LSTMSequence>(
      in.x, in.hidden, cell, in.lengths, reordered(op.input("w"), 1, order),
      reordered(op.input("r"), 1, order), summed_bias(op, 4, order, in.x, in.directions),
      op.integer("hidden_size"), direction(op.text("direction")), std::vector<float>{}, std::vector<float>{},
      std::vector<std::string>{"sigmoid", "tanh", "tanh"}, std::max(op.number("clip"), 0.0F));
  return {transpose(node->output(0), {2, 1, 0, 3}), transpose(node->output(1), {1, 0, 2}),
          transpose(node->output(2), {1, 0, 2})};
}

/// Gates update, reset, hidden in both.
Values common_gru(const Arguments& op) {
  only_default_activations(op);
  const OnnxSequence in = onnx_sequence(op);
  const bool linear = op.integer("linear_before_reset") != 0;
  const int64_t size = op.integer("hidden_size");
  Value bias;
  if (!op.has("b")) {
    bias = make<v3::Broadcast>(number(0, in.x), integers({in.directions, (linear ? 4 : 3) * size}));
  } else if (!linear) {
    bias = summed_bias(op, 3, {0, 1, 2}, in.x, in.directions);
  } else {
    // The last gate keeps its two halves apart.
    const Value b = op.input("b");
    const Value gates = add(slice(b, 1, 0, 2 * size), slice(b, 1, 3 * size, 5 * size));
    bias = concat({gates, slice(b, 1, 2 * size, 3 * size), slice(b, 1, 5 * size, 6 * size)}, 1);
  }
  const auto node = std::make_shared<v5::GRUSequence>(
      in.x, in.hidden, in.lengths, op.input("w"), op.input("r"), bias, static_cast<size_t>(size),
      direction(op.text("direction")), std::vector<std::string>{"sigmoid", "tanh"}, std::vector<float>{},
      std::vector<float>{}, std::max(op.number("clip"), 0.0F), linear);
  return {transpose(node->output(0), {2, 1, 0, 3}), transpose(node->output(1), {1, 0, 2})};
}

/// MindSpore's GRU: x [T, N, I], weight_input [I, 3H], weight_hidden [H, 3H].
Values dynamic_gru(const Arguments& op) {
  if (op.text("activation") != "tanh") refuse("activation {} is not supported", op.text("activation"));
  if (op.integer("num_proj") != 0) refuse("projections are not supported");
  const std::string& gates = op.text("gate_order");
  if (gates != "zrh" && gates != "rzh") refuse("gate_order is {}, allowed are zrh and rzh", gates);
  const std::string& way = op.text("direction");
  if (way != "UNIDIRECTIONAL" && way != "REDIRECTIONAL") refuse("direction {} is not supported", way);
  const bool time_major = op.flag("time_major");
  const Value x = time_major ? transpose(op.input("x"), {1, 0, 2}) : op.input("x");
  const int64_t size = dims_of(op.input("weight_hidden"))[0];
  const bool after = op.flag("reset_after");
  // [..., 3H] as [1, 3H, ...] in the engine's order.
  const auto ordered = [&](const Value& weights) {
    const int64_t last = rank_of(weights) - 1;
    Value value = gates == "zrh" ? weights : reordered(weights, last, {1, 0, 2});
    if (last == 1) value = transpose(value, {1, 0});
    return unsqueeze(convert_like(value, x), {0});
  };
  const auto bias_of = [&](std::string_view port) {
    return op.has(port) ? ordered(op.input(port))
                        : make<v3::Broadcast>(number(0, x), integers({1, 3 * size}));
  };
  const Value of_input = bias_of("bias_input");
  const Value of_hidden = bias_of("bias_hidden");
  Value bias = add(of_input, of_hidden);
  // The last gate keeps its two halves apart.
  if (after)
    bias = concat({slice(bias, 1, 0, 2 * size), slice(of_input, 1, 2 * size, 3 * size),
                   slice(of_hidden, 1, 2 * size, 3 * size)},
                  1);
  const Value shape = shape_of(x);
  const Value batch = make<v8::Gather>(shape, integers({0}), integer(0));
  const Value steps = make<v8::Gather>(shape, integers({1}), integer(0));
  const Value hidden = op.has("init_h")
                           ? reshape(convert_like(op.input("init_h"), x), {-1, 1, size})
                           : make<v3::Broadcast>(number(0, x), concat({batch, integers({1, size})}, 0));
  const Value lengths = op.has("seq_length") ? convert(op.input("seq_length"), ov::element::i32)
                                             : make<v3::Broadcast>(steps, batch);
  const auto node = std::make_shared<v5::GRUSequence>(
      x, hidden, lengths, ordered(op.input("weight_input")), ordered(op.input("weight_hidden")), bias,
      static_cast<size_t>(size), direction(way), std::vector<std::string>{"sigmoid", "tanh"},
      std::vector<float>{}, std::vector<float>{}, std::max(op.number("cell_clip"), 0.0F), after);
  const Value rows = squeeze(node->output(0), {1});
  const Value y = time_major ? transpose(rows, {1, 0, 2}) : rows;
  return {y, y};
}

constexpr std::array kEntries = std::to_array<Entry>({
    {"CommonGRU", "x, w, r, b?, sequence_lens?: i32, initial_h?", "y, y_h",
     "activation_alpha [float]={}; activation_beta [float]={}; activations [str]={}; clip Float=-1.0; "
     "direction String=forward; hidden_size Int; linear_before_reset Int=0",
     "f16 f32", common_gru},
    {"CommonLSTM", "x, w, r, b?, sequence_lens?: i32, initial_h?, initial_c?, p?", "y, y_h, y_c",
     "activation_alpha [float]={}; activation_beta [float]={}; activations [str]={}; clip Float=-1.0; "
     "direction String=forward; hidden_size Int; input_forget Int=0",
     "f16 f32", common_lstm},
    {"DynamicGRUV2",
     "x, weight_input, weight_hidden, bias_input?, bias_hidden?, seq_length?: i32 f16, init_h?",
     "y, output_h, update, reset, new, hidden_new",
     "direction String=UNIDIRECTIONAL; cell_depth Int=1; keep_prob Float=1.0; cell_clip Float=-1.0; num_proj "
     "Int=0; time_major Bool=true; activation String=tanh; gate_order String=zrh; reset_after Bool=true; "
     "is_training Bool=true",
     "f16 f32", dynamic_gru},
    {"DynamicRNN", "x, w, b, seq_length?: i32, init_h?, init_c?, wci?, wcf?, wco?, mask?: u8",
     "y, output_h, output_c, i, j, f, o, tanhc",
     "cell_type String=LSTM; direction String=UNIDIRECTIONAL; cell_depth Int=1; use_peephole Bool=false; "
     "keep_prob Float=1.0; cell_clip Float=-1.0; num_proj Int=0; time_major Bool=true; activation "
     "String=tanh; "
     "forget_bias Float=0.0; gate_order String=ijfo; is_training Bool=true",
     "f16 f32", dynamic_rnn},
    {"LSTM", "x, cont, w_x, bias, w_h, x_static?, h_0?, c_0?, w_x_static?", "h, h_t, c_t",
     "num_output Int=0; expose_hidden Bool=false", "f16 f32", lstm_layer},
    {"RNN", "x, cont, x_static?, h_0?, w_xh, bias_h, w_sh?, w_hh, w_ho, bias_o", "o, h_t",
     "num_output Int=0; expose_hidden Bool=false", "f16 f32", rnn_layer},
});

}  // namespace

std::span<const Entry> recurrent_operators() {
  return kEntries;
}

}  // namespace cairn::ops
