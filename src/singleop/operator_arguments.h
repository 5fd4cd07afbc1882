// The arguments of the functions that execute, compile or describe an operator.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "acl/acl_op.h"
#include "base/status.h"
#include "op/op_handle.h"
#include "op/operator_key.h"
#include "op/operator_spec.h"

namespace cairn {

/// As the program gave them; lists are as long as their counts say. `inputs` and `outputs` are empty for
/// functions that take no data.
struct OperatorArguments {
  const char* type = nullptr;
  std::span<const aclTensorDesc* const> input_descs = {};
  std::span<const aclDataBuffer* const> inputs = {};
  std::span<const aclTensorDesc* const> output_descs = {};
  std::span<const aclDataBuffer* const> outputs = {};
  const aclopAttr* attributes = nullptr;  ///< May be null.
};

/// A list of a C function as a span; an error if count and list do not go together.
template <class Handle>
Result<std::span<const Handle* const>> operator_list(int count, const Handle* const* list, const char* name) {
  constexpr int kMost = 65536;
  if (count >= 0 && count <= kMost && (count == 0 || list != nullptr))
    return std::span<const Handle* const>(list, static_cast<size_t>(count));
  return error(ACL_ERROR_INVALID_PARAM, "OP-012",
               "{} is a list of {} at {}; pass a list and its length, at most {}", name, count,
               static_cast<const void*>(list), kMost);
}

/// The arguments as the C functions list them.
struct ListedArguments {
  const char* type;
  int input_count;
  const aclTensorDesc* const* input_descs;
  const aclDataBuffer* const* inputs;
  int output_count;
  const aclTensorDesc* const* output_descs;
  const aclDataBuffer* const* outputs;
  const aclopAttr* attributes;
};
/// `with_data`: with the buffers, which then are as many as the descriptions.
Result<OperatorArguments> read_arguments(const ListedArguments& listed, bool with_data);

/// The memory behind data buffers, in place unless there are many.
class OperatorBuffers {
 public:
  /// `descs`: whether a buffer lies in host memory; may be empty.
  static Result<OperatorBuffers> read(std::span<const aclDataBuffer* const> buffers,
                                      std::span<const aclTensorDesc* const> descs, const char* name);
  std::span<const OperatorBuffer> span() const {
    return many_.empty() ? std::span<const OperatorBuffer>(few_.data(), count_) : many_;
  }

 private:
  static constexpr size_t kInPlace = 8;
  size_t count_ = 0;
  std::array<OperatorBuffer, kInPlace> few_{};
  std::vector<OperatorBuffer> many_;
};

/// What the data of inputs with the placement ACL_MEMTYPE_HOST counts as [COM-052].
enum class HostValues : uint8_t {
  kConstants,  ///< Part of the operator: other values are another operator.
  kData,
};

/// A key, and whether it depends on what host values count as.
struct ArgumentsKey {
  OperatorKey key;
  bool has_host_values = false;
};

/// The key of the operator that the arguments ask for. Allocates nothing unless values are long.
Result<ArgumentsKey> key_of(const OperatorArguments& arguments, std::span<const OperatorBuffer> inputs,
                            bool with_dims, HostValues host_values);

/// The operator that the arguments describe.
Result<OperatorSpec> describe_arguments(const OperatorArguments& arguments,
                                        std::span<const OperatorBuffer> inputs, HostValues host_values);

}  // namespace cairn
