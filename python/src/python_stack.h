// The Python side of cairn::ScriptStack.
#pragma once

namespace cairn::python {

/// Makes Python's call stacks known to the check mode; for as long as the interpreter lives.
void provide_call_stacks();
/// The interpreter ends: no more stacks.
void withdraw_call_stacks();

}  // namespace cairn::python
