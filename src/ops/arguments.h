// What a build function sees of one operator of a graph: its inputs as values of the engine, its attributes
// with defaults filled in.
#pragma once

#include <fmt/format.h>

#include <openvino/core/node.hpp>
#include <openvino/core/node_vector.hpp>
#include <openvino/op/constant.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ops/signature.h"

namespace cairn::ops {

using Value = ov::Output<ov::Node>;
using Values = ov::OutputVector;

/// An input as the graph gives it. Without a node: an optional input that is not connected.
struct OperatorInput {
  Value value;
  aclFormat format = ACL_FORMAT_ND;
};

/// Thrown by build functions: why the operator cannot be built from these inputs and attributes.
class BuildError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) {
  throw BuildError(fmt::format(text, std::forward<Args>(args)...));
}

/// Names that the signature does not have are a mistake in the build function: std::logic_error.
class Arguments {
 public:
  /// `inputs` in the order of the ports; missing ones at the end are not connected.
  Arguments(const Signature& signature, std::vector<OperatorInput> inputs,
            std::span<const OmAttribute> attributes, size_t output_count);

  const Signature& signature() const { return signature_; }
  bool has(std::string_view port) const;
  Value input(std::string_view port) const;
  /// The input of the port with this number.
  Value input(size_t port) const;
  Values list(std::string_view port) const;
  aclFormat format(std::string_view port) const;
  /// Whole numbers of an input that must be constant.
  std::vector<int64_t> constant(std::string_view port) const;
  /// The only number of a constant input.
  int64_t constant_integer(std::string_view port) const;
  float constant_number(std::string_view port) const;
  std::vector<float> constant_numbers(std::string_view port) const;

  /// False: the value is the default.
  bool is_given(std::string_view attribute) const;
  bool flag(std::string_view attribute) const;
  int64_t integer(std::string_view attribute) const;
  float number(std::string_view attribute) const;
  const std::string& text(std::string_view attribute) const;
  const std::vector<int64_t>& integers(std::string_view attribute) const;
  const std::vector<float>& numbers(std::string_view attribute) const;
  const std::vector<std::string>& texts(std::string_view attribute) const;
  ov::element::Type type(std::string_view attribute) const;

  /// How many outputs the graph wants; for operators with any number of outputs.
  size_t output_count() const { return output_count_; }

 private:
  struct PortInputs {
    size_t first = 0;
    size_t count = 0;
  };
  const PortInputs& port_inputs(std::string_view port) const;
  const OmAttributeValue& attribute(std::string_view name) const;
  void check_inputs() const;
  std::shared_ptr<ov::op::v0::Constant> constant_input(std::string_view port) const;

  const Signature& signature_;
  std::vector<OperatorInput> inputs_;
  std::vector<PortInputs> ports_;
  std::vector<OmAttributeValue> attributes_;  ///< One for each of the signature.
  std::vector<bool> given_;
  size_t output_count_;
};

/// The constant that a value always has, found by folding what it is made of; null if it has none.
std::shared_ptr<ov::op::v0::Constant> constant_of(const Value& value);

}  // namespace cairn::ops
