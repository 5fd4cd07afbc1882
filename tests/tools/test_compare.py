"""cairn compare: networks and dumps side by side, the first layer that differs, and the piece that shows it."""

import csv
import struct
import zlib

import dump_bytes
import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import SOC
from onnx import TensorProto, helper, numpy_helper

DIFFERENT = 3


def build(path, weight: float) -> None:
    """Four layers; the third one scales by `weight`."""
    random = np.random.default_rng(0)
    kernel = random.standard_normal((4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["features"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["features"], ["positive"], name="relu"),
        helper.make_node("Mul", ["positive", "weight"], ["scaled"]),  # Without a name.
        helper.make_node("ReduceMean", ["scaled"], ["y"], name="mean", axes=[2, 3]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4, 1, 1))],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(np.float32(weight), "weight")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


@pytest.fixture
def networks(tmp_path, atc):
    build(tmp_path / "net.onnx", 2)
    build(tmp_path / "other.onnx", 2.5)
    done = atc("--model=net.onnx", "--framework=5", "--output=net", f"--soc_version={SOC}")
    assert done.returncode == 0, done.stdout
    return tmp_path


def test_a_converted_network_agrees_with_its_original(cairn, networks):
    done = cairn("compare", "net.om", "net.onnx", "--all-layers")
    assert done.returncode == 0, done.stderr
    assert "4 tensors compared, none differs" in done.stdout
    assert "Mul_2" in done.stdout


@pytest.mark.parametrize(
    "pair", [("net.om", "other.onnx"), ("other.onnx", "net.om"), ("net.onnx", "other.onnx")]
)
def test_the_first_layer_that_differs(cairn, networks, pair):
    done = cairn("compare", *pair)
    assert done.returncode == DIFFERENT, done.stderr
    assert "first difference: Mul Mul_2, output 0" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(">")]
    distance = 0.2 if pair[1] == "other.onnx" else 0.25
    assert float(line.split()[-1]) == pytest.approx(distance, rel=1e-2)


def test_the_table_and_the_picture(cairn, networks):
    done = cairn("compare", "net.om", "other.onnx", "--csv", "errors.csv", "--plot", "errors.png")
    assert done.returncode == DIFFERENT, done.stderr
    with (networks / "errors.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Layer"] for row in rows] == ["conv", "relu", "Mul_2", "mean"]
    assert [float(row["RelativeEuclideanDistance"]) > 1e-3 for row in rows] == [False, False, True, True]
    pixels = png_pixels((networks / "errors.png").read_bytes())
    colours = {tuple(each) for each in pixels.reshape(-1, 3).tolist()}
    assert {(200, 30, 30), (230, 150, 60)} <= colours  # The first one that differs, and those behind it.


def png_pixels(data: bytes) -> np.ndarray:
    """A reader for PNGs of 8-bit RGB without filters."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, parts, size = 8, b"", (0, 0)
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            size = struct.unpack_from(">II", body)
        parts += body if kind == b"IDAT" else b""
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(parts), np.uint8).reshape(size[1], -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(size[1], size[0], 3)


def test_a_given_input(cairn, networks):
    np.save(networks / "zeros.npy", np.zeros((1, 3, 8, 8), np.float32))
    assert (
        cairn("compare", "net.om", "other.onnx", "--input", "zeros.npy").returncode == 0
    )  # 0 times anything is 0.
    assert cairn("compare", "net.om", "other.onnx", "--input", "x=zeros.npy").returncode == 0
    np.save(networks / "short.npy", np.zeros(5, np.float32))
    done = cairn("compare", "net.om", "other.onnx", "--input", "short.npy")
    assert done.returncode == 1
    assert "input x" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--input_shape=x:2,3,8,8"],
        ["--input_shape=x:-1,3,8,8", "--dynamic_batch_size=2,5"],
        ["--input_shape=x:2,3,-1,-1", "--dynamic_image_size=8,6;12,4"],
        ["--input_shape=x:-1,3,-1,8", "--dynamic_dims=2,6;3,7", "--input_format=ND"],
        ["--input_shape=x:1~4,3,-1,-1"],
    ],
)
def test_shapes_that_a_network_leaves_open(cairn, atc, networks, options):
    model = onnx.load(networks / "net.onnx")
    for value in (*model.graph.input, *model.graph.output):
        for axis in (0, 2, 3):
            if value.type.tensor_type.shape.dim[axis].dim_value != 1 or axis == 0:
                value.type.tensor_type.shape.dim[axis].dim_param = f"d{axis}"
    onnx.save(model, networks / "open.onnx")
    done = atc(
        "--model=open.onnx",
        "--framework=5",
        "--output=open",
        f"--soc_version={SOC}",
        "--precision_mode_v2=origin",
        *options,
    )
    assert done.returncode == 0, done.stdout
    done = cairn("compare", "open.om", "open.onnx", "--all-layers")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 tensors compared, none differs" in done.stdout
    batch = 1 if "1~4" in options[0] else 2
    assert f"{batch}x4x" in done.stdout
    if "1~4" in options[0]:
        done = cairn("compare", "open.om", "open.onnx", "--input-shape", "x:3,3,5,9", "--all-layers")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "3x4x5x9" in done.stdout
        done = cairn("compare", "open.om", "open.onnx", "--input-shape", "x:9,3,5,9")
        assert done.returncode == 1
        assert "[GDM-077]" in done.stderr and "--input-shape" in done.stderr
        done = cairn("compare", "open.onnx", "open.onnx", "--onnx-with=cairn", "--input-shape", "x:2,3,4,4")
        assert done.returncode == 0, done.stdout + done.stderr
        done = cairn("compare", "open.om", "open.onnx", "--input-shape", "x:2,z")
        assert done.returncode == 1 and "name:1,3,224,224" in done.stderr


def test_pictures_for_aipp_are_given_as_they_lie(cairn, atc, networks):
    (networks / "aipp.cfg").write_text(
        "aipp_op { aipp_mode: static input_format: YUV420SP_U8 src_image_size_w: 8 src_image_size_h: 8 }"
    )
    words = [
        "--model=net.onnx",
        "--framework=5",
        "--output=aipp",
        f"--soc_version={SOC}",
        "--insert_op_conf=aipp.cfg",
    ]
    done = atc(*words)
    assert done.returncode == 0, done.stdout
    done = cairn("compare", "aipp.om", "aipp.om")
    assert done.returncode == 0, done.stderr
    done = cairn("compare", "aipp.om", "net.onnx")
    assert done.returncode not in (0, DIFFERENT)
    assert "an input with AIPP takes pictures, compare models without it" in done.stderr


def test_dumps_bring_their_input_along(cairn, networks):
    values = np.random.default_rng(8).standard_normal((1, 3, 8, 8)).astype(np.float32)
    model = onnx.load(networks / "net.onnx")
    model.graph.output.append(onnx.ValueInfoProto(name="features"))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    features = session.run(["features"], {"x": values})[0]
    dump_bytes.write(networks / "dump", "Data", "x", 0, [], [values])
    dump_bytes.write(networks / "dump", "Conv2D", "conv", 1, [], [features])
    done = cairn("compare", "dump", "net.om")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 tensors compared" in done.stdout
    done = cairn("compare", "net.onnx", "dump", "--onnx-with=cairn")
    assert done.returncode == 0, done.stdout + done.stderr


def test_networks_that_differ_by_themselves_leave_one_node(cairn, networks):
    done = cairn("compare", "net.om", "other.onnx", "--cut", "piece.onnx")
    assert done.returncode == DIFFERENT
    assert "1 node(s) that end in Mul_2" in done.stdout
    assert "alike" in done.stdout
    piece = onnx.load(networks / "piece.onnx")
    onnx.checker.check_model(piece)
    assert [node.op_type for node in piece.graph.node] == ["Mul"]
    assert [value.name for value in piece.graph.input] == ["positive"]
    with np.load(networks / "piece.npz") as values:
        assert values["positive"].shape == (1, 4, 8, 8)


def test_the_smallest_piece_that_two_engines_answer_differently(cairn, networks):
    """With a tolerance below what float32 can hold, the convolution itself differs."""
    done = cairn("compare", "net.om", "net.onnx", "--tolerance", "1e-12", "--cut", "piece.onnx")
    assert done.returncode == DIFFERENT, done.stdout
    assert "node(s) that end in conv" in done.stdout
    assert [node.op_type for node in onnx.load(networks / "piece.onnx").graph.node] == ["Conv"]


@pytest.mark.parametrize(
    "words",
    [
        ["missing.om", "net.om"],
        ["net.om", "text.txt"],
        ["net.om", "empty"],
        ["net.om", "broken.onnx"],
        ["broken.om", "net.onnx"],
        ["net.om", "net.onnx", "--input", "missing.npy"],
    ],
)
def test_mistakes_get_one_line(cairn, networks, words):
    (networks / "empty").mkdir()
    for name in ("text.txt", "broken.onnx", "broken.om"):
        (networks / name).write_text("no model")
    done = cairn("compare", *words)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_help_has_examples(cairn):
    done = cairn("compare", "--help")
    assert done.returncode == 0
    assert "cairn compare net.om net.onnx" in done.stdout
