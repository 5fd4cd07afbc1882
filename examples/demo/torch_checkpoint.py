"""Read the tensors of a legacy PyTorch checkpoint without PyTorch and without unpickling.

The file is a sequence of pickles followed by raw storage:

    magic number | protocol version | system info | object | storage keys | storages

`object` is a dictionary from names to tensors. Each tensor is the call `_rebuild_tensor_v2(storage, offset, shape, strides, ...)`,
where `storage` is a persistent id that names the element type, a key and a length. The storages follow in the order of the
keys, each as a 64-bit length and that many little-endian elements.

A pickle is a program, and Python's own unpickler runs it. Here the instructions are interpreted instead: only those that build
numbers, texts, tuples, lists and dictionaries are known, the only callables are the two that the format needs, and they
are mere names. Whatever else stands in the file is an error. Memory is bounded by the size of the file.
"""

from __future__ import annotations

import io
import math
import os
import pickletools
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001

STORAGE_TYPES = {
    "torch FloatStorage": "<f4",
    "torch DoubleStorage": "<f8",
    "torch HalfStorage": "<f2",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
}
ORDERED_DICT = "collections OrderedDict"
REBUILD_TENSOR = "torch._utils _rebuild_tensor_v2"

MAX_DIMENSIONS = 8
MAX_SIZE = 1 << 40

PUSH_ARGUMENT = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "SHORT_BINUNICODE", "BINFLOAT"}
PUSH_CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
TUPLE_LENGTH = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class CheckpointError(ValueError):
    """The file is not a legacy checkpoint made of plain tensors, or it is damaged."""


class Global(NamedTuple):
    """The name of a Python object, never the object itself."""

    name: str


class Storage(NamedTuple):
    """The elements that one or more tensors look at."""

    dtype: str
    key: str
    length: int


class Tensor(NamedTuple):
    """A tensor whose elements have not been read yet. Offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Mark(NamedTuple):
    """Where a run of stack items starts."""


def _is_size(value: Any, least: int = 0) -> bool:
    return type(value) is int and least <= value < MAX_SIZE


def _is_size_tuple(value: Any, least: int = 0) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) <= MAX_DIMENSIONS
        and all(_is_size(item, least) for item in value)
    )


def _make_storage(persistent_id: Any) -> Storage:
    if not isinstance(persistent_id, tuple) or len(persistent_id) != 6 or persistent_id[0] != "storage":
        raise CheckpointError("an object outside of the file is not a storage")
    _, kind, key, _, length, view = persistent_id
    if not isinstance(kind, Global) or kind.name not in STORAGE_TYPES:
        raise CheckpointError("a storage has a type that is not known here")
    if not isinstance(key, str) or not _is_size(length) or view is not None:
        raise CheckpointError("a storage is malformed")
    return Storage(STORAGE_TYPES[kind.name], key, length)


def _make_tensor(arguments: tuple) -> Tensor:
    if len(arguments) < 4 or not isinstance(arguments[0], Storage):
        raise CheckpointError("a tensor is built from something that is not a storage")
    storage, offset, shape, strides = arguments[:4]
    if not _is_size(offset) or not _is_size_tuple(shape, least=1) or not _is_size_tuple(strides):
        raise CheckpointError("a tensor has a malformed offset, shape or stride")
    if len(shape) != len(strides):
        raise CheckpointError(f"a tensor of {len(shape)} dimensions has {len(strides)} strides")
    if math.prod(shape) > storage.length:
        raise CheckpointError(
            f"a tensor of shape {shape} is larger than its storage of {storage.length} elements"
        )
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if last >= storage.length:
        raise CheckpointError(
            f"a tensor of shape {shape} ends beyond its storage of {storage.length} elements"
        )
    return Tensor(storage, offset, shape, strides)


class _Interpreter:
    """The stack machine of one pickle, reduced to instructions that build plain data."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, file: io.BytesIO) -> Any:
        try:
            for opcode, argument, _ in pickletools.genops(file):
                if opcode.name == "STOP":
                    return self.stack.pop()
                self._step(opcode.name, argument)
        except CheckpointError:
            raise
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, UnicodeError) as error:
            raise CheckpointError(f"damaged pickle: {error}") from error
        raise CheckpointError("damaged pickle: it does not end")

    def _step(self, name: str, argument: Any) -> None:
        if name == "PROTO":
            return
        if name in PUSH_ARGUMENT:
            self.stack.append(argument)
        elif name in PUSH_CONSTANT:
            self.stack.append(PUSH_CONSTANT[name])
        elif name in ("EMPTY_DICT", "EMPTY_LIST"):
            self.stack.append({} if name == "EMPTY_DICT" else [])
        elif name == "GLOBAL":
            self.stack.append(self._global(argument))
        elif name == "MARK":
            self.stack.append(Mark())
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif name in TUPLE_LENGTH:
            self._replace(TUPLE_LENGTH[name], tuple)
        elif name == "TUPLE":
            self.stack.append(tuple(self._pop_to_mark()))
        elif name in ("APPEND", "APPENDS", "SETITEM", "SETITEMS"):
            self._fill_container(name)
        elif name == "BINPERSID":
            self.stack.append(_make_storage(self.stack.pop()))
        elif name == "REDUCE":
            self._reduce()
        elif name == "BUILD":
            # Attributes of a dictionary (its version metadata): of no use here.
            self.stack.pop()
        else:
            raise CheckpointError(f"the pickle instruction {name} is not allowed in a checkpoint")

    @staticmethod
    def _global(name: str) -> Global:
        if name not in STORAGE_TYPES and name not in (ORDERED_DICT, REBUILD_TENSOR):
            raise CheckpointError(f"the Python object {name!r} is not allowed in a checkpoint")
        return Global(name)

    def _replace(self, count: int, make: type) -> None:
        items = self.stack[-count:]
        if len(items) != count:
            raise CheckpointError("damaged pickle: the stack is empty")
        self.stack[-count:] = [make(items)]

    def _pop_to_mark(self) -> list:
        items: list[Any] = []
        while not isinstance(self.stack[-1], Mark):
            items.append(self.stack.pop())
        self.stack.pop()
        return items[::-1]

    def _fill_container(self, name: str) -> None:
        count = {"APPEND": 1, "SETITEM": 2}.get(name)
        items = [self.stack.pop() for _ in range(count)][::-1] if count else self._pop_to_mark()
        container = self.stack[-1]
        appends = name.startswith("APPEND")
        if isinstance(container, list) and appends:
            container.extend(items)
            return
        keys, values = items[0::2], items[1::2]
        if not isinstance(container, dict) or appends or len(keys) != len(values):
            raise CheckpointError(f"damaged pickle: {name} on {type(container).__name__}")
        if not all(isinstance(key, str) for key in keys):
            raise CheckpointError("a dictionary has keys that are not texts")
        container.update(zip(keys, values, strict=True))

    def _reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if function == Global(ORDERED_DICT) and arguments == ():
            self.stack.append({})
        elif function == Global(REBUILD_TENSOR) and isinstance(arguments, tuple):
            self.stack.append(_make_tensor(arguments))
        else:
            raise CheckpointError("a call is not allowed in a checkpoint")


def _read_storage(file: io.BytesIO, storage: Storage) -> np.ndarray:
    header = file.read(8)
    if len(header) != 8 or struct.unpack("<q", header)[0] != storage.length:
        raise CheckpointError(f"storage {storage.key} does not have the announced {storage.length} elements")
    content = file.read(storage.length * np.dtype(storage.dtype).itemsize)
    if len(content) != storage.length * np.dtype(storage.dtype).itemsize:
        raise CheckpointError(f"the file ends within storage {storage.key}")
    return np.frombuffer(content, dtype=storage.dtype)


def _view(elements: np.ndarray, tensor: Tensor) -> np.ndarray:
    strides = [stride * elements.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(elements[tensor.offset :], tensor.shape, strides, writeable=False)


def read_checkpoint(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Return the named tensors of the checkpoint at `path`.

    Raises CheckpointError if the file holds anything but plain tensors, OSError if it cannot be read.
    """
    file = io.BytesIO(Path(path).read_bytes())
    if _Interpreter().run(file) != MAGIC_NUMBER or _Interpreter().run(file) != PROTOCOL_VERSION:
        raise CheckpointError(f"{path} is not a legacy PyTorch checkpoint")
    system = _Interpreter().run(file)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise CheckpointError("only little-endian checkpoints can be read")
    tensors = _Interpreter().run(file)
    if not isinstance(tensors, dict) or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise CheckpointError("the checkpoint is not a dictionary of tensors")
    storages: dict[str, Storage] = {}
    for tensor in tensors.values():
        if storages.setdefault(tensor.storage.key, tensor.storage) != tensor.storage:
            raise CheckpointError(f"storage {tensor.storage.key} is described in two ways")
    keys = _Interpreter().run(file)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise CheckpointError("the list of storages is malformed")
    if sorted(keys) != sorted(storages):
        raise CheckpointError("the list of storages does not match the tensors")
    elements = {key: _read_storage(file, storages[key]) for key in keys}
    return {name: _view(elements[tensor.storage.key], tensor) for name, tensor in tensors.items()}
