"""Every function with every argument odd in turn: the documented kind of answer, and never a crash or a hang.

The calls run in child processes. Where one dies or stalls, that call counts as failed and a new child goes on behind it.
"""

import json
import os
import selectors
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from argument_table import Verdict, verdict
from swept_values import MODULES, VALUES, Odd, cases, functions

HERE = Path(__file__).parent
STALL_SECONDS = 20
ENVIRONMENT = {
    "CAIRN_DEVICES": "2",
    "CAIRN_MEMORY_MB": "64",
    "ASCEND_GLOBAL_LOG_LEVEL": "4",
    "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
}


def lines_of(child: subprocess.Popen):
    """The lines of the child's output; ends when the child does, raises TimeoutError when nothing comes."""
    selector = selectors.DefaultSelector()
    selector.register(child.stdout, selectors.EVENT_READ)
    rest = b""
    while True:
        if not selector.select(STALL_SECONDS):
            raise TimeoutError
        chunk = os.read(child.stdout.fileno(), 1 << 16)
        if not chunk:
            return
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (json.loads(line) for line in lines)


def run_from(module: str, first: int, tmp: Path) -> tuple[dict[int, str], int | None, str]:
    """Problems by case number, the case at which the child ended (None: it did all), and how it ended."""
    problems: dict[int, str] = {}
    current: int | None = None
    with (tmp / "stderr").open("wb+") as errors:
        child = subprocess.Popen(
            [sys.executable, HERE / "sweep_child.py", module, str(first)],
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **ENVIRONMENT},
            cwd=tmp,
        )
        try:
            for line in lines_of(child):
                if line[0] == "start":
                    current = line[1]
                elif line[0] == "done":
                    problems[line[1]] = line[2]
                else:
                    child.wait(STALL_SECONDS)
                    return problems, None, ""
            how = f"the process ended with {child.wait(STALL_SECONDS)}"
        except (TimeoutError, subprocess.TimeoutExpired):
            how = f"nothing came for {STALL_SECONDS} s"
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
        errors.seek(0)
        tail = errors.read().decode(errors="replace")[-2000:]
    return problems, current if current is not None else first, f"{how}\n{tail}"


@cache
def outcome(module: str, tmp: Path) -> dict[str, list[str]]:
    """Function -> problems, for all functions of the module."""
    listed = cases(module)
    found: dict[str, list[str]] = defaultdict(list)
    first = 0
    while True:
        problems, ended_at, how = run_from(module, first, tmp)
        if ended_at is not None:
            problems[ended_at] = how
        for number, problem in sorted(problems.items()):
            function, argument, value = listed[number]
            found[function].append(f"{argument} = {value}: {problem}" if problem else "")
        if ended_at is None:
            return found
        first = ended_at + 1


@pytest.fixture(scope="session")
def tmp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweep")


@pytest.mark.parametrize("function", [f["python"] for f in functions() if f["python"] != "acl.init"])
def test_odd_arguments_get_the_documented_answer(function: str, tmp: Path) -> None:
    module = function.rsplit(".", 1)[0]
    found = outcome(module, tmp)
    expected = sum(1 for case in cases(module) if case[0] == function)
    assert len(found[function]) == expected, "not all calls were made"
    bad = [problem for problem in found[function] if problem]
    assert not bad, "\n".join([f"{len(bad)} of {expected} calls of {function}:", *bad])


INIT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from swept_values import VALUES
import acl
name = sys.argv[2]
value = VALUES[name]
try:
    ret = acl.init(value)
except TypeError:
    ret = "TypeError"
print(json.dumps([ret, acl.get_recent_err_msg()]))
"""


def test_odd_configuration_paths_get_the_documented_answer(tmp: Path) -> None:
    """acl.init works once in a process, so each value has one of its own."""
    running = {}
    bad = []
    names = [name for name, value in VALUES.items() if not isinstance(value, Odd)]
    for name in names:
        running[name] = subprocess.Popen(
            [sys.executable, "-c", INIT, str(HERE), name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ENVIRONMENT},
            cwd=tmp,
        )
        if len(running) % 4 == 0 or name == names[-1]:
            for started, child in running.items():
                output, _ = child.communicate(timeout=60)
                try:
                    ret, text = json.loads(output.splitlines()[-1])
                except (ValueError, IndexError):
                    bad.append(f"{started}: ended with {child.returncode}: {output!r}")
                    continue
                wanted = verdict("acl.init", "config_path", VALUES[started])
                if (wanted is Verdict.LEGAL) != (ret == 0):
                    bad.append(f"{started}: returned {ret}, {text}")
                elif ret not in (0, "TypeError") and not (text or "").startswith("["):
                    bad.append(f"{started}: {ret} without a text that begins with a rule: {text!r}")
            running = {}
    assert not bad, "\n".join(bad)


def test_every_module_is_swept() -> None:
    assert all(cases(module) for module in MODULES)
