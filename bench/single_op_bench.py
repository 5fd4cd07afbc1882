#!/usr/bin/env python3
"""Single operators of acl.op next to ONNX Runtime sessions of one operator, and NumPy.

Prints one JSON object per row. All take turns on arrays of the same sizes; the times are medians. acl.op: execute_v2 or
execute_with_handle, whichever is faster, then synchronize_stream. ONNX Runtime: run or run_with_iobinding, whichever is faster.
"""

import ctypes
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import acl
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

TYPES = {
    np.float32: (0, TensorProto.FLOAT),
    np.float16: (1, TensorProto.FLOAT16),
    np.bool_: (12, TensorProto.BOOL),
}
ND = 2
SIZES = (16, 1_000, 100_000, 10_000_000)
LARGE = 100_000  # Elements: from here on throughput counts, below latency.
ROUNDS = 7

LIBRARY = ctypes.CDLL(str(Path(os.environ["CAIRN_BUILD_DIR"]) / "lib64" / "libacl_op_compiler.so"))


def check(ret: int) -> None:
    assert ret == 0, acl.get_recent_err_msg()


def handles(values: list[int]) -> ctypes.Array:
    return (ctypes.c_void_p * len(values))(*values)


@dataclass
class Kind:
    """An operator: its name here and in ONNX, how many inputs of float32 it has, and attributes of both."""

    ours: str
    onnx: str
    inputs: int = 1
    result: type = np.float32
    ours_attributes: dict = field(default_factory=dict)
    onnx_attributes: dict = field(default_factory=dict)
    shape: Callable[[tuple], tuple] = lambda shape: shape
    constant: list[int] | None = None  # A last input of ONNX that is an attribute here.
    numpy: Callable | None = None


CAST = Kind("Cast", "Cast", 1, np.float16, {"dst_type": 1, "truncate": False}, {"to": TensorProto.FLOAT16})
CAST.numpy = lambda out, x: np.copyto(out, x, casting="unsafe")
ADD = Kind("Add", "Add", 2, numpy=lambda out, x, y: np.add(x, y, out=out))
RELU = Kind("Relu", "Relu", numpy=lambda out, x: np.maximum(x, 0, out=out))
EXP = Kind("Exp", "Exp", numpy=lambda out, x: np.exp(x, out=out))
KINDS = [
    ADD, CAST, RELU, EXP,
    Kind("Sub", "Sub", 2),
    Kind("Mul", "Mul", 2),
    Kind("RealDiv", "Div", 2),
    Kind("Maximum", "Max", 2),
    Kind("Minimum", "Min", 2),
    Kind("Greater", "Greater", 2, np.bool_),
    Kind("Sigmoid", "Sigmoid"),
    Kind("Tanh", "Tanh"),
    Kind("Sqrt", "Sqrt"),
    Kind("Abs", "Abs"),
    Kind("Neg", "Neg"),
    Kind("Floor", "Floor"),
    Kind("SoftmaxV2", "Softmax", ours_attributes={"axes": [-1]}, onnx_attributes={"axis": -1}),
    Kind("TransposeD", "Transpose", ours_attributes={"perm": [1, 0]}, onnx_attributes={"perm": [1, 0]}, shape=lambda s: s[::-1]),
    Kind("ReduceSumD", "ReduceSum", ours_attributes={"axes": [1], "keep_dims": True}, onnx_attributes={"keepdims": 1},
         shape=lambda s: (s[0], 1), constant=[1]),
    Kind("MatMul", "MatMul", 2),
]  # fmt: skip
ELEMENTWISE = KINDS[:16]


class Ours:
    """An operator of acl.op, compiled, with its tensors on the device."""

    def __init__(self, kind: Kind, shape: tuple, stream: int) -> None:
        self.kind, self.stream = kind, stream
        self.memory = []
        result = kind.shape(shape)
        self.inputs = [self._buffer(4 * int(np.prod(shape))) for _ in range(kind.inputs)]
        self.outputs = [self._buffer(np.dtype(kind.result).itemsize * int(np.prod(result)))]
        self.input_descs = [acl.create_tensor_desc(0, list(shape), ND) for _ in range(kind.inputs)]
        self.output_descs = [acl.create_tensor_desc(TYPES[kind.result][0], list(result), ND)]
        self.attr = acl.op.create_attr()
        for name, value in kind.ours_attributes.items():
            kinds = {bool: acl.op.set_attr_bool, int: acl.op.set_attr_int, list: acl.op.set_attr_list_int}
            check(kinds[type(value)](self.attr, name, value))

    def _buffer(self, size: int) -> int:
        address, ret = acl.rt.malloc(size, 0)
        check(ret)
        check(acl.rt.memset(address, size, 0x3F, size))  # 0.747...
        self.memory.append(address)
        return acl.create_data_buffer(address, size)

    def compile(self) -> None:
        check(
            LIBRARY.aclopCompile(
                self.kind.ours.encode(), len(self.inputs), handles(self.input_descs), len(self.outputs),
                handles(self.output_descs), ctypes.c_void_p(self.attr), 0, 0, None,
            )
        )  # fmt: skip
        self.handle, ret = acl.op.create_handle(
            self.kind.ours, self.input_descs, self.output_descs, self.attr
        )
        check(ret)

    def launch(self) -> None:
        acl.op.execute_v2(
            self.kind.ours,
            self.input_descs,
            self.inputs,
            self.output_descs,
            self.outputs,
            self.attr,
            self.stream,
        )

    def launch_handle(self) -> None:
        acl.op.execute_with_handle(self.handle, self.inputs, self.outputs, self.stream)

    def free(self) -> None:
        for address in self.memory:
            acl.rt.free(address)


class Theirs:
    """A session of one operator. `bound`: with its arrays."""

    def __init__(self, kind: Kind, shape: tuple) -> None:
        result = kind.shape(shape)
        names = [f"x{i}" for i in range(kind.inputs)]
        constants = []
        if kind.constant is not None:
            constants = [numpy_helper.from_array(np.array(kind.constant, np.int64), "c")]
        graph = helper.make_graph(
            [helper.make_node(kind.onnx, names + [c.name for c in constants], ["y"], **kind.onnx_attributes)],
            "one",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names],
            [helper.make_tensor_value_info("y", TYPES[kind.result][1], result)],
            constants,
        )
        self.model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString()
        # Written: pages of zeros that nobody wrote are one page, which stays in the cache.
        self.feed = {name: np.full(shape, 0.75, np.float32) for name in names}
        self.result = np.empty(result, kind.result)

    def open(self) -> None:
        self.session = onnxruntime.InferenceSession(self.model, providers=["CPUExecutionProvider"])

    def bind(self) -> None:
        self.bound = self.session.io_binding()
        for name, array in self.feed.items():
            self.bound.bind_cpu_input(name, array)
        self.bound.bind_output("y")

    def run(self) -> None:
        self.session.run(None, self.feed)

    def run_bound(self) -> None:
        self.session.run_with_iobinding(self.bound)


def microseconds(call: Callable, runs: int = 1) -> float:
    start = time.perf_counter()
    for _ in range(runs):
        call()
    return (time.perf_counter() - start) / runs * 1e6


def in_turns(ways: dict[str, Callable], runs: int, pause: float = 0.0) -> dict[str, float]:
    """`pause`: seconds before each turn, for threads of others that go on spinning after theirs."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            time.sleep(pause)
            times[name].append(microseconds(call, runs))
    return {name: statistics.median(each) for name, each in times.items()}


def show(name: str, ours: float, theirs: float, against: str, target: float) -> None:
    row = {"name": name, "ours": round(ours, 2), "theirs": round(theirs, 2), "unit": "us", "against": against}
    print(json.dumps(row | {"ratio": round(theirs / ours, 3), "target": target}), flush=True)


def measure(kind: Kind, size: int, stream: int) -> None:
    ours, theirs = Ours(kind, (size,), stream), Theirs(kind, (size,))
    ours.compile()
    theirs.open()
    theirs.bind()

    def finished(launch: Callable) -> Callable:
        def call():
            launch()
            acl.rt.synchronize_stream(stream)

        return call

    arrays = list(theirs.feed.values())
    ways = {
        "ours": finished(ours.launch),
        "ours with handle": finished(ours.launch_handle),
        "theirs": theirs.run,
        "theirs bound": theirs.run_bound,
        "NumPy": lambda: kind.numpy(theirs.result, *arrays),
    }
    times = in_turns(ways, max(5, min(2000, 20_000_000 // size)), 0.1 if size >= LARGE else 0)
    target = 1.0 if size >= LARGE else 1.5
    mine = min(times["ours"], times["ours with handle"])
    name = f"{kind.ours} of {size} floats"
    show(name, mine, min(times["theirs"], times["theirs bound"]), "ONNX Runtime", target)
    show(name, mine, times["NumPy"], "NumPy", 1.0)
    ours.free()


def first_calls(kind: Kind, shapes: list[tuple], stream: int) -> None:
    times: tuple[list[float], list[float]] = ([], [])
    for shape in shapes:
        ours, theirs = Ours(kind, shape, stream), Theirs(kind, shape)

        def call(one=ours):
            one.compile()
            one.launch()
            check(acl.rt.synchronize_stream(stream))

        def session(one=theirs):
            one.open()
            one.run()

        times[0].append(microseconds(call))
        times[1].append(microseconds(session))
        ours.free()
    ours, theirs = (statistics.median(each) for each in times)
    show(f"first call of a new shape, {kind.ours}", ours, theirs, "ONNX Runtime session and run", 1.0)


def sequence(name: str, kinds: list[Kind], count: int, stream: int) -> None:
    """So many different operators one after the other, by themselves short."""
    all_ours, all_theirs = [], []
    for i in range(count):
        kind = kinds[i % len(kinds)]
        side = 4 + i // len(kinds)
        ours, theirs = Ours(kind, (side, side), stream), Theirs(kind, (side, side))
        ours.compile()
        theirs.open()
        theirs.bind()
        all_ours.append(ours)
        all_theirs.append(theirs)

    def by_handle():
        for one in all_ours:
            one.launch_handle()
        acl.rt.synchronize_stream(stream)

    def execute():
        for one in all_ours:
            one.launch()
        acl.rt.synchronize_stream(stream)

    def bound():
        for one in all_theirs:
            one.run_bound()

    def run():
        for one in all_theirs:
            one.run()

    times = in_turns({"handle": by_handle, "execute": execute, "bound": bound, "run": run}, 3)
    show(name, min(times["handle"], times["execute"]), min(times["bound"], times["run"]), "ONNX Runtime", 2.0)


def main() -> None:
    onnxruntime.set_default_logger_severity(3)
    check(acl.init())
    check(acl.rt.set_device(0))
    stream, ret = acl.rt.create_stream()
    check(ret)
    for kind in (CAST, ADD, RELU, EXP):
        for size in SIZES:
            measure(kind, size, stream)
    first_calls(CAST, [(size,) for size in range(3001, 3041)], stream)
    first_calls(KINDS[-1], [(size, size) for size in range(31, 51)], stream)
    sequence("1000 different operators", KINDS, 1000, stream)
    sequence("1000 different elementwise operators", ELEMENTWISE, 1000, stream)


if __name__ == "__main__":
    main()
