#!/usr/bin/env python3
"""Gives photos the colours of old prints: each pixel times a matrix of 3 x 3, with acl.blas.gemm_ex.

The pixels, one in a row, are the matrix A; C holds them at first, so that beta keeps some of the old colours:

    C = alpha * A * B + beta * C

acl.op.cast makes float16 and float32 of the bytes before, and bytes of the product.
Writes NAME_old.png beside each photo, or into --output.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import acl
import numpy as np
from matrix_add import ACL_FLOAT, ACL_FLOAT16, Tensor, check
from PIL import Image

ACL_TRANS_N, ACL_COMPUTE_HIGH_PRECISION = 0, 0
# Columns: how much of red, green and blue goes into the new red, green and blue.
SEPIA = np.array([[0.393, 0.349, 0.272], [0.769, 0.686, 0.534], [0.189, 0.168, 0.131]], np.float16)
BRIGHTEST = float(SEPIA.sum(0).max())  # Of a white pixel; alpha brings it back to white.


def cast(source: Tensor, target: Tensor, stream: int) -> None:
    check(acl.op.cast(source.desc, source.buffer, target.desc, target.buffer, 0, stream), "acl.op.cast")


def recolour(pixels: np.ndarray, keep: float, stream: int) -> np.ndarray:
    """`pixels`: bytes [N, 3]. `keep`: the share of the old colours, 0 to 1."""
    shape = pixels.shape
    before, halves = Tensor.of(pixels), Tensor(shape, np.float16)
    colours, after = Tensor(shape, np.float32), Tensor(shape, np.uint8)
    matrix = Tensor.of(SEPIA)
    alpha = Tensor.of(np.array([(1 - keep) / BRIGHTEST], np.float32))
    beta = Tensor.of(np.array([keep], np.float32))
    try:
        cast(before, halves, stream)
        cast(before, colours, stream)
        rows, columns = shape
        ret = acl.blas.gemm_ex(
            ACL_TRANS_N, ACL_TRANS_N, ACL_TRANS_N, rows, columns, 3,
            alpha.address, halves.address, 3, ACL_FLOAT16, matrix.address, columns, ACL_FLOAT16,
            beta.address, colours.address, columns, ACL_FLOAT, ACL_COMPUTE_HIGH_PRECISION, stream,
        )  # fmt: skip
        check(ret, "acl.blas.gemm_ex")
        cast(colours, after, stream)
        check(acl.rt.synchronize_stream(stream), "acl.rt.synchronize_stream")
        return after.read()
    finally:
        for tensor in (before, halves, colours, after, matrix, alpha, beta):
            tensor.free()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--keep", type=float, default=0.2, help="share of the old colours, 0 to 1 (0.2)")
    parser.add_argument("--output", type=Path, help="folder of the results")
    options = parser.parse_args()
    if not 0 <= options.keep <= 1:
        sys.exit(f"error: --keep is {options.keep}, it must lie between 0 and 1")

    check(acl.init(), "acl.init")
    check(acl.rt.set_device(0), "acl.rt.set_device")
    stream, ret = acl.rt.create_stream()
    check(ret, "acl.rt.create_stream")
    for photo in options.photos:
        try:
            with Image.open(photo) as opened:
                picture = np.asarray(opened.convert("RGB"))
        except OSError as problem:
            sys.exit(f"error: {photo}: {problem}")
        result = recolour(picture.reshape(-1, 3), options.keep, stream).reshape(picture.shape)
        target = (options.output or photo.parent) / f"{photo.stem}_old.png"
        Image.fromarray(result).save(target)
        print(f"{target}: {picture.shape[1]} x {picture.shape[0]}")

    check(acl.rt.destroy_stream(stream), "acl.rt.destroy_stream")
    check(acl.rt.reset_device(0), "acl.rt.reset_device")
    check(acl.finalize(), "acl.finalize")


if __name__ == "__main__":
    main()
