#!/usr/bin/env python3
"""cairn compare: runs two networks, or looks at their dumps, and shows the first layer that differs.

A and B are .om or .onnx files, or folders of dump files. B is the truth. .onnx files run with ONNX Runtime where it is
installed; with --onnx-with=cairn they are converted and run with Cairn, too.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import error_plot
import numpy as np
import tensor_errors
from cut_network import cut
from dump_data import DumpError
from network_side import CompareError, Input, OnnxSide, Run, open_side

_EXAMPLES = """\
examples:
  cairn compare net.om net.onnx
  cairn compare net.om net.onnx --input photo.npy --all-layers --plot errors.png --csv errors.csv
  cairn compare dump_of_the_card/20260301123059/0/net/1/0 net.om
  cairn compare net.om net.onnx --cut piece.onnx
  cairn compare gears.om net.onnx --input-shape "x:4,3,224,224"
"""


@dataclass
class Row:
    layer: str
    kind: str
    output: int
    shape: str
    result: tensor_errors.Comparison

    @property
    def error(self) -> float:
        """Infinite where the tensors cannot be compared."""
        if self.result.reason:
            return math.inf
        return self.result.values["RelativeEuclideanDistance"]


def given_inputs(files: list[str], wanted: list[Input]) -> dict[str, np.ndarray]:
    """From files in the order of the inputs, or named as in x=photo.npy."""
    values: dict[str, np.ndarray] = {}
    for position, word in enumerate(files):
        name, _, path = word.rpartition("=")
        try:
            array = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as failure:
            raise CompareError(f"{path} cannot be read: {failure}") from None
        if not name:
            if position >= len(wanted):
                raise CompareError(f"{len(files)} inputs are given, the network has {len(wanted)}")
            name = wanted[position].name
        values[name] = array
    return values


def wished_shapes(text: str) -> dict[str, tuple[int, ...]]:
    """Of "name1:1,3,224,224;name2:1,8", as atc takes it."""
    shapes = {}
    for part in filter(None, text.split(";")):
        name, _, dims = part.strip().rpartition(":")
        try:
            shapes[name] = tuple(int(dim) for dim in dims.split(",")) if dims.strip() else ()
        except ValueError:
            name = ""
        if not name or min(shapes[name], default=1) < 1:
            raise CompareError(f"--input-shape has {part!r}; write it as name:1,3,224,224")
    return shapes


def random_input(one: Input, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    if one.dtype.kind == "f":
        return random.standard_normal(shape).astype(one.dtype)
    if one.dtype.kind == "b":
        return random.integers(0, 2, shape).astype(one.dtype)
    # Indices and sizes stay small, pictures use their whole range.
    return random.integers(0, 256 if one.dtype == np.uint8 else 2, shape).astype(one.dtype)


def values_for(
    wanted: list[Input], known: dict[str, np.ndarray], wishes: dict[str, tuple[int, ...]], seed: int
) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    values = {}
    for one in wanted:
        array = known.get(one.name)
        if array is None:
            array = random_input(one, wishes.get(one.name, one.usual), random)
        if -1 in one.shape:
            fits = len(one.shape) == array.ndim and all(
                d in (-1, n) for d, n in zip(one.shape, array.shape, strict=True)
            )
            shape = array.shape
        else:
            fits, shape = array.size == math.prod(one.shape), one.shape
        if not fits:
            raise CompareError(
                f"input {one.name} has the shape {list(one.shape)}, {list(array.shape)} is given; an input with AIPP takes "
                "pictures, compare models without it"
            )
        values[one.name] = np.ascontiguousarray(array, one.dtype).reshape(shape)
    return values


def run_both(options: argparse.Namespace, sides: list) -> list[Run]:
    """Dumps come first: their inputs are used where none are given. Then who knows its shapes, which the other one takes."""
    inputs = [side.inputs() for side in sides]
    order = sorted(
        range(2), key=lambda i: -1 if inputs[i] is None else any(-1 in one.shape for one in inputs[i])
    )
    wishes = wished_shapes(options.input_shape)
    runs: list[Run | None] = [None, None]
    known: dict[str, np.ndarray] = {}
    for index in order:
        wanted = inputs[index]
        if wanted is None:
            runs[index] = sides[index].run({})
            known = {**runs[index].inputs, **known}
            continue
        known = {**known, **given_inputs(options.input, wanted)}
        values = values_for(wanted, known, wishes, options.seed)
        known = {**values, **known}
        print(f"running {sides[index].name}", file=sys.stderr)
        try:
            runs[index] = sides[index].run(values)
        except CompareError as failure:
            if any(-1 in one.shape for one in wanted):
                raise CompareError(
                    f"{failure}\nThe network leaves sizes open: choose them with --input-shape"
                ) from None
            raise
    return runs


def compare_runs(mine: Run, truth: Run) -> list[Row]:
    others = {layer.name: layer for layer in truth.layers}
    rows = []
    for layer in mine.layers:
        other = others.get(layer.name)
        if other is None or layer.kind == "Data":
            continue
        for index, (a, b) in enumerate(zip(layer.outputs, other.outputs, strict=False)):
            if a is None or b is None:
                continue
            shape = "x".join(map(str, b.shape))
            rows.append(Row(layer.name, layer.kind, index, shape, tensor_errors.compare(a, b)))
    return rows


def table(rows: list[Row], first: int | None, tolerance: float, everything: bool) -> str:
    shown = list(range(len(rows)))
    if not everything and len(rows) > 12:
        around = range(max(0, first - 3), min(len(rows), first + 4)) if first is not None else range(0)
        worst = sorted(shown, key=lambda i: -rows[i].error if rows[i].error == rows[i].error else -math.inf)[
            :3
        ]
        shown = sorted({*around, *worst, len(rows) - 1})
    width = max([len(row.layer) for row in rows] + [5])
    lines = [
        f"{'':1} {'':4} {'layer':{width}} {'type':18} {'out':>3} {'shape':16} {'cosine':>9} {'max abs':>9} {'rel dist':>9}"
    ]
    for i in shown:
        row, values = rows[i], rows[i].result.values
        mark = ">" if i == first else "*" if row.result.differs(tolerance) else " "
        figures = (
            f"{values['CosineSimilarity']:9.6f} {values['MaxAbsoluteError']:9.2e} {values['RelativeEuclideanDistance']:9.2e}"
            if values
            else ""
        )
        lines.append(
            f"{mark} {i:4} {row.layer:{width}} {row.kind:18} {row.output:3} {row.shape:16} {figures} {row.result.reason}".rstrip()
        )
    if len(shown) < len(rows):
        lines.append(f"({len(rows) - len(shown)} more layers: --all-layers)")
    return "\n".join(lines)


def write_csv(path: Path, rows: list[Row]) -> None:
    names = list(tensor_errors.METRICS)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Index", "Layer", "Type", "Output", "Shape", *names, "Reason"])
        for i, row in enumerate(rows):
            values = [f"{row.result.values[name]:.6g}" if row.result.values else "NaN" for name in names]
            writer.writerow([i, row.layer, row.kind, row.output, row.shape, *values, row.result.reason])


def cut_piece(options: argparse.Namespace, sides: list, runs: list[Run], layer: str) -> None:
    found = [i for i in (1, 0) if isinstance(sides[i], OnnxSide)]
    if not found:
        raise CompareError("--cut needs an .onnx file as A or B, run with ONNX Runtime")
    nodes, differs = cut(
        sides[found[0]],
        runs[found[0]],
        layer,
        options.cut,
        lambda a, b: tensor_errors.compare(a, b).differs(options.tolerance),
    )
    print(
        f"{options.cut}: {nodes} node(s) that end in {layer}, with inputs in {options.cut.with_suffix('.npz')}"
    )
    if not differs:
        print(
            "by itself Cairn and ONNX Runtime answer this piece alike: the networks themselves differ there"
        )


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="cairn compare",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("a", type=Path, metavar="A")
    parser.add_argument("b", type=Path, metavar="B")
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="[NAME=]FILE.npy",
        help="an input; else random numbers",
    )
    parser.add_argument(
        "--input-shape",
        default="",
        metavar="NAME:1,3,224,224;...",
        help="shapes of random inputs where the networks leave them open, as atc takes them; else the first gear, or 1",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the random inputs (default: 0)")
    parser.add_argument("--tolerance", type=float, default=1e-3, help="relative Euclidean distance from which a layer differs (default: 0.001)")  # fmt: skip
    parser.add_argument("--all-layers", action="store_true", help="every layer in the table")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the errors by layer")
    parser.add_argument("--csv", type=Path, metavar="FILE.csv", help="write the whole table")
    parser.add_argument(
        "--cut",
        type=Path,
        metavar="FILE.onnx",
        help="write the smallest piece of the network that still differs",
    )
    parser.add_argument("--onnx-with", choices=["onnxruntime", "cairn"], help="what runs .onnx files")
    return parser.parse_args(arguments)


def compare(options: argparse.Namespace) -> int:
    has_runtime = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))
    onnx_with = options.onnx_with or ("onnxruntime" if has_runtime else "cairn")
    with tempfile.TemporaryDirectory() as folder:
        sides = []
        for name in ("a", "b"):
            (Path(folder) / name).mkdir()
            sides.append(
                open_side(getattr(options, name), onnx_with, Path(folder) / name, options.input_shape)
            )
        runs = run_both(options, sides)
        rows = compare_runs(*runs)
        if not rows:
            raise CompareError("the two have no layer of the same name")
        first = next((i for i, row in enumerate(rows) if row.result.differs(options.tolerance)), None)
        print(table(rows, first, options.tolerance, options.all_layers))
        if options.csv:
            write_csv(options.csv, rows)
        if options.plot:
            error_plot.plot(options.plot, [row.error for row in rows], options.tolerance, first)
        if first is None:
            print(f"{len(rows)} tensors compared, none differs by more than {options.tolerance:g}")
            return 0
        print(f"first difference: {rows[first].kind} {rows[first].layer}, output {rows[first].output}")
        if options.cut:
            cut_piece(options, sides, runs, rows[first].layer)
        return 3


def main(arguments: list[str] | None = None) -> int:
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        return compare(options)
    except (CompareError, DumpError, OSError) as failure:
        print(f"cairn compare: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
