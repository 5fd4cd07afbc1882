"""The log files of a program, as the environment asks for them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import BASE

# [LEVEL] MODULE(pid,process):YYYY-MM-DD-HH:MM:SS.mmm.uuu [file:line]tid function: message
LINE = re.compile(
    r"\[(?P<level>DEBUG|INFO|WARNING|ERROR|EVENT)\] (?P<module>[A-Z]+)\((?P<pid>\d+),(?P<process>[^)]+)\):"
    r"\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d\.\d{3}\.\d{3} \[(?P<file>[^:\]]+):(?P<line>\d+)\](?P<tid>\d+) (?P<function>\S*): "
    r"(?P<message>.*)"
)
LOG = "import acl, atexit; acl.init(); atexit.register(acl.finalize)\nfor level in range(4): acl.app_log(level, f'level {level}')\n"
FAIL = "acl.rt.set_device(99)\n"
USE = "acl.rt.set_device(0); acl.rt.reset_device(0)\n"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    def run(code: str, **variables: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**BASE, "HOME": str(tmp_path / "home"), **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def may_mount() -> bool:
    tool = shutil.which("unshare")
    return (
        tool is not None
        and subprocess.run(
            [tool, "-m", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, check=False
        ).returncode
        == 0
    )


def lines(folder: Path, kind: str = "debug") -> list[re.Match]:
    found = []
    for path in sorted((folder / kind / "plog").glob("*")):
        found += [LINE.fullmatch(line) for line in path.read_text().splitlines()]
    assert all(found), "a line is not of the documented form"
    return found


def messages(folder: Path, kind: str = "debug") -> list[str]:
    return [line["message"] for line in lines(folder, kind)]


def test_lines_and_file_names_are_of_the_documented_form(run, tmp_path):
    done = run(LOG + "import os, threading; print(os.getpid(), threading.get_native_id())")
    pid, thread = done.stdout.split()
    folder = tmp_path / "home/ascend/log"
    (path,) = (folder / "debug/plog").iterdir()
    assert re.fullmatch(rf"plog-{pid}_\d{{17}}\.log", path.name)
    (line,) = lines(folder)
    assert line["message"] == "level 3"
    assert line["pid"] == pid
    assert line["tid"] == thread
    assert (line["module"], line["level"]) == ("APP", "ERROR")
    assert line["process"] == Path("/proc/self/comm").read_text().strip() or line["process"].startswith(
        "python"
    )


def test_errors_of_the_runtime_name_their_place(run, tmp_path):
    run("import acl; acl.init()\n" + FAIL)
    (line,) = lines(tmp_path / "home/ascend/log")
    assert line["module"] == "ASCENDCL"
    assert "[RT-011]" in line["message"]
    assert line["file"].endswith(".cc")
    assert int(line["line"]) > 0


def test_a_program_without_messages_leaves_nothing(run, tmp_path):
    assert run("import acl; acl.init()\n" + USE + "acl.finalize()").returncode == 0
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("level", range(5))
def test_the_level_is_the_least_that_is_written(run, tmp_path, level):
    run(LOG, ASCEND_GLOBAL_LOG_LEVEL=str(level))
    assert messages(tmp_path / "home/ascend/log") == [
        f"level {n}" for n in range(4) if n >= level and level < 4
    ]


@pytest.mark.parametrize("setting, written", [
    ("APP=0", ["level 0", "level 1", "level 2", "level 3", "[RT-011]"]),
    ("APP=4", ["[RT-011]"]),
    ("ASCENDCL=4:APP=2", ["level 2", "level 3"]),
    ("RUNTIME=0", ["level 3", "[RT-011]"]),
    ("APP=4:APP=3", ["level 3", "[RT-011]"]),
    ("APP", ["level 3", "[RT-011]"]),
    ("APP=5:=0:::ASCENDCL=4", ["level 3"]),
])  # fmt: skip
def test_modules_have_levels_of_their_own(run, tmp_path, setting, written):
    run(LOG + FAIL, ASCEND_MODULE_LOG_LEVEL=setting)
    found = messages(tmp_path / "home/ascend/log")
    assert len(found) == len(written)
    assert all(text in message for text, message in zip(written, found, strict=True))


def test_events_go_to_the_run_log_where_they_are_asked_for(run, tmp_path):
    run("import acl; acl.init()\n" + USE)
    assert not (tmp_path / "home").exists()
    run("import acl; acl.init()\n" + USE, ASCEND_GLOBAL_EVENT_ENABLE="1", ASCEND_GLOBAL_LOG_LEVEL="4")
    folder = tmp_path / "home/ascend/log"
    found = lines(folder, "run")
    assert [line["level"] for line in found] == ["EVENT", "EVENT"]
    assert "device 0" in found[0]["message"]
    assert not (folder / "debug").exists()


def test_stdout_takes_the_lines_instead_of_files(run, tmp_path):
    done = run(LOG, ASCEND_SLOG_PRINT_TO_STDOUT="1", ASCEND_GLOBAL_LOG_LEVEL="0")
    assert [LINE.fullmatch(line)["message"] for line in done.stdout.splitlines()] == [
        f"level {n}" for n in range(4)
    ]
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("variables, folder", [
    ({}, "home/ascend/log"),
    ({"ASCEND_WORK_PATH": "{}/work"}, "work/log"),
    ({"ASCEND_PROCESS_LOG_PATH": "{}/a/b/c"}, "a/b/c"),
    ({"ASCEND_WORK_PATH": "{}/work", "ASCEND_PROCESS_LOG_PATH": "{}/logs"}, "logs"),
])  # fmt: skip
def test_the_environment_names_the_directory(run, tmp_path, variables, folder):
    run(LOG, **{name: value.format(tmp_path) for name, value in variables.items()})
    assert messages(tmp_path / folder) == ["level 3"]
    assert [path.name for path in tmp_path.iterdir()] == [folder.split("/")[0]]


def test_a_child_writes_a_file_of_its_own(run, tmp_path):
    done = run(
        LOG + "import os\nchild = os.fork()\nacl.app_log(3, f'from {os.getpid()}')\n"
        "if child: os.waitpid(child, 0); print(os.getpid(), child)"
    )
    folder = tmp_path / "home/ascend/log"
    for pid in done.stdout.split():
        (path,) = (folder / "debug/plog").glob(f"plog-{pid}_*")
        assert f"from {pid}" in path.read_text()
        assert all(f"({pid}," in line for line in path.read_text().splitlines())


@pytest.mark.parametrize("path", ["/proc/none", "/dev/null/x"])
def test_a_directory_that_cannot_be_made_gives_one_message_and_fails_no_call(run, path):
    done = run(
        LOG + FAIL * 3 + "assert acl.rt.set_device(0) == 0; print('goes on')", ASCEND_PROCESS_LOG_PATH=path
    )
    assert done.stdout == "goes on\n"
    (message,) = done.stderr.splitlines()
    assert path in message
    assert "ASCEND_PROCESS_LOG_PATH" in message


# A disk that is full, in two ways: a file may not grow any more, or a file system has no room. The second one needs the
# right to mount, which not everybody has; the first one works everywhere.
LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 17, resource.RLIM_INFINITY))\n"
FULL_DISKS = {"files of 128 kB": ("File too large", LIMIT, ["bash"], "true")}
if may_mount():
    FULL_DISKS["a file system of 128 kB"] = (
        "No space left",
        "",
        ["unshare", "-m", "bash"],  # The machine does not see the mount.
        'mkdir -p "$2" && mount -t tmpfs -o size=128k none "$2"',
    )


@pytest.mark.parametrize("disk", FULL_DISKS)
def test_a_full_disk_gives_one_message_and_whole_lines(tmp_path, disk):
    reason, limit, shell, prepare = FULL_DISKS[disk]
    code = (
        "import acl; acl.init(); acl.rt.set_device(0)\n"
        + limit
        + "for i in range(2000): acl.app_log(3, f'{i:04} ' + 'x' * 200)\n"
        "assert acl.rt.synchronize_device() == 0; print('goes on', flush=True)"
    )
    with (tmp_path / "lines").open("w+") as kept:
        script = f'exec 3>&{kept.fileno()}; {prepare} && "$0" -c "$1" && cat "$2"/debug/plog/* >&3'
        done = subprocess.run(
            [*shell, "-c", script, sys.executable, code, str(tmp_path / "log")],
            env={**BASE, "ASCEND_PROCESS_LOG_PATH": str(tmp_path / "log")},
            capture_output=True, text=True, timeout=120, check=False, pass_fds=[kept.fileno()],
        )  # fmt: skip
        kept.seek(0)
        text = kept.read()
    assert done.returncode == 0, done.stderr
    assert done.stdout == "goes on\n"
    (message,) = done.stderr.splitlines()
    assert reason in message
    assert text.endswith("\n")
    assert 100 < len(text.splitlines()) < 2000
    assert all(LINE.fullmatch(line) for line in text.splitlines())


def test_files_are_begun_anew_and_the_oldest_go(run, tmp_path):
    """20 MB each, as many as ASCEND_HOST_LOG_FILE_NUM says."""
    done = run(
        "import acl; acl.init()\nfor i in range(18000): acl.app_log(3, f'{i:06}' + 'x' * 3900)",
        ASCEND_HOST_LOG_FILE_NUM="2",
    )
    assert done.returncode == 0
    files = sorted((tmp_path / "home/ascend/log/debug/plog").iterdir())
    assert len(files) == 2
    assert all(path.stat().st_size <= 20 << 20 for path in files)
    numbers = [int(text[:6]) for text in messages(tmp_path / "home/ascend/log")]
    assert numbers == list(range(numbers[0], 18000))
    assert len(numbers) > 20 * MIB // 4200
    for path in files:
        path.unlink()


MIB = 1 << 20


COMPILE = """
import acl, ctypes, os, sys
assert acl.init() == 0 and acl.rt.set_device(0) == 0
compiler = ctypes.CDLL(os.environ["CAIRN_BUILD_DIR"] + "/lib64/libacl_op_compiler.so")
desc = ctypes.c_void_p(acl.create_tensor_desc({data_type}, [2, 3], 2))
attr = ctypes.c_void_p(acl.op.create_attr())
descs = ctypes.byref(desc)
assert compiler.aclopCompile(b"{operator}", 1, descs, 1, descs, attr, 0, 0, None) == 0, acl.get_recent_err_msg()
"""
FLOAT, DOUBLE = 0, 11


@pytest.mark.parametrize(
    ("operator", "data_type", "warns"),
    [("SoftmaxV2", DOUBLE, True), ("SoftmaxV2", FLOAT, False), ("Exp", DOUBLE, False)],
)
def test_operators_that_lose_digits_are_told_of(run, tmp_path, operator, data_type, warns):
    """Exp runs without the engine, which has no float64."""
    code = COMPILE.format(operator=operator, data_type=data_type)
    variables = {"ASCEND_SLOG_PRINT_TO_STDOUT": "1", "ASCEND_GLOBAL_LOG_LEVEL": "2"}
    done = run(code, CAIRN_BUILD_DIR=os.environ["CAIRN_BUILD_DIR"], **variables)
    assert done.returncode == 0, done.stderr
    assert (operator in done.stdout and "computed as float32" in done.stdout) == warns
