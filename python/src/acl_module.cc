// The native module acl._acl: functions of acl, and submodules rt, util, mdl, op.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "acl/acl_base.h"
#include "base/recent_error.h"

namespace nb = nanobind;

void bind_base(nb::module_& m);
void bind_rt(nb::module_& m);
void bind_util(nb::module_& m);
void bind_mdl(nb::module_& m);
void bind_mdl_aipp(nb::module_& m);
void bind_op(nb::module_& m);
void bind_op_kernels(nb::module_& m);
void bind_check(nb::module_& m);

NB_MODULE(_acl, m) {
  nb::set_leak_warnings(false);  // A program may end while callbacks are registered.
  bind_base(m);
  auto rt = m.def_submodule("rt");
  bind_rt(rt);
  auto util = m.def_submodule("util");
  bind_util(util);
  auto mdl = m.def_submodule("mdl");
  bind_mdl(mdl);
  bind_mdl_aipp(mdl);
  auto op = m.def_submodule("op");
  bind_op(op);
  bind_op_kernels(op);
  bind_check(m);
  // For the package itself: error texts of functions that have no C function.
  m.def("record_error", [](const std::string& function, int code, const std::string& text) {
    cairn::record_error(function.c_str(), cairn::Status(code, text));
  });
  m.def("record_unsupported", [](const std::string& function) {
    cairn::record_error(function.c_str(),
                        cairn::error(ACL_ERROR_FEATURE_UNSUPPORTED, "RT-192",
                                     "Cairn does not support this function yet; see docs/compatibility.md"));
  });
}
