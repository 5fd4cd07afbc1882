"""Caffe networks through atc and acl.mdl, and through OpenCV."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import acl
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / each) for each in ("caffe", "operators", "")]

from caffe_net import Net  # noqa: E402
from cases import run  # noqa: E402
from session_device import device  # noqa: E402, F401  (a fixture)


class Atc:
    """Converts Caffe networks."""

    def __init__(self) -> None:
        self.program = shutil.which("atc")
        assert self.program, "atc is not on the path: run the tests with ./dev"

    def __call__(self, prototxt: Path, weights: Path | None, *options: str) -> subprocess.CompletedProcess:
        command = [
            self.program, "--framework=0", f"--model={prototxt}", f"--output={prototxt.with_suffix('')}",
            f"--soc_version={acl.get_soc_name()}", *([f"--weight={weights}"] if weights else []), *options,
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    def convert(self, prototxt: Path, weights: Path, *options: str) -> Path:
        done = self(prototxt, weights, *options)
        assert done.returncode == 0, done.stdout
        return prototxt.with_suffix(".om")


@pytest.fixture(scope="session")
def atc() -> Atc:
    return Atc()


@pytest.fixture(scope="session")
def opencv():
    """opencv(prototxt, caffemodel, inputs, names) -> [array of each name]."""
    place = Path(os.environ.get("CAIRN_OPENCV4", ROOT / "build" / "opencv4"))
    assert (place / "cv2").is_dir(), f"{place} has no OpenCV 4: run the tests with ./dev"

    def answer(prototxt: Path, weights: Path, inputs: dict, names: list[str]) -> list[np.ndarray]:
        given, wanted = prototxt.with_suffix(".in.npz"), prototxt.with_suffix(".out.npz")
        np.savez(given, **inputs)
        command = [
            sys.executable,
            str(ROOT / "tests/caffe/opencv_reference.py"),
            prototxt,
            weights,
            given,
            wanted,
            *names,
        ]
        environment = {**os.environ, "PYTHONPATH": str(place)}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=300, env=environment
        )
        assert done.returncode == 0, done.stderr
        found = np.load(wanted)
        return [found[name] for name in names]

    return answer


@pytest.fixture(scope="session")
def convert_and_run(atc):
    """convert_and_run(prototxt, caffemodel, inputs) -> {blob: bytes}, by the names of the outputs."""

    def answer(
        prototxt: Path, weights: Path, inputs: list[np.ndarray], *options: str
    ) -> dict[str, np.ndarray]:
        om = atc.convert(prototxt, weights, *options)
        model, ret = acl.mdl.load_from_file(str(om))
        assert ret == 0, acl.get_recent_err_msg()
        desc = acl.mdl.create_desc()
        acl.mdl.get_desc(desc, model)
        names = [acl.mdl.get_output_name_by_index(desc, i) for i in range(acl.mdl.get_num_outputs(desc))]
        acl.mdl.destroy_desc(desc)
        acl.mdl.unload(model)
        return dict(zip([name.split(":")[2] for name in names], run(om, inputs), strict=True))

    return answer


__all__ = ["Net"]
