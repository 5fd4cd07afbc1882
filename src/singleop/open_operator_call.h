// A call of an operator that is compiled for open shapes, or whose results have sizes that only the run
// knows.
#pragma once

#include <memory>
#include <vector>

#include "base/observer.h"
#include "base/status.h"
#include "engine/engine.h"
#include "singleop/single_operator.h"

namespace cairn {

class OpenOperatorCall {
 public:
  /// Reads shapes and checks buffers of the call.
  static Result<std::shared_ptr<OpenOperatorCall>> prepare(std::shared_ptr<const SingleOperator> one,
                                                           Executable& executable, const OperatorCall& call,
                                                           bool sizes_need_values);
  std::vector<MemoryAccess> accesses() const;
  /// In the task.
  Status run(Stream& stream, bool detect);
  /// What the run came to, for the caller who waited for it.
  const Status& outcome() const { return outcome_; }
  /// Hands the shapes of the results to the descriptions.
  Status write_shapes(std::span<const aclTensorDesc* const> descs) const;

 private:
  struct Input {
    void* address;
    size_t bytes;
    std::vector<int64_t> dims;
    bool on_host;
  };
  struct Output {
    void* address;
    size_t size;
    std::vector<int64_t> dims;  ///< Before the run: as described; then: as computed.
    bool on_host;
  };

  OpenOperatorCall(std::shared_ptr<const SingleOperator> one, Executable& executable)
      : one_(std::move(one)), executable_(executable) {}
  Status add_inputs(const OperatorCall& call);
  Status add_outputs(const OperatorCall& call);
  Status run_resolved(FloatOverflow& overflow);
  Status take(size_t index, const std::vector<int64_t>& dims, std::span<const std::byte> bytes);

  const std::shared_ptr<const SingleOperator> one_;
  Executable& executable_;  ///< Of one_.
  HostTensors host_;
  std::vector<Input> inputs_;  ///< Those that take memory.
  std::vector<Output> outputs_;
  bool sizes_need_values_ = false;
  Status outcome_;
};

}  // namespace cairn
