// The gears of a model in its ge.proto graph. Internal to src/om.
//
// The attributes are those of the public format. Where the original clones the network for each gear, the
// graph here has it once, with -1 for the dims that change:
//   Data ascend_mbatch_shape_data      the input that takes the gear
//   Case ascend_mbatch_shape_case      _batch_num, _pred_value_<i>, mbatch_dynamic_type,
//   user_designate_shape_order other Data                         _mbatch_origin_input_dims NetOutput
//   _dynamic_output_dims: "gear,output,dim,dim..." for each gear and output
#pragma once

#include "base/status.h"
#include "om/om_model.h"

namespace ge::proto {
class GraphDef;
class OpDef;
}  // namespace ge::proto

namespace cairn::om {

/// Adds what the header of this file lists; nothing for a model without gears.
void encode_gears(const OmModel& model, ge::proto::GraphDef& graph);

/// Fills `model.gears`, if the graph has them, and the roles of the inputs, which are there already.
Status decode_gears(const ge::proto::GraphDef& graph, OmModel& model);

/// The node that encode_gears adds.
bool is_gear_node(const ge::proto::OpDef& op);

}  // namespace cairn::om
