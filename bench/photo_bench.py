#!/usr/bin/env python3
"""JPEG file to top-5: Cairn next to what a user would write instead, on 1920x1080 photos, side by side in one run.

Each pipeline has a process of its own. They take turns, so that a busy or hot machine hits all of them alike; those that wait
are idle. Latency is the median time of one photo at a time, throughput that of as many as the pipeline wants to overlap.

Example: python bench/photo_bench.py --json photo.json
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "examples" / "demo")]

import photos  # noqa: E402
from export_efficientnet_lite0 import export  # noqa: E402
from photo_pipelines import CAIRN, PIPELINES, PLAIN  # noqa: E402
from PIL import Image, ImageOps  # noqa: E402

TARGETS = {"latency": 1.4, "throughput": 2.0}
PHOTO_SIZE = (1920, 1080)


def make_photos(folder: Path) -> list[Path]:
    """The demo's photos at 1920x1080, quality 90, 4:2:0."""
    large = []
    for path in photos.collect(folder / "photos"):
        target = folder / f"{path.stem}_{PHOTO_SIZE[0]}x{PHOTO_SIZE[1]}.jpg"
        with Image.open(path) as photo:
            ImageOps.fit(photo, PHOTO_SIZE, Image.Resampling.LANCZOS).save(
                target, quality=90, subsampling="4:2:0"
            )
        large.append(target)
    return large


def make_network(folder: Path) -> tuple[Path, Path]:
    onnx, om = folder / "efficientnet_lite0.onnx", folder / "efficientnet_lite0.om"
    export(onnx)
    atc = shutil.which("atc")
    if atc is None:
        raise FileNotFoundError("atc is not on the path")
    command = [
        atc,
        "--framework=5",
        f"--model={onnx}",
        f"--output={om.with_suffix('')}",
        "--soc_version=Ascend310P3",
    ]
    command += ["--input_format=NCHW", "--input_shape=input:1,3,224,224"]
    command += [f"--insert_op_conf={ROOT / 'examples' / 'demo' / 'aipp_nv12_rgb.cfg'}"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return onnx, om


def serve(connection: Connection, name: str, onnx: Path, om: Path, paths: list[Path]) -> None:
    """A pipeline's process: answers once for every photo, then one number for every (kind, count) it is sent."""
    pipeline = PIPELINES[name](onnx, om)
    connection.send([pipeline.top5(path) for path in paths])
    while request := connection.recv():
        kind, count = request
        batch = list(itertools.islice(itertools.cycle(paths), count))
        pipeline.top5(paths[0])
        if kind == "latency":
            times = []
            for path in batch:
                start = time.perf_counter()
                pipeline.top5(path)
                times.append(time.perf_counter() - start)
            connection.send(times)
        else:
            start = time.perf_counter()
            answered = sum(1 for _ in pipeline.stream(batch))
            connection.send(answered / (time.perf_counter() - start))


class Worker:
    """The other end of `serve`."""

    def __init__(self, name: str, onnx: Path, om: Path, paths: list[Path]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other, name, onnx, om, paths), daemon=True)
        self.process.start()
        other.close()
        self.answers: list[list[int]] = self.connection.recv()
        self.latencies: list[float] = []
        self.throughputs: list[float] = []

    def measure(self, latency_photos: int, throughput_photos: int) -> None:
        self.connection.send(("latency", latency_photos))
        self.latencies += self.connection.recv()
        self.connection.send(("throughput", throughput_photos))
        self.throughputs.append(self.connection.recv())

    def close(self) -> None:
        self.connection.send(None)
        self.process.join()


def measure(onnx: Path, om: Path, paths: list[Path], rounds: int, names: list[str]) -> dict:
    workers = {name: Worker(name, onnx, om, paths) for name in names}
    for turn in range(rounds):
        for worker in workers.values():
            time.sleep(0.1)  # the one before may still have threads that spin
            worker.measure(latency_photos=2 * len(paths), throughput_photos=10 * len(paths))
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
    for worker in workers.values():
        worker.close()
    return {
        "photos": [path.name for path in paths],
        "pipelines": {
            name: {
                "latency_ms": statistics.median(worker.latencies) * 1e3,
                "throughput_per_s": statistics.median(worker.throughputs),
                "best": [answer[0] for answer in worker.answers],
            }
            for name, worker in workers.items()
        },
    }


def add_ratios(result: dict) -> None:
    """How much better Cairn is than each of the others: above 1 is faster, for latency as for throughput."""
    cairn = result["pipelines"].get(CAIRN)
    for row in result["pipelines"].values() if cairn else ():
        row["latency_ratio"] = row["latency_ms"] / cairn["latency_ms"]
        row["throughput_ratio"] = cairn["throughput_per_s"] / row["throughput_per_s"]
    majority = [
        Counter(answers).most_common(1)[0][0]
        for answers in zip(*(row["best"] for row in result["pipelines"].values()), strict=True)
    ]
    for row in result["pipelines"].values():
        row["agrees"] = sum(one == other for one, other in zip(row["best"], majority, strict=True))


def print_table(result: dict) -> None:
    count = len(result["photos"])
    print(
        f"{'JPEG file (1920x1080) to top-5':<34}{'ms':>8}{'photos/s':>10}{'Cairn is':>20}{'same top-1':>12}"
    )
    for name, row in result["pipelines"].items():
        ratios = (
            f"{row['latency_ratio']:.2f} x, {row['throughput_ratio']:.2f} x" if "latency_ratio" in row else ""
        )
        print(
            f"{name:<34}{row['latency_ms']:8.2f}{row['throughput_per_s']:10.1f}{ratios:>20}{row['agrees']:>9}/{count}"
        )
    plain = result["pipelines"].get(PLAIN, {})
    for kind, target in TARGETS.items():
        if f"{kind}_ratio" in plain:
            ratio = plain[f"{kind}_ratio"]
            print(
                f"target: {kind} {target} x of {PLAIN}: {ratio:.2f} x, {'met' if ratio >= target else 'NOT met'}"
            )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="turns of each pipeline, default: %(default)s")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "build" / "photo_bench", help="for network and photos"
    )
    parser.add_argument("--only", nargs="+", choices=list(PIPELINES), help="measure only these pipelines")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to FILE")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    names = arguments.only or list(PIPELINES)
    try:
        paths = make_photos(arguments.folder)
        if CAIRN in names:
            onnx, om = make_network(arguments.folder)
        else:
            onnx, om = arguments.folder / "efficientnet_lite0.onnx", Path()
            export(onnx)
        result = measure(onnx, om, paths, arguments.rounds, names)
    except (OSError, EOFError, subprocess.CalledProcessError) as error:
        print(f"error: {error or 'a pipeline ended early'}", file=sys.stderr)
        return 1
    add_ratios(result)
    print_table(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
