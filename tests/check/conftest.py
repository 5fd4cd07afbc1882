"""The check mode: every class of fault in a program of its own, with its twin that has no fault.

A program is Python code with a name FAULT. The test runs it with FAULT = True, which has to be found, and with
FAULT = False, of which nothing may be reported.
"""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from checked_programs import START, Run, read_report


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., Run]:
    """check(code, kinds="all", fault=True, **environment): the program's findings."""

    def run(code: str, kinds: str = "all", fault: bool = True, **environment: str) -> Run:
        program = tmp_path / "app.py"
        program.write_text(START + f"\nFAULT = {fault}\n" + textwrap.dedent(code), encoding="utf-8")
        report = tmp_path / "report.jsonl"
        report.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, program],
            env={**os.environ, "CAIRN_CHECK": kinds, "CAIRN_CHECK_FILE": str(report), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Run(*read_report(report), done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def find_fault(check) -> Callable[..., dict]:
    """find_fault(code, kind): the one finding of the program with the fault; its twin has none.

    twin_kinds: what the twin is checked for; all, but for programs that show something else on purpose.
    """

    def run(code: str, kind: str, twin_kinds: str = "all", **environment: str) -> dict:
        good = check(code, twin_kinds, fault=False, **environment)
        assert good.findings == [], good.stderr
        assert good.returncode == 0, good.stderr
        bad = check(code, kind, **environment)
        assert len(bad.findings) == 1, bad.stderr
        assert bad.findings[0]["kind"] == kind
        assert bad.returncode < 0 or bad.summary["findings"] == 1
        return bad.findings[0]

    return run


@pytest.fixture
def build_c(tmp_path: Path) -> Callable[[str], Path]:
    """build_c(code): a C program that is linked with the library of the build tree."""

    def build(code: str) -> Path:
        tree = os.environ["CAIRN_BUILD_DIR"]
        (tmp_path / "app.c").write_text(code, encoding="utf-8")
        done = subprocess.run(
            ["gcc", "-O1", "-g", "-fno-inline", "-fno-optimize-sibling-calls", "-rdynamic", f"-I{tree}/include", "app.c",
             f"-L{tree}/lib64", "-lascendcl", f"-Wl,-rpath,{tree}/lib64", "-o", "app"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return tmp_path / "app"

    return build


@pytest.fixture
def check_c(tmp_path: Path, build_c) -> Callable[..., Run]:
    """check_c(code, *arguments, kinds="all", **environment): the findings of a C program."""

    def run(code: str, *arguments: str, kinds: str = "all", **environment: str) -> Run:
        app = build_c(code)
        report = tmp_path / "report.jsonl"
        report.unlink(missing_ok=True)
        done = subprocess.run(
            [app, *arguments],
            env={**os.environ, "CAIRN_CHECK": kinds, "CAIRN_CHECK_FILE": str(report), **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Run(*read_report(report), done.returncode, done.stdout, done.stderr)

    return run
