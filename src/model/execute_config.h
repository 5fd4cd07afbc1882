// aclmdlExecConfigHandle: how one execution is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "acl/acl_mdl.h"
#include "base/handle_table.h"
#include "base/status.h"

namespace cairn {

/// Thread-safe.
class ExecuteConfig {
 public:
  static constexpr HandleType kHandleType = HandleType::kExecuteConfig;

  /// aclmdlSetExecConfigOpt. `value`: the address of the attribute's value; `size`: its bytes.
  Status set(aclmdlExecConfigAttr attribute, const void* value, size_t size);
  /// aclmdlExecuteV2: on the stream, waiting as long as the configuration says.
  Status execute(uint32_t id, const void* input_dataset, const void* output_dataset, void* stream) const;
  /// aclmdlExecuteAsyncV2.
  Status execute_async(uint32_t id, const void* input_dataset, const void* output_dataset,
                       void* stream) const;

 private:
  struct Values {
    int32_t stream_timeout_ms = -1;  ///< -1: for ever.
    void* work = nullptr;            ///< Work memory of this execution instead of the model's.
    size_t work_size = 0;
  };
  Values values() const;
  /// The work memory is device memory and large enough for the model.
  static Status check_work(const Values& values, uint32_t id);

  mutable std::mutex mutex_;
  Values values_;
};

}  // namespace cairn
