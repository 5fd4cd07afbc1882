#!/usr/bin/env python3
"""Model execution through acl.mdl.execute next to ONNX Runtime, with float32 and all cores, in one process and in turns.

Prints one line of JSON; ratio = theirs / ours, above 1 is faster than ONNX Runtime.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import acl
import numpy as np
import onnxruntime

HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
WARM_UP = 5
CALLS = 20
PAUSE_S = 0.02  # Until the other engine's threads have stopped waiting for work.


def check(ret: int, what: str) -> None:
    if ret != 0:
        raise RuntimeError(f"{what}: {acl.get_recent_err_msg() or ret}")


def dataset(size: int) -> tuple[int, int]:
    address, ret = acl.rt.malloc(size, 0)
    check(ret, "acl.rt.malloc")
    handle = acl.mdl.create_dataset()
    _, ret = acl.mdl.add_dataset_buffer(handle, acl.create_data_buffer(address, size))
    check(ret, "acl.mdl.add_dataset_buffer")
    return handle, address


def our_model(om: Path, image: np.ndarray) -> tuple[Callable[[], None], Callable[[], np.ndarray]]:
    """(execute, result) of a model with one input and one output."""
    check(acl.init(), "acl.init")
    check(acl.rt.set_device(0), "acl.rt.set_device")
    model, ret = acl.mdl.load_from_file(str(om))
    check(ret, "acl.mdl.load_from_file")
    desc = acl.mdl.create_desc()
    check(acl.mdl.get_desc(desc, model), "acl.mdl.get_desc")
    output_size = acl.mdl.get_output_size_by_index(desc, 0)
    inputs, input_address = dataset(image.nbytes)
    outputs, output_address = dataset(output_size)
    data = image.tobytes()
    ret = acl.rt.memcpy(input_address, len(data), acl.util.bytes_to_ptr(data), len(data), HOST_TO_DEVICE)
    check(ret, "acl.rt.memcpy")

    def execute() -> None:
        check(acl.mdl.execute(model, inputs, outputs), "acl.mdl.execute")

    def result() -> np.ndarray:
        found = bytes(output_size)
        pointer = acl.util.bytes_to_ptr(found)
        check(
            acl.rt.memcpy(pointer, output_size, output_address, output_size, DEVICE_TO_HOST), "acl.rt.memcpy"
        )
        return np.frombuffer(found, np.float32)

    return execute, result


def times(work: Callable[[], object]) -> list[float]:
    time.sleep(PAUSE_S)
    work()
    found = []
    for _ in range(CALLS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name")
    parser.add_argument("om", type=Path)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("seconds", type=float, nargs="?", default=5.0)
    arguments = parser.parse_args()

    session = onnxruntime.InferenceSession(str(arguments.onnx), providers=["CPUExecutionProvider"])
    tensor = session.get_inputs()[0]
    image = np.random.default_rng(0).uniform(0, 1, tensor.shape).astype(np.float32)
    feed = {tensor.name: image}
    execute, result = our_model(arguments.om, image)
    execute()
    np.testing.assert_allclose(result(), session.run(None, feed)[0].ravel(), rtol=1e-3, atol=1e-3)

    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(WARM_UP):
        execute()
        session.run(None, feed)
    end = time.perf_counter() + arguments.seconds
    while time.perf_counter() < end:
        ours += times(execute)
        theirs += times(lambda: session.run(None, feed))
    our_time, their_time = (float(np.quantile(values, 0.25)) * 1e6 for values in (ours, theirs))
    row = {"name": f"{arguments.name}, acl.mdl.execute", "ours": our_time, "theirs": their_time}
    row |= {"ratio": their_time / our_time, "unit": "us", "against": "ONNX Runtime", "target": 1.0}
    print(json.dumps(row))


if __name__ == "__main__":
    main()
