"""One test for each row of CASES in the files of this folder."""

import shutil
import sys
from pathlib import Path

import acl
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cases import Suite


@pytest.fixture(scope="session", autouse=True)
def device():
    assert acl.init() == 0
    assert acl.rt.set_device(0) == 0
    yield
    acl.rt.reset_device(0)
    acl.finalize()


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
