// Where a program was when it called the API: the places of its script, or the return addresses of its C
// code.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cairn::check {

/// Never destroyed; equal stacks are the same object, so that they compare by address.
struct CallStack {
  bool is_script = false;
  std::vector<const void*> frames;  ///< ScriptFrame* or return addresses, innermost first.
};

/// The calling thread's stack. Thread-safe; a few hundred nanoseconds for a script, a microsecond for C.
const CallStack* current_call_stack();

/// The same in a signal handler, of the program code that faulted. It may wait for the interpreter's lock.
const CallStack* stack_of_fault();

/// One line per place, innermost first: "app.py:41 in main", "main (./app + 0x11e9)". Cairn's own are left
/// out.
std::vector<std::string> describe(const CallStack& stack);
/// The innermost place, "" if the stack is unknown.
std::string innermost(const CallStack* stack);

/// Loads what the first capture needs, so that it happens in no unlucky place.
void prepare_call_stacks();

}  // namespace cairn::check
