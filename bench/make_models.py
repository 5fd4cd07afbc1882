#!/usr/bin/env python3
"""Networks for the benchmarks, as ONNX files with random weights: ResNet-50 in its published shape, and a toy of five layers.

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

    def convolution(self, source: str, channels: tuple[int, int], size: int, stride: int = 1) -> str:
        """A convolution with its batch normalisation folded in."""
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


MAKERS = {"resnet50": make_resnet50, "toy": make_toy}


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
