// acl.op.*: chapter 10.9.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <limits>
#include <string>

#include "acl/acl_op.h"
#include "arguments.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::handles;
using cairn::python::Int;
using cairn::python::to_python;
using cairn::python::without_gil;
using Addresses = std::vector<Address>;

namespace {

template <class Element>
int count_of(const std::vector<Element>& list) {
  return static_cast<int>(std::min<size_t>(list.size(), std::numeric_limits<int>::max()));
}

/// m.def for a setter of a list whose C elements are `Plain`.
template <class Plain, class Element, class Function>
void bind_list(nb::module_& m, const char* name, Function function) {
  m.def(
      name,
      [function](Address attr, const std::string& attr_name, const std::vector<Element>& list) {
        std::vector<Plain> plain(list.begin(), list.end());
        return function(attr.as<aclopAttr>(), attr_name.c_str(), count_of(plain), plain.data());
      },
      nb::arg("attr").none(), nb::arg("attr_name"), nb::arg("attr_value"));
}

/// The lists take lists of plain numbers here; the package's op.py takes what the manual allows.
void bind_attributes(nb::module_& m) {
  const auto attr = nb::arg("attr").none();
  const auto name = nb::arg("attr_name");
  const auto value = nb::arg("attr_value");
  m.def("create_attr", [] { return to_python(aclopCreateAttr()); });
  m.def(
      "destroy_attr", [](Address a) { aclopDestroyAttr(a.as<aclopAttr>()); }, attr);
  m.def(
      "set_attr_bool",
      [](Address a, const std::string& n, Int<uint8_t> v) {
        return aclopSetAttrBool(a.as<aclopAttr>(), n.c_str(), v);
      },
      attr, name, value);
  m.def(
      "set_attr_int",
      [](Address a, const std::string& n, Int<int64_t> v) {
        return aclopSetAttrInt(a.as<aclopAttr>(), n.c_str(), v);
      },
      attr, name, value);
  m.def(
      "set_attr_float",
      [](Address a, const std::string& n, double v) {
        return aclopSetAttrFloat(a.as<aclopAttr>(), n.c_str(), static_cast<float>(v));
      },
      attr, name, value);
  m.def(
      "set_attr_string",
      [](Address a, const std::string& n, const std::string& v) {
        return aclopSetAttrString(a.as<aclopAttr>(), n.c_str(), v.c_str());
      },
      attr, name, value);
  m.def(
      "set_attr_data_type",
      [](Address a, const std::string& n, Int<int> v) {
        return aclopSetAttrDataType(a.as<aclopAttr>(), n.c_str(), static_cast<aclDataType>(v.value));
      },
      attr, name, value);
  bind_list<uint8_t, Int<uint8_t>>(m, "set_attr_list_bool", aclopSetAttrListBool);
  bind_list<int64_t, Int<int64_t>>(m, "set_attr_list_int", aclopSetAttrListInt);
  bind_list<float, double>(m, "set_attr_list_float", aclopSetAttrListFloat);
  m.def(
      "set_attr_list_data_type",
      [](Address a, const std::string& n, const std::vector<Int<int>>& list) {
        std::vector<aclDataType> types;
        for (const int type : list)
          types.push_back(static_cast<aclDataType>(type));
        return aclopSetAttrListDataType(a.as<aclopAttr>(), n.c_str(), count_of(types), types.data());
      },
      attr, name, value);
  m.def(
      "set_attr_list_string",
      [](Address a, const std::string& n, const std::vector<std::string>& list) {
        std::vector<const char*> texts;
        for (const std::string& text : list)
          texts.push_back(text.c_str());
        return aclopSetAttrListString(a.as<aclopAttr>(), n.c_str(), count_of(texts), texts.data());
      },
      attr, name, value);
  m.def(
      "set_attr_list_list_int",
      [](Address a, const std::string& n, const std::vector<std::vector<Int<int64_t>>>& lists) {
        std::vector<std::vector<int64_t>> plain;
        std::vector<const int64_t*> starts;
        std::vector<int> counts;
        for (const auto& list : lists)
          plain.emplace_back(list.begin(), list.end());
        for (const auto& list : plain) {
          starts.push_back(list.data());
          counts.push_back(count_of(list));
        }
        return aclopSetAttrListListInt(a.as<aclopAttr>(), n.c_str(), count_of(starts), counts.data(),
                                       starts.data());
      },
      attr, name, value);
}

}  // namespace

void bind_op(nb::module_& m) {
  bind_attributes(m);
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
