"""What the tests of the commands share: running them, small networks, and an independent reader of om files."""

import json
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest
from onnx import TensorProto, helper, numpy_helper

SOC = "Ascend310P3"


class Command:
    """A program of Cairn from the path, run in a folder of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        found = shutil.which(name)
        assert found, f"{name} is not on the path: run the tests with ./dev"
        self.program, self.folder = found, folder

    def __call__(self, *words: object, **options: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.program, *map(str, words)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            **options,
        )


@pytest.fixture
def atc(tmp_path: Path) -> Command:
    return Command("atc", tmp_path)


@pytest.fixture
def cairn(tmp_path: Path) -> Command:
    return Command("cairn", tmp_path)


def small_network(batch: object = 1, side: object = 16) -> onnx.ModelProto:
    """Convolution, depthwise convolution, pooling, matrix product: x [batch, 3, side, side] -> prob [batch, 5]."""
    random = np.random.default_rng(3)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(random.normal(size=shape).astype(np.float32), name)

    initializers = [
        weight("w", 8, 3, 3, 3),
        weight("b", 8),
        weight("dw", 8, 1, 3, 3),
        weight("fc", 8, 5),
        numpy_helper.from_array(np.float32(0), "low"),
        numpy_helper.from_array(np.float32(6), "high"),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], name="stem", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Clip", ["c", "low", "high"], ["r"], name="stem/relu6"),
        helper.make_node("Conv", ["r", "dw"], ["d"], name="depthwise", group=8, pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["d"], ["g"], name="pool"),
        helper.make_node("Flatten", ["g"], ["f"], name="flat"),
        helper.make_node("MatMul", ["f", "fc"], ["y"], name="classify"),
        helper.make_node("Softmax", ["y"], ["prob"], name="softmax", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, side, side])],
        [helper.make_tensor_value_info("prob", TensorProto.FLOAT, [batch, 5])],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "small.onnx"
    onnx.save(small_network(), path)
    return path


class OmFile:
    """Header, partitions and records, read by the public description of the format."""

    def __init__(self, path: Path) -> None:
        self.bytes = path.read_bytes()
        magic, head = struct.unpack_from("<II", self.bytes)
        assert (magic, head) == (0x444F4D49, 256)
        (length,) = struct.unpack_from("<Q", self.bytes, 184)
        assert length == len(self.bytes) - 256
        (count,) = struct.unpack_from("<I", self.bytes, 256)
        self.data_start = 256 + 8 + 24 * count
        self.table = [struct.unpack_from("<QQQ", self.bytes, 264 + 24 * i) for i in range(count)]
        self.offsets = {kind: self.data_start + offset for kind, offset, _ in self.table}
        self.parts = {
            kind: self.bytes[self.data_start + offset :][:size] for kind, offset, size in self.table
        }

    def records(self) -> dict[str, bytes]:
        part, found = self.parts[3], {}
        while part:
            _, name_size, size = struct.unpack_from("<III", part)
            found[part[12 : 12 + name_size].decode()] = part[12 + name_size :][:size]
            part = part[12 + name_size + size :]
        return found


def inspect(cairn: Command, name: str = "net.om", *words: str) -> dict:
    done = cairn("inspect", "--json", name, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_ir(om: OmFile, *inputs: np.ndarray) -> list[np.ndarray]:
    """The executable graph and the weights of the file, run by OpenVINO itself."""
    core = openvino.Core()
    weights = openvino.Tensor(np.frombuffer(om.parts[1], np.uint8).copy())
    model = core.read_model(om.records()["cairn.ir.xml"], weights)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [np.array(value) for value in compiled(list(inputs)).values()]
