"""Programs without a fault: an example, and the conformance suite, whose tests name the faults that they make."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from checked_programs import read_report
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def small_network() -> onnx.ModelProto:
    random = np.random.default_rng(1)
    weights = {
        "w": random.normal(size=(8, 3, 3, 3)).astype(np.float32),
        "fc": random.normal(size=(8, 1000)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["input", "w"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["c"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("MatMul", ["f", "fc"], ["y"]),
        helper.make_node("Softmax", ["y"], ["prob"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 224, 224])],
        [helper.make_tensor_value_info("prob", TensorProto.FLOAT, [1, 1000])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


# Options of atc, and what the example is called with.
EXAMPLE_PROGRAMS = {
    "classify_photos.py": (
        ["--input_format=NCHW", f"--insert_op_conf={EXAMPLES}/demo/aipp_nv12_rgb.cfg"],
        ["--repeat", "3"],
    ),
    "execute_sync.py": ([], []),
    "execute_async.py": ([], ["--runs", "9", "--callback-interval", "2", "--blocks", "4"]),
    "multi_batch.py": (["--input_shape=input:4,3,224,224"], []),
    "memory_pool.py": ([], []),
    "static_aipp.py": (["--input_format=NCHW", f"--insert_op_conf={EXAMPLES}/static_aipp.cfg"], []),
}


@pytest.mark.parametrize("program", EXAMPLE_PROGRAMS)
def test_the_examples(program, tmp_path):
    conversion, options = EXAMPLE_PROGRAMS[program]
    onnx.save(small_network(), tmp_path / "small.onnx")
    if not any(each.startswith("--input_shape") for each in conversion):
        conversion = ["--input_shape=input:1,3,224,224", *conversion]
    subprocess.run(
        ["atc", "--framework=5", "--model=small.onnx", "--output=small", "--soc_version=Ascend310P3", *conversion],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    random = np.random.default_rng(2)
    for name, size in {"large": (480, 640, 3), "small": (100, 75, 3)}.items():
        Image.fromarray(random.integers(0, 255, size, np.uint8)).save(tmp_path / f"{name}.jpg")
    report = tmp_path / "report.jsonl"
    done = subprocess.run(
        ["cairn", "check", "--json", report, "--exit-code", "--", sys.executable, EXAMPLES / program,
         "--model", "small.om", *options, "large.jpg", "small.jpg"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    findings, summary = read_report(report)
    assert findings == [], done.stderr
    assert summary["findings"] == 0
    assert done.returncode == 0, done.stderr


# Words in the names of tests that make a fault of memory on purpose.
FAULTS = re.compile(
    "refuse|beyond|freed|free_|once|round|wild|_fault_|host_code|never|stale|forged|error|code|wrong|bad|denote|message"
    "|survive|end_the_process|invalid|sweep|exhaust|outside|unmapped|not_mapped|argument|null|have_to|has_to|must|fails|failed_call|cannot"
)


@pytest.fixture(scope="session")
def suite(tmp_path_factory) -> list[dict]:
    """The findings of sync and memory in a run of the conformance suite."""
    report = tmp_path_factory.mktemp("suite") / "report.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ROOT / "tests" / "conformance"],
        env={**os.environ, "CAIRN_CHECK": "sync,memory", "CAIRN_CHECK_FILE": str(report)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    findings, _ = read_report(report)  # Of the suite's own process, and of those that tests start.
    assert findings
    return findings


def names_of_tests(finding: dict) -> list[str]:
    """The test functions on the stacks of a finding."""
    lines = [line for place in finding["places"] for line in place["stack"]]
    return [line.rsplit(" in ", 1)[1] for line in lines if " in test_" in line]


def unnamed(findings: list[dict]) -> list[tuple[str, list[str]]]:
    return [
        (one["title"], one["places"][0]["stack"][:4])
        for one in findings
        # Programs that a test runs by itself come without a test's name.
        if not any(FAULTS.search(name) for name in names_of_tests(one)) and any(names_of_tests(one))
    ]


def test_conformance_tests_synchronize(suite):
    assert unnamed([one for one in suite if one["kind"] == "sync"]) == []


def test_conformance_tests_stay_in_their_memory(suite):
    # Tests of models and media run on whatever is in memory; that is found, and it is true.
    assert unnamed([one for one in suite if one["title"] != "memory is read that nobody wrote"]) == []
