"""Loading through a configuration object: acl.mdl.create_config_handle, set_config_opt, load_with_config."""

import numpy as np
import pytest
from constants import INVALID_PARAM
from mdl_models import Buffers, atc, reference, two_by_two

PRIORITY, LOAD_TYPE, PATH, MEM_ADDR, MEM_SIZE = range(5)
WEIGHT_ADDR, WEIGHT_SIZE, WORK_ADDR, WORK_SIZE = range(5, 9)
INPUTQ_NUM, INPUTQ_ADDR, OUTPUTQ_NUM, OUTPUTQ_ADDR, WORK_OPTIMIZE = range(9, 14)
FROM_FILE, FROM_FILE_WITH_MEM, FROM_MEM, FROM_MEM_WITH_MEM, FROM_FILE_WITH_Q = range(1, 6)
MODEL_PATH_INVALID = 145002


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return two_by_two(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def om(network):
    return atc(network)


@pytest.fixture
def om_memory(acl, context, om):
    data = om.read_bytes()
    address, ret = acl.rt.malloc_host(len(data))
    assert ret == 0
    assert acl.rt.memcpy(address, len(data), acl.util.bytes_to_ptr(data), len(data), 0) == 0
    yield address, len(data)
    assert acl.rt.free_host(address) == 0


@pytest.fixture
def config(acl, context):
    handle = acl.mdl.create_config_handle()
    assert handle != 0
    yield handle
    assert acl.mdl.destroy_config_handle(handle) == 0


def configure(acl, handle, options):
    for attribute, value in options.items():
        assert acl.mdl.set_config_opt(handle, attribute, value) == 0, acl.get_recent_err_msg()


def check_results(acl, model, network):
    """The model computes what ONNX Runtime does."""
    random = np.random.default_rng(3)
    image = random.standard_normal((2, 3, 8, 10)).astype(np.float32)
    offset = random.standard_normal((1, 4, 1, 1)).astype(np.float32)
    total, count = reference(network, [image, offset])
    inputs, outputs = Buffers(acl, [image.nbytes, offset.nbytes]), Buffers(acl, [total.nbytes, count.nbytes])
    inputs.write(0, image)
    inputs.write(1, offset)
    assert acl.mdl.execute(model, inputs.dataset, outputs.dataset) == 0
    np.testing.assert_allclose(outputs.read(0, np.float32, total.shape), total, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(outputs.read(1, np.int32, count.shape), count)
    inputs.free()
    outputs.free()


@pytest.mark.rules("MDL-049", "MDL-050")
def test_a_handle_lives_until_it_is_destroyed(acl):
    one, other = acl.mdl.create_config_handle(), acl.mdl.create_config_handle()
    assert one != 0
    assert other not in (0, one)
    assert acl.mdl.destroy_config_handle(one) == 0
    assert acl.mdl.destroy_config_handle(one) == INVALID_PARAM
    assert acl.mdl.set_config_opt(one, LOAD_TYPE, FROM_FILE) == INVALID_PARAM
    assert acl.mdl.load_with_config(one) == (0, INVALID_PARAM)
    assert acl.mdl.set_config_opt(other, LOAD_TYPE, FROM_FILE) == 0
    assert acl.mdl.destroy_config_handle(other) == 0


@pytest.mark.rules("MDL-006", "MDL-051", "MDL-053", "MDL-054", "MDL-055", "GDE-081", "GDE-084")
@pytest.mark.parametrize("kind", [FROM_FILE, FROM_FILE_WITH_MEM, FROM_MEM, FROM_MEM_WITH_MEM])
def test_attributes_select_source_and_memory(acl, config, device_memory, om, network, om_memory, kind):
    work_size, weight_size, ret = acl.mdl.query_size(str(om))
    assert ret == 0
    configure(acl, config, {LOAD_TYPE: kind, PRIORITY: 3})
    if kind in (FROM_FILE, FROM_FILE_WITH_MEM):
        configure(acl, config, {PATH: str(om)})
    else:
        configure(acl, config, {MEM_ADDR: om_memory[0], MEM_SIZE: om_memory[1]})
    if kind in (FROM_FILE_WITH_MEM, FROM_MEM_WITH_MEM):
        work, weights = device_memory(work_size), device_memory(weight_size)
        configure(acl, config, {WORK_ADDR: work, WORK_SIZE: work_size})
        configure(acl, config, {WEIGHT_ADDR: weights, WEIGHT_SIZE: weight_size})
    model, ret = acl.mdl.load_with_config(config)
    assert ret == 0, acl.get_recent_err_msg()
    check_results(acl, model, network)
    again, ret = acl.mdl.load_with_config(config)
    assert ret == 0
    assert again != model
    assert acl.mdl.unload(model) == 0
    check_results(acl, again, network)
    assert acl.mdl.unload(again) == 0


@pytest.mark.rules("MDL-051", "MDL-055")
@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, "LOAD_TYPE"),
        ({LOAD_TYPE: FROM_FILE}, "PATH"),
        ({LOAD_TYPE: FROM_FILE_WITH_MEM}, "PATH"),
        ({LOAD_TYPE: FROM_MEM}, "MEM_ADDR"),
        ({LOAD_TYPE: FROM_MEM, MEM_ADDR: 4096}, "MEM_SIZE"),
        ({LOAD_TYPE: FROM_MEM_WITH_MEM, MEM_SIZE: 4096}, "MEM_ADDR"),
        ({LOAD_TYPE: FROM_FILE_WITH_MEM, PATH: "x.om", WEIGHT_ADDR: 4096}, "WEIGHT_SIZE"),
        ({LOAD_TYPE: FROM_FILE_WITH_MEM, PATH: "x.om", WEIGHT_SIZE: 4096}, "WEIGHT_ADDR"),
        ({LOAD_TYPE: FROM_FILE_WITH_MEM, PATH: "x.om", WORK_ADDR: 4096}, "WORKSPACE_SIZE"),
        ({LOAD_TYPE: FROM_FILE_WITH_MEM, PATH: "x.om", WORK_SIZE: 4096}, "WORKSPACE_ADDR"),
        ({LOAD_TYPE: FROM_FILE_WITH_Q, PATH: "x.om"}, "INPUTQ_NUM"),
    ],
)
def test_what_a_load_type_needs(acl, config, options, missing):
    configure(acl, config, options)
    assert acl.mdl.load_with_config(config) == (0, INVALID_PARAM)
    assert missing in acl.get_recent_err_msg()


@pytest.mark.rules("MDL-051", "MDL-055")
def test_memory_of_the_user_is_checked(acl, config, device_memory, om, om_memory):
    work_size, weight_size, ret = acl.mdl.query_size(str(om))
    assert ret == 0
    memory = device_memory(work_size + weight_size)
    configure(acl, config, {LOAD_TYPE: FROM_FILE_WITH_MEM, PATH: str(om)})
    configure(acl, config, {WEIGHT_ADDR: memory, WEIGHT_SIZE: weight_size - 1})
    assert acl.mdl.load_with_config(config)[1] != 0
    configure(acl, config, {WEIGHT_ADDR: om_memory[0], WEIGHT_SIZE: weight_size})
    assert acl.mdl.load_with_config(config)[1] != 0
    configure(acl, config, {WEIGHT_ADDR: memory, WEIGHT_SIZE: weight_size})
    model, ret = acl.mdl.load_with_config(config)  # The system manages the work memory.
    assert ret == 0
    assert acl.mdl.unload(model) == 0
    configure(acl, config, {WORK_ADDR: memory, WORK_SIZE: work_size})
    assert acl.mdl.load_with_config(config)[1] != 0  # It overlaps the weights.
    configure(acl, config, {WORK_ADDR: memory + weight_size, WORK_SIZE: work_size})
    model, ret = acl.mdl.load_with_config(config)
    assert ret == 0
    assert acl.mdl.unload(model) == 0


@pytest.mark.rules("MDL-051")
def test_optimised_work_memory_leaves_out_inputs_and_outputs(acl, config, device_memory, om):
    work_size, _, ret = acl.mdl.query_size(str(om))
    assert ret == 0
    io_size = (2 * 3 * 8 * 10 + 4 + 2 * 4 * 8 * 10 + 4) * 4
    work = device_memory(work_size)
    configure(acl, config, {LOAD_TYPE: FROM_FILE_WITH_MEM, PATH: str(om)})
    configure(acl, config, {WORK_ADDR: work, WORK_SIZE: max(work_size - io_size, 1)})
    assert acl.mdl.load_with_config(config)[1] != 0
    configure(acl, config, {WORK_OPTIMIZE: 1})
    model, ret = acl.mdl.load_with_config(config)
    assert ret == 0
    assert acl.mdl.unload(model) == 0
    configure(acl, config, {WORK_OPTIMIZE: 0})
    assert acl.mdl.load_with_config(config)[1] != 0


@pytest.mark.rules("MDL-051", "MDL-052", "MDL-053")
@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        (PRIORITY, -1),
        (PRIORITY, 8),
        (PRIORITY, 1 << 40),
        (LOAD_TYPE, 0),
        (LOAD_TYPE, 7),
        (LOAD_TYPE, "file"),
        (MEM_SIZE, "4096"),
        (WORK_OPTIMIZE, 2),
        (PATH, None),
        (PATH, 16),
        (PATH, "x" * 5000),
        (-1, 0),
        (1000, 0),
        (1 << 40, 0),
    ],
)
def test_values_that_no_attribute_takes(acl, config, attribute, value):
    assert acl.mdl.set_config_opt(config, attribute, value) == INVALID_PARAM
    assert "MDL-" in acl.get_recent_err_msg()


@pytest.mark.rules("MDL-051", "MDL-053")
@pytest.mark.parametrize("priority", [0, 7])
def test_priorities_and_the_last_value_win(acl, config, om, priority):
    configure(acl, config, {LOAD_TYPE: FROM_MEM, PATH: "/nowhere/x.om"})
    configure(acl, config, {LOAD_TYPE: FROM_FILE, PRIORITY: priority})
    assert acl.mdl.load_with_config(config) == (0, MODEL_PATH_INVALID)
    configure(acl, config, {PATH: str(om)})
    model, ret = acl.mdl.load_with_config(config)
    assert ret == 0
    assert acl.mdl.unload(model) == 0
