"""The whole demo on Cairn: atc and the pyACL program give the answers that ONNX Runtime gives."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class Finished:
    """The demo after its run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.picture = folder / "demo.png"
        self.model = folder / "efficientnet_lite0.om"
        command = [
            sys.executable,
            EXAMPLES / "demo" / "run_demo.py",
            "--folder",
            folder,
            "--picture",
            self.picture,
        ]
        self.process = subprocess.run(command, capture_output=True, text=True)


def classify(model: Path, *photos: Path) -> tuple[int, dict]:
    command = [sys.executable, EXAMPLES / "classify_photos.py", "--model", model, "--json", *photos]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.stdout, process.stderr
    return process.returncode, json.loads(process.stdout)


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Finished:
    finished = Finished(tmp_path_factory.mktemp("demo"))
    assert finished.process.returncode == 0, finished.process.stdout + finished.process.stderr
    return finished


def test_the_demo_prints_a_table_and_its_times(demo):
    lines = demo.process.stdout.splitlines()
    assert any(line.startswith("coffee.jpg") and "967 espresso" in line for line in lines)
    assert any(
        line.startswith("export the network to ONNX") and "convert the network" in line for line in lines
    )


def test_the_demo_draws_a_picture(demo):
    with Image.open(demo.picture) as picture:
        assert picture.size == (3224, 1098)
        assert len(picture.getcolors(maxcolors=1 << 24)) > 1000


@pytest.mark.parametrize("photo", ["coffee", "flower", "china", "rocket"])
def test_the_best_class_is_that_of_onnx_runtime(photo, demo, pictures, reference):
    expected = reference.scores(pictures[photo])
    code, report = classify(demo.model, pictures[photo])
    assert code == 0
    best = report["photos"][0]["best"]
    assert best[0]["class"] == int(expected.argmax())
    for answer in best:
        assert answer["score"] == pytest.approx(float(expected[answer["class"]]), abs=0.08)


def test_chelsea_is_a_cat(demo, pictures):
    _, report = classify(demo.model, pictures["chelsea"])
    assert {answer["class"] for answer in report["photos"][0]["best"][:3]} == {281, 282, 285}


def test_a_photo_that_the_camera_turned_is_turned_back(demo, pictures, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = tmp_path / "turned.jpg"
    with Image.open(pictures["coffee"]) as photo:
        photo.rotate(90, expand=True).save(turned, exif=exif, quality=95)
    _, report = classify(demo.model, turned)
    photo = report["photos"][0]
    assert (photo["width"], photo["height"]) == (600, 400)
    assert photo["best"][0]["class"] == 967
    assert photo["best"][0]["score"] > 0.9


def test_a_damaged_photo_is_reported_and_the_next_one_classified(demo, pictures, tmp_path):
    damaged, progressive = tmp_path / "damaged.jpg", tmp_path / "progressive.jpg"
    damaged.write_bytes(pictures["coffee"].read_bytes()[:100])
    with Image.open(pictures["coffee"]) as photo:
        photo.save(progressive, progressive=True)
    missing = tmp_path / "missing.jpg"
    code, report = classify(demo.model, damaged, progressive, missing, pictures["flower"])
    assert code == 1
    assert ["error" in photo for photo in report["photos"]] == [True, True, True, False]
    assert report["photos"][3]["best"][0]["class"] == 985


@pytest.mark.parametrize("content", [None, b"", b"no model at all"])
def test_a_model_that_cannot_be_loaded_is_an_error(content, pictures, tmp_path):
    model = tmp_path / "net.om"
    if content is not None:
        model.write_bytes(content)
    command = [sys.executable, EXAMPLES / "classify_photos.py", "--model", model, pictures["coffee"]]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 1
    assert process.stderr.startswith("error: acl.mdl.load_from_file returned ")
    assert "Traceback" not in process.stderr


def test_the_program_explains_itself():
    command = [sys.executable, EXAMPLES / "classify_photos.py", "--help"]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0
    assert "--model M.om" in process.stdout
    assert "atc --framework=5" in process.stdout
