"""examples/tiled_add: a kernel from its C++ source to its result, with a selector."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "tiled_add" / "tiled_add.py"


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_matrices_of_every_shape_are_added_and_tiled(compiler):
    shapes = ["2x1", "1x1", "100x300", "700x900", "3x200000", "65537x3"]
    done = subprocess.run(
        [sys.executable, EXAMPLE, "--json", "--shape", *shapes],
        capture_output=True,
        text=True,
        env={**os.environ, "CXX": compiler},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert all(answer["right"] for answer in answers)
    assert [answer["shape"] for answer in answers] == [list(map(int, shape.split("x"))) for shape in shapes]
    tilings = {"x".join(map(str, answer["shape"])): (answer["tile"], answer["tiles"]) for answer in answers}
    assert tilings["2x1"] == ([2, 1], 1)
    assert tilings["700x900"] == ([72, 900], 10)
    assert tilings["3x200000"] == ([1, 65536], 12)
    assert tilings["65537x3"] == ([21845, 3], 4)
    assert [answer["blocks"] for answer in answers] == [1, 1, 1, 10, 12, 4]


def test_the_table_is_for_people():
    done = subprocess.run(
        [sys.executable, EXAMPLE, "--shape", "50x60"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "50x60           1 tiles of 50x60        on   1 blocks: equals NumPy\n"


def test_without_a_compiler_it_says_so():
    done = subprocess.run(
        [sys.executable, EXAMPLE], capture_output=True, text=True, env={**os.environ, "CXX": "/bin/false"}
    )
    assert done.returncode != 0
    assert "/bin/false" in done.stderr
