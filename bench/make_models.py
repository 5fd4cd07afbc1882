#!/usr/bin/env python3
"""Networks for the benchmarks, as ONNX files with random weights: ResNet-50, MobileNetV2, a YOLO, a text encoder, a text line
recogniser and an LSTM in their published shapes, and a toy of five layers.

Example: python bench/make_models.py build/bench   writes build/bench/resnet50.onnx and build/bench/toy.onnx
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RESNET50_STAGES = (
    (64, 3, 1),
    (128, 4, 2),
    (256, 6, 2),
    (512, 3, 2),
)  # Channels inside a block, blocks, stride.
# Expansion, channels, blocks, stride; EfficientNet: size of the depthwise kernel, too.
MOBILENET_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
EFFICIENTNET_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
EXPANSION = 4
CLASSES = 1000


class Network:
    """Nodes and weights of a graph in which every layer feeds the next one."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], **attributes: object) -> str:
        output = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def weight(self, shape: tuple[int, ...], scale: float) -> str:
        name = f"weight_{len(self.weights)}"
        values = (self.random.standard_normal(shape) * scale).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def constant(self, values: np.ndarray | np.generic) -> str:
        name = f"constant_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def convolution(
        self, source: str, channels: tuple[int, int], size: int, stride: int = 1, groups: int = 1
    ) -> str:
        """A convolution with its batch normalisation folded in. channels: those into one group, and all out."""
        into, out = channels
        # Keeps the variance of the activations, so that 50 layers neither explode nor vanish.
        kernel = self.weight((out, into, size, size), (1.0 / (into * size * size)) ** 0.5)
        bias = self.weight((out,), 0.1)
        pad = size // 2
        return self.add(
            "Conv",
            [source, kernel, bias],
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[pad] * 4,
            group=groups,
        )

    def save(self, path: Path, shape: tuple[int, ...], output: str, output_shape: tuple[int, ...]) -> None:
        graph = helper.make_graph(
            [*self.nodes, helper.make_node("Identity", [output], ["output"], name="output")],
            path.stem,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, output_shape)],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def make_resnet50(path: Path, batch: int = 1) -> None:
    net = Network(seed=50)
    x = net.add("Relu", [net.convolution("input", (3, 64), 7, 2)])
    x = net.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    into = 64
    for inner, blocks, stride in RESNET50_STAGES:
        for block in range(blocks):
            step = stride if block == 0 else 1
            out = inner * EXPANSION
            shortcut = x if into == out else net.convolution(x, (into, out), 1, step)
            y = net.add("Relu", [net.convolution(x, (into, inner), 1)])
            y = net.add("Relu", [net.convolution(y, (inner, inner), 3, step)])
            y = net.convolution(y, (inner, out), 1)
            x = net.add("Relu", [net.add("Add", [y, shortcut])])
            into = out
    x = net.add("Flatten", [net.add("GlobalAveragePool", [x])], axis=1)
    logits = net.add(
        "Gemm", [x, net.weight((CLASSES, into), into**-0.5), net.weight((CLASSES,), 0.1)], transB=1
    )
    net.save(path, (batch, 3, 224, 224), logits, (batch, CLASSES))


def make_toy(path: Path) -> None:
    """Convolution, ReLU, convolution, pooling, matrix product on an image of 64 x 64."""
    net = Network(seed=5)
    x = net.add("Relu", [net.convolution("input", (3, 16), 3, 2)])
    x = net.convolution(x, (16, 16), 3, 2)
    x = net.add("Flatten", [net.add("GlobalAveragePool", [x])], axis=1)
    logits = net.add("Gemm", [x, net.weight((10, 16), 0.3), net.weight((10,), 0.1)], transB=1)
    net.save(path, (1, 3, 64, 64), logits, (1, 10))


def relu6(net: Network, x: str) -> str:
    low, high = net.constant(np.float32(0)), net.constant(np.float32(6))
    return net.add("Clip", [x, low, high])


def make_mobilenet(path: Path) -> None:
    """MobileNetV2: expansion, depthwise convolution, projection."""
    net = Network(seed=2)
    x = relu6(net, net.convolution("input", (3, 32), 3, 2))
    into = 32
    for expansion, out, blocks, stride in MOBILENET_STAGES:
        for block in range(blocks):
            step = stride if block == 0 else 1
            inner = into * expansion
            y = relu6(net, net.convolution(x, (into, inner), 1)) if expansion > 1 else x
            y = relu6(net, net.convolution(y, (1, inner), 3, step, groups=inner))
            y = net.convolution(y, (inner, out), 1)
            x = net.add("Add", [x, y]) if step == 1 and into == out else y
            into = out
    x = relu6(net, net.convolution(x, (into, 1280), 1))
    x = net.add("Flatten", [net.add("GlobalAveragePool", [x])], axis=1)
    logits = net.add("MatMul", [x, net.weight((1280, CLASSES), 1280**-0.5)])
    net.save(path, (1, 3, 224, 224), logits, (1, CLASSES))


def swish(net: Network, x: str) -> str:
    return net.add("Mul", [x, net.add("Sigmoid", [x])])


def make_efficientnet(path: Path) -> None:
    """The blocks of EfficientNet-B0: as MobileNetV2's, with SiLU and squeeze-and-excitation."""
    net = Network(seed=8)
    x = swish(net, net.convolution("input", (3, 32), 3, 2))
    into = 32
    for expansion, out, blocks, stride, size in EFFICIENTNET_STAGES:
        for block in range(blocks):
            step = stride if block == 0 else 1
            inner = into * expansion
            y = swish(net, net.convolution(x, (into, inner), 1)) if expansion > 1 else x
            y = swish(net, net.convolution(y, (1, inner), size, step, groups=inner))
            squeezed = max(1, into // 4)
            gate = net.add("GlobalAveragePool", [y])
            gate = swish(net, net.convolution(gate, (inner, squeezed), 1))
            gate = net.add("Sigmoid", [net.convolution(gate, (squeezed, inner), 1)])
            y = net.convolution(net.add("Mul", [y, gate]), (inner, out), 1)
            x = net.add("Add", [x, y]) if step == 1 and into == out else y
            into = out
    x = swish(net, net.convolution(x, (into, 1280), 1))
    x = net.add("Flatten", [net.add("GlobalAveragePool", [x])], axis=1)
    logits = net.add("MatMul", [x, net.weight((1280, CLASSES), 1280**-0.5)])
    net.save(path, (1, 3, 224, 224), logits, (1, CLASSES))


def make_yolo(path: Path) -> None:
    """A detector of one scale in the manner of YOLOv5n: a backbone with SiLU, and a head of 3 anchors with 85 values."""
    net = Network(seed=3)
    x = swish(net, net.convolution("input", (3, 16), 3, 2))
    into = 16
    for out, blocks in ((32, 1), (64, 2), (128, 3), (256, 1)):
        x = swish(net, net.convolution(x, (into, out), 3, 2))
        for _ in range(blocks):
            y = swish(net, net.convolution(x, (out, out // 2), 1))
            y = swish(net, net.convolution(y, (out // 2, out), 3))
            x = net.add("Add", [x, y])
        into = out
    boxes = net.add("Sigmoid", [net.convolution(x, (into, 255), 1)])
    net.save(path, (1, 3, 320, 320), boxes, (1, 255, 10, 10))


def layer_norm(net: Network, x: str, width: int) -> str:
    mean = net.add("ReduceMean", [x], axes=[-1])
    centred = net.add("Sub", [x, mean])
    variance = net.add("ReduceMean", [net.add("Mul", [centred, centred])], axes=[-1])
    spread = net.add("Sqrt", [net.add("Add", [variance, net.constant(np.float32(1e-5))])])
    scaled = net.add("Mul", [net.add("Div", [centred, spread]), net.weight((width,), 1.0)])
    return net.add("Add", [scaled, net.weight((width,), 0.1)])


def make_encoder(path: Path) -> None:
    """Four layers of a text encoder in the manner of BERT: 128 tokens of width 384, 6 heads."""
    net = Network(seed=4)
    tokens, width, heads = 128, 384, 6
    head = width // heads

    def linear(x: str, into: int, out: int) -> str:
        product = net.add("MatMul", [x, net.weight((into, out), into**-0.5)])
        return net.add("Add", [product, net.weight((out,), 0.1)])

    def split(x: str, order: list[int]) -> str:
        shaped = net.add("Reshape", [x, net.constant(np.array([1, tokens, heads, head]))])
        return net.add("Transpose", [shaped], perm=order)

    x = "input"
    for _ in range(4):
        query, value = (
            split(linear(x, width, width), [0, 2, 1, 3]),
            split(linear(x, width, width), [0, 2, 1, 3]),
        )
        key = split(linear(x, width, width), [0, 2, 3, 1])
        scores = net.add("Mul", [net.add("MatMul", [query, key]), net.constant(np.float32(head**-0.5))])
        mixed = net.add("MatMul", [net.add("Softmax", [scores], axis=-1), value])
        mixed = net.add("Transpose", [mixed], perm=[0, 2, 1, 3])
        mixed = net.add("Reshape", [mixed, net.constant(np.array([1, tokens, width]))])
        x = layer_norm(net, net.add("Add", [x, linear(mixed, width, width)]), width)
        inner = net.add("Relu", [linear(x, width, 4 * width)])
        x = layer_norm(net, net.add("Add", [x, linear(inner, 4 * width, width)]), width)
    net.save(path, (1, tokens, width), x, (1, tokens, width))


def lstm(net: Network, x: str, into: int, hidden: int) -> str:
    """Both directions of an LSTM over [length, batch, into]: [length, 2, batch, hidden]."""
    weights = [net.weight((2, 4 * hidden, n), hidden**-0.5) for n in (into, hidden)]
    return net.add(
        "LSTM", [x, *weights, net.weight((2, 8 * hidden), 0.1)], hidden_size=hidden, direction="bidirectional"
    )


def make_recogniser(path: Path) -> None:
    """Reads a line of text in the manner of CRNN: convolutions, then an LSTM over the columns."""
    net = Network(seed=6)
    x, into = "input", 1
    for out, pool in ((64, [2, 2]), (128, [2, 2]), (256, [2, 1]), (256, [2, 1]), (512, [2, 1])):
        x = net.add("Relu", [net.convolution(x, (into, out), 3)])
        x = net.add("MaxPool", [x], kernel_shape=pool, strides=pool)
        into = out
    x = net.add("Squeeze", [x, net.constant(np.array([2]))])  # [1, 512, columns]
    x = lstm(net, net.add("Transpose", [x], perm=[2, 0, 1]), 512, 256)
    x = net.add("Reshape", [net.add("Transpose", [x], perm=[2, 0, 1, 3]), net.constant(np.array([40, 512]))])
    letters = net.add("MatMul", [x, net.weight((512, 97), 512**-0.5)])
    net.save(path, (1, 1, 32, 160), letters, (40, 97))


def make_lstm(path: Path) -> None:
    """Two layers over 100 steps."""
    net = Network(seed=7)
    x = lstm(net, "input", 64, 128)
    x = net.add(
        "Reshape", [net.add("Transpose", [x], perm=[0, 2, 1, 3]), net.constant(np.array([100, 1, 256]))]
    )
    x = lstm(net, x, 256, 128)
    net.save(path, (100, 1, 64), x, (100, 2, 1, 128))


MAKERS = {
    "resnet50": make_resnet50,
    "mobilenet": make_mobilenet,
    "efficientnet": make_efficientnet,
    "yolo": make_yolo,
    "encoder": make_encoder,
    "recogniser": make_recogniser,
    "lstm": make_lstm,
    "toy": make_toy,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in MAKERS.items():
        make(folder / f"{name}.onnx")


if __name__ == "__main__":
    main()
