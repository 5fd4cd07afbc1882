// acl/acl_mdl.h: AIPP.
#include "acl/acl_mdl.h"
#include "capi/entry.h"
#include "model/model.h"
#include "model/model_aipp.h"
#include "model/model_desc.h"

using cairn::api;
using cairn::api_value;
using cairn::error;
using cairn::find;
using cairn::handle_table;
using cairn::Model;
using cairn::ModelAipp;
using cairn::ModelInfo;
using cairn::ModelTable;
using cairn::null_argument;
using cairn::OmInput;
using cairn::OmInputRole;
using cairn::Ref;
using cairn::Result;
using cairn::Status;

namespace {

constexpr size_t kNoAttachedInput = 0xFFFFFFFF;  // MDL-044

/// The input of a loaded model, with the model that keeps it alive.
struct LoadedInput {
  std::shared_ptr<Model> model;
  const OmInput* input;
};
Result<LoadedInput> input_of_model(uint32_t id, size_t index, std::string_view rule) {
  CAIRN_ASSIGN(std::shared_ptr<Model> model, ModelTable::get().find(id));
  const ModelInfo& info = model->info();
  if (index >= info.inputs.size())
    return error(ACL_ERROR_INVALID_PARAM, rule,
                 "index {} is out of range, model {} has {} inputs; the first one is 0", index, id,
                 info.inputs.size());
  return LoadedInput{std::move(model), &info.inputs[index]};
}

aclmdlInputAippType type_of(const OmInput& input) {
  if (input.role == OmInputRole::kAippParameters) return ACL_DYNAMIC_AIPP_NODE;
  if (!input.aipp) return ACL_DATA_WITHOUT_AIPP;
  return input.aipp->is_dynamic() ? ACL_DATA_WITH_DYNAMIC_AIPP : ACL_DATA_WITH_STATIC_AIPP;
}

/// Calls `change` with the object, and returns what it says.
template <class Change>
aclError changed(const char* function, aclmdlAIPP* handle, const Change& change) {
  return api(function, [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ModelAipp> aipp, find<ModelAipp>(handle, "aippParmsSet", "AIPP-067"));
    return change(*aipp);
  });
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

aclError aclmdlGetAippType(uint32_t modelId, size_t index, aclmdlInputAippType* type,
                           size_t* dynamicAttachedDataIndex) {
  return api("aclmdlGetAippType", [&]() -> Status {
    if (type == nullptr || dynamicAttachedDataIndex == nullptr)
      return null_argument("MDL-042", "type or dynamicAttachedDataIndex");
    CAIRN_ASSIGN(const LoadedInput loaded, input_of_model(modelId, index, "MDL-043"));
    *type = type_of(*loaded.input);
    *dynamicAttachedDataIndex =
        *type == ACL_DATA_WITH_DYNAMIC_AIPP ? loaded.input->aipp->parameters : kNoAttachedInput;
    return {};
  });
}

aclError aclmdlGetFirstAippInfo(uint32_t modelId, size_t index, aclAippInfo* aippInfo) {
  return api("aclmdlGetFirstAippInfo", [&]() -> Status {
    if (aippInfo == nullptr) return null_argument("AIPP-061", "aippInfo");
    CAIRN_ASSIGN(const LoadedInput loaded, input_of_model(modelId, index, "AIPP-061"));
    return cairn::fill_aipp_info(loaded.model->info(), index, *aippInfo);
  });
}

// --- aclmdlAIPP, 10.6.2 ---

aclmdlAIPP* aclmdlCreateAIPP(uint64_t batchSize) {
  return api_value<aclmdlAIPP*>("aclmdlCreateAIPP", nullptr, [&]() -> Result<aclmdlAIPP*> {
    CAIRN_ASSIGN(std::unique_ptr<ModelAipp> made, ModelAipp::create(batchSize));
    const Ref<ModelAipp> aipp = handle_table<ModelAipp>().insert(std::move(made));
    if (!aipp)
      return error(ACL_ERROR_BAD_ALLOC, "AIPP-016",
                   "too many AIPP parameters exist; destroy those that are not used");
    return static_cast<aclmdlAIPP*>(aipp.handle());
  });
}

aclError aclmdlDestroyAIPP(const aclmdlAIPP* aippParmsSet) {
  return api("aclmdlDestroyAIPP", [&]() -> Status {
    if (handle_table<ModelAipp>().remove(aippParmsSet)) return {};
    return cairn::bad_handle(ACL_ERROR_INVALID_PARAM, "AIPP-017", ModelAipp::kHandleType, "aippParmsSet",
                             aippParmsSet);
  });
}

aclError aclmdlGetAippDataSize(uint64_t batchSize, size_t* size) {
  return api("aclmdlGetAippDataSize", [&]() -> Status {
    if (size == nullptr) return null_argument("AIPP-016", "size");
    CAIRN_ASSIGN(*size, ModelAipp::data_bytes(batchSize));
    return {};
  });
}

aclError aclmdlSetAIPPInputFormat(aclmdlAIPP* aippParmsSet, aclAippInputFormat inputFormat) {
  return changed("aclmdlSetAIPPInputFormat", aippParmsSet,
                 [&](ModelAipp& aipp) { return aipp.set_input_format(static_cast<int64_t>(inputFormat)); });
}

aclError aclmdlSetAIPPCscParams(aclmdlAIPP* aippParmsSet, int8_t cscSwitch, int16_t cscMatrixR0C0,
                                int16_t cscMatrixR0C1, int16_t cscMatrixR0C2, int16_t cscMatrixR1C0,
                                int16_t cscMatrixR1C1, int16_t cscMatrixR1C2, int16_t cscMatrixR2C0,
                                int16_t cscMatrixR2C1, int16_t cscMatrixR2C2, uint8_t cscOutputBiasR0,
                                uint8_t cscOutputBiasR1, uint8_t cscOutputBiasR2, uint8_t cscInputBiasR0,
                                uint8_t cscInputBiasR1, uint8_t cscInputBiasR2) {
  return changed("aclmdlSetAIPPCscParams", aippParmsSet, [&](ModelAipp& aipp) {
    return aipp.set_csc(
        cscSwitch, {{cscMatrixR0C0, cscMatrixR0C1, cscMatrixR0C2, cscMatrixR1C0, cscMatrixR1C1, cscMatrixR1C2,
                     cscMatrixR2C0, cscMatrixR2C1, cscMatrixR2C2},
                    {cscOutputBiasR0, cscOutputBiasR1, cscOutputBiasR2},
                    {cscInputBiasR0, cscInputBiasR1, cscInputBiasR2}});
  });
}

aclError aclmdlSetAIPPRbuvSwapSwitch(aclmdlAIPP* aippParmsSet, int8_t rbuvSwapSwitch) {
  return changed("aclmdlSetAIPPRbuvSwapSwitch", aippParmsSet,
                 [&](ModelAipp& aipp) { return aipp.set_rbuv_swap(rbuvSwapSwitch); });
}

aclError aclmdlSetAIPPAxSwapSwitch(aclmdlAIPP* aippParmsSet, int8_t axSwapSwitch) {
  return changed("aclmdlSetAIPPAxSwapSwitch", aippParmsSet,
                 [&](ModelAipp& aipp) { return aipp.set_ax_swap(axSwapSwitch); });
}

aclError aclmdlSetAIPPSrcImageSize(aclmdlAIPP* aippParmsSet, int32_t srcImageSizeW, int32_t srcImageSizeH) {
  return changed("aclmdlSetAIPPSrcImageSize", aippParmsSet,
                 [&](ModelAipp& aipp) { return aipp.set_source_size(srcImageSizeW, srcImageSizeH); });
}

aclError aclmdlSetAIPPScfParams(aclmdlAIPP* aippParmsSet, int8_t scfSwitch, int32_t, int32_t, int32_t,
                                int32_t, uint64_t batchIndex) {
  return changed("aclmdlSetAIPPScfParams", aippParmsSet,
                 [&](ModelAipp& aipp) { return aipp.set_resize(scfSwitch, batchIndex); });
}

aclError aclmdlSetAIPPCropParams(aclmdlAIPP* aippParmsSet, int8_t cropSwitch, int32_t cropStartPosW,
                                 int32_t cropStartPosH, int32_t cropSizeW, int32_t cropSizeH,
                                 uint64_t batchIndex) {
  return changed("aclmdlSetAIPPCropParams", aippParmsSet, [&](ModelAipp& aipp) {
    return aipp.set_crop(cropSwitch, {cropStartPosW, cropStartPosH, cropSizeW, cropSizeH}, batchIndex);
  });
}

aclError aclmdlSetAIPPPaddingParams(aclmdlAIPP* aippParmsSet, int8_t paddingSwitch, int32_t paddingSizeTop,
                                    int32_t paddingSizeBottom, int32_t paddingSizeLeft,
                                    int32_t paddingSizeRight, uint64_t batchIndex) {
  return changed("aclmdlSetAIPPPaddingParams", aippParmsSet, [&](ModelAipp& aipp) {
    return aipp.set_padding(
        paddingSwitch, {paddingSizeTop, paddingSizeBottom, paddingSizeLeft, paddingSizeRight}, batchIndex);
  });
}

aclError aclmdlSetAIPPDtcPixelMean(aclmdlAIPP* aippParmsSet, int16_t dtcPixelMeanChn0,
                                   int16_t dtcPixelMeanChn1, int16_t dtcPixelMeanChn2,
                                   int16_t dtcPixelMeanChn3, uint64_t batchIndex) {
  return changed("aclmdlSetAIPPDtcPixelMean", aippParmsSet, [&](ModelAipp& aipp) {
    return aipp.set_mean({dtcPixelMeanChn0, dtcPixelMeanChn1, dtcPixelMeanChn2, dtcPixelMeanChn3},
                         batchIndex);
  });
}

aclError aclmdlSetAIPPDtcPixelMin(aclmdlAIPP* aippParmsSet, float dtcPixelMinChn0, float dtcPixelMinChn1,
                                  float dtcPixelMinChn2, float dtcPixelMinChn3, uint64_t batchIndex) {
  return changed("aclmdlSetAIPPDtcPixelMin", aippParmsSet, [&](ModelAipp& aipp) {
    return aipp.set_min({dtcPixelMinChn0, dtcPixelMinChn1, dtcPixelMinChn2, dtcPixelMinChn3}, batchIndex);
  });
}

aclError aclmdlSetAIPPPixelVarReci(aclmdlAIPP* aippParmsSet, float dtcPixelVarReciChn0,
                                   float dtcPixelVarReciChn1, float dtcPixelVarReciChn2,
                                   float dtcPixelVarReciChn3, uint64_t batchIndex) {
  return changed("aclmdlSetAIPPPixelVarReci", aippParmsSet, [&](ModelAipp& aipp) {
    return aipp.set_reciprocal(
        {dtcPixelVarReciChn0, dtcPixelVarReciChn1, dtcPixelVarReciChn2, dtcPixelVarReciChn3}, batchIndex);
  });
}

aclError aclmdlSetInputAIPP(uint32_t modelId, aclmdlDataset* dataset, size_t index,
                            const aclmdlAIPP* aippParmsSet) {
  return api("aclmdlSetInputAIPP",
             [&] { return cairn::set_input_aipp(modelId, dataset, index, aippParmsSet); });
}

aclError aclmdlSetAIPPByInputIndex(uint32_t modelId, aclmdlDataset* dataset, size_t index,
                                   const aclmdlAIPP* aippParmsSet) {
  return api("aclmdlSetAIPPByInputIndex",
             [&] { return cairn::set_aipp_by_input_index(modelId, dataset, index, aippParmsSet); });
}

}  // extern "C"
#pragma GCC visibility pop
