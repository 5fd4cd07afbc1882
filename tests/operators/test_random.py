"""Random numbers: their range and their moments."""

import subprocess

import acl
import numpy as np
import pytest
from air import Air
from cases import run

CASES = []


@pytest.fixture(scope="module")
def numbers(tmp_path_factory, atc):
    folder = tmp_path_factory.mktemp("random")
    air = Air("random")
    shape = air.const("shape", np.int64([200, 100]))
    bounds = [air.const(name, np.int64(value)) for name, value in (("low", -3), ("high", 4))]
    x = air.data("x", np.zeros(1, np.float32))
    for name, kind, inputs, attributes in (
        ("uniform", "RandomUniform", [shape], {"dtype": np.float32, "seed": 3}),
        ("normal", "RandomStandardNormal", [shape], {"dtype": np.float32, "seed": 3}),
        ("whole", "RandomUniformInt", [shape, *bounds], {"seed": 3}),
        ("x2", "Add", ["x:0", "x:0"], {}),
    ):
        air.output(*air.node(name, kind, inputs, **attributes))
    assert x == "x:0"
    (folder / "random.air").write_bytes(air.bytes())
    command = [atc, "--framework=1", f"--model={folder / 'random.air'}", f"--output={folder / 'random'}",
               f"--soc_version={acl.get_soc_name()}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return run(folder / "random.om", [np.zeros(1, np.float32)])


def test_uniform_numbers_fill_0_to_1(numbers):
    values = numbers[0].view(np.float32)
    assert 0 <= values.min() < 0.01 and 0.99 < values.max() < 1
    assert abs(values.mean() - 0.5) < 0.01 and abs(values.std() - 12**-0.5) < 0.01


def test_normal_numbers_have_mean_0_and_deviation_1(numbers):
    values = numbers[1].view(np.float32)
    assert abs(values.mean()) < 0.03 and abs(values.std() - 1) < 0.03
    assert abs((np.abs(values) < 1).mean() - 0.6827) < 0.02


def test_whole_numbers_reach_all_but_the_upper_bound(numbers):
    assert sorted(set(numbers[2].view(np.int64).tolist())) == [-3, -2, -1, 0, 1, 2, 3]
