"""How the check mode is switched on, and what its reports look like."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from checked_programs import START

BUILD = Path(os.environ["CAIRN_BUILD_DIR"])
LEAK = START + "start()\nacl.create_data_buffer(0, 0)\nend()\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "app.py"
    path.write_text(LEAK + "print(sys.argv[1:])\n", encoding="utf-8")
    return path


def run(*command: object, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_the_command_runs_a_program_with_its_own_arguments(program):
    done = run("cairn", "check", "--", sys.executable, program, "--only", "-x")
    assert done.stdout == "['--only', '-x']\n"
    assert done.returncode == 0
    assert "[cairn check] leak [GDE-149]: a data buffer was not destroyed" in done.stderr
    assert done.stderr.endswith("[cairn check] 1 finding(s): 1 leak\n")


def test_the_command_chooses_kinds_and_the_exit_code(program):
    done = run("cairn", "check", "--only", "memory,sync", "--exit-code", "--", sys.executable, program)
    assert (done.returncode, done.stderr) == (0, "")
    done = run("cairn", "check", "--only", "leak", "--exit-code", "--", sys.executable, program)
    assert done.returncode == 1


def test_the_command_writes_json_of_this_run_only(program, tmp_path):
    report = tmp_path / "findings.jsonl"
    for _ in range(2):
        run("cairn", "check", "--json", "findings.jsonl", "--", sys.executable, program, cwd=tmp_path)
        lines = [json.loads(line) for line in report.read_text().splitlines()]
        assert [line.get("kind") for line in lines] == ["leak", None]
        assert lines[1]["findings"] == 1
        assert lines[1]["kinds"] == {"leak": 1}


@pytest.mark.parametrize("arguments", [["--only", "speed", "--", "true"], [], ["--"]])
def test_the_command_refuses_what_it_does_not_know(arguments):
    assert run("cairn", "check", *arguments).returncode != 0


def test_the_command_says_what_cannot_be_started():
    done = run("cairn", "check", "--", "/nowhere/app")
    assert done.returncode == 127
    assert "/nowhere/app cannot be started" in done.stderr


def test_an_unknown_kind_is_named(program):
    done = run(sys.executable, program, env={**os.environ, "CAIRN_CHECK": "leak,speed"})
    assert "'speed' is none of memory, sync, leak, api, all" in done.stderr
    assert "1 finding(s)" in done.stderr


def test_nothing_is_loaded_when_it_is_off(program):
    code = "import acl; print('libcairn_check' in open('/proc/self/maps').read(), type(acl.rt.set_device(9)))"
    assert run(sys.executable, "-c", code).stdout == "False <class 'int'>\n"


def test_a_terminal_gets_colour(program):
    output = b""

    def read(file: int) -> bytes:
        nonlocal output
        data = os.read(file, 65536)
        output += data
        return data

    environment = {"CAIRN_CHECK": "leak"}
    os.environ.update(environment)
    try:
        pty.spawn([sys.executable, str(program)], read)
    finally:
        for name in environment:
            del os.environ[name]
    assert b"\033[1;31m[cairn check] leak" in output


C_PROGRAM = """
#include <acl/acl.h>
#include <stdlib.h>

void* allocate_it(void) {
  void* memory = NULL;
  aclrtMalloc(&memory, 64, ACL_MEM_MALLOC_HUGE_FIRST);
  return memory;
}

void use_it(void* memory, size_t size) { aclrtMemset(memory, size, 0, size); }

int main(int count, char** arguments) {
  (void)arguments;
  aclInit(NULL);
  aclrtSetDevice(0);
  void* memory = allocate_it();
  for (volatile int i = 0; i < 3; ++i) use_it(memory, count > 1 ? 65 : 64);  // Not unrolled.
  aclrtFree(memory);
  aclrtResetDevice(0);
  return aclFinalize();
}
"""


def test_a_c_program_is_shown_with_its_functions(tmp_path, build_c):
    app = build_c(C_PROGRAM)
    report = tmp_path / "report.jsonl"
    clean = run("cairn", "check", "--json", report, "--", app)
    assert (clean.returncode, clean.stderr) == (0, "")
    run("cairn", "check", "--json", report, "--", app, "fault")
    found, summary = (json.loads(line) for line in report.read_text().splitlines())
    assert found["title"] == "an access goes beyond its allocation"
    use, made = found["places"]
    assert use["what"].startswith("aclrtMemset writes 65 bytes")
    names = [re.match(r"\w+", line)[0] for line in use["stack"]]
    assert names == ["use_it", "main"]
    assert [re.match(r"\w+", line)[0] for line in made["stack"]] == ["allocate_it", "main"]
    assert summary["repeats"] == {"1": 2}
