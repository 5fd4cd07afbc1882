"""Processes: their end with and without finalize, forks, signals, logs without room, many processes on one device."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

START = """
import acl
assert acl.init() == 0
assert acl.rt.set_device(0) == 0
"""
WARNINGS = {"ASCEND_SLOG_PRINT_TO_STDOUT": "1", "ASCEND_GLOBAL_LOG_LEVEL": "2"}

# A stream that waits until opened.set(): the documented parts of the suite's gate, in one process.
GATE = (
    START
    + """
import os, threading
context, _ = acl.rt.create_context(0)
stream, _ = acl.rt.create_stream()
opened, ended = threading.Event(), threading.Event()
def serve(arguments):
    acl.rt.set_context(arguments[0])
    while not ended.is_set():
        acl.rt.process_report(10)
thread, _ = acl.util.start_thread(serve, [context])
assert acl.rt.subscribe_report(thread, stream) == 0
assert acl.rt.launch_callback(lambda _: opened.wait(60), [], 1, stream) == 0
memory, _ = acl.rt.malloc(1 << 20, 0)
host, _ = acl.rt.malloc_host(1 << 20)
assert acl.rt.memset(memory, 1 << 20, 1, 1 << 20) == 0
assert acl.rt.memset_async(memory, 1 << 20, 7, 1 << 20, stream) == 0
assert acl.rt.memcpy_async(host, 1 << 20, memory, 1 << 20, 2, stream) == 0
def finish():
    opened.set()
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.util.ptr_to_bytes(host, 1 << 20) == b"\\7" * (1 << 20)
    assert acl.rt.unsubscribe_report(thread, stream) == 0
    ended.set()
    assert acl.util.stop_thread(thread) == 0
    print("finished")
"""
)


@pytest.fixture
def prints(run_python):
    """prints(code, **environment): what a program printed that ended well and without a message."""

    def run(code: str, **environment: str) -> str:
        done = run_python(code, env=environment)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


# --- the end of a process --------------------------------------------------------------------------------------------------


@pytest.mark.rules("SYS-022")
def test_a_process_that_calls_finalize_ends_without_any_message(prints):
    assert prints(START + "acl.rt.reset_device(0); assert acl.finalize() == 0", **WARNINGS) == ""


@pytest.mark.rules("SYS-022", "GDE-149")
def test_a_process_that_forgets_finalize_ends_well_and_the_log_names_what_is_left(prints):
    code = (
        START
        + """
stream, _ = acl.rt.create_stream()
event, _ = acl.rt.create_event()
buffer = acl.create_data_buffer(0, 0)
memory, _ = acl.rt.malloc(100000, 0)
"""
    )
    log = prints(code, **WARNINGS)
    assert "[SYS-022]" in log
    for name in ("stream#", "event#", "data buffer#", " bytes of device 0 at "):
        assert sum(name in line and "still alive" in line for line in log.splitlines()) == 1, name


@pytest.mark.rules("SYS-021", "GDE-149")
def test_finalize_with_living_objects_succeeds_and_the_log_names_them(prints):
    code = (
        START
        + """
context, _ = acl.rt.create_context(0)
streams = [acl.rt.create_stream()[0] for _ in range(3)]
events = [acl.rt.create_event()[0] for _ in range(2)]
dataset = acl.mdl.create_dataset()
small, _ = acl.rt.malloc(64, 0)
large, _ = acl.rt.malloc(3 << 20, 0)
assert acl.finalize() == 0
"""
    )
    lines = [line for line in prints(code, **WARNINGS).splitlines() if "still alive" in line]
    counts = {
        name: sum(f" {name}#" in line for line in lines) for name in ("context", "stream", "event", "dataset")
    }
    assert counts == {"context": 1, "stream": 3, "event": 2, "dataset": 1}
    assert sum(" bytes of device 0 at " in line for line in lines) == 2
    assert len(lines) == 9


@pytest.mark.rules("SYS-021", "GDE-149")
def test_finalize_after_everything_was_destroyed_names_nothing(prints):
    code = (
        START
        + """
stream, _ = acl.rt.create_stream()
memory, _ = acl.rt.malloc(64, 0)
assert acl.rt.destroy_stream(stream) == 0 and acl.rt.free(memory) == 0
assert acl.finalize() == 0
"""
    )
    assert prints(code, **WARNINGS) == ""


@pytest.mark.rules("SYS-023")
@pytest.mark.parametrize(
    "ending",
    [
        "import atexit; atexit.register(lambda: print(acl.finalize()))",
        "class Last:\n    def __del__(self, call=acl.finalize, show=print):\n        show(call())\nlast = Last()",
    ],
)
def test_finalize_in_a_destructor_ends_the_process_well(prints, ending):
    assert prints(START + "stream, _ = acl.rt.create_stream()\n" + ending) == "0\n"


@pytest.mark.rules("SYS-011")
def test_init_stays_refused_after_finalize(prints):
    code = "import acl; print(acl.init(), acl.init(), acl.finalize(), acl.init())"
    assert prints(code).split() == ["0", "100002", "0", "100002"]


@pytest.mark.rules("RT-018", "GDE-061")
def test_a_reset_with_work_in_flight_lets_the_work_finish(prints):
    code = (
        GATE
        + """
threading.Timer(0.1, opened.set).start()
acl.rt.reset_device(0)
ended.set()
print(acl.rt.destroy_context(context) != 0)
print(acl.util.ptr_to_bytes(host, 3), acl.rt.synchronize_stream(stream) != 0)
acl.util.stop_thread(thread)
print(acl.finalize())
"""
    )
    assert prints(code).splitlines() == ["True", "b'\\x07\\x07\\x07' True", "0"]


# --- forks -----------------------------------------------------------------------------------------------------------------


@pytest.mark.rules("GDE-147")
def test_a_child_that_was_forked_before_init_may_use_the_device_itself(prints):
    code = """
import os, acl
child = os.fork()
assert acl.init() == 0 and acl.rt.set_device(0) == 0
memory, ret = acl.rt.malloc(4096, 0)
assert ret == 0 and acl.rt.memset(memory, 4096, 0, 4096) == 0
assert acl.finalize() == 0
if child == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert prints(code).split() == ["7"]


@pytest.mark.rules("GDE-147")
def test_a_child_that_was_forked_after_init_but_before_the_first_device_may_use_one(prints):
    code = """
import os, acl
assert acl.init() == 0
child = os.fork()
assert acl.rt.set_device(0) == 0
stream, ret = acl.rt.create_stream()
assert ret == 0 and acl.rt.synchronize_stream(stream) == 0
if child == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert prints(code).split() == ["7"]


@pytest.mark.rules("GDE-147")
def test_a_child_that_was_forked_with_a_device_gets_codes_that_tell_the_repair(prints):
    code = (
        START
        + """
import os
stream, _ = acl.rt.create_stream()
memory, _ = acl.rt.malloc(64, 0)
child = os.fork()
if child == 0:
    calls = [
        lambda: acl.rt.set_device(0), lambda: acl.rt.create_stream()[1], lambda: acl.rt.malloc(64, 0)[1],
        lambda: acl.rt.memset_async(memory, 64, 0, 64, stream), lambda: acl.rt.synchronize_stream(stream),
        lambda: acl.rt.destroy_stream(stream), lambda: acl.rt.create_context(0)[1],
    ]
    for call in calls:
        if call() == 0 or "fork" not in acl.get_recent_err_msg():
            os._exit(1)
    acl.get_soc_name(), acl.rt.get_device_count(), acl.rt.get_run_mode()
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(acl.rt.memset_async(memory, 64, 0, 64, stream), acl.rt.synchronize_stream(stream))
"""
    )
    assert prints(code).split() == ["7", "0", "0"]


@pytest.mark.rules("GDE-148")
def test_a_fork_during_asynchronous_memory_operations_harms_neither_process(prints):
    code = (
        GATE
        + """
child = os.fork()
if child == 0:
    os._exit(7 if acl.rt.synchronize_stream(stream) != 0 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
finish()
"""
    )
    assert prints(code) == "finished\n"


@pytest.mark.rules("GDE-148")
def test_other_programs_may_be_started_during_asynchronous_memory_operations(prints):
    code = (
        GATE
        + """
import subprocess
assert os.system("true") == 0
assert subprocess.run(["true"]).returncode == 0
assert os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp("true", ["true"], os.environ), 0)[1]) == 0
finish()
"""
    )
    assert prints(code) == "finished\n"


# --- many processes --------------------------------------------------------------------------------------------------------

# As many children as the manual lets share a device; all of them hold memory and a stream at the same time.
CROWD = """
import os, acl
devices = {devices}
ready, tell_ready = os.pipe()
go, tell_go = os.pipe()
children = []
for number in range({processes}):
    child = os.fork()
    if child == 0:
        os.close(tell_go)
        good = acl.init() == 0 and acl.rt.set_device(number % devices) == 0
        memory, ret = acl.rt.malloc(65536, 0)
        stream, ret_stream = acl.rt.create_stream()
        good = good and ret == 0 and ret_stream == 0
        good = good and acl.rt.memset_async(memory, 65536, number, 65536, stream) == 0
        good = good and acl.rt.synchronize_stream(stream) == 0
        os.write(tell_ready, b"+" if good else b"-")
        os.read(go, 1)
        os._exit(0 if acl.finalize() == 0 else 1)
    children.append(child)
answers = b""
while len(answers) < len(children):
    answers += os.read(ready, 4096)
os.close(tell_go)
print(answers.count(b"+"), sum(os.waitpid(child, 0)[1] for child in children))
"""


@pytest.mark.parametrize(
    ("soc", "devices", "processes"),
    [
        pytest.param("Ascend310B4", 1, 64, marks=pytest.mark.rules("GDE-151", "GDE-153")),
        pytest.param("Ascend310P3", 1, 64, marks=pytest.mark.rules("GDE-152")),
        pytest.param("Ascend310P3", 2, 128, marks=pytest.mark.rules("GDE-152")),
        pytest.param("Ascend910B4", 1, 63, marks=pytest.mark.rules("GDE-154")),
    ],
)
def test_as_many_processes_as_the_manual_names_share_the_devices(prints, soc, devices, processes):
    code = CROWD.format(devices=devices, processes=processes)
    shown = prints(code, CAIRN_SOC=soc, CAIRN_DEVICES=str(devices), CAIRN_THREADS="1")
    assert shown.split() == [str(processes), "0"]


# --- signals ---------------------------------------------------------------------------------------------------------------


@pytest.mark.rules("RT-098", "RT-096", "RT-089", "RT-110")
def test_signals_neither_end_nor_shorten_a_wait(prints):
    code = (
        GATE
        + """
import signal, time
fired = []
signal.signal(signal.SIGALRM, lambda *_: fired.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
event, _ = acl.rt.create_event()
assert acl.rt.record_event(event, stream) == 0
other, _ = acl.rt.create_stream()
assert acl.rt.stream_wait_event(other, event) == 0
start = time.monotonic()
print(acl.rt.synchronize_stream_with_timeout(stream, 150), 0.14 < time.monotonic() - start < 10)
idle, _ = acl.rt.create_stream()
assert acl.rt.subscribe_report(threading.get_ident(), idle) == 0
start = time.monotonic()
print(acl.rt.process_report(150), 0.14 < time.monotonic() - start < 10)
threading.Timer(0.15, opened.set).start()
start = time.monotonic()
print(acl.rt.synchronize_event(event), acl.rt.synchronize_stream(other), acl.rt.synchronize_device())
print(0.14 < time.monotonic() - start < 10)
for _ in range(200):
    assert acl.rt.memcpy(host, 1 << 20, memory, 1 << 20, 2) == 0
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(fired) > 0)
assert acl.rt.unsubscribe_report(threading.get_ident(), idle) == 0
finish()
"""
    )
    assert prints(code).splitlines() == ["507046 True", "507012 True", "0 0 0", "True", "True", "finished"]


# --- logs without room -----------------------------------------------------------------------------------------------------

# Failing calls with more text than there is room; every code has to be the right one.
NOISE = """
import acl
assert acl.init() == 0
assert acl.app_log(3, "x" * 5000) is None
print({acl.rt.set_device(-1 - number) for number in range(2000)}, acl.rt.get_device_count()[1], acl.finalize())
"""


@pytest.mark.rules("COM-055", "SYS-032")
@pytest.mark.parametrize("place", ["a file", "a folder without permission", "a path that cannot exist"])
def test_a_log_directory_that_cannot_be_made_changes_no_result(run_python, tmp_path, place):
    (tmp_path / "file").write_text("")
    path = {
        "a file": tmp_path / "file",
        "a folder without permission": "/proc/none",
        "a path that cannot exist": "/dev/null/logs",
    }[place]
    done = run_python(NOISE, env={"ASCEND_PROCESS_LOG_PATH": str(path)})
    assert (done.returncode, done.stdout) == (0, "{107001} 0 0\n"), done.stderr


@pytest.mark.rules("COM-055")
def test_a_full_standard_output_changes_no_result(tmp_path):
    code = NOISE.replace("print(", "import sys; print(").replace(
        "acl.finalize())", "acl.finalize(), file=sys.stderr)"
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
            env={**os.environ, "ASCEND_SLOG_PRINT_TO_STDOUT": "1"}, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "{107001} 0 0\n")


def may_mount() -> bool:
    tool = shutil.which("unshare")
    return (
        tool is not None
        and subprocess.run([tool, "-m", "true"], capture_output=True, check=False).returncode == 0
    )


FULL_DISKS = {"files of 30 kB": 'ulimit -f 60; "$1" -c "$2"; echo $?'}
if may_mount():
    FULL_DISKS["a file system of 64 kB"] = 'mount -t tmpfs -o size=64k none "$0"; "$1" -c "$2"; echo $?'


@pytest.mark.rules("COM-055")
@pytest.mark.parametrize("disk", FULL_DISKS)
def test_a_full_disk_changes_no_result(tmp_path, disk):
    shell = ["unshare", "-m", "sh"] if "system" in disk else ["sh"]
    script = FULL_DISKS[disk] + '; find "$0" -type f -size +20k | wc -l'
    done = subprocess.run(
        [*shell, "-c", script, str(tmp_path), sys.executable, NOISE],
        env={**os.environ, "ASCEND_PROCESS_LOG_PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.stdout.split("\n") == ["{107001} 0 0", "0", "1", ""], done.stderr
