"""Reads dump files: a length, a protobuf header toolkit.dump.DumpData, and the bytes of the tensors.

Files may come from anywhere: lengths are checked before they are used, and what is wrong ends in a DumpError.
"""

from __future__ import annotations

import csv
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

# Numbers of ge.proto.DataType.
_TYPES = {
    1: np.dtype("<f4"),
    2: np.dtype("<f2"),
    3: np.dtype("i1"),
    4: np.dtype("u1"),
    5: np.dtype("<i2"),
    6: np.dtype("<u2"),
    7: np.dtype("<i4"),
    8: np.dtype("<i8"),
    9: np.dtype("<u4"),
    10: np.dtype("<u8"),
    11: np.dtype("?"),
    12: np.dtype("<f8"),
    16: np.dtype("<c8"),
    17: np.dtype("<c16"),
}
_BFLOAT16 = 27
_TYPE_NAMES = {2: "float16", 13: "string", _BFLOAT16: "bfloat16", 28: "int4"}
_FORMATS = {
    0: "NCHW",
    1: "NHWC",
    2: "ND",
    3: "NC1HWC0",
    4: "FRACTAL_Z",
    12: "NC1HWC0_C04",
    16: "HWCN",
    27: "NDHWC",
    29: "FRACTAL_NZ",
    30: "NCDHW",
    40: "RESERVED",
}
MOST_DIMS = 64


class DumpError(Exception):
    """A file that is no dump file, or not a whole one."""


@dataclass
class Tensor:
    data_type: int = 0
    format: int = 2
    shape: tuple[int, ...] = ()
    size: int = 0
    data: bytes = b""
    original_name: str = ""

    @property
    def type_name(self) -> str:
        known = _TYPES.get(self.data_type)
        return known.name if known is not None else _TYPE_NAMES.get(self.data_type, "undefined")

    @property
    def format_name(self) -> str:
        return _FORMATS.get(self.format, str(self.format))

    def array(self) -> np.ndarray:
        """In its shape where the bytes are that many, else with one dimension; bfloat16 becomes float32."""
        if self.data_type == _BFLOAT16:
            halves = np.frombuffer(self.data[: len(self.data) // 2 * 2], "<u2")
            flat = (halves.astype("<u4") << 16).view("<f4")
        else:
            kind = _TYPES.get(self.data_type, np.dtype("u1"))
            flat = np.frombuffer(self.data[: len(self.data) // kind.itemsize * kind.itemsize], kind)
        elements = 1
        for dim in self.shape:
            elements *= dim
        return flat.reshape(self.shape) if elements == flat.size else flat


@dataclass
class Dump:
    path: Path
    file_name: str  #: As it was meant, also where the file system's limit made it a number.
    op_type: str = ""
    op_name: str = ""
    task_id: int = 0
    stream_id: int = 0
    timestamp: int = 0
    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)

    @property
    def is_overflow_data(self) -> bool:
        return self.op_type.lower() == "opdebug"


# --- protobuf, as far as it is needed ---


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise DumpError("the header ends in the middle of a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at


def _fields(data: memoryview):
    """(number, value) of each field: an int, or a memoryview for texts, bytes and messages."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
        elif kind == 2:
            size, at = _varint(data, at)
            if size > len(data) - at:
                raise DumpError("a field is longer than the header")
            value, at = data[at : at + size], at + size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            if size > len(data) - at:
                raise DumpError("the header ends in the middle of a number")
            value, at = int.from_bytes(data[at : at + size], "little"), at + size
        else:
            raise DumpError(f"the header has a field of the unknown kind {kind}")
        yield key >> 3, value


def _number(value) -> int:
    return value if isinstance(value, int) else 0


def _message(value) -> memoryview:
    return value if isinstance(value, memoryview) else memoryview(b"")


def _shape(data: memoryview) -> tuple[int, ...]:
    dims: list[int] = []
    for number, value in _fields(data):
        if number != 1:
            continue
        if isinstance(value, int):
            dims.append(value)
        else:  # Packed.
            at = 0
            while at < len(value):
                dim, at = _varint(value, at)
                dims.append(dim)
        if len(dims) > MOST_DIMS:
            raise DumpError(f"a tensor has more than {MOST_DIMS} dims")
    return tuple(dims)


def _tensor(data: memoryview, is_output: bool) -> Tensor:
    tensor = Tensor()
    data_field, size_field = (5, 6) if is_output else (4, 5)
    for number, value in _fields(data):
        if number == 1:
            tensor.data_type = _number(value)
        elif number == 2:
            tensor.format = _number(value)
        elif number == 3:
            tensor.shape = _shape(_message(value))
        elif number == 4 and is_output:
            for inner, text in _fields(_message(value)):
                if inner == 1:
                    tensor.original_name = bytes(_message(text)).decode("utf-8", "replace")
        elif number == data_field:
            tensor.data = bytes(_message(value))
        elif number == size_field:
            tensor.size = _number(value)
    return tensor


# --- files ---


def _mapped_names(folder: Path) -> dict[str, str]:
    """Number -> name, of files whose names were too long."""
    mapping = folder / "mapping.csv"
    if not mapping.is_file():
        return {}
    with mapping.open(encoding="utf-8", errors="replace", newline="") as file:
        return {row[0]: ",".join(row[1:]) for row in csv.reader(file) if len(row) >= 2}


def _parse_name(dump: Dump) -> None:
    parts = dump.file_name.split(".")
    if len(parts) in (4, 5) and all(part.isdecimal() for part in parts[2:]):
        dump.op_type, dump.op_name = parts[:2]
        numbers = [int(part) for part in parts[2:]]
        dump.task_id, dump.timestamp = numbers[0], numbers[-1]
        if len(numbers) == 3:
            dump.stream_id = numbers[1]


def is_dump_name(name: str) -> bool:
    parts = name.split(".")
    return (len(parts) in (4, 5, 9) and all(part.isdecimal() for part in parts[2:])) or name.isdecimal()


def read_dump(path: Path, version: int = 2) -> Dump:
    """Version 1 files are one message with the data inside."""
    try:
        content = memoryview(path.read_bytes())
    except OSError as failure:
        raise DumpError(f"{path}: {failure.strerror}") from failure
    dump = Dump(
        path, _mapped_names(path.parent).get(path.name, path.name) if path.name.isdecimal() else path.name
    )
    _parse_name(dump)
    try:
        if version == 1:
            header, payload = content, memoryview(b"")
        else:
            if len(content) < 8:
                raise DumpError("it has less than the 8 bytes of the header's length")
            (length,) = struct.unpack_from("<Q", content)
            if length > len(content) - 8:
                raise DumpError(f"its header should have {length} bytes, the file has {len(content) - 8}")
            header, payload = content[8 : 8 + length], content[8 + length :]
        for number, value in _fields(header):
            if number == 3:
                dump.outputs.append(_tensor(_message(value), True))
            elif number == 4:
                dump.inputs.append(_tensor(_message(value), False))
            elif number == 6:
                dump.op_name = bytes(_message(value)).decode("utf-8", "replace") or dump.op_name
        for tensor in [*dump.inputs, *dump.outputs] if version != 1 else []:
            if tensor.size > len(payload):
                raise DumpError(f"a tensor should have {tensor.size} bytes, {len(payload)} are left")
            tensor.data, payload = bytes(payload[: tensor.size]), payload[tensor.size :]
    except DumpError as failure:
        raise DumpError(f"{path} is no dump file: {failure}") from None
    return dump


def dump_files(folder: Path) -> list[Path]:
    """The dump files of a folder in the order in which they were written."""
    names = [path for path in folder.iterdir() if path.is_file() and is_dump_name(path.name)]
    return sorted(names, key=lambda path: (int(path.name.rsplit(".", 1)[-1]), path.name))


def dump_folder(folder: Path) -> Path:
    """The one folder at or below `folder` that holds dump files."""
    if not folder.is_dir():
        raise DumpError(f"{folder} is no directory")
    if dump_files(folder):
        return folder
    found = sorted({path.parent for path in folder.rglob("*") if path.is_file() and is_dump_name(path.name)})
    if len(found) == 1:
        return found[0]
    if not found:
        raise DumpError(f"{folder} holds no dump files")
    raise DumpError(
        f"{folder} holds several executions; name one of them:\n  " + "\n  ".join(map(str, found))
    )
