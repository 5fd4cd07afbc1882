// What a kernel binary holds, read and checked before the system's loader sees it.
//
// A kernel binary is a shared object (ELF) for this CPU with functions made by CAIRN_KERNEL (cairn/kernel.h).
// The loader trusts a file: one that is cut off or damaged would end the process. What it follows is checked
// here: that headers, segments, tables, names, relocations and versions lie inside the file and the memory
// that it asks for. Code cannot be checked: it is the program's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace cairn {

/// A range of addresses of a loaded file, counted from where it is loaded.
struct CodeRange {
  uint64_t start = 0;
  uint64_t size = 0;
};

struct KernelFunction {
  std::string name;
  CodeRange code;  ///< The executable segment that the function lies in.
};

/// ACL_ERROR_OP_LOAD_FAILED for what is no kernel binary of this CPU. The functions are in the order of the
/// file.
Result<std::vector<KernelFunction>> read_kernel_file(std::span<const std::byte> file);

}  // namespace cairn
