"""The small examples of the model chapters on real photos: each gives the scores that ONNX Runtime gives."""

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
BATCH = 2


def convert(network: Path, target: Path, *options: str) -> Path:
    atc = shutil.which("atc")
    assert atc is not None
    command = [atc, "--framework=5", f"--model={network}", f"--output={target}", "--soc_version=Ascend310P3"]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return target.with_suffix(".om")


@pytest.fixture(scope="session")
def models(network, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("samples")
    shape = f"3,{SIZE},{SIZE}"
    return {
        "one": convert(network, folder / "one"),
        "batch": convert(network, folder / "batch", f"--input_shape=input:{BATCH},{shape}"),
        "aipp": convert(
            network,
            folder / "aipp",
            "--input_format=NCHW",
            f"--input_shape=input:1,{shape}",
            f"--insert_op_conf={EXAMPLES / 'static_aipp.cfg'}",
        ),
    }


def start(program: str, model: Path, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, EXAMPLES / program, "--model", model, *arguments]
    return subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=120)


def report(program: str, model: Path, *arguments: object) -> dict:
    done = start(program, model, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def expected(reference, pictures):
    """expected(name, mean, deviation) -> the scores of the whole photo, by Pillow and ONNX Runtime."""
    kept = {}

    def scores(name: str, mean: float = 127, deviation: float = 128) -> np.ndarray:
        if (name, mean, deviation) not in kept:
            with Image.open(pictures[name]) as photo:
                scaled = photo.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
            image = ((np.asarray(scaled, np.float32) - mean) / deviation).transpose(2, 0, 1)[None]
            kept[name, mean, deviation] = reference.session.run(None, {"input": image})[0][0]
        return kept[name, mean, deviation]

    return scores


def compare(answers: list[dict], names: list[str], expected, *preparation: float) -> None:
    assert [Path(each["photo"]).stem for each in answers] == names
    for each, name in zip(answers, names, strict=True):
        scores = expected(name, *preparation)
        assert [best["class"] for best in each["best"][:2]] == np.argsort(scores)[::-1][:2].tolist()
        for best in each["best"]:
            assert best["score"] == pytest.approx(float(scores[best["class"]]), rel=1e-3, abs=1e-5)


PHOTOS = ["coffee", "flower", "china"]


@pytest.mark.parametrize(
    ("program", "model"),
    [("execute_sync.py", "one"), ("memory_pool.py", "one"), ("static_aipp.py", "aipp")],
)
def test_each_photo_has_the_scores_of_onnx_runtime(program, model, models, pictures, expected):
    found = report(program, models[model], *(pictures[name] for name in PHOTOS))
    compare(found["photos"], PHOTOS, expected)
    if model == "aipp":
        assert found["bytes of a picture"] == SIZE * SIZE * 3


def test_mean_and_deviation_are_the_users(models, pictures, expected):
    options = ["--mean", "100,100,100", "--deviation", "64,64,64"]
    found = report("execute_sync.py", models["one"], *options, pictures["flower"])
    compare(found["photos"], ["flower"], expected, 100, 64)


@pytest.mark.parametrize(
    ("runs", "interval", "blocks", "callbacks"), [(7, 1, 2, 7), (7, 3, 4, 3), (5, 0, 5, 0), (12, 2, 10, 6)]
)
def test_runs_of_a_stream_come_back_through_callbacks(
    runs, interval, blocks, callbacks, models, pictures, expected
):
    options = ["--runs", runs, "--callback-interval", interval, "--blocks", blocks]
    found = report("execute_async.py", models["one"], *options, pictures["coffee"], pictures["china"])
    compare(found["photos"], [["coffee", "china"][i % 2] for i in range(runs)], expected)
    assert found["callbacks"] == callbacks
    assert found["in a thread of their own"] is (callbacks > 0)


def test_too_few_blocks_are_refused(models, pictures):
    done = start(
        "execute_async.py", models["one"], "--callback-interval", 4, "--blocks", 3, pictures["coffee"]
    )
    assert done.returncode == 2
    assert "--blocks 4 or more" in done.stderr


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_does_not_fill_a_batch_runs_too(count, models, pictures, expected):
    found = report("multi_batch.py", models["batch"], *(pictures[name] for name in PHOTOS[:count]))
    compare(found["photos"], PHOTOS[:count], expected)
    assert (found["batch"], found["runs"]) == (BATCH, -(-count // BATCH))


def test_the_pool_is_used_up_to_its_last_piece(models, pictures):
    found = report("memory_pool.py", models["one"], *(pictures[name] for name in PHOTOS))
    assert found["used"] == found["bytes of the pool"]


@pytest.mark.parametrize(
    ("program", "model", "text"),
    [
        ("execute_sync.py", "batch", "takes 2 pictures at a time"),
        ("execute_async.py", "aipp", "does not take float32 pictures"),
        ("static_aipp.py", "one", "no static AIPP"),
    ],
)
def test_the_wrong_model_is_told_in_a_line(program, model, text, models, pictures):
    done = start(program, models[model], pictures["coffee"])
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and text in done.stderr
    assert "Traceback" not in done.stderr


def test_the_table_names_the_classes(models, pictures):
    done = start("execute_sync.py", models["one"], pictures["flower"])
    assert done.returncode == 0, done.stderr
    assert "daisy" in done.stdout
