"""The wheel in a fresh virtual environment."""

from pathlib import Path

import pytest


def package(python: Path, run) -> Path:
    return Path(run(python, "-c", "import acl; print(acl.__file__)").strip()).parent


def test_import_gives_a_working_module(user_python, run):
    code = "import acl; assert acl.init() == 0; print(acl.get_soc_name()); assert acl.finalize() == 0"
    assert run(user_python, "-c", code).startswith("Ascend")


def test_the_module_comes_from_the_new_environment(user_python, run):
    assert package(user_python, run).is_relative_to(user_python.parent.parent)


@pytest.mark.parametrize("path", [
    "__init__.pyi", "rt.pyi", "py.typed", "include/acl/acl.h", "include/cairn/kernel.h", "lib64/libascendcl.so", "lib64/libacl_dvpp.so", "bin/atc",
    "bin/npu-smi", "bin/msaccucmp", "toolkit/tools/operator_cmp/compare/msaccucmp.py",
])  # fmt: skip
def test_the_package_has(user_python, run, path):
    assert (package(user_python, run) / path).is_file()


@pytest.mark.parametrize("command", ["atc", "cairn", "npu-smi", "msaccucmp"])
def test_the_commands_are_on_the_path(user_python, run, command):
    assert "usage" in run(user_python.parent / command, "--help").lower()


def test_atc_finds_the_engine_in_the_package_openvino(user_python, run, tmp_path, network):
    run(user_python.parent / "atc", f"--model={network}", "--framework=5", "--output=net", "--soc_version=Ascend310P3",
        cwd=tmp_path)  # fmt: skip
    assert (tmp_path / "net.om").stat().st_size > 0


def test_a_model_runs(user_python, run, tmp_path, network):
    run(user_python.parent / "atc", f"--model={network}", "--framework=5", "--output=net", "--soc_version=Ascend310P3",
        cwd=tmp_path)  # fmt: skip
    code = """
import acl
assert acl.init() == 0 and acl.rt.set_device(0) == 0
model, ret = acl.mdl.load_from_file("net.om")
assert ret == 0, acl.get_recent_err_msg()
assert acl.mdl.unload(model) == 0 and acl.rt.reset_device(0) == 0 and acl.finalize() == 0
print("loaded")
"""
    assert run(user_python, "-c", code, cwd=tmp_path) == "loaded\n"


def test_the_doctor_finds_all_parts_of_the_wheel(user_python, run):
    said = run(
        "bash", "-c", f"PATH={user_python.parent}:$PATH cairn doctor && {user_python.parent}/npu-smi info"
    )
    assert "All is well." in said
    assert "site-packages/openvino/libs/libopenvino.so" in said
    assert "Process id" in said  # Others may be using the NPU now.
