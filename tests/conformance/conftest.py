"""The harness of the conformance suite: pure pyACL, so that it runs against any module `acl`, a real card's too.

Each test names the rules of spec/rules-*.jsonl that it checks:

    @pytest.mark.rules("RT-171", "RT-173")
    def test_memset_refuses_a_count_above_the_maximum(stream): ...

A test without rules, or with an id that does not exist, stops the collection. A test that `needs` a function is left out on a
chip that does not have it (chip_support.py). Where the environment variable CAIRN_CONFORMANCE_OUT names a file, the outcome of every test goes there for `./dev coverage`.
"""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "spec" / "generate"))

import chip_support  # noqa: E402
import spec_data  # noqa: E402
from gate import Gate  # noqa: E402

_OUTCOMES = pytest.StashKey[dict[str, dict]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rules(*ids): the rules of spec/rules-*.jsonl that the test checks")
    config.addinivalue_line(
        "markers", "needs(*functions): what the test is about; left out on chips that lack one of them"
    )
    config.stash[_OUTCOMES] = {}


def rule_ids(item: pytest.Item) -> list[str]:
    """The ids of the marks at the test, its class and its file, each once."""
    return list(dict.fromkeys(name for mark in item.iter_markers("rules") for name in mark.args))


def needed_functions(item: pytest.Item) -> set[str]:
    return {name for mark in item.iter_markers("needs") for name in mark.args}


def leave_out_what_the_chip_lacks(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not any(needed_functions(item) for item in items):
        return
    import acl

    lacks = chip_support.lacks_of(acl.get_soc_name()).keys()
    left_out = [item for item in items if needed_functions(item) & lacks]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not needed_functions(item) & lacks]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_what_the_chip_lacks(config, items)
    errors = []
    for item in items:
        if not item.path.is_relative_to(Path(__file__).parent):
            continue
        ids = rule_ids(item)
        if not ids:
            errors.append(f"{item.nodeid} names no rule")
        errors += [
            f"{item.nodeid} names {name}, which is no rule" for name in ids if name not in spec_data.rules()
        ]
        errors += [
            f"{item.nodeid} needs {name}, which no chip of chip_support.py lacks"
            for name in needed_functions(item) - chip_support.ALL
        ]
        config.stash[_OUTCOMES][item.nodeid] = {"rules": ids, "outcome": "not run"}
    if errors:
        raise pytest.UsageError("\n".join(errors))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    record = item.config.stash[_OUTCOMES].get(item.nodeid)
    if record is not None and (report.when == "call" or report.outcome != "passed"):
        # An error in a fixture after the test counts against it, too.
        record["outcome"] = report.outcome
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = os.environ.get("CAIRN_CONFORMANCE_OUT")
    if target and not session.config.option.collectonly:
        text = json.dumps(session.config.stash[_OUTCOMES], indent=1, sort_keys=True)
        Path(target).write_text(text + "\n", encoding="utf-8")


# --- fixtures -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def acl():
    """The initialised module. acl.init works once in a process, so the suite shares one."""
    import acl as module

    assert module.init() == 0
    yield module
    assert module.finalize() == 0


@pytest.fixture
def device(acl) -> Iterator[int]:
    """Device 0 with its default context as the current one."""
    assert acl.rt.set_device(0) == 0
    yield 0
    assert acl.rt.reset_device(0) == 0


@pytest.fixture
def context(acl, device: int) -> Iterator[int]:
    """A context of device 0, current in the test's thread."""
    handle, ret = acl.rt.create_context(device)
    assert ret == 0
    yield handle
    assert acl.rt.destroy_context(handle) == 0


@pytest.fixture
def stream(acl, context: int) -> Iterator[int]:
    """A stream of that context."""
    handle, ret = acl.rt.create_stream()
    assert ret == 0
    yield handle
    assert acl.rt.destroy_stream(handle) == 0


@pytest.fixture
def device_memory(acl, device: int) -> Iterator[Callable[[int], int]]:
    """device_memory(size): an address on the device, freed after the test."""
    taken: list[int] = []

    def malloc(size: int, policy: int = 0) -> int:
        address, ret = acl.rt.malloc(size, policy)
        assert ret == 0
        taken.append(address)
        return address

    yield malloc
    for address in taken:
        assert acl.rt.free(address) == 0


@pytest.fixture
def memory_kind(acl, device: int) -> int:
    """The attribute of acl.rt.get_mem_info for the memory that the chip has: 0 (DDR) or 1 (HBM)."""
    return 0 if acl.rt.get_mem_info(0)[1] > 0 else 1


@pytest.fixture
def run_python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """run_python(code, env={...}): the code in a process of its own; the test looks at returncode, stdout, stderr.

    For everything that is once in a process: calls before init, after finalize, environment variables, forks.
    """

    def run(
        code: str, *, env: dict[str, str] | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            cwd=tmp_path,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture
def gate(acl, context: int, stream: int) -> Iterator[Gate]:
    """gate.close(stream) lets a stream wait for gate.open(). Streams that the test makes are opened before they end."""
    one = Gate(acl, context)
    yield one
    one.finish()
