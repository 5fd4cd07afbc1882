// From an .om file or its bytes to a loaded model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/engine.h"

namespace cairn {

/// Device memory that the user manages for a model [MDL-010]. Null with size 0: the system manages that part.
struct UserModelMemory {
  void* work = nullptr;
  size_t work_size = 0;
  void* weights = nullptr;
  size_t weight_size = 0;
};

struct ModelLoadOptions {
  std::optional<UserModelMemory> memory;
  /// The work memory need not hold the inputs and outputs (ACL_MDL_WORKSPACE_MEM_OPTIMIZE).
  bool work_without_io = false;
  int priority = 0;  ///< 0 (first) to 7 (last), see ModelPriorities.
};

/// The whole file: a regular file that can be read.
Result<SharedBytes> read_model_file(const char* path);
/// The same, but many weights are left out until SharedBytes::read_rest.
Result<SharedBytes> open_model_file(const char* path);
/// A copy of `size` bytes of host or device memory; addresses that cannot be read are an error.
Result<SharedBytes> copy_model_memory(const void* model, size_t size);

/// Loads into the current context and returns the model's id.
Result<uint32_t> load_model(SharedBytes file, const ModelLoadOptions& options);
/// What the file holds, without loading it.
Result<ModelInfo> inspect_model(const SharedBytes& file);
/// aclmdlQuerySize.
Result<ModelSizes> query_model_size(const SharedBytes& file);

}  // namespace cairn
