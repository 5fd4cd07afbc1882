"""A model whose operator cannot run on the given data: the exception callback finds out which one."""

import json
import threading

import numpy as np
import pytest
from dump_reader import read_all
from mdl_models import LoadedModel, atc, save
from onnx import TensorProto, helper

NAME_SIZE = 256


@pytest.fixture(scope="module")
def om(tmp_path_factory):
    """Doubles x, gives it the shape of the second input, and sums: fails for a shape of another size than 6."""
    nodes = [
        helper.make_node("Add", ["x", "x"], ["twice"], name="double"),
        helper.make_node("Reshape", ["twice", "shape"], ["shaped"], name="shape_it"),
        helper.make_node("ReduceSum", ["shaped"], ["total"], name="sum", keepdims=0),
    ]
    network = save(
        tmp_path_factory.mktemp("models") / "fails.onnx",
        nodes,
        [("x", TensorProto.FLOAT, (6,)), ("shape", TensorProto.INT64, (2,))],
        [("total", TensorProto.FLOAT, ())],
    )
    return atc(network)


@pytest.fixture
def model(acl, context, om):
    loaded = LoadedModel(acl, om)
    loaded.inputs.write(0, np.arange(6, dtype=np.float32))
    loaded.inputs.write(1, np.int64([5, 5]))
    yield loaded
    loaded.close()


def ids(acl, info) -> tuple[int, int, int]:
    names = ("device_id", "stream_id", "task_id")
    return tuple(getattr(acl.rt, f"get_{name}_from_exception_info")(info) for name in names)


class Listener:
    """An exception callback that keeps what create_and_get_op_desc and the getters say."""

    def __init__(self, acl):
        self.acl = acl
        self.found, self.inputs, self.outputs, self.codes, self.threads, self.places = [], [], [], [], [], []

    def __enter__(self):
        assert self.acl.rt.set_exception_info_callback(self) == 0
        return self

    def __exit__(self, *_):
        assert self.acl.rt.set_exception_info_callback(None) == 0

    def describe(self, array, index):
        acl = self.acl
        desc = acl.get_tensor_desc_by_index(array, index)
        dims = [acl.get_tensor_desc_dim_v2(desc, i)[0] for i in range(acl.get_tensor_desc_num_dims(desc))]
        address, size = acl.get_tensor_desc_address(desc), acl.get_tensor_desc_size(desc)
        data = b""
        if address:
            data = bytes(size)
            assert acl.rt.memcpy(acl.util.bytes_to_ptr(data), size, address, size, 0) == 0
        return acl.get_tensor_desc_type(desc), acl.get_tensor_desc_format(desc), dims, data

    def __call__(self, info):
        acl = self.acl
        self.places.append(ids(acl, info))
        self.codes.append(acl.rt.get_error_code_from_exception_info(info))
        self.threads.append(acl.rt.get_thread_id_from_exception_info(info))
        found = acl.mdl.create_and_get_op_desc(*ids(acl, info), NAME_SIZE)
        self.found.append(found)
        name, inputs, num_inputs, outputs, num_outputs, ret = found
        if ret != 0:
            return
        self.inputs.append([self.describe(inputs, i) for i in range(num_inputs)])
        self.outputs.append([self.describe(outputs, i) for i in range(num_outputs)])
        assert acl.get_tensor_desc_by_index(inputs, num_inputs) == 0
        kept = acl.get_tensor_desc_by_index(inputs, 0)
        acl.destroy_tensor_desc(inputs)
        acl.destroy_tensor_desc(outputs)
        assert acl.get_tensor_desc_num_dims(kept) == 0  # All of the array is gone.
        short = acl.mdl.create_and_get_op_desc(*ids(acl, info), len(name))
        exact = acl.mdl.create_and_get_op_desc(*ids(acl, info), len(name) + 1)
        self.lengths = short[-1] != 0, exact[-1]
        acl.destroy_tensor_desc(exact[1])
        acl.destroy_tensor_desc(exact[3])


@pytest.mark.rules("MDL-036", "MDL-039", "MDL-040", "GDE-141", "GDE-142", "GDE-143", "GDE-144", "RT-113")
def test_the_callback_learns_the_operator_and_its_inputs(acl, stream, model):
    with Listener(acl) as seen:
        assert acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, stream) == 0
        code = acl.rt.synchronize_stream(stream)
    assert code != 0
    assert seen.codes == [code]
    assert seen.threads == [threading.get_native_id()]
    assert seen.places[0][0] == 0
    name, _, num_inputs, _, num_outputs, ret = seen.found[0]
    assert (name, num_inputs, num_outputs, ret) == ("shape_it", 2, 1, 0)
    (kind, _, dims, data), (shape_kind, _, shape_dims, shape) = seen.inputs[0]
    assert (kind, dims) == (0, [6])
    assert np.frombuffer(data, np.float32).tolist() == [0, 2, 4, 6, 8, 10]
    assert (shape_kind, shape_dims) == (9, [2])
    assert np.frombuffer(shape, np.int64).tolist() == [5, 5]
    assert len(seen.outputs[0]) == 1


@pytest.mark.rules("MDL-038")
def test_the_name_needs_room(acl, stream, model):
    with Listener(acl) as seen:
        acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, stream)
        acl.rt.synchronize_stream(stream)
    assert seen.lengths == (True, 0)


@pytest.mark.rules("MDL-041")
def test_a_synchronous_execution_triggers_the_callback(acl, model):
    with Listener(acl) as seen:
        code = model.execute()
    assert code != 0
    assert seen.codes == [code]
    assert seen.found[0][0] == "shape_it"
    model.inputs.write(1, np.int64([2, 3]))
    with Listener(acl) as seen:
        assert model.execute() == 0
    assert seen.codes == []
    assert model.outputs.read(0, np.float32, ()) == 30


@pytest.mark.rules("MDL-037")
def test_an_operator_that_did_not_fail_is_not_found(acl, stream, model):
    assert acl.mdl.create_and_get_op_desc(0, 0xFFFFFF, 1, NAME_SIZE)[-1] != 0
    with Listener(acl) as seen:
        acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, stream)
        acl.rt.synchronize_stream(stream)
    device, stream_id, task = seen.places[0]
    name, inputs, num_inputs, outputs, num_outputs, ret = acl.mdl.create_and_get_op_desc(
        device, stream_id, task + 1, NAME_SIZE
    )
    assert ret != 0
    assert (name, inputs, num_inputs, outputs, num_outputs) == ("", 0, 0, 0, 0)
    assert acl.mdl.create_and_get_op_desc(device + 1, stream_id, task, NAME_SIZE)[-1] != 0


@pytest.mark.rules("DUMP-006", "SYS-006")
@pytest.mark.parametrize("scene", ["lite_exception", "aic_err_brief_dump", "aic_err_norm_dump"])
def test_an_exception_dump_holds_the_inputs_of_the_operator_that_failed(acl, context, om, tmp_path, scene):
    (tmp_path / "c.json").write_text(json.dumps({"dump": {"dump_path": str(tmp_path), "dump_scene": scene}}))
    assert acl.mdl.init_dump() == 0
    assert acl.mdl.set_dump(str(tmp_path / "c.json")) == 0
    model = LoadedModel(acl, om)
    model.inputs.write(0, np.arange(6, dtype=np.float32))
    model.inputs.write(1, np.int64([2, 3]))
    assert model.execute() == 0
    assert read_all(tmp_path) == {}
    model.inputs.write(1, np.int64([5, 5]))
    assert model.execute() != 0
    assert acl.mdl.finalize_dump() == 0
    model.close()
    found = read_all(tmp_path / "extra-info" / "data-dump" / "0")
    assert set(found) == {"shape_it"}
    assert found["shape_it"].inputs[0].tolist() == [0, 2, 4, 6, 8, 10]
    assert found["shape_it"].inputs[1].tolist() == [5, 5]


@pytest.mark.rules("GDE-145")
def test_shapes_that_the_failing_operator_would_have_had_are_unknown(acl, model):
    """The output's shape depends on data that the operator refused: it is not invented."""
    with Listener(acl) as seen:
        assert model.execute() != 0
    _, _, dims, data = seen.outputs[0][0]
    assert data == b""
    assert all(dim < 0 for dim in dims)
