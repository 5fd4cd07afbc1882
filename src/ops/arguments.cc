#include "ops/arguments.h"

#include "engine/engine_types.h"
#include "tensor/data_type.h"

namespace cairn::ops {
namespace {

constexpr int kDeepestFolding = 64;

std::shared_ptr<ov::op::v0::Constant> fold(const Value& value, int depth) {
  const std::shared_ptr<ov::Node> node = value.get_node_shared_ptr();
  if (auto constant = ov::as_type_ptr<ov::op::v0::Constant>(node)) return constant;
  if (depth == 0 || node->get_input_size() == 0) return nullptr;
  Values inputs;
  for (const Value& input : node->input_values()) {
    auto folded = fold(input, depth - 1);
    if (!folded) return nullptr;
    inputs.push_back(folded);
  }
  Values outputs(node->get_output_size());
  if (!node->constant_fold(outputs, inputs)) return nullptr;
  return ov::as_type_ptr<ov::op::v0::Constant>(outputs[value.get_index()].get_node_shared_ptr());
}

std::string_view kind_name(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::kBool:
      return "a switch";
    case AttributeKind::kInt:
      return "a whole number";
    case AttributeKind::kFloat:
      return "a number";
    case AttributeKind::kString:
      return "a text";
    case AttributeKind::kInts:
      return "a list of whole numbers";
    case AttributeKind::kFloats:
      return "a list of numbers";
    case AttributeKind::kStrings:
      return "a list of texts";
  }
  return "something else";
}

}  // namespace

std::shared_ptr<ov::op::v0::Constant> constant_of(const Value& value) {
  return value.get_node() ? fold(value, kDeepestFolding) : nullptr;
}

Arguments::Arguments(const Signature& signature, std::vector<OperatorInput> inputs,
                     std::span<const OmAttribute> attributes, size_t output_count)
    : signature_(signature), inputs_(std::move(inputs)), output_count_(output_count) {
  size_t next = 0;
  for (const Port& port : signature_.inputs) {
    const size_t wanted = port.kind == PortKind::kList ? signature_.list_size(inputs_.size()) : 1;
    const size_t count = std::min(wanted, inputs_.size() - next);
    ports_.push_back({next, count});
    next += count;
  }
  if (next < inputs_.size())
    refuse("it has {} inputs, the operator takes {}", inputs_.size(), signature_.inputs.size());
  for (const AttributeSpec& spec : signature_.attributes) {
    const OmAttribute* found = nullptr;
    for (const OmAttribute& attribute : attributes)
      if (attribute.name == spec.name) found = &attribute;
    given_.push_back(found != nullptr);
    if (!found && !spec.otherwise) refuse("attribute {} is missing", spec.name);
    const auto value = found ? as_kind(found->value, spec.kind) : spec.otherwise;
    if (!value) refuse("attribute {} must be {}", spec.name, kind_name(spec.kind));
    attributes_.push_back(*value);
  }
  check_inputs();
}

void Arguments::check_inputs() const {
  for (size_t i = 0; i < signature_.inputs.size(); ++i) {
    const Port& port = signature_.inputs[i];
    if (port.kind == PortKind::kRequired && !has(port.name)) refuse("input {} is missing", port.name);
    for (size_t k = 0; k < ports_[i].count; ++k) {
      const Value& value = inputs_[ports_[i].first + k].value;
      if (!value.get_node()) continue;
      const aclDataType type = acl_type_of(value.get_element_type());
      if (!port.types.contains(type))
        refuse("input {} has type {}, allowed are {}", port.name, data_type_name(type), port.types.text());
    }
  }
}

const Arguments::PortInputs& Arguments::port_inputs(std::string_view port) const {
  const auto index = signature_.find_input(port);
  if (!index) throw std::logic_error(fmt::format("{} has no input {}", signature_.type, port));
  return ports_[*index];
}

bool Arguments::has(std::string_view port) const {
  const PortInputs& range = port_inputs(port);
  return range.count > 0 && inputs_[range.first].value.get_node() != nullptr;
}

Value Arguments::input(std::string_view port) const {
  return has(port) ? inputs_[port_inputs(port).first].value : Value();
}

Value Arguments::input(size_t port) const {
  return input(signature_.inputs.at(port).name);
}

Values Arguments::list(std::string_view port) const {
  const PortInputs& range = port_inputs(port);
  Values values;
  for (size_t i = 0; i < range.count; ++i)
    values.push_back(inputs_[range.first + i].value);
  if (values.empty()) refuse("it has no input {}", port);
  return values;
}

aclFormat Arguments::format(std::string_view port) const {
  return has(port) ? inputs_[port_inputs(port).first].format : ACL_FORMAT_ND;
}

std::shared_ptr<ov::op::v0::Constant> Arguments::constant_input(std::string_view port) const {
  if (!has(port)) refuse("input {} is missing", port);
  auto found = constant_of(input(port));
  if (!found) refuse("input {} must be a constant", port);
  return found;
}

std::vector<int64_t> Arguments::constant(std::string_view port) const {
  return constant_input(port)->cast_vector<int64_t>();
}

int64_t Arguments::constant_integer(std::string_view port) const {
  const std::vector<int64_t> values = constant(port);
  if (values.size() != 1) refuse("input {} has {} values, it must have one", port, values.size());
  return values[0];
}

float Arguments::constant_number(std::string_view port) const {
  const std::vector<float> values = constant_numbers(port);
  if (values.size() != 1) refuse("input {} has {} values, it must have one", port, values.size());
  return values[0];
}

std::vector<float> Arguments::constant_numbers(std::string_view port) const {
  return constant_input(port)->cast_vector<float>();
}

const OmAttributeValue& Arguments::attribute(std::string_view name) const {
  for (size_t i = 0; i < signature_.attributes.size(); ++i)
    if (signature_.attributes[i].name == name) return attributes_[i];
  throw std::logic_error(fmt::format("{} has no attribute {}", signature_.type, name));
}

bool Arguments::is_given(std::string_view name) const {
  for (size_t i = 0; i < signature_.attributes.size(); ++i)
    if (signature_.attributes[i].name == name) return given_[i];
  return false;
}

bool Arguments::flag(std::string_view name) const {
  return std::get<bool>(attribute(name));
}
int64_t Arguments::integer(std::string_view name) const {
  return std::get<int64_t>(attribute(name));
}
float Arguments::number(std::string_view name) const {
  return std::get<float>(attribute(name));
}
const std::string& Arguments::text(std::string_view name) const {
  return std::get<std::string>(attribute(name));
}
const std::vector<int64_t>& Arguments::integers(std::string_view name) const {
  return std::get<std::vector<int64_t>>(attribute(name));
}
const std::vector<float>& Arguments::numbers(std::string_view name) const {
  return std::get<std::vector<float>>(attribute(name));
}
const std::vector<std::string>& Arguments::texts(std::string_view name) const {
  return std::get<std::vector<std::string>>(attribute(name));
}

ov::element::Type Arguments::type(std::string_view name) const {
  const auto type = static_cast<aclDataType>(integer(name));
  const ov::element::Type element = element_type_of(type);
  if (element == ov::element::dynamic)
    refuse("attribute {} is {}, a type that is not supported", name, integer(name));
  return element;
}

}  // namespace cairn::ops
