// LSTMs as a matrix product over all steps and the rest, which is ours: the engine computes them step after
// step in a reference implementation, one direction after the other.
#pragma once

#include <openvino/core/model.hpp>
#include <openvino/op/op.hpp>

namespace cairn {

/// What is left of an LSTM when the products of its inputs are known.
///   gates [batch, steps, directions * blocks * 64], first hidden state and first cell [batch, directions,
///   hidden], weights [directions, blocks, rows, 64]; see LstmArrays
///   -> [batch, directions, steps, hidden], last hidden state and last cell
class LstmSteps final : public ov::op::Op {
 public:
  OPENVINO_OP("LstmSteps", "cairn");  // NOLINT

  LstmSteps() = default;
  LstmSteps(const ov::OutputVector& inputs, bool begins_at_end);

  void validate_and_infer_types() override;
  bool visit_attributes(ov::AttributeVisitor& visitor) override;
  std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
  bool has_evaluate() const override { return true; }
  bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;

 private:
  bool begins_at_end_ = false;  ///< The first direction; the second one always does.
};

/// Divides the LSTMs over few sequences of known shape, with constant weights and the usual functions. The
/// others stay.
void divide_lstms(const ov::Model& network);

}  // namespace cairn
