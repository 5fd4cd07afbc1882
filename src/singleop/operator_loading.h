// Loading single operators from .om files.
#pragma once

#include <cstddef>

#include "base/status.h"

namespace cairn {

/// aclopSetModelDir: all *.om files of the directory and of two levels below it [OP-002]. Files that hold a
/// model of several layers are passed over.
Status load_operators_of(const char* directory);
/// aclopLoad. The bytes are not needed after the call.
Status load_operator(const void* model, size_t size);

}  // namespace cairn
