#include "device/guarded_copy.h"

#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <mutex>

#include <fmt/format.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/observer.h"
#include "device/code_guard.h"
#include "device/runtime.h"

namespace cairn {
namespace {

// Where the current guarded function of this thread goes on after a fault; null outside one.
thread_local sigjmp_buf* volatile guard = nullptr;
struct sigaction previous_segv;
struct sigaction previous_bus;

void chain(int signal_number, siginfo_t* info, void* context) {
  const struct sigaction& previous = signal_number == SIGBUS ? previous_bus : previous_segv;
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
    previous.sa_sigaction(signal_number, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN &&
             previous.sa_handler != nullptr) {
    previous.sa_handler(signal_number);
  } else {
    // The default action: let the instruction fault again without us.
    ::signal(signal_number, SIG_DFL);
  }
}

/// Says on stderr that host code touched device memory, before the program ends as it would on the card.
void explain_device_access(const void* address) {
  const Device* device = Runtime::get().device_of_address(address);
  if (device == nullptr) return;
  observe([&](Observer& watching) { watching.host_faulted(address); });
  char text[512];
  const auto allocation = device->memory()->allocation_of(address);
  const auto end = allocation.start != nullptr
                       ? fmt::format_to_n(text, sizeof text,
                                          "[RT-130] host code read or wrote {}, which is memory of device {} "
                                          "({} bytes at {}): copy it with "
                                          "aclrtMemcpy (acl.rt.memcpy) instead\n",
                                          address, device->id(), allocation.size, allocation.start)
                       : fmt::format_to_n(text, sizeof text,
                                          "[RT-130] host code read or wrote {}, an address of device {} that "
                                          "is not allocated (any more)\n",
                                          address, device->id());
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, text, end.size < sizeof text ? end.size : sizeof text);
}

/// What the faulting instruction did, where the system says it.
Touch touch_of(const void* context) {
#if defined(__x86_64__)
  constexpr greg_t kWriteBit = 2;  // Of the page fault's error code.
  const auto error_code = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_ERR];
  return (error_code & kWriteBit) != 0 ? Touch::kWrite : Touch::kRead;
#else
  (void)context;
  return Touch::kUnknown;
#endif
}

void on_fault(int signal_number, siginfo_t* info, void* context) {
  if (Observer* const watching = observer();
      watching != nullptr && signal_number == SIGSEGV && info->si_code == SEGV_ACCERR &&
      watching->host_touched(info->si_addr, touch_of(context), guard != nullptr))
    return;
  leave_guarded_code(signal_number, info, context);
  if (guard != nullptr) siglongjmp(*guard, 1);
  explain_device_access(info->si_addr);
  chain(signal_number, info, context);
}

// Sanitizers replace memmove and memset by functions that end the process at a bad address: plain loops
// there.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAIRN_UNCHECKED __attribute__((no_sanitize_address, no_sanitize_thread))
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CAIRN_UNCHECKED __attribute__((no_sanitize("address", "thread")))
#endif
#endif

#ifdef CAIRN_UNCHECKED
CAIRN_UNCHECKED void copy_bytes(void* to, const void* from, size_t size) {
  auto* target = static_cast<volatile char*>(to);
  const auto* source = static_cast<const volatile char*>(from);
  if (to <= from)
    for (size_t i = 0; i < size; ++i)
      target[i] = source[i];
  else
    for (size_t i = size; i-- > 0;)
      target[i] = source[i];
}
CAIRN_UNCHECKED void set_bytes(void* to, int value, size_t size) {
  auto* target = static_cast<volatile char*>(to);
  for (size_t i = 0; i < size; ++i)
    target[i] = static_cast<char>(value);
}
#else
void copy_bytes(void* to, const void* from, size_t size) {
  std::memmove(to, from, size);
}
void set_bytes(void* to, int value, size_t size) {
  std::memset(to, value, size);
}
#endif

/// Runs `body` with the guard set; false if it faulted.
template <class Body>
bool run_guarded(Body body) {
  install_fault_handler();
  sigjmp_buf buffer;
  sigjmp_buf* const outer = guard;
  if (sigsetjmp(buffer, 0) != 0) {  // No signal mask: the handler runs with SA_NODEFER.
    guard = outer;
    return false;
  }
  guard = &buffer;
  std::atomic_signal_fence(std::memory_order_seq_cst);  // The body stays between the two assignments.
  body();
  std::atomic_signal_fence(std::memory_order_seq_cst);
  guard = outer;
  return true;
}

}  // namespace

void install_fault_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (environment_int("CAIRN_FAULT_HANDLER", 1) == 0) return;
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    // An observer writes reports in the handler, for which a program's alternate stack may be too small.
    if (observer() == nullptr) action.sa_flags |= SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGSEGV, &action, &previous_segv);
    ::sigaction(SIGBUS, &action, &previous_bus);
  });
}

bool fault_handler_is_in_place() {
  install_fault_handler();
  struct sigaction current {};
  ::sigaction(SIGSEGV, nullptr, &current);
  return (current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == on_fault;
}

bool guarded_copy(void* to, const void* from, size_t size) {
  return run_guarded([=] { copy_bytes(to, from, size); });
}

bool guarded_set(void* to, int value, size_t size) {
  return run_guarded([=] { set_bytes(to, value, size); });
}

}  // namespace cairn
