// Python functions as C callbacks.
#pragma once

#include <nanobind/nanobind.h>

namespace cairn::python {

/// A Python function with its argument, waiting to be called once by run_callback. Lives until then, or until
/// forget_callbacks.
void* keep_callback(nanobind::object function, nanobind::object argument);
/// Takes a callback that was never launched back.
void drop_callback(void* kept);
/// An aclrtCallback: calls what keep_callback kept. Exceptions are printed, as Python does for other threads.
void run_callback(void* kept);
/// Forgets all callbacks that will not be called any more (acl.finalize).
void forget_callbacks();
/// Forgets the selectors of operators, which the C library has forgotten (acl.finalize).
void forget_selectors();

}  // namespace cairn::python
