#!/usr/bin/env python3
"""msaccucmp: converts dump files, and finds where two runs of a network differ."""

from __future__ import annotations

import argparse
import csv
import json
import struct
import sys
import time
from pathlib import Path

import numpy as np
import tensor_errors
from dump_data import Dump, DumpError, Tensor, dump_files, dump_folder, is_dump_name, read_dump

_EXAMPLES = """\
examples:
  msaccucmp.py convert -d dump/20260301123059/0/resnet50/1/0 -out npy
  msaccucmp.py convert -d OpDebug.Node_Opdebug.5.0.1597922031178434 -out .
  msaccucmp.py compare -m dump_new/.../0 -g dump_old/.../0 -out result
  msaccucmp.py compare -m dump/.../0 -g onnx_npy -op_name conv1 -o 0 -out result
  msaccucmp.py overflow -d dump/.../0 -out .
  msaccucmp.py file_compare -m mine.npy -g truth.npy -out .
"""
LONGEST_NAME = 255


def stamp() -> str:
    return time.strftime("%Y%m%d%H%M%S")


# --- convert ---


def overflow_data(tensor: Tensor) -> dict:
    """The record of an operator that overflowed: three parts, each with its status."""
    if len(tensor.data) < 1032:
        raise DumpError(f"the overflow data have {len(tensor.data)} bytes, at least 1032 are needed")

    def part(at: int, status_at: int, core: bool) -> dict:
        names = ["model_id", "stream_id", "task_id", "task_type", "pc_start", "para_base"]
        names += ["kernel_code", "block_idx"] if core else []
        values = dict(zip(names, struct.unpack_from(f"<{len(names)}Q", tensor.data, at), strict=True))
        for name in ("pc_start", "para_base", "kernel_code"):
            if name in values:
                values[name] = hex(values[name])
        return values | {"status": struct.unpack_from("<Q", tensor.data, status_at)[0]}

    return {
        "DHA Atomic Add": part(0, 512, False),
        "L2 Atomic Add": part(128, 768, False),
        "AI Core": part(256, 1024, True),
    }


class Converter:
    def __init__(self, target: Path, kind: str) -> None:
        self.target, self.kind = target, kind
        self.written: list[Path] = []

    def path(self, name: str) -> Path:
        """Names that are too long become numbers, which mapping.csv explains."""
        if len(name.encode()) <= LONGEST_NAME:
            return self.target / name
        short = f"{time.time_ns() // 1000}{len(self.written)}{Path(name).suffix}"
        with (self.target / "mapping.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow([short, name])
        return self.target / short

    def convert(self, dump: Dump) -> None:
        sides = [("input", dump.inputs), ("output", dump.outputs)]
        for side, tensors in sides:
            for index, tensor in enumerate(tensors):
                stem = f"{dump.file_name}.{side}.{index}"
                if dump.is_overflow_data and side == "output":
                    self.write(f"{stem}.json", json.dumps(overflow_data(tensor), indent=4).encode() + b"\n")
                elif tensor.size or tensor.data:
                    self.convert_tensor(stem, tensor)

    def convert_tensor(self, stem: str, tensor: Tensor) -> None:
        if self.kind == "bin":
            dims = "_".join(map(str, tensor.shape))
            self.write(f"{stem}.{dims}.{tensor.type_name}.{tensor.format_name}.bin", tensor.data)
            return
        array = tensor.array()
        if self.kind == "txt":
            path = self.path(f"{stem}.txt")
            np.savetxt(path, array.reshape(-1), fmt="%.9g" if array.dtype.kind == "f" else "%s")
        else:
            path = self.path(f"{stem}.{tensor.format_name}.npy" if self.kind == "msnpy" else f"{stem}.npy")
            with path.open("wb") as file:
                np.save(file, array)
        self.written.append(path)

    def write(self, name: str, data: bytes) -> None:
        path = self.path(name)
        path.write_bytes(data)
        self.written.append(path)


def convert(options: argparse.Namespace) -> int:
    files: list[Path] = []
    for word in options.dump.split(","):
        path = Path(word.strip())
        if path.is_dir():
            found = dump_files(path) or sorted(
                p for p in path.rglob("*") if p.is_file() and is_dump_name(p.name)
            )
            if not found:
                raise DumpError(f"{path} holds no dump files")
            files += found
        else:
            files.append(path)
    target = Path(options.out)
    target.mkdir(parents=True, exist_ok=True)
    converter, failed = Converter(target, options.type), []
    for path in files:
        try:
            converter.convert(read_dump(path, options.version))
        except (DumpError, ValueError) as failure:
            print(f"msaccucmp: {failure}", file=sys.stderr)
            failed.append(path)
    print(f"{len(converter.written)} files in {target}")
    if failed:
        with (target / "convert_failed_file_list.txt").open("a", encoding="utf-8") as file:
            file.writelines(f"{path}\n" for path in failed)
    return 1 if failed else 0


# --- compare ---


class Truth:
    """The golden side: dump files, or numpy files {op_name}.{output_index}.{timestamp}.npy."""

    def __init__(self, folder: Path) -> None:
        self.arrays: dict[tuple[str, int], Path] = {}
        self.dumps: dict[str, Dump] = {}
        if any(folder.glob("*.npy")):
            for path in sorted(folder.glob("*.npy")):
                parts = path.name.rsplit(".", 3)
                if len(parts) == 4 and parts[1].isdecimal():
                    self.arrays[(parts[0], int(parts[1]))] = path
            if not self.arrays:
                raise DumpError(f"{folder} holds no files named like conv1.0.1597922031178434.npy")
        else:
            for path in dump_files(dump_folder(folder)):
                dump = read_dump(path)
                self.dumps[dump.op_name] = dump

    @staticmethod
    def plain(name: str) -> str:
        return "".join("_" if letter in "./\\ " else letter for letter in name)

    def find(self, dump: Dump, side: str, index: int, tensor: Tensor) -> tuple[str, str, np.ndarray] | None:
        """(name, type, values) of the same tensor."""
        for name in dict.fromkeys([dump.op_name, tensor.original_name]):
            other = self.dumps.get(name)
            if other is not None:
                tensors = other.outputs if side == "output" else other.inputs
                if index < len(tensors):
                    return name, tensors[index].type_name, tensors[index].array()
            for spelled in (name, self.plain(name)):
                path = self.arrays.get((spelled, index)) if side == "output" else None
                if path is not None:
                    try:
                        array = np.load(path, allow_pickle=False)
                    except (ValueError, OSError, EOFError) as failure:
                        raise DumpError(f"{path} cannot be read: {failure}") from failure
                    return name, array.dtype.name, array
        return None


def header(metrics: list[str]) -> list[str]:
    return [
        "Index", "OpType", "NPUDump", "DataType", "Address", "GroundTruth", "DataType", "TensorIndex", "Shape",
        "OverFlow", *metrics, "CompareFailReason",
    ]  # fmt: skip


ALL_COLUMNS = [*list(tensor_errors.METRICS)[:5], "StandardDeviation", *list(tensor_errors.METRICS)[5:]]


def chosen_columns(text: str) -> list[str]:
    if text in ("", "all"):
        return ALL_COLUMNS
    chosen = []
    for word in text.split(","):
        if word.isdecimal() and int(word) < len(ALL_COLUMNS):
            chosen.append(ALL_COLUMNS[int(word)])
        elif word in ALL_COLUMNS:
            chosen.append(word)
        else:
            raise DumpError(
                f"-alg {word} is unknown; numbers 0 .. {len(ALL_COLUMNS) - 1} or names: {', '.join(ALL_COLUMNS)}"
            )
    return chosen


def tensors_of(dump: Dump, options: argparse.Namespace) -> list[tuple[str, int, Tensor]]:
    if options.op_name and dump.op_name != options.op_name:
        return []
    found = [("input", i, t) for i, t in enumerate(dump.inputs)]
    found += [("output", i, t) for i, t in enumerate(dump.outputs)]
    if options.output is not None:
        found = [each for each in found if each[:2] == ("output", options.output)]
    if options.input is not None:
        found = [each for each in found if each[:2] == ("input", options.input)]
    return [each for each in found if each[2].data]


def compare(options: argparse.Namespace) -> int:
    columns = chosen_columns(options.alg)
    mine = dump_folder(Path(options.mine))
    truth = Truth(Path(options.golden))
    if options.fusion:
        print("-f is not needed: these dumps name the layers of the original network", file=sys.stderr)
    rows, first = [], None
    for path in dump_files(mine):
        dump = read_dump(path)
        if dump.is_overflow_data:
            continue
        for side, index, tensor in tensors_of(dump, options):
            golden = truth.find(dump, side, index, tensor)
            label = f"{dump.op_name}:{side}:{index}"
            shape = "x".join(map(str, tensor.shape))
            common = [len(rows), dump.op_type, dump.op_name, tensor.type_name, "NaN"]
            if golden is None:
                rows.append(
                    [
                        *common,
                        "*",
                        "NaN",
                        label,
                        shape,
                        "NaN",
                        *["NaN"] * len(columns),
                        "no such tensor on the other side",
                    ]
                )
                continue
            name, kind, array = golden
            result = tensor_errors.compare(tensor.array(), array)
            values = [
                result.deviation if column == "StandardDeviation" else f"{result.values[column]:.6g}"
                if result.values else "NaN"
                for column in columns
            ]  # fmt: skip
            rows.append(
                [
                    *common,
                    name,
                    kind,
                    label,
                    shape,
                    "YES" if result.overflow else "NO",
                    *values,
                    result.reason,
                ]
            )
            if first is None and result.differs(options.tolerance):
                first = (dump, label, result)
    if not rows:
        raise DumpError(
            f"nothing to compare in {mine}" + (f": no operator {options.op_name}" if options.op_name else "")
        )
    target = Path(options.out)
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"result_{stamp()}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header(columns), *rows])
    print(f"{len(rows)} tensors compared: {path}")
    if first is None:
        print(f"no tensor differs by more than {options.tolerance:g} (relative Euclidean distance)")
    else:
        dump, label, result = first
        detail = result.reason or ", ".join(
            f"{name} {result.values[name]:.6g}"
            for name in ("CosineSimilarity", "MaxAbsoluteError", "RelativeEuclideanDistance")
        )
        print(f"first difference: {dump.op_type} {label}: {detail}")
    return 0


def file_compare(options: argparse.Namespace) -> int:
    try:
        arrays = [np.load(path, allow_pickle=False) for path in (options.mine, options.golden)]
    except (ValueError, OSError, EOFError) as failure:
        raise DumpError(f"a file cannot be read: {failure}") from failure
    result = tensor_errors.compare(*arrays)
    if result.reason and not result.values:
        raise DumpError(result.reason)
    target = Path(options.out)
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"file_result_{stamp()}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [list(result.values), [f"{value:.6g}" for value in result.values.values()]]
        )
    for name, value in result.values.items():
        print(f"{name:28} {value:.6g}")
    print(path)
    return 0


# --- overflow ---


def overflow(options: argparse.Namespace) -> int:
    folder = dump_folder(Path(options.dump))
    dumps = [read_dump(path) for path in dump_files(folder)]
    operators = {(dump.task_id, dump.stream_id): dump for dump in dumps if not dump.is_overflow_data}
    lines = []
    for dump in [each for each in dumps if each.is_overflow_data][: options.top]:
        core = overflow_data(dump.outputs[0])["AI Core"] if dump.outputs else {"status": 0}
        one = operators.get((core.get("task_id"), core.get("stream_id")))
        name = f"{one.op_type} {one.op_name}" if one else f"task {core.get('task_id')}"
        lines.append(f"{name}: status {core['status']:#x}, model {core.get('model_id')}, {dump.file_name}")
        for side, tensors in (("input", one.inputs), ("output", one.outputs)) if one else ():
            for index, tensor in enumerate(tensors):
                array = tensor.array().astype(np.float64) if tensor.data else np.zeros(0)
                finite = array[np.isfinite(array)]
                reach = f"{finite.min():g} .. {finite.max():g}" if finite.size else "no finite element"
                lines.append(
                    f"  {side} {index}: {tensor.type_name} {list(tensor.shape)}, {reach}, {array.size - finite.size} not finite"
                )
    target = Path(options.out)
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"overflow_summary_{stamp()}.txt"
    text = "\n".join(lines) if lines else "no operator overflowed"
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{text}\n{path}")
    return 0


# --- arguments ---


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="msaccucmp.py",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)

    one = commands.add_parser(
        "convert", help="dump files to numpy files, raw bytes or text; overflow data to JSON"
    )
    one.add_argument(
        "-d", "--dump_path", dest="dump", required=True, help="a file, several with commas, or a directory"
    )
    one.add_argument(
        "-out", "--output", dest="out", default=".", help="directory for the results (default: here)"
    )
    one.add_argument("-t", "--type", choices=["npy", "bin", "txt", "msnpy"], default="npy")
    one.add_argument(
        "-v", "--version", type=int, choices=[1, 2], default=2, help="of the dump format (default: 2)"
    )
    one.set_defaults(run=convert)

    one = commands.add_parser("compare", help="two runs, tensor by tensor: a table, and the first difference")
    one.add_argument("-m", "--my_dump_path", dest="mine", required=True, help="directory of dump files")
    one.add_argument("-g", "--golden_dump_path", dest="golden", required=True,
                     help="directory of dump files, or of numpy files named op_name.output_index.timestamp.npy")  # fmt: skip
    one.add_argument("-f", "--fusion_rule_file", dest="fusion", default="", help="accepted and not needed")
    one.add_argument("-out", "--output", dest="out", default=".", help="directory for result_<time>.csv")
    one.add_argument(
        "-alg", "--algorithm", dest="alg", default="all", help="columns: names or numbers with commas"
    )
    one.add_argument("-op_name", dest="op_name", default="", help="only this operator")
    one.add_argument("-o", "--output_tensor", dest="output", type=int, help="only this output of -op_name")
    one.add_argument("-i", "--input_tensor", dest="input", type=int, help="only this input of -op_name")
    one.add_argument("--tolerance", type=float, default=1e-3,
                     help="relative Euclidean distance from which tensors count as different (default: 0.001)")  # fmt: skip
    one.set_defaults(run=compare)

    one = commands.add_parser(
        "overflow", help="which operators overflowed, from a directory of an overflow dump"
    )
    one.add_argument("-d", "--dump_path", dest="dump", required=True)
    one.add_argument("-out", "--output", dest="out", default=".")
    one.add_argument("-n", "--top_num", dest="top", type=int, default=1000, help="at most so many")
    one.set_defaults(run=overflow)

    one = commands.add_parser("file_compare", help="two numpy files")
    one.add_argument("-m", "--my_dump_path", dest="mine", required=True)
    one.add_argument("-g", "--golden_dump_path", dest="golden", required=True)
    one.add_argument("-out", "--output", dest="out", default=".")
    one.set_defaults(run=file_compare)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        return options.run(options)
    except (DumpError, OSError) as failure:
        print(f"msaccucmp: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
