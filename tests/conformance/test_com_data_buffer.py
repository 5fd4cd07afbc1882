"""aclDataBuffer: an address and a size, owned by the user."""

import pytest
from constants import HANDLE_FAULTS


@pytest.fixture
def memory(device_memory):
    return device_memory(4096)


@pytest.mark.rules("COM-007", "COM-012")
def test_a_data_buffer_keeps_its_address(acl, memory):
    buffer = acl.create_data_buffer(memory, 4096)
    assert isinstance(buffer, int)
    assert buffer != 0
    assert acl.get_data_buffer_addr(buffer) == memory
    assert acl.destroy_data_buffer(buffer) == 0


@pytest.mark.rules("COM-013", "COM-002")
@pytest.mark.parametrize("name", ["get_data_buffer_size", "get_data_buffer_size_v2"])
def test_both_size_functions_return_the_size_alone(acl, memory, name):
    buffer = acl.create_data_buffer(memory, 4096)
    assert getattr(acl, name)(buffer) == 4096
    acl.destroy_data_buffer(buffer)


@pytest.mark.rules("COM-013")
def test_size_v2_holds_more_than_four_gigabytes(acl):
    buffer = acl.create_data_buffer(0x1000, 5 << 32)
    assert acl.get_data_buffer_size_v2(buffer) == 5 << 32
    acl.destroy_data_buffer(buffer)


@pytest.mark.rules("COM-008")
@pytest.mark.parametrize("nothing", [0, None, []])
def test_a_null_address_makes_an_empty_buffer(acl, nothing):
    buffer = acl.create_data_buffer(nothing, 123)
    assert buffer != 0
    assert acl.get_data_buffer_addr(buffer) in (0, None)
    assert acl.destroy_data_buffer(buffer) == 0


@pytest.mark.rules("COM-009", "COM-011", "GDE-098")
def test_destroying_a_buffer_leaves_the_memory_alone(acl, device):
    memory, ret = acl.rt.malloc(256, 0)
    assert ret == 0
    buffer = acl.create_data_buffer(memory, 256)
    assert acl.destroy_data_buffer(buffer) == 0
    assert acl.rt.memset(memory, 256, 7, 256) == 0
    assert acl.rt.free(memory) == 0


@pytest.mark.rules("GDE-098")
def test_a_buffer_may_be_destroyed_after_its_memory_was_freed(acl, device):
    memory, _ = acl.rt.malloc(256, 0)
    buffer = acl.create_data_buffer(memory, 256)
    assert acl.rt.free(memory) == 0
    assert acl.destroy_data_buffer(buffer) == 0


@pytest.mark.rules("COM-014")
def test_update_replaces_address_and_size(acl, device_memory):
    first, second = device_memory(64), device_memory(128)
    buffer = acl.create_data_buffer(first, 64)
    assert acl.update_data_buffer(buffer, second, 128) == 0
    assert acl.get_data_buffer_addr(buffer) == second
    assert acl.get_data_buffer_size_v2(buffer) == 128
    acl.destroy_data_buffer(buffer)


@pytest.mark.rules("COM-014")
def test_update_does_not_free_the_old_memory(acl, device_memory):
    first, second = device_memory(64), device_memory(64)
    buffer = acl.create_data_buffer(first, 64)
    acl.update_data_buffer(buffer, second, 64)
    assert acl.rt.memset(first, 64, 1, 64) == 0
    acl.destroy_data_buffer(buffer)


@pytest.mark.rules("COM-015")
def test_update_takes_host_memory(acl, device, memory):
    host, ret = acl.rt.malloc_host(64)
    assert ret == 0
    buffer = acl.create_data_buffer(memory, 4096)
    assert acl.update_data_buffer(buffer, host, 64) == 0
    assert acl.get_data_buffer_addr(buffer) == host
    acl.destroy_data_buffer(buffer)
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("GDE-149", "GDE-150")
def test_a_destroyed_buffer_is_refused(acl, memory):
    buffer = acl.create_data_buffer(memory, 64)
    assert acl.destroy_data_buffer(buffer) == 0
    assert acl.destroy_data_buffer(buffer) in HANDLE_FAULTS
    assert acl.update_data_buffer(buffer, memory, 64) in HANDLE_FAULTS
    assert acl.get_data_buffer_addr(buffer) in (0, None)
    assert acl.get_data_buffer_size_v2(buffer) == 0


@pytest.mark.rules("GDE-150")
def test_a_new_buffer_does_not_revive_an_old_handle(acl, memory):
    old = acl.create_data_buffer(memory, 64)
    acl.destroy_data_buffer(old)
    new = acl.create_data_buffer(memory, 64)
    assert new != old
    assert acl.destroy_data_buffer(old) in HANDLE_FAULTS
    assert acl.destroy_data_buffer(new) == 0


@pytest.mark.rules("COM-011")
def test_a_buffer_function_refuses_a_handle_of_another_type(acl):
    desc = acl.create_tensor_desc(0, [1], 2)
    assert acl.destroy_data_buffer(desc) in HANDLE_FAULTS
    assert acl.get_tensor_desc_num_dims(desc) == 1
    acl.destroy_tensor_desc(desc)


@pytest.mark.rules("COM-010")
def test_a_buffer_of_one_byte_stands_for_an_empty_tensor(acl, device_memory):
    memory = device_memory(1)
    buffer = acl.create_data_buffer(memory, 1)
    assert (acl.get_data_buffer_addr(buffer), acl.get_data_buffer_size_v2(buffer)) == (memory, 1)
    assert acl.destroy_data_buffer(buffer) == 0
