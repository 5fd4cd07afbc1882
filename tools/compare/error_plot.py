"""A picture of the errors by layer, as PNG, without a library for plots."""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

import numpy as np

# 3 x 5 dots, a row per digit in octal.
_FONT = {
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711", "5": "74717", "6": "74757",
    "7": "71111", "8": "75757", "9": "75717", "e": "02746", "-": "00700", "+": "02720",
}  # fmt: skip
_WHITE, _BLACK, _GREY = (255, 255, 255), (0, 0, 0), (200, 200, 200)
_GOOD, _BAD, _FIRST = (70, 130, 180), (230, 150, 60), (200, 30, 30)
_SCALE = 2


def _text(canvas: np.ndarray, x: int, y: int, text: str) -> None:
    for letter in text:
        for row, digit in enumerate(_FONT.get(letter, "00000")):
            for column in range(3):
                if int(digit) >> (2 - column) & 1:
                    top, left = y + row * _SCALE, x + column * _SCALE
                    canvas[top : top + _SCALE, left : left + _SCALE] = _BLACK
        x += 4 * _SCALE


def write_png(path: Path, pixels: np.ndarray) -> None:
    height, width, _ = pixels.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows.tobytes()))
        + chunk(b"IEND", b"")
    )


def plot(path: Path, errors: list[float], tolerance: float, first: int | None) -> None:
    """A bar for each layer in the order of execution, with a logarithmic scale; the line is the tolerance.

    Errors that are infinite or no number reach the top.
    """
    low, high = -8, 1
    known = [e for e in errors if math.isfinite(e) and e > 0]
    if known:
        high = max(high, math.ceil(math.log10(max(known))))
    bar = max(2, min(24, 1200 // max(1, len(errors))))
    left, bottom, top = 60, 30, 20
    height, width = 400, left + bar * max(1, len(errors)) + 20
    canvas = np.full((height, width, 3), 255, np.uint8)
    span = height - bottom - top

    def line(value: float) -> int:
        return top + round(span * (high - min(max(value, low), high)) / (high - low))

    for exponent in range(low, high + 1):
        y = line(exponent)
        canvas[y, left:] = _GREY
        _text(canvas, 8, y - 5, f"1e{exponent:+d}")
    for index, error in enumerate(errors):
        if not math.isfinite(error):
            y = top
        elif error <= 0:
            continue
        else:
            y = line(math.log10(error))
        colour = _FIRST if index == first else _GOOD if error <= tolerance else _BAD
        x = left + index * bar
        canvas[y : height - bottom, x + (bar > 3) : x + bar - (bar > 3)] = colour
    if tolerance > 0:
        canvas[line(math.log10(tolerance)), left:] = _FIRST
    canvas[height - bottom, left:] = _BLACK
    canvas[top : height - bottom + 1, left] = _BLACK
    for index in range(0, len(errors), max(1, len(errors) // 10)):
        _text(canvas, left + index * bar, height - bottom + 8, str(index))
    write_png(path, canvas)
