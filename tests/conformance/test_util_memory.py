"""acl.util: addresses of bytes objects and NumPy arrays."""

import ctypes

import numpy as np
import pytest

DEVICE_TO_HOST, HOST_TO_DEVICE = 2, 1

NUMPY_TYPES = {
    "UTL-012": (0, np.bool_),
    "UTL-013": (1, np.int8),
    "UTL-014": (2, np.uint8),
    "UTL-015": (3, np.int16),
    "UTL-016": (4, np.uint16),
    "UTL-017": (5, np.int32),
    "UTL-018": (6, np.uint32),
    "UTL-019": (7, np.int64),
    "UTL-020": (8, np.uint64),
    "UTL-021": (9, np.longlong),
    "UTL-022": (10, np.ulonglong),
    "UTL-023": (11, np.float32),
    "UTL-024": (12, np.float64),
    "UTL-025": (23, np.float16),
}
OTHER_NUMPY_TYPES = {13: np.longdouble, 14: np.complex64, 15: np.complex128}


CASES = [
    pytest.param(code, data_type, marks=pytest.mark.rules(rule), id=f"{np.dtype(data_type).name}-{code}")
    for rule, (code, data_type) in NUMPY_TYPES.items()
]


@pytest.mark.rules("UTL-011")
@pytest.mark.parametrize(("code", "data_type"), CASES)
def test_ptr_to_numpy_gives_an_array_of_the_type(acl, code, data_type):
    source = np.array([[1, 0, 1], [0, 1, 1]], data_type)
    result = acl.util.ptr_to_numpy(source.ctypes.data, (2, 3), code)
    assert result.dtype == np.dtype(data_type)
    assert np.array_equal(result, source)


@pytest.mark.rules("UTL-026")
@pytest.mark.parametrize(("code", "data_type"), OTHER_NUMPY_TYPES.items())
def test_ptr_to_numpy_takes_further_codes_of_numpy(acl, code, data_type):
    source = np.array([1, 2, 3], data_type)
    assert np.array_equal(acl.util.ptr_to_numpy(source.ctypes.data, (3,), code), source)


@pytest.mark.rules("UTL-003", "UTL-011")
def test_ptr_to_numpy_shows_the_memory_itself(acl):
    source = np.zeros(4, np.int32)
    view = acl.util.ptr_to_numpy(source.ctypes.data, (4,), 5)
    source[2] = 77
    assert view[2] == 77


@pytest.mark.rules("UTL-011")
@pytest.mark.parametrize("code", [-1, 17, 18, 19, 24, 1000, 2**70])
def test_ptr_to_numpy_refuses_a_type_that_is_no_number(acl, code):
    source = np.zeros(4, np.int64)
    assert acl.util.ptr_to_numpy(source.ctypes.data, (1,), code) is None
    assert acl.get_recent_err_msg().startswith("[UTL-")


@pytest.mark.rules("UTL-001", "UTL-004", "UTL-010", "UTL-005")
def test_numpy_to_ptr_is_the_address_of_the_data(acl):
    array = np.arange(10, dtype=np.int16)
    pointer = acl.util.numpy_to_ptr(array)
    assert isinstance(pointer, int)
    assert pointer == array.ctypes.data


@pytest.mark.rules("UTL-006")
def test_numpy_to_ptr_prints_a_warning_for_a_discontiguous_array(acl, capfd):
    acl.util.numpy_to_ptr(np.zeros((4, 4), np.int32)[:, ::2])
    written = capfd.readouterr()
    assert (
        "The input ndarray is discontiguous. Please use acl.util.numpy_contiguous_to_ptr instead."
        in written.out + written.err
    )


@pytest.mark.rules("UTL-006")
def test_numpy_to_ptr_prints_nothing_for_a_contiguous_array(acl, capfd):
    acl.util.numpy_to_ptr(np.zeros((4, 4), np.int32))
    written = capfd.readouterr()
    assert written.out + written.err == ""


@pytest.mark.rules("UTL-002", "UTL-009")
def test_numpy_contiguous_to_ptr_copies_a_discontiguous_array(acl):
    array = np.arange(16, dtype=np.int32).reshape(4, 4)[:, ::2]
    pointer, result = acl.util.numpy_contiguous_to_ptr(array)
    assert result.flags.c_contiguous
    assert np.array_equal(result, array)
    assert pointer == result.ctypes.data
    assert pointer != array.ctypes.data


@pytest.mark.rules("UTL-009", "UTL-010")
def test_numpy_contiguous_to_ptr_keeps_a_contiguous_array(acl):
    array = np.arange(16, dtype=np.int32)
    pointer, result = acl.util.numpy_contiguous_to_ptr(array)
    assert pointer == array.ctypes.data
    assert result.ctypes.data == array.ctypes.data


@pytest.mark.rules("UTL-028")
def test_bytes_to_ptr_is_the_address_of_the_bytes(acl):
    data = b"ascend computing language"
    pointer = acl.util.bytes_to_ptr(data)
    assert isinstance(pointer, int)
    assert ctypes.string_at(pointer, len(data)) == data


@pytest.mark.rules("UTL-028", "UTL-005")
def test_bytes_to_ptr_exposes_the_own_storage_of_the_object(acl):
    data = bytes(bytearray(range(32)))
    ctypes.memset(acl.util.bytes_to_ptr(data), 9, 4)
    assert data[:5] == b"\x09\x09\x09\x09\x04"


@pytest.mark.rules("UTL-030")
@pytest.mark.parametrize("size", [0, 1, 31, 4096, 1 << 20])
def test_ptr_to_bytes_copies_size_bytes(acl, size):
    source = np.random.default_rng(size).integers(0, 256, max(size, 1), np.uint8)
    result = acl.util.ptr_to_bytes(source.ctypes.data, size)
    assert isinstance(result, bytes)
    assert result == source.tobytes()[:size]


@pytest.mark.rules("UTL-030")
def test_ptr_to_bytes_is_a_copy(acl):
    source = np.zeros(8, np.uint8)
    result = acl.util.ptr_to_bytes(source.ctypes.data, 8)
    source[:] = 5
    assert result == bytes(8)


@pytest.mark.rules("UTL-029")
def test_bytes_to_ptr_and_ptr_to_bytes_are_opposites(acl):
    data = bytes(range(256))
    assert acl.util.ptr_to_bytes(acl.util.bytes_to_ptr(data), len(data)) == data


@pytest.mark.rules("UTL-008", "UTL-027", "GDE-095", "GDE-097")
def test_an_array_goes_to_the_device_and_back_as_bytes(acl, device_memory):
    array = np.random.default_rng(1).normal(size=(3, 50)).astype(np.float32)
    size = array.nbytes
    memory = device_memory(size)
    data = array.tobytes()
    assert acl.rt.memcpy(memory, size, acl.util.bytes_to_ptr(data), size, HOST_TO_DEVICE) == 0
    host, ret = acl.rt.malloc_host(size)
    assert ret == 0
    assert acl.rt.memcpy(host, size, memory, size, DEVICE_TO_HOST) == 0
    result = np.frombuffer(acl.util.ptr_to_bytes(host, size), np.float32).reshape(3, 50)
    assert np.array_equal(result, array)
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("UTL-007")
def test_numpy_and_python_are_as_new_as_the_numpy_functions_need(acl):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    pointer, kept = acl.util.numpy_contiguous_to_ptr(array)
    assert np.array_equal(acl.util.ptr_to_numpy(pointer, (2, 3), 11), kept)
