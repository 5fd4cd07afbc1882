"""The specification's files, and the pages made from them, agree with each other and with the module."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "spec" / "generate"), str(ROOT / "tests" / "conformance")]

import coverage  # noqa: E402
import spec_data  # noqa: E402
import stubs  # noqa: E402
from chip_support import LACKS  # noqa: E402

RESULTS = {
    "test_a.py::test_one[1]": {"rules": ["RT-133", "RT-142"], "outcome": "passed"},
    "test_a.py::test_one[2]": {"rules": ["RT-133", "RT-142"], "outcome": "passed"},
    "test_a.py::test_two": {"rules": ["RT-142"], "outcome": "failed"},
}


def rules_named_by_tests() -> set[str]:
    text = "".join(path.read_text() for path in (ROOT / "tests/conformance").rglob("*.py"))
    return set(
        re.findall(
            r"\b(?:" + "|".join({spec_data.prefix(rule) for rule in spec_data.rules()}) + r")-\d{3}\b", text
        )
    )


def test_every_rule_that_a_test_names_exists():
    assert rules_named_by_tests() <= set(spec_data.rules())


def test_no_waived_rule_has_a_test():
    assert not rules_named_by_tests() & set(spec_data.waivers())


def test_every_waiver_gives_a_reason_in_a_sentence():
    for rule, reason in spec_data.waivers().items():
        assert len(reason.split()) >= 6 and reason.endswith("."), rule


def test_the_table_of_what_a_chip_lacks_holds_what_the_rules_of_the_runtime_say():
    runtime = ("SYS", "COM", "UTL", "RT", "GDE")
    said = {
        (function, name)
        for name, rule in spec_data.rules().items()
        if spec_data.prefix(name) in runtime
        and (rule["kind"], rule["soc"]) == ("support", "310B")
        and rule["rule"].startswith("Not supported")
        for function in rule["fn"]
    }
    table = {(function, lack.rule) for function, lack in LACKS["Ascend310B"].items()}
    assert said == {entry for entry in table if spec_data.prefix(entry[1]) in runtime}


def test_a_rule_counts_as_tested_when_all_its_tests_passed():
    assert coverage.tests_of_rules(RESULTS) == {
        "RT-133": ["test_a.py::test_one[1]", "test_a.py::test_one[2]"]
    }


def test_the_numbers_add_up():
    counts = coverage.numbers({"acl.rt.malloc"}, coverage.tests_of_rules(RESULTS))
    assert counts["functions"]["acl.rt"] == {"present": 1, "total": 59}
    assert sum(row["total"] for row in counts["functions"].values()) == 551
    assert sum(row["total"] for row in counts["rules"].values()) == 2972
    assert counts["rules"]["RT"]["tested"] == 1


def test_functions_that_are_missing_or_stand_ins_do_not_count(monkeypatch):
    import acl.rt

    def stand_in() -> None: ...

    stand_in.__cairn_unsupported__ = True
    assert coverage.is_present("acl.rt.malloc")
    assert not coverage.is_present("acl.rt.no_such_function")
    assert not coverage.is_present("acl.nowhere.malloc")
    monkeypatch.setattr(acl.rt, "malloc", stand_in)
    assert not coverage.is_present("acl.rt.malloc")


def test_the_page_names_the_c_functions_that_are_stand_ins_by_header(monkeypatch):
    monkeypatch.setattr(
        coverage, "c_stand_ins", lambda: {"aclrtBinaryLoad", "aclrtLaunchKernel", "aclopExecute"}
    )
    page = coverage.compatibility_page(coverage.numbers(set(), {}), set())
    section = page.split("## C functions that are not supported yet")[1]
    lines = [line for line in section.splitlines() if line.startswith("- ")]
    assert sorted(lines) == [
        "- `acl/acl_op.h`: `aclopExecute`",
        "- `acl/acl_rt.h`: `aclrtBinaryLoad`, `aclrtLaunchKernel`",
    ]


def test_every_stand_in_of_the_libraries_is_a_function_of_a_header():
    stand_ins = coverage.c_stand_ins()
    named = [name for names in coverage.c_stand_ins_by_header().values() for name in names]
    assert sorted(named) == sorted(name for name in stand_ins if not name.startswith("_Z"))
    assert "aclrtMalloc" not in stand_ins


def test_the_committed_compatibility_page_tells_what_the_module_has():
    present = coverage.present_functions()
    page = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")
    counts = coverage.numbers(present, {})
    assert page == coverage.compatibility_page(counts, present), "run ./dev coverage and commit the page"


def test_the_committed_conformance_page_names_every_prefix_and_no_unknown_rule():
    page = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (\d+) \|", page, re.MULTILINE)
    totals = {name: row["total"] for name, row in coverage.numbers(set(), {})["rules"].items()}
    assert {name: int(total) for name, total in rows} == totals
    tested = set(re.findall(r"^\| ([A-Z0-9]+-\d{3}) \|", page, re.MULTILINE))
    assert tested <= set(spec_data.rules())


def test_the_stubs_have_every_function_and_are_python(tmp_path):
    subprocess.run([sys.executable, stubs.__file__, tmp_path], check=True)
    for entry in spec_data.functions():
        module, name = entry["python"].rsplit(".", 1)
        path = tmp_path / ("__init__.pyi" if module == "acl" else f"{module.removeprefix('acl.')}.pyi")
        assert f"\ndef {name}(" in path.read_text(encoding="utf-8")
    for path in tmp_path.glob("*.pyi"):
        compile(path.read_text(encoding="utf-8"), str(path), "exec")


@pytest.mark.parametrize(
    ("python", "line"),
    [
        ("acl.rt.malloc", "def malloc(size: int, policy: int) -> tuple[int, int]:"),
        ("acl.get_soc_name", "def get_soc_name() -> str:"),
        ("acl.rt.event_elapsed_time", "def event_elapsed_time(start: int, end: int) -> tuple[float, int]:"),
        (
            "acl.mdl.get_input_dims",
            "def get_input_dims(model_desc: int, index: int) -> tuple[dict[str, Any], int]:",
        ),
        ("acl.util.ptr_to_bytes", "def ptr_to_bytes(ptr: int, size: int) -> bytes:"),
    ],
)
def test_a_stub_has_the_types_of_the_manual(python, line):
    (entry,) = [entry for entry in spec_data.functions() if entry["python"] == python]
    assert stubs.stub(entry).splitlines()[0] == line
