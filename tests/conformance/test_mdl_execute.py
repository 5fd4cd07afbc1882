"""Executing models, alone and on streams, compared with ONNX Runtime."""

import threading

import numpy as np
import pytest
from constants import HANDLE_FAULTS, INVALID_PARAM, RT_CONTEXT_NULL
from mdl_models import Buffers, LoadedModel, atc, reference, two_by_two

INPUT_NOT_MATCH = 100017
OUTPUT_NOT_MATCH = 100018


@pytest.fixture(scope="module")
def onnx_path(tmp_path_factory):
    return two_by_two(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def om(onnx_path):
    return atc(onnx_path)


@pytest.fixture
def model(acl, context, om):
    loaded = LoadedModel(acl, om)
    yield loaded
    loaded.close()


def make_inputs(seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    image = random.standard_normal((2, 3, 8, 10)).astype(np.float32)
    offset = random.uniform(-50, 50, (1, 4, 1, 1)).astype(np.float32)
    return [image, offset]


def read_outputs(outputs: Buffers) -> list[np.ndarray]:
    return [outputs.read(0, np.float32, (2, 4, 8, 10)), outputs.read(1, np.int32, (1, 4, 1, 1))]


def check(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.rules("MDL-013", "MDL-017", "MDL-059", "MDL-151")
def test_the_results_are_there_when_execute_returns(model, onnx_path):
    for seed in range(3):
        inputs = make_inputs(seed)
        for index, array in enumerate(inputs):
            model.inputs.write(index, array)
        assert model.execute() == 0
        check(read_outputs(model.outputs), reference(onnx_path, inputs))


@pytest.mark.rules("MDL-018", "MDL-020", "MDL-021", "MDL-151")
def test_execute_on_a_stream(acl, stream, om, onnx_path):
    model = LoadedModel(acl, om)
    inputs = make_inputs(7)
    for index, array in enumerate(inputs):
        model.inputs.write(index, array)
    datasets = (model.inputs.dataset, model.outputs.dataset)
    assert acl.mdl.execute_async(model.id, *datasets, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    check(read_outputs(model.outputs), reference(onnx_path, inputs))
    first, second = datasets
    assert acl.mdl.execute_async(modelId=model.id, input=first, output_=second, stream=stream) == 0
    assert acl.mdl.execute_async(model_id=model.id, input=first, output=second, stream=stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    model.close()


@pytest.mark.rules("MDL-018")
def test_the_default_stream(acl, model):
    assert acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, 0) == 0
    assert acl.rt.synchronize_stream(0) == 0


@pytest.mark.rules("MDL-020")
@pytest.mark.parametrize("wild", [1, -1, 0x7F0000001000, 1 << 100])
def test_execute_async_needs_a_stream(acl, model, wild):
    ret = acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, wild)
    assert ret in HANDLE_FAULTS


@pytest.mark.rules("MDL-017", "MDL-020", "MDL-061")
@pytest.mark.parametrize("kind", ["null", "none", "wild", "stale", "buffer"])
def test_datasets_must_exist(acl, model, kind):
    stale = acl.mdl.create_dataset()
    assert acl.mdl.destroy_dataset(stale) == 0
    buffer = model.inputs.buffers[0]
    bad = {"null": 0, "none": None, "wild": 0x7F0000001000, "stale": stale, "buffer": buffer}[kind]
    for first, second in ((bad, model.outputs.dataset), (model.inputs.dataset, bad)):
        assert acl.mdl.execute(model.id, first, second) == INVALID_PARAM
        assert acl.mdl.execute_async(model.id, first, second, 0) == INVALID_PARAM
    assert model.execute() == 0


@pytest.mark.rules("MDL-059", "MDL-151")
def test_every_tensor_needs_a_buffer(acl, model):
    few = Buffers(acl, model.inputs.sizes[:1])
    many = Buffers(acl, [*model.outputs.sizes, 64])
    assert acl.mdl.execute(model.id, few.dataset, model.outputs.dataset) == INPUT_NOT_MATCH
    assert acl.mdl.execute(model.id, model.inputs.dataset, many.dataset) == OUTPUT_NOT_MATCH
    few.free()
    many.free()


@pytest.mark.rules("MDL-080", "MDL-081", "MDL-151")
@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("index", [0, 1])
def test_buffers_must_be_large_enough(acl, model, side, index):
    good = model.inputs if side == "input" else model.outputs
    for change, fits in ((-1, False), (0, True), (1000, True)):
        sizes = list(good.sizes)
        sizes[index] += change
        other = Buffers(acl, sizes)
        pair = (
            (other.dataset, model.outputs.dataset)
            if side == "input"
            else (model.inputs.dataset, other.dataset)
        )
        acl.get_recent_err_msg()
        ret = acl.mdl.execute(model.id, *pair)
        assert ret == (0 if fits else {"input": INPUT_NOT_MATCH, "output": OUTPUT_NOT_MATCH}[side])
        if not fits:
            assert str(good.sizes[index]) in acl.get_recent_err_msg()
        other.free()


@pytest.mark.rules("MDL-059")
@pytest.mark.parametrize("address", [0, 8, 0x1000, (1 << 56) + 64])
def test_buffers_must_hold_memory(acl, model, address):
    size = model.inputs.sizes[0]
    kept = model.inputs.addresses[0]
    assert acl.update_data_buffer(model.inputs.buffers[0], address, size) == 0
    assert model.execute() != 0
    assert acl.update_data_buffer(model.inputs.buffers[0], kept, size) == 0
    kept = model.outputs.addresses[0]
    assert acl.update_data_buffer(model.outputs.buffers[0], address, model.outputs.sizes[0]) == 0
    assert model.execute() != 0
    assert acl.update_data_buffer(model.outputs.buffers[0], kept, model.outputs.sizes[0]) == 0
    assert model.execute() == 0


@pytest.mark.rules("MDL-015", "MDL-016")
@pytest.mark.parametrize("malloc", ["malloc", "malloc_cached", "malloc_host"])
def test_memory_for_tensors(acl, model, onnx_path, malloc):
    """One block of each kind of memory, divided by the user."""
    inputs = make_inputs(11)
    data = inputs[0].tobytes()
    args = (len(data) + 4096,) if malloc == "malloc_host" else (len(data) + 4096, 0)
    block, ret = getattr(acl.rt, malloc)(*args)
    assert ret == 0
    address = block + 64
    assert acl.rt.memcpy(address, len(data), acl.util.bytes_to_ptr(data), len(data), 1) == 0
    model.inputs.write(1, inputs[1])
    assert acl.update_data_buffer(model.inputs.buffers[0], address, len(data)) == 0
    assert model.execute() == 0
    check(read_outputs(model.outputs), reference(onnx_path, inputs))
    assert acl.update_data_buffer(model.inputs.buffers[0], model.inputs.addresses[0], len(data)) == 0
    assert (acl.rt.free_host if malloc == "malloc_host" else acl.rt.free)(block) == 0


@pytest.mark.rules("MDL-014")
def test_threads_with_a_lock(acl, model, context, onnx_path):
    lock, faults = threading.Lock(), []

    def work(seed: int) -> None:
        try:
            assert acl.rt.set_context(context) == 0
            inputs = make_inputs(seed)
            expected = reference(onnx_path, inputs)
            for _ in range(20):
                with lock:
                    for index, array in enumerate(inputs):
                        model.inputs.write(index, array)
                    assert model.execute() == 0
                    found = read_outputs(model.outputs)
                check(found, expected)
        except AssertionError as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


@pytest.mark.rules("MDL-013")
def test_a_thread_without_context(acl, model):
    codes = []
    thread = threading.Thread(target=lambda: codes.append(model.execute()))
    thread.start()
    thread.join()
    assert codes == [RT_CONTEXT_NULL]
