// aclopHandle: an operator that was looked up once and can be run many times [OP-027].
#pragma once

#include <span>

#include "base/handle_table.h"
#include "base/status.h"
#include "device/stream.h"

namespace cairn {

/// What a program's data buffer refers to.
struct OperatorBuffer {
  void* data = nullptr;
  size_t size = 0;
  bool on_host = false;  ///< The description's placement is host memory [OP-026].
};

class OpHandle {
 public:
  static constexpr HandleType kHandleType = HandleType::kOpHandle;

  OpHandle() = default;
  OpHandle(const OpHandle&) = delete;
  OpHandle& operator=(const OpHandle&) = delete;
  virtual ~OpHandle() = default;

  /// Checks the buffers and adds the operator to the stream. The buffers are in the order of the operator's
  /// own inputs and outputs.
  virtual Status launch(std::span<const OperatorBuffer> inputs, std::span<const OperatorBuffer> outputs,
                        const Ref<Stream>& stream) const = 0;
};

}  // namespace cairn
