// acl.mdl.*: chapter 10.6.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acl/acl_mdl.h"
#include "arguments.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::Int;
using cairn::python::to_python;
using cairn::python::with_gil;
using cairn::python::without_gil;
using Text = std::optional<std::string>;

namespace {

const char* c_string(const Text& text) {
  return text ? text->c_str() : nullptr;
}

/// Names come from files: bytes that are no UTF-8 are replaced.
nb::object to_text(const char* text) {
  return nb::steal(PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(std::strlen(text)), "replace"));
}

nb::dict to_dict(const aclmdlIODims& dims) {
  nb::list values;
  for (size_t i = 0; i < std::min<size_t>(dims.dimCount, ACL_MAX_DIM_CNT); ++i)
    values.append(dims.dims[i]);
  nb::dict result;
  result["name"] = to_text(dims.name);
  result["dimCount"] = dims.dimCount;
  result["dims"] = values;
  return result;
}

nb::dict to_dict(const aclAippDims& dims) {
  nb::dict result;
  result["srcDims"] = to_dict(dims.srcDims);
  result["srcSize"] = dims.srcSize;
  result["aippOutdims"] = to_dict(dims.aippOutdims);
  result["aippOutSize"] = dims.aippOutSize;
  return result;
}

void add_geometry(nb::dict& result, const aclAippInfo& info) {
  result["inputFormat"] = static_cast<int>(info.inputFormat);
  result["srcImageSizeW"] = info.srcImageSizeW;
  result["srcImageSizeH"] = info.srcImageSizeH;
  result["cropSwitch"] = static_cast<int>(info.cropSwitch);
  result["loadStartPosW"] = info.loadStartPosW;
  result["loadStartPosH"] = info.loadStartPosH;
  result["cropSizeW"] = info.cropSizeW;
  result["cropSizeH"] = info.cropSizeH;
  result["resizeSwitch"] = static_cast<int>(info.resizeSwitch);
  result["resizeOutputW"] = info.resizeOutputW;
  result["resizeOutputH"] = info.resizeOutputH;
  result["paddingSwitch"] = static_cast<int>(info.paddingSwitch);
  result["leftPaddingSize"] = info.leftPaddingSize;
  result["rightPaddingSize"] = info.rightPaddingSize;
  result["topPaddingSize"] = info.topPaddingSize;
  result["bottomPaddingSize"] = info.bottomPaddingSize;
}

void add_colour(nb::dict& result, const aclAippInfo& info) {
  result["cscSwitch"] = static_cast<int>(info.cscSwitch);
  result["rbuvSwapSwitch"] = static_cast<int>(info.rbuvSwapSwitch);
  result["axSwapSwitch"] = static_cast<int>(info.axSwapSwitch);
  result["singleLineMode"] = static_cast<int>(info.singleLineMode);
  result["matrixR0C0"] = info.matrixR0C0;
  result["matrixR0C1"] = info.matrixR0C1;
  result["matrixR0C2"] = info.matrixR0C2;
  result["matrixR1C0"] = info.matrixR1C0;
  result["matrixR1C1"] = info.matrixR1C1;
  result["matrixR1C2"] = info.matrixR1C2;
  result["matrixR2C0"] = info.matrixR2C0;
  result["matrixR2C1"] = info.matrixR2C1;
  result["matrixR2C2"] = info.matrixR2C2;
  result["outputBias0"] = info.outputBias0;
  result["outputBias1"] = info.outputBias1;
  result["outputBias2"] = info.outputBias2;
  result["inputBias0"] = info.inputBias0;
  result["inputBias1"] = info.inputBias1;
  result["inputBias2"] = info.inputBias2;
}

void add_normalisation(nb::dict& result, const aclAippInfo& info) {
  result["meanChn0"] = info.meanChn0;
  result["meanChn1"] = info.meanChn1;
  result["meanChn2"] = info.meanChn2;
  result["meanChn3"] = info.meanChn3;
  result["minChn0"] = info.minChn0;
  result["minChn1"] = info.minChn1;
  result["minChn2"] = info.minChn2;
  result["minChn3"] = info.minChn3;
  result["varReciChn0"] = info.varReciChn0;
  result["varReciChn1"] = info.varReciChn1;
  result["varReciChn2"] = info.varReciChn2;
  result["varReciChn3"] = info.varReciChn3;
}

nb::dict to_dict(const aclAippInfo& info) {
  nb::dict result;
  add_geometry(result, info);
  add_colour(result, info);
  add_normalisation(result, info);
  result["srcFormat"] = static_cast<int>(info.srcFormat);
  result["srcDatatype"] = static_cast<int>(info.srcDatatype);
  result["srcDimNum"] = info.srcDimNum;
  result["shapeCount"] = info.shapeCount;
  nb::list shapes;
  for (size_t i = 0; i < std::min<size_t>(info.shapeCount, ACL_MAX_SHAPE_COUNT); ++i)
    shapes.append(to_dict(info.outDims[i]));
  result["outDims"] = shapes;
  result["aippExtend"] = to_python(info.aippExtend);
  return result;
}

/// A load function: `load(&id)` without the GIL, (model_id, ret).
template <class Load>
std::pair<uint32_t, aclError> loaded(Load load) {
  uint32_t id = 0;
  const aclError ret = without_gil([&] { return load(&id); });
  return {id, ret};
}

template <class Query>
std::tuple<size_t, size_t, aclError> queried(Query query) {
  size_t work_size = 0;
  size_t weight_size = 0;
  const aclError ret = without_gil([&] { return query(&work_size, &weight_size); });
  return {work_size, weight_size, ret};
}

void bind_loading(nb::module_& m) {
  m.def(
      "load_from_file",
      [](const Text& path) {
        return loaded([&](uint32_t* id) { return aclmdlLoadFromFile(c_string(path), id); });
      },
      nb::arg("model_path").none());
  m.def(
      "load_from_mem",
      [](Address model, Int<size_t> size) {
        return loaded([&](uint32_t* id) { return aclmdlLoadFromMem(model.value, size, id); });
      },
      nb::arg("model").none(), nb::arg("model_size"));
  m.def(
      "load_from_file_with_mem",
      [](const Text& path, Address work, Int<size_t> work_size, Address weight, Int<size_t> weight_size) {
        return loaded([&](uint32_t* id) {
          return aclmdlLoadFromFileWithMem(c_string(path), id, work.value, work_size, weight.value,
                                           weight_size);
        });
      },
      nb::arg("model_path").none(), nb::arg("work_ptr").none(), nb::arg("work_size"),
      nb::arg("weight_ptr").none(), nb::arg("weight_size"));
  m.def(
      "load_from_mem_with_mem",
      [](Address model, Int<size_t> size, Address work, Int<size_t> work_size, Address weight,
         Int<size_t> weight_size) {
        return loaded([&](uint32_t* id) {
          return aclmdlLoadFromMemWithMem(model.value, size, id, work.value, work_size, weight.value,
                                          weight_size);
        });
      },
      nb::arg("model").none(), nb::arg("model_size"), nb::arg("work_ptr").none(), nb::arg("work_size"),
      nb::arg("weight_ptr").none(), nb::arg("weight_size"));
  m.def(
      "unload", [](Int<uint32_t> id) { return without_gil([&] { return aclmdlUnload(id); }); },
      nb::arg("model_id"));
  m.def(
      "query_size",
      [](const Text& path) {
        return queried(
            [&](size_t* work, size_t* weight) { return aclmdlQuerySize(c_string(path), work, weight); });
      },
      nb::arg("file_name").none());
  m.def(
      "query_size_from_mem",
      [](Address model, Int<size_t> size) {
        return queried([&](size_t* work, size_t* weight) {
          return aclmdlQuerySizeFromMem(model.value, size, work, weight);
        });
      },
      nb::arg("model").none(), nb::arg("model_size"));
}

void bind_executing(nb::module_& m) {
  m.def(
      "execute",
      [](Int<uint32_t> id, Address input, Address output) {
        return without_gil(
            [&] { return aclmdlExecute(id, input.as<aclmdlDataset>(), output.as<aclmdlDataset>()); });
      },
      nb::arg("model_id"), nb::arg("input").none(), nb::arg("output").none());
  const auto execute_async = [](Int<uint32_t> id, Address input, Address output, Address stream) {
    return without_gil([&] {
      return aclmdlExecuteAsync(id, input.as<aclmdlDataset>(), output.as<aclmdlDataset>(), stream.value);
    });
  };
  // The manual prints both sets of names [MDL-021].
  m.def("execute_async", execute_async, nb::arg("modelId"), nb::arg("input").none(),
        nb::arg("output_").none(), nb::arg("stream").none());
  m.def("execute_async", execute_async, nb::arg("model_id"), nb::arg("input").none(),
        nb::arg("output").none(), nb::arg("stream").none());
}

void bind_dumps(nb::module_& m) {
  m.def("init_dump", [] { return aclmdlInitDump(); });
  m.def(
      "set_dump", [](const Text& path) { return without_gil([&] { return aclmdlSetDump(c_string(path)); }); },
      nb::arg("dump_cfg_path") = nb::none());
  m.def("finalize_dump", [] { return aclmdlFinalizeDump(); });
  m.def(
      "create_and_get_op_desc",
      [](Int<uint32_t> device, Int<uint32_t> stream, Int<uint32_t> task, Int<size_t> name_size) {
        constexpr size_t kLongest = 1 << 16;
        std::vector<char> name(std::clamp<size_t>(name_size, 1, kLongest));
        aclTensorDesc* inputs = nullptr;
        aclTensorDesc* outputs = nullptr;
        size_t input_count = 0;
        size_t output_count = 0;
        const aclError ret =
            aclmdlCreateAndGetOpDesc(device, stream, task, name.data(), std::min<size_t>(name_size, kLongest),
                                     &inputs, &input_count, &outputs, &output_count);
        return std::tuple(to_text(name.data()), to_python(inputs), input_count, to_python(outputs),
                          output_count, ret);
      },
      nb::arg("device_id"), nb::arg("stream_id"), nb::arg("task_id"), nb::arg("op_name_len"));
}

void bind_dataset(nb::module_& m) {
  const auto dataset = nb::arg("dataset").none();
  m.def("create_dataset", [] { return to_python(aclmdlCreateDataset()); });
  m.def(
      "destroy_dataset", [](Address d) { return aclmdlDestroyDataset(d.as<aclmdlDataset>()); }, dataset);
  m.def(
      "add_dataset_buffer",
      [](Address d, Address buffer) {
        const aclError ret = aclmdlAddDatasetBuffer(d.as<aclmdlDataset>(), buffer.as<aclDataBuffer>());
        return std::pair(to_python(d.value), ret);
      },
      dataset, nb::arg("date_buffer").none());
  m.def(
      "get_dataset_num_buffers", [](Address d) { return aclmdlGetDatasetNumBuffers(d.as<aclmdlDataset>()); },
      dataset);
  m.def(
      "get_dataset_buffer",
      [](Address d, Int<size_t> index) {
        return to_python(aclmdlGetDatasetBuffer(d.as<aclmdlDataset>(), index));
      },
      dataset, nb::arg("index"));
}

void bind_dataset_desc(nb::module_& m) {
  m.def(
      "set_dataset_tensor_desc",
      [](Address d, Address desc, Int<size_t> index) {
        const aclError ret =
            aclmdlSetDatasetTensorDesc(d.as<aclmdlDataset>(), desc.as<aclTensorDesc>(), index);
        return std::pair(to_python(d.value), ret);
      },
      nb::arg("dataset").none(), nb::arg("tensorDesc").none(), nb::arg("index"));
  m.def(
      "get_dataset_tensor_desc",
      [](Address d, Int<size_t> index) {
        return to_python(aclmdlGetDatasetTensorDesc(d.as<aclmdlDataset>(), index));
      },
      nb::arg("dataset").none(), nb::arg("index"));
}

/// (dims, ret) of a C function that fills an aclmdlIODims.
template <class Get>
auto dims_getter(Get get) {
  return [get](Address desc, Int<size_t> index) {
    aclmdlIODims dims{};
    const aclError ret = get(desc.as<aclmdlDesc>(), index, &dims);
    return std::pair(to_dict(dims), ret);
  };
}

void bind_desc(nb::module_& m) {
  const auto desc = nb::arg("model_desc").none();
  const auto index = nb::arg("index");
  m.def("create_desc", [] { return to_python(aclmdlCreateDesc()); });
  m.def(
      "destroy_desc", [](Address d) { return aclmdlDestroyDesc(d.as<aclmdlDesc>()); }, desc);
  m.def(
      "get_desc", [](Address d, Int<uint32_t> id) { return aclmdlGetDesc(d.as<aclmdlDesc>(), id); }, desc,
      nb::arg("model_id"));
  m.def(
      "get_num_inputs", [](Address d) { return aclmdlGetNumInputs(d.as<aclmdlDesc>()); }, desc);
  m.def(
      "get_num_outputs", [](Address d) { return aclmdlGetNumOutputs(d.as<aclmdlDesc>()); }, desc);
  m.def(
      "get_input_size_by_index",
      [](Address d, Int<size_t> i) { return aclmdlGetInputSizeByIndex(d.as<aclmdlDesc>(), i); }, desc, index);
  m.def(
      "get_output_size_by_index",
      [](Address d, Int<size_t> i) { return aclmdlGetOutputSizeByIndex(d.as<aclmdlDesc>(), i); }, desc,
      index);
  m.def("get_input_dims", dims_getter(aclmdlGetInputDims), desc, index);
  m.def("get_input_dims_v2", dims_getter(aclmdlGetInputDimsV2), desc, index);
  m.def("get_output_dims", dims_getter(aclmdlGetOutputDims), desc, index);
  m.def("get_cur_output_dims", dims_getter(aclmdlGetCurOutputDims), desc, index);
  m.def(
      "get_input_name_by_index",
      [](Address d, Int<size_t> i) { return to_text(aclmdlGetInputNameByIndex(d.as<aclmdlDesc>(), i)); },
      desc, index);
  m.def(
      "get_output_name_by_index",
      [](Address d, Int<size_t> i) { return to_text(aclmdlGetOutputNameByIndex(d.as<aclmdlDesc>(), i)); },
      desc, index);
  m.def(
      "get_input_format",
      [](Address d, Int<size_t> i) { return static_cast<int>(aclmdlGetInputFormat(d.as<aclmdlDesc>(), i)); },
      desc, index);
  m.def(
      "get_output_format",
      [](Address d, Int<size_t> i) { return static_cast<int>(aclmdlGetOutputFormat(d.as<aclmdlDesc>(), i)); },
      desc, index);
  m.def(
      "get_input_data_type",
      [](Address d, Int<size_t> i) {
        return static_cast<int>(aclmdlGetInputDataType(d.as<aclmdlDesc>(), i));
      },
      desc, index);
  m.def(
      "get_output_data_type",
      [](Address d, Int<size_t> i) {
        return static_cast<int>(aclmdlGetOutputDataType(d.as<aclmdlDesc>(), i));
      },
      desc, index);
}

template <class Get>
auto index_getter(Get get) {
  return [get](Address desc, const Text& name) {
    size_t index = 0;
    const aclError ret = get(desc.as<aclmdlDesc>(), c_string(name), &index);
    return std::pair(index, ret);
  };
}

void bind_names(nb::module_& m) {
  const auto desc = nb::arg("model_desc").none();
  m.def("get_input_index_by_name", index_getter(aclmdlGetInputIndexByName), desc, nb::arg("name").none());
  m.def("get_output_index_by_name", index_getter(aclmdlGetOutputIndexByName), desc, nb::arg("name").none());
  m.def(
      "get_tensor_real_name",
      [](Address d, const Text& name) -> nb::object {
        const char* real = aclmdlGetTensorRealName(d.as<aclmdlDesc>(), c_string(name));
        return real ? to_text(real) : nb::int_(0);  // MDL-058
      },
      desc, nb::arg("name").none());
  m.def(
      "get_op_attr",
      [](Address d, const Text& op, const Text& attribute) -> nb::object {
        const char* value = aclmdlGetOpAttr(d.as<aclmdlDesc>(), c_string(op), c_string(attribute));
        return value ? to_text(value) : nb::none();  // MDL-147
      },
      nb::arg("modelDesc").none(), nb::arg("opName").none(), nb::arg("attr").none());
}

void bind_gears(nb::module_& m) {
  const auto desc = nb::arg("model_desc").none();
  m.def(
      "get_dynamic_batch",
      [](Address d) {
        aclmdlBatch batch{};
        const aclError ret = aclmdlGetDynamicBatch(d.as<aclmdlDesc>(), &batch);
        nb::list values;
        for (size_t i = 0; i < std::min<size_t>(batch.batchCount, ACL_MAX_BATCH_NUM); ++i)
          values.append(batch.batch[i]);
        nb::dict result;
        result["batchCount"] = batch.batchCount;
        result["batch"] = values;
        return std::pair(result, ret);
      },
      desc);
  m.def(
      "get_dynamic_hw",
      [](Address d, Int<size_t> index) {
        aclmdlHW hw{};
        const aclError ret = aclmdlGetDynamicHW(d.as<aclmdlDesc>(), index, &hw);
        nb::list values;
        for (size_t i = 0; i < std::min<size_t>(hw.hwCount, ACL_MAX_HW_NUM); ++i) {
          nb::list pair;
          pair.append(hw.hw[i][0]);
          pair.append(hw.hw[i][1]);
          values.append(pair);
        }
        nb::dict result;
        result["hwCount"] = hw.hwCount;
        result["hw"] = values;
        return std::pair(result, ret);
      },
      desc, nb::arg("index"));
  m.def(
      "get_input_dynamic_gear_count",
      [](Address d, Int<size_t> index) {
        size_t count = 0;
        const aclError ret = aclmdlGetInputDynamicGearCount(d.as<aclmdlDesc>(), index, &count);
        return std::pair(count, ret);
      },
      desc, nb::arg("index"));
  m.def(
      "get_input_dynamic_dims",
      [](Address d, Int<size_t> index, Int<size_t> gear_count) {
        // One more than a model can have, so that the C function refuses it.
        const size_t count = std::min<size_t>(gear_count, ACL_MAX_BATCH_NUM + 1);
        const auto dims = std::make_unique<aclmdlIODims[]>(std::max<size_t>(count, 1));
        const aclError ret = aclmdlGetInputDynamicDims(d.as<aclmdlDesc>(), index, dims.get(), count);
        nb::list result;
        for (size_t i = 0; ret == ACL_SUCCESS && i < count; ++i)
          result.append(to_dict(dims[i]));
        return std::pair(result, ret);
      },
      desc, nb::arg("index"), nb::arg("gear_count"));
}

/// {'name': str, 'dimCount': int, 'dims': [int, ...]}; the C function refuses what is too much or too little.
aclmdlIODims to_dims(const nb::dict& from) {
  aclmdlIODims to{};
  if (!from.contains("dims")) throw nb::type_error("dims has no member 'dims'");
  const nb::object list = from["dims"];
  if (!nb::isinstance<nb::sequence>(list)) throw nb::type_error("dims['dims'] is no list");
  Int<size_t> count;
  count.value = nb::len(list);
  for (size_t i = 0; i < std::min<size_t>(count, ACL_MAX_DIM_CNT); ++i)
    to.dims[i] = nb::cast<Int<int64_t>>(list[i]);
  if (from.contains("dimCount")) count = nb::cast<Int<size_t>>(from["dimCount"]);
  to.dimCount = count;
  return to;
}

void bind_gear_setters(nb::module_& m) {
  const auto model_id = nb::arg("model_id");
  const auto index = nb::arg("index");
  m.def(
      "set_dynamic_batch_size",
      [](Int<uint32_t> id, Address dataset, Int<size_t> i, Int<uint64_t> batch) {
        return with_gil([&] { return aclmdlSetDynamicBatchSize(id, dataset.as<aclmdlDataset>(), i, batch); });
      },
      model_id, nb::arg("dataset").none(), index, nb::arg("batch_size"));
  m.def(
      "set_dynamic_hw_size",
      [](Int<uint32_t> id, Address dataset, Int<size_t> i, Int<uint64_t> height, Int<uint64_t> width) {
        return with_gil(
            [&] { return aclmdlSetDynamicHWSize(id, dataset.as<aclmdlDataset>(), i, height, width); });
      },
      model_id, nb::arg("dataset").none(), index, nb::arg("height"), nb::arg("width"));
  m.def(
      "set_input_dynamic_dims",
      [](Int<uint32_t> id, Address dataset, Int<size_t> i, const nb::dict& dims) {
        const aclmdlIODims given = to_dims(dims);
        return with_gil(
            [&] { return aclmdlSetInputDynamicDims(id, dataset.as<aclmdlDataset>(), i, &given); });
      },
      model_id, nb::arg("dataset_in").none(), index, nb::arg("dims"));
}

void bind_aipp(nb::module_& m) {
  m.def(
      "get_aipp_type",
      [](Int<uint32_t> id, Int<size_t> index) {
        aclmdlInputAippType type = ACL_DATA_WITHOUT_AIPP;
        size_t attached = 0;
        const aclError ret = aclmdlGetAippType(id, index, &type, &attached);
        return std::tuple(static_cast<int>(type), attached, ret);
      },
      nb::arg("model_id"), nb::arg("index"));
  m.def(
      "get_first_aipp_info",
      [](Int<uint32_t> id, Int<size_t> index) {
        const auto info = std::make_unique<aclAippInfo>();  // 300 KB
        const aclError ret = aclmdlGetFirstAippInfo(id, index, info.get());
        return std::pair(to_dict(*info), ret);
      },
      nb::arg("model_id"), nb::arg("index"));
}

}  // namespace

void bind_mdl(nb::module_& m) {
  bind_loading(m);
  bind_executing(m);
  bind_dumps(m);
  bind_dataset(m);
  bind_dataset_desc(m);
  bind_desc(m);
  bind_names(m);
  bind_gears(m);
  bind_gear_setters(m);
  bind_aipp(m);
}
