// "dump_op_switch": "on": what single operators read and compute, in
//
//   <dump_path>/<time>/<device>/<file of an operator>
//
// The operator's name in it is its type.
#pragma once

#include "base/status.h"
#include "singleop/single_operator.h"

namespace cairn {

/// SingleOperator::launch. While single operators are dumped, tasks around it on the same stream keep its
/// inputs and write the file; what cannot be written goes to the log.
Status launch_operator(const SingleOperator& one, const OperatorCall& call);

}  // namespace cairn
