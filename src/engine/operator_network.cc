#include "engine/operator_network.h"

#include <openvino/core/shape.hpp>

#include "engine/engine_types.h"
#include "engine/operator_file.h"
#include "ops/graph_build.h"
#include "ops/operator_table.h"
#include "tensor/data_type.h"

namespace cairn {
namespace {

/// A tensor that the operator's node can be built from.
Status check_input(const OperatorSpec& description, size_t index) {
  const OperatorTensor& input = description.inputs[index];
  if (input.is_absent()) return {};
  if (element_type_of(input.data_type).is_dynamic())
    return error(ACL_ERROR_OP_INPUT_NOT_MATCH, "OP-014",
                 "input {} of {} has type {}, which no operator takes", index, description.type,
                 data_type_name(input.data_type));
  if (!input.constant) return {};
  if (input.bytes() == input.constant->size()) return {};
  return error(ACL_ERROR_OP_INPUT_NOT_MATCH, "OP-023",
               "the constant of input {} of {} has {} bytes, its description {} {} needs another number",
               index, description.type, input.constant->size(), data_type_name(input.data_type),
               shape_text(input.dims));
}

void give_ranges(const OperatorSpec& description, ov::Model& network) {
  std::vector<ov::PartialShape> shapes;
  bool any = false;
  for (const OperatorTensor& input : description.inputs) {
    if (!input.takes_memory()) continue;
    ov::PartialShape shape(std::vector<ov::Dimension>(input.dims.begin(), input.dims.end()));
    for (size_t i = 0; i < input.ranges.size() && i < input.dims.size(); ++i)
      if (input.dims[i] < 0) {
        shape[static_cast<ptrdiff_t>(i)] = ov::Dimension(input.ranges[i].least, input.ranges[i].most);
        any = true;
      }
    shapes.push_back(std::move(shape));
  }
  if (!any) return;
  std::map<ov::Output<ov::Node>, ov::PartialShape> wanted;
  for (size_t i = 0; i < shapes.size(); ++i)
    wanted[network.input(i)] = shapes[i];
  network.reshape(wanted);
}

}  // namespace

Result<std::shared_ptr<ov::Model>> operator_network(const OperatorSpec& description) {
  if (ops::find_operator(description.type) == nullptr)
    return error(ACL_ERROR_OP_NOT_FOUND, "OP-014",
                 "there is no operator {}; docs/operators.md lists those that exist", description.type);
  if (description.outputs.empty())
    return error(ACL_ERROR_OP_OUTPUT_NOT_MATCH, "OP-014", "{} is described without outputs",
                 description.type);
  for (size_t i = 0; i < description.inputs.size(); ++i)
    CAIRN_RETURN_IF_ERROR(check_input(description, i));
  const ops::GraphBuild built = ops::build_graph(operator_graph(description));
  if (!built.problems.empty())
    return error(ACL_ERROR_OP_INPUT_NOT_MATCH, "OP-014", "{} cannot be built: {}", describe(description),
                 built.problems.front().reason);
  give_ranges(description, *built.model);
  return built.model;
}

std::vector<OperatorTensor> output_tensors(const ov::Model& network) {
  std::vector<OperatorTensor> tensors;
  for (const ov::Output<const ov::Node>& output : network.outputs()) {
    OperatorTensor tensor;
    tensor.data_type = acl_type_of(output.get_element_type());
    const ov::PartialShape& shape = output.get_partial_shape();
    if (shape.rank().is_dynamic()) {
      tensor.dims = {-2};
      tensors.push_back(std::move(tensor));
      continue;
    }
    for (const ov::Dimension& dim : shape) {
      tensor.dims.push_back(dim.is_static() ? dim.get_length() : -1);
      tensor.ranges.push_back({dim.get_min_length(), dim.get_max_length()});
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace cairn
