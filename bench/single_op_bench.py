"""A cached elementwise operator through acl.op, an ONNX Runtime session of that one operator, and NumPy.

    ./dev exec python bench/single_op_bench.py [--json]

Each round runs all three on the same arrays; the medians of the rounds are compared. acl.op: execute_v2 or execute_with_handle, then
synchronize_stream. Prints a line per size: microseconds and how many times faster than each of the others; then the first call of
new shapes: compiling and running the operator cast, against making and running a session.
"""

import argparse
import json
import statistics
import time

import acl
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

FLOAT, FLOAT16, ND = 0, 1, 2
SIZES = (16, 1_000, 100_000, 10_000_000)


def check(ret: int) -> None:
    assert ret == 0, acl.get_recent_err_msg()


def on_device(size: int) -> int:
    address, ret = acl.rt.malloc(size, 0)
    check(ret)
    check(acl.rt.memset(address, size, 0, size))
    return acl.create_data_buffer(address, size)


def cast_model(size: int) -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT16)],
        "cast",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT16, [size])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString()


def microseconds(call, runs: int) -> float:
    start = time.perf_counter()
    for _ in range(runs):
        call()
    return (time.perf_counter() - start) / runs * 1e6


def measure(size: int, stream: int) -> dict:
    """Cast of `size` floats to float16: one input, one output, no arithmetic to speak of."""
    source = np.zeros(size, np.float32)
    session = onnxruntime.InferenceSession(cast_model(size), providers=["CPUExecutionProvider"])
    bound = session.io_binding()
    bound.bind_cpu_input("x", source)
    bound.bind_output("y")
    descs = acl.create_tensor_desc(FLOAT, [size], ND), acl.create_tensor_desc(FLOAT16, [size], ND)
    buffers = on_device(4 * size), on_device(2 * size)
    attr = acl.op.create_attr()
    check(acl.op.set_attr_int(attr, "dst_type", FLOAT16))
    check(acl.op.set_attr_bool(attr, "truncate", 0))
    check(acl.op.cast(descs[0], buffers[0], descs[1], buffers[1], 0, stream))  # Compiles it.
    handle, ret = acl.op.create_handle_for_cast(descs[0], descs[1], 0)
    check(ret)
    target = np.empty(size, np.float16)

    def execute():
        acl.op.execute_v2("Cast", [descs[0]], [buffers[0]], [descs[1]], [buffers[1]], attr, stream)
        acl.rt.synchronize_stream(stream)

    def with_handle():
        acl.op.execute_with_handle(handle, [buffers[0]], [buffers[1]], stream)
        acl.rt.synchronize_stream(stream)

    ways = {
        "execute_v2": execute,
        "execute_with_handle": with_handle,
        "ONNX Runtime run": lambda: session.run(None, {"x": source}),
        "ONNX Runtime io_binding": lambda: session.run_with_iobinding(bound),
        "NumPy": lambda: np.copyto(target, source, casting="unsafe"),
    }
    runs = max(3, min(2000, 20_000_000 // size // 10))
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(7):
        for name, call in ways.items():
            times[name].append(microseconds(call, runs))
    acl.op.destroy_handle(handle)
    return {"size": size, **{name: statistics.median(each) for name, each in times.items()}}


def first_calls(stream: int) -> dict:
    ours, theirs = [], []
    for size in range(3001, 3041):
        descs = acl.create_tensor_desc(FLOAT, [size], ND), acl.create_tensor_desc(FLOAT16, [size], ND)
        buffers = on_device(4 * size), on_device(2 * size)
        source, model = np.zeros(size, np.float32), cast_model(size)
        start = time.perf_counter()
        check(acl.op.cast(descs[0], buffers[0], descs[1], buffers[1], 0, stream))
        check(acl.rt.synchronize_stream(stream))
        middle = time.perf_counter()
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        session.run(None, {"x": source})
        ours.append(middle - start)
        theirs.append(time.perf_counter() - middle)
    return {"acl.op": statistics.median(ours) * 1e6, "ONNX Runtime": statistics.median(theirs) * 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    onnxruntime.set_default_logger_severity(3)
    check(acl.init())
    check(acl.rt.set_device(0))
    stream, ret = acl.rt.create_stream()
    check(ret)
    rows = [measure(size, stream) for size in SIZES]
    first = first_calls(stream)
    if options.json:
        print(json.dumps({"sizes": rows, "first_call": first}))
        return
    for row in rows:
        ours = min(row["execute_v2"], row["execute_with_handle"])
        others = {name: row[name] for name in ("ONNX Runtime run", "ONNX Runtime io_binding", "NumPy")}
        shown = ", ".join(f"{name} {value:.1f} us ({value / ours:.2f} x)" for name, value in others.items())
        print(
            f"{row['size']:>9} floats: execute_v2 {row['execute_v2']:.1f} us, with_handle {row['execute_with_handle']:.1f} us; {shown}"
        )
    print(
        f"first call of a shape: acl.op {first['acl.op']:.0f} us, ONNX Runtime {first['ONNX Runtime']:.0f} us "
        f"({first['ONNX Runtime'] / first['acl.op']:.2f} x)"
    )


if __name__ == "__main__":
    main()
