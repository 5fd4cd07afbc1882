// aclSetCompileopt: options of compiling operators. They choose variants of the chip's kernels, arithmetic
// modes and folders of the chip's compiler; here they are checked and kept, and change no result.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <span>
#include <string>

#include "acl/acl_op_compiler.h"
#include "base/status.h"

namespace cairn {

/// One per process. Thread-safe.
class OperatorCompileOptions {
 public:
  static OperatorCompileOptions& get();

  Status set(aclCompileOpt option, const char* value);
  /// Bytes that the value needs with its null; 0 for an unknown option.
  size_t size(aclCompileOpt option) const;
  /// Copies the value with its null.
  Status copy(aclCompileOpt option, std::span<char> to) const;

 private:
  static constexpr size_t kOptions = 17;

  mutable std::mutex mutex_;
  std::array<std::string, kOptions> values_;
};

}  // namespace cairn
