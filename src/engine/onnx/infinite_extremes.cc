#include "engine/onnx/infinite_extremes.h"

#include <algorithm>
#include <limits>

#include "engine/onnx/node.h"

namespace cairn::onnx {
namespace {

bool asks_for_infinity(const ov::Input<ov::Node>& consumer) {
  const ov::Node* const node = consumer.get_node();
  return ov::is_type<op::Equal>(node) || ov::is_type<op::NotEqual>(node) || ov::is_type<op::IsInf>(node) ||
         ov::is_type<op::IsFinite>(node);
}

/// What the reduction gives, but infinite if all that it looks at is.
Value corrected(const Value& extreme, float infinity, bool keep) {
  const ov::Node* const reduction = extreme.get_node();
  const Value limit = convert(make<op::Constant>(ov::element::f32, ov::Shape{}, std::vector<float>{infinity}),
                              extreme.get_element_type());
  const Value endless = make<op::Equal>(reduction->input_value(0), limit);
  return select(make<op::ReduceLogicalAnd>(endless, reduction->input_value(1), keep), limit, extreme);
}

}  // namespace

void correct_infinite_extremes(ov::Model& model) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const std::shared_ptr<ov::Node>& node : model.get_ordered_ops()) {
    const auto largest = ov::as_type_ptr<op::ReduceMax>(node);
    const auto smallest = ov::as_type_ptr<op::ReduceMin>(node);
    if ((!largest && !smallest) || !node->get_output_element_type(0).is_real()) continue;
    if (!ov::is_type<op::Constant>(node->input_value(1).get_node()))
      continue;  // The number of dims would be open.
    std::vector<ov::Input<ov::Node>> consumers;
    std::ranges::copy_if(node->output(0).get_target_inputs(), std::back_inserter(consumers),
                         asks_for_infinity);
    if (consumers.empty()) continue;
    const bool keep = largest ? largest->get_keep_dims() : smallest->get_keep_dims();
    const Value value = corrected(node->output(0), largest ? -kInfinity : kInfinity, keep);
    for (ov::Input<ov::Node>& consumer : consumers)
      consumer.replace_source_output(value);
  }
}

}  // namespace cairn::onnx
