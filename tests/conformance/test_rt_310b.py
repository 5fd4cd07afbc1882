"""What holds for the chip of the Atlas 200/500 A2 (310B): limits, run mode, functions that it does not have."""

import pytest
from chip_support import lacks_of
from constants import RT_NO_EVENT_RESOURCE, RT_NO_STREAM_RESOURCE

BOARD = {"CAIRN_SOC": "Ascend310B4"}
PREAMBLE = """
import acl
assert acl.init() == 0
def count(create):
    made = []
    while True:
        handle, ret = create()
        if ret != 0:
            return made, ret
        made.append(handle)
"""


@pytest.fixture
def prints(run_python):
    def run(code: str) -> list[str]:
        done = run_python(PREAMBLE + code, env=BOARD)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


@pytest.mark.rules("RT-043", "RT-010", "RT-028")
def test_beside_one_default_stream_511_streams_can_be_made(prints):
    code = "acl.rt.set_device(0); made, ret = count(acl.rt.create_stream); print(len(made), ret)"
    assert prints(code) == ["511", str(RT_NO_STREAM_RESOURCE)]


@pytest.mark.rules("RT-043", "RT-027", "RT-028")
def test_an_explicit_context_takes_two_streams(prints):
    code = """
acl.rt.set_device(0); acl.rt.create_context(0)
made, ret = count(acl.rt.create_stream); print(len(made), ret)
"""
    assert prints(code) == ["509", str(RT_NO_STREAM_RESOURCE)]


@pytest.mark.rules("RT-043", "RT-027", "RT-028")
def test_beside_one_default_and_one_internal_stream_510_can_be_made(prints):
    code = "acl.rt.create_context(0); made, ret = count(acl.rt.create_stream); print(len(made), ret)"
    assert prints(code) == ["510", str(RT_NO_STREAM_RESOURCE)]


@pytest.mark.rules("RT-043", "GDE-023")
def test_the_number_of_contexts_is_limited_by_the_streams(prints):
    code = """
acl.rt.set_device(0)
made, ret = count(lambda: acl.rt.create_context(0))
print(len(made), ret != 0)
acl.rt.destroy_context(made.pop())
print(acl.rt.create_context(0)[1])
"""
    assert prints(code) == ["255", "True", "0"]


@pytest.mark.rules("RT-043")
def test_a_destroyed_stream_makes_room_for_another(prints):
    code = """
acl.rt.set_device(0)
made, _ = count(acl.rt.create_stream)
acl.rt.destroy_stream(made[100])
print(acl.rt.create_stream()[1], acl.rt.create_stream()[1])
"""
    assert prints(code) == ["0", str(RT_NO_STREAM_RESOURCE)]


@pytest.mark.rules("GDE-003", "RT-043")
def test_destroyed_contexts_give_back_their_streams(prints):
    code = """
acl.rt.set_device(0)
for _ in range(600):
    context, ret = acl.rt.create_context(0)
    assert ret == 0
    assert acl.rt.create_stream()[1] == 0
    assert acl.rt.destroy_context(context) == 0
print("done")
"""
    assert prints(code) == ["done"]


@pytest.mark.rules("RT-069", "RT-078")
def test_1023_events_for_synchronisation_can_be_made(prints):
    code = """
acl.rt.set_device(0)
made, ret = count(lambda: acl.rt.create_event_with_flag(1))
print(len(made), ret)
acl.rt.destroy_event(made.pop())
print(acl.rt.create_event_with_flag(1)[1])
"""
    assert prints(code) == ["1023", str(RT_NO_EVENT_RESOURCE), "0"]


@pytest.mark.rules("RT-068", "RT-070")
def test_events_for_timing_are_not_limited(prints):
    code = """
acl.rt.set_device(0)
print(sum(acl.rt.create_event_with_flag(8)[1] != 0 for _ in range(70000)))
"""
    assert prints(code) == ["0"]


@pytest.mark.rules("RT-067", "RT-077", "RT-078")
def test_65535_events_can_hold_a_record(prints):
    code = """
acl.rt.set_device(0)
events = [acl.rt.create_event()[0] for _ in range(65535)]
print(sum(acl.rt.record_event(event, 0) != 0 for event in events))
event, ret = acl.rt.create_event()
if ret == 0:
    ret = acl.rt.record_event(event, 0)
print(ret)
print(acl.rt.reset_event(events[0], 0), acl.rt.synchronize_stream(0))
if event:
    acl.rt.destroy_event(event)
acl.rt.destroy_event(events.pop(0))
event, ret = acl.rt.create_event()
print(ret, acl.rt.record_event(event, 0))
"""
    assert prints(code) == ["0", str(RT_NO_EVENT_RESOURCE), "0", "0", "0", "0"]


@pytest.mark.rules("GDE-070", "GDE-067", "GDE-069")
def test_host_memory_and_copies_work_as_the_samples_use_them(prints):
    code = """
acl.rt.set_device(0)
memory, _ = acl.rt.malloc(256, 0); host, ret = acl.rt.malloc_host(256)
data = bytes(range(256))
print(ret, acl.rt.memcpy(host, 256, acl.util.bytes_to_ptr(data), 256, 0))
print(acl.rt.memcpy(memory, 256, host, 256, 1), acl.rt.memset(host, 256, 0, 256))
print(acl.rt.memcpy(host, 256, memory, 256, 2), acl.util.ptr_to_bytes(host, 256) == data)
"""
    assert prints(code) == ["0"] * 5 + ["True"]


@pytest.mark.rules("SYS-026", "GDE-065")
def test_the_board_calls_itself_by_its_name_and_runs_on_the_device(prints):
    assert prints("print(acl.get_soc_name(), acl.rt.get_run_mode()[0])") == ["Ascend310B4", "0"]


CALLS = {
    "acl.rt.set_device_sat_mode": "acl.rt.set_device_sat_mode(0)",
    "acl.rt.get_device_sat_mode": "acl.rt.get_device_sat_mode()[1]",
    "acl.rt.set_stream_overflow_switch": "acl.rt.set_stream_overflow_switch(0, 1)",
    "acl.rt.get_stream_overflow_switch": "acl.rt.get_stream_overflow_switch(0)[1]",
    "acl.rt.memcpy2d": "acl.rt.memcpy2d(memory, 8, host, 8, 8, 8, 1)",
    "acl.rt.memcpy2d_async": "acl.rt.memcpy2d_async(memory, 8, host, 8, 8, 8, 1, 0)",
    "acl.trans_tensor_desc_format": "acl.trans_tensor_desc_format(acl.create_tensor_desc(0, [1, 2, 3, 4], 0), 1)[1]",
    "acl.mdl.set_dataset_tensor_desc": "acl.mdl.set_dataset_tensor_desc(acl.mdl.create_dataset(), 0, 0)[1]",
}


@pytest.mark.rules("RT-192")
@pytest.mark.parametrize(
    ("function", "lack"),
    [
        pytest.param(function, lack, marks=pytest.mark.rules(lack.rule), id=function)
        for function, lack in lacks_of(BOARD["CAIRN_SOC"]).items()
    ],
)
def test_a_function_that_the_board_does_not_have_says_so_by_code_and_text(prints, function, lack):
    code = f"""
acl.rt.set_device(0)
memory, _ = acl.rt.malloc(64, 0); host, _ = acl.rt.malloc_host(64)
print({CALLS[function]}, acl.get_recent_err_msg())
"""
    ret, text, *_ = prints(code)
    assert (int(ret), text) == (lack.code, f"[{lack.rule}]")
