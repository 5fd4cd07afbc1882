#include "engine/onnx/node.h"

#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <stdexcept>

namespace cairn::onnx {

bool Node::has_input(size_t index) const {
  if (index >= input_count()) return false;
  // The reader stands this node in for an input that is left out.
  return std::string_view(input(index).get_node()->get_type_name()) != "NullNode";
}

std::vector<float> Node::reals(const std::string& name) const {
  // The reader gives them with either precision.
  const ov::Any value = context_.get_attribute_as_any(name);
  if (value.empty()) return {};
  if (!value.is<std::vector<double>>()) return value.as<std::vector<float>>();
  const auto& exact = value.as<std::vector<double>>();
  return {exact.begin(), exact.end()};
}

Value number(int64_t value) {
  return make<op::Constant>(ov::element::i64, ov::Shape{}, std::vector<int64_t>{value});
}

Value numbers(const std::vector<int64_t>& values) {
  return make<op::Constant>(ov::element::i64, ov::Shape{values.size()}, values);
}

Value like(const Value& other, double value) {
  const ov::element::Type type = other.get_element_type();
  if (type.is_static()) return make<op::Constant>(type, ov::Shape{}, std::vector<double>{value});
  return make<op::ConvertLike>(make<op::Constant>(ov::element::f32, ov::Shape{}, std::vector<double>{value}),
                               other);
}

Value convert(const Value& value, ov::element::Type type) {
  return value.get_element_type() == type ? value : make<op::Convert>(value, type);
}

size_t rank_of(const Value& value) {
  const ov::Rank rank = value.get_partial_shape().rank();
  if (rank.is_dynamic()) refuse("the number of dims of an input is not known");
  return static_cast<size_t>(rank.get_length());
}

ov::Shape shape_of(const Value& value) {
  if (value.get_partial_shape().is_dynamic())
    refuse("the shape of an input is not known; give the sizes of the model's inputs with --input_shape");
  return value.get_shape();
}

size_t axis_of(const Value& value, int64_t axis) {
  const auto rank = static_cast<int64_t>(rank_of(value));
  if (axis < -rank || axis >= rank) refuse("axis " + std::to_string(axis) + " is out of range");
  return static_cast<size_t>(axis < 0 ? axis + rank : axis);
}

Value shape(const Value& value) {
  return make<op::ShapeOf>(value, ov::element::i64);
}

Value dim(const Value& value, size_t axis) {
  return make<op::Gather>(shape(value), numbers({static_cast<int64_t>(axis)}), number(0));
}

Value concat(const Values& values, int64_t axis) {
  return make<op::Concat>(values, axis);
}

Value reshape(const Value& value, const Value& dims) {
  return make<op::Reshape>(value, dims, false);
}

Value reshape(const Value& value, const std::vector<int64_t>& dims) {
  return reshape(value, numbers(dims));
}

Value squeeze(const Value& value, int64_t axis) {
  return make<op::Squeeze>(value, numbers({axis}));
}

Value unsqueeze(const Value& value, const std::vector<int64_t>& axes) {
  return make<op::Unsqueeze>(value, numbers(axes));
}

Value transpose(const Value& value, const std::vector<int64_t>& order) {
  return make<op::Transpose>(value, numbers(order));
}

Value slice(const Value& value, int64_t axis, const Value& begin, const Value& end, int64_t step) {
  return make<op::Slice>(value, begin, end, numbers({step}), numbers({axis}));
}

Value reduce_sum(const Value& value, const std::vector<int64_t>& axes, bool keep) {
  return make<op::ReduceSum>(value, numbers(axes), keep);
}

Value range(const Value& end) {
  return make<op::Range>(number(0), end, number(1), ov::element::i64);
}

void refuse(const std::string& reason) {
  throw std::runtime_error(reason);
}

void Conversions::add(const std::string& type, const std::string& domain, Convert convert) {
  extensions_.push_back(std::make_shared<ov::frontend::onnx::ConversionExtension>(
      type, domain, [convert = std::move(convert)](const ov::frontend::NodeContext& context) {
        return convert(Node(context));
      }));
}

}  // namespace cairn::onnx
