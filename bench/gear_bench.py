#!/usr/bin/env python3
"""Switching between batch gears that were used before, next to what a user of ONNX Runtime with fixed shapes does: making a
session for the other shape.

Prints one line of JSON; ratio = theirs / ours, above 1 is faster. What is timed is the switch alone: the setter, or making the
session, and what the first execution after it takes longer than the next one. Ours is so little of an execution that it shows
only in many pairs of a first and a next execution: both directly after each other, and the median of their differences.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import acl
import numpy as np
import onnx
import onnxruntime

GEARS = (1, 2, 4, 8)
ROUNDS = 15  # At least.
SECONDS = 8.0
SESSIONS = 8


def check(ret: int, what: str) -> None:
    if ret != 0:
        raise RuntimeError(f"{what}: {acl.get_recent_err_msg() or ret}")


def with_batch(source: Path, target: Path, batch: int | str) -> Path:
    model = onnx.load(source)
    del model.graph.value_info[:]
    for value in (*model.graph.input, *model.graph.output):
        dim = value.type.tensor_type.shape.dim[0]
        if isinstance(batch, int):
            dim.dim_value = batch
        else:
            dim.dim_param = batch
    onnx.save(model, target)
    return target


def dataset(sizes: list[int]) -> int:
    handle = acl.mdl.create_dataset()
    for size in sizes:
        address, ret = acl.rt.malloc(size, 0)
        check(ret, "acl.rt.malloc")
        check(acl.rt.memset(address, size, 0, size), "acl.rt.memset")
        check(
            acl.mdl.add_dataset_buffer(handle, acl.create_data_buffer(address, size))[1], "add_dataset_buffer"
        )
    return handle


class Gears:
    def __init__(self, om: Path) -> None:
        check(acl.init(), "acl.init")
        check(acl.rt.set_device(0), "acl.rt.set_device")
        self.model, ret = acl.mdl.load_from_file(str(om))
        check(ret, "acl.mdl.load_from_file")
        desc = acl.mdl.create_desc()
        check(acl.mdl.get_desc(desc, self.model), "acl.mdl.get_desc")
        self.inputs = dataset([acl.mdl.get_input_size_by_index(desc, i) for i in range(2)])
        self.outputs = dataset([acl.mdl.get_output_size_by_index(desc, 0)])

    def set(self, batch: int) -> None:
        check(acl.mdl.set_dynamic_batch_size(self.model, self.inputs, 1, batch), "set_dynamic_batch_size")

    def execute(self) -> float:
        start = time.perf_counter()
        check(acl.mdl.execute(self.model, self.inputs, self.outputs), "acl.mdl.execute")
        return time.perf_counter() - start

    def switch(self) -> float:
        """Seconds of one switch: the setter, and by how much it slows the execution down."""
        setters: list[float] = []
        slower: dict[int, list[float]] = {batch: [] for batch in GEARS}
        end = time.perf_counter() + SECONDS
        while len(setters) < ROUNDS * len(GEARS) or time.perf_counter() < end:
            for batch in GEARS:  # The one before was another.
                start = time.perf_counter()
                self.set(batch)
                setters.append(time.perf_counter() - start)
                first = self.execute()
                slower[batch].append(first - self.execute())
        typical = [statistics.median(values) for values in slower.values()]
        return statistics.median(setters) + max(statistics.fmean(typical), 0.0)


def new_session(path: Path, image: np.ndarray) -> float:
    """Seconds from nothing to a session that has the shape, and by how much its first run is slower than the next."""
    start = time.perf_counter()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: image}
    times = [time.perf_counter()]
    for _ in range(2):
        session.run(None, feed)
        times.append(time.perf_counter())
    return times[0] - start + max((times[1] - times[0]) - (times[2] - times[1]), 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="of the network, for the row")
    parser.add_argument("onnx", type=Path, help="its input's first dim is the batch")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = with_batch(arguments.onnx, folder / "open.onnx", "n")
        value = onnx.load(source).graph.input[0]
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim[1:]]
        listed = ",".join(map(str, shape))
        command = ["atc", "--framework=5", f"--model={source}", f"--output={folder / 'net'}"]
        command += ["--soc_version=Ascend310P3", f"--input_shape={value.name}:-1,{listed}"]
        command += [f"--dynamic_batch_size={','.join(map(str, GEARS))}"]
        subprocess.run(command, check=True, capture_output=True)
        gears = Gears(folder / "net.om")
        for batch in GEARS:  # Compiled when first used.
            gears.set(batch)
            gears.execute()
        theirs = []
        for step in range(SESSIONS):
            batch = GEARS[step % len(GEARS)]
            fixed = with_batch(arguments.onnx, folder / f"fixed{batch}.onnx", batch)
            theirs.append(new_session(fixed, np.zeros((batch, *shape), np.float32)))
        ours = gears.switch()
    ours_us, theirs_us = ours * 1e6, statistics.median(theirs) * 1e6
    row = {
        "name": f"{arguments.name}, switch between 4 used gears",
        "ours": ours_us,
        "theirs": theirs_us,
        "unit": "us",
    }
    row |= {"ratio": theirs_us / ours_us, "against": "a new ONNX Runtime session", "target": 100}
    print(json.dumps(row))


if __name__ == "__main__":
    main()
