#include "engine/empty_tensors.h"

#include <openvino/op/constant.hpp>
#include <openvino/op/parameter.hpp>
#include <openvino/op/result.hpp>

namespace cairn {

void make_empty_tensors_constant(ov::Model& network) {
  for (const std::shared_ptr<ov::Node>& node : network.get_ordered_ops()) {
    if (ov::is_type<ov::op::v0::Constant>(node) || ov::is_type<ov::op::v0::Parameter>(node) ||
        ov::is_type<ov::op::v0::Result>(node))
      continue;
    for (ov::Output<ov::Node> output : node->outputs()) {
      if (output.get_partial_shape().is_dynamic() || ov::shape_size(output.get_shape()) > 0) continue;
      const auto nothing =
          std::make_shared<ov::op::v0::Constant>(ov::Tensor(output.get_element_type(), output.get_shape()));
      nothing->set_friendly_name(node->get_friendly_name());
      output.replace(nothing);
    }
  }
}

}  // namespace cairn
