// Runs code of the program that may fault, such as kernels: a fault in it comes back instead of ending the
// process.
//
// Only faults of instructions of that very code count. One in a library that it calls may have happened while
// the library held a lock, so it ends the process as in any program. What lies on the stack of code that is
// left is not destroyed.
#pragma once

#include <csignal>
#include <cstdint>

namespace cairn {

/// Addresses of instructions, [start, end).
struct GuardedCode {
  uintptr_t start = 0;
  uintptr_t end = 0;
};

/// What ended guarded code. The address is that of the memory for SIGSEGV and SIGBUS, else of the
/// instruction.
struct CodeFault {
  int signal = 0;
  const void* address = nullptr;
};

/// Calls body(argument), which may not throw; false and `fault` if an instruction of `code` faulted. Costs
/// some nanoseconds. With CAIRN_FAULT_HANDLER=0 faults end the process.
[[nodiscard]] bool run_guarded_code(const GuardedCode& code, void (*body)(void*), void* argument,
                                    CodeFault& fault);

/// For handlers of signals: does not return if the calling thread was running guarded code and the
/// instruction lies in it.
void leave_guarded_code(int signal, const siginfo_t* info, const void* context);

}  // namespace cairn
