#!/usr/bin/env python3
"""Adds matrices with an operator of one's own: a C++ kernel, and a selector that chooses its tiling for each shape.

    python tiled_add.py [--shape ROWSxCOLUMNS ...] [--json]

The steps are those of the manual's chapter 6.7: register the selector and the kernel, describe the tensors,
acl.op.update_params, acl.op.execute_v2. Only the first one, which builds add_tiles.cc, is different on a card.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import acl
import numpy as np

HERE = Path(__file__).resolve().parent
OP_TYPE, KERNEL = "AddTiles", "add_tiles_float"
ENGINE_AICORE = 1
FLOAT, FORMAT_ND = 0, 2
MALLOC_NORMAL_ONLY = 2
HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
TILE_BYTES = 1 << 18  # Three such tiles fit into the second-level cache of a core.
MOST_BLOCKS = 32


def check(ret: int, what: str) -> None:
    if ret != 0:
        sys.exit(f"error: {what} returned {ret}: {acl.get_recent_err_msg()}")


def headers() -> Path:
    """Where cairn/kernel.h is: beside the installed tree, or in it."""
    package = Path(acl.__file__).resolve().parent
    places = [Path(os.environ[name]) for name in ("CAIRN_HOME", "CAIRN_BUILD_DIR") if name in os.environ]
    for place in (*places, package, *package.parents):
        if (place / "include/cairn/kernel.h").is_file():
            return place / "include"
    sys.exit("error: cairn/kernel.h is not found; set CAIRN_HOME to where Cairn is installed")


def build() -> bytes:
    """The kernel binary: a shared object for this CPU."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "add_tiles.o"
        compiler = [os.environ.get("CXX", "c++"), "-std=c++17", "-O3", "-march=native", "-shared", "-fPIC"]
        subprocess.run([*compiler, f"-I{headers()}", HERE / "add_tiles.cc", "-o", target], check=True)
        return target.read_bytes()


class Selector:
    """Chooses the tiling: whole rows while they fit into a tile, else parts of a row; a block for each tile."""

    def __init__(self) -> None:
        self.chosen: dict[str, int] = {}

    def __call__(self, num_inputs, input_desc, num_outputs, output_desc, op_attr, kernel_desc):
        rows = acl.get_tensor_desc_dim_v2(input_desc[0], 0)[0]
        columns = acl.get_tensor_desc_dim_v2(input_desc[0], 1)[0]
        elements = TILE_BYTES // 4
        tile_columns = min(columns, elements)
        tile_rows = max(1, min(rows, elements // tile_columns))
        tiles = -(-rows // tile_rows) * -(-columns // tile_columns)
        blocks = min(tiles, MOST_BLOCKS)
        tiling = np.array([rows, columns, tile_rows, tile_columns], np.uint64).tobytes()
        self.chosen = {"tile": [tile_rows, tile_columns], "tiles": tiles, "blocks": blocks}
        return acl.op.set_kernel_args(kernel_desc, KERNEL, blocks, acl.util.bytes_to_ptr(tiling), len(tiling))


class Matrix:
    """A float32 matrix on the device, with what the operator has to know of it."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.desc = acl.create_tensor_desc(FLOAT, list(shape), FORMAT_ND)
        self.size = acl.get_tensor_desc_size(self.desc)
        self.address, ret = acl.rt.malloc(self.size, MALLOC_NORMAL_ONLY)
        check(ret, "acl.rt.malloc")
        self.buffer = acl.create_data_buffer(self.address, self.size)

    def write(self, values: np.ndarray) -> None:
        data = values.tobytes()
        ret = acl.rt.memcpy(self.address, self.size, acl.util.bytes_to_ptr(data), self.size, HOST_TO_DEVICE)
        check(ret, "acl.rt.memcpy")

    def read(self) -> np.ndarray:
        data = bytes(self.size)
        ret = acl.rt.memcpy(acl.util.bytes_to_ptr(data), self.size, self.address, self.size, DEVICE_TO_HOST)
        check(ret, "acl.rt.memcpy")
        return np.frombuffer(data, np.float32).reshape(self.shape)

    def free(self) -> None:
        check(acl.destroy_data_buffer(self.buffer), "acl.destroy_data_buffer")
        check(acl.rt.free(self.address), "acl.rt.free")
        acl.destroy_tensor_desc(self.desc)


def add(a: np.ndarray, b: np.ndarray, stream: int) -> np.ndarray:
    first, second, total = Matrix(a.shape), Matrix(a.shape), Matrix(a.shape)
    first.write(a)
    second.write(b)
    attr = acl.op.create_attr()
    inputs, outputs = [first.desc, second.desc], [total.desc]
    check(acl.op.update_params(OP_TYPE, inputs, outputs, attr), "acl.op.update_params")
    ret = acl.op.execute_v2(
        OP_TYPE, inputs, [first.buffer, second.buffer], outputs, [total.buffer], attr, stream
    )
    check(ret, "acl.op.execute_v2")
    check(acl.rt.synchronize_stream(stream), "acl.rt.synchronize_stream")
    result = total.read()
    acl.op.destroy_attr(attr)
    for matrix in (first, second, total):
        matrix.free()
    return result


def run(shapes: list[tuple[int, int]]) -> list[dict]:
    selector = Selector()
    check(acl.op.register_compile_func(OP_TYPE, selector), "acl.op.register_compile_func")
    binary = build()
    ret = acl.op.create_kernel(
        OP_TYPE, KERNEL, KERNEL, acl.util.bytes_to_ptr(binary), len(binary), ENGINE_AICORE, 0
    )
    check(ret, "acl.op.create_kernel")
    check(acl.rt.set_device(0), "acl.rt.set_device")
    stream, ret = acl.rt.create_stream()
    check(ret, "acl.rt.create_stream")
    answers = []
    for shape in shapes:
        a, b = (np.random.default_rng(seed).random(shape, np.float32) for seed in (1, 2))
        is_right = bool(np.array_equal(add(a, b, stream), a + b))
        answers.append({"shape": list(shape), **selector.chosen, "right": is_right})
    check(acl.rt.destroy_stream(stream), "acl.rt.destroy_stream")
    check(acl.rt.reset_device(0), "acl.rt.reset_device")
    check(acl.op.unregister_compile_func(OP_TYPE), "acl.op.unregister_compile_func")
    return answers


def shape_of(text: str) -> tuple[int, int]:
    rows, columns = text.split("x")
    return int(rows), int(columns)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", type=shape_of, nargs="+", metavar="ROWSxCOLUMNS",
                        default=[(2, 1), (100, 300), (1000, 2000), (3, 200000)])  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    check(acl.init(), "acl.init")
    answers = run(arguments.shape)
    check(acl.finalize(), "acl.finalize")
    if arguments.json:
        print(json.dumps(answers))
        return
    for answer in answers:
        size, tile = ("x".join(map(str, answer[key])) for key in ("shape", "tile"))
        verdict = "equals NumPy" if answer["right"] else "DIFFERS from NumPy"
        print(
            f"{size:<12} {answer['tiles']:>4} tiles of {tile:<12} on {answer['blocks']:>3} blocks: {verdict}"
        )


if __name__ == "__main__":
    main()
