// acl.op.*: chapter 10.9.
#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include "acl/acl_op.h"
#include "arguments.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::without_gil;
using Addresses = std::vector<Address>;

namespace {

template <class Handle>
std::vector<Handle*> handles(const Addresses& addresses) {
  std::vector<Handle*> result;
  result.reserve(addresses.size());
  for (const Address& address : addresses)
    result.push_back(address.as<Handle>());
  return result;
}

}  // namespace

void bind_op(nb::module_& m) {
  m.def(
      "execute_with_handle",
      [](Address handle, const Addresses& inputs, const Addresses& outputs, Address stream) {
        const auto in = handles<aclDataBuffer>(inputs);
        const auto out = handles<aclDataBuffer>(outputs);
        return without_gil([&] {
          return aclopExecWithHandle(handle.as<aclopHandle>(), static_cast<int>(in.size()), in.data(),
                                     static_cast<int>(out.size()), out.data(), stream.value);
        });
      },
      nb::arg("handle").none(), nb::arg("inputs"), nb::arg("outputs"), nb::arg("stream").none());
  m.def(
      "destroy_handle", [](Address handle) { aclopDestroyHandle(handle.as<aclopHandle>()); },
      nb::arg("handle").none());
}
