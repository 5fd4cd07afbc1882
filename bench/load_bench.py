#!/usr/bin/env python3
"""What happens around the runs of a model: how long it loads, what instances of it need, how much two streams do, how long atc takes.

python bench/load_bench.py MODEL.om MODEL.onnx [SECONDS]   prints a line of JSON for each measurement.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

INSTANCES = 4
ROUNDS = 5


def child(code: str, *words: str, **variables: str) -> list[float]:
    """The JSON that a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, **variables},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout)


LOADED = """
import json, sys, time
import acl
assert acl.init() == 0 and acl.rt.set_device(0) == 0
def anonymous():
    for line in open("/proc/self/smaps_rollup"):
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) / 1024
acl.mdl.query_size(sys.argv[1])  # Loads the engine's libraries.
before = anonymous()
start = time.perf_counter()
model, ret = acl.mdl.load_from_file(sys.argv[1])
assert ret == 0, acl.get_recent_err_msg()
first = (time.perf_counter() - start) * 1e3
one = anonymous() - before
others = [acl.mdl.load_from_file(sys.argv[1])[1] for _ in range(int(sys.argv[2]) - 1)]
assert not any(others)
print(json.dumps([first, one, anonymous() - before]))
"""


def loading(om: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compiled = [child(LOADED, str(om), str(INSTANCES), CAIRN_CACHE_DIR="0") for _ in range(ROUNDS)]
        variables = {"CAIRN_CACHE_DIR": f"{folder}/cache"}
        child(LOADED, str(om), "1", **variables)
        (entry,) = Path(variables["CAIRN_CACHE_DIR"]).glob("*.blob")
        made = entry.stat()
        kept = [child(LOADED, str(om), "1", **variables) for _ in range(ROUNDS)]
        used = entry.stat()
        if used.st_ino != made.st_ino or used.st_mtime_ns == made.st_mtime_ns:
            raise RuntimeError(f"{entry} was not used")
    row = {"name": "load of ResNet-50, compiled", "ours": min(each[0] for each in compiled), "unit": "ms"}
    print(json.dumps(row | {"limit": 250}))
    row = {"name": "load of ResNet-50, kept on disk", "ours": min(each[0] for each in kept), "unit": "ms"}
    print(json.dumps(row | {"limit": 100}))
    _, one, all_of_them = compiled[0]
    row = {"name": f"memory of {INSTANCES} instances by one", "ours": all_of_them / one, "unit": "x"}
    print(json.dumps(row | {"limit": 1.6}))


def our_streams(om: Path, seconds: float) -> float:
    """Runs per second on two streams."""
    import acl

    def check(ret: int) -> None:
        if ret != 0:
            raise RuntimeError(acl.get_recent_err_msg() or str(ret))

    check(acl.init())
    check(acl.rt.set_device(0))
    context, ret = acl.rt.get_context()
    check(ret)
    model, ret = acl.mdl.load_from_file(str(om))
    check(ret)
    desc = acl.mdl.create_desc()
    check(acl.mdl.get_desc(desc, model))

    def dataset(size: int) -> int:
        address, ret = acl.rt.malloc(size, 0)
        check(ret)
        handle = acl.mdl.create_dataset()
        check(acl.mdl.add_dataset_buffer(handle, acl.create_data_buffer(address, size))[1])
        return handle

    def work(runs: list[int], end: float) -> None:
        check(acl.rt.set_context(context))
        stream, ret = acl.rt.create_stream()
        check(ret)
        inputs = dataset(acl.mdl.get_input_size_by_index(desc, 0))
        outputs = dataset(acl.mdl.get_output_size_by_index(desc, 0))
        while time.perf_counter() < end:
            check(acl.mdl.execute_async(model, inputs, outputs, stream))
            check(acl.rt.synchronize_stream(stream))
            runs.append(1)

    def together(duration: float) -> float:
        runs: list[int] = []
        start = time.perf_counter()
        threads = [threading.Thread(target=work, args=(runs, start + duration)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(runs) / (time.perf_counter() - start)

    together(max(2.0, seconds / 2))  # The engine learns that runs overlap.
    return together(seconds)


def their_streams(onnx: Path, seconds: float) -> float:
    """Runs per second of OpenVINO's throughput mode."""
    import numpy as np
    import openvino

    core = openvino.Core()
    settings = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
    model = core.compile_model(str(onnx), "CPU", settings)
    queue = openvino.AsyncInferQueue(model)
    image = np.zeros(model.input(0).shape, np.float32)

    def together(duration: float) -> float:
        count = 0
        start = time.perf_counter()
        while time.perf_counter() - start < duration:
            queue.start_async(image, share_inputs=True)
            count += 1
        queue.wait_all()
        return count / (time.perf_counter() - start)

    together(max(1.0, seconds / 4))
    return together(seconds)


def streams(om: Path, onnx: Path, seconds: float) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import load_bench, pathlib, json; "
    code += (
        "print(json.dumps(getattr(load_bench, sys.argv[2])(pathlib.Path(sys.argv[3]), float(sys.argv[4]))))"
    )
    folder = str(Path(__file__).parent)
    ours, theirs = [], []
    for _ in range(3):
        ours.append(child(code, folder, "our_streams", str(om), str(seconds)))
        theirs.append(child(code, folder, "their_streams", str(onnx), str(seconds)))
    row = {"name": "ResNet-50, execute_async on 2 streams", "ours": max(ours), "theirs": max(theirs)}
    row |= {
        "unit": "runs/s",
        "ratio": max(ours) / max(theirs),
        "against": "OpenVINO, throughput mode",
        "target": 0.95,
    }
    print(json.dumps(row))


def seconds_of(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def converting(onnx: Path) -> None:
    ours, theirs = [], []
    ovc = str(Path(sys.executable).parent / "ovc")
    with tempfile.TemporaryDirectory() as folder:
        atc = [
            "atc",
            f"--model={onnx}",
            "--framework=5",
            f"--output={folder}/ours",
            "--soc_version=Ascend310P3",
        ]
        for _ in range(3):
            ours.append(seconds_of(atc))
            theirs.append(seconds_of([ovc, str(onnx), "--output_model", f"{folder}/theirs.xml"]))
    row = {"name": "atc of ResNet-50", "ours": min(ours), "theirs": min(theirs), "unit": "s"}
    print(json.dumps(row | {"ratio": min(theirs) / min(ours), "against": "ovc", "target": 0.8}))


def main() -> None:
    om, onnx = Path(sys.argv[1]), Path(sys.argv[2])
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 5.0
    loading(om)
    streams(om, onnx, seconds)
    converting(onnx)


if __name__ == "__main__":
    main()
