"""What the programs of these tests begin with, and how their reports are read."""

import json
from dataclasses import dataclass
from pathlib import Path

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
