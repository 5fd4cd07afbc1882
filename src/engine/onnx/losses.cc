// NegativeLogLikelihoodLoss.
#include <numeric>

#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

std::vector<int64_t> all_axes(const Value& value) {
  std::vector<int64_t> axes(rank_of(value));
  std::iota(axes.begin(), axes.end(), int64_t{0});
  return axes;
}

/// Scores are [N, C, d1, ...], targets [N, d1, ...]; the loss of a target is minus its class's score.
Values negative_log_likelihood(const Node& node) {
  const Value scores = node.input(0);
  Value classes = node.input(1);
  Value ignored;
  if (node.has_attribute("ignore_index")) {
    ignored = make<op::Equal>(classes, like(classes, static_cast<double>(node.integer("ignore_index", 0))));
    classes = select(ignored, like(classes, 0), classes);
  }
  const Value chosen = squeeze(make<op::GatherElements>(scores, unsqueeze(classes, {1}), 1), 1);
  Value loss = make<op::Negative>(chosen);

  const bool has_weights = node.has_input(2);
  Value weights = has_weights ? make<op::Gather>(node.input(2), classes, number(0))
                              : make<op::Broadcast>(like(scores, 1), shape(classes));
  const bool is_weighted = has_weights || ignored.get_node() != nullptr;
  if (ignored.get_node() != nullptr) weights = select(ignored, like(weights, 0), weights);
  if (is_weighted) loss = multiply(loss, weights);

  const std::string reduction = node.text("reduction", "mean");
  if (reduction == "none") return {loss};
  if (reduction == "sum") return {reduce_sum(loss, all_axes(loss))};
  if (reduction != "mean") refuse("reduction " + reduction + " is not known");
  return {divide(reduce_sum(loss, all_axes(loss)), reduce_sum(weights, all_axes(weights)))};
}

}  // namespace

void add_losses(Conversions& conversions) {
  conversions.add("NegativeLogLikelihoodLoss", negative_log_likelihood);
}

}  // namespace cairn::onnx
