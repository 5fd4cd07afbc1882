// acl.*: chapters 10.2 and 10.3.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <optional>

#include "acl/acl.h"
#include "arguments.h"
#include "callbacks.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::Int;
using cairn::python::to_python;
using cairn::python::without_gil;
using Dims = std::vector<Int<int64_t>>;
using Ranges = std::vector<Dims>;

namespace {

std::vector<int64_t> plain(const Dims& dims) {
  return {dims.begin(), dims.end()};
}

/// [[min, max], ...] as the C API wants it; rows of another length become an invalid range.
std::vector<std::array<int64_t, 2>> plain(const Ranges& ranges) {
  std::vector<std::array<int64_t, 2>> result;
  for (const Dims& range : ranges)
    result.push_back(range.size() == 2 ? std::array<int64_t, 2>{range[0], range[1]}
                                       : std::array<int64_t, 2>{-1, -2});
  return result;
}

nb::object text_or_none(const char* text) {
  return text ? nb::cast(text) : nb::none();
}

/// create_tensor_desc(type, dims, format) or (type, number of dims, dims, format).
uintptr_t create_tensor_desc(Int<int> type, const Dims& dims, Int<int> format) {
  const std::vector<int64_t> shape = plain(dims);
  return to_python(aclCreateTensorDesc(static_cast<aclDataType>(type.value), static_cast<int>(shape.size()),
                                       shape.data(), static_cast<aclFormat>(format.value)));
}

/// The null address may be written as 0, None or [].
void* address_of(nb::handle data) {
  if (data.is_none() || (nb::isinstance<nb::list>(data) && nb::len(data) == 0)) return nullptr;
  Address address;
  if (!nb::try_cast(data, address)) throw nb::type_error("an address is an integer, None or []");
  return address.value;
}

template <class Set>
auto dims_setter(Set set) {
  return [set](Address desc, const Dims& dims) {
    const std::vector<int64_t> shape = plain(dims);
    return set(desc.as<aclTensorDesc>(), static_cast<int>(shape.size()), shape.data());
  };
}

template <class Set>
auto format_setter(Set set) {
  return [set](Address desc, Int<int> format) {
    return set(desc.as<aclTensorDesc>(), static_cast<aclFormat>(format.value));
  };
}

template <class Set>
auto ranges_setter(Set set) {
  return [set](Address desc, const Ranges& ranges) {
    auto rows = plain(ranges);
    return set(desc.as<aclTensorDesc>(), rows.size(), reinterpret_cast<int64_t(*)[2]>(rows.data()));
  };
}

void bind_system(nb::module_& m) {
  m.def(
      "init",
      [](const std::optional<std::string>& config_path) {
        return without_gil([&] { return aclInit(config_path ? config_path->c_str() : nullptr); });
      },
      nb::arg("config_path") = nb::none());
  m.def("finalize", [] {
    const aclError ret = without_gil([] { return aclFinalize(); });
    cairn::python::forget_callbacks();
    if (ret == ACL_SUCCESS) cairn::python::forget_selectors();
    return ret;
  });
  m.def("get_version", [] {
    int32_t major = 0, minor = 0, patch = 0;
    const aclError ret = aclrtGetVersion(&major, &minor, &patch);
    return std::tuple(major, minor, patch, ret);
  });
  m.def("get_soc_name", [] { return text_or_none(aclrtGetSocName()); });
  m.def("get_recent_err_msg", [] { return text_or_none(aclGetRecentErrMsg()); });
  m.def(
      "app_log",
      [](Int<int> level, const std::string& message) {
        aclAppLog(static_cast<aclLogLevel>(level.value), "", "python", 0, "%s", message.c_str());
      },
      nb::arg("log_level"), nb::arg("message"));
}

void bind_values(nb::module_& m) {
  m.def(
      "float16_to_float", [](Int<uint16_t> value) { return aclFloat16ToFloat(value); }, nb::arg("value"));
  m.def(
      "float_to_float16", [](float value) { return aclFloatToFloat16(value); }, nb::arg("value"));
  m.def(
      "data_type_size", [](Int<int> type) { return aclDataTypeSize(static_cast<aclDataType>(type.value)); },
      nb::arg("data_type"));
}

void bind_data_buffer(nb::module_& m) {
  m.def(
      "create_data_buffer",
      [](nb::handle data, Int<size_t> size) {
        return to_python(aclCreateDataBuffer(address_of(data), size));
      },
      nb::arg("data").none(), nb::arg("size"));
  m.def(
      "destroy_data_buffer", [](Address buffer) { return aclDestroyDataBuffer(buffer.as<aclDataBuffer>()); },
      nb::arg("data_buffer").none());
  m.def(
      "update_data_buffer",
      [](Address buffer, nb::handle data, Int<size_t> size) {
        return aclUpdateDataBuffer(buffer.as<aclDataBuffer>(), address_of(data), size);
      },
      nb::arg("data_buffer").none(), nb::arg("data").none(), nb::arg("size"));
  m.def(
      "get_data_buffer_addr",
      [](Address buffer) { return to_python(aclGetDataBufferAddr(buffer.as<aclDataBuffer>())); },
      nb::arg("data_buffer").none());
  m.def(
      "get_data_buffer_size", [](Address buffer) { return aclGetDataBufferSize(buffer.as<aclDataBuffer>()); },
      nb::arg("data_buffer").none());
  m.def(
      "get_data_buffer_size_v2",
      [](Address buffer) { return aclGetDataBufferSizeV2(buffer.as<aclDataBuffer>()); },
      nb::arg("data_buffer").none());
}

void bind_tensor_desc(nb::module_& m) {
  const auto desc = nb::arg("desc").none();
  m.def("create_tensor_desc", create_tensor_desc, nb::arg("data_type"), nb::arg("dims"), nb::arg("format"));
  m.def(
      "create_tensor_desc",
      [](Int<int> type, Int<int> num_dims, Dims dims, Int<int> format) -> uintptr_t {
        // The number wins where it is smaller; a larger one is an error, not a read beyond the list.
        if (num_dims.value >= 0 && static_cast<size_t>(num_dims.value) < dims.size())
          dims.resize(num_dims.value);
        if (num_dims.value < 0 || static_cast<size_t>(num_dims.value) > dims.size())
          return to_python(
              aclCreateTensorDesc(static_cast<aclDataType>(type.value), -1, nullptr, ACL_FORMAT_ND));
        return create_tensor_desc(type, dims, format);
      },
      nb::arg("data_type"), nb::arg("num_dims"), nb::arg("dims"), nb::arg("format"));
  m.def(
      "destroy_tensor_desc", [](Address d) { aclDestroyTensorDesc(d.as<aclTensorDesc>()); }, desc);
  m.def(
      "get_tensor_desc_type",
      [](Address d) { return static_cast<int>(aclGetTensorDescType(d.as<aclTensorDesc>())); }, desc);
  m.def(
      "get_tensor_desc_format",
      [](Address d) { return static_cast<int>(aclGetTensorDescFormat(d.as<aclTensorDesc>())); }, desc);
  m.def(
      "get_tensor_desc_size", [](Address d) { return aclGetTensorDescSize(d.as<aclTensorDesc>()); }, desc);
  m.def(
      "get_tensor_desc_element_count",
      [](Address d) { return aclGetTensorDescElementCount(d.as<aclTensorDesc>()); }, desc);
  m.def(
      "get_tensor_desc_num_dims", [](Address d) { return aclGetTensorDescNumDims(d.as<aclTensorDesc>()); },
      desc);
  m.def(
      "get_tensor_desc_dim",
      [](Address d, Int<size_t> i) { return aclGetTensorDescDim(d.as<aclTensorDesc>(), i); }, desc,
      nb::arg("index"));
  m.def(
      "get_tensor_desc_dim_v2",
      [](Address d, Int<size_t> i) {
        int64_t size = 0;
        const aclError ret = aclGetTensorDescDimV2(d.as<aclTensorDesc>(), i, &size);
        return std::pair(size, ret);
      },
      desc, nb::arg("index"));
  m.def(
      "get_tensor_desc_dim_range",
      [](Address d, Int<size_t> i, Int<size_t> count) {
        // The C function writes two numbers only; a list of that length is enough whatever count says.
        std::vector<int64_t> range(2);
        const aclError ret = aclGetTensorDescDimRange(d.as<aclTensorDesc>(), i, count, range.data());
        return std::pair(range, ret);
      },
      desc, nb::arg("index"), nb::arg("dim_range_num"));
  m.def(
      "set_tensor_desc_name",
      [](Address d, const std::string& name) { aclSetTensorDescName(d.as<aclTensorDesc>(), name.c_str()); },
      desc, nb::arg("name"));
  m.def(
      "get_tensor_desc_name",
      [](Address d) { return text_or_none(aclGetTensorDescName(d.as<aclTensorDesc>())); }, desc);
  m.def("set_tensor_storage_shape", dims_setter(aclSetTensorStorageShape), desc, nb::arg("dims"));
  m.def("set_tensor_origin_shape", dims_setter(aclSetTensorOriginShape), desc, nb::arg("dims"));
  m.def("set_tensor_shape", dims_setter(aclSetTensorShape), desc, nb::arg("dims"));
  m.def("set_tensor_storage_format", format_setter(aclSetTensorStorageFormat), desc, nb::arg("format"));
  m.def("set_tensor_origin_format", format_setter(aclSetTensorOriginFormat), desc, nb::arg("format"));
  m.def("set_tensor_format", format_setter(aclSetTensorFormat), desc, nb::arg("format"));
  m.def("set_tensor_shape_range", ranges_setter(aclSetTensorShapeRange), desc, nb::arg("dims_range"));
  m.def("set_tensor_value_range", ranges_setter(aclSetTensorValueRange), desc, nb::arg("value_range"));
  m.def(
      "set_tensor_const",
      [](Address d, Address data, Int<size_t> length) {
        return aclSetTensorConst(d.as<aclTensorDesc>(), data.value, length);
      },
      desc, nb::arg("dataBuffer").none(), nb::arg("length"));
  m.def(
      "set_tensor_dynamic_input",
      [](Address d, const std::string& name) {
        return aclSetTensorDynamicInput(d.as<aclTensorDesc>(), name.c_str());
      },
      desc, nb::arg("dynamic_input_name"));
  m.def(
      "get_tensor_desc_address",
      [](Address d) { return to_python(aclGetTensorDescAddress(d.as<aclTensorDesc>())); }, desc);
  m.def(
      "get_tensor_desc_by_index",
      [](Address d, Int<size_t> i) { return to_python(aclGetTensorDescByIndex(d.as<aclTensorDesc>(), i)); },
      desc, nb::arg("index"));
  m.def(
      "trans_tensor_desc_format",
      [](Address d, Int<int> format) {
        aclTensorDesc* converted = nullptr;
        const aclError ret =
            aclTransTensorDescFormat(d.as<aclTensorDesc>(), static_cast<aclFormat>(format.value), &converted);
        return std::pair(to_python(converted), ret);
      },
      nb::arg("srcDesc").none(), nb::arg("dstFormat"));
  m.def(
      "set_tensor_place_ment",
      [](Address d, Int<int> type) {
        return aclSetTensorPlaceMent(d.as<aclTensorDesc>(), static_cast<aclMemType>(type.value));
      },
      desc, nb::arg("mem_type"));
}

}  // namespace

void bind_base(nb::module_& m) {
  bind_system(m);
  bind_values(m);
  bind_data_buffer(m);
  bind_tensor_desc(m);
}
