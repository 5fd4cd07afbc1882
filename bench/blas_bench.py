#!/usr/bin/env python3
"""Matrix products of acl.blas next to NumPy's, which are OpenBLAS's.

Prints one JSON object per row. The two take turns; the times are medians. A product of half floats is compared with
what a user would write: convert to float32, multiply, convert back. One of int8 is compared with float32, and with oneDNN
called directly.
"""

import ctypes
import json
import statistics
import time

import acl
import numpy as np

SIZES = (64, 128, 256, 512, 1024, 2048)
TURNS = 7
SECONDS_PER_TURN = 0.03
PAUSE = 0.1  # Seconds before each turn: threads of OpenBLAS go on spinning after theirs, on one of the cores.
ONEDNN = ctypes.CDLL("libdnnl.so.2")


class Device:
    def __init__(self) -> None:
        assert acl.init() == 0
        assert acl.rt.set_device(0) == 0
        self.stream, ret = acl.rt.create_stream()
        assert ret == 0

    def put(self, array: np.ndarray) -> int:
        address, ret = acl.rt.malloc(array.nbytes, 2)
        assert ret == 0
        data = acl.util.bytes_to_ptr(array.tobytes())
        assert acl.rt.memcpy(address, array.nbytes, data, array.nbytes, 1) == 0
        return address

    def finish(self, ret: int) -> None:
        assert ret == 0, acl.get_recent_err_msg()
        assert acl.rt.synchronize_stream(self.stream) == 0


def in_turns(ours, theirs) -> tuple[float, float]:
    """Medians in microseconds. A turn is a series of calls, whose first one is not counted."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(TURNS):
        for call, kept in zip((ours, theirs), times, strict=True):
            time.sleep(PAUSE)
            call()
            end = time.perf_counter() + SECONDS_PER_TURN
            while True:
                start = time.perf_counter()
                call()
                now = time.perf_counter()
                kept.append((now - start) * 1e6)
                if now >= end:
                    break
    return statistics.median(times[0]), statistics.median(times[1])


def show(name: str, ours: float, theirs: float, against: str, target: float) -> None:
    row = {"name": name, "ours": round(ours, 1), "theirs": round(theirs, 1), "unit": "us", "against": against}
    print(json.dumps(row | {"ratio": round(theirs / ours, 3), "target": target}), flush=True)


def measure(device: Device, n: int) -> None:
    random = np.random.default_rng(n)
    a, b = (random.standard_normal((n, n)).astype(np.float16) for _ in range(2))
    x = random.standard_normal(n).astype(np.float16)
    wide_a, wide_b = a.astype(np.float32), b.astype(np.float32)
    integers = random.integers(-128, 128, (n, n)).astype(np.int8)
    one, zero = (device.put(np.full(1, value, np.float16)) for value in (1, 0))
    whole_one, whole_zero = (device.put(np.full(1, value, np.int32)) for value in (1, 0))
    left, right, vector, result, matrix = (device.put(array) for array in (a, b, x, a, integers))
    sums = device.put(np.zeros((n, n), np.int32))
    blas, stream, finish = acl.blas, device.stream, device.finish

    def halves():
        finish(blas.hgemm(0, 0, 0, n, n, n, one, left, n, right, n, zero, result, n, 0, stream))

    def by_vector():
        finish(blas.hgemv(0, n, n, one, left, n, vector, 1, zero, result, 1, 0, stream))

    def whole():
        finish(blas.s8gemm(0, 0, 0, n, n, n, whole_one, matrix, n, matrix, n, whole_zero, sums, n, 0, stream))

    def user_halves():
        return (a.astype(np.float32) @ b.astype(np.float32)).astype(np.float16)

    def user_vector():
        return (a.astype(np.float32) @ x.astype(np.float32)).astype(np.float16)

    product = np.empty((n, n), np.int32)
    flag = [ctypes.c_char(letter) for letter in (b"N", b"N", b"F")]
    side, zero_offset, addend = ctypes.c_int64(n), ctypes.c_int8(0), np.zeros(1, np.int32)
    unit, nothing = ctypes.c_float(1), ctypes.c_float(0)
    left_data, sums_data = ctypes.c_void_p(integers.ctypes.data), ctypes.c_void_p(product.ctypes.data)
    addend_data = ctypes.c_void_p(addend.ctypes.data)

    def direct():
        ONEDNN.dnnl_gemm_s8s8s32(
            *flag, side, side, side, unit, left_data, side, zero_offset, left_data, side, zero_offset,
            nothing, sums_data, side, addend_data,
        )  # fmt: skip

    against = "NumPy, through float32"
    show(f"float16 GEMM, {n} x {n}", *in_turns(halves, user_halves), against, 2)
    show(f"float16 GEMV, {n} x {n}", *in_turns(by_vector, user_vector), against, 2)
    show(f"int8 GEMM, {n} x {n}", *in_turns(whole, lambda: wide_a @ wide_b), "NumPy, float32", 1.5)
    show(f"int8 GEMM, {n} x {n}", *in_turns(whole, direct), "oneDNN directly", 0.97)
    for address in (one, zero, whole_one, whole_zero, left, right, vector, result, matrix, sums):
        assert acl.rt.free(address) == 0


def main() -> None:
    device = Device()
    for n in SIZES:
        measure(device, n)


if __name__ == "__main__":
    main()
