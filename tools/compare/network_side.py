"""One side of a comparison: a dump folder, an .om or an .onnx, as the values of its layers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from dump_data import DumpError, dump_files, dump_folder, read_dump

_HERE = Path(__file__).resolve().parent


class CompareError(Exception):
    pass


@dataclass
class Input:
    name: str
    dtype: np.dtype
    shape: tuple[int, ...]  # -1 where it is open.
    usual: tuple[int, ...]  # The shape without a wish.


@dataclass
class Layer:
    name: str
    kind: str
    outputs: list[np.ndarray | None]


@dataclass
class Run:
    """What a side computed: its layers in the order of execution."""

    layers: list[Layer] = field(default_factory=list)
    inputs: dict[str, np.ndarray] = field(default_factory=dict)


def find_tree() -> Path:
    """The toolkit tree that these files belong to."""
    return _HERE.parents[3]


def python_with_acl() -> dict[str, str]:
    """The environment in which a Python can import the tree's own module acl."""
    tree = find_tree()
    paths = [tree / "python", tree / "python" / "site-packages", tree.parent]
    own = next((path for path in paths if (path / "acl" / "__init__.py").is_file()), None)
    environment = dict(os.environ)
    if own is not None:
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(own), environment.get("PYTHONPATH", "")])
        )
    return environment


def convert(onnx: Path, folder: Path, input_shape: str = "") -> Path:
    """With `input_shape` as atc takes it."""
    tool = find_tree() / "bin" / "atc"
    program = str(tool) if tool.is_file() else shutil.which("atc")
    if program is None:
        raise CompareError("atc is not on the path, so that no onnx model can be converted")
    target = folder / onnx.stem
    words = [f"--model={onnx}", "--framework=5", f"--output={target}", "--soc_version=Ascend310P3"]
    if input_shape:
        words.append(f"--input_shape={input_shape}")
    done = subprocess.run(
        [program, *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CompareError(f"atc cannot convert {onnx}:\n{done.stdout}{done.stderr}".strip())
    return target.with_suffix(".om")


class DumpSide:
    """Layers that were dumped before. Their inputs are known if the network's Data operators were dumped, too."""

    def __init__(self, folder: Path) -> None:
        self.folder = dump_folder(folder)
        self.name = str(folder)

    def inputs(self) -> list[Input] | None:
        return None

    def run(self, _: dict[str, np.ndarray]) -> Run:
        run = Run()
        for path in dump_files(self.folder):
            dump = read_dump(path)
            if dump.is_overflow_data:
                continue
            outputs = [tensor.array() if tensor.data else None for tensor in dump.outputs]
            if dump.op_type == "Data" and outputs and outputs[0] is not None:
                run.inputs[dump.op_name] = outputs[0]
            run.layers.append(Layer(dump.op_name, dump.op_type, outputs))
        return run


class OmSide:
    """An offline model, run with Cairn in a process of its own, with every layer dumped."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)

    def call(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, str(_HERE / "run_om.py"), str(self.path), *words],
            env=python_with_acl(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CompareError(f"{self.name} does not run: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def inputs(self) -> list[Input]:
        described = json.loads(self.call("--describe"))
        return [
            Input(each["name"], np.dtype(each["dtype"]), tuple(each["shape"]), tuple(each["usual"]))
            for each in described
        ]

    def run(self, values: dict[str, np.ndarray]) -> Run:
        with tempfile.TemporaryDirectory() as folder:
            np.savez(Path(folder) / "inputs.npz", *values.values())
            (Path(folder) / "dump").mkdir()
            self.call("--inputs", f"{folder}/inputs.npz", "--dump", f"{folder}/dump")
            run = DumpSide(Path(folder) / "dump").run({})
        run.inputs = dict(values)
        return run


class OnnxSide:
    """An ONNX model, run with ONNX Runtime with every tensor as an output."""

    def __init__(self, path: Path) -> None:
        try:
            import onnx
            import onnxruntime
        except ImportError as failure:
            raise CompareError(
                f"the package {failure.name} is needed; install it, or use --onnx-with=cairn"
            ) from None
        self.path, self.name, self.onnx, self.runtime = path, str(path), onnx, onnxruntime
        try:
            self.model = onnx.load(path)
        except Exception as failure:
            raise CompareError(f"{path} is no ONNX model: {failure}") from None

    def inputs(self) -> list[Input]:
        weights = {tensor.name for tensor in self.model.graph.initializer}
        found = []
        for value in self.model.graph.input:
            if value.name in weights:
                continue
            kind = value.type.tensor_type
            shape = tuple(dim.dim_value if dim.dim_value > 0 else -1 for dim in kind.shape.dim)
            dtype = self.onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
            found.append(Input(value.name, dtype, shape, tuple(abs(dim) for dim in shape)))
        return found

    def node_names(self) -> list[str]:
        """As the offline model calls them: nodes without a name of their own after their type and position."""
        given: set[str] = set()
        taken = {node.name for node in self.model.graph.node if node.name}
        names = []
        for position, node in enumerate(self.model.graph.node):
            name = node.name
            if not name or name in given:
                name = f"{node.name or node.op_type}_{position}"
                while name in taken:
                    name += "_"
                taken.add(name)
            given.add(name)
            names.append(name)
        return names

    def run(self, values: dict[str, np.ndarray]) -> Run:
        model = self.onnx.ModelProto()
        model.CopyFrom(self.model)
        known = {output.name for output in model.graph.output}
        wanted = [name for node in model.graph.node for name in node.output if name]
        model.graph.output.extend(self.onnx.ValueInfoProto(name=name) for name in wanted if name not in known)
        try:
            options = self.runtime.SessionOptions()
            options.graph_optimization_level = self.runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
            options.log_severity_level = 3
            if model.ByteSize() < 2**31 and not any(t.external_data for t in model.graph.initializer):
                session = self.runtime.InferenceSession(
                    model.SerializeToString(), options, providers=["CPUExecutionProvider"]
                )
            else:
                raise CompareError(
                    f"{self.name} keeps its weights in other files; compare with --onnx-with=cairn"
                )
            found = dict(zip(wanted, session.run(wanted, values), strict=True))
        except CompareError:
            raise
        except Exception as failure:
            raise CompareError(f"{self.name} does not run with ONNX Runtime: {failure}") from None
        run = Run(inputs=dict(values))
        run.layers = [Layer(name, "Data", [value]) for name, value in values.items()]
        for name, node in zip(self.node_names(), model.graph.node, strict=True):
            outputs = [found.get(output) for output in node.output]
            run.layers.append(
                Layer(name, node.op_type, [o if isinstance(o, np.ndarray) else None for o in outputs])
            )
        return run


def open_side(path: Path, onnx_with: str, folder: Path, input_shape: str):
    if path.is_dir():
        return DumpSide(path)
    if not path.is_file():
        raise CompareError(f"{path} does not exist")
    if path.suffix == ".om":
        return OmSide(path)
    if path.suffix == ".onnx":
        return OnnxSide(path) if onnx_with == "onnxruntime" else OmSide(convert(path, folder, input_shape))
    raise CompareError(f"{path} is no .om, no .onnx and no folder of dump files")


__all__ = ["CompareError", "DumpError", "Input", "Layer", "OnnxSide", "Run", "convert", "open_side"]
