// acl/acl_op.h: single operators.
#include "acl/acl_op.h"

#include <vector>

#include "capi/entry.h"
#include "capi/stream_entry.h"
#include "op/op_handle.h"
#include "tensor/data_buffer.h"

using cairn::api;
using cairn::DataBuffer;
using cairn::error;
using cairn::find;
using cairn::handle_table;
using cairn::OperatorBuffer;
using cairn::OpHandle;
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
    CAIRN_ASSIGN(const Ref<DataBuffer> buffer, find<DataBuffer>(list[i], name, "OP-028"));
    found.push_back({buffer->data.load(), buffer->size.load()});
  }
  return found;
}

}  // namespace

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
