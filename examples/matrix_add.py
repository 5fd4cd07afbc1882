#!/usr/bin/env python3
"""Adds two matrices with a single operator, and converts the sum with acl.op.cast.

The operators are compiled before, one .om of each:

    atc --singleop=examples/matrix_add.json --output=op_models --soc_version=Ascend310P3

The first is for int32 matrices of 8 x 16, the second for float matrices of 1 to 64 rows.
Prints one line for each call, or JSON with --json.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import acl
import numpy as np

HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
ACL_FLOAT, ACL_FLOAT16, ACL_INT32, ACL_UINT8 = 0, 1, 3, 4
DATA_TYPES = {
    np.dtype(np.float32): ACL_FLOAT,
    np.dtype(np.float16): ACL_FLOAT16,
    np.dtype(np.int32): ACL_INT32,
    np.dtype(np.uint8): ACL_UINT8,
}
ACL_FORMAT_ND = 2


def check(ret: int, what: str) -> None:
    if ret != 0:
        sys.exit(f"error: {what} returned {ret}: {acl.get_recent_err_msg()}")


class Tensor:
    """Memory on the device, with the description and the data buffer that operators take."""

    def __init__(self, shape: tuple[int, ...], dtype) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.desc = acl.create_tensor_desc(DATA_TYPES[self.dtype], list(shape), ACL_FORMAT_ND)
        self.size = acl.get_tensor_desc_size(self.desc)
        self.address, ret = acl.rt.malloc(self.size, 0)
        check(ret, "acl.rt.malloc")
        self.buffer = acl.create_data_buffer(self.address, self.size)

    @classmethod
    def of(cls, array: np.ndarray) -> Tensor:
        tensor = cls(array.shape, array.dtype)
        data = array.tobytes()
        ret = acl.rt.memcpy(
            tensor.address, tensor.size, acl.util.bytes_to_ptr(data), len(data), HOST_TO_DEVICE
        )
        check(ret, "acl.rt.memcpy")
        return tensor

    def read(self) -> np.ndarray:
        data = bytes(self.size)
        ret = acl.rt.memcpy(acl.util.bytes_to_ptr(data), self.size, self.address, self.size, DEVICE_TO_HOST)
        check(ret, "acl.rt.memcpy")
        return np.frombuffer(data, self.dtype).reshape(self.shape)

    def free(self) -> None:
        check(acl.destroy_data_buffer(self.buffer), "acl.destroy_data_buffer")
        check(acl.rt.free(self.address), "acl.rt.free")
        acl.destroy_tensor_desc(self.desc)


def add(a: np.ndarray, b: np.ndarray, stream: int) -> tuple[np.ndarray, np.ndarray]:
    """a + b, and the same as float16."""
    left, right, total = Tensor.of(a), Tensor.of(b), Tensor(a.shape, a.dtype)
    halves = Tensor(a.shape, np.float16)
    attr = acl.op.create_attr()
    try:
        ret = acl.op.execute_v2(
            "Add",
            [left.desc, right.desc],
            [left.buffer, right.buffer],
            [total.desc],
            [total.buffer],
            attr,
            stream,
        )
        check(ret, "acl.op.execute_v2")
        # Behind the addition in the same stream: no need to wait in between.
        check(acl.op.cast(total.desc, total.buffer, halves.desc, halves.buffer, 0, stream), "acl.op.cast")
        check(acl.rt.synchronize_stream(stream), "acl.rt.synchronize_stream")
        return total.read(), halves.read()
    finally:
        acl.op.destroy_attr(attr)
        for tensor in (left, right, total, halves):
            tensor.free()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--operators", type=Path, default=Path("op_models"), help="folder of the .om files")
    parser.add_argument("--json", action="store_true", help="print the matrices as JSON")
    options = parser.parse_args()

    check(acl.init(), "acl.init")
    check(acl.op.set_model_dir(str(options.operators)), "acl.op.set_model_dir")
    check(acl.rt.set_device(0), "acl.rt.set_device")
    stream, ret = acl.rt.create_stream()
    check(ret, "acl.rt.create_stream")

    random = np.random.default_rng(0)
    results = []
    for shape, dtype in (((8, 16), np.int32), ((1, 16), np.float32), ((50, 16), np.float32)):
        a, b = (random.integers(-1000, 1000, shape).astype(dtype) for _ in range(2))
        total, halves = add(a, b, stream)
        results.append({"a": a.tolist(), "b": b.tolist(), "sum": total.tolist(), "halves": halves.tolist()})
        if not options.json:
            print(
                f"{shape[0]:3} x {shape[1]} {np.dtype(dtype).name:8} {total.ravel()[:4]} ... as float16 {halves.ravel()[:4]} ..."
            )
    if options.json:
        print(json.dumps(results))

    check(acl.rt.destroy_stream(stream), "acl.rt.destroy_stream")
    check(acl.rt.reset_device(0), "acl.rt.reset_device")
    check(acl.finalize(), "acl.finalize")


if __name__ == "__main__":
    main()
