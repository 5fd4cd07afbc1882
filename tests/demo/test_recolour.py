"""The example of a matrix product and of Cast: the colours are NumPy's, to one step of a byte."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MATRIX = np.array([[0.393, 0.349, 0.272], [0.769, 0.686, 0.534], [0.189, 0.168, 0.131]])


def run(*arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, EXAMPLES / "recolour.py", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("keep", [0, 0.2, 1])
def test_photos_get_other_colours(pictures, tmp_path, keep):
    photos = list(pictures.values())[:2]
    done = run(*photos, f"--output={tmp_path}", f"--keep={keep}")
    assert done.returncode == 0, done.stderr
    for photo in photos:
        with Image.open(photo) as opened:
            old = np.asarray(opened.convert("RGB"), np.float64)
        with Image.open(tmp_path / f"{photo.stem}_old.png") as opened:
            new = np.asarray(opened, np.float64)
        wanted = (1 - keep) / MATRIX.sum(0).max() * (old @ MATRIX) + keep * old
        assert new.shape == old.shape
        assert np.abs(new - wanted).max() <= 1.1  # A cast to bytes cuts off what is behind the point.
        assert keep == 1 or np.abs(new - old).max() > 20


def test_what_is_no_photo_is_named(tmp_path):
    path = tmp_path / "text.jpg"
    path.write_text("no photo")
    done = run(path)
    assert done.returncode == 1 and str(path) in done.stderr
