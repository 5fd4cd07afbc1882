"""Writes dump files by the public description of the format."""

import struct
from pathlib import Path

import numpy as np

TYPES = {"float32": 1, "float16": 2, "int8": 3, "uint8": 4, "int32": 7, "int64": 8, "bool": 11}
BFLOAT16 = 27


def varint(value: int) -> bytes:
    out = b""
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def tensor(array: np.ndarray, size_field: int, data_type: int | None) -> bytes:
    shape = b"".join(number(1, dim) for dim in array.shape)
    kind = TYPES[array.dtype.name] if data_type is None else data_type
    return number(1, kind) + number(2, 2) + block(3, shape) + number(size_field, array.nbytes)


def dump(op_name: str, inputs=(), outputs=(), data_type: int | None = None) -> bytes:
    header = block(1, b"2.0") + number(2, 1597922031178434)
    header += b"".join(block(3, tensor(array, 6, data_type)) for array in outputs)
    header += b"".join(block(4, tensor(array, 5, data_type)) for array in inputs)
    header += block(6, op_name.encode())
    return struct.pack("<Q", len(header)) + header + b"".join(a.tobytes() for a in [*inputs, *outputs])


def write(folder: Path, op_type: str, op_name: str, time: int, inputs=(), outputs=(), **options) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{op_type}.{op_name.replace('/', '_')}.3.0.{1597922031178434 + time}"
    path.write_bytes(dump(op_name, inputs, outputs, **options))
    return path
