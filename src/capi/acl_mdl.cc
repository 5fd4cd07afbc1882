// acl/acl_mdl.h: models, datasets, model descriptions.
#include "acl/acl_mdl.h"

#include <array>
#include <cstring>

#include "capi/entry.h"
#include "device/configuration.h"
#include "device/runtime.h"
#include "device/soc_profile.h"
#include "dump/dumping.h"
#include "model/dataset.h"
#include "model/failed_operator.h"
#include "model/model.h"
#include "model/model_desc.h"
#include "model/model_gears.h"
#include "model/model_load.h"
#include "model/open_call.h"
#include "tensor/data_buffer.h"

using cairn::api;
using cairn::api_value;
using cairn::DataBuffer;
using cairn::Dataset;
using cairn::Dumping;
using cairn::error;
using cairn::find;
using cairn::handle_table;
using cairn::Model;
using cairn::ModelDesc;
using cairn::ModelDescription;
using cairn::ModelInfo;
using cairn::ModelSizes;
using cairn::ModelTable;
using cairn::null_argument;
using cairn::OmGearKind;
using cairn::OmInput;
using cairn::OmTensor;
using cairn::Ref;
using cairn::Result;
using cairn::Runtime;
using cairn::SharedBytes;
using cairn::Status;
using cairn::TensorDesc;
using cairn::UserModelMemory;

namespace {

Result<std::shared_ptr<const ModelDescription>> description_of(const aclmdlDesc* handle,
                                                               std::string_view rule) {
  CAIRN_ASSIGN(const Ref<ModelDesc> desc, find<ModelDesc>(handle, "modelDesc", rule));
  return desc->description();
}

Status load_file(const char* path, uint32_t* id, const std::optional<UserModelMemory>& memory) {
  if (path == nullptr) return null_argument("MDL-003", "modelPath");
  if (id == nullptr) return null_argument("MDL-002", "modelId");
  CAIRN_ASSIGN(SharedBytes file, cairn::open_model_file(path));
  CAIRN_ASSIGN(*id, cairn::load_model(std::move(file), {.memory = memory}));
  return {};
}

Status load_memory(const void* model, size_t size, uint32_t* id,
                   const std::optional<UserModelMemory>& memory) {
  if (id == nullptr) return null_argument("MDL-008", "modelId");
  CAIRN_ASSIGN(SharedBytes file, cairn::copy_model_memory(model, size));
  CAIRN_ASSIGN(*id, cairn::load_model(std::move(file), {.memory = memory}));
  return {};
}

Status query_size(Result<SharedBytes> file, size_t* work_size, size_t* weight_size) {
  if (!file.is_ok()) return file.status();
  CAIRN_ASSIGN(const ModelSizes sizes, cairn::query_model_size(*file));
  *work_size = sizes.work_bytes;
  *weight_size = sizes.weight_bytes;
  return {};
}

/// A description of a file that is not loaded: its model has id 0.
Status describe_file(ModelDesc& desc, Result<SharedBytes> file) {
  if (!file.is_ok()) return file.status();
  CAIRN_ASSIGN(const ModelInfo info, cairn::inspect_model(*file));
  desc.fill(std::make_shared<const ModelDescription>(0, info));
  return {};
}

Status output_dims(const aclmdlDesc* handle, size_t index, aclmdlIODims* dims, std::string_view rule) {
  if (dims == nullptr) return null_argument(rule, "dims");
  CAIRN_ASSIGN(const auto description, description_of(handle, rule));
  CAIRN_ASSIGN(const OmTensor* output, description->output(index, rule));
  return cairn::copy_dims(description->shown_output_name(index), output->dims, *dims);
}

/// Shapes that are set at run time do not exist on the 310 and the 310B [GDM-075].
Status check_open_shapes(std::string_view rule) {
  const cairn::SocProfile& soc = cairn::current_soc();
  const bool lacks = soc.family == cairn::SocFamily::k310 || soc.family == cairn::SocFamily::k310B;
  if (soc.lenient || !lacks) return {};
  return error(ACL_ERROR_FEATURE_UNSUPPORTED, rule,
               "{} has no shape ranges; convert the model with --dynamic_dims", soc.name);
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

// --- loading and executing, 10.6.1 ---

aclError aclmdlLoadFromFile(const char* modelPath, uint32_t* modelId) {
  return api("aclmdlLoadFromFile", [&] { return load_file(modelPath, modelId, std::nullopt); });
}

aclError aclmdlLoadFromMem(const void* model, size_t modelSize, uint32_t* modelId) {
  return api("aclmdlLoadFromMem", [&] { return load_memory(model, modelSize, modelId, std::nullopt); });
}

aclError aclmdlLoadFromFileWithMem(const char* modelPath, uint32_t* modelId, void* workPtr, size_t workSize,
                                   void* weightPtr, size_t weightSize) {
  return api("aclmdlLoadFromFileWithMem", [&] {
    return load_file(modelPath, modelId, UserModelMemory{workPtr, workSize, weightPtr, weightSize});
  });
}

aclError aclmdlLoadFromMemWithMem(const void* model, size_t modelSize, uint32_t* modelId, void* workPtr,
                                  size_t workSize, void* weightPtr, size_t weightSize) {
  return api("aclmdlLoadFromMemWithMem", [&] {
    return load_memory(model, modelSize, modelId, UserModelMemory{workPtr, workSize, weightPtr, weightSize});
  });
}

aclError aclmdlExecute(uint32_t modelId, const aclmdlDataset* input, aclmdlDataset* output) {
  return api("aclmdlExecute", [&] { return cairn::execute_model(modelId, input, output); });
}

aclError aclmdlExecuteAsync(uint32_t modelId, const aclmdlDataset* input, aclmdlDataset* output,
                            aclrtStream stream) {
  return api("aclmdlExecuteAsync",
             [&] { return cairn::execute_model_async(modelId, input, output, stream); });
}

aclError aclmdlCreateAndGetOpDesc(uint32_t deviceId, uint32_t streamId, uint32_t taskId, char* opName,
                                  size_t opNameLen, aclTensorDesc** inputDesc, size_t* numInputs,
                                  aclTensorDesc** outputDesc, size_t* numOutputs) {
  return api("aclmdlCreateAndGetOpDesc", [&]() -> Status {
    if (!opName || !inputDesc || !numInputs || !outputDesc || !numOutputs)
      return null_argument("MDL-036", "an output argument");
    CAIRN_ASSIGN(const auto found, cairn::describe_failed_operator(
                                       {static_cast<int32_t>(deviceId), streamId, taskId}, opNameLen));
    std::memcpy(opName, found.name.c_str(), found.name.size() + 1);
    *inputDesc = static_cast<aclTensorDesc*>(found.inputs.handle());
    *numInputs = found.input_count;
    *outputDesc = static_cast<aclTensorDesc*>(found.outputs.handle());
    *numOutputs = found.output_count;
    return {};
  });
}

// --- dumps, 10.6.1 ---

aclError aclmdlInitDump() {
  return api("aclmdlInitDump", []() -> Status {
    CAIRN_RETURN_IF_ERROR(Runtime::get().check_initialized());
    return Dumping::get().initialize();
  });
}

aclError aclmdlSetDump(const char* dumpCfgPath) {
  return api("aclmdlSetDump", [&]() -> Status {
    CAIRN_RETURN_IF_ERROR(Dumping::get().check_set());
    CAIRN_ASSIGN(auto configuration, cairn::read_configuration_file(dumpCfgPath));
    return Dumping::get().set(std::move(configuration.dump));
  });
}

aclError aclmdlFinalizeDump() {
  return api("aclmdlFinalizeDump", [] { return Dumping::get().finalize(); });
}

aclError aclmdlSetDynamicBatchSize(uint32_t modelId, aclmdlDataset* dataset, size_t index,
                                   uint64_t batchSize) {
  return api("aclmdlSetDynamicBatchSize", [&] {
    return cairn::set_gear("aclmdlSetDynamicBatchSize", modelId, dataset, index, OmGearKind::kBatch,
                           std::array{batchSize});
  });
}

aclError aclmdlSetDynamicHWSize(uint32_t modelId, aclmdlDataset* dataset, size_t index, uint64_t height,
                                uint64_t width) {
  return api("aclmdlSetDynamicHWSize", [&] {
    return cairn::set_gear("aclmdlSetDynamicHWSize", modelId, dataset, index, OmGearKind::kImage,
                           std::array{height, width});
  });
}

aclError aclmdlSetInputDynamicDims(uint32_t modelId, aclmdlDataset* dataset, size_t index,
                                   const aclmdlIODims* dims) {
  return api("aclmdlSetInputDynamicDims", [&]() -> Status {
    if (dims == nullptr) return null_argument("MDL-047", "dims");
    return cairn::set_gear_by_dims(modelId, dataset, index, *dims);
  });
}

aclError aclmdlUnload(uint32_t modelId) {
  return api("aclmdlUnload", [&] { return ModelTable::get().unload(modelId); });
}

aclError aclmdlQuerySize(const char* fileName, size_t* workSize, size_t* weightSize) {
  return api("aclmdlQuerySize", [&]() -> Status {
    if (fileName == nullptr) return null_argument("MDL-027", "fileName");
    if (workSize == nullptr || weightSize == nullptr)
      return null_argument("MDL-024", "workSize or weightSize");
    return query_size(cairn::read_model_file(fileName), workSize, weightSize);
  });
}

aclError aclmdlQuerySizeFromMem(const void* model, size_t modelSize, size_t* workSize, size_t* weightSize) {
  return api("aclmdlQuerySizeFromMem", [&]() -> Status {
    if (workSize == nullptr || weightSize == nullptr)
      return null_argument("MDL-028", "workSize or weightSize");
    return query_size(cairn::copy_model_memory(model, modelSize), workSize, weightSize);
  });
}

// --- aclmdlDataset, 10.6.3 ---

aclmdlDataset* aclmdlCreateDataset() {
  return api_value<aclmdlDataset*>("aclmdlCreateDataset", nullptr, []() -> Result<aclmdlDataset*> {
    const Ref<Dataset> dataset = handle_table<Dataset>().insert(std::make_unique<Dataset>());
    if (!dataset)
      return error(ACL_ERROR_BAD_ALLOC, "MDL-060",
                   "too many datasets exist; destroy those that are not used");
    return static_cast<aclmdlDataset*>(dataset.handle());
  });
}

aclError aclmdlDestroyDataset(const aclmdlDataset* dataset) {
  return api("aclmdlDestroyDataset", [&]() -> Status {
    if (handle_table<Dataset>().remove(dataset)) return {};
    return cairn::bad_handle(ACL_ERROR_INVALID_PARAM, "MDL-061", Dataset::kHandleType, "dataset", dataset);
  });
}

aclError aclmdlAddDatasetBuffer(aclmdlDataset* dataset, aclDataBuffer* dataBuffer) {
  return api("aclmdlAddDatasetBuffer", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<Dataset> target, find<Dataset>(dataset, "dataset", "MDL-062"));
    CAIRN_RETURN_IF_ERROR(find<DataBuffer>(dataBuffer, "dataBuffer", "MDL-063").status());
    target->add(dataBuffer);
    return {};
  });
}

size_t aclmdlGetDatasetNumBuffers(const aclmdlDataset* dataset) {
  return api_value<size_t>("aclmdlGetDatasetNumBuffers", 0, [&]() -> Result<size_t> {
    CAIRN_ASSIGN(const Ref<Dataset> target, find<Dataset>(dataset, "dataset", "MDL-064"));
    return target->count();
  });
}

aclDataBuffer* aclmdlGetDatasetBuffer(const aclmdlDataset* dataset, size_t index) {
  return api_value<aclDataBuffer*>("aclmdlGetDatasetBuffer", nullptr, [&]() -> Result<aclDataBuffer*> {
    CAIRN_ASSIGN(const Ref<Dataset> target, find<Dataset>(dataset, "dataset", "MDL-065"));
    void* buffer = target->buffer(index);
    if (buffer == nullptr)
      return error(ACL_ERROR_INVALID_PARAM, "MDL-065",
                   "index {} is out of range, the dataset has {} data buffers", index, target->count());
    return static_cast<aclDataBuffer*>(buffer);
  });
}

aclError aclmdlSetDatasetTensorDesc(aclmdlDataset* dataset, aclTensorDesc* tensorDesc, size_t index) {
  return api("aclmdlSetDatasetTensorDesc", [&]() -> Status {
    CAIRN_RETURN_IF_ERROR(check_open_shapes("MDL-066"));
    CAIRN_ASSIGN(const Ref<Dataset> target, find<Dataset>(dataset, "dataset", "MDL-067"));
    CAIRN_ASSIGN(const Ref<TensorDesc> desc, find<TensorDesc>(tensorDesc, "tensorDesc", "MDL-067"));
    return cairn::describe_tensor(*target, *desc, index);
  });
}

aclTensorDesc* aclmdlGetDatasetTensorDesc(const aclmdlDataset* dataset, size_t index) {
  return api_value<aclTensorDesc*>("aclmdlGetDatasetTensorDesc", nullptr, [&]() -> Result<aclTensorDesc*> {
    CAIRN_RETURN_IF_ERROR(check_open_shapes("MDL-073"));
    CAIRN_ASSIGN(const Ref<Dataset> source, find<Dataset>(dataset, "dataset", "MDL-074"));
    void* const desc = source->description(index);
    if (desc == nullptr)
      return error(ACL_ERROR_INVALID_PARAM, "MDL-074",
                   "tensor {} of the dataset has no description: none was set, and no model with such an "
                   "output was executed",
                   index);
    return static_cast<aclTensorDesc*>(desc);
  });
}

// --- aclmdlDesc, 10.6.4 ---

aclmdlDesc* aclmdlCreateDesc() {
  return api_value<aclmdlDesc*>("aclmdlCreateDesc", nullptr, []() -> Result<aclmdlDesc*> {
    const Ref<ModelDesc> desc = handle_table<ModelDesc>().insert(std::make_unique<ModelDesc>());
    if (!desc)
      return error(ACL_ERROR_BAD_ALLOC, "MDL-075",
                   "too many model descriptions exist; destroy those that are not used");
    return static_cast<aclmdlDesc*>(desc.handle());
  });
}

aclError aclmdlDestroyDesc(aclmdlDesc* modelDesc) {
  return api("aclmdlDestroyDesc", [&]() -> Status {
    if (handle_table<ModelDesc>().remove(modelDesc)) return {};
    return cairn::bad_handle(ACL_ERROR_INVALID_PARAM, "MDL-076", ModelDesc::kHandleType, "modelDesc",
                             modelDesc);
  });
}

aclError aclmdlGetDescFromFile(aclmdlDesc* modelDesc, const char* modelPath) {
  return api("aclmdlGetDescFromFile", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ModelDesc> desc, find<ModelDesc>(modelDesc, "modelDesc", "MDL-077"));
    if (modelPath == nullptr) return null_argument("MDL-003", "modelPath");
    return describe_file(*desc, cairn::read_model_file(modelPath));
  });
}

aclError aclmdlGetDescFromMem(aclmdlDesc* modelDesc, const void* model, size_t modelSize) {
  return api("aclmdlGetDescFromMem", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ModelDesc> desc, find<ModelDesc>(modelDesc, "modelDesc", "MDL-077"));
    return describe_file(*desc, cairn::copy_model_memory(model, modelSize));
  });
}

aclError aclmdlGetDesc(aclmdlDesc* modelDesc, uint32_t modelId) {
  return api("aclmdlGetDesc", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ModelDesc> desc, find<ModelDesc>(modelDesc, "modelDesc", "MDL-077"));
    CAIRN_ASSIGN(const std::shared_ptr<Model> model, ModelTable::get().find(modelId));
    desc->fill(std::make_shared<const ModelDescription>(modelId, model->info()));
    return {};
  });
}

size_t aclmdlGetNumInputs(aclmdlDesc* modelDesc) {
  return api_value<size_t>("aclmdlGetNumInputs", 0, [&]() -> Result<size_t> {
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-078"));
    return description->info().inputs.size();
  });
}

size_t aclmdlGetNumOutputs(aclmdlDesc* modelDesc) {
  return api_value<size_t>("aclmdlGetNumOutputs", 0, [&]() -> Result<size_t> {
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-079"));
    return description->info().outputs.size();
  });
}

size_t aclmdlGetInputSizeByIndex(aclmdlDesc* modelDesc, size_t index) {
  return api_value<size_t>("aclmdlGetInputSizeByIndex", 0, [&]() -> Result<size_t> {
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-080"));
    CAIRN_ASSIGN(const OmInput* input, description->input(index, "MDL-080"));
    return input->bytes;
  });
}

size_t aclmdlGetOutputSizeByIndex(aclmdlDesc* modelDesc, size_t index) {
  return api_value<size_t>("aclmdlGetOutputSizeByIndex", 0, [&]() -> Result<size_t> {
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-081"));
    CAIRN_ASSIGN(const OmTensor* output, description->output(index, "MDL-081"));
    return output->bytes;
  });
}

aclError aclmdlGetInputDims(const aclmdlDesc* modelDesc, size_t index, aclmdlIODims* dims) {
  return api("aclmdlGetInputDims", [&]() -> Status {
    if (dims == nullptr) return null_argument("MDL-086", "dims");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-086"));
    CAIRN_ASSIGN(const OmInput* input, description->input(index, "MDL-086"));
    return cairn::copy_dims(description->shown_input_name(index), input->dims, *dims);
  });
}

aclError aclmdlGetInputDimsV2(const aclmdlDesc* modelDesc, size_t index, aclmdlIODims* dims) {
  return api("aclmdlGetInputDimsV2", [&]() -> Status {
    if (dims == nullptr) return null_argument("MDL-153", "dims");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-153"));
    CAIRN_ASSIGN(const OmInput* input, description->input(index, "MDL-153"));
    return cairn::copy_dims(description->shown_input_name(index), input->dims_v2, *dims);
  });
}

aclError aclmdlGetOutputDims(const aclmdlDesc* modelDesc, size_t index, aclmdlIODims* dims) {
  return api("aclmdlGetOutputDims", [&] { return output_dims(modelDesc, index, dims, "MDL-114"); });
}

aclError aclmdlGetCurOutputDims(const aclmdlDesc* modelDesc, size_t index, aclmdlIODims* dims) {
  return api("aclmdlGetCurOutputDims", [&]() -> Status {
    if (dims == nullptr) return null_argument("MDL-134", "dims");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-134"));
    CAIRN_ASSIGN(const OmTensor* output, description->output(index, "MDL-134"));
    const auto model = ModelTable::get().find(description->model_id());
    const bool has_gears = model.is_ok() && description->info().gear_kind.has_value();
    return cairn::copy_dims(
        description->shown_output_name(index),
        has_gears ? (*model)->info().gears[(*model)->current_gear()].output_dims[index] : output->dims,
        *dims);
  });
}

const char* aclmdlGetInputNameByIndex(const aclmdlDesc* modelDesc, size_t index) {
  return api_value<const char*>("aclmdlGetInputNameByIndex", "", [&]() -> Result<const char*> {
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-115"));
    CAIRN_ASSIGN(const OmInput* input, description->input(index, "MDL-115"));
    return input->name.c_str();
  });
}

const char* aclmdlGetOutputNameByIndex(const aclmdlDesc* modelDesc, size_t index) {
  return api_value<const char*>("aclmdlGetOutputNameByIndex", "", [&]() -> Result<const char*> {
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-116"));
    CAIRN_ASSIGN(const OmTensor* output, description->output(index, "MDL-116"));
    return output->name.c_str();
  });
}

aclFormat aclmdlGetInputFormat(const aclmdlDesc* modelDesc, size_t index) {
  return api_value<aclFormat>("aclmdlGetInputFormat", ACL_FORMAT_UNDEFINED, [&]() -> Result<aclFormat> {
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-123"));
    CAIRN_ASSIGN(const OmInput* input, description->input(index, "MDL-123"));
    return input->format;
  });
}

aclFormat aclmdlGetOutputFormat(const aclmdlDesc* modelDesc, size_t index) {
  return api_value<aclFormat>("aclmdlGetOutputFormat", ACL_FORMAT_UNDEFINED, [&]() -> Result<aclFormat> {
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-123"));
    CAIRN_ASSIGN(const OmTensor* output, description->output(index, "MDL-123"));
    return output->format;
  });
}

aclDataType aclmdlGetInputDataType(const aclmdlDesc* modelDesc, size_t index) {
  return api_value<aclDataType>("aclmdlGetInputDataType", ACL_DT_UNDEFINED, [&]() -> Result<aclDataType> {
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-124"));
    CAIRN_ASSIGN(const OmInput* input, description->input(index, "MDL-124"));
    return input->data_type;
  });
}

aclDataType aclmdlGetOutputDataType(const aclmdlDesc* modelDesc, size_t index) {
  return api_value<aclDataType>("aclmdlGetOutputDataType", ACL_DT_UNDEFINED, [&]() -> Result<aclDataType> {
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-124"));
    CAIRN_ASSIGN(const OmTensor* output, description->output(index, "MDL-124"));
    return output->data_type;
  });
}

aclError aclmdlGetInputIndexByName(const aclmdlDesc* modelDesc, const char* name, size_t* index) {
  return api("aclmdlGetInputIndexByName", [&]() -> Status {
    if (name == nullptr) return null_argument("MDL-125", "name");
    if (index == nullptr) return null_argument("MDL-125", "index");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-125"));
    CAIRN_ASSIGN(*index, cairn::input_index(*description, name));
    return {};
  });
}

aclError aclmdlGetOutputIndexByName(const aclmdlDesc* modelDesc, const char* name, size_t* index) {
  return api("aclmdlGetOutputIndexByName", [&]() -> Status {
    if (name == nullptr) return null_argument("MDL-126", "name");
    if (index == nullptr) return null_argument("MDL-126", "index");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-126"));
    CAIRN_ASSIGN(*index, cairn::output_index(*description, name));
    return {};
  });
}

aclError aclmdlGetDynamicBatch(const aclmdlDesc* modelDesc, aclmdlBatch* batch) {
  return api("aclmdlGetDynamicBatch", [&]() -> Status {
    if (batch == nullptr) return null_argument("MDL-127", "batch");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-127"));
    cairn::fill_batches(description->info(), *batch);
    return {};
  });
}

aclError aclmdlGetDynamicHW(const aclmdlDesc* modelDesc, size_t, aclmdlHW* hw) {
  return api("aclmdlGetDynamicHW", [&]() -> Status {
    if (hw == nullptr) return null_argument("MDL-130", "hw");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-130"));
    cairn::fill_image_sizes(description->info(), *hw);
    return {};
  });
}

aclError aclmdlGetInputDynamicGearCount(const aclmdlDesc* modelDesc, size_t, size_t* gearCount) {
  return api("aclmdlGetInputDynamicGearCount", [&]() -> Status {
    if (gearCount == nullptr) return null_argument("MDL-137", "gearCount");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-137"));
    *gearCount = cairn::count_dims_gears(description->info());
    return {};
  });
}

aclError aclmdlGetInputDynamicDims(const aclmdlDesc* modelDesc, size_t, aclmdlIODims* dims,
                                   size_t gearCount) {
  return api("aclmdlGetInputDynamicDims", [&]() -> Status {
    if (dims == nullptr) return null_argument("MDL-139", "dims");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-139"));
    return cairn::fill_dims_gears(description->info(), {dims, gearCount});
  });
}

const char* aclmdlGetOpAttr(aclmdlDesc* modelDesc, const char* opName, const char* attr) {
  return api_value<const char*>("aclmdlGetOpAttr", nullptr, [&]() -> Result<const char*> {
    if (opName == nullptr) return null_argument("MDL-147", "opName");
    if (attr == nullptr) return null_argument("MDL-147", "attr");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-148"));
    return description->op_attribute(opName, attr);
  });
}

const char* aclmdlGetTensorRealName(const aclmdlDesc* modelDesc, const char* name) {
  return api_value<const char*>("aclmdlGetTensorRealName", nullptr, [&]() -> Result<const char*> {
    if (name == nullptr) return null_argument("MDL-058", "name");
    CAIRN_ASSIGN(const auto description, description_of(modelDesc, "MDL-058"));
    const std::string* real = description->real_name(name);
    if (real == nullptr)
      return error(ACL_ERROR_INVALID_PARAM, "MDL-056", "the model has no tensor named '{}'", name);
    return real->c_str();
  });
}

}  // extern "C"
#pragma GCC visibility pop
