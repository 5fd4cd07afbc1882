// Finding the operator that a call asks for, and executing it.
#pragma once

#include <memory>

#include "acl/acl_op.h"
#include "acl/acl_op_compiler.h"
#include "base/status.h"
#include "device/stream.h"
#include "op/op_handle.h"
#include "singleop/operator_arguments.h"
#include "singleop/single_operator.h"

namespace cairn {

/// The loaded or compiled operator; ACL_ERROR_OP_NOT_FOUND, ..._INPUT_NOT_MATCH, ..._OUTPUT_NOT_MATCH or
/// ..._ATTR_NOT_MATCH if there is none [OP-015].
Result<std::shared_ptr<const SingleOperator>> find_operator_of(const OperatorArguments& arguments,
                                                               std::span<const OperatorBuffer> inputs);

/// aclopExecute and aclopExecuteV2; the latter `writes_shapes`. `function`: a string literal.
Status execute_operator(const char* function, const OperatorArguments& arguments, const Ref<Stream>& stream,
                        bool writes_shapes);

/// aclopCreateHandle. Operators with dynamic shapes are refused [OP-027].
Result<std::unique_ptr<OpHandle>> make_operator_handle(const OperatorArguments& arguments);

/// aclopCompile: builds the operator and keeps it, if it is not there [COM-052].
Status compile_operator(const OperatorArguments& arguments);
/// aclopCompileAndExecute and aclopCompileAndExecuteV2.
Status compile_and_execute_operator(const char* function, const OperatorArguments& arguments,
                                    const Ref<Stream>& stream, bool writes_shapes);

/// aclopSetCompileFlag: with ACL_OP_COMPILE_FUZZ operators are compiled with all dims open.
Status set_compile_flag(aclOpCompileFlag flag);

/// aclopCast and aclopCreateHandleForCast: the operator Cast, compiled if it is not loaded.
Status cast_tensor(const OperatorArguments& arguments, bool truncate, const Ref<Stream>& stream);
Result<std::unique_ptr<OpHandle>> make_cast_handle(const OperatorArguments& arguments, bool truncate);

}  // namespace cairn
