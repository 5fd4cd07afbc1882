"""The example with dynamic AIPP gives, for each window, what ONNX Runtime gives for the same pixels."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reference import SIZE

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="session")
def model(network, tmp_path_factory) -> Path:
    atc = shutil.which("atc")
    assert atc is not None
    target = tmp_path_factory.mktemp("dynamic") / "dynamic"
    command = [atc, "--framework=5", f"--model={network}", f"--output={target}", "--soc_version=Ascend310P3"]
    command += ["--input_format=NCHW", f"--input_shape=input:1,3,{SIZE},{SIZE}"]
    subprocess.run([*command, f"--insert_op_conf={EXAMPLES / 'dynamic_aipp.cfg'}"], check=True)
    return target.with_suffix(".om")


def answers(model: Path, *arguments) -> dict:
    command = [sys.executable, EXAMPLES / "dynamic_aipp.py", "--model", model, "--json", *arguments]
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["photos"]


def expected_scores(reference, photo: Path) -> np.ndarray:
    """The mean over the five windows; the program's own sizes, worked out again."""
    shorter = SIZE * 9 // 8
    with Image.open(photo) as opened:
        scale = shorter / min(opened.size)
        size = tuple(max(shorter, round(side * scale)) // 2 * 2 for side in opened.size)
        pixels = np.asarray(opened.convert("RGB").resize(size, Image.Resampling.BILINEAR))
    right, bottom = (length - SIZE for length in size)
    scores = []
    for left, top in ((0, 0), (right, 0), (0, bottom), (right, bottom), (right // 4 * 2, bottom // 4 * 2)):
        window = (pixels[top : top + SIZE, left : left + SIZE].astype(np.float32) - 127) / 128
        scores.append(reference.session.run(None, {"input": window.transpose(2, 0, 1)[None]})[0][0])
    return np.stack(scores)


@pytest.mark.parametrize("name", ["coffee", "flower", "china"])
def test_rgb_windows_are_those_of_onnx_runtime(model, pictures, reference, name):
    found = answers(model, pictures[name])[0]
    scores = expected_scores(reference, pictures[name])
    assert found["windows"] == scores.argmax(axis=1).tolist()
    mean = scores.mean(axis=0)
    for best in found["best"]:
        assert best["score"] == pytest.approx(float(mean[best["class"]]), abs=1e-4)


def test_nv12_gives_the_same_answer(model, pictures):
    rgb = answers(model, pictures["coffee"], pictures["flower"])
    nv12 = answers(model, "--format", "nv12", pictures["coffee"], pictures["flower"])
    for one, other in zip(rgb, nv12, strict=True):
        assert one["best"][0]["class"] == other["best"][0]["class"]
        assert one["best"][0]["score"] == pytest.approx(other["best"][0]["score"], abs=0.1)


def test_a_model_with_static_aipp_is_refused(model, pictures, network, tmp_path):
    target = tmp_path / "static"
    command = [shutil.which("atc"), "--framework=5", f"--model={network}", f"--output={target}"]
    command += ["--soc_version=Ascend310P3", "--input_format=NCHW", f"--input_shape=input:1,3,{SIZE},{SIZE}"]
    command += [f"--insert_op_conf={EXAMPLES / 'demo' / 'aipp_nv12_rgb.cfg'}"]
    subprocess.run(command, check=True)
    command = [sys.executable, EXAMPLES / "dynamic_aipp.py", "--model", f"{target}.om", pictures["coffee"]]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no dynamic AIPP" in done.stderr
