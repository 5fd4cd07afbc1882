// acl.op: kernels and selectors, chapter 10.11.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <string>
#include <utility>

#include "acl/acl_op.h"
#include "acl/acl_rt.h"
#include "arguments.h"
#include "base/recent_error.h"
#include "callbacks.h"
#include "gil.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::handles;
using cairn::python::Int;
using cairn::python::without_gil;
using Addresses = cairn::python::AddressList;

namespace cairn::python {
namespace {

/// A C selector is not told for which operator it is called, so each Python function gets one of its own.
constexpr size_t kMostSelectors = 512;

struct Selector {
  std::string op_type;  ///< Empty: free.
  nb::object function;
};

// Guarded by the GIL.
std::array<Selector, kMostSelectors>& selectors() {
  static auto* list = new std::array<Selector, kMostSelectors>;
  return *list;
}

nb::list addresses_of(int count, const aclTensorDesc* const* list) {
  nb::list result;
  for (int i = 0; i < count; ++i)
    result.append(to_python(list[i]));
  return result;
}

/// What a selector returns: nothing, or a code.
aclError code_of(const nb::object& answer) {
  Int<int> code;
  if (answer.is_none()) return ACL_SUCCESS;
  return nb::try_cast(answer, code) ? code.value : ACL_ERROR_INVALID_PARAM;
}

aclError call_selector(size_t slot, int input_count, const aclTensorDesc* const* inputs, int output_count,
                       const aclTensorDesc* const* outputs, const aclopAttr* attr, aclopKernelDesc* desc) {
  const HeldGil gil;
  const nb::object function = selectors()[slot].function;
  if (!function.is_valid()) return ACL_ERROR_BIN_SELECTOR_NOT_REGISTERED;
  aclError code = ACL_ERROR_FAILURE;
  try {
    const nb::tuple arguments =
        nb::make_tuple(input_count, addresses_of(input_count, inputs), output_count,
                       addresses_of(output_count, outputs), to_python(attr), to_python(desc));
    PyObject* answer = nullptr;
    until_interpreter_ends([&] { answer = PyObject_Call(function.ptr(), arguments.ptr(), nullptr); });
    if (answer != nullptr) return code_of(nb::steal(answer));
    PyErr_WriteUnraisable(function.ptr());
  } catch (nb::python_error& problem) {
    problem.discard_as_unraisable(function);
  }
  return code;
}

template <size_t slot>
aclError selector(int input_count, const aclTensorDesc* const* inputs, int output_count,
                  const aclTensorDesc* const* outputs, const aclopAttr* attr, aclopKernelDesc* desc) {
  return call_selector(slot, input_count, inputs, output_count, outputs, attr, desc);
}

template <size_t... slots>
constexpr std::array<aclopCompileFunc, kMostSelectors> make_functions(std::index_sequence<slots...>) {
  return {selector<slots>...};
}
constexpr auto kFunctions = make_functions(std::make_index_sequence<kMostSelectors>());

aclError register_selector(const std::string& op_type, nb::object function) {
  if (PyCallable_Check(function.ptr()) == 0) return aclopRegisterCompileFunc(op_type.c_str(), nullptr);
  size_t slot = 0;
  while (slot + 1 < kMostSelectors && selectors()[slot].function.is_valid())
    ++slot;
  Selector& place = selectors()[slot];
  if (place.function.is_valid()) {
    const Status full =
        error(ACL_ERROR_RT_RESOURCE_ALLOC_FAIL, "KRN-001",
              "{} operators have selectors, which is the most; unregister one", kMostSelectors);
    record_error("aclopRegisterCompileFunc", full);
    return full.code();
  }
  place = {op_type, std::move(function)};
  const aclError ret = aclopRegisterCompileFunc(op_type.c_str(), kFunctions[slot]);
  if (ret != ACL_SUCCESS) place = {};
  return ret;
}

aclError unregister_selector(const std::string& op_type) {
  const aclError ret = aclopUnregisterCompileFunc(op_type.c_str());
  if (ret == ACL_SUCCESS)
    for (Selector& each : selectors())
      if (each.function.is_valid() && each.op_type == op_type) each = {};
  return ret;
}

/// deallocator = 1: memory of acl.rt.malloc_host. That of Python's objects is Python's to free.
void free_binary(void* data, size_t) {
  aclrtFreeHost(data);
}

}  // namespace

void forget_selectors() {
  for (Selector& each : selectors())
    each = {};
}

}  // namespace cairn::python

void bind_op_kernels(nb::module_& m) {
  using cairn::python::free_binary;
  const auto op_type = nb::arg("op_type");
  const auto kernel_desc = nb::arg("kernel_desc").none();
  m.def(
      "register_compile_func",
      [](const std::string& type, nb::object func) {
        return cairn::python::register_selector(type, std::move(func));
      },
      op_type, nb::arg("func").none());
  m.def(
      "unregister_compile_func",
      [](const std::string& type) { return cairn::python::unregister_selector(type); }, op_type);
  m.def(
      "create_kernel",
      [](const std::string& type, const std::string& id, const std::string& name, Address data, Int<int> size,
         Int<int> engine, bool deallocator) {
        return without_gil([&] {
          return aclopCreateKernel(type.c_str(), id.c_str(), name.c_str(), data.value, size,
                                   static_cast<aclopEngineType>(engine.value),
                                   deallocator ? free_binary : nullptr);
        });
      },
      op_type, nb::arg("kernel_id"), nb::arg("kernel_name"), nb::arg("bin_data").none(), nb::arg("bin_size"),
      nb::arg("enginetype"), nb::arg("deallocator"));
  m.def(
      "set_kernel_args",
      [](Address desc, const std::string& id, Int<uint32_t> block_dim, Address args, Int<uint32_t> size) {
        return aclopSetKernelArgs(desc.as<aclopKernelDesc>(), id.c_str(), block_dim, args.value, size);
      },
      kernel_desc, nb::arg("kernel_id"), nb::arg("block_dim"), nb::arg("args").none(), nb::arg("arg_size"));
  m.def(
      "set_kernel_workspace_sizes",
      [](Address desc, Int<int> count, Address sizes) {
        return aclopSetKernelWorkspaceSizes(desc.as<aclopKernelDesc>(), count, sizes.as<size_t>());
      },
      kernel_desc, nb::arg("num_workspaces"), nb::arg("workspace_sizes").none());
  m.def(
      "update_params",
      [](const std::string& type, Addresses inputs, Addresses outputs, Address attr) {
        const auto in = handles<aclTensorDesc>(inputs);
        const auto out = handles<aclTensorDesc>(outputs);
        return without_gil([&] {
          return aclopUpdateParams(type.c_str(), static_cast<int>(in.size()), in.data(),
                                   static_cast<int>(out.size()), out.data(), attr.as<aclopAttr>());
        });
      },
      op_type, nb::arg("input_desc"), nb::arg("output_desc"), nb::arg("attr").none());
}
