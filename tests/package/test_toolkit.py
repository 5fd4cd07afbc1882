"""The tree of `cmake --install`, used from C and C++ in the three usual ways."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import CLEAN

PROGRAMS = Path(__file__).parent / "programs"
SOURCES = {
    "memory": ("memory.c", {"gcc": "gcc", "clang": "clang"}),
    "media": ("media.cc", {"gcc": "g++", "clang": "clang++"}),
}


@pytest.mark.parametrize("path", [
    "include/acl/acl.h", "include/acl/ops/acl_dvpp.h", "include/cairn/kernel.h", "lib64/libascendcl.so", "lib64/libacl_dvpp.so",
    "lib64/libacl_cblas.so", "include/acl/ops/acl_cblas.h", "bin/cairn-bench", "bin/msaccucmp",
    "lib64/libcairn_core.so", "lib64/libcairn_check.so", "lib64/libcairn_engine.so", "bin/atc", "bin/cairn", "bin/npu-smi", "set_env.sh",
    "share/cmake/Cairn/CairnConfig.cmake", "lib64/pkgconfig/cairn.pc", "python/site-packages/acl/__init__.py",
    "python/site-packages/acl/py.typed",
])  # fmt: skip
def test_the_tree_has(toolkit, path):
    assert (toolkit / path).is_file()


def test_the_tree_names_no_place_of_the_build(toolkit, run):
    build = os.environ["CAIRN_BUILD_DIR"]
    programs = list(toolkit.glob("bin/*"))
    scripts = [path for path in programs if path.read_bytes()[:2] == b"#!"]
    assert [path.name for path in scripts] == ["msaccucmp"]
    binaries = [path for path in programs if path not in scripts]
    for path in [*toolkit.glob("lib64/lib*.so"), *binaries, *toolkit.glob("python/**/*.so")]:
        runpaths = re.findall(r"R(?:UN)?PATH.*\[(.*)\]", run("readelf", "-d", path))
        for entry in ":".join(runpaths).split(":"):
            assert not entry or entry.startswith("$ORIGIN"), f"{path}: {entry}"
    for path in [
        *scripts,
        *toolkit.glob("share/cmake/Cairn/*"),
        toolkit / "lib64/pkgconfig/cairn.pc",
        toolkit / "set_env.sh",
    ]:
        assert build not in path.read_text()


@pytest.mark.parametrize("family", ["gcc", "clang"])
@pytest.mark.parametrize("program", SOURCES)
def test_a_program_builds_with_plain_flags_and_runs_after_set_env(toolkit, run, tmp_path, program, family):
    source, compilers = SOURCES[program]
    libraries = ["-lacl_dvpp", "-lascendcl"] if program == "media" else ["-lascendcl"]
    run(
        compilers[family], "-Wall", "-Wextra", "-Werror", f"-I{toolkit}/include", PROGRAMS / source,
        f"-L{toolkit}/lib64", *libraries, "-o", tmp_path / program,
    )  # fmt: skip
    said = run("bash", "-c", f". {toolkit}/set_env.sh && {tmp_path / program}")
    assert said == f"{program} is right\n"


def test_find_package_gives_targets_that_run_without_settings(toolkit, run, tmp_path):
    run("cmake", "-S", PROGRAMS, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={toolkit}")
    run("cmake", "--build", tmp_path)
    for program in SOURCES:
        assert run(tmp_path / program) == f"{program} is right\n"


def test_pkg_config_gives_flags_that_run_without_settings(toolkit, run, tmp_path):
    settings = {"PKG_CONFIG_PATH": str(toolkit / "lib64/pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "cairn", env=settings).split()
    for program, (source, compilers) in SOURCES.items():
        run(compilers["gcc"], PROGRAMS / source, *flags, "-o", tmp_path / program)
        assert run(tmp_path / program) == f"{program} is right\n"


def test_the_tree_still_works_after_it_was_moved(toolkit, run, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(toolkit, moved, symlinks=True)
    said = run("bash", "-c", f". {moved}/set_env.sh && echo $CAIRN_HOME && atc --help && cairn --help")
    assert said.splitlines()[0] == str(moved)
    assert "--soc_version" in said


def test_atc_converts_with_the_tree_alone(toolkit, run, tmp_path, network):
    run("bash", "-c", f". {toolkit}/set_env.sh && atc --model={network} --framework=5 --output=net --soc_version=Ascend310P3",
        cwd=tmp_path)  # fmt: skip
    assert (tmp_path / "net.om").stat().st_size > 0


def test_the_doctor_finds_all_parts_of_the_tree(toolkit, run):
    said = run("bash", "-c", f". {toolkit}/set_env.sh && cairn doctor && npu-smi info -l")
    assert "All is well." in said
    assert f"{toolkit}/lib64/libopenvino.so" in said
    assert str(toolkit / "python/site-packages/acl/__init__.py") in said
    assert "Total Count" in said


def test_the_doctor_names_the_parts_that_are_missing(toolkit, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(toolkit, broken, symlinks=True)
    for name in ("lib64/libcairn_engine.so", "lib64/libacl_dvpp.so", "include/acl/acl.h"):
        (broken / name).unlink()
    done = subprocess.run(
        [str(broken / "bin/cairn"), "doctor"],
        env=CLEAN,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    for text in ("libcairn_engine.so is missing", "libacl_dvpp.so is missing", "acl.h is missing", "Ascend310P3",
                 "the model engine cannot be opened", "pip install openvino", "acl.media cannot be opened"):  # fmt: skip
        assert text in done.stdout


def test_python_finds_the_module_after_set_env(toolkit, run):
    code = "import acl; assert acl.init() == 0; print(acl.get_soc_name()); assert acl.finalize() == 0"
    assert run("bash", "-c", f". {toolkit}/set_env.sh && /usr/bin/python3 -c '{code}'").startswith("Ascend")


def test_files_are_readable_and_programs_executable_by_everyone(toolkit):
    for path in toolkit.rglob("*"):
        mode = path.stat().st_mode
        assert mode & stat.S_IROTH, path
        if path.parent.name == "bin":
            assert mode & stat.S_IXOTH, path
