// acl.util.*: chapter 10.4. These functions have no C function, so they call the core.
#include <nanobind/nanobind.h>

#include <deque>

#include "arguments.h"
#include "base/observer.h"
#include "base/recent_error.h"
#include "device/memory_transfer.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::Int;
using cairn::python::to_python;

namespace {

// Known programs pass temporaries: bytes_to_ptr(array.tobytes()). The newest objects are kept alive, within
// these limits.
constexpr size_t kMostKept = 32;
constexpr size_t kMostKeptBytes = size_t{64} << 20;

void keep_alive(nb::bytes data) {
  static auto* kept = new std::deque<nb::bytes>;  // Guarded by the GIL.
  static size_t kept_bytes = 0;
  kept_bytes += data.size();
  kept->push_back(std::move(data));
  while (kept->size() > kMostKept || (kept->size() > 1 && kept_bytes > kMostKeptBytes)) {
    kept_bytes -= kept->front().size();
    kept->pop_front();
  }
}

}  // namespace

void bind_util(nb::module_& m) {
  m.def(
      "bytes_to_ptr",
      [](nb::bytes data) {
        const uintptr_t address = to_python(data.data());
        keep_alive(std::move(data));
        return address;
      },
      nb::arg("data"), "Returns the address of the object's own storage. Source: S1 10.4.1.4.");
  m.def(
      "ptr_to_bytes",
      [](Address address, Int<size_t> size) -> nb::object {
        const cairn::Status readable = cairn::check_host_readable(address.value, size, "UTL-030");
        if (!readable.is_ok()) {
          cairn::record_error("acl.util.ptr_to_bytes", readable);
          return nb::none();
        }
        cairn::observe([&](cairn::Observer& watching) {
          const cairn::MemoryAccess list[] = {{address.value, size, cairn::MemoryAccess::Kind::kRead}};
          watching.accessed("acl.util.ptr_to_bytes", list);
        });
        return nb::bytes(address.value, size);
      },
      nb::arg("ptr").none(), nb::arg("size"),
      "Returns a copy of `size` bytes of host memory, None if they cannot be read. Source: S1 10.4.1.5.");
  m.def("is_readable", [](Address address, Int<size_t> size) {
    const cairn::Status readable = cairn::check_host_readable(address.value, size, "UTL-011");
    if (!readable.is_ok())
      cairn::record_error("acl.util.ptr_to_numpy", readable);
    else
      cairn::observe([&](cairn::Observer& watching) {
        const cairn::MemoryAccess list[] = {{address.value, size, cairn::MemoryAccess::Kind::kRead}};
        watching.accessed("acl.util.ptr_to_numpy", list);
      });
    return readable.is_ok();
  });
}
