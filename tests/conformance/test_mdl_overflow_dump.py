"""Overflow dump, section 7.12: operators whose results do not fit are written, with what overflowed."""

import json
import shutil
import struct
import sys
from pathlib import Path

import dump_reader
import mdl_models
import numpy as np
import pytest
from mdl_models import atc, save
from onnx import TensorProto, helper

PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(mdl_models.__file__).parent)!r})
import acl, mdl_models
import numpy as np
assert acl.init("acl.json") == 0, acl.get_recent_err_msg()
acl.rt.set_device(0)
model = mdl_models.LoadedModel(acl, "net.om")
for index, array in enumerate(np.load("inputs.npz").values()):
    model.inputs.write(index, array)
assert model.execute() == 0, acl.get_recent_err_msg()
print(model.id)
model.close()
assert acl.finalize() == 0
"""


@pytest.fixture
def overflows(run_python, tmp_path):
    """overflows(nodes, inputs, outputs, values): operator's dump -> its overflow data, by the files that exist."""

    def run(nodes, inputs, outputs, values, options=("--status_check=1",)):
        network = save(tmp_path / "net.onnx", nodes, inputs, outputs)
        atc(network, *options)
        shutil.rmtree(tmp_path / "output", ignore_errors=True)
        (tmp_path / "output").mkdir()
        config = {"dump": {"dump_path": "output", "dump_debug": "on"}}
        (tmp_path / "acl.json").write_text(json.dumps(config))
        np.savez(tmp_path / "inputs.npz", *values)
        done = run_python(PROGRAM)
        assert done.returncode == 0, done.stderr
        files = [path for path in (tmp_path / "output").rglob("*") if path.is_file()]
        debug = sorted(path for path in files if path.name.startswith("OpDebug.Node_Opdebug."))
        plain = sorted(path for path in files if path not in debug)
        assert len(debug) == len(plain)
        return [dump_reader.read(path) for path in plain], [dump_reader.read(path) for path in debug]

    return run


def core(debug) -> dict[str, int]:
    data = debug.outputs[0].tobytes()
    names = [
        "model_id",
        "stream_id",
        "task_id",
        "task_type",
        "pc_start",
        "para_base",
        "kernel_code",
        "block_idx",
    ]
    return dict(zip(names, struct.unpack_from("<8Q", data, 256), strict=True)) | {
        "status": struct.unpack_from("<Q", data, 1024)[0]
    }


def one_operator(node_type, inputs, output, **attributes):
    """Arguments of `overflows` for a network of one operator; inputs: arrays."""
    names = [f"x{i}" for i in range(len(inputs))]
    node = helper.make_node(node_type, names, ["y"], name="only", **attributes)
    kinds = [helper.np_dtype_to_tensor_dtype(array.dtype) for array in inputs]
    described = [(name, kind, array.shape) for name, kind, array in zip(names, kinds, inputs, strict=True)]
    return [node], described, [("y", *output)], inputs


@pytest.mark.rules(
    "DUMP-001",
    "DUMP-002",
    "DUMP-004",
    "DUMP-005",
    "DUMP-006",
    "DUMP-007",
    "DUMP-017",
    "SYS-014",
    "SYS-007",
    "SYS-008",
)
def test_the_operator_that_overflows_is_written_with_its_tensors(overflows):
    nodes = [
        helper.make_node("Add", ["x", "x"], ["twice"], name="double"),
        helper.make_node("Exp", ["twice"], ["huge"], name="block/exp"),
        helper.make_node("Mul", ["huge", "x"], ["y"], name="later"),
    ]
    values = np.float32([1, 2, 80, 4])
    plain, debug = overflows(
        nodes, [("x", TensorProto.FLOAT, (4,))], [("y", TensorProto.FLOAT, (4,))], [values]
    )
    (operator,) = plain
    assert (operator.type, operator.name) == ("Exp", "block_exp")
    np.testing.assert_array_equal(operator.inputs[0], values * 2)
    np.testing.assert_allclose(
        operator.outputs[0], np.float32([np.exp(2), np.exp(4), np.inf, np.exp(8)]), rtol=1e-4
    )
    (data,) = debug
    assert data.task != operator.task
    assert core(data)["task_id"] == operator.task
    assert core(data)["stream_id"] == operator.stream == data.stream
    assert core(data)["status"] == 0x20
    assert core(data)["model_id"] == int(operator.path.parent.parent.name)


@pytest.mark.rules("DUMP-004")
def test_a_network_that_fits_leaves_no_files(overflows):
    node = one_operator("Exp", [np.float32([1, 2, 3])], (TensorProto.FLOAT, (3,)))
    assert overflows(*node) == ([], [])


@pytest.mark.rules("DUMP-004", "DUMP-017")
def test_a_result_that_is_no_number(overflows):
    arguments = one_operator("Log", [np.float32([1, -2, 3])], (TensorProto.FLOAT, (3,)))
    plain, debug = overflows(*arguments)
    assert np.isnan(plain[0].outputs[0]).tolist() == [False, True, False]
    assert core(debug[0])["status"] == 0x20


@pytest.mark.rules("DUMP-004")
def test_infinities_of_the_input_are_no_overflow(overflows):
    arguments = one_operator("Neg", [np.float32([1, np.inf, np.nan])], (TensorProto.FLOAT, (3,)))
    assert overflows(*arguments) == ([], [])


@pytest.mark.rules("DUMP-014", "DUMP-015")
def test_the_negation_of_the_smallest_integer(overflows):
    smallest = np.iinfo(np.int32).min
    arguments = one_operator("Neg", [np.int32([5, smallest])], (TensorProto.INT32, (2,)))
    assert core(overflows(*arguments)[1][0])["status"] == 0x8
    assert overflows(*one_operator("Neg", [np.int32([5, smallest + 1])], (TensorProto.INT32, (2,)))) == (
        [],
        [],
    )


@pytest.mark.rules("DUMP-016")
@pytest.mark.parametrize(
    ("kind", "a", "b", "expected"),
    [
        ("Add", [[1, 2**31 - 1]], [[1], [1]], 0x10),
        ("Add", [[1, 2**31 - 2]], [[1], [1]], 0),
        ("Sub", [[0, -(2**31)]], [[0], [1]], 0x10),
        ("Sub", [[0, -(2**31)]], [[0], [0]], 0),
        ("Mul", [[3, 65536]], [[2], [32768]], 0x10),
        ("Mul", [[3, 65535]], [[2], [32768]], 0),
    ],
)
def test_integer_arithmetic(overflows, kind, a, b, expected):
    arguments = one_operator(kind, [np.int32(a), np.int32(b)], (TensorProto.INT32, (2, 2)))
    _, debug = overflows(*arguments)
    assert [core(one)["status"] for one in debug] == ([expected] if expected else [])


@pytest.mark.rules("DUMP-018")
def test_a_negative_number_becomes_unsigned(overflows):
    arguments = one_operator("Cast", [np.float32([1, -2])], (TensorProto.UINT8, (2,)), to=TensorProto.UINT8)
    assert core(overflows(*arguments)[1][0])["status"] == 0x80
    arguments = one_operator("Cast", [np.float32([1, 2])], (TensorProto.UINT8, (2,)), to=TensorProto.UINT8)
    assert overflows(*arguments) == ([], [])


@pytest.mark.rules("DUMP-019")
@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_a_number_beyond_half_floats(overflows, kind):
    half = (TensorProto.FLOAT16, (2,))
    arguments = one_operator("Cast", [kind([1, 70000])], half, to=TensorProto.FLOAT16)
    assert core(overflows(*arguments)[1][0])["status"] == 0x100
    arguments = one_operator("Cast", [kind([1, 65504])], half, to=TensorProto.FLOAT16)
    assert overflows(*arguments) == ([], [])


@pytest.mark.rules("DUMP-020")
def test_a_matrix_product_beyond_floats(overflows):
    a = np.full((2, 2), 3e19, np.float32)
    arguments = one_operator("MatMul", [a, a], (TensorProto.FLOAT, (2, 2)))
    plain, debug = overflows(*arguments)
    assert np.isinf(plain[0].outputs[0]).all()
    assert core(debug[0])["status"] == 0x400
    assert sys.float_info.max > 3e19
