// One ONNX node while it is turned into operators of the engine, and short names for those operators.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <openvino/frontend/node_context.hpp>
#include <openvino/openvino.hpp>
#include <openvino/opsets/opset15.hpp>
#include <string>
#include <utility>
#include <vector>

#include "compiler/onnx_own_operators.h"

namespace cairn::onnx {

namespace op = ov::opset15;

using Value = ov::Output<ov::Node>;
using Values = ov::OutputVector;

/// Inputs and attributes of a node. Throws where the node breaks the standard.
class Node {
 public:
  explicit Node(const ov::frontend::NodeContext& context) : context_(context) {}

  size_t input_count() const { return context_.get_input_size(); }
  bool has_input(size_t index) const;
  Value input(size_t index) const { return context_.get_input(static_cast<int>(index)); }

  int64_t integer(const std::string& name, int64_t otherwise) const {
    return context_.get_attribute<int64_t>(name, otherwise);
  }
  float real(const std::string& name, float otherwise) const {
    return context_.get_attribute<float>(name, otherwise);
  }
  std::string text(const std::string& name, const std::string& otherwise) const {
    return context_.get_attribute<std::string>(name, otherwise);
  }
  std::vector<int64_t> integers(const std::string& name, const std::vector<int64_t>& otherwise) const {
    return context_.get_attribute<std::vector<int64_t>>(name, otherwise);
  }
  std::vector<float> reals(const std::string& name) const;
  bool has_attribute(const std::string& name) const { return context_.has_attribute(name); }

 private:
  const ov::frontend::NodeContext& context_;
};

template <class Operator, class... Arguments>
Value make(Arguments&&... arguments) {
  return std::make_shared<Operator>(std::forward<Arguments>(arguments)...)->output(0);
}

inline Value add(const Value& a, const Value& b) {
  return make<op::Add>(a, b);
}
inline Value subtract(const Value& a, const Value& b) {
  return make<op::Subtract>(a, b);
}
inline Value multiply(const Value& a, const Value& b) {
  return make<op::Multiply>(a, b);
}
inline Value divide(const Value& a, const Value& b) {
  return make<op::Divide>(a, b);
}
inline Value select(const Value& condition, const Value& then, const Value& otherwise) {
  return make<op::Select>(condition, then, otherwise);
}

Value number(int64_t value);                        ///< A scalar of 64 bits.
Value numbers(const std::vector<int64_t>& values);  ///< A list of 64-bit numbers.
/// A scalar of the same type as another value.
Value like(const Value& other, double value);
Value convert(const Value& value, ov::element::Type type);

/// Known while the model is read; throws if not.
size_t rank_of(const Value& value);
ov::Shape shape_of(const Value& value);
/// From 0, also if the axis counts from the end.
size_t axis_of(const Value& value, int64_t axis);

Value shape(const Value& value);             ///< As a list of 64-bit numbers.
Value dim(const Value& value, size_t axis);  ///< As a list of one.
Value concat(const Values& values, int64_t axis);
Value reshape(const Value& value, const Value& dims);
Value reshape(const Value& value, const std::vector<int64_t>& dims);
Value squeeze(const Value& value, int64_t axis);
Value unsqueeze(const Value& value, const std::vector<int64_t>& axes);
Value transpose(const Value& value, const std::vector<int64_t>& order);
/// Elements begin, begin + step, ... up to end of one axis.
Value slice(const Value& value, int64_t axis, const Value& begin, const Value& end, int64_t step = 1);
Value reduce_sum(const Value& value, const std::vector<int64_t>& axes, bool keep = false);
/// 0, 1, ... up to a scalar.
Value range(const Value& end);

/// Fails with a text for the user; the engine adds the name of the operator.
[[noreturn]] void refuse(const std::string& reason);

/// Operators by name, for models of one opset. `add` takes those of the standard's domain.
class Conversions {
 public:
  using Convert = std::function<Values(const Node&)>;
  explicit Conversions(int64_t opset) : opset_(opset) {}

  int64_t opset() const { return opset_; }
  void add(const std::string& type, Convert convert) { add(type, "", std::move(convert)); }
  void add(const std::string& type, const std::string& domain, Convert convert);

  std::vector<std::shared_ptr<ov::Extension>> take() { return std::move(extensions_); }

 private:
  int64_t opset_;
  std::vector<std::shared_ptr<ov::Extension>> extensions_;
};

}  // namespace cairn::onnx
