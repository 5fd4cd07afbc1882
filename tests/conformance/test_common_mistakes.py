"""The mistakes that newcomers make most: each gets the documented code, and a text that names the rule and the repair."""

import re
import threading

import pytest
from constants import (
    DEVICE_TO_HOST,
    HANDLE_FAULTS,
    HOST_TO_DEVICE,
    INVALID_PARAM,
    PARAMETER_FAULTS,
    RT_CONTEXT_NULL,
    RT_STREAM_NO_CB_REG,
    RT_STREAM_SYNC_TIMEOUT,
    RT_THREAD_SUBSCRIBE,
    RT_WAIT_TIMEOUT,
)


class Messages:
    """What acl.get_recent_err_msg tells about the calls since the last time it was read."""

    def __init__(self, acl) -> None:
        self._acl = acl
        acl.get_recent_err_msg()

    def tell(self, rule: str, *parts: str) -> None:
        """The newest line names the rule, and each part in it: what was given, and the repair."""
        lines = (self._acl.get_recent_err_msg() or "").splitlines()
        assert lines
        assert re.match(r"\[[A-Z]+\d*-\d+\] acl\w+: ", lines[0]), lines[0]
        assert lines[0].startswith(f"[{rule}] "), lines[0]
        assert [part for part in parts if part not in lines[0]] == [], lines[0]


@pytest.fixture
def messages(acl) -> Messages:
    return Messages(acl)


@pytest.mark.rules("RT-190", "GDE-029", "SYS-027")
def test_no_context_in_a_thread(acl, context):
    problems = []

    def work() -> None:
        try:
            messages = Messages(acl)
            assert acl.rt.create_stream()[1] == RT_CONTEXT_NULL
            messages.tell(
                "RT-190", "this thread has no context", "call aclrtSetDevice", "aclrtSetCurrentContext"
            )
            assert acl.rt.set_context(context) == 0
            stream, ret = acl.rt.create_stream()
            assert ret == 0
            assert acl.rt.destroy_stream(stream) == 0
        except AssertionError as problem:
            problems.append(problem)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert problems == []


@pytest.mark.rules("RT-190", "SYS-027")
def test_the_context_of_the_thread_was_destroyed(acl, device, messages):
    context, _ = acl.rt.create_context(device)
    assert acl.rt.destroy_context(context) == 0
    assert acl.rt.synchronize_stream(0) == RT_CONTEXT_NULL
    messages.tell("RT-190", "aclrtSetCurrentContext")
    assert acl.rt.set_device(device) == 0
    assert acl.rt.reset_device(device) == 0


@pytest.mark.rules("SYS-012", "SYS-027")
def test_no_init(run_python):
    done = run_python("import acl; print(acl.rt.set_device(0)); print(acl.get_recent_err_msg())")
    code, text = done.stdout.split("\n", 1)
    assert code == "100001"
    assert text.startswith("[SYS-012] aclrtSetDevice: ")
    assert "acl.init" in text


@pytest.mark.rules("RT-162", "SYS-027")
def test_a_host_pointer_where_free_wants_a_device_pointer(acl, device, messages):
    host, _ = acl.rt.malloc_host(64)
    assert acl.rt.free(host) in PARAMETER_FAULTS
    messages.tell("RT-162", hex(host), "host memory", "aclrtFreeHost")
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("RT-179", "SYS-027")
def test_a_host_pointer_where_a_copy_wants_a_device_pointer(acl, stream, messages):
    host, _ = acl.rt.malloc_host(128)
    ret = acl.rt.memcpy_async(host, 64, host + 64, 64, HOST_TO_DEVICE, stream)
    if acl.rt.get_run_mode()[0] == 0:  # There host memory is device memory, too.
        assert ret == 0
        assert acl.rt.synchronize_stream(stream) == 0
    else:
        assert ret in PARAMETER_FAULTS
        messages.tell("RT-179", hex(host), "host memory", "pass a device address", "aclrtMalloc")
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("RT-179", "SYS-027")
def test_the_wrong_kind_of_copy(acl, stream, device_memory, messages):
    memory = device_memory(64)
    host, _ = acl.rt.malloc_host(64)
    ret = acl.rt.memcpy_async(memory, 64, host, 64, DEVICE_TO_HOST, stream)
    if acl.rt.get_run_mode()[0] == 0:
        assert ret == 0
        assert acl.rt.synchronize_stream(stream) == 0
    else:
        assert ret in PARAMETER_FAULTS
        messages.tell("RT-179", "kind = 2 wants device memory as src", "kind = 1, which fits these addresses")
    assert acl.rt.memcpy_async(memory, 64, host, 64, 7, stream) in PARAMETER_FAULTS
    messages.tell("RT-179", "kind = 7", "0 (host to host) .. 3 (device to device)")
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("RT-194", "GDE-150", "SYS-027")
@pytest.mark.parametrize("use", ["synchronize", "memset", "destroy again", "record"])
def test_a_stream_that_was_destroyed(acl, context, device_memory, messages, use):
    memory = device_memory(64)
    event, _ = acl.rt.create_event()
    stream, _ = acl.rt.create_stream()
    assert acl.rt.destroy_stream(stream) == 0
    ret = {
        "synchronize": lambda: acl.rt.synchronize_stream(stream),
        "memset": lambda: acl.rt.memset_async(memory, 64, 0, 64, stream),
        "destroy again": lambda: acl.rt.destroy_stream(stream),
        "record": lambda: acl.rt.record_event(event, stream),
    }[use]()
    assert ret in HANDLE_FAULTS
    messages.tell("RT-194", "stream = stream#", "was destroyed or never created", "only after its last use")
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("RT-176", "GDE-150", "SYS-027")
def test_memory_that_was_freed(acl, device, messages):
    memory, _ = acl.rt.malloc(64, 0)
    assert acl.rt.free(memory) == 0
    assert acl.rt.memset(memory, 64, 0, 64) in PARAMETER_FAULTS
    messages.tell("RT-170", hex(memory), "not allocated", "free it only after its last use")
    assert acl.rt.free(memory) in PARAMETER_FAULTS
    messages.tell("RT-162", hex(memory), "freed before", "once")


@pytest.mark.rules("RT-173", "RT-177", "RT-171", "SYS-027")
@pytest.mark.parametrize("call", ["memcpy", "memcpy_async", "memset", "memset_async"])
def test_the_wrong_size(acl, stream, device_memory, messages, call):
    memory = device_memory(64)
    host, _ = acl.rt.malloc_host(128)
    ret = {
        "memcpy": lambda: acl.rt.memcpy(memory, 64, host, 128, HOST_TO_DEVICE),
        "memcpy_async": lambda: acl.rt.memcpy_async(memory, 64, host, 128, HOST_TO_DEVICE, stream),
        "memset": lambda: acl.rt.memset(memory, 64, 0, 128),
        "memset_async": lambda: acl.rt.memset_async(memory, 64, 0, 128, stream),
    }[call]()
    assert ret == INVALID_PARAM
    rule = {"memcpy": "RT-173", "memcpy_async": "RT-177"}.get(call, "RT-171")
    messages.tell(rule, "count = 128 is larger than", "= 64", "pass a smaller count", "allocate 128 bytes")
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("RT-176", "SYS-027")
def test_a_size_beyond_the_allocation(acl, device_memory, messages):
    memory = device_memory(64)
    host, _ = acl.rt.malloc_host(4096)
    assert acl.rt.memcpy(memory, 4096, host, 4096, HOST_TO_DEVICE) in PARAMETER_FAULTS
    messages.tell("RT-176", "4096 bytes", "beyond the allocation", "use fewer, or allocate more")
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("GDE-019", "SYS-027")
def test_one_reset_too_many(run_python):
    code = """
    import acl
    acl.init(); acl.rt.set_device(0)
    print(acl.rt.reset_device(0), acl.rt.reset_device(0) in (100000, 107000, 107001, 107002))
    print(acl.get_recent_err_msg())
    print(acl.rt.set_device(0), acl.rt.reset_device(0))
    """
    first, text, last = run_python(code).stdout.splitlines()
    assert (first, last) == ("0 True", "0 0")
    assert text.startswith("[GDE-019] aclrtResetDevice: device 0 is not in use")
    assert "call aclrtResetDevice once per aclrtSetDevice" in text


@pytest.mark.rules("RT-089", "RT-091", "RT-080", "SYS-027")
@pytest.mark.parametrize("use", ["synchronize", "elapsed time", "reset"])
def test_an_event_that_was_never_recorded(acl, context, messages, use):
    event, _ = acl.rt.create_event()
    ret = {
        "synchronize": lambda: acl.rt.synchronize_event(event),
        "elapsed time": lambda: acl.rt.event_elapsed_time(event, event)[1],
        "reset": lambda: acl.rt.reset_event(event, 0),
    }[use]()
    assert ret != 0
    rule = {"synchronize": "RT-089", "elapsed time": "RT-091", "reset": "RT-080"}[use]
    messages.tell(rule, "record", "event")
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("RT-093", "RT-098", "SYS-027")
def test_a_stream_that_waits_for_an_event_that_nobody_records(acl, stream, messages):
    event, _ = acl.rt.create_event()
    try:
        assert acl.rt.set_op_wait_timeout(1) == 0
        assert acl.rt.stream_wait_event(stream, event) == 0
        assert acl.rt.synchronize_stream_with_timeout(stream, 50) == RT_STREAM_SYNC_TIMEOUT
        messages.tell("RT-098", "waits for an event", "aclrtRecordEvent", "aclrtSetOpWaitTimeout")
        assert acl.rt.synchronize_stream(stream) == RT_WAIT_TIMEOUT
        messages.tell(
            "RT-093", "nobody recorded it", "call aclrtRecordEvent", "launched by aclrtStreamWaitEvent"
        )
    finally:
        assert acl.rt.set_op_wait_timeout(0) == 0
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("RT-108", "SYS-027")
def test_a_callback_without_a_subscribed_thread(acl, stream, messages):
    assert acl.rt.launch_callback(lambda _: None, [], 1, stream) == RT_STREAM_NO_CB_REG
    messages.tell("RT-108", "no thread handles callbacks", "call aclrtSubscribeReport first")


@pytest.mark.rules("RT-109", "SYS-027")
def test_process_report_in_a_thread_that_is_not_subscribed(acl, context, messages):
    assert acl.rt.process_report(10) == RT_THREAD_SUBSCRIBE
    messages.tell("RT-109", "not subscribed", "call aclrtSubscribeReport with its id first")


@pytest.mark.rules("RT-098", "RT-107", "SYS-027")
def test_a_subscribed_thread_that_never_calls_process_report(acl, stream, messages):
    ran = []
    assert acl.rt.subscribe_report(threading.get_ident(), stream) == 0
    assert acl.rt.launch_callback(ran.append, 1, 1, stream) == 0
    assert acl.rt.synchronize_stream_with_timeout(stream, 50) == RT_STREAM_SYNC_TIMEOUT
    messages.tell("RT-098", "waits for a callback", "has to call aclrtProcessReport")
    assert acl.rt.process_report(1000) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert ran == [1]
    assert acl.rt.unsubscribe_report(threading.get_ident(), stream) == 0
