"""msaccucmp: conversion of dump files, comparison of two runs, overflow data."""

import csv
import json
import struct
import sys
from pathlib import Path

import dump_bytes
import numpy as np
import pytest
from conftest import Command
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_definitions import TRUTHS

COMPARE = Path(__file__).resolve().parents[2] / "tools" / "compare"


@pytest.fixture
def msaccucmp(tmp_path):
    return Command("msaccucmp", tmp_path)


@pytest.fixture
def arrays():
    random = np.random.default_rng(4)
    return random.standard_normal((2, 3, 4)).astype(np.float32), random.integers(-9, 9, (5,)).astype(np.int32)


def test_numpy_files_have_shape_and_type(msaccucmp, tmp_path, arrays):
    path = dump_bytes.write(tmp_path / "d", "Pooling", "pool1", 0, [arrays[0]], arrays)
    done = msaccucmp("convert", "-d", path, "-out", "npy", "-v", "2")
    assert done.returncode == 0, done.stderr
    names = sorted(each.name for each in (tmp_path / "npy").iterdir())
    assert names == [f"{path.name}.{end}.npy" for end in ("input.0", "output.0", "output.1")]
    for name, wanted in zip(names, (arrays[0], *arrays), strict=True):
        found = np.load(tmp_path / "npy" / name)
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        np.testing.assert_array_equal(found, wanted)


def test_raw_bytes_and_text(msaccucmp, tmp_path, arrays):
    path = dump_bytes.write(tmp_path, "Add", "plus", 0, [], arrays)
    assert msaccucmp("convert", "-d", path, "-out", "out", "-t", "bin").returncode == 0
    assert (tmp_path / "out" / f"{path.name}.output.0.2_3_4.float32.ND.bin").read_bytes() == arrays[
        0
    ].tobytes()
    assert msaccucmp("convert", "-d", path, "-out", "out", "-t", "txt").returncode == 0
    np.testing.assert_allclose(
        np.loadtxt(tmp_path / "out" / f"{path.name}.output.0.txt"), arrays[0].ravel(), rtol=1e-6
    )
    assert np.loadtxt(tmp_path / "out" / f"{path.name}.output.1.txt").tolist() == arrays[1].tolist()


def test_a_directory_and_a_list(msaccucmp, tmp_path, arrays):
    first = dump_bytes.write(tmp_path / "d", "Add", "a", 0, [], arrays[:1])
    second = dump_bytes.write(tmp_path / "d", "Add", "b", 1, [], arrays[:1])
    assert msaccucmp("convert", "-d", "d", "-out", "one").returncode == 0
    assert msaccucmp("convert", "-d", f"{first},{second}", "-out", "two").returncode == 0
    assert len(list((tmp_path / "one").iterdir())) == len(list((tmp_path / "two").iterdir())) == 2


def test_without_out_the_results_are_here(msaccucmp, tmp_path, arrays):
    path = dump_bytes.write(tmp_path / "d", "Add", "a", 0, [], arrays[:1])
    assert msaccucmp("convert", "-d", path).returncode == 0
    assert (tmp_path / f"{path.name}.output.0.npy").is_file()


def test_bfloat16_becomes_float32(msaccucmp, tmp_path):
    values = np.float32([1.5, -2, 0])
    halves = (values.view(np.uint32) >> 16).astype(np.uint16).view(np.int16)
    folder = tmp_path / "d"
    folder.mkdir()
    path = folder / "Add.a.1.0.5"
    shaped = halves.astype(np.int16)
    dump_bytes.TYPES["int16"] = 5
    path.write_bytes(dump_bytes.dump("a", [], [shaped], dump_bytes.BFLOAT16))
    assert msaccucmp("convert", "-d", path, "-out", "out").returncode == 0
    np.testing.assert_array_equal(np.load(tmp_path / "out" / f"{path.name}.output.0.npy"), values)


def test_long_names_are_mapped(msaccucmp, tmp_path, arrays):
    folder = tmp_path / "d"
    folder.mkdir()
    name = f"Add.{'x' * 280}.1.0.1597922031178434"
    (folder / "1597922031178434").write_bytes(dump_bytes.dump("x" * 280, [], arrays[:1]))
    (folder / "mapping.csv").write_text(f"1597922031178434,{name}\n")
    assert msaccucmp("convert", "-d", "d", "-out", "out").returncode == 0
    ((short, long),) = list(csv.reader((tmp_path / "out" / "mapping.csv").open()))
    assert long == f"{name}.output.0.npy"
    np.testing.assert_array_equal(np.load(tmp_path / "out" / short), arrays[0])


def test_overflow_data_become_json(msaccucmp, tmp_path):
    data = np.zeros(2048, np.uint8)
    core = [514, 563, 57, 0, 0x1008005B0000, 0x100800297000, 0x1008005AE000, 1]
    data[256:320] = np.frombuffer(struct.pack("<8Q", *core), np.uint8)
    data[1024:1032] = np.frombuffer(struct.pack("<Q", 272), np.uint8)
    folder = tmp_path / "d"
    folder.mkdir()
    path = folder / "Opdebug.Node_OpDebug.59.1597922031178434"
    path.write_bytes(dump_bytes.dump("Node_OpDebug", [], [data]))
    done = msaccucmp("convert", "-d", path, "-out", "out")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / f"{path.name}.output.0.json").read_text())
    empty = {
        "model_id": 0,
        "stream_id": 0,
        "task_id": 0,
        "task_type": 0,
        "pc_start": "0x0",
        "para_base": "0x0",
        "status": 0,
    }
    assert found == {
        "DHA Atomic Add": empty,
        "L2 Atomic Add": empty,
        "AI Core": {
            "model_id": 514, "stream_id": 563, "task_id": 57, "task_type": 0, "pc_start": "0x1008005b0000",
            "para_base": "0x100800297000", "kernel_code": "0x1008005ae000", "block_idx": 1, "status": 272,
        },
    }  # fmt: skip


def damaged(data: bytes) -> list[bytes]:
    return [b"", data[:7], data[:20], data[:-1], struct.pack("<Q", 1 << 62) + data[8:], b"\xff" * 64]


def test_damaged_files_are_listed_and_the_others_converted(msaccucmp, tmp_path, arrays):
    good = dump_bytes.write(tmp_path / "d", "Add", "good", 99, [], arrays[:1])
    for index, data in enumerate(damaged(good.read_bytes())):
        (tmp_path / "d" / f"Add.bad{index}.1.0.{index}").write_bytes(data)
    done = msaccucmp("convert", "-d", "d", "-out", "out")
    assert done.returncode == 1
    listed = (tmp_path / "out" / "convert_failed_file_list.txt").read_text().splitlines()
    assert len(listed) == 6
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out" / f"{good.name}.output.0.npy").is_file()


@given(st.binary(max_size=200), st.integers(0, 120), st.sampled_from([1, 2]))
@settings(max_examples=400, deadline=None)
def test_any_bytes_end_in_a_dump_or_a_message(tmp_path_factory, noise, cut, version):
    sys.path.insert(0, str(COMPARE))
    import dump_data

    sound = dump_bytes.dump("op", [np.float32([1, 2])], [np.int32([[3], [4]])])
    path = tmp_path_factory.getbasetemp() / "Add.a.1.0.5"
    for data in (noise, sound[:cut] + noise + sound[cut + len(noise) :]):
        path.write_bytes(data)
        try:
            found = dump_data.read_dump(path, version)
        except dump_data.DumpError:
            continue
        for each in [*found.inputs, *found.outputs]:
            assert len(each.data) <= len(data)
            each.array()


# --- compare ---


def result_of(folder: Path) -> list[dict[str, str]]:
    (path,) = folder.glob("result_*.csv")
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    header[header.index("DataType", header.index("DataType") + 1)] = "GroundDataType"
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture
def two_runs(tmp_path):
    """Three layers; from the second on they differ."""
    random = np.random.default_rng(9)
    values = [random.standard_normal((4, 5)).astype(np.float32) for _ in range(3)]
    for time, (name, array) in enumerate(zip(("z/first", "second", "a/third"), values, strict=True)):
        dump_bytes.write(tmp_path / "golden", "Add", name, time, [], [array])
        changed = array if time == 0 else array + np.float32(0.1 * time)
        dump_bytes.write(tmp_path / "mine", "Add", name, 500 + time, [], [changed])
    return values


def test_the_first_difference_is_named(msaccucmp, tmp_path, two_runs):
    done = msaccucmp("compare", "-m", "mine", "-g", "golden", "-out", "out")
    assert done.returncode == 0, done.stderr
    assert "first difference: Add second:output:0" in done.stdout
    rows = result_of(tmp_path / "out")
    assert [row["NPUDump"] for row in rows] == ["z/first", "second", "a/third"]
    assert rows[0]["CosineSimilarity"] == "1"
    for time, row in enumerate(rows):
        truth = two_runs[time].astype(np.float64)
        mine = (two_runs[time] if time == 0 else two_runs[time] + np.float32(0.1 * time)).astype(np.float64)
        for column, metric in TRUTHS.items():
            assert float(row[column]) == pytest.approx(metric(mine, truth), rel=1e-4, abs=1e-9), column
        assert (row["Shape"], row["DataType"], row["OverFlow"]) == ("4x5", "float32", "NO")


def test_runs_that_agree(msaccucmp, tmp_path, two_runs):
    done = msaccucmp("compare", "-m", "golden", "-g", "golden", "-out", "out")
    assert done.returncode == 0
    assert "no tensor differs" in done.stdout


def test_numpy_files_as_the_truth(msaccucmp, tmp_path, two_runs):
    (tmp_path / "npy").mkdir()
    np.save(tmp_path / "npy" / "second.0.1597922031178434.npy", two_runs[1])
    done = msaccucmp(
        "compare",
        "-m",
        "mine",
        "-g",
        "npy",
        "-out",
        "out",
        "-op_name",
        "second",
        "-o",
        "0",
        "-alg",
        "0,MaxAbsoluteError",
    )
    assert done.returncode == 0, done.stderr
    (row,) = result_of(tmp_path / "out")
    assert float(row["MaxAbsoluteError"]) == pytest.approx(0.1, rel=1e-3)
    assert "RootMeanSquareError" not in row


def test_what_cannot_be_compared_says_why(msaccucmp, tmp_path):
    infinite = np.float32([1, np.inf, 3])
    dump_bytes.write(tmp_path / "mine", "Add", "a", 0, [], [np.float32([1, 2, 3])])
    dump_bytes.write(tmp_path / "golden", "Add", "a", 0, [], [np.float32([1, 2])])
    dump_bytes.write(tmp_path / "mine", "Add", "b", 1, [], [infinite])
    dump_bytes.write(tmp_path / "golden", "Add", "b", 1, [], [np.float32([1, 2, 3])])
    dump_bytes.write(tmp_path / "mine", "Add", "c", 2, [], [infinite])
    assert msaccucmp("compare", "-m", "mine", "-g", "golden", "-out", "out").returncode == 0
    a, b, c = result_of(tmp_path / "out")
    assert a["CompareFailReason"] == "3 elements against 2"
    assert (b["OverFlow"], b["CompareFailReason"]) == (
        "YES",
        "1 elements are infinite or NaN on one side only",
    )
    assert c["CompareFailReason"] == "no such tensor on the other side"


def test_two_numpy_files(msaccucmp, tmp_path):
    np.save(tmp_path / "a.npy", np.float32([1, 2]))
    np.save(tmp_path / "b.npy", np.float32([1, 3]))
    done = msaccucmp("file_compare", "-m", "a.npy", "-g", "b.npy", "-out", "out")
    assert done.returncode == 0, done.stderr
    assert "MaxAbsoluteError             1" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "-m", "missing", "-g", "missing"],
        ["compare", "-m", "mine", "-g", "missing"],
        ["compare", "-m", "mine", "-g", "golden", "-op_name", "nothing"],
        ["compare", "-m", "mine", "-g", "golden", "-alg", "Median"],
        ["file_compare", "-m", "missing.npy", "-g", "missing.npy"],
        ["convert", "-d", "missing"],
        ["overflow", "-d", "missing"],
    ],
)
def test_mistakes_get_one_line(msaccucmp, tmp_path, two_runs, words):
    done = msaccucmp(*words)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_help_has_examples(msaccucmp):
    done = msaccucmp("--help")
    assert done.returncode == 0
    assert "examples:" in done.stdout
