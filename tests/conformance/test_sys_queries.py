"""Version, chip name and the error texts of 10.2."""

import re
import threading

import pytest
from constants import RT_INVALID_DEVICEID


@pytest.mark.rules("SYS-025")
def test_get_version_returns_three_ints_and_success(acl):
    major, minor, patch, ret = acl.get_version()
    assert ret == 0
    assert major >= 1
    assert minor >= 0
    assert patch >= 0


@pytest.mark.rules("SYS-026")
def test_get_soc_name_returns_the_chip_as_a_str(acl):
    assert re.fullmatch(r"Ascend\d+\w*", acl.get_soc_name())


@pytest.mark.rules("SYS-026", "GDE-167")
@pytest.mark.parametrize("name", ["Ascend310B4", "Ascend310P3", "Ascend310", "Ascend910A", "Ascend910B1"])
def test_get_soc_name_tells_the_chip_that_was_asked_for(run_python, name):
    done = run_python("import acl; acl.init(); print(acl.get_soc_name())", env={"CAIRN_SOC": name})
    assert done.stdout.strip() == name


@pytest.fixture
def no_messages(acl):
    acl.get_recent_err_msg()


@pytest.mark.rules("SYS-027", "SYS-029")
def test_a_failed_call_leaves_a_text(acl, no_messages):
    assert acl.rt.set_device(-1) == RT_INVALID_DEVICEID
    assert "-1" in acl.get_recent_err_msg()


@pytest.mark.rules("SYS-027")
def test_reading_the_text_clears_it(acl, no_messages):
    acl.rt.set_device(-1)
    assert acl.get_recent_err_msg()
    assert not acl.get_recent_err_msg()


@pytest.mark.rules("SYS-029")
def test_the_newest_text_is_at_the_top(acl, no_messages):
    acl.rt.set_device(-11)
    acl.rt.set_device(-22)
    text = acl.get_recent_err_msg()
    assert 0 <= text.index("-22") < text.index("-11")


@pytest.mark.rules("SYS-027", "GDE-158")
def test_a_successful_call_leaves_no_text(acl, no_messages):
    assert acl.rt.get_device_count()[1] == 0
    assert not acl.get_recent_err_msg()


@pytest.mark.rules("SYS-028")
def test_another_thread_does_not_see_the_text(acl, no_messages):
    acl.rt.set_device(-1)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(acl.get_recent_err_msg()))
    thread.start()
    thread.join()
    assert not seen[0]
    assert acl.get_recent_err_msg()


@pytest.mark.rules("SYS-028")
def test_each_thread_reads_its_own_text(acl, no_messages):
    texts = {}
    barrier = threading.Barrier(4)

    def fail(number: int) -> None:
        acl.rt.set_device(-number)
        barrier.wait()
        texts[number] = acl.get_recent_err_msg()

    threads = [threading.Thread(target=fail, args=(1000 + i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, text in texts.items():
        assert f"-{number}" in text
        assert len(re.findall(r"-100\d", text)) == text.count(f"-{number}")


@pytest.mark.rules("SYS-030")
def test_a_text_read_before_stays_as_it_was(acl, no_messages):
    acl.rt.set_device(-31)
    first = acl.get_recent_err_msg()
    kept = first[:]
    acl.rt.set_device(-32)
    acl.get_recent_err_msg()
    assert first == kept


@pytest.mark.rules("SYS-031")
def test_ten_thousand_unread_failures_do_not_pile_up_without_bound(acl, no_messages):
    for number in range(10_000):
        acl.rt.set_device(-1 - number)
    text = acl.get_recent_err_msg()
    assert "-10000" in text
    assert len(text) < 1 << 20


FAILING_CALLS = {
    "set_device": lambda acl: acl.rt.set_device(1 << 20),
    "reset_device": lambda acl: acl.rt.reset_device(-5),
    "create_context": lambda acl: acl.rt.create_context(77777)[1],
    "destroy_context": lambda acl: acl.rt.destroy_context(0xDEAD),
    "set_context": lambda acl: acl.rt.set_context(0xDEAD),
    "destroy_stream": lambda acl: acl.rt.destroy_stream(0xDEAD),
    "destroy_stream_force": lambda acl: acl.rt.destroy_stream_force(0xDEAD),
    "synchronize_stream": lambda acl: acl.rt.synchronize_stream(0xDEAD),
    "synchronize_stream_with_timeout": lambda acl: acl.rt.synchronize_stream_with_timeout(0, -2),
    "set_stream_failure_mode": lambda acl: acl.rt.set_stream_failure_mode(0, 1),
    "destroy_event": lambda acl: acl.rt.destroy_event(0xDEAD),
    "record_event": lambda acl: acl.rt.record_event(0xDEAD, 0),
    "query_event": lambda acl: acl.rt.query_event(0xDEAD)[1],
    "query_event_status": lambda acl: acl.rt.query_event_status(0xDEAD)[1],
    "query_event_wait_status": lambda acl: acl.rt.query_event_wait_status(0xDEAD)[1],
    "synchronize_event": lambda acl: acl.rt.synchronize_event(0xDEAD),
    "event_elapsed_time": lambda acl: acl.rt.event_elapsed_time(0xDEAD, 0xBEEF)[1],
    "stream_wait_event": lambda acl: acl.rt.stream_wait_event(0, 0xDEAD),
    "subscribe_report": lambda acl: acl.rt.subscribe_report(1, 0xDEAD),
    "unsubscribe_report": lambda acl: acl.rt.unsubscribe_report(1, 0xDEAD),
    "process_report": lambda acl: acl.rt.process_report(0),
    "malloc": lambda acl: acl.rt.malloc(0, 0)[1],
    "malloc with a wild policy": lambda acl: acl.rt.malloc(64, 12345)[1],
    "malloc_host": lambda acl: acl.rt.malloc_host(0)[1],
    "free": lambda acl: acl.rt.free(0xDEAD),
    "free_host": lambda acl: acl.rt.free_host(0xDEAD),
    "memset": lambda acl: acl.rt.memset(0, 16, 0, 16),
    "memcpy": lambda acl: acl.rt.memcpy(0, 16, 0, 16, 1),
    "memcpy_async": lambda acl: acl.rt.memcpy_async(0, 64, 0, 64, 1, 0),
    "destroy_data_buffer": lambda acl: acl.destroy_data_buffer(0xDEAD),
    "update_data_buffer": lambda acl: acl.update_data_buffer(0xDEAD, 0, 0),
    "get_tensor_desc_dim_v2": lambda acl: acl.get_tensor_desc_dim_v2(0xDEAD, 0)[1],
}


@pytest.mark.rules("RT-189", "SYS-027")
@pytest.mark.parametrize("name", FAILING_CALLS)
def test_the_text_of_a_failed_call_begins_with_a_rule_id(acl, device, no_messages, name):
    assert FAILING_CALLS[name](acl) != 0
    assert re.match(r"\[[A-Z]+\d*-\d+\] ", acl.get_recent_err_msg())
