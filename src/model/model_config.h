// aclmdlConfigHandle: what aclmdlLoadWithConfig loads, from where, into whose memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "acl/acl_mdl.h"
#include "base/handle_table.h"
#include "base/status.h"

namespace cairn {

/// Thread-safe.
class ModelConfig {
 public:
  static constexpr HandleType kHandleType = HandleType::kModelConfig;

  /// aclmdlSetConfigOpt. `value`: the address of the attribute's value, an int32_t, a size_t or a pointer;
  /// `size`: its bytes. The path is copied, what other pointers point to is not [MDL-051].
  Status set(aclmdlConfigAttr attribute, const void* value, size_t size);
  /// aclmdlLoadWithConfig: refuses a configuration in which something is missing that its load type needs.
  Result<uint32_t> load() const;

 private:
  static constexpr size_t kAttributes = ACL_MDL_WORKSPACE_MEM_OPTIMIZE + 1;
  struct Values {
    std::array<std::optional<uint64_t>, kAttributes> numbers;  ///< By attribute; the path's is its length.
    std::string path;
  };

  mutable std::mutex mutex_;
  Values values_;
};

}  // namespace cairn
