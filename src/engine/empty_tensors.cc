#include "engine/empty_tensors.h"

#include <openvino/op/constant.hpp>
#include <openvino/op/matmul.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/result.hpp>

namespace cairn {
namespace {

bool is_empty(const ov::PartialShape& shape) {
  return shape.is_static() && ov::shape_size(shape.get_shape()) == 0;
}

/// Its elements are sums of nothing.
bool is_product_over_nothing(const ov::Node& node) {
  return ov::is_type<ov::op::v0::MatMul>(&node) &&
         (is_empty(node.get_input_partial_shape(0)) || is_empty(node.get_input_partial_shape(1)));
}

}  // namespace

void make_empty_tensors_constant(ov::Model& network) {
  for (const std::shared_ptr<ov::Node>& node : network.get_ordered_ops()) {
    if (ov::is_type<ov::op::v0::Constant>(node) || ov::is_type<ov::op::v0::Parameter>(node) ||
        ov::is_type<ov::op::v0::Result>(node))
      continue;
    for (ov::Output<ov::Node> output : node->outputs()) {
      if (output.get_partial_shape().is_dynamic()) continue;
      if (!is_empty(output.get_partial_shape()) && !is_product_over_nothing(*node)) continue;
      const auto nothing =
          std::make_shared<ov::op::v0::Constant>(output.get_element_type(), output.get_shape(), 0);
      nothing->set_friendly_name(node->get_friendly_name());
      output.replace(nothing);
    }
  }
}

}  // namespace cairn
