"""The example of a single operator: atc makes the operators, the sums and their float16 copies are NumPy's."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_matrices_are_added(tmp_path):
    operators = tmp_path / "op_models"
    command = [
        "atc",
        f"--singleop={EXAMPLES / 'matrix_add.json'}",
        f"--output={operators}",
        "--soc_version=Ascend310P3",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert sorted(path.name for path in operators.iterdir()) == [
        "0_Add_3_2_8_16_3_2_8_16_3_2_8_16.om",
        "1_Add_0_2_-1_16_0_2_-1_16_0_2_-1_16.om",
    ]
    program = [sys.executable, EXAMPLES / "matrix_add.py", f"--operators={operators}", "--json"]
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert [len(each["a"]) for each in results] == [8, 1, 50]
    for each in results:
        total = np.array(each["a"]) + np.array(each["b"])
        assert np.array_equal(each["sum"], total)
        assert np.array_equal(np.array(each["halves"], np.float16), total.astype(np.float16))
