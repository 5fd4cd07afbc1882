"""Streams: order, life, failure and overflow modes."""

import itertools
import threading
import time

import pytest
from constants import (
    DEVICE_TO_HOST,
    HANDLE_FAULTS,
    HOST_TO_HOST,
    PARAMETER_FAULTS,
    RT_STREAM_SYNC_TIMEOUT,
)


def read(acl, memory: int, size: int) -> bytes:
    host, ret = acl.rt.malloc_host(size)
    assert ret == 0
    assert acl.rt.memcpy(host, size, memory, size, DEVICE_TO_HOST) == 0
    data = acl.util.ptr_to_bytes(host, size)
    assert acl.rt.free_host(host) == 0
    return data


@pytest.fixture
def failing_copy(acl, device):
    """failing_copy(stream): launches a task that the manual lets fail, an asynchronous copy from host to host."""
    host, ret = acl.rt.malloc_host(128)
    assert ret == 0
    yield lambda stream: acl.rt.memcpy_async(host, 64, host + 64, 64, HOST_TO_HOST, stream)
    acl.rt.free_host(host)


@pytest.mark.rules("RT-040", "GDE-027", "GDE-077")
def test_create_stream_returns_a_handle_and_success(acl, context):
    stream, ret = acl.rt.create_stream()
    assert isinstance(stream, int)
    assert (stream != 0, ret) == (True, 0)
    assert acl.rt.destroy_stream(stream) == 0


@pytest.mark.rules("RT-044", "RT-045", "RT-046")
@pytest.mark.parametrize("flag", [1, 2, 3])
def test_create_stream_with_config_takes_each_flag(acl, context, flag, device_memory):
    stream, ret = acl.rt.create_stream_with_config(0, flag)
    assert ret == 0
    memory = device_memory(64)
    assert acl.rt.memset_async(memory, 64, 5, 64, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.rt.destroy_stream(stream) == 0
    assert read(acl, memory, 64) == b"\5" * 64


@pytest.mark.rules("RT-049")
def test_a_stream_of_fast_synchronisation_is_polled_and_others_are_waited_for(acl, gate, stream):
    """Told by the processor time of the waiting thread."""

    def processor_time(flag: int) -> float:
        waiting, ret = acl.rt.create_stream_with_config(0, flag)
        assert ret == 0
        assert acl.rt.stream_wait_event(waiting, event) == 0
        start = time.thread_time()
        assert acl.rt.synchronize_stream_with_timeout(waiting, 200) == RT_STREAM_SYNC_TIMEOUT
        spent = time.thread_time() - start
        acl.rt.destroy_stream_force(waiting)
        return spent

    gate.close(stream)
    event, _ = acl.rt.create_event()
    assert acl.rt.record_event(event, stream) == 0
    assert processor_time(2) > 5 * processor_time(0)
    gate.open()
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("RT-047")
@pytest.mark.parametrize("flag", [0, 4, 1000, 2**32 - 1])
def test_an_unknown_flag_gives_an_ordinary_stream(acl, context, flag):
    stream, ret = acl.rt.create_stream_with_config(0, flag)
    assert ret == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.rt.destroy_stream(stream) == 0


@pytest.mark.rules("GDE-025", "GDE-126", "GDE-032")
def test_tasks_of_a_stream_run_in_order(acl, stream, device_memory):
    memory = device_memory(64)
    for value in range(1, 2001):
        assert acl.rt.memset_async(memory, 64, value % 251, 64, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert read(acl, memory, 64) == bytes([2000 % 251]) * 64


@pytest.mark.rules("GDE-025")
def test_a_chain_of_copies_runs_in_order(acl, stream, device_memory):
    places = [device_memory(64) for _ in range(50)]
    assert acl.rt.memset_async(places[0], 64, 9, 64, stream) == 0
    for source, target in itertools.pairwise(places):
        assert acl.rt.memcpy_async(target, 64, source, 64, 3, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert read(acl, places[-1], 64) == b"\x09" * 64


@pytest.mark.rules("GDE-032", "GDE-126", "GDE-025")
def test_a_blocked_stream_does_not_block_another(acl, gate, stream, device_memory):
    memory = device_memory(64)
    gate.close(stream)
    other, _ = acl.rt.create_stream()
    assert acl.rt.memset_async(memory, 64, 1, 64, other) == 0
    assert acl.rt.synchronize_stream_with_timeout(other, 10_000) == 0
    gate.open()
    assert acl.rt.destroy_stream(other) == 0


@pytest.mark.rules("GDE-032", "GDE-126")
def test_a_hundred_blocked_streams_do_not_block_another(acl, gate, stream, device_memory):
    memory = device_memory(64)
    event, _ = acl.rt.create_event()
    gate.close(stream)
    assert acl.rt.record_event(event, stream) == 0
    blocked = [acl.rt.create_stream()[0] for _ in range(100)]
    for other in blocked:
        assert acl.rt.stream_wait_event(other, event) == 0
    assert acl.rt.memset_async(memory, 64, 1, 64, 0) == 0
    assert acl.rt.synchronize_stream_with_timeout(0, 10_000) == 0
    gate.open()
    for other in blocked:
        assert acl.rt.destroy_stream(other) == 0
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("GDE-001", "RT-172")
def test_a_launch_does_not_wait_for_the_stream(acl, gate, stream, device_memory):
    memory = device_memory(64)
    gate.close(stream)
    assert acl.rt.memset_async(memory, 64, 1, 64, stream) == 0
    assert acl.rt.synchronize_stream_with_timeout(stream, 30) == RT_STREAM_SYNC_TIMEOUT
    gate.open()
    assert acl.rt.synchronize_stream(stream) == 0


@pytest.mark.rules("RT-096", "GDE-133", "RT-172")
def test_synchronize_stream_waits_for_all_tasks(acl, gate, stream, device_memory):
    memory = device_memory(64)
    acl.rt.memset(memory, 64, 0, 64)
    gate.close(stream)
    acl.rt.memset_async(memory, 64, 8, 64, stream)
    timer = threading.Timer(0.1, gate.open)
    timer.start()
    assert acl.rt.synchronize_stream(stream) == 0
    assert read(acl, memory, 64) == b"\x08" * 64
    timer.join()


@pytest.mark.rules("GDE-176")
def test_synchronize_stream_succeeds_without_tasks(acl, stream):
    assert acl.rt.synchronize_stream(stream) == 0


@pytest.mark.rules("RT-094", "GDE-135", "GDE-111")
def test_synchronize_device_waits_for_all_streams(acl, gate, stream, device_memory):
    memory = device_memory(64)
    acl.rt.memset(memory, 64, 0, 64)
    gate.close(stream)
    acl.rt.memset_async(memory, 64, 8, 64, stream)
    timer = threading.Timer(0.1, gate.open)
    timer.start()
    assert acl.rt.synchronize_device() == 0
    assert read(acl, memory, 64) == b"\x08" * 64
    timer.join()


@pytest.mark.rules("RT-098")
def test_the_timeout_ends_the_wait(acl, gate, stream):
    gate.close(stream)
    start = time.monotonic()
    assert acl.rt.synchronize_stream_with_timeout(stream, 100) == RT_STREAM_SYNC_TIMEOUT
    assert 0.09 <= time.monotonic() - start < 5
    gate.open()
    assert acl.rt.synchronize_stream_with_timeout(stream, 10_000) == 0


@pytest.mark.rules("RT-097")
def test_minus_one_waits_for_ever(acl, gate, stream):
    gate.close(stream)
    timer = threading.Timer(0.15, gate.open)
    timer.start()
    assert acl.rt.synchronize_stream_with_timeout(stream, -1) == 0
    timer.join()


@pytest.mark.rules("RT-097")
@pytest.mark.parametrize("timeout", [-2, -1000, -(2**31), -(2**70)])
def test_other_negative_timeouts_are_refused(acl, stream, timeout):
    assert acl.rt.synchronize_stream_with_timeout(stream, timeout) in PARAMETER_FAULTS


@pytest.mark.rules("RT-050")
def test_destroy_stream_waits_for_unfinished_tasks(acl, gate, stream, device_memory):
    memory = device_memory(64)
    acl.rt.memset(memory, 64, 0, 64)
    event, _ = acl.rt.create_event()
    gate.close(stream)
    acl.rt.record_event(event, stream)
    other, _ = acl.rt.create_stream()
    acl.rt.stream_wait_event(other, event)
    acl.rt.memset_async(memory, 64, 6, 64, other)
    timer = threading.Timer(0.1, gate.open)
    timer.start()
    assert acl.rt.destroy_stream(other) == 0
    assert read(acl, memory, 64) == b"\x06" * 64
    timer.join()
    acl.rt.destroy_event(event)


@pytest.mark.rules("RT-051", "RT-019")
def test_destroy_stream_without_synchronize_is_no_error(acl, context, device_memory):
    memory = device_memory(4096)
    stream, _ = acl.rt.create_stream()
    assert acl.rt.memset_async(memory, 4096, 6, 4096, stream) == 0
    assert acl.rt.destroy_stream(stream) == 0
    assert read(acl, memory, 4096) == b"\x06" * 4096


@pytest.mark.rules("RT-054")
def test_destroy_stream_force_does_not_wait(acl, gate, stream, device_memory):
    memory = device_memory(64)
    acl.rt.memset(memory, 64, 0, 64)
    event, _ = acl.rt.create_event()
    gate.close(stream)
    acl.rt.record_event(event, stream)
    other, _ = acl.rt.create_stream()
    acl.rt.stream_wait_event(other, event)
    acl.rt.memset_async(memory, 64, 6, 64, other)
    assert acl.rt.destroy_stream_force(other) == 0
    gate.open()
    assert acl.rt.synchronize_device() == 0
    assert read(acl, memory, 64) == bytes(64)
    acl.rt.destroy_event(event)


@pytest.mark.rules("RT-050", "GDE-150", "GDE-027")
@pytest.mark.parametrize("destroy", ["destroy_stream", "destroy_stream_force"])
def test_a_destroyed_stream_is_refused_everywhere(acl, context, device_memory, destroy):
    memory = device_memory(64)
    event, _ = acl.rt.create_event()
    stream, _ = acl.rt.create_stream()
    assert getattr(acl.rt, destroy)(stream) == 0
    assert acl.rt.destroy_stream(stream) in HANDLE_FAULTS
    assert acl.rt.destroy_stream_force(stream) in HANDLE_FAULTS
    assert acl.rt.synchronize_stream(stream) in HANDLE_FAULTS
    assert acl.rt.memset_async(memory, 64, 0, 64, stream) in HANDLE_FAULTS
    assert acl.rt.record_event(event, stream) in HANDLE_FAULTS
    assert acl.rt.stream_wait_event(stream, event) in HANDLE_FAULTS
    assert acl.rt.subscribe_report(1, stream) in HANDLE_FAULTS
    acl.rt.destroy_event(event)


@pytest.mark.rules("GDE-008", "RT-195")
@pytest.mark.parametrize("destroy", ["destroy_stream", "destroy_stream_force"])
def test_the_default_stream_cannot_be_destroyed(acl, context, destroy):
    assert getattr(acl.rt, destroy)(0) != 0
    assert acl.rt.synchronize_stream(0) == 0


@pytest.mark.rules("GDE-035", "GDM-027")
def test_zero_and_none_are_the_default_stream(acl, context, device_memory):
    memory = device_memory(64)
    assert acl.rt.memset_async(memory, 64, 1, 64, 0) == 0
    assert acl.rt.memset_async(memory, 64, 2, 64, None) == 0
    assert acl.rt.synchronize_stream(0) == 0
    assert read(acl, memory, 64) == b"\2" * 64


@pytest.mark.rules("RT-194")
@pytest.mark.parametrize("handle", [1, -1, 0xDEADBEEF, 2**56 + 1, 2**63, 2**64 - 1, 2**90])
def test_a_forged_stream_is_refused(acl, context, handle):
    assert acl.rt.synchronize_stream(handle) in HANDLE_FAULTS
    assert acl.rt.destroy_stream(handle) in HANDLE_FAULTS


@pytest.mark.rules("RT-194")
def test_an_event_is_no_stream(acl, context):
    event, _ = acl.rt.create_event()
    assert acl.rt.synchronize_stream(event) in HANDLE_FAULTS
    assert acl.rt.destroy_stream(event) in HANDLE_FAULTS
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("RT-063")
def test_after_a_failure_the_next_task_runs_by_default(acl, stream, failing_copy, device_memory):
    memory = device_memory(64)
    acl.rt.memset(memory, 64, 0, 64)
    assert failing_copy(stream) == 0
    assert acl.rt.memset_async(memory, 64, 4, 64, stream) == 0
    assert acl.rt.synchronize_stream(stream) != 0
    assert read(acl, memory, 64) == b"\4" * 64


@pytest.mark.rules("RT-062", "RT-064")
def test_with_stop_on_failure_the_next_task_does_not_run(acl, context, failing_copy, device_memory):
    memory = device_memory(64)
    acl.rt.memset(memory, 64, 0, 64)
    stream, _ = acl.rt.create_stream()
    assert acl.rt.set_stream_failure_mode(stream, 1) == 0
    assert failing_copy(stream) == 0
    acl.rt.memset_async(memory, 64, 4, 64, stream)
    assert acl.rt.synchronize_stream(stream) != 0
    assert read(acl, memory, 64) == bytes(64)
    acl.rt.destroy_stream(stream)


@pytest.mark.rules("RT-062")
@pytest.mark.parametrize("mode", [2, 3, 2**63, -1])
def test_an_unknown_failure_mode_is_refused(acl, stream, mode):
    assert acl.rt.set_stream_failure_mode(stream, mode) in PARAMETER_FAULTS


@pytest.mark.rules("RT-065")
@pytest.mark.parametrize("mode", [0, 1])
def test_the_default_stream_has_no_failure_mode(acl, context, mode):
    assert acl.rt.set_stream_failure_mode(0, mode) != 0


@pytest.mark.rules("GDE-131")
def test_two_streams_of_a_thread_are_synchronised_and_destroyed(acl, context, device_memory):
    streams = [acl.rt.create_stream()[0] for _ in range(2)]
    places = [device_memory(64) for _ in streams]
    for number, (stream, place) in enumerate(zip(streams, places, strict=True)):
        assert acl.rt.memset_async(place, 64, number + 1, 64, stream) == 0
    for stream in streams:
        assert acl.rt.synchronize_stream(stream) == 0
    assert [read(acl, place, 1) for place in places] == [b"\1", b"\2"]
    for stream in streams:
        assert acl.rt.destroy_stream(stream) == 0


@pytest.mark.rules("RT-037", "GDE-032")
def test_many_threads_use_streams_of_their_own(acl, context, device_memory):
    places = [device_memory(64) for _ in range(8)]

    def work(number: int) -> None:
        acl.rt.set_context(context)
        stream, _ = acl.rt.create_stream()
        for value in range(200):
            acl.rt.memset_async(places[number], 64, (value + number) % 256, 64, stream)
        acl.rt.synchronize_stream(stream)
        acl.rt.destroy_stream(stream)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [read(acl, place, 1)[0] for place in places] == [199 + i for i in range(8)]
