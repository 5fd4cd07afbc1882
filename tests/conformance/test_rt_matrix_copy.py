"""memcpy2d and memcpy2d_async."""

import numpy as np
import pytest
from constants import (
    DEVICE_TO_DEVICE,
    DEVICE_TO_HOST,
    HANDLE_FAULTS,
    HOST_TO_DEVICE,
    HOST_TO_HOST,
    PARAMETER_FAULTS,
    RT_FEATURE_NOT_SUPPORT,
)

pytestmark = pytest.mark.needs("acl.rt.memcpy2d", "acl.rt.memcpy2d_async")
WIDTH, HEIGHT, HOST_PITCH, DEVICE_PITCH = 100, 7, 128, 192


@pytest.fixture
def host(acl, device):
    size = HOST_PITCH * HEIGHT
    address, ret = acl.rt.malloc_host(size)
    assert ret == 0
    data = np.random.default_rng(3).integers(0, 256, size, np.uint8)
    acl.rt.memcpy(address, size, acl.util.bytes_to_ptr(data.tobytes()), size, HOST_TO_HOST)
    yield address
    assert acl.rt.free_host(address) == 0


@pytest.fixture
def memory(acl, device_memory):
    address = device_memory(DEVICE_PITCH * HEIGHT)
    assert acl.rt.memset(address, DEVICE_PITCH * HEIGHT, 0, DEVICE_PITCH * HEIGHT) == 0
    return address


@pytest.fixture(params=["memcpy2d", "memcpy2d_async"])
def copy(acl, stream, request):
    """copy(dst, dpitch, src, spitch, width, height, kind), done when it returns."""

    def run(*arguments) -> int:
        if request.param == "memcpy2d":
            return acl.rt.memcpy2d(*arguments)
        ret = acl.rt.memcpy2d_async(*arguments, stream)
        assert acl.rt.synchronize_stream(stream) == 0
        return ret

    return run


def of_host(acl, address: int) -> np.ndarray:
    data = acl.util.ptr_to_bytes(address, HOST_PITCH * HEIGHT)
    return np.frombuffer(data, np.uint8).reshape(HEIGHT, HOST_PITCH)


def of_device(acl, address: int) -> np.ndarray:
    size = DEVICE_PITCH * HEIGHT
    data = bytes(size)
    assert acl.rt.memcpy(acl.util.bytes_to_ptr(data), size, address, size, DEVICE_TO_HOST) == 0
    return np.frombuffer(data, np.uint8).reshape(HEIGHT, DEVICE_PITCH)


@pytest.mark.rules("RT-182", "RT-183", "RT-185")
def test_lines_go_to_the_device_and_nothing_else_changes(acl, copy, host, memory):
    assert copy(memory, DEVICE_PITCH, host, HOST_PITCH, WIDTH, HEIGHT, HOST_TO_DEVICE) == 0
    found = of_device(acl, memory)
    assert (found[:, :WIDTH] == of_host(acl, host)[:, :WIDTH]).all()
    assert not found[:, WIDTH:].any()


@pytest.mark.rules("RT-182", "RT-183", "RT-185")
def test_lines_come_back_and_nothing_else_changes(acl, copy, host, memory):
    assert acl.rt.memset(memory, DEVICE_PITCH * HEIGHT, 9, DEVICE_PITCH * HEIGHT) == 0
    before = of_host(acl, host).copy()
    assert copy(host, HOST_PITCH, memory, DEVICE_PITCH, WIDTH, HEIGHT, DEVICE_TO_HOST) == 0
    found = of_host(acl, host)
    assert (found[:, :WIDTH] == 9).all()
    assert (found[:, WIDTH:] == before[:, WIDTH:]).all()


@pytest.mark.rules("RT-182")
def test_lines_that_lie_side_by_side_are_copied_as_well(acl, copy, host, memory):
    assert copy(memory, HOST_PITCH, host, HOST_PITCH, HOST_PITCH, HEIGHT, HOST_TO_DEVICE) == 0
    size = HOST_PITCH * HEIGHT
    assert (of_device(acl, memory).reshape(-1)[:size] == of_host(acl, host).reshape(-1)).all()


@pytest.mark.rules("RT-182")
def test_the_last_line_needs_no_pitch(acl, copy, host, device_memory):
    memory = device_memory(DEVICE_PITCH * (HEIGHT - 1) + WIDTH)
    assert copy(memory, DEVICE_PITCH, host, HOST_PITCH, WIDTH, HEIGHT, HOST_TO_DEVICE) == 0


@pytest.mark.rules("RT-182", "RT-185")
@pytest.mark.parametrize(
    ("dpitch", "spitch", "width", "height"),
    [
        (WIDTH - 1, HOST_PITCH, WIDTH, HEIGHT),
        (DEVICE_PITCH, WIDTH - 1, WIDTH, HEIGHT),
        (DEVICE_PITCH, HOST_PITCH, WIDTH, HEIGHT + 1),
        (2**63, HOST_PITCH, WIDTH, 3),
        (2**64 - 1, 2**64 - 1, 2**64 - 1, 2),
        (DEVICE_PITCH, HOST_PITCH, 0, HEIGHT),
        (DEVICE_PITCH, HOST_PITCH, WIDTH, 0),
        (-1, HOST_PITCH, WIDTH, HEIGHT),
    ],
)
def test_sizes_that_leave_the_memory_are_refused(acl, copy, host, memory, dpitch, spitch, width, height):
    assert copy(memory, dpitch, host, spitch, width, height, HOST_TO_DEVICE) in PARAMETER_FAULTS
    assert not of_device(acl, memory).any()


@pytest.mark.rules("RT-183")
@pytest.mark.parametrize("kind", [HOST_TO_HOST, DEVICE_TO_DEVICE])
def test_other_kinds_are_not_supported(acl, copy, host, memory, device_memory, kind):
    first, second = (host, host) if kind == HOST_TO_HOST else (memory, device_memory(DEVICE_PITCH * HEIGHT))
    assert copy(first, HOST_PITCH, second, HOST_PITCH, WIDTH, HEIGHT, kind) == RT_FEATURE_NOT_SUPPORT


@pytest.mark.rules("RT-183")
@pytest.mark.parametrize("kind", [-1, 4, 99, 2**40])
def test_a_kind_that_does_not_exist_is_refused(copy, host, memory, kind):
    assert copy(memory, DEVICE_PITCH, host, HOST_PITCH, WIDTH, HEIGHT, kind) in PARAMETER_FAULTS


@pytest.mark.rules("RT-183")
def test_the_kind_must_fit_the_addresses(copy, host, memory):
    assert copy(memory, DEVICE_PITCH, host, HOST_PITCH, WIDTH, HEIGHT, DEVICE_TO_HOST) in PARAMETER_FAULTS
    assert copy(host, HOST_PITCH, memory, DEVICE_PITCH, WIDTH, HEIGHT, HOST_TO_DEVICE) in PARAMETER_FAULTS


@pytest.mark.rules("RT-182")
@pytest.mark.parametrize("wrong", [0, 8, 2**46 + 64, -64])
def test_a_host_address_that_is_not_mapped_is_an_error(acl, stream, memory, wrong):
    assert acl.rt.memcpy2d(memory, DEVICE_PITCH, wrong, HOST_PITCH, WIDTH, HEIGHT, HOST_TO_DEVICE) != 0
    ret = acl.rt.memcpy2d_async(
        memory, DEVICE_PITCH, wrong, HOST_PITCH, WIDTH, HEIGHT, HOST_TO_DEVICE, stream
    )
    assert ret != 0 or acl.rt.synchronize_stream(stream) != 0


@pytest.mark.rules("RT-185", "RT-186")
def test_the_asynchronous_copy_waits_for_its_stream(acl, stream, gate, host, memory):
    gate.close(stream)
    ret = acl.rt.memcpy2d_async(memory, DEVICE_PITCH, host, HOST_PITCH, WIDTH, HEIGHT, HOST_TO_DEVICE, stream)
    assert ret == 0
    assert not of_device(acl, memory).any()
    gate.open()
    assert acl.rt.synchronize_stream(stream) == 0
    assert (of_device(acl, memory)[:, :WIDTH] == of_host(acl, host)[:, :WIDTH]).all()


@pytest.mark.rules("RT-187")
def test_the_asynchronous_copy_takes_5_mi_lines_at_most(acl, stream, device_memory):
    most = 5 * 1024 * 1024
    host, _ = acl.rt.malloc_host(most + 1)
    memory = device_memory(most + 1)
    arguments = (memory, 1, host, 1, 1)
    assert acl.rt.memcpy2d_async(*arguments, most + 1, HOST_TO_DEVICE, stream) in PARAMETER_FAULTS
    assert acl.rt.memcpy2d_async(*arguments, most, HOST_TO_DEVICE, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("RT-185")
def test_the_asynchronous_copy_needs_a_stream_of_its_context(acl, context, host, memory):
    arguments = (memory, DEVICE_PITCH, host, HOST_PITCH, WIDTH, HEIGHT, HOST_TO_DEVICE)
    assert acl.rt.memcpy2d_async(*arguments, 12345) in HANDLE_FAULTS
    assert acl.rt.memcpy2d_async(*arguments, 0) == 0
    assert acl.rt.synchronize_stream(0) == 0
