"""One test for each row of CASES in the files of this folder."""

import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from cases import Suite  # noqa: E402
from session_device import device  # noqa: E402, F401  (a fixture)


@pytest.fixture(scope="session")
def atc() -> str:
    found = shutil.which("atc")
    assert found, "atc is not on the path: run the tests with ./dev"
    return found


@pytest.fixture(scope="module")
def suite(request, tmp_path_factory, atc) -> Suite:
    return Suite(request.module.CASES, tmp_path_factory.mktemp("cases"), atc)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "row" in metafunc.fixturenames:
        metafunc.parametrize("row", metafunc.module.CASES, ids=str)
