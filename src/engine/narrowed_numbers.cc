#include "engine/narrowed_numbers.h"

#include <algorithm>
#include <openvino/op/clamp.hpp>
#include <openvino/op/concat.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/maximum.hpp>
#include <openvino/op/minimum.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/reshape.hpp>
#include <openvino/op/result.hpp>
#include <openvino/op/slice.hpp>
#include <openvino/op/squeeze.hpp>
#include <openvino/op/strided_slice.hpp>
#include <openvino/op/unsqueeze.hpp>
#include <openvino/op/util/multi_subgraph_base.hpp>
#include <openvino/pass/constant_folding.hpp>
#include <set>
#include <utility>

namespace cairn {
namespace {

template <class... Types>
bool is_one_of(const std::shared_ptr<ov::Node>& node) {
  return (ov::is_type<Types>(node) || ...);
}

bool has_double(const ov::Node& node) {
  const auto is_double = [](const auto& port) { return port.get_element_type() == ov::element::f64; };
  return std::ranges::any_of(node.outputs(), is_double) || std::ranges::any_of(node.inputs(), is_double);
}

bool computes_doubles(const std::shared_ptr<ov::Node>& node) {
  namespace op = ov::op::v0;
  return has_double(*node) && !is_one_of<op::Parameter, op::Constant, op::Result, op::Convert>(node);
}

template <class Number>
std::string number_beyond_int32(const ov::op::v0::Constant& constant) {
  const auto* numbers = constant.get_data_ptr<Number>();
  for (size_t i = 0, count = ov::shape_size(constant.get_shape()); i < count; ++i)
    if (!std::in_range<int32_t>(numbers[i])) return std::to_string(numbers[i]);
  return "";
}

/// Empty if all fit.
std::string number_beyond_int32(const std::shared_ptr<ov::Node>& node) {
  const auto constant = ov::as_type_ptr<ov::op::v0::Constant>(node);
  if (!constant) return "";
  const ov::element::Type type = constant->get_element_type();
  if (type == ov::element::i64) return number_beyond_int32<int64_t>(*constant);
  if (type == ov::element::u64) return number_beyond_int32<uint64_t>(*constant);
  if (type == ov::element::u32) return number_beyond_int32<uint32_t>(*constant);
  return "";
}

/// Someone computes with the numbers: they do not only say where something ends.
bool is_computed_with(const ov::Output<ov::Node>& numbers, std::set<const ov::Node*>& seen) {
  return std::ranges::any_of(numbers.get_target_inputs(), [&](const ov::Input<ov::Node>& input) {
    const std::shared_ptr<ov::Node> consumer = input.get_node()->shared_from_this();
    if (is_one_of<ov::op::v8::Slice, ov::op::v1::StridedSlice>(consumer)) return input.get_index() == 0;
    if (is_one_of<ov::op::v1::Maximum, ov::op::v1::Minimum, ov::op::v0::Clamp>(consumer)) return false;
    if (!is_one_of<ov::op::v0::Concat, ov::op::v0::Convert, ov::op::v1::Reshape, ov::op::v0::Squeeze,
                   ov::op::v15::Squeeze, ov::op::v0::Unsqueeze>(consumer))
      return true;
    return seen.insert(consumer.get()).second && is_computed_with(consumer->output(0), seen);
  });
}

bool is_computed_with(const std::shared_ptr<ov::Node>& constant) {
  std::set<const ov::Node*> seen;
  return is_computed_with(constant->output(0), seen);
}

void collect(const ov::Model& network, NarrowedNumbers& found) {
  for (const std::shared_ptr<ov::Node>& node : network.get_ordered_ops()) {
    if (computes_doubles(node)) found.doubles.push_back(node);
    if (std::string number = number_beyond_int32(node); !number.empty() && is_computed_with(node))
      found.constants.push_back({node, std::move(number)});
    if (const auto inner = ov::as_type_ptr<ov::op::util::MultiSubGraphOp>(node))
      for (const std::shared_ptr<ov::Model>& body : inner->get_functions())
        collect(*body, found);
  }
}

}  // namespace

NarrowedNumbers find_narrowed_numbers(const ov::Model& network) {
  NarrowedNumbers found;
  collect(network, found);
  if (found.doubles.empty() && found.constants.empty()) return found;
  const std::shared_ptr<ov::Model> folded = network.clone();
  ov::pass::ConstantFolding().run_on_model(folded);
  NarrowedNumbers left;
  collect(*folded, left);
  return left;
}

}  // namespace cairn
