"""Dynamic batch, dynamic image size and dynamic dims: sizes that a model was converted for, one chosen for each execution."""

import threading

import numpy as np
import pytest
from constants import DEVICE_TO_HOST, INVALID_PARAM
from gear_models import GEAR_INPUT, GearModel, batch_model, dims_model, image_model
from mdl_models import Buffers, LoadedModel, atc, convert, reference, save, two_by_two
from onnx import TensorProto, helper

MODEL_NOT_DYNAMIC = 100019
INPUT_NOT_MATCH = 100017
OUTPUT_NOT_MATCH = 100018
MODEL_ID_INVALID = 145003
GEAR_ADDRESS_INVALID = 145011
GEAR_LENGTH_INVALID = 145012
NO_SUCH_GEAR = 145013

UNTOUCHED = 77.0
BATCHES = (1, 4, 2, 8)
SIZES = ((6, 8), (12, 4), (9, 10))
DIMS = ([1, 1, 40, 20, 1, 20, 1, 1], [1, 1, 40, 40, 1, 40, 2, 2], [1, 1, 40, 80, 1, 60, 4, 4])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("gears")


@pytest.fixture(scope="module")
def batches(acl, folder):
    return batch_model(folder, *BATCHES)


@pytest.fixture(scope="module")
def images(acl, folder):
    return image_model(folder, *SIZES)


@pytest.fixture(scope="module")
def dims(acl, folder):
    return dims_model(folder)


@pytest.fixture
def batch_net(acl, context, batches):
    model = GearModel(acl, batches[1])
    yield model
    model.close()


@pytest.fixture
def image_net(acl, context, images):
    model = GearModel(acl, images[1])
    yield model
    model.close()


@pytest.fixture
def dims_net(acl, context, dims):
    model = GearModel(acl, dims[1])
    yield model
    model.close()


def picture(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def run_picture(model: GearModel, onnx_path, image: np.ndarray) -> None:
    """One execution in the gear that is set, compared with ONNX Runtime."""
    model.inputs.write(0, image)
    assert model.execute() == 0, model.acl.get_recent_err_msg()
    for index, expected in enumerate(reference(onnx_path, [image])):
        np.testing.assert_allclose(model.read(index, expected.shape), expected, rtol=1e-5, atol=1e-5)


# --- what the description says -------------------------------------------------------------------------------------------


@pytest.mark.rules("GDM-035", "GDM-038", "GDM-039", "MDL-031", "MDL-125")
def test_a_model_with_gears_has_one_more_input(acl, batch_net, image_net, dims_net):
    for model, data_inputs in ((batch_net, 1), (image_net, 1), (dims_net, 3)):
        assert acl.mdl.get_num_inputs(model.desc) == data_inputs + 1
        index, ret = acl.mdl.get_input_index_by_name(model.desc, GEAR_INPUT)
        assert (index, ret) == (data_inputs, 0)
        assert acl.mdl.get_input_size_by_index(model.desc, index) > 0


@pytest.mark.rules("GDE-092", "MDL-080", "MDL-081", "GDM-046")
def test_sizes_are_those_of_the_largest_gear(acl, batch_net, image_net, dims_net):
    mdl = acl.mdl
    assert mdl.get_input_size_by_index(batch_net.desc, 0) == 8 * 3 * 6 * 8 * 4
    assert mdl.get_output_size_by_index(batch_net.desc, 0) == 8 * 4 * 6 * 8 * 4
    assert mdl.get_output_size_by_index(batch_net.desc, 1) == 8 * 4 * 4
    assert mdl.get_input_size_by_index(image_net.desc, 0) == 2 * 3 * 9 * 10 * 4
    assert mdl.get_output_size_by_index(image_net.desc, 0) == 2 * 4 * 9 * 10 * 4
    assert [mdl.get_input_size_by_index(dims_net.desc, i) for i in range(3)] == [40 * 80 * 4, 60 * 4, 16 * 4]


@pytest.mark.rules("MDL-087", "MDL-088")
@pytest.mark.parametrize("query", ["get_input_dims", "get_input_dims_v2"])
def test_dims_that_change_are_minus_one(acl, batch_net, image_net, query):
    for model, expected in ((batch_net, [-1, 3, 6, 8]), (image_net, [2, 3, -1, -1])):
        found, ret = getattr(acl.mdl, query)(model.desc, 0)
        assert ret == 0
        assert (found["dimCount"], found["dims"]) == (4, expected)


@pytest.mark.rules("MDL-114")
def test_output_dims_are_those_of_the_largest_gear(acl, batch_net, image_net, dims_net):
    for model, expected in (
        (batch_net, [[8, 4, 6, 8], [8, 4, 1, 1]]),
        (image_net, [[2, 4, 9, 10], [2, 4, 1, 1]]),
        (dims_net, [[1, 1, 40, 80], [1, 60], [4, 4]]),
    ):
        found = [acl.mdl.get_output_dims(model.desc, i) for i in range(len(expected))]
        assert [(dims["dims"], ret) for dims, ret in found] == [(dims, 0) for dims in expected]


@pytest.mark.rules("MDL-127", "GDM-042")
def test_get_dynamic_batch(acl, batch_net):
    assert acl.mdl.get_dynamic_batch(batch_net.desc) == ({"batchCount": 4, "batch": list(BATCHES)}, 0)


@pytest.mark.rules("MDL-130", "MDL-133", "GDM-043")
def test_get_dynamic_hw(acl, image_net):
    expected = {"hwCount": 3, "hw": [list(size) for size in SIZES]}
    assert acl.mdl.get_dynamic_hw(image_net.desc, -1) == (expected, 0)


@pytest.mark.rules(
    "MDL-133", "MDL-137", "MDL-139", "MDL-140", "MDL-143", "MDL-144", "MDL-145", "MDL-146", "GDM-044"
)
def test_get_input_dynamic_dims(acl, dims_net):
    count, ret = acl.mdl.get_input_dynamic_gear_count(dims_net.desc, -1)
    assert (count, ret) == (3, 0)
    found, ret = acl.mdl.get_input_dynamic_dims(dims_net.desc, -1, count)
    assert ret == 0
    assert [(each["dimCount"], each["dims"]) for each in found] == [(8, gear) for gear in DIMS]


@pytest.mark.rules("MDL-141")
@pytest.mark.parametrize("wrong", [0, 2, 4, 1 << 40, -1])
def test_get_input_dynamic_dims_needs_the_count(acl, dims_net, wrong):
    found, ret = acl.mdl.get_input_dynamic_dims(dims_net.desc, -1, wrong)
    assert ret == INVALID_PARAM
    assert found == []
    assert "3" in acl.get_recent_err_msg()


@pytest.mark.rules("MDL-129", "MDL-132", "MDL-138", "MDL-142")
def test_other_kinds_of_gears_are_none(acl, batch_net, image_net, dims_net):
    assert acl.mdl.get_dynamic_batch(image_net.desc) == ({"batchCount": 0, "batch": []}, 0)
    assert acl.mdl.get_dynamic_hw(dims_net.desc, -1) == ({"hwCount": 0, "hw": []}, 0)
    assert acl.mdl.get_input_dynamic_gear_count(batch_net.desc, -1) == (0, 0)
    assert acl.mdl.get_input_dynamic_dims(batch_net.desc, -1, 4) == ([], MODEL_NOT_DYNAMIC)


@pytest.mark.rules("MDL-128", "MDL-131")
def test_many_gears_fit_into_the_answer(acl, context, folder):
    """The description holds up to 128 gears; atc takes up to 100."""
    _, om = batch_model(folder, *range(1, 101), name="hundred")
    model = GearModel(acl, om)
    assert acl.mdl.get_dynamic_batch(model.desc) == ({"batchCount": 100, "batch": list(range(1, 101))}, 0)
    assert model.set_batch(100) == 0
    assert model.output_dims()[0] == [100, 4, 6, 8]
    model.close()
    _, om = image_model(folder, *((4, width) for width in range(1, 101)), name="hundred_sizes")
    model = GearModel(acl, om)
    found, ret = acl.mdl.get_dynamic_hw(model.desc, -1)
    assert (found["hwCount"], found["hw"][99], ret) == (100, [4, 100], 0)
    model.close()


# --- executing ---------------------------------------------------------------------------------------------------------


@pytest.mark.rules("MDL-030", "MDL-152", "GDM-035", "GDM-042", "GDM-054", "GDM-057", "GDE-014")
def test_dynamic_batch(batch_net, batches):
    for step, batch in enumerate((*BATCHES, *reversed(BATCHES))):
        assert batch_net.set_batch(batch) == 0
        run_picture(batch_net, batches[0], picture(batch, 3, 6, 8, seed=step))


@pytest.mark.rules("MDL-033", "MDL-152", "GDM-036", "GDM-043", "GDM-055", "GDE-014")
def test_dynamic_image_size(image_net, images):
    for step, (height, width) in enumerate((*SIZES, *SIZES)):
        assert image_net.set_image(height, width) == 0
        run_picture(image_net, images[0], picture(2, 3, height, width, seed=step))


@pytest.mark.rules("MDL-045", "MDL-046", "MDL-047", "MDL-152", "GDM-037", "GDM-044", "GDM-056")
def test_dynamic_dims(dims_net, dims):
    for gear in (*DIMS, *DIMS):
        assert dims_net.set_dims(gear) == 0
        arrays = [picture(*gear[:4]), picture(*gear[4:6], seed=1), picture(*gear[6:], seed=2)]
        for index, array in enumerate(arrays):
            dims_net.inputs.write(index, array)
        assert dims_net.execute() == 0
        for index, expected in enumerate(reference(dims[0], arrays)):
            np.testing.assert_allclose(dims_net.read(index, expected.shape), expected, rtol=1e-6)


@pytest.mark.rules("GDE-015")
@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_dynamic_dims_are_for_inputs_of_up_to_four_dims_in_nd(acl, context, tmp_path, rank):
    """Every dim may change; a format with a meaning for each dim is refused."""
    names = ["a", "b", "c", "d"][:rank]
    path = save(
        tmp_path / "any.onnx",
        [helper.make_node("Neg", ["data"], ["minus"], name="neg")],
        [("data", TensorProto.FLOAT, names)],
        [("minus", TensorProto.FLOAT, names)],
    )
    gears = [[2, 3, 4, 5][:rank], [3, 2, 5, 4][:rank]]
    options = [
        f"--input_shape=data:{','.join(['-1'] * rank)}",
        f"--dynamic_dims={';'.join(','.join(map(str, gear)) for gear in gears)}",
    ]
    assert convert(path, *options, "--input_format=NCHW").returncode != 0
    model = GearModel(acl, atc(path, *options, "--input_format=ND"))
    for gear in gears:
        assert model.set_dims(gear) == 0
        array = picture(*gear)
        model.inputs.write(0, array)
        assert model.execute() == 0
        np.testing.assert_array_equal(model.read(0, array.shape), -array)
    model.close()


@pytest.mark.rules("MDL-047")
def test_name_and_count_of_dims_are_not_needed(acl, dims_net):
    for given in ({"name": "anything", "dimCount": 8, "dims": DIMS[1]}, {"dims": DIMS[1]}):
        assert acl.mdl.set_input_dynamic_dims(dims_net.id, dims_net.inputs.dataset, 3, given) == 0


@pytest.mark.rules("GDM-041")
def test_the_system_fills_the_memory_of_the_gear_input(acl, batch_net, dims_net):
    for model, gear, numbers in ((batch_net, 4, [4]), (dims_net, DIMS[1], [40, 40, 2, 2])):
        assert (model.set_batch if model is batch_net else model.set_dims)(gear) == 0
        index = model.gear_index
        size = model.inputs.sizes[index]
        data = bytes(size)
        address = model.inputs.addresses[index]
        assert acl.rt.memcpy(acl.util.bytes_to_ptr(data), size, address, size, DEVICE_TO_HOST) == 0
        assert np.frombuffer(data, np.uint32 if size == 4 * len(numbers) else np.uint64).tolist() == numbers


@pytest.mark.rules("MDL-135", "MDL-134")
def test_current_output_dims_follow_the_gear(batch_net, image_net, dims_net):
    assert batch_net.output_dims() == [[8, 4, 6, 8], [8, 4, 1, 1]], "the largest gear before any is set"
    assert batch_net.set_batch(2) == 0
    assert batch_net.output_dims() == [[2, 4, 6, 8], [2, 4, 1, 1]]
    assert batch_net.set_batch(3) == NO_SUCH_GEAR
    assert batch_net.output_dims() == [[2, 4, 6, 8], [2, 4, 1, 1]], "a refused gear changes nothing"
    assert image_net.output_dims() == [[2, 4, 9, 10], [2, 4, 1, 1]]
    assert image_net.set_image(12, 4) == 0
    assert image_net.output_dims() == [[2, 4, 12, 4], [2, 4, 1, 1]]
    assert dims_net.output_dims() == [[1, 1, 40, 80], [1, 60], [4, 4]]
    assert dims_net.set_dims(DIMS[0]) == 0
    assert dims_net.output_dims() == [[1, 1, 40, 20], [1, 20], [1, 1]]


@pytest.mark.rules("GDM-046")
def test_buffers_may_be_those_of_the_gear(acl, batch_net, batches):
    image = picture(2, 3, 6, 8)
    sizes = [image.nbytes, batch_net.inputs.sizes[1]]
    small, results = Buffers(acl, sizes), Buffers(acl, [2 * 4 * 48 * 4, 2 * 4 * 4])
    small.write(0, image)
    index = batch_net.gear_index
    assert acl.mdl.set_dynamic_batch_size(batch_net.id, small.dataset, index, 2) == 0
    assert acl.mdl.execute(batch_net.id, small.dataset, results.dataset) == 0
    expected = reference(batches[0], [image])[0]
    np.testing.assert_allclose(results.read(0, np.float32, expected.shape), expected, rtol=1e-5, atol=1e-5)
    assert acl.mdl.set_dynamic_batch_size(batch_net.id, small.dataset, index, 4) == 0
    assert acl.mdl.execute(batch_net.id, small.dataset, batch_net.outputs.dataset) == INPUT_NOT_MATCH
    assert batch_net.set_batch(4) == 0
    assert acl.mdl.execute(batch_net.id, batch_net.inputs.dataset, results.dataset) == OUTPUT_NOT_MATCH
    small.free()
    results.free()


@pytest.mark.rules("GDM-054")
def test_tasks_run_in_the_gear_of_their_call(acl, stream, gate, batches):
    """The gear is taken when execute_async is called: setting another one for the next call does not touch it."""
    model = GearModel(acl, batches[1])
    gate.close(stream)
    runs = []
    for batch in (4, 1, 8, 2):
        image = picture(batch, 3, 6, 8, seed=batch)
        inputs, outputs = Buffers(acl, model.inputs.sizes), Buffers(acl, model.outputs.sizes)
        inputs.write(0, image)
        assert acl.mdl.set_dynamic_batch_size(model.id, inputs.dataset, 1, batch) == 0
        assert acl.mdl.execute_async(model.id, inputs.dataset, outputs.dataset, stream) == 0
        assert acl.mdl.set_dynamic_batch_size(model.id, inputs.dataset, 1, 8) == 0
        runs.append((image, inputs, outputs))
    gate.open()
    assert acl.rt.synchronize_stream(stream) == 0
    for image, inputs, outputs in runs:
        expected = reference(batches[0], [image])[0]
        found = outputs.read(0, np.float32, -1)[: expected.size].reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        inputs.free()
        outputs.free()
    model.close()


@pytest.mark.rules("GDM-054", "MDL-030")
def test_streams_use_different_gears_of_one_model(acl, context, batches):
    model = GearModel(acl, batches[1])
    faults, all_set = [], threading.Barrier(len(BATCHES))

    def work(batch: int) -> None:
        try:
            assert acl.rt.set_context(context) == 0
            stream, ret = acl.rt.create_stream()
            assert ret == 0
            inputs, outputs = Buffers(acl, model.inputs.sizes), Buffers(acl, model.outputs.sizes)
            assert acl.mdl.set_dynamic_batch_size(model.id, inputs.dataset, 1, batch) == 0
            outputs.write(0, np.full(outputs.sizes[0] // 4, UNTOUCHED, np.float32))
            all_set.wait(60)
            for step in range(30):
                image = picture(batch, 3, 6, 8, seed=step)
                inputs.write(0, image)
                assert acl.mdl.execute_async(model.id, inputs.dataset, outputs.dataset, stream) == 0
                assert acl.rt.synchronize_stream(stream) == 0
                expected = reference(batches[0], [image])[0]
                found = outputs.read(0, np.float32, -1)
                np.testing.assert_allclose(found[: expected.size], expected.ravel(), rtol=1e-5, atol=1e-5)
                assert (found[expected.size :] == UNTOUCHED).all(), "what lies behind the gear's output"
            inputs.free()
            outputs.free()
            assert acl.rt.destroy_stream(stream) == 0
        except AssertionError as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(batch,)) for batch in BATCHES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    model.close()


# --- what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.rules("MDL-032", "GDM-042")
@pytest.mark.parametrize("batch", [0, 3, 16, -1, 1 << 63, 1 << 70])
def test_other_batches_are_refused(acl, batch_net, batch):
    assert batch_net.set_batch(batch) == NO_SUCH_GEAR
    assert "1, 4, 2, 8" in acl.get_recent_err_msg()


@pytest.mark.rules("MDL-034", "GDM-043")
@pytest.mark.parametrize("size", [(8, 6), (6, 10), (0, 0), (-1, 8), (1 << 70, 8)])
def test_other_image_sizes_are_refused(acl, image_net, size):
    assert image_net.set_image(*size) == NO_SUCH_GEAR
    assert "[6, 8], [12, 4], [9, 10]" in acl.get_recent_err_msg()


@pytest.mark.rules("MDL-048", "GDM-044")
@pytest.mark.parametrize(
    "wrong",
    [[20, 20, 1, 1], DIMS[0][:7], [*DIMS[0], 1], [1, 1, 40, 20, 1, 40, 1, 1], [], [-1] * 8, [1 << 70] * 8],
)
def test_other_dims_are_refused(acl, dims_net, wrong):
    assert dims_net.set_dims(wrong) == NO_SUCH_GEAR
    assert "[1, 1, 40, 20, 1, 20, 1, 1]" in acl.get_recent_err_msg()


@pytest.mark.rules("MDL-047")
def test_more_dims_than_can_be_described(acl, dims_net):
    given = {"name": "", "dimCount": 129, "dims": [1] * 129}
    assert acl.mdl.set_input_dynamic_dims(dims_net.id, dims_net.inputs.dataset, 3, given) == INVALID_PARAM
    for given in ({}, {"dims": 3}, {"dims": ["a"]}, {"dims": [1], "dimCount": "a"}):
        with pytest.raises((TypeError, RuntimeError)):
            acl.mdl.set_input_dynamic_dims(dims_net.id, dims_net.inputs.dataset, 3, given)


@pytest.mark.rules("MDL-072", "GDM-045")
def test_a_model_has_one_kind_of_gears(acl, batch_net, image_net, dims_net):
    for model in (batch_net, image_net, dims_net):
        codes = [model.set_batch(2), model.set_image(6, 8), model.set_dims(DIMS[0])]
        own = (batch_net, image_net, dims_net).index(model)
        assert codes == [0 if i == own else INVALID_PARAM for i in range(3)]


@pytest.mark.rules("GDM-035", "GDM-036", "GDM-037")
def test_a_model_without_gears_takes_none(acl, context, folder):
    model = LoadedModel(acl, atc(two_by_two(folder, "fixed")))
    dataset = model.inputs.dataset
    assert acl.mdl.get_input_index_by_name(model.desc, GEAR_INPUT)[1] != 0
    assert acl.mdl.set_dynamic_batch_size(model.id, dataset, 1, 2) == MODEL_NOT_DYNAMIC
    assert acl.mdl.set_dynamic_hw_size(model.id, dataset, 1, 8, 10) == MODEL_NOT_DYNAMIC
    given = {"name": "", "dimCount": 1, "dims": [2]}
    assert acl.mdl.set_input_dynamic_dims(model.id, dataset, 1, given) == MODEL_NOT_DYNAMIC
    assert "dynamic_dims" in acl.get_recent_err_msg()
    model.close()


@pytest.mark.rules("MDL-031", "MDL-046")
@pytest.mark.parametrize("index", [0, 2, -1, 1 << 70])
def test_the_index_is_that_of_the_gear_input(acl, batch_net, index):
    ret = acl.mdl.set_dynamic_batch_size(batch_net.id, batch_net.inputs.dataset, index, 2)
    assert ret == INVALID_PARAM
    assert GEAR_INPUT in acl.get_recent_err_msg()


@pytest.mark.rules("MDL-030", "MDL-152")
def test_model_and_dataset_must_exist(acl, batch_net):
    dataset = batch_net.inputs.dataset
    stale = acl.mdl.create_dataset()
    assert acl.mdl.destroy_dataset(stale) == 0
    for bad in (0, None, stale, batch_net.desc, 0x1000):
        assert acl.mdl.set_dynamic_batch_size(batch_net.id, bad, 1, 2) == INVALID_PARAM
    for bad in (0, batch_net.id + 1000, -1):
        assert acl.mdl.set_dynamic_batch_size(bad, dataset, 1, 2) == MODEL_ID_INVALID


@pytest.mark.rules("GDM-040")
def test_the_gear_input_needs_memory(acl, batch_net):
    empty = acl.mdl.create_dataset()
    assert acl.mdl.set_dynamic_batch_size(batch_net.id, empty, 1, 2) == INVALID_PARAM
    assert acl.mdl.destroy_dataset(empty) == 0
    buffer, kept = batch_net.inputs.buffers[1], batch_net.inputs.addresses[1]
    assert acl.update_data_buffer(buffer, 0, 4) == 0
    assert batch_net.set_batch(2) == GEAR_ADDRESS_INVALID
    assert acl.update_data_buffer(buffer, kept, 3) == 0
    assert batch_net.set_batch(2) == GEAR_LENGTH_INVALID
    assert acl.update_data_buffer(buffer, 0x1000, 4) == 0
    assert batch_net.set_batch(2) != 0
    assert acl.update_data_buffer(buffer, kept, 4) == 0
    assert batch_net.set_batch(2) == 0


@pytest.mark.rules("GDM-054")
def test_a_gear_must_be_set_before_the_execution(acl, stream, batches):
    model = GearModel(acl, batches[1])
    assert model.execute() == NO_SUCH_GEAR
    text = acl.get_recent_err_msg()
    assert "set_dynamic_batch_size" in text
    assert "1, 4, 2, 8" in text
    ret = acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, stream)
    assert ret == NO_SUCH_GEAR
    assert model.set_batch(1) == 0
    assert model.execute() == 0
    assert model.execute() == 0, "the gear stays set"
    model.close()


@pytest.mark.rules("GDM-040", "MDL-059")
def test_the_gear_input_belongs_to_the_dataset(acl, batch_net):
    few = Buffers(acl, batch_net.inputs.sizes[:1])
    assert acl.mdl.execute(batch_net.id, few.dataset, batch_net.outputs.dataset) != 0
    few.free()


@pytest.mark.rules("GDM-054")
def test_a_dataset_serves_two_models_with_the_same_gears(acl, batch_net, folder):
    """What is set is the size: another model takes it if it has it."""
    _, om = batch_model(folder, 8, 4, name="other")
    other = GearModel(acl, om)
    assert batch_net.set_batch(4) == 0
    assert acl.mdl.execute(other.id, batch_net.inputs.dataset, other.outputs.dataset) == 0
    assert batch_net.set_batch(2) == 0
    assert acl.mdl.execute(other.id, batch_net.inputs.dataset, other.outputs.dataset) == NO_SUCH_GEAR
    other.close()


# --- with AIPP -------------------------------------------------------------------------------------------------------------

AIPP = """aipp_op {{ aipp_mode: static related_input_rank: 0 input_format: RGB888_U8 {more}
  mean_chn_0: 10 mean_chn_1: 20 mean_chn_2: 30 }}"""


def with_aipp(folder, onnx_path, name: str, more: str, *options: str):
    config = folder / f"{name}.cfg"
    config.write_text(AIPP.format(more=more), encoding="utf-8")
    return atc(onnx_path, f"--insert_op_conf={config}", *options)


def run_bytes(model: GearModel, onnx_path, image: np.ndarray) -> None:
    """An NHWC image of bytes, of which AIPP takes the means away."""
    model.inputs.write(0, image)
    assert model.execute() == 0, model.acl.get_recent_err_msg()
    floats = image.astype(np.float32) - np.array([10, 20, 30], np.float32)
    for index, expected in enumerate(reference(onnx_path, [floats.transpose(0, 3, 1, 2)])):
        np.testing.assert_allclose(model.read(index, expected.shape), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.rules("GDM-048", "MDL-088")
def test_static_aipp_with_dynamic_batch(acl, context, folder, batches):
    more = "src_image_size_w: 8 src_image_size_h: 6"
    om = with_aipp(
        folder, batches[0], "batch_aipp", more, "--input_shape=image:-1,3,6,8", "--dynamic_batch_size=2,5"
    )
    model = GearModel(acl, om)
    assert acl.mdl.get_input_dims(model.desc, 0)[0]["dims"] == [-1, 6, 8, 3]
    assert acl.mdl.get_input_size_by_index(model.desc, 0) == 5 * 6 * 8 * 3
    random = np.random.default_rng(5)
    for batch in (5, 2, 5):
        assert model.set_batch(batch) == 0
        run_bytes(model, batches[0], random.integers(0, 256, (batch, 6, 8, 3), np.uint8))
    model.close()


@pytest.mark.rules("GDM-052")
def test_static_aipp_with_dynamic_image_size(acl, context, folder, images):
    options = ("--input_shape=image:2,3,-1,-1", "--dynamic_image_size=6,8;12,4")
    om = with_aipp(folder, images[0], "image_aipp", "", *options)
    model = GearModel(acl, om)
    assert acl.mdl.get_input_dims(model.desc, 0)[0]["dims"] == [2, -1, -1, 3]
    assert acl.mdl.get_input_size_by_index(model.desc, 0) == 2 * 6 * 8 * 3
    random = np.random.default_rng(6)
    for height, width in ((12, 4), (6, 8), (12, 4)):
        assert model.set_image(height, width) == 0
        run_bytes(model, images[0], random.integers(0, 256, (2, height, width, 3), np.uint8))
    model.close()
    for more in (
        "src_image_size_w: 8 src_image_size_h: 6",
        "crop: true crop_size_w: 4 crop_size_h: 4",
        "padding: true left_padding_size: 1",
    ):
        with pytest.raises(AssertionError, match="E10052"):
            with_aipp(folder, images[0], "wrong_aipp", more, *options)


@pytest.mark.rules("GDM-053")
def test_aipp_excludes_dynamic_dims(acl, folder, images):
    options = ("--input_shape=image:2,3,-1,-1", "--dynamic_dims=6,8;12,4", "--input_format=ND")
    assert atc(images[0], *options).exists()
    with pytest.raises(AssertionError, match="E10001"):
        with_aipp(folder, images[0], "dims_aipp", "", *options)
