// acl/acl_op_compiler.h: compiling single operators while the program runs.
#include "acl/acl_op_compiler.h"

#include "capi/entry.h"
#include "capi/stream_entry.h"
#include "singleop/compile_options.h"
#include "singleop/operator_execution.h"

using cairn::api;
using cairn::error;
using cairn::ListedArguments;
using cairn::OperatorArguments;
using cairn::OperatorCompileOptions;
using cairn::read_arguments;
using cairn::Ref;
using cairn::Status;
using cairn::Stream;
using cairn::with_stream;

namespace {

/// What says which compiler to use; `op_path` is for operators of the program's own.
struct CompilerChoice {
  aclopEngineType engine;
  aclopCompileType type;
};

Status check_choice(const CompilerChoice& choice) {
  if (choice.engine < ACL_ENGINE_SYS || choice.engine > ACL_ENGINE_VECTOR)
    return error(ACL_ERROR_INVALID_PARAM, "COM-052", "engineType = {} is no aclopEngineType",
                 static_cast<int>(choice.engine));
  if (choice.type == ACL_COMPILE_SYS) return {};
  if (choice.type == ACL_COMPILE_UNREGISTERED)
    return error(
        ACL_ERROR_FEATURE_UNSUPPORTED, "COM-052",
        "ACL_COMPILE_UNREGISTERED compiles sources of the chip; register a kernel with aclopCreateKernel, or "
        "use an operator of the table with ACL_COMPILE_SYS");
  return error(ACL_ERROR_INVALID_PARAM, "COM-052", "compileFlag = {} is no aclopCompileType",
               static_cast<int>(choice.type));
}

aclError compile_and_execute(const char* function, const ListedArguments& given, const CompilerChoice& choice,
                             aclrtStream stream, bool writes_shapes) {
  return with_stream(function, stream, [&](const Ref<Stream>& found) -> Status {
    CAIRN_RETURN_IF_ERROR(check_choice(choice));
    CAIRN_ASSIGN(const OperatorArguments arguments, read_arguments(given, true));
    return cairn::compile_and_execute_operator(function, arguments, found, writes_shapes);
  });
}

}  // namespace

aclError aclopCompile(const char* opType, int numInputs, const aclTensorDesc* const* inputDesc,
                      int numOutputs, const aclTensorDesc* const* outputDesc, const aclopAttr* attr,
                      aclopEngineType engineType, aclopCompileType compileFlag, const char* /*opPath*/) {
  return api("aclopCompile", [&]() -> Status {
    CAIRN_RETURN_IF_ERROR(check_choice({engineType, compileFlag}));
    CAIRN_ASSIGN(const OperatorArguments arguments,
                 read_arguments(
                     {opType, numInputs, inputDesc, nullptr, numOutputs, outputDesc, nullptr, attr}, false));
    return cairn::compile_operator(arguments);
  });
}

aclError aclopCompileAndExecute(const char* opType, int numInputs, const aclTensorDesc* const* inputDesc,
                                const aclDataBuffer* const* inputs, int numOutputs,
                                const aclTensorDesc* const* outputDesc, aclDataBuffer* const* outputs,
                                const aclopAttr* attr, aclopEngineType engineType,
                                aclopCompileType compileFlag, const char* /*opPath*/, aclrtStream stream) {
  return compile_and_execute("aclopCompileAndExecute",
                             {opType, numInputs, inputDesc, inputs, numOutputs, outputDesc, outputs, attr},
                             {engineType, compileFlag}, stream, false);
}

aclError aclopCompileAndExecuteV2(const char* opType, int numInputs, aclTensorDesc** inputDesc,
                                  aclDataBuffer** inputs, int numOutputs, aclTensorDesc** outputDesc,
                                  aclDataBuffer** outputs, aclopAttr* attr, aclopEngineType engineType,
                                  aclopCompileType compileFlag, const char* /*opPath*/, aclrtStream stream) {
  return compile_and_execute("aclopCompileAndExecuteV2",
                             {opType, numInputs, inputDesc, inputs, numOutputs, outputDesc, outputs, attr},
                             {engineType, compileFlag}, stream, true);
}

aclError aclSetCompileopt(aclCompileOpt opt, const char* value) {
  return api("aclSetCompileopt", [&] { return OperatorCompileOptions::get().set(opt, value); });
}

size_t aclGetCompileoptSize(aclCompileOpt opt) {
  return OperatorCompileOptions::get().size(opt);
}

aclError aclGetCompileopt(aclCompileOpt opt, char* value, size_t length) {
  return api("aclGetCompileopt", [&]() -> Status {
    if (value == nullptr) return cairn::null_argument("COM-052", "value");
    return OperatorCompileOptions::get().copy(opt, {value, length});
  });
}

aclError aclopSetCompileFlag(aclOpCompileFlag flag) {
  return api("aclopSetCompileFlag", [&] { return cairn::set_compile_flag(flag); });
}
