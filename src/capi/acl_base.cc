// acl/acl_base.h: data buffers, tensor descriptions, data types, half floats, application log.
#include "acl/acl_base.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <span>

#include "base/half.h"
#include "base/log.h"
#include "capi/entry.h"
#include "device/guarded_copy.h"
#include "device/memory_transfer.h"
#include "device/missing_functions.h"
#include "device/runtime.h"
#include "tensor/data_buffer.h"
#include "tensor/data_type.h"
#include "tensor/format_conversion.h"
#include "tensor/tensor_desc.h"

using cairn::api;
using cairn::api_value;
using cairn::check_soc_has;
using cairn::copy_dims;
using cairn::DataBuffer;
using cairn::find;
using cairn::handle_table;
using cairn::null_argument;
using cairn::Ref;
using cairn::Result;
using cairn::Runtime;
using cairn::Status;
using cairn::TensorDesc;

namespace {

template <class T>
T* as_handle(
    const Ref<std::conditional_t<std::is_same_v<T, aclDataBuffer>, DataBuffer, TensorDesc>>& object) {
  return static_cast<T*>(object.handle());
}

Result<Ref<TensorDesc>> find_desc(const aclTensorDesc* desc, std::string_view rule) {
  return find<TensorDesc>(desc, "desc", rule);
}

Result<aclTensorDesc*> insert_desc(std::unique_ptr<TensorDesc> desc) {
  const auto inserted = handle_table<TensorDesc>().insert(std::move(desc));
  if (!inserted)
    return cairn::error(ACL_ERROR_BAD_ALLOC, "COM-018", "too many tensor descriptions exist; destroy some");
  return as_handle<aclTensorDesc>(inserted);
}

/// Runs `change` on the description behind the handle.
template <class Change>
aclError change_desc(const char* function, aclTensorDesc* desc, std::string_view rule, Change change) {
  return api(function, [&]() -> Status {
    CAIRN_ASSIGN(const Ref<TensorDesc> found, find_desc(desc, rule));
    return change(*found);
  });
}

/// Reads a value from the description behind the handle; `otherwise` if there is none.
template <class T, class Read>
T read_desc(const char* function, const aclTensorDesc* desc, std::string_view rule, T otherwise, Read read) {
  return api_value<T>(function, otherwise, [&]() -> Result<T> {
    CAIRN_ASSIGN(const Ref<TensorDesc> found, find_desc(desc, rule));
    return read(*found);
  });
}

Status set_dims(std::vector<int64_t>& target, int count, const int64_t* dims, std::string_view rule) {
  CAIRN_ASSIGN(std::vector<int64_t> copy, copy_dims(count, dims, rule));
  CAIRN_RETURN_IF_ERROR(cairn::check_dims(copy, rule));
  target = std::move(copy);
  return {};
}

Result<std::vector<TensorDesc::Range>> copy_ranges(size_t count, int64_t (*ranges)[2],
                                                   std::string_view rule) {
  if (count > TensorDesc::kMostDims || (count > 0 && ranges == nullptr))
    return cairn::error(ACL_ERROR_INVALID_PARAM, rule,
                        "{} ranges at {}; allowed are 0 .. {} at a valid address", count,
                        static_cast<void*>(ranges), TensorDesc::kMostDims);
  std::vector<TensorDesc::Range> result;
  for (const auto& range : std::span(ranges, count))
    result.emplace_back(range[0], range[1]);
  return result;
}

Status check_format(aclFormat format, std::string_view rule) {
  if (cairn::is_format(format)) return {};
  return cairn::error(ACL_ERROR_INVALID_PARAM, rule, "format = {} is no aclFormat", static_cast<int>(format));
}

/// Infinities and bfloat16 came with the 910B; without a chip asked for everything is there. Networks are
/// compiled when they are needed on all of them.
bool has_attribute(aclCannAttr attribute) {
  const cairn::SocProfile& soc = Runtime::get().soc();
  return attribute == ACL_CANN_ATTR_JIT_COMPILE || soc.lenient || soc.family == cairn::SocFamily::k910B;
}

std::vector<aclCannAttr> supported_attributes() {
  std::vector<aclCannAttr> supported;
  for (const aclCannAttr attribute : {ACL_CANN_ATTR_INF_NAN, ACL_CANN_ATTR_BF16, ACL_CANN_ATTR_JIT_COMPILE})
    if (has_attribute(attribute)) supported.push_back(attribute);
  return supported;
}

}  // namespace

float aclFloat16ToFloat(aclFloat16 value) {
  return cairn::half_to_float(value);
}

aclFloat16 aclFloatToFloat16(float value) {
  return cairn::float_to_half(value);
}

aclDataBuffer* aclCreateDataBuffer(void* data, size_t size) {
  return api_value<aclDataBuffer*>("aclCreateDataBuffer", nullptr, [&]() -> Result<aclDataBuffer*> {
    const auto buffer = handle_table<DataBuffer>().insert(std::make_unique<DataBuffer>());
    if (!buffer)
      return cairn::error(ACL_ERROR_BAD_ALLOC, "COM-007", "too many data buffers exist; destroy some");
    DataBuffer::set(buffer, data, data ? size : 0);  // [COM-008]
    return as_handle<aclDataBuffer>(buffer);
  });
}

aclError aclDestroyDataBuffer(const aclDataBuffer* dataBuffer) {
  return api("aclDestroyDataBuffer", [&]() -> Status {
    if (handle_table<DataBuffer>().remove(dataBuffer)) return {};
    return cairn::bad_handle(ACL_ERROR_INVALID_PARAM, "COM-011", cairn::HandleType::kDataBuffer, "dataBuffer",
                             dataBuffer);
  });
}

aclError aclUpdateDataBuffer(aclDataBuffer* dataBuffer, void* data, size_t size) {
  return api("aclUpdateDataBuffer", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<DataBuffer> buffer, find<DataBuffer>(dataBuffer, "dataBuffer", "COM-014"));
    DataBuffer::set(buffer, data, size);
    return {};
  });
}

void* aclGetDataBufferAddr(const aclDataBuffer* dataBuffer) {
  return api_value<void*>("aclGetDataBufferAddr", nullptr, [&]() -> Result<void*> {
    CAIRN_ASSIGN(const DataBuffer::Contents contents, DataBuffer::read(dataBuffer, "dataBuffer", "COM-012"));
    return contents.data;
  });
}

size_t aclGetDataBufferSizeV2(const aclDataBuffer* dataBuffer) {
  return api_value<size_t>("aclGetDataBufferSizeV2", 0, [&]() -> Result<size_t> {
    CAIRN_ASSIGN(const DataBuffer::Contents contents, DataBuffer::read(dataBuffer, "dataBuffer", "COM-013"));
    return contents.size;
  });
}

uint32_t aclGetDataBufferSize(const aclDataBuffer* dataBuffer) {
  return static_cast<uint32_t>(aclGetDataBufferSizeV2(dataBuffer));
}

size_t aclDataTypeSize(aclDataType dataType) {
  return cairn::data_type_size(dataType);
}

aclTensorDesc* aclCreateTensorDesc(aclDataType dataType, int numDims, const int64_t* dims, aclFormat format) {
  return api_value<aclTensorDesc*>("aclCreateTensorDesc", nullptr, [&]() -> Result<aclTensorDesc*> {
    CAIRN_ASSIGN(std::vector<int64_t> shape, copy_dims(numDims, dims, "COM-018"));
    CAIRN_ASSIGN(std::unique_ptr<TensorDesc> desc, TensorDesc::create(dataType, std::move(shape), format));
    return insert_desc(std::move(desc));
  });
}

void aclDestroyTensorDesc(const aclTensorDesc* desc) {
  api("aclDestroyTensorDesc", [&]() -> Status {
    // One that stands for an array ends with all of them.
    if (const Ref<TensorDesc> found = handle_table<TensorDesc>().find(desc))
      for (const Ref<TensorDesc>& part : found->array)
        handle_table<TensorDesc>().remove(part.handle());
    if (handle_table<TensorDesc>().remove(desc)) return {};
    return cairn::bad_handle(ACL_ERROR_INVALID_PARAM, "COM-020", cairn::HandleType::kTensorDesc, "desc",
                             desc);
  });
}

aclDataType aclGetTensorDescType(const aclTensorDesc* desc) {
  return read_desc("aclGetTensorDescType", desc, "COM-021", ACL_DT_UNDEFINED,
                   [](TensorDesc& d) { return d.type(); });
}

aclFormat aclGetTensorDescFormat(const aclTensorDesc* desc) {
  return read_desc("aclGetTensorDescFormat", desc, "COM-021", ACL_FORMAT_UNDEFINED,
                   [](TensorDesc& d) { return d.format(); });
}

size_t aclGetTensorDescSize(const aclTensorDesc* desc) {
  return read_desc<size_t>("aclGetTensorDescSize", desc, "COM-022", 0,
                           [](TensorDesc& d) { return d.size_bytes(); });
}

size_t aclGetTensorDescElementCount(const aclTensorDesc* desc) {
  return read_desc<size_t>("aclGetTensorDescElementCount", desc, "COM-023", 0,
                           [](TensorDesc& d) { return d.element_count(); });
}

size_t aclGetTensorDescNumDims(const aclTensorDesc* desc) {
  return read_desc<size_t>("aclGetTensorDescNumDims", desc, "COM-024", 0,
                           [](TensorDesc& d) { return d.num_dims(); });
}

int64_t aclGetTensorDescDim(const aclTensorDesc* desc, size_t index) {
  return read_desc<int64_t>("aclGetTensorDescDim", desc, "COM-025", -1,
                            [&](TensorDesc& d) { return d.dim(index, "COM-026"); });
}

aclError aclGetTensorDescDimV2(const aclTensorDesc* desc, size_t index, int64_t* dimSize) {
  return change_desc("aclGetTensorDescDimV2", const_cast<aclTensorDesc*>(desc), "COM-028",
                     [&](TensorDesc& d) -> Status {
                       if (dimSize == nullptr) return null_argument("COM-028", "dimSize");
                       CAIRN_ASSIGN(*dimSize, d.dim(index, "COM-026"));
                       return {};
                     });
}

aclError aclGetTensorDescDimRange(const aclTensorDesc* desc, size_t index, size_t dimRangeNum,
                                  int64_t* dimRange) {
  return change_desc("aclGetTensorDescDimRange", const_cast<aclTensorDesc*>(desc), "COM-030",
                     [&](TensorDesc& d) -> Status {
                       if (dimRange == nullptr) return null_argument("COM-030", "dimRange");
                       if (dimRangeNum < 2)
                         return cairn::error(ACL_ERROR_INVALID_PARAM, "COM-031",
                                             "dimRangeNum = {}; a range has 2 numbers", dimRangeNum);
                       CAIRN_ASSIGN(const TensorDesc::Range range, d.dim_range(index));
                       dimRange[0] = range.first;
                       dimRange[1] = range.second;
                       return {};
                     });
}

void aclSetTensorDescName(aclTensorDesc* desc, const char* name) {
  change_desc("aclSetTensorDescName", desc, "COM-032", [&](TensorDesc& d) -> Status {
    d.name = name ? name : "";
    return {};
  });
}

const char* aclGetTensorDescName(aclTensorDesc* desc) {
  return read_desc<const char*>("aclGetTensorDescName", desc, "COM-033", "",
                                [](TensorDesc& d) { return d.name.c_str(); });
}

aclError aclSetTensorStorageShape(aclTensorDesc* desc, int numDims, const int64_t* dims) {
  return change_desc("aclSetTensorStorageShape", desc, "COM-034",
                     [&](TensorDesc& d) { return set_dims(d.storage_dims, numDims, dims, "COM-034"); });
}

aclError aclSetTensorStorageFormat(aclTensorDesc* desc, aclFormat format) {
  return change_desc("aclSetTensorStorageFormat", desc, "COM-035",
                     [&](TensorDesc& d) { return d.set_format(format); });
}

aclError aclSetTensorOriginShape(aclTensorDesc* desc, int numDims, const int64_t* dims) {
  return change_desc("aclSetTensorOriginShape", desc, "COM-036",
                     [&](TensorDesc& d) { return set_dims(d.origin_dims, numDims, dims, "COM-036"); });
}

aclError aclSetTensorOriginFormat(aclTensorDesc* desc, aclFormat format) {
  return change_desc("aclSetTensorOriginFormat", desc, "COM-037", [&](TensorDesc& d) -> Status {
    CAIRN_RETURN_IF_ERROR(check_format(format, "COM-037"));
    d.origin_format = format;
    return {};
  });
}

aclError aclSetTensorShape(aclTensorDesc* desc, int numDims, const int64_t* dims) {
  return change_desc("aclSetTensorShape", desc, "COM-038", [&](TensorDesc& d) -> Status {
    CAIRN_ASSIGN(std::vector<int64_t> shape, copy_dims(numDims, dims, "COM-038"));
    return d.set_shape(std::move(shape));
  });
}

aclError aclSetTensorFormat(aclTensorDesc* desc, aclFormat format) {
  return change_desc("aclSetTensorFormat", desc, "COM-039",
                     [&](TensorDesc& d) { return d.set_format(format); });
}

aclError aclSetTensorConst(aclTensorDesc* desc, void* dataBuffer, size_t length) {
  return change_desc("aclSetTensorConst", desc, "COM-041", [&](TensorDesc& d) -> Status {
    CAIRN_ASSIGN(const std::byte* const source,
                 Runtime::get().resolve_any(dataBuffer, length, "dataBuffer", "COM-041"));
    // Before memory of that length is taken: it may be any number.
    if (Runtime::get().device_of_address(dataBuffer) == nullptr)
      CAIRN_RETURN_IF_ERROR(cairn::check_host_readable(dataBuffer, length, "COM-042"));
    std::vector<std::byte> copy(length);
    if (!cairn::guarded_copy(copy.data(), source, length))
      return cairn::error(ACL_ERROR_INVALID_PARAM, "COM-042", "{} bytes at {} cannot be read", length,
                          dataBuffer);
    d.constant = std::move(copy);
    return {};
  });
}

aclError aclSetTensorShapeRange(aclTensorDesc* desc, size_t dimsCount,
                                int64_t dimsRange[][ACL_TENSOR_SHAPE_RANGE_NUM]) {
  return change_desc("aclSetTensorShapeRange", desc, "COM-043", [&](TensorDesc& d) -> Status {
    CAIRN_ASSIGN(std::vector<TensorDesc::Range> ranges, copy_ranges(dimsCount, dimsRange, "COM-043"));
    return d.set_shape_range(std::move(ranges));
  });
}

aclError aclSetTensorValueRange(aclTensorDesc* desc, size_t valueCount,
                                int64_t valueRange[][ACL_TENSOR_VALUE_RANGE_NUM]) {
  return change_desc("aclSetTensorValueRange", desc, "COM-053", [&](TensorDesc& d) -> Status {
    CAIRN_ASSIGN(d.value_ranges, copy_ranges(valueCount, valueRange, "COM-053"));
    return {};
  });
}

aclError aclSetTensorDynamicInput(aclTensorDesc* desc, const char* dynamicInputName) {
  return change_desc("aclSetTensorDynamicInput", desc, "COM-045", [&](TensorDesc& d) -> Status {
    if (dynamicInputName == nullptr) return null_argument("COM-045", "dynamicInputName");
    d.dynamic_input = dynamicInputName;
    return {};
  });
}

aclError aclSetTensorPlaceMent(aclTensorDesc* desc, aclMemType memType) {
  return change_desc("aclSetTensorPlaceMent", desc, "COM-050", [&](TensorDesc& d) -> Status {
    if (memType < ACL_MEMTYPE_DEVICE || memType > ACL_MEMTYPE_HOST_COMPILE_INDEPENDENT)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "COM-051",
                          "memType = {} is not one of 0 (device), 1 (host), 2 (host, compile independent)",
                          static_cast<int>(memType));
    d.placement = memType;
    return {};
  });
}

aclTensorDesc* aclGetTensorDescByIndex(aclTensorDesc* desc, size_t index) {
  return api_value<aclTensorDesc*>("aclGetTensorDescByIndex", nullptr, [&]() -> Result<aclTensorDesc*> {
    CAIRN_ASSIGN(const Ref<TensorDesc> found, find_desc(desc, "COM-047"));
    const size_t count = found->array.empty() ? 1 : found->array.size();
    if (index >= count)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "COM-048",
                          "index = {}; desc stands for {} description(s), counted from 0", index, count);
    return found->array.empty() ? desc : as_handle<aclTensorDesc>(found->array[index]);
  });
}

aclError aclTransTensorDescFormat(const aclTensorDesc* srcDesc, aclFormat dstFormat,
                                  aclTensorDesc** dstDesc) {
  return api("aclTransTensorDescFormat", [&]() -> Status {
    if (dstDesc == nullptr) return null_argument("COM-054", "dstDesc");
    *dstDesc = nullptr;
    CAIRN_RETURN_IF_ERROR(check_soc_has("aclTransTensorDescFormat"));
    CAIRN_ASSIGN(const Ref<TensorDesc> source, find_desc(srcDesc, "COM-054"));
    CAIRN_ASSIGN(std::unique_ptr<TensorDesc> converted, cairn::convert_format(*source, dstFormat));
    CAIRN_ASSIGN(*dstDesc, insert_desc(std::move(converted)));
    return {};
  });
}

void* aclGetTensorDescAddress(const aclTensorDesc* desc) {
  return read_desc<void*>("aclGetTensorDescAddress", desc, "COM-049", nullptr,
                          [](TensorDesc& d) { return d.data_address(); });
}

aclError aclGetCannAttributeList(const aclCannAttr** cannAttrList, size_t* num) {
  return api("aclGetCannAttributeList", [&]() -> Status {
    if (cannAttrList == nullptr || num == nullptr)
      return null_argument("RT-189", cannAttrList == nullptr ? "cannAttrList" : "num");
    static const std::vector<aclCannAttr> supported = supported_attributes();
    *cannAttrList = supported.data();
    *num = supported.size();
    return {};
  });
}

aclError aclGetCannAttribute(aclCannAttr cannAttr, int32_t* value) {
  return api("aclGetCannAttribute", [&]() -> Status {
    if (value == nullptr) return null_argument("RT-189", "value");
    if (cannAttr < ACL_CANN_ATTR_INF_NAN || cannAttr > ACL_CANN_ATTR_JIT_COMPILE)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189", "cannAttr = {} is not one of 0 .. {}",
                          static_cast<int>(cannAttr), static_cast<int>(ACL_CANN_ATTR_JIT_COMPILE));
    *value = has_attribute(cannAttr) ? 1 : 0;
    return {};
  });
}

aclError aclGetDeviceCapability(uint32_t deviceId, aclDeviceInfo deviceInfo, int64_t* value) {
  return api("aclGetDeviceCapability", [&]() -> Status {
    if (value == nullptr) return null_argument("RT-189", "value");
    const auto id = deviceId <= INT32_MAX ? static_cast<int32_t>(deviceId) : INT32_MAX;
    CAIRN_ASSIGN(const cairn::Device* const device, Runtime::get().device(id));
    switch (deviceInfo) {
      case ACL_DEVICE_INFO_AI_CORE_NUM:
        *value = device->soc().ai_cores;
        return {};
      case ACL_DEVICE_INFO_VECTOR_CORE_NUM:
        *value = device->soc().vector_cores;
        return {};
      case ACL_DEVICE_INFO_L2_SIZE:
        *value = static_cast<int64_t>(device->soc().l2_bytes);
        return {};
      default:
        return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-189",
                            "deviceInfo = {} is not one of 0 (AI cores), 1 (vector cores), 2 (L2 bytes)",
                            static_cast<int>(deviceInfo));
    }
  });
}

void aclAppLog(aclLogLevel logLevel, const char* func, const char* file, uint32_t line, const char* fmt,
               ...) {
  if (logLevel < ACL_DEBUG || logLevel > ACL_ERROR || fmt == nullptr) return;  // [COM-056]
  const auto level = static_cast<cairn::LogLevel>(logLevel);
  if (!cairn::log_enabled(level, "APP")) return;
  char text[4096];
  va_list arguments;
  va_start(arguments, fmt);
  std::vsnprintf(text, sizeof text, fmt, arguments);
  va_end(arguments);
  cairn::write_log(level, "APP", {file, line, func}, text);
}
