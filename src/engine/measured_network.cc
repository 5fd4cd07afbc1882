#include "engine/measured_network.h"

#include <algorithm>

#include "acl/acl_base.h"

namespace cairn {

Status check_time(std::string_view name, std::string_view type, std::chrono::microseconds taken,
                  std::chrono::milliseconds limit) {
  if (taken <= limit) return {};
  return error(ACL_ERROR_RT_AICORE_TIMEOUT, "OP-006",
               "operator {} ({}) took {} ms, allowed are {}; allow more with acl.rt.set_op_execute_time_out",
               name, type, taken.count() / 1000, limit.count());
}

Status MeasuredNetwork::run(std::span<const void* const> inputs, std::span<void* const> outputs,
                            FloatOverflow& overflow, std::chrono::milliseconds limit) {
  CAIRN_ASSIGN(std::unique_ptr<RequestPool::Slot> slot, pool_.run_and_keep(inputs, outputs, overflow));
  const std::vector<ov::ProfilingInfo> times = slot->request.get_profiling_info();
  pool_.give_back(std::move(slot));
  const auto slowest = std::ranges::max_element(times, {}, &ov::ProfilingInfo::real_time);
  if (slowest == times.end()) return {};
  return check_time(slowest->node_name, slowest->node_type, slowest->real_time, limit);
}

}  // namespace cairn
