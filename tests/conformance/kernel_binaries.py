"""The kernel binary of the tests (tests/kernels/test_kernels.cc), built for the machine that they run on."""

import itertools
import os
from pathlib import Path

import numpy as np

BINARY = Path(os.environ["CAIRN_BUILD_DIR"]) / "bin" / "tests" / "test_kernels.so"
ADD_HALF = "cce_add_11_33_float16_11_33_float16__kernel0"
_numbers = itertools.count(1)


class Binary:
    """The bytes of a kernel file at an address."""

    def __init__(self, acl, data: bytes | None = None) -> None:
        self.data = BINARY.read_bytes() if data is None else data
        self.address = acl.util.bytes_to_ptr(self.data)
        self.size = len(self.data)


def new_type(name: str) -> str:
    """An operator type of its own: kernels stay registered until the process ends."""
    return f"{name}_{next(_numbers)}"


class Numbers:
    """Numbers of size_t or of a tiling structure at an address."""

    def __init__(self, acl, *values: int) -> None:
        self.data = np.array(values, np.uint64).tobytes()
        self.address = acl.util.bytes_to_ptr(self.data)
        self.size = len(self.data)
