"""`atc --framework=3`: frozen TensorFlow graphs, against OpenCV's reader of them and against NumPy."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import SOC, Command, OmFile, inspect, run_ir

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tensorflow_graph import Graph, Shape, Type, part, small_network


def convert(atc: Command, *words: str, model: str = "net.pb") -> OmFile:
    done = atc("--framework=3", f"--model={model}", "--output=net", f"--soc_version={SOC}", *words)
    assert done.returncode == 0, done.stdout
    return OmFile(atc.folder / "net.om")


def refuse(atc: Command, *words: str, model: str = "net.pb") -> str:
    done = atc("--framework=3", f"--model={model}", "--output=net", f"--soc_version={SOC}", *words)
    assert done.returncode != 0
    assert not (atc.folder / "net.om").exists()
    return done.stdout


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def opencv(path: Path, x: np.ndarray) -> np.ndarray:
    """The graph as OpenCV reads it; it takes images as NCHW."""
    network = cv2.dnn.readNetFromTensorflow(str(path))
    network.setInput(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
    return network.forward()


def test_a_network_computes_what_opencv_computes(atc: Command, tmp_path: Path) -> None:
    small_network(tmp_path / "net.pb")
    x = image(1, 8, 8, 3)
    got = run_ir(convert(atc), x)[0]
    np.testing.assert_allclose(got, opencv(tmp_path / "net.pb", x), rtol=1e-4, atol=1e-6)


def test_the_om_has_tensorflows_names_layouts_and_cann_types(
    atc: Command, cairn: Command, tmp_path: Path
) -> None:
    weights = small_network(tmp_path / "net.pb")
    om = convert(atc)
    about = inspect(cairn, "net.om", "--ops")
    assert [(i["name"], i["dims"], i["format"]) for i in about["inputs"]] == [("x", [1, 8, 8, 3], "NHWC")]
    assert [(o["name"], o["dims"]) for o in about["outputs"]] == [("prob:0", [1, 5])]
    assert {op["name"]: op["type"] for op in about["operators"]} == {
        "conv": "Conv2D",
        "conv/bias": "BiasAdd",
        "conv/relu": "Relu",
        "pool": "MaxPool",
        "flat": "Reshape",
        "logits": "MatMul",
        "prob": "SoftmaxV2",
    }
    pool = next(op for op in about["operators"] if op["name"] == "pool")
    assert pool["outputs"][0]["dims"] == [1, 4, 4, 4], "inner shapes are those of the original layout"
    assert weights["dense"].tobytes() in om.bytes
    assert "framework_type[3]" in atc("--mode=6", "--om=net.om").stdout


def test_out_nodes_cut_the_graph_at_inner_layers(atc: Command, cairn: Command, tmp_path: Path) -> None:
    weights = small_network(tmp_path / "net.pb")
    x = image(1, 8, 8, 3)
    got = run_ir(convert(atc, "--out_nodes=conv/relu:0;pool:0"), x)
    assert [value.shape for value in got] == [(1, 8, 8, 4), (1, 4, 4, 4)]
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))  # y, x, channel, 3, 3
    relu = np.maximum(np.einsum("yxcij,ijco->yxo", windows, weights["filter"]) + weights["bias"], 0)
    np.testing.assert_allclose(got[0][0], relu, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(got[1][0], relu.reshape(4, 2, 4, 2, 4).max((1, 3)), rtol=1e-4, atol=1e-5)
    assert [o["name"] for o in inspect(cairn, "net.om", "--ops")["outputs"]] == ["conv/relu:0", "pool:0"]


def test_open_sizes_come_from_input_shape(atc: Command, cairn: Command, tmp_path: Path) -> None:
    small_network(tmp_path / "net.pb", batch=-1)
    assert "E10001" in refuse(atc)
    om = convert(atc, "--input_shape=x:3,8,8,3", "--output_type=FP16", "--input_fp16_nodes=x")
    about = inspect(cairn, "net.om", "--ops")
    assert (about["inputs"][0]["dims"], about["inputs"][0]["data_type"]) == ([3, 8, 8, 3], "FLOAT16")
    assert (about["outputs"][0]["dims"], about["outputs"][0]["data_type"]) == ([3, 5], "FLOAT16")
    x = image(3, 8, 8, 3).astype(np.float16)
    each = [opencv(tmp_path / "net.pb", x[i : i + 1].astype(np.float32))[0] for i in range(3)]
    np.testing.assert_allclose(run_ir(om, x)[0].astype(np.float32), np.stack(each), rtol=2e-3, atol=1e-4)


def test_layers_of_mobile_networks(atc: Command, tmp_path: Path) -> None:
    """Pad, depthwise convolution, batch normalisation, Relu6 and Mean, as MobileNet has them."""
    random = np.random.default_rng(2)
    depthwise = random.standard_normal((3, 3, 4, 1)).astype(np.float32)
    scale, offset, mean = (random.standard_normal(4).astype(np.float32) for _ in range(3))
    variance = random.random(4).astype(np.float32) + 0.5
    graph = Graph()
    graph.placeholder("x", (1, 7, 7, 4))
    for name, array in {
        "pads": np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32),
        "filter": depthwise,
        "gamma": scale,
        "beta": offset,
        "mean": mean,
        "variance": variance,
        "axes": np.array([1, 2], np.int32),
    }.items():
        graph.constant(name, array)
    graph.apply("pad", "Pad", "x", "pads", Tpaddings=Type("int32"))
    graph.apply(
        "dw",
        "DepthwiseConv2dNative",
        "pad",
        "filter",
        strides=[1, 2, 2, 1],
        padding="VALID",
        data_format="NHWC",
    )
    graph.apply(
        "bn", "FusedBatchNormV3", "dw", "gamma", "beta", "mean", "variance",
        U=Type("float32"), epsilon=1e-3, is_training=False, data_format="NHWC",
    )  # fmt: skip
    graph.apply("relu6", "Relu6", "bn:0")
    graph.apply("mean_out", "Mean", "relu6", "axes", keep_dims=False, Tidx=Type("int32"))
    graph.write(tmp_path / "net.pb")

    x = image(1, 7, 7, 4)
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))[::2, ::2]
    conv = np.einsum("yxcij,ijc->yxc", windows, depthwise[..., 0])
    expected = np.clip((conv - mean) / np.sqrt(variance + 1e-3) * scale + offset, 0, 6).mean((0, 1))
    np.testing.assert_allclose(run_ir(convert(atc), x)[0][0], expected, rtol=1e-4, atol=1e-5)


def test_several_inputs_types_and_outputs_keep_their_order(
    atc: Command, cairn: Command, tmp_path: Path
) -> None:
    graph = Graph()
    graph.placeholder("b", (2, 3), "int32")
    graph.placeholder("a", (2, 3))
    graph.add("real", "Cast", "b", SrcT=Type("int32"), DstT=Type("float32"))
    graph.apply("sum", "AddV2", "real", "a")
    graph.apply("twice", "AddV2", "b", "b", dtype="int32")
    graph.write(tmp_path / "net.pb")
    om = convert(atc)
    about = inspect(cairn, "net.om", "--ops")
    assert [(i["name"], i["data_type"]) for i in about["inputs"]] == [("b", "INT32"), ("a", "FLOAT")]
    assert [(o["name"], o["data_type"]) for o in about["outputs"]] == [
        ("sum:0", "FLOAT"),
        ("twice:0", "INT32"),
    ]
    a, b = image(2, 3), np.arange(6, dtype=np.int32).reshape(2, 3)
    got = run_ir(om, b, a)
    np.testing.assert_allclose(got[0], a + b)
    np.testing.assert_array_equal(got[1], 2 * b)


def test_unsupported_operators_are_listed_all_at_once(atc: Command, tmp_path: Path) -> None:
    graph = Graph()
    graph.placeholder("x", (1, 4))
    graph.add("one", "Fancy", "x")
    graph.apply("relu", "Relu", "one")
    graph.add("two", "Wow", "relu")
    graph.write(tmp_path / "net.pb")
    text = refuse(atc)
    assert "E19010: 2 operator(s)" in text
    assert "Fancy (node one" in text and "Wow (node two" in text


def test_damaged_graphs_are_refused_with_a_reason(atc: Command, tmp_path: Path) -> None:
    small_network(tmp_path / "whole.pb")
    whole = (tmp_path / "whole.pb").read_bytes()
    path = tmp_path / "net.pb"

    def text_for(data: bytes) -> str:
        path.write_bytes(data)
        return refuse(atc)

    assert "damaged or cut off" in text_for(whole[: len(whole) // 2])
    assert "E16001" in text_for(whole.replace(b"conv/bias", b"conv/bios", 1))
    assert "E19009" in text_for(whole + part(1, part(1, "conv") + part(2, "Relu")))
    assert "no nodes" in text_for(part(4, part(1, 1087)))
    huge = Graph()
    huge.add("huge", "Const", dtype=Type("float32"), value=np.zeros(0, np.float32))
    tensor = part(1, 1) + part(2, b"".join(part(2, part(1, 1 << 20)) for _ in range(3))) + part(5, 1.0)
    node = part(1, "huge") + part(2, "Const") + part(5, part(1, "value") + part(2, part(8, tensor)))
    assert "and no data" in text_for(
        part(1, node) + part(1, part(1, "y") + part(2, "Relu") + part(3, "huge"))
    )


@pytest.mark.parametrize(
    ("layout", "taken"), [("NHWC", True), ("NCHW", True), ("ND", True), ("NDHWC", True), ("CHWN", False)]
)
def test_input_format_names_the_layout(
    atc: Command, cairn: Command, tmp_path: Path, layout: str, taken: bool
) -> None:
    small_network(tmp_path / "net.pb")
    if not taken:
        assert "E10001" in refuse(atc, f"--input_format={layout}")
        return
    convert(atc, f"--input_format={layout}")
    expected = {"NDHWC": "NHWC"}.get(layout, layout)
    assert inspect(cairn, "net.om", "--ops")["inputs"][0]["format"] == expected


def test_a_placeholder_without_a_shape_needs_input_shape(atc: Command, tmp_path: Path) -> None:
    graph = Graph()
    graph.add("x", "Placeholder", dtype=Type("float32"), shape=Shape(None))
    graph.apply("y", "Relu", "x")
    graph.write(tmp_path / "net.pb")
    assert "--input_shape" in refuse(atc)
    np.testing.assert_array_equal(
        run_ir(convert(atc, "--input_shape=x:2,3"), -image(2, 3))[0], np.maximum(-image(2, 3), 0)
    )
