#include "check/current_call.h"

namespace cairn::check {
namespace {

// Plain data: objects may end while a thread's variables are destroyed.
constexpr size_t kMostNested = 32;
struct Call {
  const char* function;
  const CallStack* stack;
};
thread_local Call calls[kMostNested];
thread_local size_t depth = 0;

}  // namespace

void enter_call(const char* function, const CallStack* stack) {
  if (depth < kMostNested) calls[depth] = {function, stack};
  ++depth;
}

void leave_call() {
  --depth;
}

const char* current_function() {
  return depth == 0 || depth > kMostNested ? nullptr : calls[depth - 1].function;
}

CallSite current_call() {
  if (depth == 0 || depth > kMostNested) return {nullptr, current_call_stack()};
  Call& call = calls[depth - 1];
  if (call.stack == nullptr) call.stack = current_call_stack();
  return {call.function, call.stack};
}

}  // namespace cairn::check
