// Copies that survive bad host addresses: a fault inside them comes back as `false` instead of ending the
// process.
//
// Costs a few nanoseconds more than memcpy. Needs the fault handler of this file, which is installed on first
// use, looks only at faults inside these functions and at Cairn's device ranges, and hands every other fault
// to the handler before it.
#pragma once

#include <cstddef>

namespace cairn {

/// memcpy; false if one of the ranges is not accessible (part of the data may have been copied).
[[nodiscard]] bool guarded_copy(void* to, const void* from, size_t size);
/// memset; false if the range is not accessible.
[[nodiscard]] bool guarded_set(void* to, int value, size_t size);
/// Installs the SIGSEGV and SIGBUS handler, unless CAIRN_FAULT_HANDLER=0. Idempotent, thread-safe.
void install_fault_handler();
/// True if faults come to our handler first: it is installed, and the program has put none in front of it.
bool fault_handler_is_in_place();

}  // namespace cairn
