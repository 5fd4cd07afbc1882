"""Writes Caffe networks: prototxt and caffemodel, new layers and old ones (V1)."""

import struct
from pathlib import Path

import numpy as np

V1_NUMBERS = {
    "Concat": 3, "Convolution": 4, "Dropout": 6, "Flatten": 8, "InnerProduct": 14, "LRN": 15, "Pooling": 17, "ReLU": 18,
    "Sigmoid": 19, "Softmax": 20, "Split": 22, "TanH": 23, "Eltwise": 25, "Power": 26, "Slice": 33, "AbsVal": 35,
    "Deconvolution": 39,
}  # fmt: skip
V1_NAMES = {
    "Concat": "CONCAT", "Convolution": "CONVOLUTION", "Dropout": "DROPOUT", "Flatten": "FLATTEN",
    "InnerProduct": "INNER_PRODUCT", "LRN": "LRN", "Pooling": "POOLING", "ReLU": "RELU", "Sigmoid": "SIGMOID",
    "Softmax": "SOFTMAX", "Split": "SPLIT", "TanH": "TANH", "Eltwise": "ELTWISE", "Power": "POWER", "Slice": "SLICE",
    "AbsVal": "ABSVAL", "Deconvolution": "DECONVOLUTION",
}  # fmt: skip


class Word(str):
    """A value that stands without quotation marks, such as MAX."""


def text_of(fields: dict, indent: str = "  ") -> str:
    lines = []
    for key, value in fields.items():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(each, dict):
                lines.append(f"{indent}{key} {{\n{text_of(each, indent + '  ')}{indent}}}\n")
            elif isinstance(each, bool):
                lines.append(f"{indent}{key}: {'true' if each else 'false'}\n")
            elif isinstance(each, str) and not isinstance(each, Word):
                lines.append(f'{indent}{key}: "{each}"\n')
            else:
                lines.append(f"{indent}{key}: {each}\n")
    return "".join(lines)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def number(key: int, value: int) -> bytes:
    return varint(key << 3) + varint(value)


def blob(array: np.ndarray, old: bool = False, packed: bool = True) -> bytes:
    array = np.asarray(array, np.float32)
    if old:
        dims = [1] * (4 - array.ndim) + list(array.shape)
        head = b"".join(number(i + 1, dim) for i, dim in enumerate(dims))
    else:
        head = field(7, field(1, b"".join(map(varint, array.shape))))
    if packed:
        return head + field(5, array.tobytes())
    return head + b"".join(varint(5 << 3 | 5) + struct.pack("<f", value) for value in array.ravel())


class Net:
    def __init__(self, name: str = "net") -> None:
        self.name, self.inputs, self.layers = name, {}, []

    def input(self, name: str, *shape: int) -> str:
        self.inputs[name] = shape
        return name

    def add(self, kind: str, name: str, bottoms, tops=None, blobs=(), **fields) -> str:
        bottoms = [bottoms] if isinstance(bottoms, str) else list(bottoms)
        tops = [name] if tops is None else [tops] if isinstance(tops, str) else list(tops)
        self.layers.append((kind, name, bottoms, tops, list(blobs), fields))
        return tops[0]

    def prototxt(self, inputs: str = "shape", v1: bool = False) -> str:
        """`inputs`: "shape" (input_shape), "dim" (input_dim), "layer" (Input layers)."""
        text = f'name: "{self.name}"\n'
        for name, shape in self.inputs.items():
            if inputs == "layer":
                text += f'layer {{\n  name: "{name}"\n  type: "Input"\n  top: "{name}"\n  input_param {{ shape {{ '
                text += "".join(f"dim: {dim} " for dim in shape) + "} }\n}\n"
                continue
            text += f'input: "{name}"\n'
            if inputs == "dim":
                text += "".join(f"input_dim: {dim}\n" for dim in shape)
            else:
                text += "input_shape { " + "".join(f"dim: {dim} " for dim in shape) + "}\n"
        for kind, name, bottoms, tops, _, fields in self.layers:
            head = {
                "name": name,
                "type": Word(V1_NAMES[kind]) if v1 else kind,
                "bottom": bottoms,
                "top": tops,
            }
            text += f"{'layers' if v1 else 'layer'} {{\n{text_of({**head, **fields})}}}\n"
        return text

    def caffemodel(self, v1: bool = False, packed: bool = True) -> bytes:
        data = field(1, self.name.encode())
        for kind, name, _, _, blobs, _ in self.layers:
            if v1:
                layer = field(4, name.encode()) + number(5, V1_NUMBERS[kind])
                layer += b"".join(field(6, blob(each, True, packed)) for each in blobs)
                data += field(2, layer)
            else:
                layer = field(1, name.encode()) + field(2, kind.encode())
                data += field(100, layer + b"".join(field(7, blob(each, False, packed)) for each in blobs))
        return data

    def save(
        self, folder: Path, inputs: str = "shape", v1: bool = False, packed: bool = True
    ) -> tuple[Path, Path]:
        text, weights = folder / f"{self.name}.prototxt", folder / f"{self.name}.caffemodel"
        text.write_text(self.prototxt(inputs, v1))
        weights.write_bytes(self.caffemodel(v1, packed))
        return text, weights
