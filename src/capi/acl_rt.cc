// acl/acl_rt.h: devices, contexts, streams, events, callbacks. Memory is in acl_rt_memory.cc, what the manual
// does not describe of devices and streams in acl_rt_device.cc and acl_rt_stream.cc.
#include "acl/acl_rt.h"

#include "capi/entry.h"
#include "capi/stream_entry.h"
#include "device/exception_info.h"
#include "device/runtime.h"

using cairn::api;
using cairn::as_timeout;
using cairn::check_timeout;
using cairn::Context;
using cairn::Device;
using cairn::Event;
using cairn::null_argument;
using cairn::Ref;
using cairn::Runtime;
using cairn::Status;
using cairn::Stream;
using cairn::with_event;
using cairn::with_event_and_stream;
using cairn::with_stream;

namespace {

uint32_t exception_field(const char* function, const aclrtExceptionInfo* info,
                         uint32_t rtExceptionInfo::*field) {
  constexpr uint32_t kNoInfo = 0xFFFFFFFF;  // [RT-117]
  return cairn::api_value<uint32_t>(function, kNoInfo, [&]() -> cairn::Result<uint32_t> {
    const auto found = cairn::read_exception_info(info);
    if (found) return (*found).*field;
    return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-117",
                        "info = {} is not the information of an exception callback that is running",
                        static_cast<const void*>(info));
  });
}

Status create_event(uint32_t flag, aclrtEvent* event) {
  constexpr uint32_t kKnown = ACL_EVENT_SYNC | ACL_EVENT_CAPTURE_STREAM_PROGRESS | ACL_EVENT_TIME_LINE;
  if (flag == 0 || (flag & ~kKnown) != 0)
    return cairn::error(
        ACL_ERROR_INVALID_PARAM, "RT-068",
        "flag = {:#x}; allowed are 1 (ACL_EVENT_SYNC), 2 (ACL_EVENT_CAPTURE_STREAM_PROGRESS) and 8 "
        "(ACL_EVENT_TIME_LINE), alone or combined with |",
        flag);
  CAIRN_ASSIGN(const Ref<Event> created, Runtime::get().create_event(flag));
  *event = created.handle();
  return {};
}

}  // namespace

// --- 10.5.1 devices ---

aclError aclrtSetDevice(int32_t deviceId) {
  return api("aclrtSetDevice", [&] { return Runtime::get().set_device(deviceId); });
}

aclError aclrtResetDevice(int32_t deviceId) {
  return api("aclrtResetDevice", [&] { return Runtime::get().reset_device(deviceId); });
}

aclError aclrtGetDevice(int32_t* deviceId) {
  return api("aclrtGetDevice", [&]() -> Status {
    if (deviceId == nullptr) return null_argument("RT-020", "deviceId");
    CAIRN_ASSIGN(const Device* const device, Runtime::get().current_device());
    *deviceId = device->id();
    return {};
  });
}

aclError aclrtGetRunMode(aclrtRunMode* runMode) {
  return api("aclrtGetRunMode", [&]() -> Status {
    if (runMode == nullptr) return null_argument("RT-022", "runMode");
    *runMode = Runtime::get().soc().run_mode;
    return {};
  });
}

aclError aclrtSetTsDevice(aclrtTsId tsId) {
  return api("aclrtSetTsDevice", [&]() -> Status {
    if (tsId < ACL_TS_ID_AICORE || tsId > ACL_TS_ID_RESERVED)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-023",
                          "tsId = {} is not one of 0 (AICORE), 1 (AIVECTOR), 2 (reserved)",
                          static_cast<int>(tsId));
    return Runtime::get().current_context().status();  // One scheduler serves all cores: no effect [RT-024].
  });
}

aclError aclrtGetDeviceCount(uint32_t* count) {
  return api("aclrtGetDeviceCount", [&]() -> Status {
    if (count == nullptr) return null_argument("RT-025", "count");
    *count = Runtime::get().device_count();
    return {};
  });
}

// --- 10.5.2 contexts ---

aclError aclrtCreateContext(aclrtContext* context, int32_t deviceId) {
  return api("aclrtCreateContext", [&]() -> Status {
    if (context == nullptr) return null_argument("RT-026", "context");
    CAIRN_ASSIGN(const Ref<Context> created, Runtime::get().create_context(deviceId));
    *context = created.handle();
    return {};
  });
}

aclError aclrtDestroyContext(aclrtContext context) {
  return api("aclrtDestroyContext", [&] { return Runtime::get().destroy_context(context); });
}

aclError aclrtSetCurrentContext(aclrtContext context) {
  return api("aclrtSetCurrentContext", [&] { return Runtime::get().set_current_context(context); });
}

aclError aclrtGetCurrentContext(aclrtContext* context) {
  return api("aclrtGetCurrentContext", [&]() -> Status {
    if (context == nullptr) return null_argument("RT-039", "context");
    CAIRN_ASSIGN(const Ref<Context> current, Runtime::get().current_context());
    *context = current.handle();
    return {};
  });
}

// --- 10.5.3 streams ---

aclError aclrtCreateStreamWithConfig(aclrtStream* stream, uint32_t /*priority: reserved*/, uint32_t flag) {
  return api("aclrtCreateStreamWithConfig", [&]() -> Status {
    if (stream == nullptr) return null_argument("RT-044", "stream");
    CAIRN_ASSIGN(const Ref<Stream> created, Runtime::get().create_stream(flag));
    *stream = created.handle();
    return {};
  });
}

aclError aclrtCreateStream(aclrtStream* stream) {
  return api("aclrtCreateStream", [&]() -> Status {
    if (stream == nullptr) return null_argument("RT-040", "stream");
    CAIRN_ASSIGN(const Ref<Stream> created, Runtime::get().create_stream(0));
    *stream = created.handle();
    return {};
  });
}

aclError aclrtDestroyStream(aclrtStream stream) {
  return api("aclrtDestroyStream", [&] { return Runtime::get().destroy_stream(stream, true); });
}

aclError aclrtDestroyStreamForce(aclrtStream stream) {
  return api("aclrtDestroyStreamForce", [&] { return Runtime::get().destroy_stream(stream, false); });
}

aclError aclrtSynchronizeStream(aclrtStream stream) {
  return with_stream("aclrtSynchronizeStream", stream,
                     [](const Ref<Stream>& s) { return s->synchronize(std::nullopt); });
}

aclError aclrtSynchronizeStreamWithTimeout(aclrtStream stream, int32_t timeout) {
  return with_stream("aclrtSynchronizeStreamWithTimeout", stream, [&](const Ref<Stream>& s) -> Status {
    CAIRN_RETURN_IF_ERROR(check_timeout(timeout, "RT-097"));
    return s->synchronize(as_timeout(timeout));
  });
}

aclError aclrtStreamQuery(aclrtStream stream, aclrtStreamStatus* status) {
  return with_stream("aclrtStreamQuery", stream, [&](const Ref<Stream>& s) -> Status {
    if (status == nullptr) return null_argument("RT-096", "status");
    *status = s->is_idle() ? ACL_STREAM_STATUS_COMPLETE : ACL_STREAM_STATUS_NOT_READY;
    return {};
  });
}

aclError aclrtSetStreamFailureMode(aclrtStream stream, uint64_t mode) {
  return with_stream("aclrtSetStreamFailureMode", stream, [&](const Ref<Stream>& s) -> Status {
    if (mode > ACL_STOP_ON_FAILURE)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-062",
                          "mode = {} is not 0 (continue on failure) or 1 (stop on failure)", mode);
    if (s->kind() == Stream::Kind::kDefault)
      return cairn::error(ACL_ERROR_RT_PARAM_INVALID, "RT-065",
                          "the default stream has no failure mode; create a stream");
    s->set_stop_on_failure(mode == ACL_STOP_ON_FAILURE);
    return {};
  });
}

aclError aclrtSynchronizeDevice() {
  return api("aclrtSynchronizeDevice", [] { return Runtime::get().synchronize_device(); });
}

// --- 10.5.4 events, callbacks ---

aclError aclrtCreateEvent(aclrtEvent* event) {
  return api("aclrtCreateEvent", [&]() -> Status {
    if (event == nullptr) return null_argument("RT-066", "event");
    CAIRN_ASSIGN(const Ref<Event> created, Runtime::get().create_event(0));
    *event = created.handle();
    return {};
  });
}

aclError aclrtCreateEventWithFlag(aclrtEvent* event, uint32_t flag) {
  return api("aclrtCreateEventWithFlag", [&]() -> Status {
    if (event == nullptr) return null_argument("RT-071", "event");
    return create_event(flag, event);
  });
}

// Its events need no aclrtResetEvent between two records; ours never do.
aclError aclrtCreateEventExWithFlag(aclrtEvent* event, uint32_t flag) {
  return api("aclrtCreateEventExWithFlag", [&]() -> Status {
    if (event == nullptr) return null_argument("RT-071", "event");
    return create_event(flag, event);
  });
}

aclError aclrtDestroyEvent(aclrtEvent event) {
  return api("aclrtDestroyEvent", [&] { return Runtime::get().destroy_event(event); });
}

aclError aclrtRecordEvent(aclrtEvent event, aclrtStream stream) {
  return with_event_and_stream("aclrtRecordEvent", event, stream, Event::record);
}

aclError aclrtResetEvent(aclrtEvent event, aclrtStream stream) {
  return with_event_and_stream("aclrtResetEvent", event, stream, Event::reset);
}

aclError aclrtStreamWaitEvent(aclrtStream stream, aclrtEvent event) {
  return with_event_and_stream(
      "aclrtStreamWaitEvent", event, stream, [](const Ref<Event>& e, const Ref<Stream>& s) {
        return Event::wait_in_stream(e, s, std::chrono::seconds(Runtime::get().op_wait_timeout().load()));
      });
}

aclError aclrtQueryEvent(aclrtEvent event, aclrtEventStatus* status) {
  return with_event("aclrtQueryEvent", event, [&](Event& e) -> Status {
    if (status == nullptr) return null_argument("RT-081", "status");
    *status = e.is_complete() ? ACL_EVENT_STATUS_COMPLETE : ACL_EVENT_STATUS_NOT_READY;
    return {};
  });
}

aclError aclrtQueryEventStatus(aclrtEvent event, aclrtEventRecordedStatus* status) {
  return with_event("aclrtQueryEventStatus", event, [&](Event& e) -> Status {
    if (status == nullptr) return null_argument("RT-084", "status");
    *status = e.is_complete() ? ACL_EVENT_RECORDED_STATUS_COMPLETE : ACL_EVENT_RECORDED_STATUS_NOT_READY;
    return {};
  });
}

aclError aclrtQueryEventWaitStatus(aclrtEvent event, aclrtEventWaitStatus* status) {
  return with_event("aclrtQueryEventWaitStatus", event, [&](Event& e) -> Status {
    if (status == nullptr) return null_argument("RT-086", "status");
    *status = e.waits_are_done() ? ACL_EVENT_WAIT_STATUS_COMPLETE : ACL_EVENT_WAIT_STATUS_NOT_READY;
    return {};
  });
}

aclError aclrtSynchronizeEvent(aclrtEvent event) {
  return with_event("aclrtSynchronizeEvent", event, [](Event& e) { return e.synchronize(std::nullopt); });
}

aclError aclrtSynchronizeEventWithTimeout(aclrtEvent event, int32_t timeout) {
  return with_event("aclrtSynchronizeEventWithTimeout", event, [&](Event& e) -> Status {
    CAIRN_RETURN_IF_ERROR(check_timeout(timeout, "RT-089"));
    return e.synchronize(as_timeout(timeout));
  });
}

aclError aclrtEventElapsedTime(float* ms, aclrtEvent startEvent, aclrtEvent endEvent) {
  return api("aclrtEventElapsedTime", [&]() -> Status {
    if (ms == nullptr) return null_argument("RT-090", "ms");
    CAIRN_ASSIGN(const Ref<Event> start, Runtime::get().event(startEvent, "startEvent"));
    CAIRN_ASSIGN(const Ref<Event> end, Runtime::get().event(endEvent, "endEvent"));
    CAIRN_ASSIGN(*ms, Event::elapsed_ms(*start, *end));
    return {};
  });
}

aclError aclrtEventGetTimestamp(aclrtEvent event, uint64_t* timestamp) {
  return with_event("aclrtEventGetTimestamp", event, [&](Event& e) -> Status {
    if (timestamp == nullptr) return null_argument("RT-091", "timestamp");
    CAIRN_ASSIGN(*timestamp, e.timestamp_us());
    return {};
  });
}

aclError aclrtSetOpWaitTimeout(uint32_t timeout) {
  return api("aclrtSetOpWaitTimeout", [&]() -> Status {
    if (!Runtime::get().is_initialized())
      return cairn::error(ACL_ERROR_UNINITIALIZE, "RT-126", "call aclInit (acl.init) first");
    Runtime::get().op_wait_timeout() = timeout;
    return {};
  });
}

aclError aclrtSubscribeReport(uint64_t threadId, aclrtStream stream) {
  return with_stream("aclrtSubscribeReport", stream,
                     [&](const Ref<Stream>& s) { return Runtime::get().reports().subscribe(threadId, s); });
}

aclError aclrtUnSubscribeReport(uint64_t threadId, aclrtStream stream) {
  return with_stream("aclrtUnSubscribeReport", stream,
                     [&](const Ref<Stream>& s) { return Runtime::get().reports().unsubscribe(threadId, s); });
}

aclError aclrtLaunchCallback(aclrtCallback fn, void* userData, aclrtCallbackBlockType blockType,
                             aclrtStream stream) {
  return with_stream("aclrtLaunchCallback", stream, [&](const Ref<Stream>& s) -> Status {
    if (fn == nullptr) return null_argument("RT-105", "fn");
    if (blockType != ACL_CALLBACK_NO_BLOCK && blockType != ACL_CALLBACK_BLOCK)
      return cairn::error(ACL_ERROR_INVALID_PARAM, "RT-107",
                          "blockType = {} is not 0 (non-blocking) or 1 (blocking)",
                          static_cast<int>(blockType));
    return Runtime::get().reports().launch(s, fn, userData, blockType == ACL_CALLBACK_BLOCK);
  });
}

aclError aclrtProcessReport(int32_t timeout) {
  return api("aclrtProcessReport", [&] { return Runtime::get().reports().process(timeout); });
}

aclError aclrtSetExceptionInfoCallback(aclrtExceptionInfoCallback callback) {
  return api("aclrtSetExceptionInfoCallback", [&]() -> Status {
    Runtime::get().exception_callback() = callback;
    return {};
  });
}

uint32_t aclrtGetTaskIdFromExceptionInfo(const aclrtExceptionInfo* info) {
  return exception_field("aclrtGetTaskIdFromExceptionInfo", info, &rtExceptionInfo::task_id);
}

uint32_t aclrtGetStreamIdFromExceptionInfo(const aclrtExceptionInfo* info) {
  return exception_field("aclrtGetStreamIdFromExceptionInfo", info, &rtExceptionInfo::stream_id);
}

uint32_t aclrtGetThreadIdFromExceptionInfo(const aclrtExceptionInfo* info) {
  return exception_field("aclrtGetThreadIdFromExceptionInfo", info, &rtExceptionInfo::thread_id);
}

uint32_t aclrtGetDeviceIdFromExceptionInfo(const aclrtExceptionInfo* info) {
  return exception_field("aclrtGetDeviceIdFromExceptionInfo", info, &rtExceptionInfo::device_id);
}

uint32_t aclrtGetErrorCodeFromExceptionInfo(const aclrtExceptionInfo* info) {
  return exception_field("aclrtGetErrorCodeFromExceptionInfo", info, &rtExceptionInfo::error_code);
}
