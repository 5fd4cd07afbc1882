"""Measures an ONNX file with ONNX Runtime; `cairn bench --against onnxruntime` carries and runs this script.

python bench_onnxruntime.py MODEL.onnx SECONDS WARM_UP THREADS SHAPES   prints one object of JSON. THREADS 0: all cores;
SHAPES: of the inputs that leave them open, "x:1,3,224,224;y:1,8", or empty.
"""

import json
import sys
import time

import numpy as np
import onnxruntime

TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


def given_shapes(text):
    parts = (part.strip().rpartition(":") for part in text.split(";") if part.strip())
    return {name: [int(dim) for dim in dims.split(",")] for name, _, dims in parts}


def random_input(tensor, shape, random):
    """The same ranges as those that Cairn's run gets."""
    dtype = np.dtype(TYPES[tensor.type])
    if any(not isinstance(dim, int) for dim in shape):
        sys.exit(f"input {tensor.name} has no fixed shape: {shape}")
    if dtype.kind == "f":
        return random.uniform(0, 1, shape).astype(dtype)
    most = 256 if dtype == np.uint8 else 2
    return random.integers(0, most, shape).astype(dtype)


def main():
    model, seconds, warm_up, threads = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(1)
    shapes = given_shapes(sys.argv[5])
    feed = {
        tensor.name: random_input(tensor, shapes.get(tensor.name, tensor.shape), random)
        for tensor in session.get_inputs()
    }
    for _ in range(warm_up):
        session.run(None, feed)
    times = []
    begin = time.perf_counter()
    while not times or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        session.run(None, feed)
        times.append((time.perf_counter() - start) * 1e6)
    total = time.perf_counter() - begin
    p50, p90, p95, p99 = np.percentile(times, [50, 90, 95, 99], method="inverted_cdf").tolist()
    latency = {"count": len(times), "mean": sum(times) / len(times), "min": min(times), "max": max(times)}
    latency |= {"p50": p50, "p90": p90, "p95": p95, "p99": p99}
    report = {"engine": f"ONNX Runtime {onnxruntime.__version__}", "latency": latency}
    print(json.dumps(report | {"runs_per_second": len(times) / total}))


if __name__ == "__main__":
    main()
