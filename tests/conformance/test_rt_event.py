"""Events: recording, waiting, querying, resetting and timing."""

import math
import threading
import time

import pytest
from constants import HANDLE_FAULTS, PARAMETER_FAULTS, RT_EVENT_SYNC_TIMEOUT, RT_WAIT_TIMEOUT

NOT_RECORDED, RECORDED = 0, 1
WAIT_COMPLETE, WAIT_NOT_READY = 0, 1
QUERY_COMPLETE, QUERY_NOT_READY = 0, 1


@pytest.fixture
def event(acl, context):
    handle, ret = acl.rt.create_event()
    assert ret == 0
    yield handle
    acl.rt.destroy_event(handle)


@pytest.fixture
def no_wait_timeout(acl):
    yield
    assert acl.rt.set_op_wait_timeout(0) == 0


@pytest.mark.rules("RT-066")
def test_create_event_returns_a_handle_and_success(acl, context):
    event, ret = acl.rt.create_event()
    assert isinstance(event, int)
    assert (event != 0, ret) == (True, 0)
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("RT-068", "RT-070", "RT-071")
@pytest.mark.parametrize("flag", [1, 8, 9])
def test_an_event_may_have_each_documented_flag(acl, context, flag):
    event, ret = acl.rt.create_event_with_flag(flag)
    assert ret == 0
    assert acl.rt.record_event(event, 0) == 0
    assert acl.rt.synchronize_event(event) == 0
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("RT-068")
@pytest.mark.parametrize("flag", [0x40000000, 2**32 + 8, -1])
def test_an_undocumented_flag_is_refused(acl, context, flag):
    assert acl.rt.create_event_with_flag(flag)[1] in PARAMETER_FAULTS


@pytest.mark.rules("RT-075", "RT-089", "GDE-136")
def test_an_event_in_an_empty_stream_completes(acl, event, stream):
    assert acl.rt.record_event(event, stream) == 0
    assert acl.rt.synchronize_event(event) == 0


@pytest.mark.rules("RT-075", "GDE-035")
def test_an_event_may_be_recorded_in_the_default_stream(acl, event):
    assert acl.rt.record_event(event, 0) == 0
    assert acl.rt.synchronize_event(event) == 0


@pytest.mark.rules("GDE-009", "GDE-136")
def test_a_stream_waits_for_the_record_before_its_wait_whatever_is_recorded_later(acl, gate, event, stream):
    other, waiting = acl.rt.create_stream()[0], acl.rt.create_stream()[0]
    gate.close(stream)
    assert acl.rt.record_event(event, stream) == 0
    assert acl.rt.stream_wait_event(waiting, event) == 0
    assert acl.rt.record_event(event, other) == 0
    assert acl.rt.synchronize_stream(other) == 0
    assert acl.rt.synchronize_stream_with_timeout(waiting, 20) != 0
    gate.open()
    assert acl.rt.synchronize_stream(waiting) == 0
    assert acl.rt.destroy_stream(other) == 0
    assert acl.rt.destroy_stream(waiting) == 0


@pytest.mark.rules("RT-084")
def test_an_event_that_was_not_recorded_is_not_ready(acl, event):
    assert acl.rt.query_event_status(event) == (NOT_RECORDED, 0)


@pytest.mark.rules("RT-084")
def test_an_event_that_was_executed_is_complete(acl, event, stream):
    acl.rt.record_event(event, stream)
    acl.rt.synchronize_stream(stream)
    assert acl.rt.query_event_status(event) == (RECORDED, 0)


@pytest.mark.rules("RT-084", "GDE-136")
def test_an_event_behind_unfinished_tasks_is_not_ready(acl, gate, event, stream):
    gate.close(stream)
    acl.rt.record_event(event, stream)
    assert acl.rt.query_event_status(event) == (NOT_RECORDED, 0)
    gate.open()
    assert acl.rt.synchronize_event(event) == 0
    assert acl.rt.query_event_status(event) == (RECORDED, 0)


@pytest.mark.rules("RT-001", "RT-081", "RT-083")
def test_the_old_query_has_the_values_of_the_c_type(acl, gate, event, stream):
    gate.close(stream)
    acl.rt.record_event(event, stream)
    assert acl.rt.query_event(event) == (QUERY_NOT_READY, 0)
    gate.open()
    acl.rt.synchronize_event(event)
    assert acl.rt.query_event(event) == (QUERY_COMPLETE, 0)


@pytest.mark.rules("RT-085")
def test_the_new_query_sees_events_of_other_threads(acl, context, event, stream):
    def work() -> None:
        acl.rt.set_context(context)
        acl.rt.record_event(event, stream)
        acl.rt.synchronize_stream(stream)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert acl.rt.query_event_status(event) == (RECORDED, 0)


@pytest.mark.rules("RT-089", "GDE-132", "GDE-136", "GDE-009")
def test_synchronize_event_waits_for_what_was_launched_before(acl, gate, event, stream):
    gate.close(stream)
    acl.rt.record_event(event, stream)
    timer = threading.Timer(0.1, gate.open)
    start = time.monotonic()
    timer.start()
    assert acl.rt.synchronize_event(event) == 0
    assert time.monotonic() - start >= 0.05
    timer.join()


@pytest.mark.rules("GDE-136")
def test_an_event_does_not_wait_for_what_is_launched_after_it(acl, gate, event, stream):
    acl.rt.record_event(event, stream)
    gate.close(stream)
    assert acl.rt.synchronize_event(event) == 0


@pytest.mark.rules("RT-092", "GDE-134", "GDE-009", "GDE-127")
def test_stream_wait_event_makes_a_stream_wait_for_another(acl, gate, event, stream, device_memory):
    memory = device_memory(64)
    other, _ = acl.rt.create_stream()
    gate.close(stream)
    assert acl.rt.memset_async(memory, 64, 1, 64, stream) == 0
    assert acl.rt.record_event(event, stream) == 0
    assert acl.rt.stream_wait_event(other, event) == 0
    assert acl.rt.memset_async(memory, 64, 2, 64, other) == 0
    assert acl.rt.synchronize_stream_with_timeout(other, 50) != 0
    gate.open()
    assert acl.rt.synchronize_stream(other) == 0
    host, _ = acl.rt.malloc_host(64)
    acl.rt.memcpy(host, 64, memory, 64, 2)
    assert acl.util.ptr_to_bytes(host, 1) == b"\2"
    acl.rt.free_host(host)
    assert acl.rt.destroy_stream(other) == 0


@pytest.mark.rules("RT-092", "GDE-134")
def test_several_streams_may_wait_for_one_event(acl, gate, event, stream):
    others = [acl.rt.create_stream()[0] for _ in range(8)]
    gate.close(stream)
    acl.rt.record_event(event, stream)
    for other in others:
        assert acl.rt.stream_wait_event(other, event) == 0
    assert [acl.rt.synchronize_stream_with_timeout(other, 5) != 0 for other in others] == [True] * 8
    gate.open()
    for other in others:
        assert acl.rt.synchronize_stream(other) == 0
        assert acl.rt.destroy_stream(other) == 0


@pytest.mark.rules("RT-092")
def test_the_default_stream_may_wait_for_an_event(acl, event, stream):
    acl.rt.record_event(event, stream)
    assert acl.rt.stream_wait_event(0, event) == 0
    assert acl.rt.synchronize_stream(0) == 0


@pytest.mark.rules("RT-086", "RT-087", "RT-088")
def test_the_wait_status_is_complete_when_all_streams_have_gone_on(acl, gate, event, stream):
    others = [acl.rt.create_stream()[0] for _ in range(2)]
    gate.close(stream)
    acl.rt.record_event(event, stream)
    for other in others:
        acl.rt.stream_wait_event(other, event)
    assert acl.rt.query_event_wait_status(event) == (WAIT_NOT_READY, 0)
    gate.open()
    for other in others:
        acl.rt.synchronize_stream(other)
    assert acl.rt.query_event_wait_status(event) == (WAIT_COMPLETE, 0)
    for other in others:
        acl.rt.destroy_stream(other)


@pytest.mark.rules("RT-076", "RT-079", "RT-196")
def test_reset_sets_the_status_back(acl, event, stream):
    acl.rt.record_event(event, stream)
    acl.rt.synchronize_stream(stream)
    assert acl.rt.query_event_status(event) == (RECORDED, 0)
    assert acl.rt.reset_event(event, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.rt.query_event_status(event) == (NOT_RECORDED, 0)


@pytest.mark.rules("RT-076", "RT-080", "RT-079")
def test_an_event_may_be_recorded_again_after_a_reset(acl, event, stream):
    other, _ = acl.rt.create_stream()
    for _ in range(10):
        assert acl.rt.record_event(event, stream) == 0
        assert acl.rt.stream_wait_event(other, event) == 0
        assert acl.rt.synchronize_stream(other) == 0
        assert acl.rt.reset_event(event, stream) == 0
        assert acl.rt.synchronize_stream(stream) == 0
    assert acl.rt.destroy_stream(other) == 0


@pytest.mark.rules("GDE-138")
def test_an_event_may_be_recorded_again_without_a_reset(acl, event, stream):
    for _ in range(10):
        assert acl.rt.record_event(event, stream) == 0
        assert acl.rt.stream_wait_event(0, event) == 0
        assert acl.rt.synchronize_stream(0) == 0


@pytest.mark.rules("RT-066", "RT-090", "RT-091")
def test_elapsed_time_is_that_between_the_events(acl, stream, context):
    start, end = (acl.rt.create_event()[0] for _ in range(2))
    assert acl.rt.record_event(start, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    time.sleep(0.1)
    assert acl.rt.record_event(end, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    milliseconds, ret = acl.rt.event_elapsed_time(start, end)
    assert ret == 0
    assert isinstance(milliseconds, float)
    assert 99 <= milliseconds < 5000
    acl.rt.destroy_event(start)
    acl.rt.destroy_event(end)


@pytest.mark.rules("RT-068", "RT-091")
def test_timeline_events_measure_time(acl, stream):
    start, end = (acl.rt.create_event_with_flag(8)[0] for _ in range(2))
    acl.rt.record_event(start, stream)
    acl.rt.record_event(end, stream)
    acl.rt.synchronize_stream(stream)
    milliseconds, ret = acl.rt.event_elapsed_time(start, end)
    assert ret == 0
    assert math.isfinite(milliseconds)
    assert 0 <= milliseconds < 1000
    acl.rt.destroy_event(start)
    acl.rt.destroy_event(end)


@pytest.mark.rules("RT-091")
def test_elapsed_time_of_events_that_were_not_recorded_is_an_error(acl, context):
    start, end = (acl.rt.create_event()[0] for _ in range(2))
    assert acl.rt.event_elapsed_time(start, end)[1] == 107006
    acl.rt.destroy_event(start)
    acl.rt.destroy_event(end)


@pytest.mark.rules("RT-091")
def test_elapsed_time_backwards_is_an_error(acl, stream):
    first, second = (acl.rt.create_event()[0] for _ in range(2))
    acl.rt.record_event(first, stream)
    acl.rt.synchronize_stream(stream)
    time.sleep(0.01)
    acl.rt.record_event(second, stream)
    acl.rt.synchronize_stream(stream)
    assert acl.rt.event_elapsed_time(second, first)[1] == 107007
    acl.rt.destroy_event(first)
    acl.rt.destroy_event(second)


@pytest.mark.rules("RT-072", "GDE-150")
def test_a_destroyed_event_is_refused_everywhere(acl, stream):
    event, _ = acl.rt.create_event()
    assert acl.rt.destroy_event(event) == 0
    assert acl.rt.destroy_event(event) in HANDLE_FAULTS
    assert acl.rt.record_event(event, stream) in HANDLE_FAULTS
    assert acl.rt.reset_event(event, stream) in HANDLE_FAULTS
    assert acl.rt.stream_wait_event(stream, event) in HANDLE_FAULTS
    assert acl.rt.synchronize_event(event) in HANDLE_FAULTS
    assert acl.rt.query_event(event)[1] in HANDLE_FAULTS
    assert acl.rt.query_event_status(event)[1] in HANDLE_FAULTS
    assert acl.rt.query_event_wait_status(event)[1] in HANDLE_FAULTS
    assert acl.rt.event_elapsed_time(event, event)[1] in HANDLE_FAULTS


@pytest.mark.rules("RT-072", "RT-194")
@pytest.mark.parametrize("handle", [0, 1, -1, 0xDEADBEEF, 2**63, 2**64 - 1, 2**80])
def test_a_forged_event_is_refused(acl, context, handle):
    assert acl.rt.destroy_event(handle) in HANDLE_FAULTS
    assert acl.rt.record_event(handle, 0) in HANDLE_FAULTS
    assert acl.rt.synchronize_event(handle) in HANDLE_FAULTS


@pytest.mark.rules("GDE-137", "GDE-138")
def test_the_sample_between_streams_works_without_synchronisation(acl, context):
    first, second = (acl.rt.create_stream()[0] for _ in range(2))
    event, _ = acl.rt.create_event()
    assert acl.rt.record_event(event, first) == 0
    assert acl.rt.stream_wait_event(second, event) == 0
    assert acl.rt.destroy_stream(second) == 0
    assert acl.rt.destroy_stream(first) == 0
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("GDE-174")
def test_an_event_may_be_destroyed_after_its_stream(acl, context):
    stream, _ = acl.rt.create_stream()
    event, _ = acl.rt.create_event()
    assert acl.rt.record_event(event, stream) == 0
    assert acl.rt.synchronize_event(event) == 0
    assert acl.rt.destroy_stream(stream) == 0
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("RT-073", "GDE-174")
def test_an_event_may_be_destroyed_while_a_stream_waits_for_it(acl, gate, stream):
    event, _ = acl.rt.create_event()
    other, _ = acl.rt.create_stream()
    gate.close(stream)
    acl.rt.record_event(event, stream)
    acl.rt.stream_wait_event(other, event)
    assert acl.rt.destroy_event(event) == 0
    gate.open()
    assert acl.rt.synchronize_stream(other) == 0
    assert acl.rt.destroy_stream(other) == 0


@pytest.mark.rules("RT-093", "RT-123", "RT-126", "RT-191")
def test_a_wait_beyond_the_timeout_is_an_error_of_synchronize(acl, gate, event, stream, no_wait_timeout):
    other, _ = acl.rt.create_stream()
    assert acl.rt.set_op_wait_timeout(1) == 0
    gate.close(stream)
    acl.rt.record_event(event, stream)
    start = time.monotonic()
    assert acl.rt.stream_wait_event(other, event) == 0
    assert acl.rt.synchronize_stream(other) in (RT_WAIT_TIMEOUT, RT_EVENT_SYNC_TIMEOUT)
    assert 0.9 <= time.monotonic() - start < 10
    gate.open()
    acl.rt.destroy_stream(other)


@pytest.mark.rules("RT-093", "RT-123")
def test_a_wait_within_the_timeout_is_no_error(acl, gate, event, stream, no_wait_timeout):
    other, _ = acl.rt.create_stream()
    assert acl.rt.set_op_wait_timeout(20) == 0
    gate.close(stream)
    acl.rt.record_event(event, stream)
    acl.rt.stream_wait_event(other, event)
    timer = threading.Timer(0.1, gate.open)
    timer.start()
    assert acl.rt.synchronize_stream(other) == 0
    timer.join()
    acl.rt.destroy_stream(other)


@pytest.mark.rules("RT-124", "RT-125")
def test_the_last_timeout_counts_and_zero_means_none(acl, gate, event, stream, no_wait_timeout):
    other, _ = acl.rt.create_stream()
    assert acl.rt.set_op_wait_timeout(1) == 0
    assert acl.rt.set_op_wait_timeout(0) == 0
    gate.close(stream)
    acl.rt.record_event(event, stream)
    acl.rt.stream_wait_event(other, event)
    assert acl.rt.synchronize_stream_with_timeout(other, 1500) == 507046
    gate.open()
    assert acl.rt.synchronize_stream(other) == 0
    acl.rt.destroy_stream(other)


@pytest.mark.rules("RT-084", "RT-085")
def test_threads_record_and_query_one_event(acl, context, event):
    failures = []

    def work() -> None:
        acl.rt.set_context(context)
        stream, _ = acl.rt.create_stream()
        for _ in range(300):
            failures.append(acl.rt.record_event(event, stream))
            failures.append(acl.rt.query_event_status(event)[1])
            failures.append(acl.rt.stream_wait_event(stream, event))
        failures.append(acl.rt.synchronize_stream(stream))
        acl.rt.destroy_stream(stream)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(failures) == {0}
