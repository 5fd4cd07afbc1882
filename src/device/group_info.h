// aclrtGroupInfo: how the cores of a device are divided into groups. Ours form one group.
#pragma once

#include <cstdint>
#include <vector>

#include "acl/acl_rt.h"
#include "base/handle_table.h"
#include "base/status.h"
#include "device/soc_profile.h"

namespace cairn {

class GroupInfo {
 public:
  static constexpr HandleType kHandleType = HandleType::kGroupInfo;
  static constexpr uint32_t kGroups = 1;

  /// Takes over what the device of this profile has. Not for concurrent calls with value().
  void fill(const SocProfile& soc);
  Result<int32_t> value(int32_t group, aclrtGroupAttr attribute) const;

 private:
  struct Group {
    int32_t ai_cores;
    int32_t vector_cores;
    int32_t cube_cores;
  };
  std::vector<Group> groups_;
};

}  // namespace cairn
