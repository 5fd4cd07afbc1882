#include "device/group_info.h"

namespace cairn {

void GroupInfo::fill(const SocProfile& soc) {
  // On chips that split their cores, an AI core is a cube core with its vector cores.
  groups_.assign(1, {static_cast<int32_t>(soc.ai_cores), static_cast<int32_t>(soc.vector_cores),
                     static_cast<int32_t>(soc.ai_cores)});
}

Result<int32_t> GroupInfo::value(int32_t group, aclrtGroupAttr attribute) const {
  if (groups_.empty())
    return error(ACL_ERROR_RT_GROUP_NOT_CREATE, "GDE-165",
                 "groupInfo is empty; call aclrtGetAllGroupInfo first");
  if (group < 0 || static_cast<size_t>(group) >= groups_.size())
    return error(ACL_ERROR_RT_GROUP_NOT_CREATE, "APP-040", "groupIndex = {}; allowed are 0 .. {}", group,
                 groups_.size() - 1);
  const Group& found = groups_[static_cast<size_t>(group)];
  switch (attribute) {
    case ACL_GROUP_AICORE_INT:
      return found.ai_cores;
    case ACL_GROUP_AIV_INT:
      return found.vector_cores;
    case ACL_GROUP_AIC_INT:
      return found.cube_cores;
    case ACL_GROUP_SDMANUM_INT:  // Copies and queues belong to the workers, not to a group.
    case ACL_GROUP_ASQNUM_INT:
      return 0;
    case ACL_GROUP_GROUPID_INT:
      return group;
  }
  return error(ACL_ERROR_INVALID_PARAM, "RT-189", "attr = {} is no aclrtGroupAttr",
               static_cast<int>(attribute));
}

}  // namespace cairn
