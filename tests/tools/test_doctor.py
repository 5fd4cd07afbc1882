"""`cairn doctor` says what is in force and why, and how to repair what is not."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import BASE, Program, environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def doctor(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """doctor("--json", CAIRN_SOC="Ascend310B4")"""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(shutil.which("cairn")), "doctor", *words],
            env={**environment(tmp_path / "registry", HOME=str(tmp_path)), **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def report(doctor) -> Callable[..., dict]:
    def run(**variables: str) -> dict:
        done = doctor("--json", **variables)
        found = json.loads(done.stdout)
        assert done.returncode == (0 if found["well"] else 1), done.stderr
        assert found["well"] == all(problem["kind"] != "broken" for problem in found["problems"])
        return found

    return run


def problem(found: dict, words: str) -> dict:
    """The one problem whose text has these words."""
    (one,) = [entry for entry in found["problems"] if words in entry["what"]]
    assert one["advice"]
    return one


def test_all_is_well_here(doctor, report):
    done = doctor()
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("\nAll is well.\n")
    assert report()["problems"] == []


def test_it_tells_versions_and_places(report):
    import openvino

    sections = report()["sections"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", sections["cairn"]["version"]["value"])
    assert Path(sections["cairn"]["toolkit"]["value"]) == Path(shutil.which("cairn")).parents[1]
    assert sections["engine"]["OpenVINO"]["value"] == openvino.get_version()
    assert Path(sections["engine"]["path"]["value"]).parent == Path(openvino.__file__).parent / "libs"
    assert re.fullmatch(r"\d+\.\d+\.\d+", sections["pictures"]["libjpeg-turbo"]["value"])
    assert Path(sections["pictures"]["libjpeg"]["value"]).is_file()
    assert sections["python"]["module acl"]["value"].endswith("acl/__init__.py")


def test_it_tells_what_the_machine_has(report):
    sections = report()["sections"]
    assert sections["processor"]["cores of this process"]["value"] == len(os.sched_getaffinity(0))
    flags = Path("/proc/cpuinfo").read_text()
    for vector_set in sections["processor"]["vector sets"]["value"].split():
        assert f" {vector_set} " in flags.replace("\n", " ")
    total = int(re.search(r"MemTotal: +(\d+)", Path("/proc/meminfo").read_text())[1])
    assert sections["host memory"]["total (MB)"]["value"] == total // 1024


def test_affinity_is_seen(tmp_path):
    core = min(os.sched_getaffinity(0))
    done = subprocess.run(
        ["taskset", "-c", str(core), str(shutil.which("cairn")), "doctor", "--json"],
        env=environment(tmp_path / "registry"), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["sections"]["processor"]["cores of this process"]["value"] == 1


def test_defaults_are_called_defaults(report):
    chip = report()["sections"]["chip"]
    assert chip["name"]["value"] == "Ascend310P3"
    assert chip["name"]["why"].startswith("default")
    assert (chip["devices"]["value"], chip["devices"]["why"]) == (1, "default")
    assert chip["memory of each (MB)"]["value"] == 24 * 1024


def test_settings_are_named_as_the_reason(report):
    found = report(
        CAIRN_SOC="Ascend310B4", CAIRN_DEVICES="4", CAIRN_MEMORY_MB="100", CAIRN_THREADS="1",
        ASCEND_RT_VISIBLE_DEVICES="2,3", ASCEND_GLOBAL_LOG_LEVEL="1", CAIRN_PRECISION="f32",
    )  # fmt: skip
    assert found["well"]
    chip = found["sections"]["chip"]
    assert {name: fact["value"] for name, fact in chip.items()} == {
        "name": "Ascend310B4", "run mode": "device", "memory kind": "DDR", "devices": 4, "visible devices": 2,
        "memory of each (MB)": 100, "workers of each": 1,
    }  # fmt: skip
    assert chip["name"]["why"] == "CAIRN_SOC=Ascend310B4"
    assert chip["devices"]["why"] == "CAIRN_DEVICES=4"
    assert chip["visible devices"]["why"] == "ASCEND_RT_VISIBLE_DEVICES=2,3"
    assert chip["memory of each (MB)"]["why"] == "CAIRN_MEMORY_MB=100"
    assert chip["workers of each"]["why"] == "CAIRN_THREADS=1"
    assert found["sections"]["log"]["level"] == {"value": "info", "why": "ASCEND_GLOBAL_LOG_LEVEL=1"}
    assert found["sections"]["environment"]["CAIRN_DEVICES"]["value"] == "4"


@pytest.mark.parametrize("name, value, words, advice", [
    ("CAIRN_SOC", "Ascend999", "no chip", "Ascend310B4"),
    ("CAIRN_DEVICES", "none", "1 .. 64", "in force is: 1"),
    ("CAIRN_DEVICES", "65", "1 .. 64", "in force is: 1"),
    ("CAIRN_DEVICES", "2 ", "1 .. 64", "in force is: 1"),
    ("CAIRN_PRECISION", "f16", "f32, bf16", "in force is: f32"),
    ("CAIRN_FAULT_HANDLER", "2", "0 .. 1", ""),
    ("CAIRN_REGISTRY", "no", "begins with /", ""),
    ("ASCEND_GLOBAL_LOG_LEVEL", "ERROR", "0 .. 4", "in force is: 3"),
    ("ASCEND_MODULE_LOG_LEVEL", "RUNTIME=0:DVPP", "'DVPP'", ""),
    ("ASCEND_HOST_LOG_FILE_NUM", "0", "1 .. 1000", "in force is: 10"),
])  # fmt: skip
def test_values_without_effect_are_broken(report, name, value, words, advice):
    found = report(**{name: value})
    one = problem(found, f"{name}={value}")
    assert one["kind"] == "broken"
    assert words in one["what"]
    assert advice in one["advice"]


def test_a_wrong_value_is_not_named_as_the_reason_of_what_is_in_force(report):
    chip = report(CAIRN_DEVICES="many")["sections"]["chip"]
    assert (chip["devices"]["value"], chip["devices"]["why"]) == (1, "default")


@pytest.mark.parametrize("name, nearest", [
    ("CAIRN_DEVICE", "CAIRN_DEVICES"),
    ("CAIRN_MEMROY_MB", "CAIRN_MEMORY_MB"),
    ("CAIRN_SCO", "CAIRN_SOC"),
    ("ASCEND_GLOBAL_LOGLEVEL", "ASCEND_GLOBAL_LOG_LEVEL"),
    ("ASCEND_VISIBLE_DEVICES", "ASCEND_RT_VISIBLE_DEVICES"),
])  # fmt: skip
def test_a_misspelt_name_gets_the_right_one(report, name, nearest):
    found = report(**{name: "1"})
    one = problem(found, f"{name} is set")
    assert one["kind"] == ("broken" if name.startswith("CAIRN") else "note")
    assert one["advice"] == f"did you mean {nearest}?"


def test_a_name_like_no_other_gets_no_guess(report):
    assert "did you mean" not in problem(report(ASCEND_QQQQQQQQQQQQ="1"), "ASCEND_QQQQQQQQQQQQ")["advice"]


def test_variables_of_the_card_without_effect_are_no_problem(report):
    found = report(ASCEND_OPP_PATH="/usr/local/opp", ASCEND_LAUNCH_BLOCKING="1")
    assert found["problems"] == []
    assert found["sections"]["environment"]["ASCEND_OPP_PATH"]["why"].startswith("no effect")


def test_devices_that_are_named_and_not_visible_are_broken(report):
    one = problem(report(CAIRN_DEVICES="2", ASCEND_RT_VISIBLE_DEVICES="1,2"), "names 2 devices, but 1")
    assert one["kind"] == "broken"


def test_a_module_of_another_project_is_broken(report, tmp_path):
    (tmp_path / "acl.py").write_text("")
    one = problem(report(PYTHONPATH=str(tmp_path)), "another module")
    assert one["kind"] == "broken"


def test_a_module_that_cannot_be_imported_is_broken(report, tmp_path):
    (tmp_path / "acl").mkdir()
    (tmp_path / "acl/__init__.py").write_text("raise ImportError('no such library')")
    assert "no such library" in problem(report(PYTHONPATH=str(tmp_path)), "cannot import")["what"]


def test_without_the_module_it_is_well_and_says_so(report):
    found = report(PYTHONPATH="")
    assert found["well"]
    assert problem(found, "does not find the module")["kind"] == "note"


def test_without_python_it_is_well_and_says_so(report, tmp_path):
    (tmp_path / "bin").mkdir()
    found = report(PATH=str(tmp_path / "bin"))
    assert problem(found, "python3 is not on the path")["kind"] == "note"


def test_a_log_that_cannot_be_written_is_broken(report):
    found = report(ASCEND_PROCESS_LOG_PATH="/proc/log")
    assert "ASCEND_PROCESS_LOG_PATH" in problem(found, "/proc/log")["advice"]


def test_memory_that_cannot_be_made_is_broken(tmp_path):
    done = subprocess.run(
        ["bash", "-c", "ulimit -v 4000000; exec cairn doctor --json"],
        env=environment(tmp_path / "registry"), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "CAIRN_MEMORY_MB" in problem(json.loads(done.stdout), "device memory cannot be made")["advice"]


def test_programs_that_use_devices_are_counted(report, tmp_path):
    program = Program("check(acl.rt.set_device(0))", environment(tmp_path / "registry"))
    assert report()["sections"]["npu-smi"]["processes"]["value"] == 1
    program.finish()


def test_a_registry_that_cannot_be_used_is_broken(report, tmp_path):
    (tmp_path / "folder").mkdir()
    assert "CAIRN_REGISTRY" in problem(report(CAIRN_REGISTRY=str(tmp_path / "folder")), "npu-smi")["advice"]


def test_bytes_that_are_no_text_do_no_harm(doctor):
    done = subprocess.run(
        [str(shutil.which("cairn")), "doctor", "--json"], env={**BASE, "ASCEND_OPP_PATH": b"\xff\xfe"},
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout.decode())["sections"]["environment"]["ASCEND_OPP_PATH"]


# --- the table of variables ---------------------------------------------------------------------------------------------


def sources() -> str:
    folders = {"src": ("*.cc", "*.h"), "python": ("*.cc", "*.h", "*.py"), "tools": ("*.cc", "*.h", "*.py"),
               "spec/generate": ("*.py",), "bench": ("*.cc", "*.py"), "tests/conformance": ("conftest.py",)}  # fmt: skip
    text = ""
    for folder, patterns in folders.items():
        for pattern in patterns:
            for path in (ROOT / folder).rglob(pattern):
                if path.name not in ("environment_table.cc", "environment_table.h"):
                    text += path.read_text()
    return text


def known(report) -> dict[str, dict]:
    return {variable["name"]: variable for variable in report()["known"]}


def test_each_variable_that_is_read_is_in_the_table(report):
    read = set(
        re.findall(
            r"""(?:environment_(?:int|string)|getenv|environ\.get)\(\s*["']((?:CAIRN|ASCEND)_\w+)""",
            sources(),
        )
    )
    read |= set(re.findall(r"""environ\[["']((?:CAIRN|ASCEND)_\w+)""", sources()))
    assert len(read) > 10
    assert read <= known(report).keys()


def test_each_variable_with_an_effect_is_read_somewhere(report):
    text = sources() + (ROOT / "dev").read_text() + (ROOT / "cmake/set_env.sh.in").read_text()
    for name, variable in known(report).items():
        if variable["effect"]:
            assert re.search(rf"\b{name}\b", text), name


def test_the_page_has_each_variable_as_the_table_has_it(report):
    page = (ROOT / "docs/environment.md").read_text(encoding="utf-8")
    expected = {
        name: [entry["allowed"], entry["default"], entry["meaning"]]
        if entry["effect"]
        else [entry["meaning"]]
        for name, entry in known(report).items()
    }
    found = {
        name: [cell.strip() for cell in cells.split("|")]
        for name, cells in re.findall(r"^\| `(\w+)` \|(.*)\|$", page, re.MULTILINE)
    }
    assert found == expected
