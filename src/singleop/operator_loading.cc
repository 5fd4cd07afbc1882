#include "singleop/operator_loading.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/log.h"
#include "device/runtime.h"
#include "model/engine_loader.h"
#include "model/model_load.h"
#include "singleop/operator_registry.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 2;  // Levels below the directory.

Status add(const SharedBytes& file) {
  CAIRN_ASSIGN(Engine * engine, load_engine());
  const SocProfile& soc = Runtime::get().soc();
  CAIRN_ASSIGN(OperatorSpec description, engine->read_operator(file.span(), soc.lenient ? nullptr : &soc));
  OperatorRegistry::get().add(std::make_shared<SingleOperator>(std::move(description)),
                              OperatorOrigin::kLoaded);
  return {};
}

Result<std::vector<fs::path>> om_files(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code failure;
  fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied, failure);
  for (const fs::recursive_directory_iterator end; !failure && entry != end; entry.increment(failure)) {
    std::error_code ignored;
    if (entry.depth() >= kDeepest) entry.disable_recursion_pending();
    if (entry->path().extension() == ".om" && entry->is_regular_file(ignored)) files.push_back(entry->path());
  }
  if (failure)
    return error(ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID, "OP-001", "the directory {} cannot be read: {}",
                 directory.string(), failure.message());
  std::ranges::sort(files);
  return files;
}

}  // namespace

Status load_operators_of(const char* directory) {
  CAIRN_RETURN_IF_ERROR(Runtime::get().check_initialized());
  if (directory == nullptr || *directory == '\0')
    return error(ACL_ERROR_INVALID_PARAM, "OP-001", "modelDir is {}; pass a directory with .om files",
                 directory == nullptr ? "null" : "empty");
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored))
    return error(ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID, "OP-001", "modelDir = {} is no directory", directory);
  CAIRN_ASSIGN(const std::vector<fs::path> files, om_files(directory));
  Status first;
  for (const fs::path& path : files) {
    CAIRN_ASSIGN(const SharedBytes file, read_model_file(path.c_str()));
    Status status = add(file);
    if (status.is_ok()) continue;
    log(LogLevel::kWarning, "ASCENDCL", "{} was not loaded: {}", path.string(), status.text());
    // A folder may hold models as well.
    if (status.code() == ACL_ERROR_OP_LOAD_FAILED || !first.is_ok()) continue;
    first = error(status.code(), "OP-001", "{} cannot be loaded: {}", path.string(), status.text());
  }
  return first;
}

Status load_operator(const void* model, size_t size) {
  CAIRN_RETURN_IF_ERROR(Runtime::get().check_initialized());
  CAIRN_ASSIGN(const SharedBytes file, copy_model_memory(model, size));
  return add(file);
}

}  // namespace cairn
