#include "engine/element_network.h"

#include <algorithm>
#include <array>
#include <map>
#include <openvino/op/ops.hpp>
#include <string_view>

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

using Value = ov::Output<ov::Node>;

bool is_broadcast_at_the_right(const ov::Node& node) {
  const auto* const broadcast = ov::as_type<const op::v3::Broadcast>(&node);
  if (broadcast == nullptr) return false;
  const auto mode = broadcast->get_broadcast_spec().m_type;
  return mode == op::BroadcastType::NUMPY || mode == op::BroadcastType::BIDIRECTIONAL;
}

class Translation {
 public:
  Translation(std::vector<int64_t> dims, const ReadValue& read) : program_(std::move(dims)), read_(read) {}

  bool add_result(const ElementResult& result) {
    const std::optional<ValueId> value = value_of(result.value);
    if (!value) return false;
    program_.add_output(*value, result.type);
    return true;
  }
  ElementProgram take() { return std::move(program_); }
  /// Some step takes one number after the other.
  bool is_slow() const { return is_slow_; }

 private:
  std::optional<ValueId> value_of(const Value& output) {
    const auto found = known_.find(output);
    if (found != known_.end()) return found->second;
    const std::optional<ValueId> value = translate(output);
    known_.emplace(output, value);
    return value;
  }

  std::optional<ValueId> translate(const Value& output) {
    const ov::Node& node = *output.get_node();
    if (is_view(node) && node.get_input_shape(0) == output.get_shape()) return value_of(node.input_value(0));
    if (const auto source = read_(output)) return add_source(*source);
    if (!is_element_node(node) || !program_.has_room()) return std::nullopt;
    std::vector<ValueId> inputs;
    for (const Value& input : node.input_values()) {
      if (is_broadcast_at_the_right(node) && !inputs.empty()) break;  // The shape is that of the output.
      const std::optional<ValueId> value = value_of(input);
      if (!value) return std::nullopt;
      inputs.push_back(*value);
    }
    return add_steps(node, inputs);
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
    if (is_broadcast_at_the_right(node)) return x;
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

  ElementProgram program_;
  const ReadValue& read_;
  std::map<Value, std::optional<ValueId>> known_;
  bool is_slow_ = false;
};

}  // namespace

std::vector<int64_t> dims_of(const ov::Shape& shape) {
  return {shape.begin(), shape.end()};
}

bool is_view(const ov::Node& node) {
  return ov::is_type<op::v1::Reshape>(&node) || ov::is_type<op::v0::Unsqueeze>(&node) ||
         ov::is_type<op::v0::Squeeze>(&node);
}

bool is_element_node(const ov::Node& node) {
  return function_of(node) || is_broadcast_at_the_right(node) || ov::is_type<op::v0::Convert>(&node) ||
         ov::is_type<op::v0::Clamp>(&node) || ov::is_type<op::v0::PRelu>(&node) ||
         ov::is_type<op::v10::IsInf>(&node);
}

std::optional<ElementProgram> element_program(const std::vector<ElementResult>& results,
                                              const ReadValue& read) {
  // From here on the engine's vectors are faster than single numbers, and worth being made.
  constexpr size_t kMostSlowElements = size_t{64} << 10;
  Translation translation(dims_of(results[0].value.get_shape()), read);
  for (const ElementResult& result : results)
    if (!translation.add_result(result)) return std::nullopt;
  ElementProgram program = translation.take();
  if (translation.is_slow() && program.elements() > kMostSlowElements) return std::nullopt;
  return program;
}

}  // namespace cairn
