"""Datasets: data buffers in order."""

import pytest
from constants import INVALID_PARAM


@pytest.fixture
def dataset(acl):
    handle = acl.mdl.create_dataset()
    assert isinstance(handle, int)
    assert handle != 0
    yield handle
    assert acl.mdl.destroy_dataset(handle) == 0


@pytest.mark.rules("MDL-059", "MDL-060", "MDL-062", "MDL-063", "MDL-064", "MDL-065")
def test_buffers_come_back_in_order(acl, dataset, device_memory):
    assert acl.mdl.get_dataset_num_buffers(dataset) == 0
    buffers = [acl.create_data_buffer(device_memory(64), 64) for _ in range(5)]
    for count, buffer in enumerate(buffers, 1):
        assert acl.mdl.add_dataset_buffer(dataset, buffer) == (dataset, 0)
        assert acl.mdl.get_dataset_num_buffers(dataset) == count
    assert [acl.mdl.get_dataset_buffer(dataset, i) for i in range(5)] == buffers
    for index in (5, -1, 1 << 70):
        assert acl.mdl.get_dataset_buffer(dataset, index) == 0
    for buffer in buffers:
        assert acl.destroy_data_buffer(buffer) == 0


@pytest.mark.rules("MDL-061")
def test_a_destroyed_dataset_is_unknown(acl):
    dataset = acl.mdl.create_dataset()
    assert acl.mdl.destroy_dataset(dataset) == 0
    assert acl.mdl.destroy_dataset(dataset) == INVALID_PARAM
    assert acl.mdl.add_dataset_buffer(dataset, 0)[1] == INVALID_PARAM
    assert acl.mdl.get_dataset_num_buffers(dataset) == 0
    assert acl.mdl.get_dataset_buffer(dataset, 0) == 0


@pytest.mark.rules("MDL-062")
@pytest.mark.parametrize("buffer", [0, None, 1, -1, 0x7F0000001000, 1 << 100])
def test_only_data_buffers_can_be_added(acl, dataset, buffer):
    assert acl.mdl.add_dataset_buffer(dataset, buffer) == (dataset, INVALID_PARAM)
    assert acl.mdl.get_dataset_num_buffers(dataset) == 0


@pytest.mark.rules("MDL-061", "MDL-064", "MDL-065")
@pytest.mark.parametrize("handle", [0, None, 1, -1, 0x7F0000001000, 1 << 100])
def test_wild_handles(acl, handle):
    assert acl.mdl.destroy_dataset(handle) == INVALID_PARAM
    assert acl.mdl.get_dataset_num_buffers(handle) == 0
    assert acl.mdl.get_dataset_buffer(handle, 0) == 0
