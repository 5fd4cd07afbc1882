// Which operator failed in a model's task, for aclmdlCreateAndGetOpDesc and exception dumps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/handle_table.h"
#include "base/status.h"
#include "engine/engine.h"
#include "model/inner_view.h"
#include "tensor/tensor_desc.h"

namespace cairn {

/// An operator with copies of its inputs; it has written no outputs.
struct FailedOperator {
  DumpOperator one;  ///< The inputs' bytes are those of `input_bytes`.
  std::vector<std::vector<std::byte>> input_bytes;
};

/// Runs the model piece by piece until the operator is found that cannot run on these inputs. Slow: compiles
/// the network several times. An error if every operator runs by itself.
Result<FailedOperator> find_failed_operator(Executable& executable, size_t gear,
                                            std::span<const void* const> inputs);

/// Keeps it for describe_failed_operator: the last kMostFailures of the process.
void remember_failed_operator(const TaskPlace& place, std::shared_ptr<const FailedOperator> failed);

/// The two arrays of aclmdlCreateAndGetOpDesc; a null handle where there is nothing.
struct OperatorDescription {
  std::string name;
  Ref<TensorDesc> inputs;
  size_t input_count = 0;
  Ref<TensorDesc> outputs;
  size_t output_count = 0;
};
/// ACL_ERROR_INVALID_PARAM if no operator failed there, or if the name needs more than `most_name` bytes with
/// its null.
Result<OperatorDescription> describe_failed_operator(const TaskPlace& place, size_t most_name);

}  // namespace cairn
