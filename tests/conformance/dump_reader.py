"""Reads dump files by the public description of the format; independent of the project's own reader."""

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

TYPES = {1: "<f4", 2: "<f2", 3: "i1", 4: "u1", 7: "<i4", 8: "<i8", 9: "<u4", 11: "?", 12: "<f8"}


def fields(data: bytes) -> list[tuple[int, object]]:
    found, at = [], 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            found.append((key >> 3, varint()))
        else:
            assert key & 7 == 2
            size = varint()
            found.append((key >> 3, data[at : at + size]))
            at += size
    return found


@dataclass
class Operator:
    path: Path
    type: str
    name: str
    task: int
    stream: int
    time: int
    op_name: str = ""
    inputs: list[np.ndarray] = field(default_factory=list)
    outputs: list[np.ndarray] = field(default_factory=list)


def read(path: Path) -> Operator:
    op_type, name, task, stream, time = path.name.split(".")
    one = Operator(path, op_type, name, int(task), int(stream), int(time))
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    payload = data[8 + length :]
    tensors = {3: [], 4: []}
    for number, value in fields(data[8 : 8 + length]):
        if number in tensors:
            tensors[number].append(fields(value))
        if number == 6:
            one.op_name = value.decode()
    for number, size_field, target in ((4, 5, one.inputs), (3, 6, one.outputs)):
        for tensor in tensors[number]:
            values = dict(tensor)
            shape = [dim for key, dim in fields(values.get(3, b"")) if key == 1]
            size = values.get(size_field, 0)
            array = np.frombuffer(payload[:size], TYPES[values[1]])
            target.append(array.reshape(shape) if array.size == np.prod(shape, dtype=int) else array)
            payload = payload[size:]
    assert payload == b"", "the file has more bytes than its header tells"
    return one


def read_all(folder: Path) -> dict[str, Operator]:
    """All dump files at or below a folder by the operator's name."""
    return {one.name: one for one in (read(path) for path in sorted(folder.rglob("*.*.*.*.*")))}
