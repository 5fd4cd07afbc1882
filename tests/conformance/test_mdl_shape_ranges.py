"""Shapes that are set for each execution, and outputs whose size is known only afterwards."""

import numpy as np
import pytest
from constants import FEATURE_UNSUPPORTED, INVALID_PARAM
from gear_models import batch_model, found_model, range_model
from mdl_models import Buffers, LoadedModel, atc, reference, two_by_two

INPUT_NOT_MATCH = 100017
OUTPUT_NOT_MATCH = 100018
GE_PARAM_INVALID = 145000
SHAPE_INVALID = 145021
ROOM = 1 << 16

pytestmark = pytest.mark.needs("acl.mdl.set_dataset_tensor_desc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ranges")


@pytest.fixture(scope="module")
def ranges(acl, folder):
    return range_model(folder, "image:1~4,3,-1,2~16")


@pytest.fixture(scope="module")
def found(acl, folder):
    return found_model(folder)


class OpenModel:
    """A loaded model with estimated memory for its inputs and outputs."""

    def __init__(self, acl, om, inputs: int, outputs: int) -> None:
        self.acl = acl
        self.id, ret = acl.mdl.load_from_file(str(om))
        assert ret == 0, acl.get_recent_err_msg()
        self.desc = acl.mdl.create_desc()
        assert acl.mdl.get_desc(self.desc, self.id) == 0
        self.inputs, self.outputs = Buffers(acl, [ROOM] * inputs), Buffers(acl, [ROOM] * outputs)
        self.descs: list[int] = []

    def set_shape(self, dims, index: int = 0, data_type: int = 0, data_format: int = 0) -> int:
        desc = self.acl.create_tensor_desc(data_type, list(dims), data_format)
        self.descs.append(desc)
        dataset, ret = self.acl.mdl.set_dataset_tensor_desc(self.inputs.dataset, desc, index)
        assert dataset == self.inputs.dataset
        return ret

    def execute(self) -> int:
        return self.acl.mdl.execute(self.id, self.inputs.dataset, self.outputs.dataset)

    def output(self, index: int, dtype) -> np.ndarray:
        """The output in the shape of its description."""
        acl = self.acl
        desc = acl.mdl.get_dataset_tensor_desc(self.outputs.dataset, index)
        assert desc != 0
        shape = [acl.get_tensor_desc_dim_v2(desc, i)[0] for i in range(acl.get_tensor_desc_num_dims(desc))]
        size = acl.get_tensor_desc_size(desc)
        assert size == int(np.prod(shape)) * np.dtype(dtype).itemsize
        return self.outputs.read(index, np.uint8, -1)[:size].view(dtype).reshape(shape)

    def close(self) -> None:
        self.inputs.free()
        self.outputs.free()
        for desc in self.descs:
            self.acl.destroy_tensor_desc(desc)
        assert self.acl.mdl.destroy_desc(self.desc) == 0
        assert self.acl.mdl.unload(self.id) == 0


@pytest.fixture
def net(acl, context, ranges):
    model = OpenModel(acl, ranges[1], 1, 2)
    yield model
    model.close()


@pytest.fixture
def finder(acl, context, found):
    model = OpenModel(acl, found[1], 1, 2)
    yield model
    model.close()


def picture(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def check(net: OpenModel, onnx_path, image: np.ndarray) -> None:
    for index, expected in enumerate(reference(onnx_path, [image])):
        np.testing.assert_allclose(net.output(index, np.float32), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.rules("GDM-078", "GDM-079", "MDL-082")
def test_the_size_of_an_open_shape_is_zero(acl, net, finder):
    assert acl.mdl.get_num_inputs(net.desc) == 1, "no input for a gear"
    assert acl.mdl.get_input_size_by_index(net.desc, 0) == 0
    assert [acl.mdl.get_output_size_by_index(net.desc, i) for i in range(2)] == [0, 0]
    assert acl.mdl.get_input_dims(net.desc, 0)[0]["dims"] == [-1, 3, -1, -1]
    assert acl.mdl.get_input_size_by_index(finder.desc, 0) == 60
    assert [acl.mdl.get_output_size_by_index(finder.desc, i) for i in range(2)] == [0, 60]
    assert acl.mdl.get_output_dims(finder.desc, 0)[0]["dims"] == [2, -1]


@pytest.mark.rules(
    "GDM-076", "GDM-077", "GDM-080", "GDM-081", "GDM-085", "MDL-067", "MDL-070", "MDL-074", "MDL-154"
)
def test_a_shape_for_each_execution(net, ranges):
    for seed, shape in enumerate([(1, 3, 6, 8), (4, 3, 20, 16), (2, 3, 1, 2), (1, 3, 6, 8)]):
        image = picture(*shape, seed=seed)
        assert net.set_shape(shape) == 0
        net.inputs.write(0, image)
        assert net.execute() == 0, net.acl.get_recent_err_msg()
        check(net, ranges[0], image)


@pytest.mark.rules("GDM-076", "GDM-080")
def test_a_shape_for_each_task(acl, stream, gate, ranges):
    """The shape of the input is that of the call; the output's is there when the task has run."""
    net = OpenModel(acl, ranges[1], 1, 2)
    image = picture(2, 3, 5, 7)
    net.inputs.write(0, image)
    assert net.set_shape(image.shape) == 0
    gate.close(stream)
    assert acl.mdl.execute_async(net.id, net.inputs.dataset, net.outputs.dataset, stream) == 0
    assert net.set_shape((1, 3, 9, 9)) == 0
    assert acl.mdl.get_dataset_tensor_desc(net.outputs.dataset, 0) == 0
    gate.open()
    assert acl.rt.synchronize_stream(stream) == 0
    check(net, ranges[0], image)
    net.close()


@pytest.mark.rules("MDL-068", "GDM-084")
def test_type_and_format_of_the_description_do_not_count(net, ranges):
    image = picture(1, 3, 4, 4)
    net.inputs.write(0, image)
    assert net.set_shape(image.shape, data_type=9, data_format=1) == 0
    assert net.execute() == 0
    check(net, ranges[0], image)


@pytest.mark.rules("GDM-086", "MDL-070", "MDL-074", "MDL-154")
def test_the_description_of_an_input_can_be_asked_for(acl, net):
    assert acl.mdl.get_dataset_tensor_desc(net.inputs.dataset, 0) == 0
    assert net.set_shape((3, 3, 9, 4)) == 0
    desc = acl.mdl.get_dataset_tensor_desc(net.inputs.dataset, 0)
    assert acl.get_tensor_desc_size(desc) == 3 * 3 * 9 * 4 * 4
    assert acl.mdl.get_dataset_tensor_desc(net.inputs.dataset, 1) == 0
    assert acl.mdl.get_dataset_tensor_desc(0, 0) == 0


@pytest.mark.rules("GDM-077", "MDL-069")
@pytest.mark.parametrize(
    "shape",
    [(5, 3, 4, 4), (0, 3, 4, 4), (1, 2, 4, 4), (1, 3, 4, 17), (1, 3, 4, 1), (1, 3, 4), (1, 3, 4, 4, 1), ()],
)
def test_shapes_outside_the_range_are_refused(acl, net, shape):
    assert net.set_shape(shape) == 0, "the dataset does not know the model"
    assert net.execute() == SHAPE_INVALID
    text = acl.get_recent_err_msg()
    assert "1~4, 3, 0 or more, 2~16" in text
    ret = acl.mdl.execute_async(net.id, net.inputs.dataset, net.outputs.dataset, 0)
    assert ret == SHAPE_INVALID


@pytest.mark.rules("GDM-080", "MDL-067")
def test_the_shape_must_be_set(acl, net):
    assert net.execute() == SHAPE_INVALID
    assert "set_dataset_tensor_desc" in acl.get_recent_err_msg()


@pytest.mark.rules("GDM-078")
def test_the_input_buffer_must_hold_the_shape(acl, net):
    assert net.set_shape((4, 3, 200, 16)) == 0
    assert net.execute() == INPUT_NOT_MATCH
    assert str(4 * 3 * 200 * 16 * 4) in acl.get_recent_err_msg()


@pytest.mark.rules("MDL-067", "MDL-071")
def test_wrong_arguments(acl, net):
    desc = acl.create_tensor_desc(0, [1, 3, 4, 4], 0)
    open_desc = acl.create_tensor_desc(0, [1, 3, -1, 4], 0)
    dataset = net.inputs.dataset
    for arguments in (
        (0, desc, 0),
        (dataset, 0, 0),
        (desc, dataset, 0),
        (dataset, desc, 1),
        (dataset, desc, -1),
    ):
        given, ret = acl.mdl.set_dataset_tensor_desc(*arguments)
        assert (given, ret) == (arguments[0], INVALID_PARAM)
    assert acl.mdl.set_dataset_tensor_desc(dataset, open_desc, 0)[1] == INVALID_PARAM
    assert acl.mdl.set_dataset_tensor_desc(dataset=dataset, tensorDesc=desc, index=0)[1] == 0
    for each in (desc, open_desc):
        acl.destroy_tensor_desc(each)


@pytest.mark.rules("GDM-079", "GDM-081", "MDL-084", "MDL-074")
def test_outputs_whose_size_depends_on_the_values(acl, finder, found):
    for count in (4, 15, 0, 1):
        values = np.zeros(15, np.float32)
        values[:count] = 1 + np.arange(count)
        values = np.random.default_rng(count).permutation(values).reshape(3, 5)
        finder.inputs.write(0, values)
        assert finder.execute() == 0, acl.get_recent_err_msg()
        places, twice = reference(found[0], [values])
        np.testing.assert_array_equal(finder.output(0, np.int64), places)
        np.testing.assert_array_equal(finder.output(1, np.float32), twice)


@pytest.mark.rules("MDL-084", "MDL-085", "GDM-089")
def test_an_output_buffer_that_is_too_small_tells_the_size(acl, finder):
    finder.inputs.write(0, np.ones((3, 5), np.float32))
    buffer, address = finder.outputs.buffers[0], finder.outputs.addresses[0]
    assert acl.update_data_buffer(buffer, address, 2 * 15 * 8 - 1) == 0
    assert finder.execute() == OUTPUT_NOT_MATCH
    assert "240" in acl.get_recent_err_msg()
    assert acl.update_data_buffer(buffer, address, 2 * 15 * 8) == 0
    assert finder.execute() == 0
    assert acl.update_data_buffer(buffer, address, ROOM) == 0


@pytest.mark.rules("MDL-083", "GDM-089")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_system_allocates_for_an_empty_buffer(acl, stream, found, asynchronous):
    finder = OpenModel(acl, found[1], 1, 2)
    values = np.zeros((3, 5), np.float32)
    values[1, 2:4] = 7
    finder.inputs.write(0, values)
    outputs = acl.mdl.create_dataset()
    buffers = [acl.create_data_buffer(0, 0) for _ in range(2)]
    for buffer in buffers:
        assert acl.mdl.add_dataset_buffer(outputs, buffer) == (outputs, 0)
    if asynchronous:
        assert acl.mdl.execute_async(finder.id, finder.inputs.dataset, outputs, stream) == 0
        assert acl.rt.synchronize_stream(stream) == 0
    else:
        assert acl.mdl.execute(finder.id, finder.inputs.dataset, outputs) == 0
    for index, expected in enumerate(reference(found[0], [values])):
        address, size = acl.get_data_buffer_addr(buffers[index]), acl.get_data_buffer_size(buffers[index])
        assert address != 0
        assert size == expected.nbytes
        data = bytes(size)
        assert acl.rt.memcpy(acl.util.bytes_to_ptr(data), size, address, size, 2) == 0
        np.testing.assert_array_equal(np.frombuffer(data, expected.dtype).reshape(expected.shape), expected)
        assert acl.rt.free(address) == 0, "the user frees it"
        assert acl.destroy_data_buffer(buffers[index]) == 0
    assert acl.mdl.destroy_dataset(outputs) == 0
    finder.close()


@pytest.mark.rules("MDL-026", "GDE-080")
def test_memory_cannot_be_managed_by_the_user(acl, context, ranges):
    path = str(ranges[1])
    assert acl.mdl.query_size(path)[2] == GE_PARAM_INVALID
    data = ranges[1].read_bytes()
    assert acl.mdl.query_size_from_mem(acl.util.bytes_to_ptr(data), len(data))[2] == GE_PARAM_INVALID
    assert acl.mdl.load_from_file_with_mem(path, 0, 0, 0, 0)[1] == GE_PARAM_INVALID
    model_id, ret = acl.mdl.load_from_mem(acl.util.bytes_to_ptr(data), len(data))
    assert ret == 0
    assert acl.mdl.unload(model_id) == 0


@pytest.mark.rules("MDL-072", "GDM-082")
def test_gears_and_shapes_exclude_one_another(acl, context, folder, ranges):
    gears = LoadedModel(acl, batch_model(folder, 1, 2)[1])
    assert acl.mdl.set_dynamic_batch_size(gears.id, gears.inputs.dataset, 1, 2) == 0
    desc = acl.create_tensor_desc(0, [2, 3, 6, 8], 0)
    assert acl.mdl.set_dataset_tensor_desc(gears.inputs.dataset, desc, 0)[1] == 0
    assert gears.execute() == INPUT_NOT_MATCH
    assert "set_dynamic_batch_size" in acl.get_recent_err_msg()
    gears.close()
    net = OpenModel(acl, ranges[1], 1, 2)
    assert acl.mdl.set_dynamic_batch_size(net.id, net.inputs.dataset, 0, 2) != 0
    net.close()
    acl.destroy_tensor_desc(desc)


@pytest.mark.rules("MDL-069")
def test_a_fixed_model_takes_its_own_shape_only(acl, context, folder):
    model = LoadedModel(acl, atc(two_by_two(folder, "fixed")))
    desc, other = acl.create_tensor_desc(0, [2, 3, 8, 10], 0), acl.create_tensor_desc(0, [1, 3, 8, 10], 0)
    assert acl.mdl.set_dataset_tensor_desc(model.inputs.dataset, desc, 0)[1] == 0
    assert model.execute() == 0
    assert acl.mdl.set_dataset_tensor_desc(model.inputs.dataset, other, 0)[1] == 0
    assert model.execute() == INPUT_NOT_MATCH
    model.close()
    for each in (desc, other):
        acl.destroy_tensor_desc(each)


@pytest.mark.rules("GDM-077")
@pytest.mark.parametrize("shape", ["image:[1~4,3,-1,2~16]", "[1~4,3,-1,2~16]"])
def test_input_shape_range_is_the_older_spelling(acl, context, folder, shape):
    onnx_path, om = range_model(folder, shape, option="--input_shape_range", name="older")
    net = OpenModel(acl, om, 1, 2)
    image = picture(3, 3, 2, 2)
    net.inputs.write(0, image)
    assert net.set_shape(image.shape) == 0
    assert net.execute() == 0
    check(net, onnx_path, image)
    assert net.set_shape((3, 3, 2, 20)) == 0
    assert net.execute() == SHAPE_INVALID
    net.close()


@pytest.mark.rules("GDM-075", "GDM-088", "MDL-066", "MDL-073")
@pytest.mark.parametrize(
    ("chip", "lacks"), [("Ascend310", True), ("Ascend310B4", True), ("Ascend310P3", False)]
)
def test_chips_without_shape_ranges(run_python, chip, lacks):
    done = run_python(
        """
        import acl
        assert acl.init() == 0 and acl.rt.set_device(0) == 0
        dataset = acl.mdl.create_dataset()
        memory, _ = acl.rt.malloc(64, 0)
        acl.mdl.add_dataset_buffer(dataset, acl.create_data_buffer(memory, 64))
        desc = acl.create_tensor_desc(0, [16], 2)
        print(acl.mdl.set_dataset_tensor_desc(dataset, desc, 0)[1])
        print(acl.mdl.get_dataset_tensor_desc(dataset, 0) != 0)
        print("MDL-073" in (acl.get_recent_err_msg() or ""))
        """,
        env={"CAIRN_SOC": chip},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == (
        [str(FEATURE_UNSUPPORTED), "False", "True"] if lacks else ["0", "True", "False"]
    )
