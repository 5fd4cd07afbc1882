// What differs between the chips, as one table: names, run mode, memory and the limits of the runtime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "acl/acl_rt.h"

namespace cairn {

enum class SocFamily : uint8_t { k310, k310P, k310B, k910, k910B };

struct SocProfile {
  std::string_view name;  ///< "Ascend310P3": the value of --soc_version and of aclrtGetSocName.
  SocFamily family;
  aclrtRunMode run_mode;  ///< ACL_DEVICE on boards whose programs run beside the NPU.
  bool has_hbm;           ///< Else DDR.
  size_t memory_bytes;
  uint32_t most_streams;          ///< Per device, default and internal ones included [RT-043].
  uint32_t internal_streams;      ///< Per explicit context, beside its default stream [RT-027].
  uint32_t most_sync_events;      ///< Events with ACL_EVENT_SYNC per device [RT-069].
  uint32_t most_recorded_events;  ///< Events that hold a record per device [RT-077].
  // As the chips' descriptions give them; programs size their work by them.
  uint32_t ai_cores;
  uint32_t vector_cores;  ///< 0 where they are part of the AI cores.
  size_t l2_bytes;
  bool lenient;  ///< No chip was asked for: every documented feature works and any .om loads.
};

/// The profile for a name such as "Ascend310B4" or "310B4", or null.
const SocProfile* find_soc_profile(std::string_view name);

/// All known names, separated by ", ", for messages.
std::string known_soc_names();

/// The profile in force: CAIRN_SOC, or the lenient Ascend310P3.
const SocProfile& current_soc();

}  // namespace cairn
