"""Writes frozen TensorFlow graphs: the few protobuf messages of a GraphDef, by hand."""

import struct
from dataclasses import dataclass, field

import numpy as np

TYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9, "bool": 10}


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def part(number: int, value: bytes | str | int | float) -> bytes:
    """One field of a message."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


@dataclass
class Type:
    name: str


@dataclass
class Shape:
    dims: tuple[int, ...] | None


def shape_message(dims: tuple[int, ...] | None) -> bytes:
    if dims is None:
        return part(3, 1)
    return b"".join(part(2, part(1, size)) for size in dims)


def tensor_message(array: np.ndarray) -> bytes:
    return part(1, TYPES[array.dtype.name]) + part(2, shape_message(array.shape)) + part(4, array.tobytes())


def attribute_message(value) -> bytes:
    match value:
        case bool():
            return part(5, int(value))
        case int():
            return part(3, value)
        case float():
            return part(4, value)
        case str():
            return part(2, value)
        case Type():
            return part(6, TYPES[value.name])
        case Shape():
            return part(7, shape_message(value.dims))
        case np.ndarray():
            return part(8, tensor_message(value))
        case list():
            return part(1, b"".join(part(3, item) for item in value))
    raise TypeError(value)


@dataclass
class Graph:
    nodes: list[bytes] = field(default_factory=list)

    def add(self, name: str, op: str, *inputs: str, **attributes) -> str:
        message = part(1, name) + part(2, op) + b"".join(part(3, source) for source in inputs)
        for key, value in attributes.items():
            message += part(5, part(1, key) + part(2, attribute_message(value)))
        self.nodes.append(message)
        return name

    def placeholder(self, name: str, dims: tuple[int, ...] | None, dtype: str = "float32") -> str:
        return self.add(name, "Placeholder", dtype=Type(dtype), shape=Shape(dims))

    def constant(self, name: str, array) -> str:
        array = np.asarray(array)
        return self.add(name, "Const", dtype=Type(array.dtype.name), value=array)

    def apply(self, name: str, op: str, *inputs: str, dtype: str = "float32", **attributes) -> str:
        return self.add(name, op, *inputs, T=Type(dtype), **attributes)

    def write(self, path) -> None:
        # A producer of 1087 is TensorFlow 2.8.
        versions = part(4, part(1, 1087))
        path.write_bytes(b"".join(part(1, node) for node in self.nodes) + versions)


def small_network(path, batch: int = 1) -> dict[str, np.ndarray]:
    """x -> Conv2D (NHWC) -> BiasAdd -> Relu -> MaxPool -> Reshape -> MatMul -> Softmax; the weights by name."""
    random = np.random.default_rng(5)
    weights = {
        "filter": random.standard_normal((3, 3, 3, 4)).astype(np.float32) * 0.4,
        "bias": random.standard_normal(4).astype(np.float32),
        "dense": random.standard_normal((64, 5)).astype(np.float32) * 0.3,
    }
    graph = Graph()
    graph.placeholder("x", (batch, 8, 8, 3))
    for name, array in weights.items():
        graph.constant(name, array)
    graph.constant("flat_shape", np.array([-1, 64], np.int32))
    graph.apply("conv", "Conv2D", "x", "filter", strides=[1, 1, 1, 1], padding="SAME", data_format="NHWC")
    graph.apply("conv/bias", "BiasAdd", "conv", "bias", data_format="NHWC")
    graph.apply("conv/relu", "Relu", "conv/bias")
    graph.apply(
        "pool",
        "MaxPool",
        "conv/relu",
        ksize=[1, 2, 2, 1],
        strides=[1, 2, 2, 1],
        padding="VALID",
        data_format="NHWC",
    )
    graph.apply("flat", "Reshape", "pool", "flat_shape", Tshape=Type("int32"))
    graph.apply("logits", "MatMul", "flat", "dense", transpose_a=False, transpose_b=False)
    graph.apply("prob", "Softmax", "logits")
    graph.write(path)
    return weights
