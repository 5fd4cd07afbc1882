"""Threads beside streams: what the guide says about scheduling, shared streams and objects that other threads use."""

import threading
import time

import pytest
from constants import DEVICE_TO_HOST, HANDLE_FAULTS, RT_STREAM_SYNC_TIMEOUT


def in_threads(functions) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def first_byte(acl, memory: int) -> int:
    host, ret = acl.rt.malloc_host(64)
    assert ret == 0
    assert acl.rt.memcpy(host, 64, memory, 64, DEVICE_TO_HOST) == 0
    value = acl.util.ptr_to_bytes(host, 1)[0]
    assert acl.rt.free_host(host) == 0
    return value


@pytest.mark.rules("GDE-033")
def test_a_stream_goes_on_when_the_thread_that_filled_it_has_ended(acl, gate, context, stream, device_memory):
    """Nobody waits for the stream: the event alone tells that it went on by itself."""
    memory = device_memory(64)
    event, _ = acl.rt.create_event()

    def fill() -> None:
        assert acl.rt.set_context(context) == 0
        gate.close(stream)
        for value in range(1, 101):
            assert acl.rt.memset_async(memory, 64, value, 64, stream) == 0
        assert acl.rt.record_event(event, stream) == 0

    in_threads([fill])
    assert acl.rt.query_event_status(event) == (0, 0)
    gate.open()
    deadline = time.monotonic() + 20
    while acl.rt.query_event_status(event) != (1, 0):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert first_byte(acl, memory) == 100
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("RT-042")
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_on_the_default_stream_the_order_of_the_threads_decides(acl, context, device_memory, order):
    memory = device_memory(64)

    def launch(value: int) -> None:
        assert acl.rt.set_context(context) == 0
        assert acl.rt.memset_async(memory, 64, value, 64, 0) == 0

    for value in order:
        in_threads([lambda value=value: launch(value)])
    assert acl.rt.synchronize_stream(0) == 0
    assert first_byte(acl, memory) == order[1]


@pytest.mark.rules("GDE-038")
def test_threads_wait_for_each_other_on_the_default_stream_and_not_on_streams_of_their_own(
    acl, gate, context, device_memory
):
    memory, results = device_memory(64), {}
    gate.close(0)

    def work(kind: str) -> None:
        assert acl.rt.set_context(context) == 0
        stream = acl.rt.create_stream()[0] if kind == "own" else 0
        assert acl.rt.memset_async(memory, 64, 1, 64, stream) == 0
        results[kind] = acl.rt.synchronize_stream_with_timeout(stream, 10_000 if kind == "own" else 50)
        if kind == "own":
            assert acl.rt.destroy_stream(stream) == 0

    in_threads([lambda: work("own"), lambda: work("default")])
    assert results == {"own": 0, "default": RT_STREAM_SYNC_TIMEOUT}
    gate.open()
    assert acl.rt.synchronize_stream(0) == 0


@pytest.mark.rules("RT-053")
@pytest.mark.parametrize("destroy", ["destroy_stream", "destroy_stream_force"])
def test_a_stream_destroyed_under_the_hands_of_other_threads_gives_codes(
    acl, context, device_memory, destroy
):
    memory = device_memory(64)
    for _ in range(20):
        stream, ret = acl.rt.create_stream()
        assert ret == 0
        codes, started = set(), threading.Barrier(4)

        def use(stream=stream, codes=codes, started=started) -> None:
            acl.rt.set_context(context)
            started.wait(10)
            for _ in range(200):
                codes.add(acl.rt.memset_async(memory, 64, 1, 64, stream))
                codes.add(acl.rt.synchronize_stream(stream))

        threads = [threading.Thread(target=use) for _ in range(3)]
        for thread in threads:
            thread.start()
        started.wait(10)
        assert getattr(acl.rt, destroy)(stream) == 0
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert codes - {0} <= HANDLE_FAULTS
    assert acl.rt.synchronize_stream(0) == 0


@pytest.mark.rules("RT-074")
def test_an_event_destroyed_under_the_hands_of_other_threads_gives_codes(acl, context):
    for _ in range(20):
        event, ret = acl.rt.create_event()
        assert ret == 0
        codes, started = set(), threading.Barrier(4)

        def use(event=event, codes=codes, started=started) -> None:
            acl.rt.set_context(context)
            stream, _ = acl.rt.create_stream()
            started.wait(10)
            for _ in range(100):
                codes.add(acl.rt.record_event(event, stream))
                codes.add(acl.rt.stream_wait_event(stream, event))
                codes.add(acl.rt.query_event_status(event)[1])
            codes.add(acl.rt.destroy_stream(stream))

        threads = [threading.Thread(target=use) for _ in range(3)]
        for thread in threads:
            thread.start()
        started.wait(10)
        assert acl.rt.destroy_event(event) == 0
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert codes - {0} <= HANDLE_FAULTS


@pytest.mark.rules("RT-095")
def test_threads_that_synchronize_the_device_at_the_same_time_all_return(
    acl, gate, context, stream, device_memory
):
    memory, codes = device_memory(64), []
    gate.close(stream)
    assert acl.rt.memset_async(memory, 64, 7, 64, stream) == 0

    def wait() -> None:
        acl.rt.set_context(context)
        codes.append(acl.rt.synchronize_device())

    timer = threading.Timer(0.1, gate.open)
    timer.start()
    in_threads([wait] * 6)
    assert codes == [0] * 6
    assert first_byte(acl, memory) == 7


@pytest.mark.rules("RT-103")
def test_thirty_two_threads_handle_callbacks_side_by_side(acl, context):
    ended, seen, pairs = threading.Event(), [], []

    def serve(arguments) -> None:
        assert acl.rt.set_context(arguments[0]) == 0
        while not ended.is_set():
            acl.rt.process_report(20)

    for number in range(32):
        stream, ret = acl.rt.create_stream()
        assert ret == 0
        thread, ret = acl.util.start_thread(serve, [context])
        assert ret == 0
        pairs.append((thread, stream))
        assert acl.rt.subscribe_report(thread, stream) == 0
        note = lambda number: seen.append((number, threading.get_ident()))  # noqa: E731
        assert acl.rt.launch_callback(note, number, 1, stream) == 0
    for thread, stream in pairs:
        assert acl.rt.synchronize_stream(stream) == 0
        assert acl.rt.unsubscribe_report(thread, stream) == 0
        assert acl.rt.destroy_stream(stream) == 0
    ended.set()
    for thread, _ in pairs:
        assert acl.util.stop_thread(thread) == 0
    assert sorted(number for number, _ in seen) == list(range(32))
    assert len({ident for _, ident in seen}) == 32


@pytest.mark.rules("RT-082")
def test_the_old_query_is_defined_in_the_thread_of_the_record(acl, gate, context, stream):
    results = []

    def work() -> None:
        acl.rt.set_context(context)
        event, _ = acl.rt.create_event()
        gate.close(stream)
        acl.rt.record_event(event, stream)
        results.append(acl.rt.query_event(event))
        gate.open()
        acl.rt.synchronize_stream(stream)
        results.append(acl.rt.query_event(event))
        acl.rt.destroy_event(event)

    in_threads([work])
    assert results == [(1, 0), (0, 0)]


@pytest.mark.rules("RT-082", "RT-085")
def test_a_query_from_another_thread_gives_a_code_and_leaves_the_event_alone(acl, context, stream):
    event, _ = acl.rt.create_event()
    assert acl.rt.record_event(event, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    results = []

    def ask() -> None:
        acl.rt.set_context(context)
        results.append(isinstance(acl.rt.query_event(event)[1], int))
        results.append(acl.rt.query_event_status(event))

    in_threads([ask])
    assert results == [True, (1, 0)]
    assert acl.rt.query_event(event) == (0, 0)
    assert acl.rt.destroy_event(event) == 0
