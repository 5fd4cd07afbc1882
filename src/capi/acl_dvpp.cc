// acl/ops/acl_dvpp.h: media processing V1, pictures.
#include "acl/ops/acl_dvpp.h"

#include <cstring>

#include "capi/entry.h"
#include "device/runtime.h"
#include "media/v1/batch_pic_desc.h"
#include "media/v1/border_config.h"
#include "media/v1/channel_desc.h"
#include "media/v1/jpegd.h"
#include "media/v1/pic_desc.h"
#include "media/v1/resize_config.h"
#include "media/v1/roi_config.h"
#include "media/v1/vpc.h"

using cairn::api;
using cairn::api_value;
using cairn::BatchPicDesc;
using cairn::BorderConfig;
using cairn::BorderFields;
using cairn::ChannelDesc;
using cairn::ChannelSettings;
using cairn::error;
using cairn::find;
using cairn::handle_table;
using cairn::JpegInfo;
using cairn::null_argument;
using cairn::PicDesc;
using cairn::PicFields;
using cairn::Rectangle;
using cairn::Ref;
using cairn::ResizeConfig;
using cairn::Result;
using cairn::RoiConfig;
using cairn::Runtime;
using cairn::Status;

namespace {

/// The number that a program passed for an enum, whatever it is.
template <class Enum>
int number_of(const Enum& value) {
  static_assert(sizeof(Enum) == sizeof(int));
  int number = 0;
  std::memcpy(&number, &value, sizeof(number));
  return number;
}

template <class Handle, class T>
Result<Handle*> give_handle(std::unique_ptr<T> object) {
  const Ref<T> ref = handle_table<T>().insert(std::move(object));
  if (!ref)
    return error(ACL_ERROR_BAD_ALLOC, "M1-045", "too many objects of one kind ({}) exist; destroy some",
                 cairn::handle_type_name(T::kHandleType));
  return static_cast<Handle*>(ref.handle());
}

template <class T>
Status end_handle(void* handle, const char* argument, std::string_view rule) {
  CAIRN_ASSIGN(const Ref<T> object, find<T>(handle, argument, rule));
  handle_table<T>().remove(handle);
  return {};
}

template <class T>
constexpr std::string_view setter_rule() {
  if constexpr (std::is_same_v<T, PicDesc>) return "M1-063";
  if constexpr (std::is_same_v<T, RoiConfig>) return "VPC1-083";
  return "M1-084";
}

/// Runs change(fields) on the object behind a handle.
template <class T, class Change>
aclError set(const char* function, void* handle, const char* argument, Change change) {
  return api(function, [&]() -> Status {
    CAIRN_ASSIGN(const Ref<T> object, find<T>(handle, argument, setter_rule<T>()));
    object->update(change);
    return {};
  });
}

template <class Value>
Value get(const char* function, const acldvppPicDesc* desc, Value PicFields::*member, Value otherwise = {}) {
  return api_value<Value>(function, otherwise, [&]() -> Result<Value> {
    CAIRN_ASSIGN(const Ref<PicDesc> object, find<PicDesc>(desc, "picDesc", "M1-064"));
    return object->fields().*member;
  });
}

template <class Value>
Value get(const char* function, const acldvppBorderConfig* config, Value BorderFields::*member) {
  return api_value<Value>(function, {}, [&]() -> Result<Value> {
    CAIRN_ASSIGN(const Ref<BorderConfig> object, find<BorderConfig>(config, "borderConfig", "M1-086"));
    return object->fields().*member;
  });
}

Status check_border_index(uint32_t index) {
  if (index < 4) return {};
  return error(ACL_ERROR_INVALID_PARAM, "M1-082",
               "index {} does not exist; give 0 (R or Y), 1 (G or U), 2 (B or V) or 3", index);
}

}  // namespace

extern "C" {

// --- 10.7.3: memory ---

aclError acldvppMalloc(void** devPtr, size_t size) {
  return api("acldvppMalloc", [&]() -> Status {
    constexpr size_t kMediaAlignment = 128;  // M1-022
    if (devPtr == nullptr) return null_argument("M1-023", "devPtr");
    CAIRN_ASSIGN(*devPtr, Runtime::get().allocate(size, kMediaAlignment, "M1-023"));
    return {};
  });
}

aclError acldvppFree(void* devPtr) {
  return api("acldvppFree", [&] { return Runtime::get().free(devPtr, "M1-028"); });
}

// --- 10.7.4, 10.7.5: channels ---

acldvppChannelDesc* acldvppCreateChannelDesc(void) {
  return api_value<acldvppChannelDesc*>("acldvppCreateChannelDesc", nullptr, [] {
    return give_handle<acldvppChannelDesc>(std::make_unique<ChannelDesc>());
  });
}

aclError acldvppDestroyChannelDesc(acldvppChannelDesc* channelDesc) {
  return api("acldvppDestroyChannelDesc", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ChannelDesc> desc, find<ChannelDesc>(channelDesc, "channelDesc", "M1-046"));
    if (desc->has_channel())
      return error(ACL_ERROR_RELATIVE_RESOURCE_NOT_CLEARED, "APP-035",
                   "{} still has its channel; call acldvppDestroyChannel first",
                   cairn::describe_handle(channelDesc));
    handle_table<ChannelDesc>().remove(channelDesc);
    return {};
  });
}

aclError acldvppCreateChannel(acldvppChannelDesc* channelDesc) {
  return api("acldvppCreateChannel", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ChannelDesc> desc, find<ChannelDesc>(channelDesc, "channelDesc", "M1-029"));
    return desc->create_channel();
  });
}

aclError acldvppDestroyChannel(acldvppChannelDesc* channelDesc) {
  return api("acldvppDestroyChannel", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ChannelDesc> desc, find<ChannelDesc>(channelDesc, "channelDesc", "M1-034"));
    return desc->destroy_channel();
  });
}

uint64_t acldvppGetChannelDescChannelId(const acldvppChannelDesc* channelDesc) {
  return api_value<uint64_t>("acldvppGetChannelDescChannelId", 0, [&]() -> Result<uint64_t> {
    CAIRN_ASSIGN(const Ref<ChannelDesc> desc, find<ChannelDesc>(channelDesc, "channelDesc", "M1-047"));
    const ChannelSettings settings = desc->settings();
    if (settings.id == 0)
      return error(ACL_ERROR_INVALID_PARAM, "M1-047",
                   "there is no id before acldvppCreateChannel; call it first");
    return settings.id;
  });
}

aclError acldvppSetChannelDescMode(acldvppChannelDesc* channelDesc, uint32_t mode) {
  return api("acldvppSetChannelDescMode", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ChannelDesc> desc, find<ChannelDesc>(channelDesc, "channelDesc", "M1-048"));
    return desc->set_mode(mode);
  });
}

aclError acldvppSetChannelDescParam(acldvppChannelDesc* channelDesc, acldvppChannelDescParamType paramType,
                                    size_t length, const void* param) {
  return api("acldvppSetChannelDescParam", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ChannelDesc> desc, find<ChannelDesc>(channelDesc, "channelDesc", "M1-050"));
    return desc->set_param(number_of(paramType), length, param);
  });
}

aclError acldvppGetChannelDescParam(const acldvppChannelDesc* channelDesc,
                                    acldvppChannelDescParamType paramType, size_t length,
                                    size_t* paramRetSize, void* param) {
  return api("acldvppGetChannelDescParam", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ChannelDesc> desc, find<ChannelDesc>(channelDesc, "channelDesc", "M1-051"));
    return desc->get_param(number_of(paramType), length, paramRetSize, param);
  });
}

// --- 10.7.5: picture descriptions ---

acldvppPicDesc* acldvppCreatePicDesc(void) {
  return api_value<acldvppPicDesc*>("acldvppCreatePicDesc", nullptr,
                                    [] { return give_handle<acldvppPicDesc>(std::make_unique<PicDesc>()); });
}

aclError acldvppDestroyPicDesc(acldvppPicDesc* picDesc) {
  return api("acldvppDestroyPicDesc", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<PicDesc> desc, find<PicDesc>(picDesc, "picDesc", "M1-056"));
    if (desc->is_in_batch())
      return error(ACL_ERROR_INVALID_PARAM, "M1-056",
                   "{} belongs to a batch; it ends with acldvppDestroyBatchPicDesc",
                   cairn::describe_handle(picDesc));
    handle_table<PicDesc>().remove(picDesc);
    return {};
  });
}

aclError acldvppSetPicDescData(acldvppPicDesc* picDesc, void* dataDev) {
  return set<PicDesc>("acldvppSetPicDescData", picDesc, "picDesc",
                      [&](PicFields& fields) { fields.data = dataDev; });
}

aclError acldvppSetPicDescSize(acldvppPicDesc* picDesc, uint32_t size) {
  return set<PicDesc>("acldvppSetPicDescSize", picDesc, "picDesc",
                      [&](PicFields& fields) { fields.size = size; });
}

aclError acldvppSetPicDescFormat(acldvppPicDesc* picDesc, acldvppPixelFormat format) {
  return api("acldvppSetPicDescFormat", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<PicDesc> desc, find<PicDesc>(picDesc, "picDesc", "M1-063"));
    const int number = number_of(format);
    if (!cairn::is_pixel_format(number))
      return error(ACL_ERROR_INVALID_PARAM, "M1-059", "format {} is no acldvppPixelFormat", number);
    desc->update([&](PicFields& fields) { fields.format = static_cast<acldvppPixelFormat>(number); });
    return {};
  });
}

aclError acldvppSetPicDescWidth(acldvppPicDesc* picDesc, uint32_t width) {
  return set<PicDesc>("acldvppSetPicDescWidth", picDesc, "picDesc",
                      [&](PicFields& fields) { fields.width = width; });
}

aclError acldvppSetPicDescHeight(acldvppPicDesc* picDesc, uint32_t height) {
  return set<PicDesc>("acldvppSetPicDescHeight", picDesc, "picDesc",
                      [&](PicFields& fields) { fields.height = height; });
}

aclError acldvppSetPicDescWidthStride(acldvppPicDesc* picDesc, uint32_t widthStride) {
  return set<PicDesc>("acldvppSetPicDescWidthStride", picDesc, "picDesc",
                      [&](PicFields& fields) { fields.width_stride = widthStride; });
}

aclError acldvppSetPicDescHeightStride(acldvppPicDesc* picDesc, uint32_t heightStride) {
  return set<PicDesc>("acldvppSetPicDescHeightStride", picDesc, "picDesc",
                      [&](PicFields& fields) { fields.height_stride = heightStride; });
}

aclError acldvppSetPicDescRetCode(acldvppPicDesc* picDesc, uint32_t retCode) {
  return set<PicDesc>("acldvppSetPicDescRetCode", picDesc, "picDesc",
                      [&](PicFields& fields) { fields.ret_code = retCode; });
}

void* acldvppGetPicDescData(const acldvppPicDesc* picDesc) {
  return get("acldvppGetPicDescData", picDesc, &PicFields::data);
}

uint32_t acldvppGetPicDescSize(const acldvppPicDesc* picDesc) {
  return get("acldvppGetPicDescSize", picDesc, &PicFields::size);
}

acldvppPixelFormat acldvppGetPicDescFormat(const acldvppPicDesc* picDesc) {
  return get("acldvppGetPicDescFormat", picDesc, &PicFields::format, PIXEL_FORMAT_UNKNOWN);
}

uint32_t acldvppGetPicDescWidth(const acldvppPicDesc* picDesc) {
  return get("acldvppGetPicDescWidth", picDesc, &PicFields::width);
}

uint32_t acldvppGetPicDescHeight(const acldvppPicDesc* picDesc) {
  return get("acldvppGetPicDescHeight", picDesc, &PicFields::height);
}

uint32_t acldvppGetPicDescWidthStride(const acldvppPicDesc* picDesc) {
  return get("acldvppGetPicDescWidthStride", picDesc, &PicFields::width_stride);
}

uint32_t acldvppGetPicDescHeightStride(const acldvppPicDesc* picDesc) {
  return get("acldvppGetPicDescHeightStride", picDesc, &PicFields::height_stride);
}

uint32_t acldvppGetPicDescRetCode(const acldvppPicDesc* picDesc) {
  return get<uint32_t>("acldvppGetPicDescRetCode", picDesc, &PicFields::ret_code, ACL_ERROR_INVALID_PARAM);
}

acldvppBatchPicDesc* acldvppCreateBatchPicDesc(uint32_t batchSize) {
  return api_value<acldvppBatchPicDesc*>("acldvppCreateBatchPicDesc", nullptr,
                                         [&]() -> Result<acldvppBatchPicDesc*> {
                                           CAIRN_ASSIGN(auto batch, BatchPicDesc::create(batchSize));
                                           return give_handle<acldvppBatchPicDesc>(std::move(batch));
                                         });
}

acldvppPicDesc* acldvppGetPicDesc(acldvppBatchPicDesc* batchPicDesc, uint32_t index) {
  return api_value<acldvppPicDesc*>("acldvppGetPicDesc", nullptr, [&]() -> Result<acldvppPicDesc*> {
    CAIRN_ASSIGN(const Ref<BatchPicDesc> batch, find<BatchPicDesc>(batchPicDesc, "batchPicDesc", "M1-078"));
    if (index >= batch->size())
      return error(ACL_ERROR_INVALID_PARAM, "M1-078", "index {} is out of range; the batch has {} pictures",
                   index, batch->size());
    return batch->handle(index);
  });
}

aclError acldvppDestroyBatchPicDesc(acldvppBatchPicDesc* batchPicDesc) {
  return api("acldvppDestroyBatchPicDesc",
             [&] { return end_handle<BatchPicDesc>(batchPicDesc, "batchPicDesc", "M1-077"); });
}

// --- 10.7.5: borders ---

acldvppBorderConfig* acldvppCreateBorderConfig(void) {
  return api_value<acldvppBorderConfig*>("acldvppCreateBorderConfig", nullptr, [] {
    return give_handle<acldvppBorderConfig>(std::make_unique<BorderConfig>());
  });
}

aclError acldvppDestroyBorderConfig(acldvppBorderConfig* borderConfig) {
  return api("acldvppDestroyBorderConfig",
             [&] { return end_handle<BorderConfig>(borderConfig, "borderConfig", "M1-081"); });
}

aclError acldvppSetBorderConfigValue(acldvppBorderConfig* borderConfig, uint32_t index, double value) {
  return api("acldvppSetBorderConfigValue", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<BorderConfig> config, find<BorderConfig>(borderConfig, "borderConfig", "M1-084"));
    CAIRN_RETURN_IF_ERROR(check_border_index(index));
    config->update([&](BorderFields& fields) { fields.value[index] = value; });
    return {};
  });
}

aclError acldvppSetBorderConfigBorderType(acldvppBorderConfig* borderConfig, acldvppBorderType borderType) {
  return api("acldvppSetBorderConfigBorderType", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<BorderConfig> config, find<BorderConfig>(borderConfig, "borderConfig", "M1-084"));
    const int number = number_of(borderType);
    if (number < BORDER_CONSTANT || number > BORDER_REFLECT_101)
      return error(ACL_ERROR_INVALID_PARAM, "APP-094", "borderType {} does not exist; give 0 to 3", number);
    config->update([&](BorderFields& fields) { fields.type = static_cast<acldvppBorderType>(number); });
    return {};
  });
}

aclError acldvppSetBorderConfigTop(acldvppBorderConfig* borderConfig, uint32_t top) {
  return set<BorderConfig>("acldvppSetBorderConfigTop", borderConfig, "borderConfig",
                           [&](BorderFields& fields) { fields.top = top; });
}

aclError acldvppSetBorderConfigBottom(acldvppBorderConfig* borderConfig, uint32_t bottom) {
  return set<BorderConfig>("acldvppSetBorderConfigBottom", borderConfig, "borderConfig",
                           [&](BorderFields& fields) { fields.bottom = bottom; });
}

aclError acldvppSetBorderConfigLeft(acldvppBorderConfig* borderConfig, uint32_t left) {
  return set<BorderConfig>("acldvppSetBorderConfigLeft", borderConfig, "borderConfig",
                           [&](BorderFields& fields) { fields.left = left; });
}

aclError acldvppSetBorderConfigRight(acldvppBorderConfig* borderConfig, uint32_t right) {
  return set<BorderConfig>("acldvppSetBorderConfigRight", borderConfig, "borderConfig",
                           [&](BorderFields& fields) { fields.right = right; });
}

double acldvppGetBorderConfigValue(const acldvppBorderConfig* borderConfig, uint32_t index) {
  return api_value<double>("acldvppGetBorderConfigValue", 0, [&]() -> Result<double> {
    CAIRN_ASSIGN(const Ref<BorderConfig> config, find<BorderConfig>(borderConfig, "borderConfig", "M1-086"));
    CAIRN_RETURN_IF_ERROR(check_border_index(index));
    return config->fields().value[index];
  });
}

acldvppBorderType acldvppGetBorderConfigBorderType(const acldvppBorderConfig* borderConfig) {
  return get("acldvppGetBorderConfigBorderType", borderConfig, &BorderFields::type);
}

uint32_t acldvppGetBorderConfigTop(const acldvppBorderConfig* borderConfig) {
  return get("acldvppGetBorderConfigTop", borderConfig, &BorderFields::top);
}

uint32_t acldvppGetBorderConfigBottom(const acldvppBorderConfig* borderConfig) {
  return get("acldvppGetBorderConfigBottom", borderConfig, &BorderFields::bottom);
}

uint32_t acldvppGetBorderConfigLeft(const acldvppBorderConfig* borderConfig) {
  return get("acldvppGetBorderConfigLeft", borderConfig, &BorderFields::left);
}

uint32_t acldvppGetBorderConfigRight(const acldvppBorderConfig* borderConfig) {
  return get("acldvppGetBorderConfigRight", borderConfig, &BorderFields::right);
}

// --- 10.7.6: areas and resize configurations ---

acldvppRoiConfig* acldvppCreateRoiConfig(uint32_t left, uint32_t right, uint32_t top, uint32_t bottom) {
  return api_value<acldvppRoiConfig*>("acldvppCreateRoiConfig", nullptr, [&] {
    return give_handle<acldvppRoiConfig>(std::make_unique<RoiConfig>(Rectangle{left, right, top, bottom}));
  });
}

aclError acldvppDestroyRoiConfig(acldvppRoiConfig* roiConfig) {
  return api("acldvppDestroyRoiConfig",
             [&] { return end_handle<RoiConfig>(roiConfig, "roiConfig", "VPC1-082"); });
}

aclError acldvppSetRoiConfig(acldvppRoiConfig* config, uint32_t left, uint32_t right, uint32_t top,
                             uint32_t bottom) {
  return set<RoiConfig>("acldvppSetRoiConfig", config, "config", [&](Rectangle& area) {
    area = {left, right, top, bottom};
  });
}

aclError acldvppSetRoiConfigLeft(acldvppRoiConfig* config, uint32_t left) {
  return set<RoiConfig>("acldvppSetRoiConfigLeft", config, "config",
                        [&](Rectangle& area) { area.left = left; });
}

aclError acldvppSetRoiConfigRight(acldvppRoiConfig* config, uint32_t right) {
  return set<RoiConfig>("acldvppSetRoiConfigRight", config, "config",
                        [&](Rectangle& area) { area.right = right; });
}

aclError acldvppSetRoiConfigTop(acldvppRoiConfig* config, uint32_t top) {
  return set<RoiConfig>("acldvppSetRoiConfigTop", config, "config", [&](Rectangle& area) { area.top = top; });
}

aclError acldvppSetRoiConfigBottom(acldvppRoiConfig* config, uint32_t bottom) {
  return set<RoiConfig>("acldvppSetRoiConfigBottom", config, "config",
                        [&](Rectangle& area) { area.bottom = bottom; });
}

acldvppResizeConfig* acldvppCreateResizeConfig(void) {
  return api_value<acldvppResizeConfig*>("acldvppCreateResizeConfig", nullptr, [] {
    return give_handle<acldvppResizeConfig>(std::make_unique<ResizeConfig>());
  });
}

aclError acldvppDestroyResizeConfig(acldvppResizeConfig* resizeConfig) {
  return api("acldvppDestroyResizeConfig",
             [&] { return end_handle<ResizeConfig>(resizeConfig, "resizeConfig", "VPC1-086"); });
}

aclError acldvppSetResizeConfigInterpolation(acldvppResizeConfig* resizeConfig, uint32_t interpolation) {
  return api("acldvppSetResizeConfigInterpolation", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ResizeConfig> config,
                 find<ResizeConfig>(resizeConfig, "resizeConfig", "VPC1-087"));
    return config->set_interpolation(interpolation);
  });
}

uint32_t acldvppGetResizeConfigInterpolation(const acldvppResizeConfig* resizeConfig) {
  return api_value<uint32_t>("acldvppGetResizeConfigInterpolation", 0, [&]() -> Result<uint32_t> {
    CAIRN_ASSIGN(const Ref<ResizeConfig> config,
                 find<ResizeConfig>(resizeConfig, "resizeConfig", "VPC1-090"));
    return config->interpolation();
  });
}

// --- 10.7.6: picture processing ---

aclError acldvppVpcResizeAsync(acldvppChannelDesc* channelDesc, acldvppPicDesc* inputDesc,
                               acldvppPicDesc* outputDesc, acldvppResizeConfig* resizeConfig,
                               aclrtStream stream) {
  return api("acldvppVpcResizeAsync", [&] {
    return cairn::vpc_resize({channelDesc, inputDesc, outputDesc, nullptr, nullptr, resizeConfig, stream});
  });
}

aclError acldvppVpcCropAsync(acldvppChannelDesc* channelDesc, acldvppPicDesc* inputDesc,
                             acldvppPicDesc* outputDesc, acldvppRoiConfig* cropArea, aclrtStream stream) {
  return api("acldvppVpcCropAsync", [&] {
    return cairn::vpc_crop({channelDesc, inputDesc, outputDesc, cropArea, nullptr, nullptr, stream});
  });
}

aclError acldvppVpcCropResizeAsync(acldvppChannelDesc* channelDesc, acldvppPicDesc* inputDesc,
                                   acldvppPicDesc* outputDesc, acldvppRoiConfig* cropArea,
                                   acldvppResizeConfig* resizeConfig, aclrtStream stream) {
  return api("acldvppVpcCropResizeAsync", [&] {
    return cairn::vpc_crop_resize(
        {channelDesc, inputDesc, outputDesc, cropArea, nullptr, resizeConfig, stream});
  });
}

aclError acldvppVpcCropAndPasteAsync(acldvppChannelDesc* channelDesc, acldvppPicDesc* inputDesc,
                                     acldvppPicDesc* outputDesc, acldvppRoiConfig* cropArea,
                                     acldvppRoiConfig* pasteArea, aclrtStream stream) {
  return api("acldvppVpcCropAndPasteAsync", [&] {
    return cairn::vpc_crop_and_paste(
        {channelDesc, inputDesc, outputDesc, cropArea, pasteArea, nullptr, stream});
  });
}

aclError acldvppVpcCropResizePasteAsync(acldvppChannelDesc* channelDesc, acldvppPicDesc* inputDesc,
                                        acldvppPicDesc* outputDesc, acldvppRoiConfig* cropArea,
                                        acldvppRoiConfig* pasteArea, acldvppResizeConfig* resizeConfig,
                                        aclrtStream stream) {
  return api("acldvppVpcCropResizePasteAsync", [&] {
    return cairn::vpc_crop_resize_paste(
        {channelDesc, inputDesc, outputDesc, cropArea, pasteArea, resizeConfig, stream});
  });
}

aclError acldvppVpcConvertColorAsync(acldvppChannelDesc* channelDesc, acldvppPicDesc* inputDesc,
                                     acldvppPicDesc* outputDesc, aclrtStream stream) {
  return api("acldvppVpcConvertColorAsync", [&] {
    return cairn::vpc_convert_color({channelDesc, inputDesc, outputDesc, nullptr, nullptr, nullptr, stream});
  });
}

aclError acldvppVpcBatchCropAsync(acldvppChannelDesc* channelDesc, acldvppBatchPicDesc* srcBatchPicDescs,
                                  uint32_t* roiNums, uint32_t size, acldvppBatchPicDesc* dstBatchPicDescs,
                                  acldvppRoiConfig** cropAreas, aclrtStream stream) {
  return api("acldvppVpcBatchCropAsync", [&] {
    return cairn::vpc_batch_crop({channelDesc, srcBatchPicDescs, roiNums, size, dstBatchPicDescs, cropAreas,
                                  nullptr, nullptr, nullptr, stream});
  });
}

aclError acldvppVpcBatchCropResizeAsync(acldvppChannelDesc* channelDesc,
                                        acldvppBatchPicDesc* srcBatchPicDescs, uint32_t* roiNums,
                                        uint32_t size, acldvppBatchPicDesc* dstBatchPicDescs,
                                        acldvppRoiConfig** cropAreas, acldvppResizeConfig* resizeConfig,
                                        aclrtStream stream) {
  return api("acldvppVpcBatchCropResizeAsync", [&] {
    return cairn::vpc_batch_crop_resize({channelDesc, srcBatchPicDescs, roiNums, size, dstBatchPicDescs,
                                         cropAreas, nullptr, nullptr, resizeConfig, stream});
  });
}

aclError acldvppVpcBatchCropAndPasteAsync(acldvppChannelDesc* channelDesc,
                                          acldvppBatchPicDesc* srcBatchPicDescs, uint32_t* roiNums,
                                          uint32_t size, acldvppBatchPicDesc* dstBatchPicDescs,
                                          acldvppRoiConfig** cropAreas, acldvppRoiConfig** pasteAreas,
                                          aclrtStream stream) {
  return api("acldvppVpcBatchCropAndPasteAsync", [&] {
    return cairn::vpc_batch_crop_and_paste({channelDesc, srcBatchPicDescs, roiNums, size, dstBatchPicDescs,
                                            cropAreas, pasteAreas, nullptr, nullptr, stream});
  });
}

aclError acldvppVpcBatchCropResizePasteAsync(acldvppChannelDesc* channelDesc,
                                             acldvppBatchPicDesc* srcBatchPicDescs, uint32_t* roiNums,
                                             uint32_t size, acldvppBatchPicDesc* dstBatchPicDescs,
                                             acldvppRoiConfig** cropAreas, acldvppRoiConfig** pasteAreas,
                                             acldvppResizeConfig* resizeConfig, aclrtStream stream) {
  return api("acldvppVpcBatchCropResizePasteAsync", [&] {
    return cairn::vpc_batch_crop_resize_paste({channelDesc, srcBatchPicDescs, roiNums, size, dstBatchPicDescs,
                                               cropAreas, pasteAreas, nullptr, resizeConfig, stream});
  });
}

aclError acldvppVpcBatchCropResizeMakeBorderAsync(acldvppChannelDesc* channelDesc,
                                                  acldvppBatchPicDesc* srcBatchPicDescs, uint32_t* roiNums,
                                                  uint32_t size, acldvppBatchPicDesc* dstBatchPicDescs,
                                                  acldvppRoiConfig** cropAreas,
                                                  acldvppBorderConfig** borderCfgs,
                                                  acldvppResizeConfig* resizeConfig, aclrtStream stream) {
  return api("acldvppVpcBatchCropResizeMakeBorderAsync", [&] {
    return cairn::vpc_batch_crop_resize_make_border({channelDesc, srcBatchPicDescs, roiNums, size,
                                                     dstBatchPicDescs, cropAreas, nullptr, borderCfgs,
                                                     resizeConfig, stream});
  });
}

// --- 10.7.7: JPEG decoder ---

aclError acldvppJpegGetImageInfo(const void* data, uint32_t size, uint32_t* width, uint32_t* height,
                                 int32_t* components) {
  return api("acldvppJpegGetImageInfo", [&]() -> Status {
    if (width == nullptr || height == nullptr || components == nullptr)
      return null_argument("JPD1-034", "width, height or components");
    CAIRN_ASSIGN(const JpegInfo info, cairn::jpeg_info(data, size));
    *width = info.width;
    *height = info.height;
    *components = info.components;
    return {};
  });
}

aclError acldvppJpegGetImageInfoV2(const void* data, uint32_t size, uint32_t* width, uint32_t* height,
                                   int32_t* components, acldvppJpegFormat* format) {
  return api("acldvppJpegGetImageInfoV2", [&]() -> Status {
    if (width == nullptr || height == nullptr || components == nullptr || format == nullptr)
      return null_argument("JPD1-036", "width, height, components or format");
    CAIRN_ASSIGN(const JpegInfo info, cairn::jpeg_info(data, size));
    *width = info.width;
    *height = info.height;
    *components = info.components;
    *format = info.sampling;
    return {};
  });
}

aclError acldvppJpegPredictDecSize(const void* data, uint32_t dataSize, acldvppPixelFormat outputPixelFormat,
                                   uint32_t* decSize) {
  return api("acldvppJpegPredictDecSize", [&]() -> Status {
    if (decSize == nullptr) return null_argument("JPD1-037", "decSize");
    CAIRN_ASSIGN(*decSize, cairn::jpeg_decoded_size(data, dataSize, number_of(outputPixelFormat)));
    return {};
  });
}

aclError acldvppJpegDecodeAsync(acldvppChannelDesc* channelDesc, const void* data, uint32_t size,
                                acldvppPicDesc* outputDesc, aclrtStream stream) {
  return api("acldvppJpegDecodeAsync",
             [&] { return cairn::jpeg_decode(channelDesc, data, size, outputDesc, stream); });
}

}  // extern "C"
