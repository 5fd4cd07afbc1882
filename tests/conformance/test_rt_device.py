"""Devices: set, reset, count, run mode, and the devices that environment variables show."""

import threading

import pytest
from constants import RT_CONTEXT_NULL, RT_INVALID_DEVICEID

PREAMBLE = "import acl; assert acl.init() == 0\n"


@pytest.fixture
def prints(run_python):
    def run(code: str, **arguments) -> list[str]:
        done = run_python(PREAMBLE + code, **arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


@pytest.mark.rules("RT-008", "RT-016")
def test_set_and_reset_return_success(acl):
    assert acl.rt.set_device(0) == 0
    assert acl.rt.reset_device(0) == 0


@pytest.mark.rules("RT-009", "RT-029", "RT-034", "GDE-005", "GDE-034", "GDE-039", "RT-041", "GDE-007")
def test_set_device_makes_a_default_context_with_a_default_stream(acl, device, device_memory):
    memory = device_memory(64)
    assert acl.rt.memset_async(memory, 64, 1, 64, 0) == 0
    assert acl.rt.synchronize_stream(0) == 0


@pytest.mark.rules("RT-011", "GDE-163")
@pytest.mark.parametrize("function", ["set_device", "reset_device"])
@pytest.mark.parametrize("number", [-1, 2**31 - 1, -(2**31), 2**40, -(2**100)])
def test_an_id_out_of_range_is_refused(acl, function, number):
    assert getattr(acl.rt, function)(number) == RT_INVALID_DEVICEID


@pytest.mark.rules("RT-011", "RT-025")
def test_the_count_itself_is_the_first_bad_id(acl):
    count, ret = acl.rt.get_device_count()
    assert ret == 0
    assert acl.rt.set_device(count) == RT_INVALID_DEVICEID
    assert acl.rt.set_device(count - 1) == 0
    assert acl.rt.reset_device(count - 1) == 0


@pytest.mark.rules("RT-025")
def test_without_settings_there_is_one_device(prints):
    assert prints("print(*acl.rt.get_device_count())", env={"CAIRN_DEVICES": ""}) == ["1", "0"]


@pytest.mark.rules("RT-025")
def test_the_count_is_that_of_the_devices(prints):
    assert prints("print(*acl.rt.get_device_count())", env={"CAIRN_DEVICES": "8"}) == ["8", "0"]


@pytest.mark.rules("RT-020")
def test_get_device_returns_the_device_in_use(acl, device):
    assert acl.rt.get_device() == (0, 0)


@pytest.mark.rules("RT-021")
def test_get_device_fails_without_a_device(prints):
    assert prints("print(acl.rt.get_device()[1] != 0)") == ["True"]


@pytest.mark.rules("RT-021", "GDE-062")
def test_get_device_works_after_create_context_alone(prints):
    assert prints("acl.rt.create_context(0); print(*acl.rt.get_device())") == ["0", "0"]


@pytest.mark.rules("RT-022")
def test_run_mode_is_host_or_device(acl):
    mode, ret = acl.rt.get_run_mode()
    assert ret == 0
    assert mode in (0, 1)


@pytest.mark.rules("RT-022", "GDE-065", "GDE-016", "GDE-017")
@pytest.mark.parametrize(("soc", "mode"), [("Ascend310B4", "0"), ("Ascend310P3", "1"), ("Ascend910B1", "1")])
def test_run_mode_is_that_of_the_chip(prints, soc, mode):
    assert prints("print(*acl.rt.get_run_mode())", env={"CAIRN_SOC": soc}) == [mode, "0"]


@pytest.mark.rules("RT-023", "RT-024")
@pytest.mark.parametrize("number", [0, 1])
def test_set_ts_device_takes_each_scheduler(acl, device, number):
    assert acl.rt.set_ts_device(number) == 0


@pytest.mark.rules("RT-023")
@pytest.mark.parametrize("number", [-1, 3, 2**31 - 1])
def test_set_ts_device_refuses_a_scheduler_that_does_not_exist(acl, device, number):
    assert acl.rt.set_ts_device(number) != 0


@pytest.mark.rules("RT-012", "GDE-019", "GDE-021")
def test_the_default_context_lives_until_the_last_reset(prints):
    code = """
acl.rt.set_device(0); acl.rt.set_device(0)
acl.rt.reset_device(0)
print(acl.rt.synchronize_stream(0))
acl.rt.reset_device(0)
print(acl.rt.synchronize_stream(0) != 0)
"""
    assert prints(code) == ["0", "True"]


@pytest.mark.rules("GDE-021", "RT-013")
def test_a_second_set_device_gives_the_same_default_context(acl, device):
    first = acl.rt.get_context()
    assert acl.rt.set_device(0) == 0
    assert acl.rt.get_context() == first
    assert acl.rt.reset_device(0) == 0


@pytest.mark.rules("RT-013", "GDE-060")
def test_threads_that_set_one_device_share_its_default_context(acl, device):
    contexts = []

    def work() -> None:
        assert acl.rt.set_device(0) == 0
        contexts.append(acl.rt.get_context()[0])
        assert acl.rt.reset_device(0) == 0

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contexts == [acl.rt.get_context()[0]] * 4


@pytest.mark.rules("RT-014")
def test_threads_create_contexts_on_a_device_that_was_set_in_another(acl, device):
    results = []

    def work() -> None:
        context, ret = acl.rt.create_context(0)
        results.append((ret, acl.rt.destroy_context(context)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(0, 0)] * 4


@pytest.mark.rules("GDE-018", "GDE-019")
def test_reset_without_set_is_an_error(prints):
    assert prints("print(acl.rt.reset_device(0) != 0)") == ["True"]


@pytest.mark.rules("GDE-019")
def test_one_reset_too_many_is_an_error(prints):
    assert prints("acl.rt.set_device(0); print(acl.rt.reset_device(0), acl.rt.reset_device(0) != 0)") == [
        "0",
        "True",
    ]


@pytest.mark.rules("GDE-018", "GDE-019")
def test_a_device_may_be_used_again_after_its_reset(prints):
    code = """
for _ in range(20):
    assert acl.rt.set_device(0) == 0
    memory, ret = acl.rt.malloc(1 << 20, 0)
    assert ret == 0
    assert acl.rt.memset(memory, 1 << 20, 1, 1 << 20) == 0
    assert acl.rt.free(memory) == 0
    assert acl.rt.reset_device(0) == 0
print("done")
"""
    assert prints(code) == ["done"]


@pytest.mark.rules("RT-017", "GDE-061", "GDE-064")
def test_after_the_last_reset_streams_of_the_default_context_are_gone(prints):
    code = """
acl.rt.set_device(0)
stream, _ = acl.rt.create_stream()
acl.rt.reset_device(0)
acl.rt.set_device(0)
print(acl.rt.synchronize_stream(stream) != 0)
"""
    assert prints(code) == ["True"]


@pytest.mark.rules("GDE-019", "GDE-061")
def test_memory_of_a_device_ends_with_its_last_reset(prints):
    code = """
acl.rt.set_device(0)
memory, _ = acl.rt.malloc(4096, 0)
acl.rt.reset_device(0)
acl.rt.set_device(0)
print(acl.rt.memset(memory, 4096, 1, 4096) != 0, acl.rt.free(memory) != 0)
"""
    assert prints(code) == ["True", "True"]


@pytest.mark.rules("RT-018")
def test_reset_device_waits_for_tasks_of_the_default_stream(prints):
    code = """
import threading, time
acl.rt.set_device(0)
context, _ = acl.rt.get_context()
ran = []
def slow(data):
    time.sleep(0.3)
    ran.append(data)
go_on = True
def serve(arguments):
    acl.rt.set_context(arguments[0])
    while go_on:
        acl.rt.process_report(10)
thread, _ = acl.util.start_thread(serve, [context])
acl.rt.subscribe_report(thread, 0)
acl.rt.launch_callback(slow, [1], 1, 0)
acl.rt.reset_device(0)
print(ran)
go_on = False
acl.util.stop_thread(thread)
"""
    assert prints(code) == ["[[1]]"]


@pytest.mark.rules("RT-197", "GDE-062", "GDE-063", "GDE-022")
def test_destroying_the_context_releases_a_device_that_it_took(prints):
    code = """
context, ret = acl.rt.create_context(0); print(ret)
stream, ret = acl.rt.create_stream(); print(ret)
print(acl.rt.destroy_stream(stream), acl.rt.destroy_context(context))
print(acl.rt.malloc(64, 0)[1] != 0)
print(acl.finalize())
"""
    assert prints(code) == ["0", "0", "0", "0", "True", "0"]


@pytest.mark.rules("GDE-002")
def test_devices_do_not_share_memory(prints):
    code = """
acl.rt.set_device(0)
first, _ = acl.rt.malloc(4096, 0)
kind = 0 if acl.rt.get_mem_info(0)[1] else 1  # DDR or HBM
used = [acl.rt.get_mem_info(kind)[0]]
acl.rt.set_device(1)
before = acl.rt.get_mem_info(kind)[0]
second, _ = acl.rt.malloc(1 << 26, 0)
after = acl.rt.get_mem_info(kind)[0]
acl.rt.set_device(0)
used.append(acl.rt.get_mem_info(kind)[0])
print(before - after >= 1 << 26, used[0] == used[1], abs(first - second) >= 4096)
"""
    assert prints(code, env={"CAIRN_DEVICES": "2"}) == ["True", "True", "True"]


@pytest.mark.rules("RT-015", "GDE-031")
def test_a_thread_switches_between_devices_by_set_device(prints):
    code = """
for number in (0, 2, 1):
    assert acl.rt.set_device(number) == 0
    print(acl.rt.get_device()[0])
"""
    assert prints(code, env={"CAIRN_DEVICES": "3"}) == ["0", "2", "1"]


@pytest.mark.rules("GDE-031", "GDE-110", "GDE-020")
def test_a_thread_switches_between_devices_by_set_context(prints):
    code = """
contexts = [acl.rt.create_context(i)[0] for i in range(3)]
for number in (1, 0, 2):
    assert acl.rt.set_context(contexts[number]) == 0
    print(acl.rt.get_device()[0])
"""
    assert prints(code, env={"CAIRN_DEVICES": "3"}) == ["1", "0", "2"]


@pytest.mark.rules("GDE-048", "GDE-049")
def test_one_visible_device_is_counted_alone(prints):
    environment = {"CAIRN_DEVICES": "8", "ASCEND_RT_VISIBLE_DEVICES": "1"}
    code = "print(*acl.rt.get_device_count(), acl.rt.set_device(0), acl.rt.set_device(1))"
    assert prints(code, env=environment) == ["1", "0", "0", "107001"]


@pytest.mark.rules("GDE-048", "GDE-050")
@pytest.mark.parametrize("visible", ["2,3,4", "4,3,2"])
def test_a_list_of_visible_devices_gives_their_count(prints, visible):
    environment = {"CAIRN_DEVICES": "8", "ASCEND_RT_VISIBLE_DEVICES": visible}
    assert prints("print(acl.rt.get_device_count()[0], acl.rt.set_device(2))", env=environment) == ["3", "0"]


@pytest.mark.rules("GDE-051")
@pytest.mark.parametrize("visible", ["2,3,-1,5", "2,3,x,5", "2,3,8,5", "2,3,2,5", "2,3,,5"])
def test_an_invalid_entry_ends_the_list_of_visible_devices(prints, visible):
    environment = {"CAIRN_DEVICES": "8", "ASCEND_RT_VISIBLE_DEVICES": visible}
    assert prints("print(acl.rt.get_device_count()[0])", env=environment) == ["2"]


@pytest.mark.rules("GDE-052")
def test_visible_devices_are_read_when_the_process_starts(prints):
    environment = {"CAIRN_DEVICES": "4", "ASCEND_RT_VISIBLE_DEVICES": "1,2"}
    code = "import os; os.environ['ASCEND_RT_VISIBLE_DEVICES'] = '0'; print(acl.rt.get_device_count()[0])"
    assert prints(code, env=environment) == ["2"]


@pytest.mark.rules("RT-094", "GDE-135", "GDE-176", "GDE-111")
def test_synchronize_device_succeeds_without_work(acl, device):
    assert acl.rt.synchronize_device() == 0


@pytest.mark.rules("RT-094")
def test_synchronize_device_fails_without_a_context(prints):
    assert prints("print(acl.rt.synchronize_device())") == [str(RT_CONTEXT_NULL)]
