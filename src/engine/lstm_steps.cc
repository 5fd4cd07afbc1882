#include "engine/lstm_steps.h"

#include <algorithm>
#include <map>
#include <openvino/core/graph_util.hpp>
#include <openvino/core/parallel.hpp>
#include <openvino/core/rt_info.hpp>
#include <openvino/op/add.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/lstm_sequence.hpp>
#include <openvino/op/matmul.hpp>
#include <openvino/op/transpose.hpp>
#include <openvino/op/util/shape_of_base.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/lstm_kernel.h"

namespace cairn {
namespace {

using ov::op::v0::Constant;
using ov::op::v5::LSTMSequence;

// With more sequences the matrices of each step are large enough for the engine's own products.
constexpr int64_t kMostSequences = 4;

enum Input : size_t { kX, kFirstHidden, kFirstCell, kLengths, kWeightsOfX, kWeights, kBias };

/// Computes what does not depend on the network's inputs: readers bring weights into order by operators.
class Folding {
 public:
  /// Null if `value` is not known before a run.
  std::shared_ptr<Constant> find(const ov::Output<ov::Node>& value, size_t depth = kMostDepth) {
    const std::shared_ptr<ov::Node> node = value.get_node_shared_ptr();
    if (auto constant = ov::as_type_ptr<Constant>(node)) return constant;
    const auto [entry, is_new] = known_.emplace(node.get(), ov::OutputVector(node->get_output_size()));
    if (is_new && depth > 0) fold(*node, depth, entry->second);
    const ov::Output<ov::Node>& found = entry->second[value.get_index()];
    return found.get_node() == nullptr ? nullptr : ov::as_type_ptr<Constant>(found.get_node_shared_ptr());
  }

 private:
  static constexpr size_t kMostDepth = 16;

  void fold(ov::Node& node, size_t depth, ov::OutputVector& outputs) {
    ov::OutputVector inputs = node.input_values();
    if (!ov::is_type<ov::op::util::ShapeOfBase>(&node))
      for (ov::Output<ov::Node>& input : inputs) {
        const std::shared_ptr<Constant> known = find(input, depth - 1);
        if (!known) return;
        input = known;
      }
    ov::OutputVector found(outputs.size());
    if (node.constant_fold(found, inputs)) outputs = found;
  }

  std::unordered_map<const ov::Node*, ov::OutputVector> known_;
};

/// What an LSTM knows before a run.
struct LstmConstants {
  std::shared_ptr<Constant> weights_of_x;  ///< [directions, 4 * hidden, length of x]
  std::shared_ptr<Constant> weights;       ///< [directions, 4 * hidden, hidden]
  std::shared_ptr<Constant> bias;          ///< [directions, 4 * hidden]
};

/// What an LSTM reads, in front of the transposition that readers add.
ov::Output<ov::Node> source_of(const LSTMSequence& lstm) {
  const ov::Output<ov::Node> x = lstm.input_value(kX);
  return ov::is_type<ov::op::v1::Transpose>(x.get_node()) ? x.get_node()->input_value(0) : x;
}

std::optional<LstmConstants> find_constants(const LSTMSequence& lstm, Folding& folding) {
  const std::vector<std::string> usual = {"sigmoid", "tanh", "tanh"};
  if (lstm.get_activations() != usual || lstm.get_clip() != 0) return std::nullopt;
  for (size_t i = 0; i < lstm.get_input_size(); ++i)
    if (lstm.get_input_partial_shape(i).is_dynamic() ||
        (i != kLengths && lstm.get_input_element_type(i) != ov::element::f32))
      return std::nullopt;
  const std::shared_ptr<Constant> lengths = folding.find(lstm.input_value(kLengths));
  const auto steps = static_cast<int64_t>(lstm.get_input_shape(kX)[1]);
  const auto is_whole = [&](int64_t length) { return length == steps; };
  if (!lengths || !std::ranges::all_of(lengths->cast_vector<int64_t>(), is_whole)) return std::nullopt;
  LstmConstants found{folding.find(lstm.input_value(kWeightsOfX)), folding.find(lstm.input_value(kWeights)),
                      folding.find(lstm.input_value(kBias))};
  if (!found.weights_of_x || !found.weights || !found.bias) return std::nullopt;
  return found;
}

/// Moves the rows of the gates, [directions, 4 * hidden, length] -> [directions, blocks, gates, units,
/// length].
std::vector<float> in_blocks(const Constant& from, const LstmSizes& sizes, size_t length) {
  std::vector<float> to(sizes.directions * sizes.blocks() * kLstmBlock * length);
  const auto* row = from.get_data_ptr<float>();
  for (size_t direction = 0; direction < sizes.directions; ++direction)
    for (size_t gate = 0; gate < kLstmGates; ++gate)
      for (size_t unit = 0; unit < sizes.hidden; ++unit, row += length) {
        const size_t block = direction * sizes.blocks() + unit / kLstmUnits;
        const size_t place = (block * kLstmGates + gate) * kLstmUnits + unit % kLstmUnits;
        std::copy_n(row, length, to.begin() + static_cast<std::ptrdiff_t>(place * length));
      }
  return to;
}

/// [directions, blocks, rows, gates, units]: in the order in which a step reads them.
std::vector<float> weights_by_row(const Constant& from, const LstmSizes& sizes) {
  const std::vector<float> blocks = in_blocks(from, sizes, sizes.hidden);
  std::vector<float> to(sizes.directions * sizes.blocks() * sizes.rows() * kLstmBlock);
  for (size_t block = 0; block < sizes.directions * sizes.blocks(); ++block)
    for (size_t column = 0; column < kLstmBlock; ++column)
      for (size_t row = 0; row < sizes.hidden; ++row)
        to[(block * sizes.rows() + row) * kLstmBlock + column] =
            blocks[(block * kLstmBlock + column) * sizes.hidden + row];
  return to;
}

void divide(const std::shared_ptr<LSTMSequence>& lstm, const LstmConstants& constants) {
  const ov::Shape x = lstm->get_input_shape(kX);  // [batch, steps, length]
  const ov::Shape weights = lstm->get_input_shape(kWeights);
  const LstmSizes sizes{.batch = x[0], .steps = x[1], .hidden = weights[2], .directions = weights[0]};
  const size_t columns = sizes.directions * sizes.blocks() * kLstmBlock;
  const auto f32 = ov::element::f32;
  const auto of_x = std::make_shared<Constant>(f32, ov::Shape{columns, x[2]},
                                               in_blocks(*constants.weights_of_x, sizes, x[2]));
  const auto bias =
      std::make_shared<Constant>(f32, ov::Shape{1, 1, columns}, in_blocks(*constants.bias, sizes, 1));
  const auto of_hidden =
      std::make_shared<Constant>(f32, ov::Shape{sizes.directions, sizes.blocks(), sizes.rows(), kLstmBlock},
                                 weights_by_row(*constants.weights, sizes));
  const auto product = std::make_shared<ov::op::v0::MatMul>(lstm->input_value(kX), of_x, false, true);
  const auto gates = std::make_shared<ov::op::v1::Add>(product, bias);
  const bool begins_at_end = lstm->get_direction() == ov::op::RecurrentSequenceDirection::REVERSE;
  const auto steps = std::make_shared<LstmSteps>(
      ov::OutputVector{gates, lstm->input_value(kFirstHidden), lstm->input_value(kFirstCell), of_hidden},
      begins_at_end);
  steps->set_friendly_name(lstm->get_friendly_name());
  ov::copy_runtime_info(lstm, {product, gates, steps});
  ov::replace_node(lstm, steps);
}

LstmSizes sizes_of(const ov::Shape& gates, const ov::Shape& hidden) {
  return {.batch = hidden.at(0), .steps = gates.at(1), .hidden = hidden.at(2), .directions = hidden.at(1)};
}

}  // namespace

LstmSteps::LstmSteps(const ov::OutputVector& inputs, bool begins_at_end)
    : Op(inputs), begins_at_end_(begins_at_end) {
  constructor_validate_and_infer_types();
}

void LstmSteps::validate_and_infer_types() {
  const ov::Shape hidden = get_input_shape(1);
  const LstmSizes sizes = sizes_of(get_input_shape(0), hidden);
  // It may come from a file.
  NODE_VALIDATION_CHECK(
      this,
      hidden == get_input_shape(2) &&
          get_input_shape(0) ==
              (ov::Shape{sizes.batch, sizes.steps, sizes.directions * sizes.blocks() * kLstmBlock}) &&
          get_input_shape(3) == (ov::Shape{sizes.directions, sizes.blocks(), sizes.rows(), kLstmBlock}));
  set_output_type(0, ov::element::f32, ov::Shape{sizes.batch, sizes.directions, sizes.steps, sizes.hidden});
  set_output_type(1, ov::element::f32, hidden);
  set_output_type(2, ov::element::f32, hidden);
}

bool LstmSteps::visit_attributes(ov::AttributeVisitor& visitor) {
  visitor.on_attribute("begins_at_end", begins_at_end_);
  return true;
}

std::shared_ptr<ov::Node> LstmSteps::clone_with_new_inputs(const ov::OutputVector& inputs) const {
  return std::make_shared<LstmSteps>(inputs, begins_at_end_);
}

bool LstmSteps::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
  const LstmSizes sizes = sizes_of(inputs[0].get_shape(), inputs[1].get_shape());
  const LstmArrays arrays{.gates = inputs[0].data<const float>(),
                          .first_hidden = inputs[1].data<const float>(),
                          .first_cell = inputs[2].data<const float>(),
                          .last_hidden = outputs[1].data<float>(),
                          .last_cell = outputs[2].data<float>(),
                          .weights = inputs[3].data<const float>(),
                          .output = outputs[0].data<float>()};
  // In the threads that the engine has for this run.
  ov::parallel_for(sizes.directions, [&](size_t direction) {
    run_lstm(sizes, arrays, direction, direction == 1 || begins_at_end_);
  });
  return true;
}

void divide_lstms(const ov::Model& network) {
  std::vector<std::shared_ptr<LSTMSequence>> lstms;
  std::map<ov::Output<ov::Node>, size_t> readers;
  for (const std::shared_ptr<ov::Node>& node : network.get_ordered_ops())
    if (auto lstm = ov::as_type_ptr<LSTMSequence>(node)) {
      ++readers[source_of(*lstm)];
      lstms.push_back(std::move(lstm));
    }
  Folding folding;
  std::vector<std::pair<std::shared_ptr<LSTMSequence>, LstmConstants>> found;
  for (const std::shared_ptr<LSTMSequence>& lstm : lstms) {
    // Of several over one input the engine computes all sequences but the first wrongly.
    const bool is_alone = readers[source_of(*lstm)] == 1;
    const ov::PartialShape& x = lstm->get_input_partial_shape(kX);
    if (is_alone && x.is_static() && x[0].get_length() > kMostSequences) continue;
    if (auto constants = find_constants(*lstm, folding)) found.emplace_back(lstm, std::move(*constants));
  }
  for (const auto& [lstm, constants] : found)
    divide(lstm, constants);
}

}  // namespace cairn
