"""memcpy, memcpy_async, memcpy2d, memset and memset_async."""

import numpy as np
import pytest
from constants import (
    DEVICE_TO_DEVICE,
    DEVICE_TO_HOST,
    HOST_TO_DEVICE,
    HOST_TO_HOST,
    PARAMETER_FAULTS,
)

SIZE = 1000
UNALIGNED = {107008, 200003, *PARAMETER_FAULTS}


@pytest.fixture
def data() -> bytes:
    return np.random.default_rng(3).integers(0, 256, SIZE, np.uint8).tobytes()


@pytest.fixture
def host(acl, device):
    address, ret = acl.rt.malloc_host(4096)
    assert ret == 0
    assert acl.rt.memset(address, 4096, 0, 4096) == 0
    yield address
    assert acl.rt.free_host(address) == 0


@pytest.fixture
def memory(acl, device_memory):
    address = device_memory(4096)
    assert acl.rt.memset(address, 4096, 0, 4096) == 0
    return address


def read(acl, host: int, memory: int, size: int) -> bytes:
    assert acl.rt.memcpy(host, size, memory, size, DEVICE_TO_HOST) == 0
    return acl.util.ptr_to_bytes(host, size)


@pytest.mark.rules("RT-173", "RT-174", "GDE-068")
def test_a_copy_goes_through_all_four_kinds(acl, host, memory, device_memory, data):
    other = device_memory(SIZE)
    result, _ = acl.rt.malloc_host(SIZE)
    assert acl.rt.memcpy(host, SIZE, acl.util.bytes_to_ptr(data), SIZE, HOST_TO_HOST) == 0
    assert acl.rt.memcpy(memory, SIZE, host, SIZE, HOST_TO_DEVICE) == 0
    assert acl.rt.memcpy(other, SIZE, memory, SIZE, DEVICE_TO_DEVICE) == 0
    assert acl.rt.memcpy(result, SIZE, other, SIZE, DEVICE_TO_HOST) == 0
    assert acl.util.ptr_to_bytes(result, SIZE) == data
    acl.rt.free_host(result)


@pytest.mark.rules("RT-175")
@pytest.mark.parametrize("kind", [0, 1, 2, 3])
def test_memcpy_judges_by_the_addresses_whatever_the_kind(acl, host, memory, data, kind):
    assert acl.rt.memcpy(memory, SIZE, acl.util.bytes_to_ptr(data), SIZE, kind) == 0
    assert acl.rt.memcpy(host, SIZE, memory, SIZE, kind) == 0
    assert acl.util.ptr_to_bytes(host, SIZE) == data


@pytest.mark.rules("RT-173")
def test_memcpy_copies_count_bytes_only(acl, host, memory, data):
    assert acl.rt.memcpy(memory, 4096, acl.util.bytes_to_ptr(data), 10, HOST_TO_DEVICE) == 0
    assert read(acl, host, memory, 20) == data[:10] + bytes(10)


@pytest.mark.rules("RT-173")
def test_memcpy_refuses_a_count_above_the_destination(acl, host, memory):
    assert acl.rt.memcpy(memory, 99, host, 100, HOST_TO_DEVICE) in PARAMETER_FAULTS
    assert acl.rt.memcpy(memory, 100, host, 100, HOST_TO_DEVICE) == 0


@pytest.mark.rules("GDE-114", "GDE-172")
def test_the_destination_may_lie_inside_an_allocation(acl, host, memory, data):
    assert acl.rt.memcpy(memory + 77, 4096 - 77, acl.util.bytes_to_ptr(data), 50, HOST_TO_DEVICE) == 0
    assert read(acl, host, memory, 140)[70:130] == bytes(7) + data[:50] + bytes(3)


@pytest.mark.rules("GDE-172")
def test_the_room_of_an_asynchronous_copy_may_be_larger_than_the_count(acl, host, memory, stream):
    acl.rt.memset(host, 64, 9, 64)
    assert acl.rt.memcpy_async(memory, 4096, host, 64, HOST_TO_DEVICE, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert read(acl, host, memory, 65) == b"\x09" * 64 + b"\0"


@pytest.mark.rules("RT-176", "RT-189")
@pytest.mark.parametrize("address", [0, 1, 4096, 2**47 + 5, 2**63, 2**64 - 1, -1, 2**90])
def test_memcpy_from_an_address_without_memory_is_an_error(acl, memory, address):
    assert acl.rt.memcpy(memory, 64, address, 64, HOST_TO_DEVICE) != 0


@pytest.mark.rules("RT-176", "RT-189")
@pytest.mark.parametrize("address", [0, 1, 4096, 2**47 + 5, 2**63, 2**64 - 1, -1, 2**90])
def test_memcpy_to_an_address_without_memory_is_an_error(acl, memory, address):
    assert acl.rt.memcpy(address, 64, memory, 64, DEVICE_TO_HOST) != 0


@pytest.mark.rules("RT-176")
def test_memcpy_beyond_the_end_of_an_allocation_is_an_error(acl, host, device_memory):
    memory = device_memory(100)
    assert acl.rt.memcpy(memory, 4096, host, 4096, HOST_TO_DEVICE) != 0
    assert acl.rt.memcpy(host, 4096, memory, 4096, DEVICE_TO_HOST) != 0


@pytest.mark.rules("RT-176")
def test_memcpy_of_freed_memory_is_an_error(acl, host):
    memory, _ = acl.rt.malloc(64, 0)
    acl.rt.free(memory)
    assert acl.rt.memcpy(host, 64, memory, 64, DEVICE_TO_HOST) != 0


@pytest.mark.rules("RT-173", "RT-189")
@pytest.mark.parametrize("count", [2**63, 2**64 - 1, 2**64, 2**100])
def test_memcpy_refuses_a_wild_count(acl, host, memory, count):
    assert acl.rt.memcpy(memory, count, host, count, HOST_TO_DEVICE) != 0


@pytest.mark.rules("RT-173")
def test_a_large_copy_arrives_complete(acl, device_memory):
    size = (40 << 20) + 12345
    memory, other = device_memory(size), device_memory(size)
    data = np.random.default_rng(9).integers(0, 256, size, np.uint8)
    result = np.zeros_like(data)
    assert acl.rt.memcpy(memory, size, data.ctypes.data, size, HOST_TO_DEVICE) == 0
    assert acl.rt.memcpy(other, size, memory, size, DEVICE_TO_DEVICE) == 0
    assert acl.rt.memcpy(result.ctypes.data, size, other, size, DEVICE_TO_HOST) == 0
    assert np.array_equal(result, data)


@pytest.mark.rules("RT-177", "RT-178", "RT-179", "GDE-068")
def test_asynchronous_copies_arrive_after_synchronize(acl, host, memory, stream, device_memory):
    other = device_memory(4096)
    result, _ = acl.rt.malloc_host(4096)
    acl.rt.memset(host, 4096, 0xA5, 4096)
    assert acl.rt.memcpy_async(memory, 4096, host, 4096, HOST_TO_DEVICE, stream) == 0
    assert acl.rt.memcpy_async(other, 4096, memory, 4096, DEVICE_TO_DEVICE, stream) == 0
    assert acl.rt.memcpy_async(result, 4096, other, 4096, DEVICE_TO_HOST, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.util.ptr_to_bytes(result, 4096) == b"\xa5" * 4096
    acl.rt.free_host(result)


@pytest.mark.rules("RT-177", "GDE-001")
def test_an_asynchronous_copy_reads_its_source_when_its_turn_comes(acl, gate, host, memory, stream):
    acl.rt.memset(host, 64, 1, 64)
    gate.close(stream)
    assert acl.rt.memcpy_async(memory, 64, host, 64, HOST_TO_DEVICE, stream) == 0
    acl.rt.memset(host, 64, 2, 64)
    gate.open()
    assert acl.rt.synchronize_stream(stream) == 0
    assert read(acl, host, memory, 1) == b"\2"


@pytest.mark.rules("RT-180", "GDE-104", "GDE-075")
@pytest.mark.parametrize(("source", "target"), [(1, 0), (0, 1), (32, 0), (0, 32), (63, 63)])
def test_an_asynchronous_copy_refuses_addresses_off_64(acl, host, memory, stream, source, target):
    assert acl.rt.memcpy_async(memory + target, 64, host + source, 64, HOST_TO_DEVICE, stream) in UNALIGNED


@pytest.mark.rules("RT-180", "GDE-104")
def test_an_asynchronous_copy_takes_any_multiple_of_64(acl, host, memory, stream):
    assert acl.rt.memcpy_async(memory + 128, 64, host + 192, 64, HOST_TO_DEVICE, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0


@pytest.mark.rules("RT-181", "GDE-078")
def test_an_asynchronous_copy_within_the_host_is_issued_and_fails_later(acl, host, stream):
    assert acl.rt.memcpy_async(host, 64, host + 64, 64, HOST_TO_HOST, stream) == 0
    assert acl.rt.synchronize_stream(stream) != 0


@pytest.mark.rules("RT-181")
def test_a_failure_is_reported_once(acl, host, stream):
    acl.rt.memcpy_async(host, 64, host + 64, 64, HOST_TO_HOST, stream)
    assert acl.rt.synchronize_stream(stream) != 0
    assert acl.rt.synchronize_stream(stream) == 0


@pytest.mark.rules("RT-179", "RT-189")
@pytest.mark.parametrize("kind", [-1, 99, 2**40])
def test_an_asynchronous_copy_refuses_an_unknown_kind(acl, host, memory, stream, kind):
    assert acl.rt.memcpy_async(memory, 64, host, 64, kind, stream) in PARAMETER_FAULTS


@pytest.mark.rules("RT-177", "RT-189")
def test_an_asynchronous_copy_refuses_a_count_above_the_destination(acl, host, memory, stream):
    assert acl.rt.memcpy_async(memory, 64, host, 65, HOST_TO_DEVICE, stream) in PARAMETER_FAULTS


@pytest.mark.rules("RT-177")
def test_memory_freed_before_the_copy_runs_does_not_end_the_process(acl, gate, host, stream):
    memory, _ = acl.rt.malloc(1 << 20, 0)
    gate.close(stream)
    assert acl.rt.memcpy_async(host, 64, memory, 64, DEVICE_TO_HOST, stream) == 0
    assert acl.rt.free(memory) == 0
    gate.open()
    acl.rt.synchronize_stream(stream)  # What such a copy reads is not defined.
    assert acl.rt.synchronize_stream(stream) == 0


@pytest.mark.rules("RT-170")
@pytest.mark.parametrize("value", [0, 1, 255, 256 + 7, -1, -(2**31), 2**31 - 1])
def test_memset_sets_the_low_byte_of_the_value(acl, host, memory, value):
    assert acl.rt.memset(memory, 100, value, 100) == 0
    assert read(acl, host, memory, 101) == bytes([value & 255]) * 100 + b"\0"


@pytest.mark.rules("RT-170")
def test_memset_works_on_host_memory(acl, host):
    assert acl.rt.memset(host, 100, 3, 50) == 0
    assert acl.util.ptr_to_bytes(host, 100) == b"\3" * 50 + bytes(50)


@pytest.mark.rules("RT-171")
def test_memset_refuses_a_count_above_the_maximum(acl, memory):
    assert acl.rt.memset(memory, 10, 0, 11) in PARAMETER_FAULTS
    assert acl.rt.memset(memory, 10, 0, 10) == 0


@pytest.mark.rules("RT-170", "RT-189")
@pytest.mark.parametrize("address", [0, 1, 2**47 + 5, 2**63, 2**64 - 1, -1])
def test_memset_of_an_address_without_memory_is_an_error(acl, device, address):
    assert acl.rt.memset(address, 64, 0, 64) != 0


@pytest.mark.rules("RT-170")
def test_memset_beyond_the_end_of_an_allocation_is_an_error(acl, device_memory):
    assert acl.rt.memset(device_memory(100), 4096, 0, 4096) != 0


@pytest.mark.rules("RT-172")
def test_memset_async_has_run_after_synchronize(acl, host, memory, stream):
    assert acl.rt.memset_async(memory, 4096, 0x5A, 4000, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert read(acl, host, memory, 4096) == b"\x5a" * 4000 + bytes(96)


@pytest.mark.rules("RT-172")
def test_memset_async_works_on_host_memory(acl, host, stream):
    assert acl.rt.memset_async(host, 64, 4, 64, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.util.ptr_to_bytes(host, 64) == b"\4" * 64


@pytest.mark.rules("RT-172", "RT-189")
def test_memset_async_refuses_a_count_above_the_maximum(acl, memory, stream):
    assert acl.rt.memset_async(memory, 10, 0, 11, stream) in PARAMETER_FAULTS


@pytest.mark.rules("RT-173")
def test_device_memory_needs_no_flush_between_copies(acl, host, memory):
    for value in range(20):
        acl.rt.memset(host, 64, value, 64)
        acl.rt.memcpy(memory, 64, host, 64, HOST_TO_DEVICE)
        acl.rt.memset(host, 64, 255, 64)
        assert read(acl, host, memory, 64) == bytes([value]) * 64
