"""atc --singleop: one .om of each operator, and what is wrong with a description."""

import json
import subprocess
from pathlib import Path

import pytest

ND = {"format": "ND", "type": "float"}


def add(**changes) -> dict:
    one = {**ND, "shape": [2, 3]}
    return {"op": "Add", "input_desc": [one, one], "output_desc": [one], **changes}


def first(**changes) -> dict:
    """Add, whose first input differs."""
    entry = add()
    entry["input_desc"] = [{**entry["input_desc"][0], **changes}, entry["input_desc"][1]]
    return entry


def run(folder: Path, text: str) -> subprocess.CompletedProcess:
    (folder / "ops.json").write_text(text)
    command = [
        "atc",
        f"--singleop={folder / 'ops.json'}",
        f"--output={folder / 'made'}",
        "--soc_version=Ascend310P3",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "made").glob("*"))


def test_files_are_named_after_place_type_and_tensors(tmp_path):
    half = {"format": "NHWC", "type": "fp16", "shape": [1, 2, 2, 3]}
    open_line = {**ND, "shape": [-1, 8], "shape_range": [[1, 64]]}
    entries = [
        add(),
        {"compile_flag": 0},
        {"op": "Relu", "input_desc": [half], "output_desc": [half]},
        {"op": "Relu", "input_desc": [open_line], "output_desc": [open_line]},
        {"op": "Relu", "input_desc": [{**ND, "shape": []}], "output_desc": [{**ND, "shape": []}]},
    ]
    done = run(tmp_path, json.dumps(entries))
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "ATC run success, welcome to the next use."
    assert names(tmp_path) == [
        "0_Add_0_2_2_3_0_2_2_3_0_2_2_3.om",
        "1_Relu_1_1_1_2_2_3_1_1_1_2_2_3.om",
        "2_Relu_0_2_-1_8_0_2_-1_8.om",
        "3_Relu_0_2_0_2.om",
    ]
    shown = subprocess.run(
        ["cairn", "inspect", tmp_path / "made" / names(tmp_path)[2]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "Relu" in shown.stdout


def test_a_long_name_is_cut(tmp_path):
    wide = {**ND, "shape": [1] * 60}
    done = run(tmp_path, json.dumps([{"op": "Relu", "input_desc": [wide], "output_desc": [wide]}]))
    assert done.returncode == 0, done.stdout
    assert [len(name) for name in names(tmp_path)] == [128 + len(".om")]


ATTRIBUTE = {"name": "axes", "type": "list_int", "value": [1]}
FAILURES = [
    ("{", "E10025"),
    ("{}", "E10025"),
    ("[]", "E10025"),
    ("[1]", "E10025"),
    (json.dumps([add(op="")]), "E10026"),
    (json.dumps([add(op=5)]), "E10026"),
    (json.dumps([add(op="NoSuchOperator")]), "E19014"),
    (json.dumps([add(input_desc=5)]), "E10027"),
    (json.dumps([add(output_desc=[])]), "E10027"),
    (json.dumps([add(input_desc=[{**ND, "shape": [2, 3]}])]), "E19014"),
    (json.dumps([first(type="float17")]), "E10027"),
    (json.dumps([first(format="XY")]), "E10027"),
    (json.dumps([first(shape="2,3")]), "E10027"),
    (json.dumps([first(shape=[2, -3])]), "E10027"),
    (json.dumps([first(shape=[-2, 3])]), "E10027"),
    (json.dumps([first(shape=[1 << 40, 1 << 40])]), "E10027"),
    (json.dumps([first(shape=[2, 4])]), "E19014"),
    (json.dumps([first(shape=[-1, 3], shape_range=[[5, 2]])]), "E10027"),
    (json.dumps([first(shape=[-1, 3], shape_range=[[1, 2], [3, 3], [1, 1]])]), "E10027"),
    (json.dumps([first(is_const=True)]), "E10027"),
    (json.dumps([first(is_const=True, const_value=[1])]), "E10027"),
    (json.dumps([first(is_const=True, const_value=["x"] * 6)]), "E10027"),
    (json.dumps([add(output_desc=[{**ND, "shape": [3, 3]}])]), "E19014"),
    (json.dumps([add(output_desc=[{"format": "ND", "type": "int32", "shape": [2, 3]}])]), "E19014"),
    (json.dumps([add(attr=[{**ATTRIBUTE, "name": ""}])]), "E10029"),
    (json.dumps([add(attr=[{"type": "int", "value": 1}])]), "E10029"),
    (json.dumps([add(attr=[{**ATTRIBUTE, "value": 1}])]), "E10030"),
    (json.dumps([add(attr=[{**ATTRIBUTE, "type": "list"}])]), "E10030"),
    (json.dumps([add(attr=[{"name": "axes", "type": "int"}])]), "E10030"),
]


@pytest.mark.parametrize(("text", "code"), FAILURES)
def test_a_wrong_description_has_its_code(tmp_path, text, code):
    done = run(tmp_path, text)
    assert done.returncode == 1
    assert f"\n{code}: " in done.stdout
    assert "description of a single operator" in done.stdout or code != "E19014"
    assert names(tmp_path) == []


def test_a_missing_file_has_its_code(tmp_path):
    command = [
        "atc",
        f"--singleop={tmp_path / 'none.json'}",
        f"--output={tmp_path}",
        "--soc_version=Ascend310P3",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "\nE10024: " in done.stdout or "\nE10410: " in done.stdout
