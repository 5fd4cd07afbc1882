// acl/acl_op.h: single operators.
#include "acl/acl_op.h"

#include <string>
#include <type_traits>
#include <vector>

#include "capi/entry.h"
#include "capi/stream_entry.h"
#include "op/op_attributes.h"
#include "op/op_handle.h"
#include "singleop/operator_execution.h"
#include "singleop/operator_loading.h"
#include "singleop/operator_shapes.h"
#include "tensor/data_buffer.h"

using cairn::api;
using cairn::api_value;
using cairn::DataBuffer;
using cairn::error;
using cairn::find;
using cairn::handle_table;
using cairn::OmAttributeValue;
using cairn::OpAttributes;
using cairn::operator_list;
using cairn::OperatorArguments;
using cairn::OperatorBuffer;
using cairn::OpHandle;
using cairn::read_arguments;
using cairn::Ref;
using cairn::Result;
using cairn::Status;
using cairn::Stream;
using cairn::with_stream;

namespace {

constexpr int kMostBuffers = 65536;

/// The memory behind a program's list of data buffers.
Result<std::vector<OperatorBuffer>> buffers_of(int count, const aclDataBuffer* const* list,
                                               const char* name) {
  if (count < 0 || count > kMostBuffers || (count > 0 && list == nullptr))
    return error(ACL_ERROR_INVALID_PARAM, "OP-028",
                 "{} is a list of {} buffers at {}; pass a list of that length", name, count,
                 static_cast<const void*>(list));
  std::vector<OperatorBuffer> found;
  found.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    CAIRN_ASSIGN(const DataBuffer::Contents buffer, DataBuffer::read(list[i], name, "OP-028"));
    found.push_back({buffer.data, buffer.size, false});
  }
  return found;
}

Status give_handle(Result<std::unique_ptr<OpHandle>> made, aclopHandle** handle) {
  if (handle == nullptr) return cairn::null_argument("OP-048", "handle");
  if (!made.is_ok()) return made.status();
  const Ref<OpHandle> inserted = handle_table<OpHandle>().insert(std::move(*made));
  if (!inserted) return error(ACL_ERROR_BAD_ALLOC, "OP-048", "too many operator handles exist; destroy some");
  *handle = static_cast<aclopHandle*>(inserted.handle());
  return {};
}

aclError set_attribute(const char* function, aclopAttr* attr, const char* name, OmAttributeValue value) {
  return api(function, [&]() -> Status {
    CAIRN_ASSIGN(const Ref<OpAttributes> attributes, find<OpAttributes>(attr, "attr", "OP-035"));
    return attributes->set(name, std::move(value));
  });
}

/// Sets a list; `Kept` is the type of its elements in an attribute.
template <class Kept, class Given>
aclError set_list(const char* function, aclopAttr* attr, const char* name, int count, const Given* values) {
  return api(function, [&]() -> Status {
    CAIRN_ASSIGN(const Ref<OpAttributes> attributes, find<OpAttributes>(attr, "attr", "OP-035"));
    if (count < 0 || (count > 0 && values == nullptr))
      return error(ACL_ERROR_INVALID_PARAM, "OP-041",
                   "a list of {} values at {}; pass the list and its length", count,
                   static_cast<const void*>(values));
    std::vector<Kept> kept;
    kept.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      if constexpr (std::is_pointer_v<Given>)
        if (values[i] == nullptr)
          return error(ACL_ERROR_INVALID_PARAM, "OP-043", "text {} of the list is null; pass a text", i);
      kept.push_back(static_cast<Kept>(values[i]));
    }
    return attributes->set(name, std::move(kept));
  });
}

}  // namespace

// --- attributes ---

aclopAttr* aclopCreateAttr() {
  return api_value<aclopAttr*>("aclopCreateAttr", nullptr, []() -> Result<aclopAttr*> {
    const Ref<OpAttributes> made = handle_table<OpAttributes>().insert(std::make_unique<OpAttributes>());
    if (!made)
      return error(ACL_ERROR_BAD_ALLOC, "OP-033", "too many lists of attributes exist; destroy some");
    return static_cast<aclopAttr*>(made.handle());
  });
}

void aclopDestroyAttr(const aclopAttr* attr) {
  api("aclopDestroyAttr", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<OpAttributes> found, find<OpAttributes>(attr, "attr", "OP-034"));
    handle_table<OpAttributes>().remove(attr);
    return {};
  });
}

aclError aclopSetAttrBool(aclopAttr* attr, const char* attrName, uint8_t attrValue) {
  return set_attribute("aclopSetAttrBool", attr, attrName, attrValue != 0);
}

aclError aclopSetAttrInt(aclopAttr* attr, const char* attrName, int64_t attrValue) {
  return set_attribute("aclopSetAttrInt", attr, attrName, attrValue);
}

aclError aclopSetAttrFloat(aclopAttr* attr, const char* attrName, float attrValue) {
  return set_attribute("aclopSetAttrFloat", attr, attrName, attrValue);
}

aclError aclopSetAttrString(aclopAttr* attr, const char* attrName, const char* attrValue) {
  if (attrValue == nullptr)
    return api("aclopSetAttrString", [] { return cairn::null_argument("OP-039", "attrValue"); });
  return set_attribute("aclopSetAttrString", attr, attrName, std::string(attrValue));
}

aclError aclopSetAttrDataType(aclopAttr* attr, const char* attrName, aclDataType attrValue) {
  return set_attribute("aclopSetAttrDataType", attr, attrName, int64_t{attrValue});
}

aclError aclopSetAttrListBool(aclopAttr* attr, const char* attrName, int numValues, const uint8_t* values) {
  return set_list<int64_t>("aclopSetAttrListBool", attr, attrName, numValues, values);
}

aclError aclopSetAttrListInt(aclopAttr* attr, const char* attrName, int numValues, const int64_t* values) {
  return set_list<int64_t>("aclopSetAttrListInt", attr, attrName, numValues, values);
}

aclError aclopSetAttrListFloat(aclopAttr* attr, const char* attrName, int numValues, const float* values) {
  return set_list<float>("aclopSetAttrListFloat", attr, attrName, numValues, values);
}

aclError aclopSetAttrListString(aclopAttr* attr, const char* attrName, int numValues, const char** values) {
  return set_list<std::string>("aclopSetAttrListString", attr, attrName, numValues, values);
}

aclError aclopSetAttrListDataType(aclopAttr* attr, const char* attrName, int numValues,
                                  const aclDataType* values) {
  return set_list<int64_t>("aclopSetAttrListDataType", attr, attrName, numValues, values);
}

/// The lists one after the other: the table of operators knows such attributes (paddings, ranges) as flat
/// lists.
aclError aclopSetAttrListListInt(aclopAttr* attr, const char* attrName, int numLists, const int* numValues,
                                 const int64_t* const* values) {
  return api("aclopSetAttrListListInt", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<OpAttributes> attributes, find<OpAttributes>(attr, "attr", "OP-035"));
    if (numLists < 0 || (numLists > 0 && (numValues == nullptr || values == nullptr)))
      return error(ACL_ERROR_INVALID_PARAM, "OP-044", "{} lists at {} with lengths at {}; pass both arrays",
                   numLists, static_cast<const void*>(values), static_cast<const void*>(numValues));
    std::vector<int64_t> all;
    for (int i = 0; i < numLists; ++i) {
      if (numValues[i] < 0 || (numValues[i] > 0 && values[i] == nullptr))
        return error(ACL_ERROR_INVALID_PARAM, "OP-044", "list {} has {} values at {}; pass list and length",
                     i, numValues[i], static_cast<const void*>(values[i]));
      all.insert(all.end(), values[i], values[i] + numValues[i]);
    }
    return attributes->set(attrName, std::move(all));
  });
}

// --- loading, execution ---

aclError aclopSetModelDir(const char* modelDir) {
  return api("aclopSetModelDir", [&] { return cairn::load_operators_of(modelDir); });
}

aclError aclopLoad(const void* model, size_t modelSize) {
  return api("aclopLoad", [&] { return cairn::load_operator(model, modelSize); });
}

aclError aclopExecute(const char* opType, int numInputs, const aclTensorDesc* const* inputDesc,
                      const aclDataBuffer* const* inputs, int numOutputs,
                      const aclTensorDesc* const* outputDesc, aclDataBuffer* const* outputs,
                      const aclopAttr* attr, aclrtStream stream) {
  return with_stream("aclopExecute", stream, [&](const Ref<Stream>& found) -> Status {
    CAIRN_ASSIGN(
        const OperatorArguments arguments,
        read_arguments({opType, numInputs, inputDesc, inputs, numOutputs, outputDesc, outputs, attr}, true));
    return cairn::execute_operator("aclopExecute", arguments, found, false);
  });
}

aclError aclopExecuteV2(const char* opType, int numInputs, aclTensorDesc** inputDesc, aclDataBuffer** inputs,
                        int numOutputs, aclTensorDesc** outputDesc, aclDataBuffer** outputs, aclopAttr* attr,
                        aclrtStream stream) {
  return with_stream("aclopExecuteV2", stream, [&](const Ref<Stream>& found) -> Status {
    CAIRN_ASSIGN(
        const OperatorArguments arguments,
        read_arguments({opType, numInputs, inputDesc, inputs, numOutputs, outputDesc, outputs, attr}, true));
    return cairn::execute_operator("aclopExecuteV2", arguments, found, true);
  });
}

aclError aclopInferShape(const char* opType, int numInputs, aclTensorDesc** inputDesc, aclDataBuffer** inputs,
                         int numOutputs, aclTensorDesc** outputDesc, aclopAttr* attr) {
  return api("aclopInferShape", [&]() -> Status {
    CAIRN_ASSIGN(OperatorArguments arguments,
                 read_arguments(
                     {opType, numInputs, inputDesc, nullptr, numOutputs, outputDesc, nullptr, attr}, false));
    CAIRN_ASSIGN(arguments.inputs, operator_list<aclDataBuffer>(numInputs, inputs, "inputs"));
    return cairn::infer_operator_shapes(arguments);
  });
}

aclError aclopCast(const aclTensorDesc* srcDesc, const aclDataBuffer* srcBuffer, const aclTensorDesc* dstDesc,
                   aclDataBuffer* dstBuffer, uint8_t truncate, aclrtStream stream) {
  return with_stream("aclopCast", stream, [&](const Ref<Stream>& found) {
    const aclDataBuffer* const target = dstBuffer;
    return cairn::cast_tensor({.input_descs = {&srcDesc, 1},
                               .inputs = {&srcBuffer, 1},
                               .output_descs = {&dstDesc, 1},
                               .outputs = {&target, 1}},
                              truncate != 0, found);
  });
}

// --- handles ---

aclError aclopCreateHandle(const char* opType, int numInputs, const aclTensorDesc* const* inputDesc,
                           int numOutputs, const aclTensorDesc* const* outputDesc, const aclopAttr* opAttr,
                           aclopHandle** handle) {
  return api("aclopCreateHandle", [&]() -> Status {
    CAIRN_ASSIGN(const OperatorArguments arguments, read_arguments({opType, numInputs, inputDesc, nullptr,
                                                                    numOutputs, outputDesc, nullptr, opAttr},
                                                                   false));
    return give_handle(cairn::make_operator_handle(arguments), handle);
  });
}

aclError aclopCreateHandleForCast(aclTensorDesc* srcDesc, aclTensorDesc* dstDesc, uint8_t truncate,
                                  aclopHandle** handle) {
  return api("aclopCreateHandleForCast", [&] {
    const aclTensorDesc* const source = srcDesc;
    const aclTensorDesc* const target = dstDesc;
    return give_handle(
        cairn::make_cast_handle({.input_descs = {&source, 1}, .output_descs = {&target, 1}}, truncate != 0),
        handle);
  });
}

void aclopDestroyHandle(aclopHandle* handle) {
  api("aclopDestroyHandle", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<OpHandle> found, find<OpHandle>(handle, "handle", "OP-051"));
    handle_table<OpHandle>().remove(handle);
    return {};
  });
}

aclError aclopExecWithHandle(aclopHandle* handle, int numInputs, const aclDataBuffer* const* inputs,
                             int numOutputs, aclDataBuffer* const* outputs, aclrtStream stream) {
  return with_stream("aclopExecWithHandle", stream, [&](const Ref<Stream>& found) -> Status {
    CAIRN_ASSIGN(const Ref<OpHandle> operation, find<OpHandle>(handle, "handle", "OP-028"));
    CAIRN_ASSIGN(const auto in, buffers_of(numInputs, inputs, "inputs"));
    CAIRN_ASSIGN(const auto out, buffers_of(numOutputs, outputs, "outputs"));
    return operation->launch(in, out, found);
  });
}
