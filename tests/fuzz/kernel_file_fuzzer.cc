// Kernel binaries to the reader that stands before the system's loader.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "acl/acl_base.h"
#include "kernel/kernel_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> file(data, data + size);  // Of its own: reads beyond it are found.
  const auto functions = cairn::read_kernel_file(std::as_bytes(std::span(file)));
  if (!functions.is_ok()) {
    if (functions.code() != ACL_ERROR_OP_LOAD_FAILED) std::abort();
    return 0;
  }
  if (functions->empty()) std::abort();
  for (const cairn::KernelFunction& function : *functions)
    if (function.name.empty() || function.code.size == 0) std::abort();
  return 0;
}
