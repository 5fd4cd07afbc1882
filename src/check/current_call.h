// Which call of the API each thread is in.
#pragma once

#include "check/facts.h"

namespace cairn::check {

/// Calls nest: a callback calls the API inside aclrtProcessReport.
void enter_call(const char* function);
void leave_call();

/// The innermost call with the program's stack, which is read once per call. Outside a call the function is
/// null.
CallSite current_call();

}  // namespace cairn::check
