"""Cuts the smallest piece out of an ONNX network that two engines still answer differently."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from network_side import CompareError, OmSide, OnnxSide, Run, convert

_MOST_NODES = 64


class Pieces:
    """Pieces of a network that end in one node and grow backwards."""

    def __init__(self, side: OnnxSide, run: Run, end: int) -> None:
        self.onnx, self.graph, self.model = side.onnx, side.model.graph, side.model
        self.weights = {tensor.name: tensor for tensor in self.graph.initializer}
        self.values = dict(run.inputs)
        data_layers = len(run.inputs)
        for node, layer in zip(self.graph.node, run.layers[data_layers:], strict=True):
            for name, value in zip(node.output, layer.outputs, strict=True):
                if value is not None:
                    self.values[name] = value
        self.makers = {name: i for i, node in enumerate(self.graph.node) for name in node.output if name}
        self.end = end
        self.chosen = {end}

    def open_tensors(self) -> list[str]:
        """What the piece reads and does not make itself."""
        made = {name for i in self.chosen for name in self.graph.node[i].output}
        read = (name for i in sorted(self.chosen) for name in self.graph.node[i].input)
        return list(dict.fromkeys(n for n in read if n and n not in made and n not in self.weights))

    def grow(self) -> bool:
        before = {self.makers[name] for name in self.open_tensors() if name in self.makers}
        self.chosen |= before
        return bool(before) and len(self.chosen) <= _MOST_NODES

    def inputs(self) -> dict[str, np.ndarray]:
        missing = [name for name in self.open_tensors() if name not in self.values]
        if missing:
            raise CompareError(f"the value of {missing[0]} is unknown, so nothing can be cut there")
        return {name: self.values[name] for name in self.open_tensors()}

    def write(self, path: Path) -> None:
        helper = self.onnx.helper

        def described(name: str):
            value = self.values[name]
            return helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
            )

        nodes = [self.graph.node[i] for i in sorted(self.chosen)]
        used = {name for node in nodes for name in node.input}
        outputs = [name for name in self.graph.node[self.end].output if name in self.values]
        graph = helper.make_graph(
            nodes,
            "piece",
            [described(name) for name in self.open_tensors()],
            [described(name) for name in outputs],
            [tensor for name, tensor in self.weights.items() if name in used],
        )
        piece = helper.make_model(
            graph, opset_imports=self.model.opset_import, ir_version=self.model.ir_version
        )
        self.onnx.save(piece, path)


def _answer(onnx: Path, values: dict[str, np.ndarray], with_cairn: bool, name: str) -> np.ndarray | None:
    with tempfile.TemporaryDirectory() as folder:
        side = OmSide(convert(onnx, Path(folder))) if with_cairn else OnnxSide(onnx)
        run = side.run(values)
    found = [layer for layer in run.layers if layer.name == name]
    return found[0].outputs[0] if found and found[0].outputs else None


def cut(
    side: OnnxSide,
    run: Run,
    layer: str,
    target: Path,
    differs: Callable[[np.ndarray, np.ndarray], bool],
) -> tuple[int, bool]:
    """Writes the piece that ends in `layer` to `target`, and its inputs beside it.

    Returns its number of nodes, and whether Cairn and ONNX Runtime answer it differently.
    """
    names = side.node_names()
    if layer not in names:
        raise CompareError(f"{side.name} has no layer {layer} to cut")
    pieces = Pieces(side, run, names.index(layer))
    # The node in the piece has the name that it has in the whole network.
    side.model.graph.node[pieces.end].name = layer
    while True:
        values = pieces.inputs()
        pieces.write(target)
        answers = [_answer(target, values, with_cairn, layer) for with_cairn in (True, False)]
        found = all(answer is not None for answer in answers) and differs(*answers)
        if found or not pieces.grow():
            break
    if not found:
        pieces.chosen = {pieces.end}
        values = pieces.inputs()
        pieces.write(target)
    np.savez(target.with_suffix(".npz"), **values)
    return len(pieces.chosen), found
