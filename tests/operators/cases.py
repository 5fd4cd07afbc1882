"""Rows of the operator tests: an operator, its inputs and attributes, and what NumPy says that it gives.

A file test_<family>.py lists its rows in CASES; conftest.py makes one test of each row. All rows of a file go into one
graph, which atc compiles once.
"""

import ctypes
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import acl
import ml_dtypes
import numpy as np
from air import Air
from single import run_single

HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
# Outputs whose size is known only when the model has run, and empty ones, get this much memory.
OPEN_BYTES = 1 << 16
TOLERANCE = {np.dtype(np.float16): 2e-3, np.dtype(ml_dtypes.bfloat16): 2e-2}

DTYPES = {
    "float16": np.float16, "float32": np.float32, "float64": np.float64, "bfloat16": ml_dtypes.bfloat16,
    "int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64,
    "uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64, "bool": np.bool_,
}  # fmt: skip


@cache
def signatures() -> dict[str, dict]:
    """What the operator table says of each operator."""
    library = ctypes.CDLL(str(Path(os.environ["CAIRN_BUILD_DIR"]) / "lib64" / "libcairn_engine.so"))
    library.cairn_operator_listing.restype = ctypes.c_char_p
    return {each["type"]: each for each in json.loads(library.cairn_operator_listing())}


def types_of(kind: str) -> list:
    """The types of the operator's first input, or of its output if it has none."""
    signature = signatures()[kind]
    return [DTYPES[name] for name in (signature["input_types"] or signature["output_types"])[0].split(", ")]


def is_float(dtype) -> bool:
    return dtype == ml_dtypes.bfloat16 or np.issubdtype(dtype, np.floating)


@dataclass(frozen=True)
class Const:
    """An input whose value the operator knows when it is built."""

    array: np.ndarray
    layout: str = "ND"


@dataclass(frozen=True)
class Laid:
    """An input with a layout: "NCHW", "NHWC"."""

    array: np.ndarray
    layout: str


@dataclass
class Case:
    type: str
    inputs: Sequence
    expected: Sequence[np.ndarray]
    attributes: dict
    note: str = ""
    within: float = 1e-4
    name: str = field(default="")

    def __str__(self) -> str:
        kinds = "-".join(
            f"{each.dtype}{'x'.join(map(str, each.shape)) or 'scalar'}"
            for each in (getattr(value, "array", value) for value in self.inputs if value is not None)
        )
        return f"{self.type}{'-' + self.note if self.note else ''}-{kinds}"


def case(kind: str, inputs, expected, note: str = "", within: float = 1e-4, **attributes) -> Case:
    """`expected` is an array or a list of them; arrays that stand for scalars may be numbers of NumPy."""
    if not isinstance(inputs, (list, tuple)):
        inputs = [inputs]
    if not isinstance(expected, (list, tuple)):
        expected = [expected]
    return Case(kind, list(inputs), [np.asarray(each) for each in expected], attributes, note, within)


def ints(*values: int, dtype=np.int64) -> Const:
    """A constant list of whole numbers."""
    return Const(np.array(values, dtype))


def random(*shape: int, seed: int = 0, low: float = -3, high: float = 3, dtype=np.float32) -> np.ndarray:
    generator = np.random.default_rng(seed + 7 * len(shape) + sum(shape))
    if np.issubdtype(dtype, np.bool_):
        return generator.integers(0, 2, shape).astype(np.bool_)
    if np.issubdtype(dtype, np.integer):
        least = max(int(low), np.iinfo(dtype).min)
        return generator.integers(least, int(high) + 1, shape).astype(dtype)
    return generator.uniform(low, high, shape).astype(dtype)


@dataclass(frozen=True)
class Elementwise:
    """An operator that works element by element. test_drawn.py gives it drawn shapes of every type of its signature."""

    type: str
    function: Callable  #: Of arrays in double precision, or of whole numbers of the operator's type.
    inputs: int
    low: float
    high: float
    attributes: dict
    result: type | None = None  #: None: the type of the inputs.
    of_whole: type | None = None  #: The type of the result for whole numbers, if that is another one.


ELEMENTWISE: list[Elementwise] = []


class Suite:
    """The answers to all rows of a file."""

    def __init__(self, cases: list[Case], folder: Path, atc: str) -> None:
        self.cases, self.folder, self.atc = cases, folder, atc
        for i, each in enumerate(cases):
            each.name = f"case{i}"
        self.problems: dict[str, str] = {}
        self.answers: dict[str, list[np.ndarray]] = {}
        self._compile()

    def _compile(self) -> None:
        rest = list(self.cases)
        while rest:
            air, inputs = graph_of(rest)
            model = self.folder / "cases.air"
            model.write_bytes(air.bytes())
            command = [
                self.atc, "--framework=1", f"--model={model}", f"--output={self.folder / 'cases'}",
                f"--soc_version={acl.get_soc_name()}",
            ]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
            if done.returncode == 0:
                outputs = run(self.folder / "cases.om", inputs)
                for each in rest:
                    self.answers[each.name] = [outputs.pop(0) for _ in each.expected]
                return
            bad = set(re.findall(r"node (case\d+)\b", done.stdout))
            if not bad:
                self.problems = {each.name: done.stdout for each in rest}
                return
            for part in re.split(r"(?<=\S)(?:; |, )(?=\w+ \(node )", done.stdout):
                for name in re.findall(r"node (case\d+)\b", part):
                    self.problems[name] = part
            rest = [each for each in rest if each.name not in bad]

    def check(self, each: Case, alone: bool = True) -> None:
        """As a layer of a model, and (`alone`) as a single operator."""
        assert each.name not in self.problems, self.problems[each.name]
        compare(each, self.answers[each.name])
        if alone:
            compare(each, run_single(each.type, each.inputs, Const, each.expected, each.attributes))


def compare(each: Case, answers: list[np.ndarray]) -> None:
    for i, (raw, wanted) in enumerate(zip(answers, each.expected, strict=True)):
        assert raw.size == wanted.nbytes, f"output {i} has {raw.size} bytes, expected {wanted.nbytes}"
        got = raw.view(wanted.dtype).reshape(wanted.shape)
        if not np.issubdtype(wanted.dtype, np.integer) and wanted.dtype != np.bool_:
            tolerance = max(each.within, TOLERANCE.get(wanted.dtype, 0))
            np.testing.assert_allclose(
                got.astype(np.float64), wanted.astype(np.float64), rtol=tolerance, atol=tolerance
            )
        else:
            np.testing.assert_array_equal(got, wanted)


def check_all(rows: list[Case], atc: str) -> None:
    """All rows in one graph, and each alone; the failure tells of all that failed."""
    with tempfile.TemporaryDirectory() as folder:
        suite = Suite(rows, Path(folder), atc)
    failures = []
    for row in rows:
        try:
            suite.check(row)
        except AssertionError as failure:
            failures.append(f"{row}: {row.attributes} {str(failure).strip()[:300]}")
    assert not failures, f"{len(failures)} of {len(rows)} rows:\n" + "\n".join(failures)


def graph_of(cases: list[Case]) -> tuple[Air, list[np.ndarray]]:
    air, inputs = Air("cases"), []
    for each in cases:
        edges, layouts = [], []
        for i, value in enumerate(each.inputs):
            name = f"{each.name}_in{i}"
            layout = getattr(value, "layout", "ND")
            layouts.append(layout)
            if value is None:
                edges.append(None)
            elif isinstance(value, Const):
                edges.append(air.const(name, value.array, layout))
            else:
                array = getattr(value, "array", value)
                edges.append(air.data(name, array, layout))
                inputs.append(array)
        air.output(*air.node(each.name, each.type, edges, len(each.expected), layouts, **each.attributes))
    return air, inputs


def run(om: Path, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """The outputs as bytes."""
    model, ret = acl.mdl.load_from_file(str(om))
    assert ret == 0, acl.get_recent_err_msg()
    desc = acl.mdl.create_desc()
    assert acl.mdl.get_desc(desc, model) == 0
    datasets, memory = [], []
    counts = (acl.mdl.get_num_inputs(desc), acl.mdl.get_num_outputs(desc))
    sizes = (acl.mdl.get_input_size_by_index, acl.mdl.get_output_size_by_index)
    for count, size_of in zip(counts, sizes, strict=True):
        dataset = acl.mdl.create_dataset()
        for i in range(count):
            size = size_of(desc, i) or OPEN_BYTES
            address, ret = acl.rt.malloc(max(size, 1), 0)
            assert ret == 0
            memory.append(address)
            acl.mdl.add_dataset_buffer(dataset, acl.create_data_buffer(address, size))
        datasets.append(dataset)
    assert counts[0] == len(inputs)
    for address, array in zip(memory, inputs, strict=False):
        data = np.ascontiguousarray(array).tobytes()
        if data:
            pointer = acl.util.bytes_to_ptr(data)
            assert acl.rt.memcpy(address, len(data), pointer, len(data), HOST_TO_DEVICE) == 0
    assert acl.mdl.execute(model, *datasets) == 0, acl.get_recent_err_msg()
    outputs = []
    for i in range(counts[1]):
        size = acl.mdl.get_output_size_by_index(desc, i)
        if any(dim < 0 for dim in acl.mdl.get_output_dims(desc, i)[0]["dims"]):
            found = acl.mdl.get_dataset_tensor_desc(datasets[1], i)
            size = acl.get_tensor_desc_size(found[0] if isinstance(found, tuple) else found)
        data = bytes(size)
        if size:
            pointer = acl.util.bytes_to_ptr(data)
            address = memory[counts[0] + i]
            assert acl.rt.memcpy(pointer, size, address, size, DEVICE_TO_HOST) == 0
        outputs.append(np.frombuffer(data, np.uint8).copy())
    for dataset in datasets:
        for i in range(acl.mdl.get_dataset_num_buffers(dataset)):
            acl.destroy_data_buffer(acl.mdl.get_dataset_buffer(dataset, i))
        acl.mdl.destroy_dataset(dataset)
    for address in memory:
        acl.rt.free(address)
    acl.mdl.destroy_desc(desc)
    acl.mdl.unload(model)
    return outputs
