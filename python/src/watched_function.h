// Functions of the package as the check mode sees them: part of python/acl/_return_codes.py.
#pragma once

#include <nanobind/nanobind.h>

namespace cairn::python {

/// The type WatchedFunction(function, name, failures, report, keep). Called, it calls
///   report() first, if the dict `failures` is not empty;
///   function, and returns what that returns, or keep(result, name) if the code in it is not 0. The code is
///   the result, or the last value of a tuple. keep: None for functions without a code.
/// In C++, since a Python function would cost each call more than all else that the check mode does.
nanobind::object watched_function_type();

}  // namespace cairn::python
