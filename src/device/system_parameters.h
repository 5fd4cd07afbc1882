// aclSysParamOpt: switches of the process or of one context.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "acl/acl_base.h"
#include "base/status.h"

namespace cairn {

class SystemParameters {
 public:
  Status set(aclSysParamOpt option, int64_t value) {
    CAIRN_RETURN_IF_ERROR(check(option));
    if (value != 0 && value != 1)
      return error(ACL_ERROR_INVALID_PARAM, "RT-189", "value = {} is not 0 (off) or 1 (on)", value);
    values_[static_cast<size_t>(option)].store(value);
    return {};
  }
  Result<int64_t> get(aclSysParamOpt option) const {
    CAIRN_RETURN_IF_ERROR(check(option));
    const int64_t value = values_[static_cast<size_t>(option)].load();
    if (value == kUnset)
      return error(ACL_ERROR_RT_SYSPARAMOPT_NOT_SET, "RT-189", "option {} was not set here",
                   static_cast<int>(option));
    return value;
  }

 private:
  static constexpr int64_t kUnset = -1;
  static constexpr size_t kOptions = 2;

  static Status check(aclSysParamOpt option) {
    if (option == ACL_OPT_DETERMINISTIC || option == ACL_OPT_ENABLE_DEBUG_KERNEL) return {};
    return error(ACL_ERROR_INVALID_PARAM, "RT-189",
                 "opt = {} is not 0 (ACL_OPT_DETERMINISTIC) or 1 (ACL_OPT_ENABLE_DEBUG_KERNEL)",
                 static_cast<int>(option));
  }

  std::array<std::atomic<int64_t>, kOptions> values_{kUnset, kUnset};
};

}  // namespace cairn
