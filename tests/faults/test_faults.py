"""A short program with each resource that it asks for refused in turn (fault_program.c and fail_nth.c)."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = Path(os.environ["CAIRN_BUILD_DIR"]) / "bin" / "tests"
LEAST_REQUESTS = {"memory": 200, "map": 5, "thread": 1, "file": 1, "library": 3}


@pytest.mark.parametrize("how", ["once", "all"])
@pytest.mark.parametrize("kind", list(LEAST_REQUESTS))
def test_a_refused_resource_gives_a_code_and_no_more(kind: str, how: str, tmp_path: Path) -> None:
    environment = {
        "LD_PRELOAD": str(TESTS / "libfail_nth.so"),
        "ASCEND_PROCESS_LOG_PATH": str(tmp_path),
        "CAIRN_FAULT_KERNELS": str(TESTS / "test_kernels.so"),
        "CAIRN_FAULT_MODEL": str(ROOT / "tests" / "fuzz" / "corpus" / "om" / "relu.om"),
    }
    done = subprocess.run(
        [TESTS / "cairn_fault_program", kind, how],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    # A run that reached nothing would show nothing.
    assert int(done.stdout.split()[0]) >= LEAST_REQUESTS[kind], done.stdout
