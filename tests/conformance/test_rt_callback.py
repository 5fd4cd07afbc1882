"""Callbacks: subscribe_report, launch_callback, process_report, unsubscribe_report."""

import threading
import time

import pytest
from constants import (
    HANDLE_FAULTS,
    PARAMETER_FAULTS,
    REPEAT_SUBSCRIBE,
    RT_REPORT_TIMEOUT,
    RT_STREAM_NO_CB_REG,
    RT_STREAM_SUBSCRIBE,
    RT_THREAD_SUBSCRIBE,
)

NO_BLOCK, BLOCK = 0, 1


class Server:
    """A thread that handles callbacks until it is ended."""

    def __init__(self, acl, context: int) -> None:
        self._acl = acl
        self._go_on = True
        self.ident = 0
        self.results: list[int] = []
        self.thread, ret = acl.util.start_thread(self._serve, [context, 50])
        assert ret == 0

    def _serve(self, arguments: list[int]) -> None:
        context, timeout = arguments
        self.ident = threading.get_ident()
        self._acl.rt.set_context(context)
        while self._go_on:
            self.results.append(self._acl.rt.process_report(timeout))

    def end(self) -> None:
        self._go_on = False
        assert self._acl.util.stop_thread(self.thread) == 0


@pytest.fixture
def server(acl, context):
    one = Server(acl, context)
    yield one
    one.end()


@pytest.fixture
def subscribed(acl, server, stream):
    """A stream whose callbacks the server handles."""
    assert acl.rt.subscribe_report(server.thread, stream) == 0
    yield stream
    acl.rt.synchronize_stream(stream)
    acl.rt.unsubscribe_report(server.thread, stream)


@pytest.mark.rules("RT-099", "RT-105", "GDE-115", "GDE-120")
def test_the_callback_runs(acl, subscribed):
    ran = threading.Event()
    assert acl.rt.launch_callback(lambda _: ran.set(), [], NO_BLOCK, subscribed) == 0
    assert ran.wait(10)


@pytest.mark.rules("RT-099", "GDE-117", "RT-111")
def test_the_callback_runs_in_the_subscribed_thread(acl, server, subscribed):
    seen = []
    acl.rt.launch_callback(lambda _: seen.append(threading.get_ident()), [], BLOCK, subscribed)
    assert acl.rt.synchronize_stream(subscribed) == 0
    assert seen == [server.ident]


@pytest.mark.rules("RT-106")
def test_the_list_is_passed_to_the_callback(acl, subscribed):
    seen = []
    acl.rt.launch_callback(seen.append, [1, "two", None], BLOCK, subscribed)
    acl.rt.synchronize_stream(subscribed)
    assert seen == [[1, "two", None]]


@pytest.mark.rules("RT-106")
@pytest.mark.parametrize("data", [5, None, "text", (1, 2)])
def test_data_that_is_no_list_is_passed_on_as_it_is(acl, subscribed, data):
    seen = []
    acl.rt.launch_callback(seen.append, data, BLOCK, subscribed)
    acl.rt.synchronize_stream(subscribed)
    assert seen == [data]


@pytest.mark.rules("RT-107")
def test_a_blocking_callback_ends_before_the_next_task(acl, subscribed, device_memory):
    memory = device_memory(64)
    host, _ = acl.rt.malloc_host(64)
    acl.rt.memset(memory, 64, 0, 64)
    seen = []

    def look(_):
        time.sleep(0.05)
        acl.rt.memcpy(host, 64, memory, 64, 2)
        seen.append(acl.util.ptr_to_bytes(host, 1))

    acl.rt.launch_callback(look, [], BLOCK, subscribed)
    acl.rt.memset_async(memory, 64, 1, 64, subscribed)
    assert acl.rt.synchronize_stream(subscribed) == 0
    assert seen == [b"\0"]
    acl.rt.free_host(host)


@pytest.mark.rules("RT-107")
def test_a_non_blocking_callback_does_not_hold_the_stream(acl, subscribed):
    go_on = threading.Event()
    acl.rt.launch_callback(lambda _: go_on.wait(30), [], NO_BLOCK, subscribed)
    assert acl.rt.synchronize_stream_with_timeout(subscribed, 10_000) == 0
    go_on.set()


@pytest.mark.rules("RT-107")
@pytest.mark.parametrize("block_type", [2, -1, 2**40])
def test_an_unknown_block_type_is_refused(acl, subscribed, block_type):
    assert acl.rt.launch_callback(lambda _: None, [], block_type, subscribed) in PARAMETER_FAULTS


@pytest.mark.rules("RT-105", "GDE-115")
def test_the_callback_runs_after_the_tasks_before_it(acl, subscribed, device_memory):
    memory = device_memory(64)
    host, _ = acl.rt.malloc_host(64)
    seen = []

    def look(_):
        acl.rt.memcpy(host, 64, memory, 64, 2)
        seen.append(acl.util.ptr_to_bytes(host, 1)[0])

    for value in range(1, 6):
        acl.rt.memset_async(memory, 64, value, 64, subscribed)
        acl.rt.launch_callback(look, [], BLOCK, subscribed)
    assert acl.rt.synchronize_stream(subscribed) == 0
    assert seen == [1, 2, 3, 4, 5]
    acl.rt.free_host(host)


@pytest.mark.rules("GDE-117")
def test_each_launch_runs_the_callback_once_and_in_order(acl, subscribed):
    seen = []
    for number in range(500):
        acl.rt.launch_callback(seen.append, number, NO_BLOCK, subscribed)
    acl.rt.launch_callback(lambda _: None, [], BLOCK, subscribed)
    acl.rt.synchronize_stream(subscribed)
    assert seen == list(range(500))


@pytest.mark.rules("GDE-121")
def test_a_callback_may_call_runtime_functions(acl, subscribed, device_memory):
    memory = device_memory(64)
    results = []

    def work(_):
        host, ret = acl.rt.malloc_host(64)
        results.append(ret)
        results.append(acl.rt.memcpy(host, 64, memory, 64, 2))
        results.append(acl.rt.free_host(host))

    acl.rt.launch_callback(work, [], BLOCK, subscribed)
    assert acl.rt.synchronize_stream(subscribed) == 0
    assert results == [0, 0, 0]


@pytest.mark.rules("RT-105")
def test_an_exception_in_a_callback_does_not_stop_the_stream(acl, subscribed):
    seen = []

    def fail(_):
        raise ValueError("thrown by the test")

    acl.rt.launch_callback(fail, [], BLOCK, subscribed)
    acl.rt.launch_callback(seen.append, 1, BLOCK, subscribed)
    acl.rt.synchronize_stream(subscribed)
    assert seen == [1]


@pytest.mark.rules("RT-108", "GDE-160")
def test_a_callback_without_subscription_is_refused(acl, stream):
    assert acl.rt.launch_callback(lambda _: None, [], NO_BLOCK, stream) == RT_STREAM_NO_CB_REG


@pytest.mark.rules("RT-112", "RT-108")
def test_after_unsubscribe_callbacks_are_refused(acl, server, stream):
    assert acl.rt.subscribe_report(server.thread, stream) == 0
    assert acl.rt.unsubscribe_report(server.thread, stream) == 0
    assert acl.rt.launch_callback(lambda _: None, [], NO_BLOCK, stream) == RT_STREAM_NO_CB_REG


@pytest.mark.rules("RT-112")
def test_a_stream_may_be_subscribed_again_after_unsubscribe(acl, server, stream):
    for _ in range(3):
        assert acl.rt.subscribe_report(server.thread, stream) == 0
        assert acl.rt.unsubscribe_report(server.thread, stream) == 0


@pytest.mark.rules("RT-112")
def test_unsubscribe_without_subscription_is_refused(acl, server, stream):
    assert acl.rt.unsubscribe_report(server.thread, stream) != 0


@pytest.mark.rules("RT-101")
def test_a_stream_has_one_thread_only(acl, subscribed):
    assert acl.rt.subscribe_report(12345, subscribed) in (REPEAT_SUBSCRIBE, RT_STREAM_SUBSCRIBE)


@pytest.mark.rules("RT-101")
def test_a_stream_is_subscribed_once_even_by_its_own_thread(acl, server, subscribed):
    assert acl.rt.subscribe_report(server.thread, subscribed) in (REPEAT_SUBSCRIBE, RT_STREAM_SUBSCRIBE)


@pytest.mark.rules("RT-100")
def test_one_thread_handles_several_streams(acl, server, context):
    streams = [acl.rt.create_stream()[0] for _ in range(5)]
    seen = []
    for number, stream in enumerate(streams):
        assert acl.rt.subscribe_report(server.thread, stream) == 0
        assert acl.rt.launch_callback(seen.append, number, BLOCK, stream) == 0
    for stream in streams:
        assert acl.rt.synchronize_stream(stream) == 0
        assert acl.rt.unsubscribe_report(server.thread, stream) == 0
        acl.rt.destroy_stream(stream)
    assert sorted(seen) == [0, 1, 2, 3, 4]


@pytest.mark.rules("RT-099")
def test_the_default_stream_may_be_subscribed(acl, server, context):
    ran = []
    assert acl.rt.subscribe_report(server.thread, 0) == 0
    assert acl.rt.launch_callback(ran.append, 1, BLOCK, 0) == 0
    assert acl.rt.synchronize_stream(0) == 0
    assert acl.rt.unsubscribe_report(server.thread, 0) == 0
    assert ran == [1]


@pytest.mark.rules("RT-099")
def test_thread_0_is_no_thread(acl, stream):
    assert acl.rt.subscribe_report(0, stream) != 0
    assert acl.rt.launch_callback(print, None, 0, stream) == 107015


@pytest.mark.rules("RT-102")
def test_at_most_1024_threads_are_registered(run_python):
    code = """
    import acl
    acl.init()
    results = []
    for device in range(3):  # No chip has fewer streams than a third of that.
        acl.rt.set_device(device)
        for i in range(342):
            stream, ret = acl.rt.create_stream()
            assert ret == 0
            results.append(acl.rt.subscribe_report(10_000 + len(results), stream))
    print(len(results), results[:1024] == [0] * 1024, set(results[1024:]) != {0}, 0 in results[1024:])
    """
    done = run_python(code, env={"CAIRN_DEVICES": "3"})
    assert done.stdout.split() == ["1026", "True", "True", "False"], done.stderr


@pytest.mark.rules("RT-104", "RT-100")
def test_a_thread_is_registered_for_one_device_only(run_python):
    code = """
    import acl
    acl.init()
    acl.rt.set_device(0)
    first, _ = acl.rt.create_stream()
    print(acl.rt.subscribe_report(77, first))
    acl.rt.set_device(1)
    second, _ = acl.rt.create_stream()
    print(acl.rt.subscribe_report(77, second) != 0)
    print(acl.rt.subscribe_report(78, second))
    """
    assert run_python(code, env={"CAIRN_DEVICES": "2"}).stdout.split() == ["0", "True", "0"]


@pytest.mark.rules("RT-109", "RT-110", "GDE-116", "GDE-162")
def test_process_report_returns_when_its_time_is_over(acl, server, subscribed):
    time.sleep(0.1)  # The call that was under way before the subscription has returned.
    server.results.clear()
    deadline = time.monotonic() + 5
    while RT_REPORT_TIMEOUT not in server.results and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(server.results) == {RT_REPORT_TIMEOUT}


@pytest.mark.rules("RT-109", "GDE-116")
def test_process_report_returns_success_after_a_callback(acl, server, subscribed):
    server.results.clear()
    acl.rt.launch_callback(lambda _: None, [], BLOCK, subscribed)
    acl.rt.synchronize_stream(subscribed)
    deadline = time.monotonic() + 5
    while 0 not in server.results and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 0 in server.results


@pytest.mark.rules("RT-110")
@pytest.mark.parametrize("timeout", [0, -2, -(2**31), -(2**60)])
def test_other_timeouts_of_process_report_are_refused(acl, context, timeout):
    assert acl.rt.process_report(timeout) in PARAMETER_FAULTS


@pytest.mark.rules("RT-109", "GDE-161")
def test_process_report_in_a_thread_that_is_not_subscribed_is_an_error(acl, context):
    assert acl.rt.process_report(10) == RT_THREAD_SUBSCRIBE


@pytest.mark.rules("RT-110")
def test_process_report_waits_for_ever_with_minus_one(acl, context, stream):
    results = []

    def serve(arguments):
        acl.rt.set_context(arguments[0])
        time.sleep(0.1)  # The subscription below has to be there first.
        results.append(acl.rt.process_report(-1))

    thread, _ = acl.util.start_thread(serve, [context])
    assert acl.rt.subscribe_report(thread, stream) == 0
    time.sleep(0.3)
    assert results == []
    acl.rt.launch_callback(lambda _: None, [], BLOCK, stream)
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.util.stop_thread(thread) == 0
    assert results == [0]
    assert acl.rt.unsubscribe_report(thread, stream) == 0


@pytest.mark.rules("RT-099", "GDE-119")
def test_the_order_of_the_sample_works(acl, device):
    context, _ = acl.rt.create_context(device)
    stream, _ = acl.rt.create_stream()
    server = Server(acl, context)
    seen = []
    assert acl.rt.subscribe_report(server.thread, stream) == 0
    assert acl.rt.launch_callback(seen.append, ["x"], BLOCK, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.rt.unsubscribe_report(server.thread, stream) == 0
    server.end()
    assert acl.rt.destroy_stream(stream) == 0
    assert acl.rt.destroy_context(context) == 0
    assert seen == [["x"]]


@pytest.mark.rules("RT-099", "RT-112")
@pytest.mark.parametrize("handle", [1, 0xDEADBEEF, -1, 2**70])
def test_a_forged_stream_is_refused(acl, context, handle):
    assert acl.rt.subscribe_report(5, handle) in HANDLE_FAULTS
    assert acl.rt.unsubscribe_report(5, handle) in HANDLE_FAULTS


@pytest.mark.rules("RT-105")
@pytest.mark.parametrize("function", [None, 5, "text"])
def test_a_callback_that_cannot_be_called_is_refused(acl, subscribed, function):
    try:
        ret = acl.rt.launch_callback(function, [], NO_BLOCK, subscribed)
    except TypeError:
        return
    assert ret in PARAMETER_FAULTS


@pytest.mark.rules("RT-113", "RT-117", "RT-118", "RT-119", "RT-120", "RT-121", "RT-114")
def test_the_exception_callback_tells_about_the_failed_task(acl, stream):
    seen = []

    def note(info):
        seen.append(
            (
                acl.rt.get_task_id_from_exception_info(info),
                acl.rt.get_stream_id_from_exception_info(info),
                acl.rt.get_thread_id_from_exception_info(info),
                acl.rt.get_device_id_from_exception_info(info),
                acl.rt.get_error_code_from_exception_info(info),
            )
        )

    host, _ = acl.rt.malloc_host(128)
    assert acl.rt.set_exception_info_callback(note) == 0
    acl.rt.memcpy_async(host, 64, host + 64, 64, 0, stream)
    assert acl.rt.synchronize_stream(stream) != 0
    assert acl.rt.set_exception_info_callback(None) == 0
    acl.rt.free_host(host)
    assert len(seen) == 1
    task, stream_id, thread, device, code = seen[0]
    assert device == 0
    assert code not in (0, 0xFFFFFFFF)
    assert 0xFFFFFFFF not in (task, stream_id, thread)


@pytest.mark.rules("RT-117", "RT-118", "RT-119", "RT-121", "RT-122")
def test_each_getter_tells_what_its_name_says(acl, context):
    """Two streams fail, the second one twice and the last time by the hand of another thread."""
    seen = []

    def note(info):
        names = ("stream_id", "task_id", "thread_id", "error_code")
        seen.append([getattr(acl.rt, f"get_{name}_from_exception_info")(info) for name in names])

    host, _ = acl.rt.malloc_host(128)
    streams = [acl.rt.create_stream()[0] for _ in range(2)]

    def fail(stream):
        acl.rt.set_context(context)
        assert acl.rt.memcpy_async(host, 64, host + 64, 64, 0, stream) == 0
        return acl.rt.synchronize_stream(stream)

    assert acl.rt.set_exception_info_callback(note) == 0
    codes = [fail(streams[0]), fail(streams[1])]
    thread = threading.Thread(target=lambda: codes.append(fail(streams[1])))
    thread.start()
    thread.join()
    assert acl.rt.set_exception_info_callback(None) == 0
    acl.rt.free_host(host)
    for stream in streams:
        acl.rt.destroy_stream(stream)
    stream_ids, task_ids, thread_ids, error_codes = zip(*seen, strict=True)
    assert stream_ids[0] != stream_ids[1] == stream_ids[2]
    assert task_ids[1] != task_ids[2]
    assert thread_ids[0] == thread_ids[1] != thread_ids[2]
    assert list(error_codes) == codes


@pytest.mark.rules("RT-115")
def test_the_last_exception_callback_wins(acl, stream):
    seen = []
    host, _ = acl.rt.malloc_host(128)
    acl.rt.set_exception_info_callback(lambda _: seen.append("first"))
    acl.rt.set_exception_info_callback(lambda _: seen.append("second"))
    acl.rt.memcpy_async(host, 64, host + 64, 64, 0, stream)
    acl.rt.synchronize_stream(stream)
    acl.rt.set_exception_info_callback(None)
    acl.rt.free_host(host)
    assert seen == ["second"]


@pytest.mark.rules("RT-116")
@pytest.mark.parametrize("nothing", [(None,), (0,), ()])
def test_a_cleared_exception_callback_is_not_called(acl, stream, nothing):
    seen = []
    host, _ = acl.rt.malloc_host(128)
    acl.rt.set_exception_info_callback(seen.append)
    assert acl.rt.set_exception_info_callback(*nothing) == 0
    acl.rt.memcpy_async(host, 64, host + 64, 64, 0, stream)
    acl.rt.synchronize_stream(stream)
    acl.rt.free_host(host)
    assert seen == []


GETTERS = ["task_id", "stream_id", "thread_id", "device_id", "error_code"]


@pytest.mark.rules("RT-117", "RT-118", "RT-119", "RT-120", "RT-121")
@pytest.mark.parametrize("name", GETTERS)
@pytest.mark.parametrize("info", [0, 1, 0xDEADBEEF, -1, 2**70])
def test_empty_exception_information_gives_the_largest_number(acl, name, info):
    assert getattr(acl.rt, f"get_{name}_from_exception_info")(info) == 0xFFFFFFFF
