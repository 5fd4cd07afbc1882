"""`npu-smi` shows the devices and the processes that use them, whatever these processes do."""

import os
import re
import shutil
import signal
import stat
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from programs import BASE, Program, environment

MIB = 1 << 20
# `npu-smi info` of version 24.1.0.1 on a card with one chip, as public logs show it.
SAMPLE = """\
+--------------------------------------------------------------------------------------------------------+
| npu-smi 24.1.0.1                                 Version: 24.1.0.1                                     |
+-------------------------------+-----------------+------------------------------------------------------+
| NPU     Name                  | Health          | Power(W)     Temp(C)           Hugepages-Usage(page) |
| Chip    Device                | Bus-Id          | AICore(%)    Memory-Usage(MB)                        |
+===============================+=================+======================================================+
| 1       310P3                 | OK              | NA           47                0     / 0             |
| 0       0                     | 0000:01:00.0    | 0            1894 / 44215                            |
+===============================+=================+======================================================+
+-------------------------------+-----------------+------------------------------------------------------+
| NPU     Chip                  | Process id      | Process name             | Process memory(MB)        |
+===============================+=================+======================================================+
| No running processes found in NPU 1                                                                    |
+===============================+=================+======================================================+
"""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def start(registry: Path) -> Iterator[Callable[..., Program]]:
    """start(body, CAIRN_DEVICES="2"): a program that is ended with the test."""
    programs: list[Program] = []

    def run(body: str, after: str = "", end: str = "", **variables: str) -> Program:
        programs.append(Program(body, environment(registry, **variables), after, end))
        return programs[-1]

    yield run
    for program in programs:
        if program.process.poll() is None:
            program.kill()


@pytest.fixture
def smi(registry: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """smi("info", "-l", CAIRN_DEVICES="2")"""

    def run(*words: object, **variables: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(shutil.which("npu-smi")), *map(str, words)],
            cwd=tmp_path,
            env=environment(registry, **variables),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def printed(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def facts(text: str) -> dict[str, str]:
    """The lines "key : value" of an output; the last one of a key counts."""
    found = {}
    for line in text.splitlines():
        if line.strip():
            key, value = re.fullmatch(r"\t(.{31}): (.*)", line).groups()
            found[key.strip()] = value
    return found


def rows(text: str) -> list[list[str]]:
    """The cells of the process table: [NPU and chip, pid, name, memory]."""
    table = text.split("Process memory(MB)")[1]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if line.count("|") == 5 and not line.startswith(" ")
    ]


def pids(text: str) -> set[int]:
    return {int(row[1]) for row in rows(text)}


USE_DEVICE = "check(acl.rt.set_device(0)); memory = check(*acl.rt.malloc({size}, 0))"


# --- the tables ---------------------------------------------------------------------------------------------------------


def test_the_overview_has_the_layout_of_the_card(smi):
    """Line for line the sample, with what differs put into its places: id, version, and what a CPU cannot tell."""
    version = facts_version(smi)
    expected = (
        SAMPLE.replace("24.1.0.1    ", version.ljust(12), 1)
        .replace("24.1.0.1    ", version.ljust(12), 1)
        .replace("| 1       310P3", "| 0       310P3")
        .replace("0000:01:00.0", "NA          ")
        .replace("1894 / 44215", "0    / 44215")
        .replace("in NPU 1", "in NPU 0")
    )
    # The temperature is the machine's, where it tells.
    text = printed(smi("info", CAIRN_MEMORY_MB="44215"))
    power, temperature = re.search(r"OK +\| (\S+) +(\S+) +0     / 0", text).groups()
    expected = expected.replace("NA           47", power.ljust(13) + temperature.ljust(2), 1)
    assert text == expected
    assert [len(line) for line in text.splitlines()] == [106] * len(SAMPLE.splitlines())


def facts_version(smi) -> str:
    return re.fullmatch(r"npu-smi version: (\d+\.\d+\.\d+)\n", printed(smi("-v")))[1]


def test_a_program_stands_in_the_table_with_its_memory(smi, start):
    program = start(USE_DEVICE.format(size=1894 * MIB - 64), CAIRN_MEMORY_MB="44215")
    text = printed(smi("info"))
    assert "1894 / 44215                            |\n" in text
    name = Path(f"/proc/{program.pid}/exe").readlink().name
    comm = Path(f"/proc/{program.pid}/comm").read_text().strip()
    (row,) = rows(text)
    assert row == ["0       0", str(program.pid), row[2], "1894"]
    assert row[2] in (name, comm)
    line = next(line for line in text.splitlines() if f"| {program.pid} " in line)
    assert (
        line
        == f"| 0       0                     | {program.pid:<15} | {row[2]:<24} | 1894                      |"
    )


def test_cards_with_hbm_have_its_column(smi, start):
    start(USE_DEVICE.format(size=3161 * MIB - 64), CAIRN_SOC="Ascend910B1")
    text = printed(smi("info"))  # The chip is that of the program: nothing is set here.
    lines = text.splitlines()
    assert lines[4] == (
        "| Chip                          | Bus-Id          | AICore(%)    Memory-Usage(MB)  HBM-Usage(MB)         |"
    )
    assert lines[6].startswith("| 0       910B1                 | OK ")
    cells = lines[7].split("|")
    assert cells[1].split() == ["0"]
    assert re.fullmatch(r" \d+ +0    / 0 {10}3161 / 65536 +", cells[3])
    assert {len(line) for line in lines} == {106}


def test_each_card_has_its_rows_and_its_processes(smi, start):
    both = start(
        "check(acl.rt.set_device(0)); check(*acl.rt.malloc(5 << 20, 0)); check(acl.rt.set_device(2)); "
        "check(*acl.rt.malloc(7 << 20, 0))",
        CAIRN_DEVICES="3",
    )
    one = start("check(acl.rt.set_device(2)); check(*acl.rt.malloc(11 << 20, 0))", CAIRN_DEVICES="3")
    text = printed(smi("info"))
    assert [row[:2] + row[3:] for row in rows(text)] == [
        ["0       0", str(both.pid), "6"],
        ["2       0", str(min(both.pid, one.pid)), "8" if both.pid < one.pid else "12"],
        ["2       0", str(max(both.pid, one.pid)), "12" if both.pid < one.pid else "8"],
    ]
    assert "No running processes found in NPU 1 " in text
    memory = re.findall(r"(\d+) +/ 24576", text)
    assert memory == ["6", "0", "19"]
    assert facts(printed(smi("info", "-l")))["Total Count"] == "3"


def test_visible_devices_keep_their_numbers_in_the_table(smi, start):
    start(USE_DEVICE.format(size=MIB), CAIRN_DEVICES="4", ASCEND_RT_VISIBLE_DEVICES="3")
    assert [row[0].split() for row in rows(printed(smi("info")))] == [["3", "0"]]


def test_the_environment_says_how_many_devices_of_what_kind(smi):
    text = printed(smi("info", CAIRN_SOC="Ascend310B4", CAIRN_DEVICES="2"))
    assert text.count("310B4") == 2
    assert text.count("/ 4096") == 2


def test_the_list_counts_cards_and_chips(smi):
    text = printed(smi("info", "-l", CAIRN_DEVICES="2"))
    assert text.split("\n\n") == [
        "\tTotal Count                    : 2",
        "\tNPU ID                         : 0\n\tChip Count                     : 1",
        "\tNPU ID                         : 1\n\tChip Count                     : 1\n",
    ]


def test_the_map_gives_each_chip_its_number_and_each_card_its_mcu(smi):
    lines = printed(smi("info", "-m", CAIRN_DEVICES="2")).splitlines()
    assert (
        lines[0]
        == "\t" + "".join(title.ljust(31) for title in ("NPU ID", "Chip ID", "Chip Logic ID")) + "Chip Name"
    )
    assert [re.split(r"\s{2,}|\t", line)[1:] for line in lines[1:]] == [
        ["0", "0", "0", "Ascend 310P3"],
        ["0", "1", "-", "Mcu"],
        ["1", "0", "1", "Ascend 310P3"],
        ["1", "1", "-", "Mcu"],
    ]


# --- facts about one card -----------------------------------------------------------------------------------------------

NUMBER = r"\d+"
UNKNOWN = r"NA"
ALWAYS = {"NPU ID": "0", "Chip Count": "1"}
TYPES = {
    "common": {
        "Chip ID": "0", "Memory Usage Rate(%)": "50", "HBM Usage Rate(%)": UNKNOWN, "Aicore Usage Rate(%)": NUMBER,
        "Aicore Freq(MHZ)": UNKNOWN, "Aicore curFreq(MHZ)": UNKNOWN, "Aicore Count": UNKNOWN,
        "Temperature(C)": r"NA|-?\d+", "NPU Real-time Power(W)": r"NA|\d+\.\d",
    },
    "board": {"Manufacturer": "Cairn", "Product Name": r"Ascend310P3 \(Cairn\)", "Software Version": r"\d+\.\d+\.\d+",
              "PCIe Bus Info": UNKNOWN},
    "health": {"Chip ID": "0", "Health": "OK", "Error Code": UNKNOWN},
    "usages": {"Chip ID": "0", "DDR Capacity(MB)": "1000", "DDR Usage Rate(%)": "50", "Aicore Usage Rate(%)": NUMBER,
               "Aicpu Usage Rate(%)": UNKNOWN, "Ctrlcpu Usage Rate(%)": UNKNOWN},
    "memory": {"Chip ID": "0", "DDR Capacity(MB)": "1000"},
    "temp": {"Chip ID": "0", "NPU Temperature (C)": r"NA|-?\d+"},
    "power": {"Chip ID": "0", "NPU Real-time Power(W)": r"NA|\d+\.\d"},
    "product": {"Product Type": r"Ascend310P3 \(Cairn\)"},
    "proc-mem": {"Chip ID": "0", "Process name": "python.*", "Process memory(MB)": "500"},
}  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_has_its_facts(smi, start, kind):
    program = start(USE_DEVICE.format(size=500 * MIB - 64), CAIRN_MEMORY_MB="1000")
    found = facts(printed(smi("info", "-t", kind, "-i", 0)))
    for key, value in (ALWAYS | TYPES[kind]).items():
        assert re.fullmatch(value, found[key]), f"{key}: {found[key]}"
    if kind == "proc-mem":
        assert found["Process id"] == str(program.pid)
    of_chip = facts(printed(smi("info", "-t", kind, "-i", 0, "-c", 0)))
    assert of_chip.keys() <= found.keys()
    assert not of_chip.keys() & {"NPU ID", "Chip Count"}


def test_usages_of_a_card_with_hbm_name_it(smi):
    found = facts(printed(smi("info", "-t", "usages", "-i", 0, CAIRN_SOC="Ascend910B4")))
    assert found["HBM Capacity(MB)"] == "32768"
    assert "DDR Capacity(MB)" not in found
    assert (
        facts(printed(smi("info", "-t", "common", "-i", 0, CAIRN_SOC="Ascend910B4")))["HBM Usage Rate(%)"]
        == "0"
    )


# As the pages of the Atlas 200I A2 show them.
BOARD_FACTS = {
    "common": ["Memory Usage Rate(%)", "Aicore Usage Rate(%)", "Temperature(C)", "Rated Power Dissipation(W)"],
    "memory": ["Total Capacity(MB)", "Capacity(MB)", "Clock Speed(MHz)"],
    "usages": ["Memory Capacity(MB)", "Memory Usage Rate(%)", "Hugepages Total(page)", "Hugepages Usage Rate(%)",
               "Aicore Usage Rate(%)", "Aicpu Usage Rate(%)", "Ctrlcpu Usage Rate(%)", "Memory Bandwidth Usage Rate(%)"],
}  # fmt: skip


@pytest.mark.parametrize("kind", BOARD_FACTS)
def test_the_facts_of_a_board_have_the_documented_names(smi, kind):
    found = facts(printed(smi("info", "-t", kind, "-i", 0, "-c", 0, CAIRN_SOC="Ascend310B4")))
    assert [key for key in found if key != "Chip ID"] == BOARD_FACTS[kind]


@pytest.mark.parametrize("kind", ["volt", "ecc", "flash", "p2p-enable", "topo", "cpu-num-cfg", "sensors"])
def test_what_a_cpu_has_no_counterpart_of_is_said_so(smi, kind):
    done = smi("info", "-t", kind, "-i", 0)
    assert done.returncode != 0
    assert f"does not support querying {kind}" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("words, said", [
    (("info", "-t", "common", "-i", 1), "no NPU 1"),
    (("info", "-t", "common", "-i", -5), "no NPU -5"),
    (("info", "-t", "common", "-i", 2**40), "2**40"),
    (("info", "-t", "common", "-i", 0, "-c", 1), "no chip 1"),
    (("info", "-t", "common"), "-i ID"),
    (("info", "-t", "nonsense", "-i", 0), "no type nonsense"),
    (("info", "-t", "", "-i", "x"), "x"),
    (("info", "-q"), "-q"),
    (("info", "watch", "-d", 0), "range"),
    (("info", "watch", "-s", "pz"), "pz"),
    (("info", "watch", "-i", 7), "no NPU 7"),
    (("upgrade", "-b"), "subcommand"),
    ((), "subcommand"),
])  # fmt: skip
def test_wrong_words_are_refused_with_a_message(smi, words, said):
    done = smi(*words)
    assert done.returncode != 0
    assert said.replace("2**40", str(2**40)) in done.stderr + done.stdout


def test_help_and_version(smi):
    for words in (("-h",), ("info", "-h"), ("info", "watch", "--help")):
        assert "usage" in printed(smi(*words)).lower()
    assert "-t" in printed(smi("info", "--help"))


def test_the_command_loads_no_engine():
    libraries = subprocess.run(
        ["ldd", str(shutil.which("npu-smi"))], capture_output=True, text=True, check=True
    ).stdout
    assert "libcairn_core" in libraries
    assert "openvino" not in libraries


# --- what the workers do ------------------------------------------------------------------------------------------------

WORK = """
import threading
memory = check(*acl.rt.malloc(64 << 20, 0))
stream = check(*acl.rt.create_stream())
go_on = True
def work(context):
    acl.rt.set_context(context)
    while go_on:
        for _ in range(20): acl.rt.memset_async(memory, 64 << 20, 1, 64 << 20, stream)
        acl.rt.synchronize_stream(stream)
thread = threading.Thread(target=work, args=(check(*acl.rt.get_context()),))
thread.start()
"""


def usage(smi, card: int) -> int:
    return int(facts(printed(smi("info", "-t", "usages", "-i", card)))["Aicore Usage Rate(%)"])


def test_a_device_is_busy_while_its_workers_run_tasks_and_no_other_is(smi, start):
    start(
        "check(acl.rt.set_device(0)); check(acl.rt.set_device(1))",
        after=WORK,
        end="go_on = False; thread.join()",
        CAIRN_DEVICES="2",
    )
    seen = [(usage(smi, 0), usage(smi, 1)) for _ in range(5)]
    assert max(on_1 for _, on_1 in seen) > 30
    assert all(on_0 == 0 and on_1 <= 100 for on_0, on_1 in seen)


def test_an_idle_device_is_not_busy_after_work_either(smi, start):
    start(USE_DEVICE.format(size=MIB) + "; check(acl.rt.memset(memory, 1 << 20, 1, 1 << 20))\n"
          "s = check(*acl.rt.create_stream()); check(acl.rt.memset_async(memory, 1 << 20, 1, 1 << 20, s))\n"
          "check(acl.rt.synchronize_stream(s)); import time; time.sleep(0.2)")  # fmt: skip
    assert usage(smi, 0) == 0


def test_watch_prints_a_row_after_each_delay(registry, start):
    start(USE_DEVICE.format(size=12288 * MIB - 64))
    watch = subprocess.Popen(
        [str(shutil.which("npu-smi")), "info", "watch", "-i", "0", "-d", "1"],
        env=environment(registry),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [watch.stdout.readline() for _ in range(3)]
    finally:
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=60)
    titles = ["NpuID(Idx)", "ChipId(Idx)", "Pwr(W)", "Temp(C)", "AI Core(%)", "AI Cpu(%)", "Ctrl Cpu(%)", "Memory(%)",
              "Memory BW(%)"]  # fmt: skip
    assert lines[0] == "".join(title.ljust(12) for title in titles).rstrip() + "\n"
    for line in lines[1:]:
        cells = [line[start : start + 12].strip() for start in range(0, 12 * 9, 12)]
        assert cells[:2] == ["0", "0"]
        assert cells[4].isdigit()
        assert cells[5:7] == ["NA", "NA"]
        assert cells[7:] == ["50", "NA"]


def test_watch_shows_the_columns_that_are_asked_for(registry):
    watch = subprocess.Popen(
        [str(shutil.which("npu-smi")), "info", "watch", "-s", "am"],
        env=environment(registry, CAIRN_DEVICES="2"),
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = [watch.stdout.readline() for _ in range(3)]
    watch.kill()
    watch.communicate(timeout=60)
    assert re.findall(r".{1,12}", lines[0]) == ["NpuID(Idx)  ", "ChipId(Idx) ", "AI Core(%)  ", "Memory(%)"]
    assert [line[:12].strip() for line in lines[1:]] == ["0", "1"]


# --- processes that come and go -----------------------------------------------------------------------------------------


def test_a_killed_process_disappears_and_the_other_stays(smi, start):
    one = start(USE_DEVICE.format(size=3 * MIB))
    other = start(USE_DEVICE.format(size=5 * MIB))
    assert pids(printed(smi("info"))) == {one.pid, other.pid}
    one.kill()
    assert pids(printed(smi("info"))) == {other.pid}
    assert other.finish() == ""


def test_the_slots_of_killed_processes_are_used_again(smi, start, registry):
    """The file does not grow, and no slot of it is lost: as many are taken at the end as there are processes."""
    for _ in range(5):
        start(USE_DEVICE.format(size=MIB)).kill()
    size = registry.stat().st_size
    last = start(USE_DEVICE.format(size=MIB))
    assert registry.stat().st_size == size
    assert pids(printed(smi("info"))) == {last.pid}


def test_a_process_stays_in_the_table_until_it_releases_the_device(smi, start):
    program = start(
        USE_DEVICE.format(size=MIB),
        after="sys.stdin.readline(); check(acl.rt.reset_device(0)); print('released', flush=True)",
    )
    assert pids(printed(smi("info"))) == {program.pid}
    program.process.stdin.write("\n")
    program.process.stdin.flush()
    assert program.process.stdout.readline() == "released\n"
    assert pids(printed(smi("info"))) == set()
    program.finish()


def test_memory_is_counted_down_when_it_is_freed(smi, start):
    program = start(
        "check(acl.rt.set_device(0)); a = check(*acl.rt.malloc(40 << 20, 0)); b = check(*acl.rt.malloc(8 << 20, 0))",
        after="sys.stdin.readline(); check(acl.rt.free(a)); print('freed', flush=True)",
    )
    assert [row[3] for row in rows(printed(smi("info")))] == ["49"]
    program.process.stdin.write("\n")
    program.process.stdin.flush()
    program.process.stdout.readline()
    assert [row[3] for row in rows(printed(smi("info")))] == ["9"]


def test_a_child_of_a_fork_is_not_taken_for_its_parent(smi, start):
    program = start(
        USE_DEVICE.format(size=9 * MIB),
        after="child = os.fork()\nif child == 0:\n    acl.rt.free(memory); print(os.getpid(), flush=True); os.read(0, 1)",
    )
    child = int(program.process.stdout.readline())
    assert [(row[1], row[3]) for row in rows(printed(smi("info")))] == [(str(program.pid), "10")]
    os.kill(program.pid, signal.SIGKILL)
    program.process.wait(60)
    try:
        # The child has the parent's descriptors, and yet the slot counts as dead.
        assert pids(printed(smi("info"))) == set()
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_process_that_does_not_want_to_be_seen_is_not(smi, start):
    start(USE_DEVICE.format(size=MIB), CAIRN_REGISTRY="0")
    assert pids(printed(smi("info"))) == set()


def test_the_default_place_is_the_shared_memory_of_this_user(start):
    program = start(USE_DEVICE.format(size=MIB), CAIRN_REGISTRY="")
    done = subprocess.run(
        [str(shutil.which("npu-smi")), "info"],
        env=BASE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert program.pid in pids(printed(done))
    (path,) = [
        path for path in Path("/dev/shm").glob(f"cairn-processes-{os.geteuid()}-*")
        if str(Path("/proc/self/ns/pid").stat().st_ino) in path.name
    ]  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# --- content that nobody should trust -----------------------------------------------------------------------------------

SLOT, FIRST, SLOTS = 32, 64, 512


def checksum(*parts: int) -> int:
    total = 0x9E3779B97F4A7C15
    for part in parts:
        total = ((total ^ part) * 0xBF58476D1CE4E5B9 + (total >> 29)) % 2**64
    return total


def start_time(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])


def slot(pid: int, descriptor: int) -> bytes:
    parts = (pid, start_time(pid), descriptor)
    return struct.pack("<4Q", *parts, checksum(*parts))


def index_of(slots: list[bytes]) -> bytes:
    content = b"CAIRN-INDEX-1".ljust(FIRST, b"\0") + b"".join(slots)
    return content.ljust(FIRST + SLOT * SLOTS, b"\0")


def random_bytes(count: int) -> bytes:
    return np.random.default_rng(count).bytes(count)


GARBAGE = {
    "empty": b"",
    "short": b"CAIRN",
    "random": random_bytes(5000),
    "random of the right size": random_bytes(FIRST + SLOT * SLOTS),
    "head and random slots": b"CAIRN-INDEX-1".ljust(FIRST, b"\0") + random_bytes(SLOT * SLOTS),
    "cut": index_of([])[:1000],
    "long": index_of([]) * 50,
    "ones": b"\xff" * (FIRST + SLOT * SLOTS),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_in_the_registry_harms_nobody(smi, start, registry, kind):
    registry.write_bytes(GARBAGE[kind])
    registry.chmod(0o600)
    assert pids(printed(smi("info"))) == set()
    program = start(USE_DEVICE.format(size=2 * MIB))
    assert pids(printed(smi("info"))) == {program.pid}
    registry.write_bytes(GARBAGE[kind])  # While the program uses it.
    printed(smi("info"))
    other = start(USE_DEVICE.format(size=2 * MIB))
    assert other.pid in pids(printed(smi("info")))
    program.finish()
    other.finish()


def test_a_program_works_on_while_its_registry_is_cut_and_removed(smi, start, registry):
    program = start(
        USE_DEVICE.format(size=MIB),
        after="sys.stdin.readline()\nfor i in range(100): check(acl.rt.free(check(*acl.rt.malloc(1 << 20, 0))))\n"
        "print('done', flush=True)",
    )
    os.truncate(registry, 0)
    registry.unlink()
    program.process.stdin.write("\n")
    program.process.stdin.flush()
    assert program.process.stdout.readline() == "done\n"
    assert pids(printed(smi("info"))) == set()
    program.finish()


def record_of(program: Program) -> Path:
    links = Path(f"/proc/{program.pid}/fd").iterdir()
    (record,) = [link for link in links if "cairn-process-record" in str(link.readlink())]
    return record


def test_nobody_can_cut_or_write_the_record_of_a_program(start, registry):
    program = start(USE_DEVICE.format(size=MIB))
    record = record_of(program)
    with pytest.raises(OSError, match="not permitted"):
        os.truncate(record, 0)
    with record.open("r+b", buffering=0) as file, pytest.raises(OSError, match="not permitted"):
        file.write(b"\0" * 100)
    program.finish()


@pytest.mark.parametrize("kind", ["pipe", "null", "folder", "file", "socket", "closed", "record of another"])
def test_slots_that_lead_elsewhere_are_left_out(smi, start, registry, tmp_path, kind):
    program = start(USE_DEVICE.format(size=MIB))
    record = record_of(program)
    fake = tmp_path / "fake"
    fake.write_bytes(random_bytes(record.stat().st_size))
    if kind == "pipe":
        os.mkfifo(tmp_path / "pipe")
        descriptor = os.open(tmp_path / "pipe", os.O_RDWR)
    elif kind == "socket":
        import socket

        descriptor = socket.socket().detach()
    elif kind == "closed":
        descriptor = 999
    elif kind == "record of another":
        descriptor = os.open(record, os.O_RDONLY)
    else:
        descriptor = os.open({"null": "/dev/null", "folder": tmp_path, "file": fake}[kind], os.O_RDONLY)
    try:
        registry.write_bytes(index_of([slot(os.getpid(), descriptor)] * 3))
        assert pids(printed(smi("info"))) == set()
        registry.write_bytes(index_of([slot(os.getpid(), descriptor), slot(program.pid, int(record.name))]))
        assert pids(printed(smi("info"))) == {
            program.pid
        }  # What the slot looks like is no secret of the program.
    finally:
        if kind != "closed":
            os.close(descriptor)


def make_unusable(registry: Path, kind: str) -> None:
    if kind == "folder":
        registry.mkdir()
    elif kind == "pipe":
        os.mkfifo(registry, 0o600)
    elif kind == "link":
        (registry.parent / "target").write_bytes(b"keep")
        registry.symlink_to(registry.parent / "target")
    else:
        registry.write_bytes(index_of([]))
        registry.chmod(0o666)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "open to all"])
def test_a_file_that_others_may_have_made_is_not_used(smi, start, registry, tmp_path, kind):
    make_unusable(registry, kind)
    log = {"ASCEND_GLOBAL_LOG_LEVEL": "2", "ASCEND_PROCESS_LOG_PATH": str(tmp_path / "log")}
    program = start(
        USE_DEVICE.format(size=MIB) + "; check(acl.rt.reset_device(0)); check(acl.rt.set_device(0))", **log
    )
    assert pids(printed(smi("info"))) == set()
    program.finish()
    if kind == "link":
        assert (tmp_path / "target").read_bytes() == b"keep"
    lines = [line for path in (tmp_path / "log").rglob("*.log") for line in path.read_text().splitlines()]
    assert len([line for line in lines if "npu-smi will not show this process" in line]) == 1
