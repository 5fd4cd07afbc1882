"""Small networks for the tests of acl.mdl: made with the onnx package, converted with atc, answered by ONNX Runtime."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import acl
import numpy as np
import onnx
import onnxruntime
from constants import DEVICE_TO_HOST, HOST_TO_DEVICE
from onnx import TensorProto, helper, numpy_helper


def save(path: Path, nodes, inputs, outputs, weights=()) -> Path:
    """inputs and outputs: [(name, onnx type, shape)], weights: {name: array}."""
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(*each) for each in outputs],
        [numpy_helper.from_array(array, name) for name, array in dict(weights).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def convert(onnx_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs atc for the chip in force."""
    tool = shutil.which("atc")
    assert tool is not None, "atc is not on the path"
    target = onnx_path.with_suffix("")
    command = [
        tool,
        f"--model={onnx_path}",
        "--framework=5",
        f"--output={target}",
        f"--soc_version={acl.get_soc_name()}",
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def atc(onnx_path: Path, *options: str) -> Path:
    """Converts the network; the om file lies beside it."""
    done = convert(onnx_path, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return onnx_path.with_suffix(".om")


def written(folder: Path, text: str) -> Path:
    """An AIPP configuration with this text."""
    path = folder / "aipp.cfg"
    path.write_text(text)
    return path


def two_by_two(folder: Path, name: str = "two") -> Path:
    """Two inputs of different shape and type, two outputs: total = Conv(image) + offset, count = Cast(offset)."""
    random = np.random.default_rng(1)
    return save(
        folder / f"{name}.onnx",
        [
            helper.make_node("Conv", ["image", "kernel"], ["features"], name="conv", pads=[1, 1, 1, 1]),
            helper.make_node("Add", ["features", "offset"], ["total"], name="plus"),
            helper.make_node("Cast", ["offset"], ["count"], name="to_int", to=TensorProto.INT32),
        ],
        [("image", TensorProto.FLOAT, (2, 3, 8, 10)), ("offset", TensorProto.FLOAT, (1, 4, 1, 1))],
        [("total", TensorProto.FLOAT, (2, 4, 8, 10)), ("count", TensorProto.INT32, (1, 4, 1, 1))],
        {"kernel": random.standard_normal((4, 3, 3, 3)).astype(np.float32)},
    )


def identity_image(folder: Path, height: int, width: int, channels: int = 3, batch: int = 1) -> Path:
    """The output is the input, so that it shows what AIPP wrote."""
    shape = (batch, channels, height, width)
    return save(
        folder / "seen.onnx",
        [helper.make_node("Add", ["image", "zero"], ["seen"], name="plus")],
        [("image", TensorProto.FLOAT, shape)],
        [("seen", TensorProto.FLOAT, shape)],
        {"zero": np.zeros(1, np.float32)},
    )


def two_images(folder: Path, batches: tuple[int, int] = (1, 1)) -> Path:
    """Two images, 24 x 16 and 12 x 9 pixels (width x height), each of which is an output, too."""
    first, second = (batches[0], 3, 16, 24), (batches[1], 3, 9, 12)
    return save(
        folder / "two_images.onnx",
        [
            helper.make_node("Add", ["first", "zero"], ["first_seen"], name="plus_1"),
            helper.make_node("Add", ["second", "zero"], ["second_seen"], name="plus_2"),
        ],
        [("first", TensorProto.FLOAT, first), ("second", TensorProto.FLOAT, second)],
        [("first_seen", TensorProto.FLOAT, first), ("second_seen", TensorProto.FLOAT, second)],
        {"zero": np.zeros(1, np.float32)},
    )


def reference(onnx_path: Path, inputs: list[np.ndarray]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(str(onnx_path), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))


@dataclass
class Buffers:
    """A dataset with a data buffer and device memory for each size."""

    acl: object
    sizes: list[int]
    dataset: int = 0
    buffers: list[int] = field(default_factory=list)
    addresses: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dataset = self.acl.mdl.create_dataset()
        assert self.dataset != 0
        for size in self.sizes:
            address, ret = self.acl.rt.malloc(size, 0)
            assert ret == 0
            self.addresses.append(address)
            self.buffers.append(self.acl.create_data_buffer(address, size))
            dataset, ret = self.acl.mdl.add_dataset_buffer(self.dataset, self.buffers[-1])
            assert (dataset, ret) == (self.dataset, 0)

    def write(self, index: int, array: np.ndarray) -> None:
        data = np.ascontiguousarray(array).tobytes()
        pointer = self.acl.util.bytes_to_ptr(data)
        ret = self.acl.rt.memcpy(self.addresses[index], self.sizes[index], pointer, len(data), HOST_TO_DEVICE)
        assert ret == 0

    def read(self, index: int, dtype, shape) -> np.ndarray:
        data = bytes(self.sizes[index])
        pointer = self.acl.util.bytes_to_ptr(data)
        ret = self.acl.rt.memcpy(pointer, len(data), self.addresses[index], len(data), DEVICE_TO_HOST)
        assert ret == 0
        return np.frombuffer(data, dtype).reshape(shape).copy()

    def free(self) -> None:
        assert self.acl.mdl.destroy_dataset(self.dataset) == 0
        for buffer, address in zip(self.buffers, self.addresses, strict=True):
            assert self.acl.destroy_data_buffer(buffer) == 0
            assert self.acl.rt.free(address) == 0


class LoadedModel:
    """A model with its description and memory for its inputs and outputs."""

    def __init__(self, acl, om: Path) -> None:
        self.acl = acl
        self.id, ret = acl.mdl.load_from_file(str(om))
        assert ret == 0, acl.get_recent_err_msg()
        self.desc = acl.mdl.create_desc()
        assert acl.mdl.get_desc(self.desc, self.id) == 0
        mdl = acl.mdl
        sizes = [mdl.get_input_size_by_index(self.desc, i) for i in range(mdl.get_num_inputs(self.desc))]
        self.inputs = Buffers(acl, sizes)
        sizes = [mdl.get_output_size_by_index(self.desc, i) for i in range(mdl.get_num_outputs(self.desc))]
        self.outputs = Buffers(acl, sizes)

    def execute(self) -> int:
        return self.acl.mdl.execute(self.id, self.inputs.dataset, self.outputs.dataset)

    def close(self) -> None:
        self.inputs.free()
        self.outputs.free()
        assert self.acl.mdl.destroy_desc(self.desc) == 0
        assert self.acl.mdl.unload(self.id) == 0
