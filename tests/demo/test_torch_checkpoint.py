"""The checkpoint reader reads tensors and refuses everything else, whatever the pickles in the file say."""

import os
import pickle
import pickletools
import struct

import numpy as np
import pytest
from export_efficientnet_lite0 import installed_checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_checkpoint import MAGIC_NUMBER, CheckpointError, read_checkpoint

SYSTEM = {"protocol_version": 1001, "little_endian": True}


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def numbers(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(key: str, length: int, kind: str = "torch\nFloatStorage") -> bytes:
    parts = text("storage") + b"c" + kind.encode() + b"\n" + text(key) + text("cpu") + number(length)
    return b"(" + parts + b"NtQ"


def tensor(stored: bytes, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> bytes:
    arguments = stored + number(offset) + numbers(shape) + numbers(strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"


def dictionary(**items: bytes) -> bytes:
    return b"\x80\x02}(" + b"".join(text(name) + item for name, item in items.items()) + b"u."


def checkpoint(objects: bytes, elements: dict[str, np.ndarray], system: dict = SYSTEM) -> bytes:
    """A checkpoint whose object pickle is `objects`; keys and contents of the storages are `elements`."""
    parts = [pickle.dumps(part, 2) for part in (MAGIC_NUMBER, 1001, system)]
    parts += [objects, pickle.dumps(list(elements), 2)]
    parts += [struct.pack("<q", array.size) + array.tobytes() for array in elements.values()]
    return b"".join(parts)


def read(tmp_path, content: bytes) -> dict[str, np.ndarray]:
    path = tmp_path / "checkpoint.pth"
    path.write_bytes(content)
    return read_checkpoint(path)


FLOATS = np.arange(12, dtype="<f4")
GOOD = checkpoint(dictionary(weight=tensor(storage("0", 12), (3, 4), (4, 1))), {"0": FLOATS})


def test_tensors_are_read(tmp_path):
    tensors = read(tmp_path, GOOD)
    assert list(tensors) == ["weight"]
    np.testing.assert_array_equal(tensors["weight"], FLOATS.reshape(3, 4))


def test_offsets_strides_and_shared_storages_are_followed(tmp_path):
    shared = storage("0", 12)
    objects = dictionary(
        transposed=tensor(shared, (4, 3), (1, 4)),
        tail=tensor(shared, (2,), (2,), offset=9),
        scalar=tensor(shared, (), ()),
    )
    tensors = read(tmp_path, checkpoint(objects, {"0": FLOATS}))
    np.testing.assert_array_equal(tensors["transposed"], FLOATS.reshape(3, 4).T)
    np.testing.assert_array_equal(tensors["tail"], [9, 11])
    assert tensors["scalar"] == 0


def test_the_published_weights_are_read():
    tensors = read_checkpoint(installed_checkpoint())
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


def test_a_pickle_that_runs_a_command_is_refused(tmp_path):
    class Command:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "was_here"),)

    with pytest.raises(CheckpointError, match="mkdir' is not allowed"):
        read(tmp_path, checkpoint(pickle.dumps({"weight": Command()}, 2), {}))
    assert not (tmp_path / "was_here").exists()


@pytest.mark.parametrize(
    "name", ["builtins eval", "posix system", "numpy.core.multiarray _reconstruct", "torch load"]
)
def test_names_outside_the_list_are_refused(tmp_path, name):
    module, attribute = name.split()
    objects = f"c{module}\n{attribute}\n.".encode()
    with pytest.raises(CheckpointError, match="is not allowed in a checkpoint"):
        read(tmp_path, checkpoint(objects, {}))


@pytest.mark.parametrize("name", ["STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "PERSID"])
def test_instructions_that_make_objects_are_refused(tmp_path, name):
    (opcode,) = (opcode for opcode in pickletools.opcodes if opcode.name == name)
    content = checkpoint(b"\x80\x02)" + opcode.code.encode("latin1") + b"\1\n\n.", {})
    with pytest.raises(CheckpointError, match=f"{name} is not allowed"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (dictionary(weight=number(1)), "not a dictionary of tensors"),
        (b"\x80\x02].", "not a dictionary of tensors"),
        (dictionary(weight=tensor(storage("0", 12), (13,), (1,))), "larger than its storage"),
        (dictionary(weight=tensor(storage("0", 12), (3, 4), (100, 1))), "ends beyond its storage"),
        (dictionary(weight=tensor(storage("0", 12), (4,), (1,), offset=9)), "ends beyond its storage"),
        (dictionary(weight=tensor(storage("0", 12), (-3, -4), (4, 1))), "malformed offset, shape or stride"),
        (dictionary(weight=tensor(storage("0", 12), (0,), (1,))), "malformed offset, shape or stride"),
        (dictionary(weight=tensor(storage("0", 12), (3, 4), (1,))), "2 dimensions has 1 strides"),
        (dictionary(weight=tensor(storage("0", -12), (3, 4), (4, 1))), "storage is malformed"),
        (dictionary(weight=tensor(storage("0", 12, "torch._utils\n_rebuild_tensor_v2"), (1,), (1,))), "storage has a type"),
        (dictionary(weight=tensor(number(7), (1,), (1,))), "not a storage"),
        (dictionary(weight=tensor(storage("1", 12), (3, 4), (4, 1))), "does not match the tensors"),
        (b"\x80\x02}(K\x01K\x02u.", "keys that are not texts"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.", "not a storage"),
        (b"\x80\x02ctorch\nFloatStorage\n)R.", "a call is not allowed"),
        (b"\x80\x02h\x05.", "damaged pickle"),
        (b"\x80\x02t.", "damaged pickle"),
        (b"\x80\x02.", "damaged pickle"),
    ],
)  # fmt: skip
def test_damaged_objects_are_refused(tmp_path, objects, message):
    with pytest.raises(CheckpointError, match=message):
        read(tmp_path, checkpoint(objects, {"0": FLOATS}))


def test_a_storage_of_two_descriptions_is_refused(tmp_path):
    objects = dictionary(a=tensor(storage("0", 12), (1,), (1,)), b=tensor(storage("0", 6), (1,), (1,)))
    with pytest.raises(CheckpointError, match="described in two ways"):
        read(tmp_path, checkpoint(objects, {"0": FLOATS}))


def test_a_storage_of_another_length_is_refused(tmp_path):
    objects = dictionary(weight=tensor(storage("0", 11), (3,), (1,)))
    with pytest.raises(CheckpointError, match="announced 11 elements"):
        read(tmp_path, checkpoint(objects, {"0": FLOATS}))


def test_big_endian_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="little-endian"):
        read(tmp_path, checkpoint(b"\x80\x02}.", {}, {"little_endian": False}))


def test_nested_tuples_that_double_are_harmless(tmp_path):
    doubling = (
        b"\x80\x02)" + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(200)) + b"."
    )
    with pytest.raises(CheckpointError, match="not a dictionary of tensors"):
        read(tmp_path, checkpoint(doubling, {}))


def test_every_truncation_is_refused(tmp_path):
    for length in range(len(GOOD)):
        with pytest.raises(CheckpointError):
            read(tmp_path, GOOD[:length])


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(GOOD) - 1), value=st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(tmp_path_factory, at, value):
    content = bytearray(GOOD)
    content[at] = value
    try:
        tensors = read(tmp_path_factory.getbasetemp(), bytes(content))
    except CheckpointError:
        return
    assert all(isinstance(tensor, np.ndarray) for tensor in tensors.values())
