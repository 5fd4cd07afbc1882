// A single operator of the table: compiled when it is first used, and run as a task of a stream.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "acl/acl_op.h"
#include "base/status.h"
#include "device/address_list.h"
#include "device/stream.h"
#include "engine/engine.h"
#include "op/op_handle.h"
#include "op/operator_spec.h"
#include "singleop/host_tensors.h"

namespace cairn {

/// One call of an operator. Inputs and outputs are in the order of the description, absent inputs included.
struct OperatorCall {
  const char* function;  ///< Of the API, a string literal.
  std::span<const OperatorBuffer> inputs;
  std::span<const OperatorBuffer> outputs;
  /// Handles; empty for a call that goes through an aclopHandle.
  std::span<const aclTensorDesc* const> input_descs;
  std::span<const aclTensorDesc* const> output_descs;
  /// The output descriptions receive shapes that only the run finds out, and the call waits for it [OP-018].
  bool writes_shapes = false;
  const Ref<Stream>& stream;
};

/// Thread-safe. Whoever holds a pointer may go on using it after it was aged out.
class SingleOperator : public std::enable_shared_from_this<SingleOperator> {
 public:
  explicit SingleOperator(OperatorSpec description) : description_(std::move(description)) {}
  SingleOperator(const SingleOperator&) = delete;
  SingleOperator& operator=(const SingleOperator&) = delete;

  const OperatorSpec& description() const { return description_; }
  /// Compiles it unless it is. ACL_ERROR_OP_UNSUPPORTED_DYNAMIC: it needs to know all shapes.
  Status prepare() const { return compiled().status(); }
  /// Its sizes are all known before it runs. Compiles.
  Result<bool> is_fixed() const;
  /// Checks the buffers and adds the operator to the stream.
  Status launch(const OperatorCall& call) const;

 private:
  friend class OpenOperatorCall;

  Result<Executable*> compiled() const;
  Status launch_fixed(Executable& executable, const OperatorCall& call) const;
  Status launch_open(Executable& executable, const OperatorCall& call) const;
  /// Runs an operator of exactly the shapes and constants of the call, which is compiled unless that was done
  /// before.
  Status launch_specialised(const OperatorCall& call) const;
  /// Some size is known only after the run, even with the inputs' shapes.
  bool sizes_need_values(const Executable& executable) const;
  Status run(Executable& executable, Stream& stream, AddressList& addresses, HostTensors& host,
             bool detect) const;

  const OperatorSpec description_;
  mutable std::mutex compiling_;
  mutable std::shared_ptr<Executable> owner_;
  mutable std::atomic<Executable*> ready_{nullptr};
  mutable bool sizes_need_values_ = false;         ///< Written before ready_.
  mutable std::atomic<bool> needs_shapes_{false};  ///< It cannot be compiled for open shapes.
};

}  // namespace cairn
