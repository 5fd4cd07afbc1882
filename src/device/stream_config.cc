#include "device/stream_config.h"

#include <cstring>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "device/guarded_copy.h"

namespace cairn {
namespace {

struct Configurations {
  std::mutex mutex;
  std::unordered_map<const aclrtStreamConfigHandle*, std::unique_ptr<aclrtStreamConfigHandle>> living;
};

Configurations& configurations() {
  static auto* all = new Configurations;  // Never destroyed: programs may use them until the process ends.
  return *all;
}

Status not_living(const void* config) {
  return error(ACL_ERROR_INVALID_PARAM, "RT-044",
               "handle = {} is no living configuration of aclrtCreateStreamConfigHandle", config);
}

/// Numbers are taken with 4 or 8 bytes, whatever the member has.
Result<uint64_t> read_number(const void* value, size_t size) {
  uint64_t number = 0;
  if (size != sizeof(uint32_t) && size != sizeof(uint64_t))
    return error(ACL_ERROR_INVALID_PARAM, "RT-044", "valueSize = {}; allowed are 4 and 8", size);
  if (!guarded_copy(&number, value, size))  // Little endian: the upper half of a short one stays 0.
    return error(ACL_ERROR_INVALID_PARAM, "RT-044", "attrValue = {} is not mapped", value);
  return number;
}

}  // namespace

aclrtStreamConfigHandle* create_stream_config() {
  auto made = std::make_unique<aclrtStreamConfigHandle>();
  aclrtStreamConfigHandle* const address = made.get();
  const std::lock_guard lock(configurations().mutex);
  configurations().living.emplace(address, std::move(made));
  return address;
}

Status destroy_stream_config(aclrtStreamConfigHandle* config) {
  const std::lock_guard lock(configurations().mutex);
  return configurations().living.erase(config) != 0 ? Status() : not_living(config);
}

Status set_stream_config(aclrtStreamConfigHandle* config, aclrtStreamConfigAttr attribute, const void* value,
                         size_t size) {
  if (value == nullptr) return error(ACL_ERROR_INVALID_PARAM, "RT-044", "attrValue is null");
  CAIRN_ASSIGN(const uint64_t number, read_number(value, size));
  const std::lock_guard lock(configurations().mutex);
  const auto found = configurations().living.find(config);
  if (found == configurations().living.end()) return not_living(config);
  aclrtStreamConfigHandle& target = *found->second;
  switch (attribute) {
    case ACL_RT_STREAM_WORK_ADDR_PTR:
      target.workptr = reinterpret_cast<void*>(number);
      return {};
    case ACL_RT_STREAM_WORK_SIZE:
      target.workSize = number;
      return {};
    case ACL_RT_STREAM_FLAG:
      target.flag = number;
      return {};
    case ACL_RT_STREAM_PRIORITY:
      target.priority = static_cast<uint32_t>(number);
      return {};
  }
  return error(ACL_ERROR_INVALID_PARAM, "RT-044", "attr = {} is not one of 0 .. 3",
               static_cast<int>(attribute));
}

Result<aclrtStreamConfigHandle> read_stream_config(const aclrtStreamConfigHandle* config) {
  const std::lock_guard lock(configurations().mutex);
  const auto found = configurations().living.find(config);
  if (found == configurations().living.end()) return not_living(config);
  return *found->second;
}

}  // namespace cairn
