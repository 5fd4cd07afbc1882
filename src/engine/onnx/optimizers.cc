// Operators that train: one step of an optimiser. Learning rate R and step number T come first, then all
// tensors X, then their gradients G, then their states.
#include "engine/onnx/conversions.h"

namespace cairn::onnx {
namespace {

constexpr const char* kTraining = "ai.onnx.preview.training";

struct Step {
  Value rate;
  Value count;
  std::vector<Values> tensors;  ///< For each tensor: X, G and its states.
};

Step read_step(const Node& node, size_t states) {
  const size_t kinds = 2 + states;
  if (node.input_count() < 2 + kinds || (node.input_count() - 2) % kinds != 0)
    refuse("the number of inputs does not fit");
  const size_t count = (node.input_count() - 2) / kinds;
  Step step{node.input(0), convert(node.input(1), ov::element::f32), {}};
  for (size_t i = 0; i < count; ++i) {
    Values tensor;
    for (size_t kind = 0; kind < kinds; ++kind)
      tensor.push_back(node.input(2 + kind * count + i));
    step.tensors.push_back(std::move(tensor));
  }
  return step;
}

Value regularized(const Node& node, const Value& x, const Value& gradient) {
  return add(multiply(like(x, node.real("norm_coefficient", 0.0F)), x), gradient);
}

/// `results[kind][tensor]` in the order of the node's outputs.
Values flatten(const std::vector<Values>& results) {
  Values all;
  for (const Values& kind : results)
    all.insert(all.end(), kind.begin(), kind.end());
  return all;
}

Values momentum(const Node& node) {
  const Step step = read_step(node, 1);
  const bool nesterov = node.text("mode", "standard") == "nesterov";
  std::vector<Values> results(2);
  for (const Values& tensor : step.tensors) {
    const Value& x = tensor[0];
    const Value alpha = like(x, node.real("alpha", 0.0F));
    const Value gradient = regularized(node, x, tensor[1]);
    // The first step takes the whole gradient.
    const Value first = make<op::LessEqual>(step.count, like(step.count, 0));
    const Value beta = select(first, like(x, 1), like(x, node.real("beta", 0.0F)));
    const Value state = add(multiply(alpha, tensor[2]), multiply(beta, gradient));
    const Value way = nesterov ? add(gradient, multiply(alpha, state)) : state;
    results[0].push_back(subtract(x, multiply(step.rate, way)));
    results[1].push_back(state);
  }
  return flatten(results);
}

Values adagrad(const Node& node) {
  const Step step = read_step(node, 1);
  std::vector<Values> results(2);
  for (const Values& tensor : step.tensors) {
    const Value& x = tensor[0];
    const Value decay = multiply(step.count, like(step.count, node.real("decay_factor", 0.0F)));
    const Value rate = divide(step.rate, add(decay, like(step.count, 1)));
    const Value gradient = regularized(node, x, tensor[1]);
    const Value state = add(tensor[2], multiply(gradient, gradient));
    const Value scale = add(make<op::Sqrt>(state), like(x, node.real("epsilon", 1e-6F)));
    results[0].push_back(subtract(x, divide(multiply(rate, gradient), scale)));
    results[1].push_back(state);
  }
  return flatten(results);
}

Values adam(const Node& node) {
  const Step step = read_step(node, 2);
  const float alpha = node.real("alpha", 0.9F);
  const float beta = node.real("beta", 0.999F);
  std::vector<Values> results(3);
  for (const Values& tensor : step.tensors) {
    const Value& x = tensor[0];
    const auto mix = [&](const Value& state, float share, const Value& fresh) {
      return add(multiply(like(x, share), state), multiply(like(x, 1 - share), fresh));
    };
    const Value gradient = regularized(node, x, tensor[1]);
    const Value first = mix(tensor[2], alpha, gradient);
    const Value second = mix(tensor[3], beta, multiply(gradient, gradient));
    const auto missing = [&](float share) {  // What the average still lacks after so many steps.
      return subtract(like(step.count, 1), make<op::Power>(like(step.count, share), step.count));
    };
    const Value corrected = divide(multiply(step.rate, make<op::Sqrt>(missing(beta))), missing(alpha));
    const Value rate = select(make<op::Greater>(step.count, like(step.count, 0)), corrected, step.rate);
    const Value scale = add(make<op::Sqrt>(second), like(x, node.real("epsilon", 1e-6F)));
    const Value moved = subtract(x, multiply(rate, divide(first, scale)));
    results[0].push_back(multiply(like(x, 1 - node.real("norm_coefficient_post", 0.0F)), moved));
    results[1].push_back(first);
    results[2].push_back(second);
  }
  return flatten(results);
}

}  // namespace

void add_optimizers(Conversions& conversions) {
  conversions.add("Momentum", kTraining, momentum);
  conversions.add("Adagrad", kTraining, adagrad);
  conversions.add("Adam", kTraining, adam);
}

}  // namespace cairn::onnx
