"""Random numbers: their range, their moments, their seeds."""

import subprocess

import acl
import numpy as np
import pytest
from air import Air
from cases import run

CASES = []
TESTED = dict.fromkeys(
    ["RandomStandardNormal", "RandomUniform", "RandomUniformInt"], "range, moments, seeds, types"
)


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
        ("uniform_again", "RandomUniform", [shape], {"dtype": np.float32, "seed": 3}),
        ("uniform_other", "RandomUniform", [shape], {"dtype": np.float32, "seed": 3, "seed2": 1}),
        ("normal_again", "RandomStandardNormal", [shape], {"dtype": np.float32, "seed": 3}),
        ("normal_other", "RandomStandardNormal", [shape], {"dtype": np.float32, "seed": 4}),
        ("whole_again", "RandomUniformInt", [shape, *bounds], {"seed": 3}),
        ("whole_other", "RandomUniformInt", [shape, *bounds], {"seed": 4}),
        ("uniform_half", "RandomUniform", [shape], {"dtype": np.float16, "seed": 3}),
        ("normal_double", "RandomStandardNormal", [shape], {"dtype": np.float64, "seed": 3}),
        (
            "uniform_scalar",
            "RandomUniform",
            [air.const("none", np.zeros(0, np.int64))],
            {"dtype": np.float32, "seed": 3},
        ),
        (
            "whole_32",
            "RandomUniformInt",
            [shape, air.const("low32", np.int32(5)), air.const("high32", np.int32(6))],
            {},
        ),
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
    values = numbers[2].view(np.int64)
    assert values.size == 20000
    assert sorted(set(values.tolist())) == [-3, -2, -1, 0, 1, 2, 3]
    assert np.abs(np.bincount(values + 3) / 20000 - 1 / 7).max() < 0.015


@pytest.mark.parametrize(("first", "again", "other"), [(0, 4, 5), (1, 6, 7), (2, 8, 9)])
def test_the_seeds_decide(numbers, first, again, other):
    assert np.array_equal(numbers[first], numbers[again])
    assert not np.array_equal(numbers[first], numbers[other])


def test_numbers_have_the_type_that_is_asked_for(numbers):
    halves = numbers[10].view(np.float16)
    assert halves.size == 20000 and 0 <= halves.min() < 0.01 and halves.max() <= 1
    doubles = numbers[11].view(np.float64)
    assert doubles.size == 20000 and abs(doubles.std() - 1) < 0.03
    assert numbers[12].view(np.float32).size == 1
    assert set(numbers[13].view(np.int32).tolist()) == {5}
