"""Gears are compiled when they are first used and make room for one another; atc and cairn inspect show them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import SOC, Command, small_network
from programs import BASE

BATCHES = (1, 4, 2, 3)

# Runs the gears named on the command line one after the other; prints the first score of each.
PROGRAM = """
import sys
import acl
import numpy as np

acl.init(); acl.rt.set_device(0)
model, ret = acl.mdl.load_from_file(sys.argv[1])
assert ret == 0, acl.get_recent_err_msg()
desc = acl.mdl.create_desc()
acl.mdl.get_desc(desc, model)

def dataset(sizes):
    made = acl.mdl.create_dataset()
    for size in sizes:
        address, _ = acl.rt.malloc(size, 0)
        acl.mdl.add_dataset_buffer(made, acl.create_data_buffer(address, size))
    return made

inputs = dataset([acl.mdl.get_input_size_by_index(desc, i) for i in range(2)])
outputs = dataset([acl.mdl.get_output_size_by_index(desc, 0)])
address = acl.get_data_buffer_addr(acl.mdl.get_dataset_buffer(inputs, 0))
result = acl.get_data_buffer_addr(acl.mdl.get_dataset_buffer(outputs, 0))
for batch in map(int, sys.argv[2:]):
    data = np.linspace(-1, 1, batch * 3 * 16 * 16, dtype=np.float32).tobytes()
    assert acl.rt.memcpy(address, len(data), acl.util.bytes_to_ptr(data), len(data), 1) == 0
    assert acl.mdl.set_dynamic_batch_size(model, inputs, 1, batch) == 0, acl.get_recent_err_msg()
    assert acl.mdl.execute(model, inputs, outputs) == 0, acl.get_recent_err_msg()
    found = bytes(batch * 5 * 4)
    acl.rt.memcpy(acl.util.bytes_to_ptr(found), len(found), result, len(found), 2)
    print("score", *np.frombuffer(found, np.float32))
"""


@pytest.fixture
def om(atc: Command, tmp_path: Path) -> Path:
    onnx.save(small_network("n"), tmp_path / "net.onnx")
    options = ["--input_shape=x:-1,3,16,16", f"--dynamic_batch_size={','.join(map(str, BATCHES))}"]
    done = atc("--framework=5", "--model=net.onnx", "--output=net", f"--soc_version={SOC}", *options)
    assert done.returncode == 0, done.stdout
    return tmp_path / "net.om"


def run_gears(om: Path, budget: str, *gears: int) -> tuple[list[np.ndarray], int]:
    """The scores, and how many gears were given up."""
    environment = BASE | {"CAIRN_GEAR_MEMORY_MB": budget}
    environment |= {"ASCEND_GLOBAL_LOG_LEVEL": "1", "ASCEND_SLOG_PRINT_TO_STDOUT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, om, *map(str, gears)], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    scores = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("score")]
    return [np.array(each, np.float32) for each in scores], done.stdout.count("makes room")


def check(om: Path, scores: list[np.ndarray], gears: tuple[int, ...]) -> None:
    session = onnxruntime.InferenceSession(om.with_suffix(".onnx"), providers=["CPUExecutionProvider"])
    for found, batch in zip(scores, gears, strict=True):
        data = np.linspace(-1, 1, batch * 3 * 16 * 16, dtype=np.float32).reshape(batch, 3, 16, 16)
        np.testing.assert_allclose(found, session.run(None, {"x": data})[0].ravel(), rtol=1e-4, atol=1e-6)


def test_gears_stay_compiled_while_there_is_room(om: Path) -> None:
    gears = (*BATCHES, *BATCHES)
    scores, given_up = run_gears(om, "2048", *gears)
    assert given_up == 0
    check(om, scores, gears)


def test_without_room_only_the_gear_in_use_stays(om: Path) -> None:
    gears = (1, 1, 4, 4, 1, 2)
    scores, given_up = run_gears(om, "0", *gears)
    assert given_up == 3, "4 for 1, 1 for 4, 2 for 1"
    check(om, scores, gears)


def test_inspect_and_json_show_the_gears(atc: Command, cairn: Command, om: Path, tmp_path: Path) -> None:
    text = cairn("inspect", om).stdout
    assert "batch: [1], [4], [2], [3]" in text
    assert "ascend_mbatch_shape_data" in text
    about = json.loads(cairn("inspect", "--json", om).stdout)
    assert about["inputs"][0]["dims"] == [-1, 3, 16, 16]
    assert about["dynamic"]["kind"] == "batch"
    assert about["dynamic"]["gears"][1] == {"values": [4], "output_dims": [[4, 5]]}
    assert atc("--mode=1", f"--om={om}", "--json=net.json").returncode == 0
    graph = json.loads((tmp_path / "net.json").read_text())["graph"][0]
    case = next(op for op in graph["op"] if op["type"] == "Case")
    attributes = {entry["key"]: entry["value"] for entry in case["attr"]}
    assert attributes["_batch_num"] == {"i": 4}
    assert attributes["_pred_value_1"]["list"]["i"] == [4]
    assert case["input"] == ["ascend_mbatch_shape_data:0"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--input_shape=x:1,3,16,16", "--dynamic_batch_size=1,2"], "E10040"),
        (["--input_shape=x:-1,3,-1,16", "--dynamic_batch_size=1,2"], "E10018"),
        (["--input_shape=x:-1,3,16,16", "--dynamic_image_size=8,8;9,9"], "E10019.*in the layout NCHW"),
        (["--input_shape=x:-1,3,16,16", "--dynamic_dims=1;2"], r"E10003.*\[not given\]"),
        (["--input_shape=x:-1,3,16,16", "--dynamic_dims=1,1;2,2", "--input_format=ND"], "E10045"),
        (["--input_shape=y:-1,3,16,16", "--dynamic_batch_size=1,2"], "E10016"),
        (["--input_shape=x:-1,3,16", "--dynamic_batch_size=1,2"], "E10049"),
        (["--input_shape=x:-1,3,16,16", "--dynamic_batch_size=1,2", "--input_shape_range=x:[-1]"], "E10009"),
        (["--input_shape_range=x:[1~2"], "E10048"),
        (["--input_shape_range=x:[2~1,3,16,16]"], "E10048"),
        (["--input_shape_range=[1],[2]"], "E10048"),
        (["--input_shape=x:4~2,3,16,16"], "E10050"),
    ],
)
def test_wrong_gears_and_ranges_have_their_codes(
    atc: Command, tmp_path: Path, options: list[str], code: str
) -> None:
    onnx.save(small_network("n"), tmp_path / "net.onnx")
    done = atc("--framework=5", "--model=net.onnx", "--output=net", f"--soc_version={SOC}", *options)
    assert done.returncode in (1, 255)
    assert re.match(code, done.stdout.splitlines()[2]), done.stdout
    assert not (tmp_path / "net.om").exists()
