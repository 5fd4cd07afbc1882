// Losses, and steps of optimizers.
#include <array>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

Value square(const Value& value) {
  return multiply(value, value);
}

/// All elements: their mean, their sum, or as they are.
Value reduced(const Value& loss, const std::string& reduction) {
  if (reduction == "none") return loss;
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank_of(loss); ++i)
    axes.push_back(i);
  if (reduction == "mean") return make<v1::ReduceMean>(loss, integers(axes), false);
  if (reduction == "sum") return make<v1::ReduceSum>(loss, integers(axes), false);
  refuse("reduction is {}, allowed are none, mean and sum", reduction);
}

/// What a gradient of a mean is divided by.
Value per_element(const Value& gradient, const Value& like, const std::string& reduction) {
  if (reduction != "mean") return gradient;
  double count = 1;
  for (const int64_t dim : dims_of(like))
    count *= static_cast<double>(dim);
  return multiply(gradient, 1 / count);
}

Values l2_loss(const Arguments& op) {
  return {multiply(reduced(square(op.input("x")), "sum"), 0.5)};
}

Values lp_loss(const Arguments& op) {
  if (op.integer("p") != 1) refuse("p is {}, supported is 1", op.integer("p"));
  return {reduced(make<v0::Abs>(subtract(op.input("predict"), op.input("label"))), op.text("reduction"))};
}

Values mse_loss(const Arguments& op) {
  return {reduced(square(subtract(op.input("predict"), op.input("label"))), op.text("reduction"))};
}

Values mse_loss_grad(const Arguments& op) {
  const Value predict = op.input("predict");
  const Value slope = multiply(subtract(predict, op.input("label")), 2);
  return {per_element(multiply(slope, op.input("dout")), predict, op.text("reduction"))};
}

Values l1_loss_grad(const Arguments& op) {
  const Value predict = op.input("predict");
  const Value sign = make<v0::Sign>(subtract(predict, op.input("label")));
  return {per_element(multiply(op.input("grads"), sign), predict, op.text("reduction"))};
}

/// 0.5 d^2 / sigma below sigma, else |d| - sigma / 2.
Value smooth(const Value& difference, double sigma) {
  const Value distance = make<v0::Abs>(difference);
  return select(less(distance, number(sigma, distance)), multiply(square(distance), 0.5 / sigma),
                add(distance, -0.5 * sigma));
}

Values smooth_l1_loss(const Arguments& op) {
  return {smooth(subtract(op.input("predict"), op.input("label")), op.number("sigma"))};
}

Values smooth_l1_loss_v2(const Arguments& op) {
  return {reduced(smooth(subtract(op.input("predict"), op.input("label")), op.number("sigma")),
                  op.text("reduction"))};
}

Values smooth_l1_loss_grad(const Arguments& op) {
  const double sigma = op.number("sigma");
  const Value difference = subtract(op.input("predict"), op.input("label"));
  return {multiply(op.input("dout"), make<v0::Clamp>(multiply(difference, 1 / sigma), -1.0, 1.0))};
}

/// max(x, 0) - x * z + log(1 + exp(-|x|)).
Value sigmoid_cross_entropy(const Value& x, const Value& target) {
  const Value soft = make<v4::SoftPlus>(make<v0::Negative>(make<v0::Abs>(x)));
  return add(subtract(make<v0::Relu>(x), multiply(x, target)), soft);
}

Values sigmoid_cross_entropy_layer(const Arguments& op) {
  return {sigmoid_cross_entropy(op.input("predict"), op.input("target"))};
}

Values sigmoid_cross_entropy_v2(const Arguments& op) {
  const Value x = op.input("predict");
  const Value target = op.input("target");
  if (op.has("pos_weight")) refuse("pos_weight is not supported");
  Value loss = sigmoid_cross_entropy(x, target);
  if (op.has("weight")) loss = multiply(loss, op.input("weight"));
  return {reduced(loss, op.text("reduction"))};
}

Values sigmoid_cross_entropy_grad(const Arguments& op) {
  return {multiply(subtract(make<v0::Sigmoid>(op.input("predict")), op.input("target")), op.input("dout"))};
}

/// Loss of each row, and softmax less labels.
Values softmax_cross_entropy(const Arguments& op) {
  const Value features = op.input("features");
  const Value labels = op.input("labels");
  const Value log = make<v5::LogSoftmax>(features, -1);
  const Value loss = make<v0::Negative>(make<v1::ReduceSum>(multiply(labels, log), integers({-1}), false));
  return {loss, subtract(make<v0::Exp>(log), labels)};
}

Values sparse_softmax_cross_entropy(const Arguments& op) {
  const Value features = op.input("features");
  const int64_t classes = dims_of(features).back();
  const Value labels =
      make<v1::OneHot>(op.input("labels"), integer(classes), number(1, features), number(0, features), -1);
  const Value log = make<v5::LogSoftmax>(features, -1);
  const Value loss = make<v0::Negative>(make<v1::ReduceSum>(multiply(labels, log), integers({-1}), false));
  return {loss, subtract(make<v0::Exp>(log), labels)};
}

Values binary_cross_entropy(const Arguments& op) {
  const Value x = op.input("x");
  const Value y = op.input("y");
  // As elsewhere, logarithms stop at -100.
  const auto log = [](const Value& value) {
    return make<v1::Maximum>(make<v0::Log>(value), number(-100, value));
  };
  const Value one = number(1, x);
  Value loss =
      make<v0::Negative>(add(multiply(y, log(x)), multiply(subtract(one, y), log(subtract(one, x)))));
  if (op.has("weight")) loss = multiply(loss, op.input("weight"));
  return {reduced(loss, op.text("reduction"))};
}

/// target * (log(target) - x), 0 where the target is.
Values kl_divergence(const Arguments& op) {
  const Value x = op.input("x");
  const Value target = op.input("target");
  const Value positive = greater(target, number(0, target));
  const Value log = make<v0::Log>(select(positive, target, number(1, target)));
  const Value loss = select(positive, multiply(target, subtract(log, x)), number(0, target));
  const std::string& reduction = op.text("reduction");
  if (reduction != "batchmean") return {reduced(loss, reduction)};
  return {multiply(reduced(loss, "sum"), 1.0 / static_cast<double>(std::max<int64_t>(dims_of(x)[0], 1)))};
}

Values gradient_descent(const Arguments& op) {
  return {subtract(op.input("var"), multiply(op.input("alpha"), op.input("delta")))};
}

Values momentum(const Arguments& op) {
  const Value accum = add(multiply(op.input("accum"), op.input("momentum")), op.input("grad"));
  const Value step =
      op.flag("use_nesterov") ? add(op.input("grad"), multiply(accum, op.input("momentum"))) : accum;
  return {subtract(op.input("var"), multiply(op.input("lr"), step)), accum};
}

Values adagrad(const Arguments& op) {
  const Value grad = op.input("grad");
  const Value accum = op.flag("update_slots") ? add(op.input("accum"), square(grad)) : op.input("accum");
  return {subtract(op.input("var"), divide(multiply(op.input("lr"), grad), make<v0::Sqrt>(accum))), accum};
}

Values rms_prop(const Arguments& op) {
  const Value grad = op.input("grad");
  const Value rho = op.input("rho");
  const Value ms =
      add(op.input("ms"), multiply(subtract(square(grad), op.input("ms")), subtract(number(1, rho), rho)));
  const Value step = divide(multiply(op.input("lr"), grad), make<v0::Sqrt>(add(ms, op.input("epsilon"))));
  const Value mom = add(multiply(op.input("mom"), op.input("momentum")), step);
  return {subtract(op.input("var"), mom), ms, mom};
}

Values adam(const Arguments& op) {
  const Value grad = op.input("grad");
  const Value beta1 = op.input("beta1");
  const Value beta2 = op.input("beta2");
  const Value one = number(1, grad);
  const Value m = add(multiply(op.input("m"), beta1), multiply(grad, subtract(one, beta1)));
  const Value v = add(multiply(op.input("v"), beta2), multiply(square(grad), subtract(one, beta2)));
  const Value rate = multiply(op.input("lr"), divide(make<v0::Sqrt>(subtract(one, op.input("beta2_power"))),
                                                     subtract(one, op.input("beta1_power"))));
  const Value direction =
      op.flag("use_nesterov") ? add(multiply(m, beta1), multiply(grad, subtract(one, beta1))) : m;
  const Value step = divide(multiply(rate, direction), add(make<v0::Sqrt>(v), op.input("epsilon")));
  return {subtract(op.input("var"), step), m, v};
}

constexpr std::string_view kFloats = "f16 f32 f64 bf16";
constexpr std::string_view kReduction = "reduction String=mean";
constexpr std::string_view kLocking = "use_locking Bool=false";
constexpr std::string_view kNesterov = "use_nesterov Bool=false; use_locking Bool=false";

constexpr std::array kEntries = std::to_array<Entry>({
    {"ApplyAdagrad", "var, accum, lr, grad", "var, accum", "update_slots Bool=true; use_locking Bool=false",
     kFloats, adagrad},
    {"ApplyAdam", "var, m, v, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad", "var, m, v",
     "use_locking Bool=false; use_nesterov Bool=false", kFloats, adam},
    {"ApplyGradientDescent", "var, alpha, delta", "var", kLocking, kFloats, gradient_descent},
    {"ApplyMomentum", "var, accum, lr, grad, momentum", "var, accum", kNesterov, kFloats, momentum},
    {"ApplyRMSProp", "var, ms, mom, lr, rho, momentum, epsilon, grad", "var, ms, mom", kLocking, kFloats,
     rms_prop},
    {"BinaryCrossEntropy", "x, y, weight?", "output", kReduction, kFloats, binary_cross_entropy},
    {"KLDiv", "x, target", "y", "reduction String; log_target Bool=false", kFloats, kl_divergence},
    {"L1LossGrad", "grads, predict, label", "y", kReduction, kFloats, l1_loss_grad},
    {"L2Loss", "x", "y", "", kFloats, l2_loss},
    {"LpLoss", "predict, label", "y", "p Int; reduction String=mean", kFloats, lp_loss},
    {"MseLoss", "predict, label", "y", kReduction, kFloats, mse_loss},
    {"MseLossGrad", "predict, label, dout", "y", kReduction, kFloats, mse_loss_grad},
    {"SigmoidCrossEntropyWithLogits", "predict, target", "loss", "", kFloats, sigmoid_cross_entropy_layer},
    {"SigmoidCrossEntropyWithLogitsGrad", "predict, target, dout", "gradient", "", kFloats,
     sigmoid_cross_entropy_grad},
    {"SigmoidCrossEntropyWithLogitsV2", "predict, target, weight?, pos_weight?", "loss", kReduction, kFloats,
     sigmoid_cross_entropy_v2},
    {"SmoothL1Loss", "predict, label", "loss", "sigma Float=1.0", kFloats, smooth_l1_loss},
    {"SmoothL1LossGrad", "predict, label, dout", "gradient", "sigma Float=1.0", kFloats, smooth_l1_loss_grad},
    {"SmoothL1LossV2", "predict, label", "loss", "sigma Float=1.0; reduction String=mean", kFloats,
     smooth_l1_loss_v2},
    {"SoftmaxCrossEntropyWithLogits", "features, labels", "loss, backprop", "", kFloats,
     softmax_cross_entropy},
    {"SparseSoftmaxCrossEntropyWithLogits", "features, labels: Index", "loss, backprop", "", kFloats,
     sparse_softmax_cross_entropy},
});

}  // namespace

std::span<const Entry> training_operators() {
  return kEntries;
}

}  // namespace cairn::ops
