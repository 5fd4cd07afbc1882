// acl/acl_rt.h: what the manual does not describe of streams, their configurations, overflow, host functions.
#include "acl/acl_rt.h"
#include "capi/entry.h"
#include "capi/stream_entry.h"
#include "device/missing_functions.h"
#include "device/overflow_status.h"
#include "device/runtime.h"
#include "device/stream_config.h"

using cairn::api;
using cairn::api_value;
using cairn::check_soc_has;
using cairn::null_argument;
using cairn::Ref;
using cairn::Result;
using cairn::Runtime;
using cairn::Status;
using cairn::Stream;
using cairn::with_stream;

// --- configurations ---

aclrtStreamConfigHandle* aclrtCreateStreamConfigHandle() {
  return api_value<aclrtStreamConfigHandle*>(
      "aclrtCreateStreamConfigHandle", nullptr,
      []() -> Result<aclrtStreamConfigHandle*> { return cairn::create_stream_config(); });
}

aclError aclrtDestroyStreamConfigHandle(aclrtStreamConfigHandle* handle) {
  return api("aclrtDestroyStreamConfigHandle", [&] { return cairn::destroy_stream_config(handle); });
}

aclError aclrtSetStreamConfigOpt(aclrtStreamConfigHandle* handle, aclrtStreamConfigAttr attr,
                                 const void* attrValue, size_t valueSize) {
  return api("aclrtSetStreamConfigOpt",
             [&] { return cairn::set_stream_config(handle, attr, attrValue, valueSize); });
}

aclError aclrtCreateStreamV2(aclrtStream* stream, const aclrtStreamConfigHandle* handle) {
  return api("aclrtCreateStreamV2", [&]() -> Status {
    if (stream == nullptr) return null_argument("RT-040", "stream");
    aclrtStreamConfigHandle config{};
    if (handle != nullptr) {
      CAIRN_ASSIGN(config, cairn::read_stream_config(handle));
    }
    if (config.workptr != nullptr)  // Ours need no memory; but what is given must be there.
      CAIRN_RETURN_IF_ERROR(
          Runtime::get().resolve(config.workptr, config.workSize, "workptr", "RT-044").status());
    CAIRN_ASSIGN(const Ref<Stream> created, Runtime::get().create_stream(static_cast<uint32_t>(config.flag)));
    *stream = created.handle();
    return {};
  });
}

// --- state and abort ---

aclError aclrtStreamGetId(aclrtStream stream, int32_t* streamId) {
  return with_stream("aclrtStreamGetId", stream, [&](const Ref<Stream>& s) -> Status {
    if (streamId == nullptr) return null_argument("RT-189", "streamId");
    *streamId = static_cast<int32_t>(s->id());
    return {};
  });
}

aclError aclrtGetThreadLastTaskId(uint32_t* taskId) {
  return api("aclrtGetThreadLastTaskId", [&]() -> Status {
    if (taskId == nullptr) return null_argument("RT-189", "taskId");
    const std::optional<uint32_t> task = Stream::last_task_of_thread();
    if (!task)
      return cairn::error(ACL_ERROR_RT_PARAM_INVALID, "RT-189", "this thread has launched no task yet");
    *taskId = *task;
    return {};
  });
}

aclError aclrtStreamAbort(aclrtStream stream) {
  return with_stream("aclrtStreamAbort", stream, [](const Ref<Stream>& s) -> Status {
    // A task that runs may still park the stream; so again until nothing is left.
    do {
      s->abort(cairn::error(ACL_ERROR_RT_STREAM_ABORT, "RT-189", "the task was dropped by aclrtStreamAbort"));
    } while (!s->wait_idle(std::chrono::milliseconds(1)));
    return {};
  });
}

// --- overflow ---

aclError aclrtSetStreamOverflowSwitch(aclrtStream stream, uint32_t flag) {
  return with_stream("aclrtSetStreamOverflowSwitch", stream, [&](const Ref<Stream>& s) -> Status {
    CAIRN_RETURN_IF_ERROR(check_soc_has("aclrtSetStreamOverflowSwitch"));
    if (flag > 1)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-056", "flag = {} is not 0 (off) or 1 (on)", flag);
    s->set_overflow_switch(flag == 1);
    return {};
  });
}

aclError aclrtGetStreamOverflowSwitch(aclrtStream stream, uint32_t* flag) {
  return with_stream("aclrtGetStreamOverflowSwitch", stream, [&](const Ref<Stream>& s) -> Status {
    if (flag == nullptr) return null_argument("RT-059", "flag");
    CAIRN_RETURN_IF_ERROR(check_soc_has("aclrtGetStreamOverflowSwitch"));
    *flag = s->overflow_switch() ? 1 : 0;
    return {};
  });
}

aclError aclrtGetOverflowStatus(void* outputAddr, size_t outputSize, aclrtStream stream) {
  return with_stream("aclrtGetOverflowStatus", stream, [&](const Ref<Stream>& s) {
    return cairn::launch_get_overflow_status(outputAddr, outputSize, s);
  });
}

aclError aclrtResetOverflowStatus(aclrtStream stream) {
  return with_stream("aclrtResetOverflowStatus", stream, cairn::launch_reset_overflow_status);
}

// --- host functions ---

aclError aclrtSubscribeHostFunc(uint64_t hostFuncThreadId, aclrtStream exeStream) {
  return with_stream("aclrtSubscribeHostFunc", exeStream, [&](const Ref<Stream>& s) {
    return Runtime::get().host_functions().subscribe(hostFuncThreadId, s);
  });
}

aclError aclrtProcessHostFunc(int32_t timeout) {
  return api("aclrtProcessHostFunc", [&] { return Runtime::get().host_functions().process(timeout); });
}

aclError aclrtUnSubscribeHostFunc(uint64_t hostFuncThreadId, aclrtStream exeStream) {
  return with_stream("aclrtUnSubscribeHostFunc", exeStream, [&](const Ref<Stream>& s) {
    return Runtime::get().host_functions().unsubscribe(hostFuncThreadId, s);
  });
}
