#include "device/code_guard.h"

#include <atomic>
#include <csetjmp>
#include <mutex>

#include <ucontext.h>

#include "base/environment.h"
#include "device/guarded_copy.h"

namespace cairn {
namespace {

struct Guard {
  GuardedCode code;
  CodeFault* fault;
  sigjmp_buf back;
};
thread_local Guard* volatile guard = nullptr;

struct sigaction previous_fpe;
struct sigaction previous_ill;

uintptr_t instruction_of(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<uintptr_t>(machine.gregs[REG_RIP]);
#else
  return machine.pc;
#endif
}

/// SIGSEGV and SIGBUS have a handler already (guarded_copy.h).
void on_trap(int signal, siginfo_t* info, void* context) {
  leave_guarded_code(signal, info, context);
  const struct sigaction& previous = signal == SIGFPE ? previous_fpe : previous_ill;
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr)
    previous.sa_sigaction(signal, info, context);
  else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN)
    previous.sa_handler(signal);
  else
    ::signal(signal, SIG_DFL);  // The instruction traps again, without us.
}

void install_trap_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    install_fault_handler();
    if (environment_int("CAIRN_FAULT_HANDLER", 1) == 0) return;
    struct sigaction action {};
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGFPE, &action, &previous_fpe);
    ::sigaction(SIGILL, &action, &previous_ill);
  });
}

}  // namespace

bool run_guarded_code(const GuardedCode& code, void (*body)(void*), void* argument, CodeFault& fault) {
  install_trap_handler();
  Guard mine{code, &fault, {}};
  Guard* const outer = guard;
  if (sigsetjmp(mine.back, 0) != 0) {  // No signal mask: the handlers run with SA_NODEFER.
    guard = outer;
    return false;
  }
  guard = &mine;
  std::atomic_signal_fence(std::memory_order_seq_cst);  // The body stays between the two assignments.
  body(argument);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  guard = outer;
  return true;
}

void leave_guarded_code(int signal, const siginfo_t* info, const void* context) {
  Guard* const mine = guard;
  if (mine == nullptr) return;
  const uintptr_t instruction = instruction_of(context);
  // A jump to a wild address faults there: its instruction lies in no code at all, and is not ours to judge.
  if (instruction < mine->code.start || instruction >= mine->code.end) return;
  *mine->fault = {signal, info->si_addr};
  siglongjmp(mine->back, 1);
}

}  // namespace cairn
