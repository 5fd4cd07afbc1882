"""The example of dynamic shapes on real photos: each way of conversion gives the answers that ONNX Runtime gives."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES))

from dynamic_shapes import SHAPES_TO_TRY, image_of  # noqa: E402

WAYS = {
    "batch": (
        ["--input_shape=input:-1,3,224,224", "--dynamic_batch_size=1,4"],
        [(1, 3, 224, 224), (4, 3, 224, 224)],
    ),
    "image": (
        ["--input_shape=input:2,3,-1,-1", "--dynamic_image_size=192,192;224,288"],
        [(2, 3, 192, 192), (2, 3, 224, 288)],
    ),
    "dims": (
        ["--input_shape=input:-1,3,-1,-1", "--dynamic_dims=1,224,224;4,192,256", "--input_format=ND"],
        [(1, 3, 224, 224), (4, 3, 192, 256)],
    ),
    "range": (["--input_shape=input:1~8,3,-1,-1"], list(SHAPES_TO_TRY)),
}


@pytest.fixture(scope="session")
def open_session(network, tmp_path_factory) -> onnxruntime.InferenceSession:
    """The network under ONNX Runtime with a batch and an image size that are not fixed."""
    model = onnx.load(network)
    for value, names in ((model.graph.input[0], ("n", None, "h", "w")), (model.graph.output[0], ("n", None))):
        for dim, name in zip(value.type.tensor_type.shape.dim, names, strict=True):
            if name is not None:
                dim.dim_param = name
    path = tmp_path_factory.mktemp("open") / "open.onnx"
    onnx.save(model, path)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("way", WAYS)
def test_photos_in_every_shape(way, network, pictures, open_session, tmp_path):
    options, shapes = WAYS[way]
    target = tmp_path / way
    command = [
        "atc",
        "--framework=5",
        f"--model={network}",
        f"--output={target}",
        "--soc_version=Ascend310P3",
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    photos = [pictures[name] for name in ("coffee", "flower", "china")]
    program = [sys.executable, EXAMPLES / "dynamic_shapes.py", target.with_suffix(".om"), *photos]
    done = subprocess.run([*program, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert [tuple(answer["shape"]) for answer in answers] == [shape for shape in shapes for _ in photos]
    for answer, photo in zip(answers, photos * len(shapes), strict=True):
        height, width = answer["shape"][2:]
        image = image_of(photo, width, height)[None].astype(np.float32)
        expected = open_session.run(None, {"input": image})[0][0]
        assert answer["photo"] == photo.name
        assert answer["score"] == pytest.approx(float(expected.max()), rel=1e-3)
        assert answer["class"] == int(expected.argmax())
    espresso = [answer["class"] for answer in answers if answer["photo"] == "coffee.jpg"]
    assert 967 in espresso


def test_the_table_names_the_classes(network, pictures, tmp_path):
    target = tmp_path / "net"
    command = [
        "atc",
        "--framework=5",
        f"--model={network}",
        f"--output={target}",
        "--soc_version=Ascend310P3",
    ]
    subprocess.run([*command, *WAYS["batch"][0]], check=True, capture_output=True)
    program = [sys.executable, EXAMPLES / "dynamic_shapes.py", target.with_suffix(".om"), pictures["flower"]]
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["1x3x224x224", "flower.jpg"],
        ["4x3x224x224", "flower.jpg"],
    ]
    assert "daisy" in done.stdout
