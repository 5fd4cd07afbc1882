#!/usr/bin/env python3
"""Runs all benchmarks, prints one table and writes docs/performance.md: what `./dev bench` does.

Each program measures Cairn and the alternative in turns, in one run; ratio above 1 means that Cairn is faster.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"
PAGE = ROOT / "docs" / "performance.md"
NOTES = BENCH / "notes.md"  # What limits the rows that miss their target; goes below the table.

# Networks of make_models.py that compute any batch; the others reshape to fixed sizes.
ANY_BATCH = ("efficientnet", "mobilenet", "resnet50", "toy", "yolo")

Row = dict[str, object]


def run(command: list[str | Path]) -> str:
    print(
        "[bench]", *(Path(part).name if isinstance(part, Path) else part for part in command), file=sys.stderr
    )
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def json_lines(text: str) -> Iterator[Row]:
    return (json.loads(line) for line in text.splitlines() if line.startswith("{"))


def start_up(_: Path) -> Iterator[Row]:
    for row in json_lines(run([sys.executable, BENCH / "startup_bench.py"])):
        yield row | {"met": row["ours"] <= row["limit"]}


def runtime(programs: Path) -> Iterator[Row]:
    yield from json_lines(run([programs / "runtime_bench"]))
    yield from json_lines(run([sys.executable, BENCH / "python_bench.py", programs]))


def aipp(programs: Path) -> Iterator[Row]:
    for row in json_lines(run([programs / "aipp_bench"])):
        name = f"AIPP {row['case']}, {row['size']}"
        ours = {"name": name, "ours": row["cairn_us"], "unit": "us"}
        threads = f"{row['opencv_threads']} thread" + ("s" if row["opencv_threads"] > 1 else "")
        yield ours | {
            "theirs": row["opencv_us"],
            "ratio": row["ratio"],
            "against": f"OpenCV, {threads}",
            "target": 3,
        }
        yield ours | {
            "theirs": row["opencv_tuned_us"],
            "ratio": row["ratio_tuned"],
            "against": f"OpenCV, tuned, {threads}",
        }


def models(programs: Path) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run([sys.executable, BENCH / "make_models.py", folder])
        for onnx in sorted(folder.glob("*.onnx")):
            network, output = onnx.stem, onnx.with_suffix("")
            run(
                ["atc", f"--model={onnx}", "--framework=5", f"--output={output}", "--soc_version=Ascend310P3"]
            )
            arguments = [network, output.with_suffix(".om"), onnx]
            yield from json_lines(run([programs / "model_bench", *arguments]))
            yield from json_lines(run([sys.executable, BENCH / "model_bench.py", *arguments]))
            if network in ANY_BATCH:
                yield from json_lines(run([sys.executable, BENCH / "gear_bench.py", network, onnx]))
        resnet = folder / "resnet50.om"
        for row in json_lines(
            run([sys.executable, BENCH / "load_bench.py", resnet, resnet.with_suffix(".onnx")])
        ):
            yield row | ({"met": row["ours"] <= row["limit"]} if "limit" in row else {})


def media(_: Path) -> Iterator[Row]:
    for row in json_lines(run([sys.executable, BENCH / "media_bench.py"])):
        yield {
            "name": f"{row['name']}, {row['size']}",
            "ours": row["cairn_ms"],
            "theirs": row["opencv_ms"],
            "unit": "ms",
            "ratio": row["ratio"],
            "against": "OpenCV",
        }


def photos(_: Path) -> Iterator[Row]:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        run([sys.executable, BENCH / "photo_bench.py", "--json", Path(file.name)])
        pipelines = json.load(file)["pipelines"]
    from photo_pipelines import CAIRN, PLAIN

    own = pipelines.pop(CAIRN)
    kinds = (("latency", "latency_ms", "ms", 1.4), ("throughput", "throughput_per_s", "photos/s", 2.0))
    for name, row in pipelines.items():
        for kind, key, unit, target in kinds:
            entry = {
                "name": f"1080p JPEG to top-5, {kind}",
                "ours": own[key],
                "theirs": row[key],
                "unit": unit,
            }
            entry |= {"ratio": row[f"{kind}_ratio"], "against": name}
            yield entry | ({"target": target} if name == PLAIN else {})


def blas(_: Path) -> Iterator[Row]:
    yield from json_lines(run([sys.executable, BENCH / "blas_bench.py"]))


def single_operators(_: Path) -> Iterator[Row]:
    yield from json_lines(run([sys.executable, BENCH / "single_op_bench.py"]))


SUITES = {
    "startup": start_up,
    "runtime": runtime,
    "aipp": aipp,
    "model": models,
    "media": media,
    "singleop": single_operators,
    "blas": blas,
    "photo": photos,
}


def verdict(row: Row) -> str:
    if "limit" in row:
        return f"at most {row['limit']} {row['unit']}: {'met' if row['met'] else 'NOT met'}"
    if "target" in row:
        return f"at least {row['target']} x: {'met' if row['ratio'] >= row['target'] else 'NOT met'}"
    return ""


def cells(row: Row) -> tuple[str, ...]:
    unit = row["unit"]
    theirs = f"{row['theirs']:.4g} {unit}" if "theirs" in row else ""
    ratio = f"{row['ratio']:.2f} x" if "ratio" in row else ""
    return (
        str(row["name"]),
        f"{row['ours']:.4g} {unit}",
        theirs,
        str(row.get("against", "")),
        ratio,
        verdict(row),
    )


HEADER = ("measurement", "Cairn", "alternative", "", "ratio", "target")


def print_table(rows: list[Row]) -> None:
    lines = [HEADER, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def machine() -> str:
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{model}, {os.cpu_count()} cores, {memory} GiB"


def write_page(rows: list[Row]) -> None:
    table = "\n".join("| " + " | ".join(cells(row)) + " |" for row in rows)
    PAGE.write_text(
        f"""# Performance

Written by `./dev bench` on {datetime.date.today().isoformat()} on {machine()}. Cairn and the alternative took turns in one run;
a ratio above 1 means that Cairn is faster. Times are medians, those of the AIPP kernel the best of the rounds.

| {" | ".join(HEADER)} |
|{"---|" * len(HEADER)}
{table}

{NOTES.read_text(encoding="utf-8")}""",
        encoding="utf-8",
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to FILE")
    parser.add_argument(
        "--only", nargs="+", choices=list(SUITES), default=list(SUITES), help="only these; no page is written"
    )
    arguments = parser.parse_args()
    tree = Path(os.environ.get("CAIRN_BUILD_DIR", ROOT / "build" / "release"))
    rows: list[Row] = []
    for name in arguments.only:
        start = time.monotonic()
        rows += SUITES[name](tree / "bin" / "bench")
        print(f"[bench] {name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    print_table(rows)
    if arguments.json:
        machine_and_date = {"machine": machine(), "date": datetime.date.today().isoformat()}
        arguments.json.write_text(
            json.dumps(machine_and_date | {"rows": rows}, indent=1) + "\n", encoding="utf-8"
        )
    if len(arguments.only) == len(SUITES):
        write_page(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
