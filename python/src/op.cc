// acl.op.*: chapter 10.9.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <limits>
#include <string>

#include "acl/acl_op.h"
#include "arguments.h"
#include "base/recent_error.h"
#include "base/status.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::handles;
using cairn::python::Int;
using cairn::python::to_python;
using cairn::python::without_gil;
using Addresses = cairn::python::AddressList;

namespace {

template <class List>
int count_of(const List& list) {
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

/// In C one number stands for two lists, so lists of different lengths are refused here.
bool is_count(const char* function, const char* rule, const char* list, size_t count, size_t wanted) {
  if (count == wanted) return true;
  cairn::record_error(function, cairn::error(ACL_ERROR_INVALID_PARAM, rule,
                                             "{} has {} elements, {} are wanted", list, count, wanted));
  return false;
}

/// m.def for one of the two functions that execute an operator.
template <class Function>
void bind_execute(nb::module_& m, const char* name, Function function) {
  m.def(
      name,
      [function](const std::string& op_type, Addresses input_desc, Addresses inputs, Addresses output_desc,
                 Addresses outputs, Address attr, Address stream) -> int {
        if (!is_count("aclopExecute", "OP-012", "inputs", inputs.size(), input_desc.size()) ||
            !is_count("aclopExecute", "OP-012", "outputs", outputs.size(), output_desc.size()))
          return ACL_ERROR_INVALID_PARAM;
        auto in_desc = handles<aclTensorDesc>(input_desc);
        auto in = handles<aclDataBuffer>(inputs);
        auto out_desc = handles<aclTensorDesc>(output_desc);
        auto out = handles<aclDataBuffer>(outputs);
        return without_gil([&] {
          return function(op_type.c_str(), count_of(in), in_desc.data(), in.data(), count_of(out),
                          out_desc.data(), out.data(), attr.as<aclopAttr>(), stream.value);
        });
      },
      nb::arg("op_type"), nb::arg("input_desc"), nb::arg("inputs"), nb::arg("output_desc"),
      nb::arg("outputs"), nb::arg("attr").none(), nb::arg("stream").none());
}

void bind_execution(nb::module_& m) {
  m.def(
      "set_model_dir",
      [](const std::string& model_dir) {
        return without_gil([&] { return aclopSetModelDir(model_dir.c_str()); });
      },
      nb::arg("model_dir"));
  m.def(
      "load",
      [](Address model, Int<size_t> model_size) {
        return without_gil([&] { return aclopLoad(model.value, model_size); });
      },
      nb::arg("model").none(), nb::arg("model_size"));
  bind_execute(m, "execute", aclopExecute);
  bind_execute(m, "execute_v2", aclopExecuteV2);
  m.def(
      "infer_shape",
      [](const std::string& op_type, Addresses in_desc_list, Addresses in_list, Int<int> num_outputs,
         Addresses out_desc_list, Address attr) -> int {
        const auto wanted = static_cast<size_t>(std::max(num_outputs.value, 0));
        if (!is_count("aclopInferShape", "OP-066", "in_list", in_list.size(), in_desc_list.size()) ||
            !is_count("aclopInferShape", "OP-053", "out_desc_list", out_desc_list.size(), wanted))
          return ACL_ERROR_INVALID_PARAM;
        auto in_desc = handles<aclTensorDesc>(in_desc_list);
        auto in = handles<aclDataBuffer>(in_list);
        auto out_desc = handles<aclTensorDesc>(out_desc_list);
        return without_gil([&] {
          return aclopInferShape(op_type.c_str(), count_of(in), in_desc.data(), in.data(), num_outputs,
                                 out_desc.data(), attr.as<aclopAttr>());
        });
      },
      nb::arg("op_type"), nb::arg("in_desc_list"), nb::arg("in_list"), nb::arg("num_outputs"),
      nb::arg("out_desc_list"), nb::arg("attr").none());
  m.def(
      "cast",
      [](Address src_desc, Address src_buffer, Address dst_desc, Address dst_buffer, Int<uint8_t> truncate,
         Address stream) {
        return without_gil([&] {
          return aclopCast(src_desc.as<aclTensorDesc>(), src_buffer.as<aclDataBuffer>(),
                           dst_desc.as<aclTensorDesc>(), dst_buffer.as<aclDataBuffer>(), truncate,
                           stream.value);
        });
      },
      nb::arg("src_desc").none(), nb::arg("src_buffer").none(), nb::arg("dst_desc").none(),
      nb::arg("dst_buffer").none(), nb::arg("truncate"), nb::arg("stream").none());
}

void bind_handles(nb::module_& m) {
  m.def(
      "create_handle",
      [](const std::string& op_type, Addresses input_desc, Addresses output_desc, Address op_attr) {
        auto in = handles<aclTensorDesc>(input_desc);
        auto out = handles<aclTensorDesc>(output_desc);
        aclopHandle* handle = nullptr;
        const int ret = without_gil([&] {
          return aclopCreateHandle(op_type.c_str(), count_of(in), in.data(), count_of(out), out.data(),
                                   op_attr.as<aclopAttr>(), &handle);
        });
        return nb::make_tuple(to_python(handle), ret);
      },
      nb::arg("op_type"), nb::arg("input_desc"), nb::arg("output_desc"), nb::arg("op_attr").none());
  m.def(
      "create_handle_for_cast",
      [](Address src_desc, Address dst_desc, Int<uint8_t> truncate) {
        aclopHandle* handle = nullptr;
        const int ret = without_gil([&] {
          return aclopCreateHandleForCast(src_desc.as<aclTensorDesc>(), dst_desc.as<aclTensorDesc>(),
                                          truncate, &handle);
        });
        return nb::make_tuple(to_python(handle), ret);
      },
      nb::arg("src_desc").none(), nb::arg("dst_desc").none(), nb::arg("truncate"));
  m.def(
      "execute_with_handle",
      [](Address handle, Addresses inputs, Addresses outputs, Address stream) {
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

}  // namespace

void bind_op(nb::module_& m) {
  bind_attributes(m);
  bind_execution(m);
  bind_handles(m);
}
