"""The check mode: every class of fault in a program of its own, with its twin that has no fault.

A program is Python code with a name FAULT. The test runs it with FAULT = True, which has to be found, and with
FAULT = False, of which nothing may be reported.
"""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

START = """
import sys
import acl

def ok(answer):
    *values, ret = answer if isinstance(answer, tuple) else (answer,)
    assert ret == 0, (ret, acl.get_recent_err_msg())
    return values[0] if len(values) == 1 else tuple(values)

def start():
    ok(acl.init())
    ok(acl.rt.set_device(0))

def end():
    ok(acl.rt.reset_device(0))
    ok(acl.finalize())

H2D, D2H, D2D = 1, 2, 3
"""


@dataclass
class Run:
    findings: list[dict]
    summary: dict
    returncode: int
    stdout: str
    stderr: str

    def titles(self) -> list[str]:
        return [finding["title"] for finding in self.findings]


def read_report(path: Path) -> tuple[list[dict], dict]:
    lines = (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )
    findings = [line for line in lines if "title" in line]
    summaries = [line for line in lines if "findings" in line]
    return findings, summaries[-1] if summaries else {}


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
