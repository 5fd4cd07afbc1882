#include "engine/element_network.h"

#include <algorithm>
#include <array>
#include <openvino/op/ops.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "engine/engine_types.h"

namespace cairn {
namespace {

using element::ElementProgram;
using element::Function;
using element::Kernel;
using element::Source;
using element::ValueId;
namespace op = ov::op;

struct NamedFunction {
  std::string_view node;
  Function function;
};

/// Nodes that are one step, whatever their attributes.
constexpr std::array kFunctions = std::to_array<NamedFunction>({
    {"Abs", Function::kAbs},
    {"Acos", Function::kAcos},
    {"Acosh", Function::kAcosh},
    {"Add", Function::kAdd},
    {"Asin", Function::kAsin},
    {"Asinh", Function::kAsinh},
    {"Atan", Function::kAtan},
    {"Atanh", Function::kAtanh},
    {"BitwiseAnd", Function::kBitwiseAnd},
    {"BitwiseLeftShift", Function::kShiftLeft},
    {"BitwiseNot", Function::kBitwiseNot},
    {"BitwiseOr", Function::kBitwiseOr},
    {"BitwiseRightShift", Function::kShiftRight},
    {"BitwiseXor", Function::kBitwiseXor},
    {"Ceiling", Function::kCeiling},
    {"Cos", Function::kCos},
    {"Cosh", Function::kCosh},
    {"Divide", Function::kDivide},
    {"Equal", Function::kEqual},
    {"Erf", Function::kErf},
    {"Exp", Function::kExp},
    {"Floor", Function::kFloor},
    {"FloorMod", Function::kFloorMod},
    {"Greater", Function::kGreater},
    {"GreaterEqual", Function::kGreaterEqual},
    {"HSwish", Function::kHSwish},
    {"IsFinite", Function::kIsFinite},
    {"IsNaN", Function::kIsNan},
    {"Less", Function::kLess},
    {"LessEqual", Function::kLessEqual},
    {"Log", Function::kLog},
    {"LogicalAnd", Function::kLogicalAnd},
    {"LogicalNot", Function::kLogicalNot},
    {"LogicalOr", Function::kLogicalOr},
    {"LogicalXor", Function::kLogicalXor},
    {"Maximum", Function::kMaximum},
    {"Minimum", Function::kMinimum},
    {"Mish", Function::kMish},
    {"Mod", Function::kMod},
    {"Multiply", Function::kMultiply},
    {"Negative", Function::kNegative},
    {"NotEqual", Function::kNotEqual},
    {"Power", Function::kPower},
    {"Relu", Function::kRelu},
    {"Select", Function::kSelect},
    {"Sigmoid", Function::kSigmoid},
    {"Sign", Function::kSign},
    {"Sin", Function::kSin},
    {"Sinh", Function::kSinh},
    {"SoftPlus", Function::kSoftPlus},
    {"SoftSign", Function::kSoftSign},
    {"Sqrt", Function::kSqrt},
    {"SquaredDifference", Function::kSquaredDifference},
    {"Subtract", Function::kSubtract},
    {"Tan", Function::kTan},
    {"Tanh", Function::kTanh},
});

std::optional<Function> function_of(const ov::Node& node) {
  const auto found = std::ranges::find(kFunctions, node.get_type_info().name, &NamedFunction::node);
  if (found != kFunctions.end()) return found->function;
  if (const auto* gelu = ov::as_type<const op::v7::Gelu>(&node))
    return gelu->get_approximation_mode() == op::GeluApproximationMode::ERF ? Function::kGeluErf
                                                                            : Function::kGeluTanh;
  if (const auto* round = ov::as_type<const op::v5::Round>(&node))
    return round->get_mode() == op::v5::Round::RoundMode::HALF_TO_EVEN ? Function::kRoundEven
                                                                       : Function::kRoundAway;
  return std::nullopt;
}

std::vector<int64_t> dims_of(const ov::Shape& shape) {
  return {shape.begin(), shape.end()};
}

/// What a program has for an output of a node. Sources are added when they are first used: until then their
/// shape can be changed.
struct Known {
  std::optional<Source> source;
  std::optional<ValueId> value;
};

class Translation {
 public:
  Translation(const ov::Model& network, std::vector<int64_t> dims)
      : network_(network), program_(std::move(dims)) {}

  std::optional<ElementProgram> run() {
    for (size_t i = 0; i < network_.get_parameters().size(); ++i) {
      const auto& parameter = *network_.get_parameters()[i];
      known_[&parameter].source =
          Source{dims_of(parameter.get_shape()), acl_type_of(parameter.get_element_type()), i, nullptr};
    }
    for (const std::shared_ptr<ov::Node>& node : network_.get_ordered_ops()) {
      if (!program_.has_room()) return std::nullopt;
      // What cannot be translated stands for no value; that is an end only for results that need it.
      if (node->get_output_size() == 1) translate(*node);
    }
    for (const auto& result : network_.get_results()) {
      const std::optional<ValueId> value = value_of(result->input_value(0));
      if (!value) return std::nullopt;
      program_.add_output(*value, acl_type_of(result->get_element_type()));
    }
    return std::move(program_);
  }
  /// Some step takes one number after the other.
  bool is_slow() const { return is_slow_; }

 private:
  void translate(const ov::Node& node) {
    if (ov::is_type<op::v0::Parameter>(&node) || ov::is_type<op::v0::Result>(&node)) return;
    if (const auto* constant = ov::as_type<const op::v0::Constant>(&node)) return add_constant(*constant);
    if (is_view(node)) return add_view(node);
    std::vector<ValueId> inputs;
    for (const ov::Output<ov::Node>& input : node.input_values()) {
      if (ov::is_type<op::v3::Broadcast>(&node) && !inputs.empty())
        break;  // The shape is that of the output.
      const std::optional<ValueId> value = value_of(input);
      if (!value) return;
      inputs.push_back(*value);
    }
    if (inputs.empty() || inputs.size() > 3) return;
    known_[&node].value = add_steps(node, inputs);
  }

  void add_constant(const op::v0::Constant& constant) {
    const auto* const bytes = static_cast<const std::byte*>(constant.get_data_ptr());
    if (element::computed_type(acl_type_of(constant.get_element_type())) == ACL_DT_UNDEFINED) return;
    auto kept = std::make_shared<const std::vector<std::byte>>(bytes, bytes + constant.get_byte_size());
    known_[&constant].source =
        Source{dims_of(constant.get_shape()), acl_type_of(constant.get_element_type()), 0, std::move(kept)};
  }

  static bool is_view(const ov::Node& node) {
    return ov::is_type<op::v1::Reshape>(&node) || ov::is_type<op::v0::Unsqueeze>(&node) ||
           ov::is_type<op::v0::Squeeze>(&node);
  }

  /// Another shape of an input or a constant; of a computed value only if it is the same.
  void add_view(const ov::Node& node) {
    const ov::Output<ov::Node> from = node.input_value(0);
    const auto found = known_.find(from.get_node());
    if (found == known_.end()) return;
    Known view = found->second;
    if (view.source) {
      view = {std::move(view.source), std::nullopt};
      view.source->dims = dims_of(node.get_output_shape(0));
    } else if (from.get_shape() != node.get_output_shape(0)) {
      return;
    }
    known_[&node] = std::move(view);
  }

  std::optional<ValueId> value_of(const ov::Output<ov::Node>& output) {
    const auto found = known_.find(output.get_node());
    if (found == known_.end()) return std::nullopt;
    Known& known = found->second;
    if (!known.value && known.source) known.value = add_source(*known.source);
    return known.value;
  }

  std::optional<ValueId> add_source(const Source& source) {
    if (element::computed_type(source.type) == ACL_DT_UNDEFINED || !program_.has_room()) return std::nullopt;
    return program_.add_source(source);
  }

  /// A number of the type of `like`.
  std::optional<ValueId> number(double number, ValueId like) {
    const aclDataType type = program_.type_of(like);
    const op::v0::Constant constant(element_type_of(type), ov::Shape{}, std::vector<double>{number});
    const auto* const bytes = static_cast<const std::byte*>(constant.get_data_ptr());
    auto kept = std::make_shared<const std::vector<std::byte>>(bytes, bytes + constant.get_byte_size());
    return add_source(Source{{}, type, 0, std::move(kept)});
  }

  std::optional<ValueId> step(Function function, const std::vector<std::optional<ValueId>>& inputs) {
    std::vector<ValueId> given;
    for (const std::optional<ValueId>& input : inputs) {
      if (!input) return std::nullopt;
      given.push_back(*input);
    }
    return step(element::find_kernel(function, program_.type_of(given.back())), given);
  }

  std::optional<ValueId> step(const Kernel& kernel, std::span<const ValueId> inputs) {
    if (kernel.run == nullptr || !program_.has_room()) return std::nullopt;
    is_slow_ |= kernel.nanoseconds > kSlow;
    return program_.add_step(kernel, inputs);
  }

  std::optional<ValueId> add_steps(const ov::Node& node, const std::vector<ValueId>& inputs) {
    const ValueId x = inputs[0];
    if (const std::optional<Function> function = function_of(node))
      return step(element::find_kernel(*function, program_.type_of(inputs.back())), inputs);
    if (const auto* broadcast = ov::as_type<const op::v3::Broadcast>(&node)) {
      const auto mode = broadcast->get_broadcast_spec().m_type;
      const bool at_the_right = mode == op::BroadcastType::NUMPY || mode == op::BroadcastType::BIDIRECTIONAL;
      return at_the_right ? std::optional(x) : std::nullopt;
    }
    if (ov::is_type<op::v0::Convert>(&node)) {
      const aclDataType to = element::computed_type(acl_type_of(node.get_element_type()));
      // Half floats between two steps are not rounded: the engine does the same.
      if (to == program_.type_of(x)) return x;
      if (to == ACL_DT_UNDEFINED) return std::nullopt;
      return step(element::find_conversion(program_.type_of(x), to), inputs);
    }
    if (const auto* clamp = ov::as_type<const op::v0::Clamp>(&node)) return add_clamp(*clamp, x);
    if (ov::is_type<op::v0::PRelu>(&node)) return add_prelu(node, inputs);
    if (const auto* inf = ov::as_type<const op::v10::IsInf>(&node)) return add_is_inf(*inf, x);
    return std::nullopt;
  }

  std::optional<ValueId> add_clamp(const op::v0::Clamp& node, ValueId x) {
    constexpr double kInAllTypes = 127;
    const bool fits = node.get_min() >= 0 && node.get_max() <= kInAllTypes;
    if (!fits && program_.type_of(x) != ACL_FLOAT && program_.type_of(x) != ACL_DOUBLE) return std::nullopt;
    const auto low = step(Function::kMaximum, {x, number(node.get_min(), x)});
    return step(Function::kMinimum, {low, number(node.get_max(), x)});
  }

  /// One slope for all elements; others lie along the channels.
  std::optional<ValueId> add_prelu(const ov::Node& node, const std::vector<ValueId>& inputs) {
    if (ov::shape_size(node.get_input_shape(1)) != 1) return std::nullopt;
    return step(element::find_kernel(Function::kPRelu, program_.type_of(inputs[0])), inputs);
  }

  std::optional<ValueId> add_is_inf(const op::v10::IsInf& node, ValueId x) {
    const auto& which = node.get_attributes();
    const auto any = element::find_kernel(Function::kIsInf, program_.type_of(x));
    const std::optional<ValueId> infinite = step(any, std::array{x});
    if (which.detect_negative && which.detect_positive) return infinite;
    if (!which.detect_negative && !which.detect_positive) return std::nullopt;
    const auto sign = step(which.detect_positive ? Function::kGreater : Function::kLess, {x, number(0, x)});
    return step(Function::kLogicalAnd, {infinite, sign});
  }

  static constexpr float kSlow = 5;  ///< Nanoseconds of an element: no vectors.

  const ov::Model& network_;
  ElementProgram program_;
  std::unordered_map<const ov::Node*, Known> known_;
  bool is_slow_ = false;
};

}  // namespace

std::shared_ptr<const ElementProgram> element_program(const ov::Model& network) {
  // From here on the engine's vectors are faster than single numbers, and worth being made.
  constexpr size_t kMostSlowElements = size_t{64} << 10;
  if (network.is_dynamic() || network.get_results().empty()) return nullptr;
  const ov::Shape& shape = network.get_results()[0]->get_shape();
  if (!std::ranges::all_of(network.get_results(),
                           [&](const auto& result) { return result->get_shape() == shape; }))
    return nullptr;
  Translation translation(network, dims_of(shape));
  std::optional<ElementProgram> program = translation.run();
  if (!program) return nullptr;
  if (translation.is_slow() && program->elements() > kMostSlowElements) return nullptr;
  return std::make_shared<const ElementProgram>(std::move(*program));
}

}  // namespace cairn
