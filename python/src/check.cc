// What the package needs for the check mode (CAIRN_CHECK): call stacks, and return codes that nobody looks
// at.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <set>
#include <string>

#include "base/observer.h"
#include "python_stack.h"
#include "watched_function.h"

namespace nb = nanobind;

namespace {

/// The observer keeps names of functions as pointers.
const char* lasting(const std::string& text) {
  static auto* const texts = new std::set<std::string>;  // Guarded by the GIL.
  return texts->insert(text).first->c_str();
}

}  // namespace

void bind_check(nb::module_& m) {
  m.attr("is_observed") = cairn::observer() != nullptr;
  if (cairn::observer() == nullptr) return;
  cairn::python::provide_call_stacks();
  m.attr("WatchedFunction") = cairn::python::watched_function_type();
  nb::module_::import_("atexit").attr("register")(nb::cpp_function(cairn::python::withdraw_call_stacks));
  m.def("call_site", [] { return reinterpret_cast<uintptr_t>(cairn::observer()->call_site()); });
  m.def("code_ignored", [](const std::string& function, int code, uintptr_t site) {
    cairn::observer()->code_ignored(lasting(function), code, reinterpret_cast<const void*>(site));
  });
  m.def("call_begins",
        [](const std::string& function) { cairn::observer()->call_begins(lasting(function)); });
  m.def("call_ended", [](const std::string& function) {
    cairn::observer()->call_ended(lasting(function), cairn::Status());
  });
}
