"""`cairn bench` measures a model; its figures are consistent, and its errors say what to do."""

import csv
import itertools
import json
from pathlib import Path

import onnx
import pytest
from conftest import SOC, small_network
from PIL import Image

TIMES = ("latency", "host_to_device", "enqueue", "compute", "device_to_host")


@pytest.fixture
def onnx_file(tmp_path: Path) -> Path:
    onnx.save(small_network(), tmp_path / "small.onnx")
    return tmp_path / "small.onnx"


@pytest.fixture
def om(atc, onnx_file: Path, tmp_path: Path) -> Path:
    done = atc(f"--model={onnx_file}", "--framework=5", f"--soc_version={SOC}", "--output=small")
    assert done.returncode == 0, done.stdout
    return tmp_path / "small.om"


@pytest.fixture
def report(cairn, om: Path):
    def run(*words: object) -> dict:
        done = cairn("bench", om, "--seconds", 0.2, "--json", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_times_of_a_run_add_up(report):
    found = report()
    assert found["inputs"] == [{"name": "x", "dims": [1, 3, 16, 16], "data_type": 0, "bytes": 3072}]
    assert [each["dims"] for each in found["outputs"]] == [[1, 5]]
    for name in TIMES:
        times = found[name]
        assert times["count"] == found["latency"]["count"] > 10
        order = ("min", "p50", "p90", "p95", "p99", "max")
        assert all(times[a] <= times[b] for a, b in itertools.pairwise(order)), times
        assert times["min"] <= times["mean"] <= times["max"]
    parts = sum(found[name]["mean"] for name in ("host_to_device", "compute", "device_to_host"))
    assert parts == pytest.approx(found["latency"]["mean"], rel=0.01)
    assert found["enqueue"]["mean"] < found["compute"]["mean"]


def test_throughput_and_memory(report):
    found = report("--streams", 2)
    assert found["streams"] == 2
    assert 0 < found["busy"] <= 1
    assert found["runs_per_second"] > 0.3e6 / found["latency"]["mean"]
    memory = found["memory"]
    assert memory["weights"] >= 4 * (8 * 27 + 8 + 8 * 9 + 8 * 5)
    assert memory["work"] >= 3072 + 20
    assert memory["peak"] > memory["loaded"] >= 0
    assert found["load_ms"] > 0


def test_a_profile_names_the_operators(report):
    assert report()["operators"] == []
    operators = report("--profile")["operators"]
    assert any("Convolution" in each["type"] for each in operators)
    assert all(each["us"] >= 0 for each in operators)
    assert [each["us"] for each in operators] == sorted((each["us"] for each in operators), reverse=True)


def test_text_for_people(cairn, om: Path):
    done = cairn("bench", om, "--seconds", 0.1, "--profile")
    assert done.returncode == 0, done.stderr
    for word in (
        "p99",
        "throughput",
        "runs/s",
        "memory",
        "load",
        "host to device",
        "Convolution",
        "x [1, 3, 16, 16]",
    ):
        assert word in done.stdout


def test_csv_and_picture(cairn, om: Path, tmp_path: Path):
    done = cairn("bench", om, "--seconds", 0.1, "--profile", "--csv", "times.csv", "--save-plot", "times.png")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "times.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"].replace(" ", "_") for row in rows if row["kind"] == "time"] == list(TIMES)
    assert any(row["kind"] == "operator" for row in rows)
    assert all(float(row["mean_us"]) >= 0 for row in rows)
    with Image.open(tmp_path / "times.png") as picture:
        assert picture.format == "PNG"
        assert picture.width >= 800
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 4


def test_an_onnx_file_beside_onnx_runtime(cairn, onnx_file: Path):
    done = cairn("bench", onnx_file, "--seconds", 0.1, "--json", "--against", "onnxruntime", "--threads", 1)
    assert done.returncode == 0, done.stderr
    against = json.loads(done.stdout)["against"]
    assert "ONNX Runtime" in against["engine"]
    assert against["latency"]["p50"] > 0
    assert against["runs_per_second"] > 0


def test_an_onnx_file_with_open_shapes(cairn, tmp_path: Path):
    onnx.save(small_network(batch="n", side="s"), tmp_path / "open.onnx")
    done = cairn("bench", "open.onnx", "--input-shape", "x:3,3,20,20", "--seconds", 0.1, "--json", "--against", "onnxruntime")  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["inputs"][0]["dims"] == [3, 3, 20, 20]
    assert report["against"]["runs_per_second"] > 0


def test_errors_say_what_to_do(cairn, atc, om: Path, tmp_path: Path):
    def fails(*words: object) -> str:
        done = cairn("bench", *words)
        assert done.returncode != 0
        assert done.stdout == ""
        return done.stderr

    assert "no file" in fails("missing.om")
    (tmp_path / "text.om").write_text("this is no model")
    assert "MDL-" in fails("text.om")
    (tmp_path / "text.onnx").write_text("this is no model")
    assert "atc does not convert" in fails("text.onnx")
    assert ".onnx" in fails(om, "--against", "onnxruntime")
    assert "cannot be written" in fails(om, "--seconds", 0.05, "--csv", "no/such/folder.csv")
    assert "cannot be drawn" in fails(om, "--seconds", 0.05, "--save-plot", "no/such/folder.png")
    assert "device" in fails(om, "--device", 99)
    onnx.save(small_network(batch="n"), tmp_path / "gears.onnx")
    done = atc("--model=gears.onnx", "--framework=5", f"--soc_version={SOC}", "--output=gears",
               "--input_shape=x:-1,3,16,16", "--dynamic_batch_size=1,2")  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "gears" in fails("gears.om")
    assert "--input-shape" in fails("gears.onnx")
    assert "--input-shape" in fails("gears.om", "--input-shape", "x:1,3,16,16")
    done = atc(
        "--model=gears.onnx",
        "--framework=5",
        f"--soc_version={SOC}",
        "--output=open",
        "--input_shape=x:-1,3,16,16",
    )
    assert done.returncode == 0, done.stdout
    assert "x has no fixed size; convert the model with --input_shape" in fails("open.om")


def test_help_has_examples(cairn):
    done = cairn("bench", "--help")
    assert done.returncode == 0
    assert "Examples" in done.stdout
    assert "cairn bench resnet50.om --streams 4" in done.stdout
