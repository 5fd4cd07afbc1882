"""Forms of ONNX operators that the engine's own reader computes otherwise than the standard says, in the main graph and in a branch."""

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import SOC, Command, OmFile, run_ir
from onnx import TensorProto, helper, numpy_helper

RANDOM = np.random.default_rng(5)
PICTURE = RANDOM.normal(size=(1, 2, 6, 7)).astype(np.float32)
CHANNELS = RANDOM.normal(size=(1, 9, 3, 3)).astype(np.float32)
BLOCK = RANDOM.uniform(0.1, 2, size=(3, 4, 5)).astype(np.float32)
BOXES = np.array([[[0, 0, 1, 1], [2, 2, 3, 3], [0, 0, 1, 0.5], [4, 4, 5, 5]]], np.float32)
SCORES = np.array([[[0.9, 0.8, 0.7, 0.5]]], np.float32)
ENDLESS = np.array([np.inf, -np.inf, 1, 2, -2, 0.25, -0.25], np.float32)
MOST = np.array([10], np.int64)


def numbers(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


# Type, opset, attributes, inputs that are given when the model runs, constant inputs.
FORMS = [
    ("MaxPool", 22, {"kernel_shape": [1, 1], "strides": [2, 2], "ceil_mode": 1}, [PICTURE], []),
    (
        "MaxPool",
        12,
        {"kernel_shape": [2, 2], "strides": [3, 3], "pads": [1] * 4, "ceil_mode": 1},
        [PICTURE],
        [],
    ),
    ("LpPool", 22, {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1, "p": 3}, [PICTURE], []),
    (
        "LpPool",
        22,
        {"kernel_shape": [2, 2], "strides": [3, 3], "dilations": [2, 2], "ceil_mode": 1},
        [PICTURE],
        [],
    ),
    (
        "AveragePool",
        19,
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4, "ceil_mode": 1, "count_include_pad": 1},
        [PICTURE],
        [],
    ),
    ("Softmax", 11, {"axis": 1}, [BLOCK], []),
    ("Softmax", 12, {"axis": 0}, [BLOCK], []),
    ("Softmax", 12, {"axis": -1}, [BLOCK], []),
    ("Upsample", 9, {}, [PICTURE], [numbers(1, 1, 1.3, 2.1)]),
    ("Upsample", 7, {"scales": [1.0, 1.0, 1.3, 2.1]}, [PICTURE], []),
    ("ReduceLogSum", 18, {"noop_with_empty_axes": 1}, [BLOCK], []),
    ("ReduceLogSum", 18, {"noop_with_empty_axes": 1}, [BLOCK], [np.array([1], np.int64)]),
    ("Einsum", 12, {"equation": "->"}, [np.array(5, np.float32)], []),
    ("Einsum", 12, {"equation": ",->"}, [np.array(5, np.float32), np.array(3, np.float32)], []),
    ("ThresholdedRelu", 10, {}, [ENDLESS], []),
    ("Shrink", 9, {"lambd": 0.5, "bias": 0.25}, [ENDLESS], []),
    ("Mod", 13, {"fmod": 1}, [numbers(-4.5, 7.25, 3, -3), numbers(2, -3.5, np.inf, np.inf)], []),
    ("NonMaxSuppression", 11, {}, [BOXES, SCORES], [MOST, numbers(0)]),
    ("NonMaxSuppression", 11, {}, [BOXES, SCORES], [MOST, numbers(0.5)]),
    ("NonMaxSuppression", 11, {}, [BOXES, SCORES], [MOST, numbers(0.25), numbers(0.5)]),
    ("DynamicQuantizeLinear", 11, {}, [numbers(-100.5, 154.5, 0.5, 1.5, 2.5)], []),
]


def model_of(form: tuple, in_branch: bool) -> tuple[onnx.ModelProto, list[np.ndarray]]:
    kind, opset, attributes, given, constants = form
    given_names = [f"x{i}" for i in range(len(given))]
    names = given_names + [f"c{i}" for i in range(len(constants))]
    out_type = {"NonMaxSuppression": TensorProto.INT64, "DynamicQuantizeLinear": TensorProto.UINT8}.get(
        kind, TensorProto.FLOAT
    )
    outputs = ["y", "s", "z"] if kind == "DynamicQuantizeLinear" else ["y"]
    nodes = [helper.make_node(kind, names, outputs, **attributes)]
    weights = [numpy_helper.from_array(value, f"c{i}") for i, value in enumerate(constants)]
    result = helper.make_tensor_value_info("y", out_type, None)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape)
        for name, value in zip(given_names, given, strict=True)
    ]
    if in_branch:
        # Both branches compute the same, so that the engine knows the dims of what comes out.
        branches = {}
        for side in ("then_branch", "else_branch"):
            inner = [helper.make_node(kind, names, [f"{side}_{name}" for name in outputs], **attributes)]
            end = helper.make_tensor_value_info(f"{side}_y", out_type, None)
            branches[side] = helper.make_graph(inner, side, [], [end])
        nodes = [helper.make_node("If", ["chosen"], ["y"], **branches)]
        inputs = [helper.make_tensor_value_info("chosen", TensorProto.BOOL, []), *inputs]
        given = [np.array(True), *given]
    graph = helper.make_graph(nodes, "g", inputs, [result], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), given


def converted(atc: Command, model: onnx.ModelProto) -> OmFile:
    onnx.save(model, atc.folder / "form.onnx")
    done = atc("--framework=5", "--model=form.onnx", "--output=form", f"--soc_version={SOC}")
    assert done.returncode == 0, done.stdout
    return OmFile(atc.folder / "form.om")


@pytest.mark.parametrize("in_branch", [False, True], ids=["main", "branch"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form[0]}-{form[1]}")
def test_a_form_computes_what_onnx_runtime_computes(form: tuple, in_branch: bool, atc: Command) -> None:
    model, given = model_of(form, in_branch)
    found = run_ir(converted(atc, model), *given)[0]
    plain, given = model_of(form, False)
    session = onnxruntime.InferenceSession(plain.SerializeToString())
    wanted = session.run(None, dict(zip([each.name for each in session.get_inputs()], given, strict=True)))[0]
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("strides", [[1, 1], [2, 3]])
def test_places_are_counted_by_columns(strides: list[int], atc: Command) -> None:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, (2, 2, 6, 7))
    ends = [
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
        helper.make_tensor_value_info("places", TensorProto.INT64, None),
    ]
    node = helper.make_node(
        "MaxPool", ["x"], ["y", "places"], kernel_shape=[2, 3], strides=strides, storage_order=1
    )
    graph = helper.make_graph([node], "g", [x], ends)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    given = RANDOM.normal(size=(2, 2, 6, 7)).astype(np.float32)
    wanted = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": given})
    for one, other in zip(run_ir(converted(atc, model), given), wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", [2, 4, 6])
def test_an_even_window_of_channels_reaches_further_behind(size: int, atc: Command) -> None:
    model, given = model_of(("LRN", 13, {"size": size, "alpha": 1.0}, [CHANNELS], []), False)
    wanted = np.empty_like(CHANNELS)
    for c in range(9):
        first, last = max(0, c - (size - 1) // 2), min(8, c + size // 2)
        squares = (CHANNELS[:, first : last + 1] ** 2).sum(axis=1)
        wanted[:, c] = CHANNELS[:, c] / (1 + squares / size) ** 0.75
    np.testing.assert_allclose(run_ir(converted(atc, model), *given)[0], wanted, rtol=1e-4)


@pytest.mark.parametrize("in_branch", [False, True], ids=["main", "branch"])
def test_a_form_that_would_be_computed_wrongly_is_refused(in_branch: bool, atc: Command) -> None:
    weights = [RANDOM.normal(size=shape).astype(np.float32) for shape in ((1, 20, 3), (1, 20, 5))]
    steps = RANDOM.normal(size=(4, 2, 3)).astype(np.float32)
    model, _ = model_of(("LSTM", 14, {"hidden_size": 5, "input_forget": 1}, [steps], weights), in_branch)
    onnx.save(model, atc.folder / "form.onnx")
    done = atc("--framework=5", "--model=form.onnx", "--output=form", f"--soc_version={SOC}")
    assert "E16002" in done.stdout
    assert "input_forget=1" in done.stdout


def test_shapes_that_one_branch_cannot_take_are_told(atc: Command) -> None:
    """The condition is an input, so that both branches are in the model."""
    branches, weights = {}, []
    for side, rows in (("then_branch", 4), ("else_branch", 5)):
        weights.append(numpy_helper.from_array(np.ones((rows, 3), np.float32), f"w{rows}"))
        end = helper.make_tensor_value_info(f"{side}_y", TensorProto.FLOAT, [1, 3])
        node = helper.make_node("MatMul", ["x", f"w{rows}"], [f"{side}_y"])
        branches[side] = helper.make_graph([node], side, [], [end])
    inputs = [
        helper.make_tensor_value_info("chosen", TensorProto.BOOL, []),
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, "n"]),
    ]
    choice = helper.make_node("If", ["chosen"], ["y"], name="choice", **branches)
    end = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])
    graph = helper.make_graph([choice], "g", inputs, [end], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, atc.folder / "form.onnx")
    words = ["--framework=5", "--model=form.onnx", "--output=form", f"--soc_version={SOC}"]
    done = atc(*words, "--input_shape=x:1,4")
    assert "E19014" in done.stdout
    assert "both branches of choice" in done.stdout
