// Which call of the API each thread is in.
#pragma once

#include "check/facts.h"

namespace cairn::check {

/// Calls nest: a callback calls the API inside aclrtProcessReport.
/// `stack`: if it is known already.
void enter_call(const char* function, const CallStack* stack = nullptr);
void leave_call();

/// The innermost call with the program's stack, which is read once per call. Outside a call the function is
/// null.
CallSite current_call();
const char* current_function();

}  // namespace cairn::check
