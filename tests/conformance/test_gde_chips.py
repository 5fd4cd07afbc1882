"""What a program that asks for the chip's run mode may rely on, on whatever chip the suite runs."""

import ctypes

import pytest
from constants import DEVICE_TO_DEVICE, DEVICE_TO_HOST, HOST_TO_DEVICE, HOST_TO_HOST

ON_DEVICE, ON_HOST = 0, 1
DATA = bytes(range(256)) * 4


@pytest.fixture
def run_mode(acl) -> int:
    mode, ret = acl.rt.get_run_mode()
    assert ret == 0
    return mode


@pytest.mark.rules("GDE-065", "RT-022", "GDE-017", "GDE-016")
def test_programs_run_on_the_device_of_the_310b_and_on_the_host_of_the_others(acl, run_mode):
    assert run_mode == (ON_DEVICE if acl.get_soc_name().startswith("Ascend310B") else ON_HOST)


@pytest.mark.rules("GDE-071")
def test_the_portable_style_that_asks_for_the_run_mode(acl, run_mode, device):
    """Host memory and a copy where the program runs on the host; where it runs on the device, one block for both."""
    size = len(DATA)
    memory, ret = acl.rt.malloc(size, 2)
    assert ret == 0
    if run_mode == ON_HOST:
        host, ret = acl.rt.malloc_host(size)
        assert ret == 0
        ctypes.memmove(host, DATA, size)
        assert acl.rt.memcpy(memory, size, host, size, HOST_TO_DEVICE) == 0
        ctypes.memset(host, 0, size)
        assert acl.rt.memcpy(host, size, memory, size, DEVICE_TO_HOST) == 0
        assert ctypes.string_at(host, size) == DATA
        assert acl.rt.free_host(host) == 0
    else:
        ctypes.memmove(memory, DATA, size)
        copy, ret = acl.rt.malloc(size, 2)
        assert ret == 0
        assert acl.rt.memcpy(copy, size, memory, size, DEVICE_TO_DEVICE) == 0
        assert ctypes.string_at(copy, size) == DATA
        assert acl.rt.free(copy) == 0
    assert acl.rt.free(memory) == 0


@pytest.mark.rules("GDE-067", "GDE-069")
@pytest.mark.parametrize("kind", [HOST_TO_HOST, HOST_TO_DEVICE, DEVICE_TO_HOST, DEVICE_TO_DEVICE])
def test_host_memory_and_all_kinds_of_copies_exist_on_every_chip(acl, device, device_memory, kind):
    size = len(DATA)
    host, ret = acl.rt.malloc_host(size)
    assert ret == 0
    result, ret = acl.rt.malloc_host(size)
    assert ret == 0
    ctypes.memmove(host, DATA, size)
    source = host
    if kind in (DEVICE_TO_HOST, DEVICE_TO_DEVICE):
        source = device_memory(size)
        assert acl.rt.memcpy(source, size, host, size, HOST_TO_DEVICE) == 0
    target = device_memory(size) if kind in (HOST_TO_DEVICE, DEVICE_TO_DEVICE) else result
    assert acl.rt.memcpy(target, size, source, size, kind) == 0
    if target != result:
        assert acl.rt.memcpy(result, size, target, size, DEVICE_TO_HOST) == 0
    assert ctypes.string_at(result, size) == DATA
    assert acl.rt.free_host(host) == 0
    assert acl.rt.free_host(result) == 0


@pytest.mark.rules("RT-131")
def test_what_the_processor_writes_the_device_sees_and_the_other_way_round(run_python):
    """On the board, without any flush in between."""
    code = """
    import acl, ctypes
    acl.init(); acl.rt.set_device(0)
    memory, _ = acl.rt.malloc(4096, 0)
    copy, _ = acl.rt.malloc(4096, 0)
    for value in range(100):
        ctypes.memset(memory, value, 4096)
        assert acl.rt.memcpy_async(copy, 4096, memory, 4096, 3, 0) == 0
        assert acl.rt.synchronize_stream(0) == 0
        assert ctypes.string_at(copy, 4096) == bytes([value]) * 4096
        assert acl.rt.memset_async(memory, 4096, 255 - value, 4096, 0) == 0
        assert acl.rt.synchronize_stream(0) == 0
        assert ctypes.string_at(memory, 4096) == bytes([255 - value]) * 4096
    print("coherent")
    """
    assert run_python(code, env={"CAIRN_SOC": "Ascend310B4"}).stdout.split() == ["coherent"]


@pytest.mark.rules("GDE-155")
@pytest.mark.parametrize("clear", ["memset", "memset_async"])
def test_memory_that_others_left_dirty_is_clean_after_a_memset(acl, stream, clear):
    size = 1 << 16
    dirty = [acl.rt.malloc(size, 0)[0] for _ in range(8)]
    for memory in dirty:
        assert acl.rt.memset(memory, size, 0xAB, size) == 0
        assert acl.rt.free(memory) == 0
    memory, ret = acl.rt.malloc(size, 0)
    assert ret == 0
    if clear == "memset":
        assert acl.rt.memset(memory, size, 0, size) == 0
    else:
        assert acl.rt.memset_async(memory, size, 0, size, stream) == 0
        assert acl.rt.synchronize_stream(stream) == 0
    host, _ = acl.rt.malloc_host(size)
    assert acl.rt.memcpy(host, size, memory, size, DEVICE_TO_HOST) == 0
    assert acl.util.ptr_to_bytes(host, size) == bytes(size)
    assert acl.rt.free_host(host) == 0
    assert acl.rt.free(memory) == 0


@pytest.mark.rules("GDE-171")
@pytest.mark.parametrize("soc", ["Ascend310", "Ascend310P3", "Ascend910A", "Ascend910B4"])
def test_where_the_manual_has_no_limits_those_of_the_310b_hold_at_least(run_python, soc):
    code = """
    import acl
    acl.init(); acl.rt.set_device(0)
    contexts = [acl.rt.create_context(0)[1] for _ in range(128)]
    streams = [acl.rt.create_stream()[1] for _ in range(256)]
    events = [acl.rt.create_event_with_flag(1) for _ in range(1023)]
    recorded = [acl.rt.record_event(event, 0) for event, _ in events]
    print(set(contexts), set(streams), {ret for _, ret in events}, set(recorded), *acl.rt.get_run_mode())
    """
    assert run_python(code, env={"CAIRN_SOC": soc}).stdout.split() == ["{0}"] * 4 + ["1", "0"]


@pytest.mark.rules("RT-188")
def test_kind_3_copies_within_a_device_and_between_devices(run_python):
    code = """
    import acl
    acl.init()
    def allocate(number):
        assert acl.rt.set_device(number) == 0
        return acl.rt.malloc(4096, 0)[0]
    first, near, far = allocate(0), allocate(0), allocate(1)
    host, _ = acl.rt.malloc_host(4096)
    assert acl.rt.memset(first, 4096, 77, 4096) == 0
    print(acl.rt.memcpy(near, 4096, first, 4096, 3), acl.rt.memcpy(far, 4096, near, 4096, 3))
    print(acl.rt.memcpy(host, 4096, far, 4096, 2), acl.util.ptr_to_bytes(host, 4096) == bytes([77]) * 4096)
    assert acl.rt.memset(near, 4096, 5, 4096) == 0
    print(acl.rt.memcpy_async(far, 4096, near, 4096, 3, 0), acl.rt.synchronize_stream(0))
    print(acl.rt.memcpy(host, 4096, far, 4096, 2), acl.util.ptr_to_bytes(host, 4096) == bytes([5]) * 4096)
    """
    done = run_python(code, env={"CAIRN_DEVICES": "2"})
    assert done.stdout.split() == ["0", "0", "0", "True", "0", "0", "0", "True"], done.stderr
