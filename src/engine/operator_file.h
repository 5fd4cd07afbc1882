// An .om file that holds a single operator: its graph is that operator between Data, Const and NetOutput
// nodes.
#pragma once

#include <vector>

#include "om/om_model.h"
#include "op/operator_spec.h"
#include "ops/operator_graph.h"

namespace cairn {

/// The operator as a graph of the operator table. Its inputs are those that take memory, in their order.
/// Constants refer to the bytes of the description.
ops::OperatorGraph operator_graph(const OperatorSpec& spec);

/// The outputs are those of the description: types, and shapes where both know them.
Status check_operator_outputs(const OperatorSpec& spec, const std::vector<OperatorTensor>& given);

/// The nodes that show the operator; `inputs` are those of the model, one for each input that takes memory.
std::vector<OmNode> operator_nodes(const OperatorSpec& description, const std::vector<OmInput>& inputs);

/// The operator that a file holds; ACL_ERROR_OP_LOAD_FAILED if it is another network. `model` comes from
/// read_om.
Result<OperatorSpec> operator_of(const OmModel& model);

}  // namespace cairn
