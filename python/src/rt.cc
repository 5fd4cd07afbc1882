// acl.rt.*: chapter 10.5.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>

#include <memory>
#include <unordered_map>

#include "acl/acl.h"
#include "arguments.h"
#include "callbacks.h"
#include "gil.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::Int;
using cairn::python::to_python;
using cairn::python::with_gil;
using cairn::python::without_gil;

namespace cairn::python {
namespace {

struct Callback {
  Callback(nb::object called, nb::object passed) : function(std::move(called)), argument(std::move(passed)) {}
  nb::object function;
  nb::object argument;
};

// Guarded by the GIL.
std::unordered_map<void*, std::unique_ptr<Callback>>& callbacks() {
  static auto* map = new std::unordered_map<void*, std::unique_ptr<Callback>>;
  return *map;
}

nb::object& exception_callback() {
  static auto* function = new nb::object;
  return *function;
}

void call(const nb::object& function, const nb::object& argument) {
  PyObject* result = nullptr;
  until_interpreter_ends([&] { result = PyObject_CallOneArg(function.ptr(), argument.ptr()); });
  if (result == nullptr) PyErr_WriteUnraisable(function.ptr());
  Py_XDECREF(result);
}

void on_exception(aclrtExceptionInfo* info) {
  const HeldGil gil;
  if (exception_callback().is_valid()) call(exception_callback(), nb::cast(to_python(info)));
}

}  // namespace

void* keep_callback(nb::object function, nb::object argument) {
  auto kept = std::make_unique<Callback>(std::move(function), std::move(argument));
  void* key = kept.get();
  callbacks()[key] = std::move(kept);
  return key;
}

void drop_callback(void* kept) {
  callbacks().erase(kept);
}

void run_callback(void* kept) {
  const HeldGil gil;
  const auto found = callbacks().find(kept);
  if (found == callbacks().end()) return;
  const std::unique_ptr<Callback> callback = std::move(found->second);
  callbacks().erase(found);
  call(callback->function, callback->argument);
}

void forget_callbacks() {
  callbacks().clear();
}

}  // namespace cairn::python

namespace {

/// For C functions that take one output pointer: returns (value, ret).
template <class T, class Call>
std::pair<T, aclError> output(Call call) {
  T value{};
  const aclError ret = without_gil([&] { return call(&value); });
  return {value, ret};
}

/// The same for C functions that only ask.
template <class T, class Call>
std::pair<T, aclError> answer(Call call) {
  T value{};
  const aclError ret = with_gil([&] { return call(&value); });
  return {value, ret};
}

template <class Call>
std::pair<uintptr_t, aclError> output_address(Call call) {
  const auto [value, ret] = output<void*>(call);
  return {to_python(value), ret};
}

void bind_devices(nb::module_& m) {
  m.def(
      "set_device", [](Int<int32_t> id) { return without_gil([&] { return aclrtSetDevice(id); }); },
      nb::arg("device_id"));
  m.def(
      "reset_device", [](Int<int32_t> id) { return without_gil([&] { return aclrtResetDevice(id); }); },
      nb::arg("device_id"));
  m.def("get_device", [] { return answer<int32_t>(aclrtGetDevice); });
  m.def("get_run_mode", [] {
    const auto [mode, ret] = answer<aclrtRunMode>(aclrtGetRunMode);
    return std::pair(static_cast<int>(mode), ret);
  });
  m.def(
      "set_ts_device", [](Int<int> id) { return aclrtSetTsDevice(static_cast<aclrtTsId>(id.value)); },
      nb::arg("ts_id"));
  m.def("get_device_count", [] { return answer<uint32_t>(aclrtGetDeviceCount); });
  m.def(
      "set_device_sat_mode",
      [](Int<int> mode) { return aclrtSetDeviceSatMode(static_cast<aclrtFloatOverflowMode>(mode.value)); },
      nb::arg("mode"));
  m.def("get_device_sat_mode", [] {
    const auto [mode, ret] = output<aclrtFloatOverflowMode>(aclrtGetDeviceSatMode);
    return std::pair(static_cast<int>(mode), ret);
  });
  m.def(
      "set_op_execute_time_out", [](Int<uint32_t> timeout) { return aclrtSetOpExecuteTimeOut(timeout); },
      nb::arg("timeout"));
  m.def("synchronize_device", [] { return without_gil(aclrtSynchronizeDevice); });
  m.def(
      "set_op_wait_timeout", [](Int<uint32_t> timeout) { return aclrtSetOpWaitTimeout(timeout); },
      nb::arg("timeout"));
}

void bind_contexts(nb::module_& m) {
  m.def(
      "create_context",
      [](Int<int32_t> id) {
        return output_address([&](void** context) { return aclrtCreateContext(context, id); });
      },
      nb::arg("device_id"));
  m.def(
      "destroy_context",
      [](Address context) { return without_gil([&] { return aclrtDestroyContext(context.value); }); },
      nb::arg("context").none());
  m.def(
      "set_context", [](Address context) { return aclrtSetCurrentContext(context.value); },
      nb::arg("context").none());
  m.def("get_context", [] {
    const auto [context, ret] = answer<void*>(aclrtGetCurrentContext);
    return std::pair(to_python(context), ret);
  });
}

void bind_streams(nb::module_& m) {
  const auto stream = nb::arg("stream").none();
  m.def("create_stream", [] { return output_address(aclrtCreateStream); });
  m.def(
      "create_stream_with_config",
      [](Int<uint32_t> priority, Int<uint32_t> flag) {
        return output_address([&](void** s) { return aclrtCreateStreamWithConfig(s, priority, flag); });
      },
      nb::arg("priority"), nb::arg("flag"));
  m.def(
      "destroy_stream", [](Address s) { return without_gil([&] { return aclrtDestroyStream(s.value); }); },
      stream);
  m.def(
      "destroy_stream_force",
      [](Address s) { return without_gil([&] { return aclrtDestroyStreamForce(s.value); }); }, stream);
  m.def(
      "set_stream_failure_mode",
      [](Address s, Int<uint64_t> mode) { return aclrtSetStreamFailureMode(s.value, mode); }, stream,
      nb::arg("mode"));
  m.def(
      "set_stream_overflow_switch",
      [](Address s, Int<uint32_t> flag) { return aclrtSetStreamOverflowSwitch(s.value, flag); }, stream,
      nb::arg("flag"));
  m.def(
      "get_stream_overflow_switch",
      [](Address s) {
        return output<uint32_t>([&](uint32_t* flag) { return aclrtGetStreamOverflowSwitch(s.value, flag); });
      },
      stream);
  m.def(
      "synchronize_stream",
      [](Address s) { return without_gil([&] { return aclrtSynchronizeStream(s.value); }); }, stream);
  m.def(
      "synchronize_stream_with_timeout",
      [](Address s, Int<int32_t> timeout) {
        return without_gil([&] { return aclrtSynchronizeStreamWithTimeout(s.value, timeout); });
      },
      stream, nb::arg("timeout"));
}

void bind_events(nb::module_& m) {
  const auto event = nb::arg("event").none();
  const auto stream = nb::arg("stream").none();
  m.def("create_event", [] { return output_address(aclrtCreateEvent); });
  m.def(
      "create_event_with_flag",
      [](Int<uint32_t> flag) {
        return output_address([&](void** e) { return aclrtCreateEventWithFlag(e, flag); });
      },
      nb::arg("flag"));
  m.def(
      "destroy_event", [](Address e) { return without_gil([&] { return aclrtDestroyEvent(e.value); }); },
      event);
  m.def(
      "record_event",
      [](Address e, Address s) { return without_gil([&] { return aclrtRecordEvent(e.value, s.value); }); },
      event, stream);
  m.def(
      "reset_event",
      [](Address e, Address s) { return without_gil([&] { return aclrtResetEvent(e.value, s.value); }); },
      event, stream);
  m.def(
      "stream_wait_event",
      [](Address s, Address e) {
        return without_gil([&] { return aclrtStreamWaitEvent(s.value, e.value); });
      },
      stream, event);
  m.def(
      "query_event",
      [](Address e) {
        aclrtEventStatus status = ACL_EVENT_STATUS_RESERVED;
        const aclError ret = aclrtQueryEvent(e.value, &status);
        return std::pair(static_cast<int>(status), ret);
      },
      event);
  m.def(
      "query_event_status",
      [](Address e) {
        aclrtEventRecordedStatus status = ACL_EVENT_RECORDED_STATUS_NOT_READY;
        const aclError ret = aclrtQueryEventStatus(e.value, &status);
        return std::pair(static_cast<int>(status), ret);
      },
      event);
  m.def(
      "query_event_wait_status",
      [](Address e) {
        aclrtEventWaitStatus status = ACL_EVENT_WAIT_STATUS_NOT_READY;
        const aclError ret = aclrtQueryEventWaitStatus(e.value, &status);
        return std::pair(static_cast<int>(status), ret);
      },
      event);
  m.def(
      "synchronize_event",
      [](Address e) { return without_gil([&] { return aclrtSynchronizeEvent(e.value); }); }, event);
  m.def(
      "event_elapsed_time",
      [](Address start, Address end) {
        return output<float>([&](float* ms) { return aclrtEventElapsedTime(ms, start.value, end.value); });
      },
      nb::arg("start").none(), nb::arg("end").none());
}

void bind_callbacks(nb::module_& m) {
  using cairn::python::drop_callback;
  using cairn::python::exception_callback;
  using cairn::python::keep_callback;
  using cairn::python::on_exception;
  using cairn::python::run_callback;
  const auto stream = nb::arg("stream").none();
  m.def(
      "subscribe_report", [](Int<uint64_t> id, Address s) { return aclrtSubscribeReport(id, s.value); },
      nb::arg("thread_id"), stream);
  m.def(
      "unsubscribe_report",
      [](Int<uint64_t> id, Address s) {
        return without_gil([&] { return aclrtUnSubscribeReport(id, s.value); });
      },
      nb::arg("thread_id"), stream);
  m.def(
      "launch_callback",
      [](nb::object fn, nb::object user_data, Int<int> block_type, Address s) {
        if (PyCallable_Check(fn.ptr()) == 0)
          return aclrtLaunchCallback(nullptr, nullptr, static_cast<aclrtCallbackBlockType>(block_type.value),
                                     s.value);
        void* kept = keep_callback(std::move(fn), std::move(user_data));
        const aclError ret = without_gil([&] {
          return aclrtLaunchCallback(run_callback, kept,
                                     static_cast<aclrtCallbackBlockType>(block_type.value), s.value);
        });
        if (ret != ACL_SUCCESS) drop_callback(kept);
        return ret;
      },
      nb::arg("fn").none(), nb::arg("user_data_list").none(), nb::arg("block_type"), stream);
  m.def(
      "process_report",
      [](Int<int32_t> timeout) { return without_gil([&] { return aclrtProcessReport(timeout); }); },
      nb::arg("timeout"));
  // Cleared by None, 0 or no argument.
  m.def(
      "set_exception_info_callback",
      [](nb::object fn) {
        const bool clear = fn.is_none() || (nb::isinstance<nb::int_>(fn) && PyObject_IsTrue(fn.ptr()) == 0);
        if (!clear && PyCallable_Check(fn.ptr()) == 0)
          throw nb::type_error("fn is a function; None or 0 clears the callback");
        exception_callback() = clear ? nb::object() : std::move(fn);
        return aclrtSetExceptionInfoCallback(clear ? nullptr : on_exception);
      },
      nb::arg("fn").none() = nb::none());
  // The address is only valid inside the callback; 0 means no information.
  const auto info = nb::arg("info").none();
  m.def(
      "get_task_id_from_exception_info",
      [](Address i) { return aclrtGetTaskIdFromExceptionInfo(i.as<aclrtExceptionInfo>()); }, info);
  m.def(
      "get_stream_id_from_exception_info",
      [](Address i) { return aclrtGetStreamIdFromExceptionInfo(i.as<aclrtExceptionInfo>()); }, info);
  m.def(
      "get_thread_id_from_exception_info",
      [](Address i) { return aclrtGetThreadIdFromExceptionInfo(i.as<aclrtExceptionInfo>()); }, info);
  m.def(
      "get_device_id_from_exception_info",
      [](Address i) { return aclrtGetDeviceIdFromExceptionInfo(i.as<aclrtExceptionInfo>()); }, info);
  m.def(
      "get_error_code_from_exception_info",
      [](Address i) { return aclrtGetErrorCodeFromExceptionInfo(i.as<aclrtExceptionInfo>()); }, info);
}

void bind_memory(nb::module_& m) {
  const auto dev_ptr = nb::arg("dev_ptr").none();
  m.def(
      "malloc",
      [](Int<size_t> size, Int<int> policy) {
        return output_address(
            [&](void** p) { return aclrtMalloc(p, size, static_cast<aclrtMemMallocPolicy>(policy.value)); });
      },
      nb::arg("size"), nb::arg("policy"));
  m.def(
      "malloc_cached",
      [](Int<size_t> size, Int<int> policy) {
        return output_address([&](void** p) {
          return aclrtMallocCached(p, size, static_cast<aclrtMemMallocPolicy>(policy.value));
        });
      },
      nb::arg("size"), nb::arg("policy"));
  m.def(
      "free", [](Address p) { return without_gil([&] { return aclrtFree(p.value); }); }, dev_ptr);
  m.def(
      "malloc_host",
      [](Int<size_t> size) { return output_address([&](void** p) { return aclrtMallocHost(p, size); }); },
      nb::arg("size"));
  m.def(
      "free_host", [](Address p) { return without_gil([&] { return aclrtFreeHost(p.value); }); },
      nb::arg("host_ptr").none());
  m.def(
      "memcpy",
      [](Address dst, Int<size_t> room, Address src, Int<size_t> count, Int<int> kind) {
        return without_gil([&] {
          return aclrtMemcpy(dst.value, room, src.value, count, static_cast<aclrtMemcpyKind>(kind.value));
        });
      },
      nb::arg("dst").none(), nb::arg("dest_max"), nb::arg("src").none(), nb::arg("count"), nb::arg("kind"));
  m.def(
      "memcpy_async",
      [](Address dst, Int<size_t> room, Address src, Int<size_t> count, Int<int> kind, Address stream) {
        return without_gil([&] {
          return aclrtMemcpyAsync(dst.value, room, src.value, count, static_cast<aclrtMemcpyKind>(kind.value),
                                  stream.value);
        });
      },
      nb::arg("dst").none(), nb::arg("dest_max"), nb::arg("src").none(), nb::arg("count"), nb::arg("kind"),
      nb::arg("stream").none());
  m.def(
      "memcpy2d",
      [](Address dst, Int<size_t> dpitch, Address src, Int<size_t> spitch, Int<size_t> width,
         Int<size_t> height, Int<int> kind) {
        return without_gil([&] {
          return aclrtMemcpy2d(dst.value, dpitch, src.value, spitch, width, height,
                               static_cast<aclrtMemcpyKind>(kind.value));
        });
      },
      nb::arg("dst").none(), nb::arg("dpitch"), nb::arg("src").none(), nb::arg("spitch"), nb::arg("width"),
      nb::arg("height"), nb::arg("kind"));
  m.def(
      "memcpy2d_async",
      [](Address dst, Int<size_t> dpitch, Address src, Int<size_t> spitch, Int<size_t> width,
         Int<size_t> height, Int<int> kind, Address stream) {
        return without_gil([&] {
          return aclrtMemcpy2dAsync(dst.value, dpitch, src.value, spitch, width, height,
                                    static_cast<aclrtMemcpyKind>(kind.value), stream.value);
        });
      },
      nb::arg("dst").none(), nb::arg("dpitch"), nb::arg("src").none(), nb::arg("spitch"), nb::arg("width"),
      nb::arg("height"), nb::arg("kind"), nb::arg("stream").none());
  m.def(
      "mem_flush", [](Address p, Int<size_t> size) { return aclrtMemFlush(p.value, size); }, dev_ptr,
      nb::arg("size"));
  m.def(
      "mem_invalidate", [](Address p, Int<size_t> size) { return aclrtMemInvalidate(p.value, size); },
      dev_ptr, nb::arg("size"));
  m.def(
      "memset",
      [](Address p, Int<size_t> room, Int<int32_t> value, Int<size_t> count) {
        return without_gil([&] { return aclrtMemset(p.value, room, value, count); });
      },
      dev_ptr, nb::arg("max_count"), nb::arg("value"), nb::arg("count"));
  m.def(
      "memset_async",
      [](Address p, Int<size_t> room, Int<int32_t> value, Int<size_t> count, Address stream) {
        return without_gil([&] { return aclrtMemsetAsync(p.value, room, value, count, stream.value); });
      },
      dev_ptr, nb::arg("max_count"), nb::arg("value"), nb::arg("count"), nb::arg("stream").none());
  m.def(
      "get_mem_info",
      [](Int<int> attr) {
        size_t free_bytes = 0, total = 0;
        const aclError ret = aclrtGetMemInfo(static_cast<aclrtMemAttr>(attr.value), &free_bytes, &total);
        return std::tuple(free_bytes, total, ret);
      },
      nb::arg("attr"));
}

}  // namespace

void bind_rt(nb::module_& m) {
  bind_devices(m);
  bind_contexts(m);
  bind_streams(m);
  bind_events(m);
  bind_callbacks(m);
  bind_memory(m);
}
