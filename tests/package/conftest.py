"""What a user installs: the toolkit tree and the wheel, each made once for all tests of this folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

ROOT = Path(__file__).resolve().parents[2]
# Nothing of the build tree may leak into what is tested here.
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONPATH", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH", "CMAKE_PREFIX_PATH")
} | {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


def run_clean(*command: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Runs a command in a clean environment; gives its output, or fails the test with all it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**CLEAN, **(env or {})},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def run() -> Callable[..., str]:
    return run_clean


@pytest.fixture(scope="session")
def toolkit(tmp_path_factory) -> Path:
    """The prefix of `cmake --install`."""
    prefix = tmp_path_factory.mktemp("toolkit") / "cairn"
    run_clean("cmake", "--install", os.environ["CAIRN_BUILD_DIR"], "--prefix", prefix)
    return prefix


@pytest.fixture(scope="session")
def network(tmp_path_factory) -> Path:
    """An ONNX file with one operator."""
    path = tmp_path_factory.mktemp("network") / "relu.onnx"
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"], name="relu")], "relu", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture(scope="session")
def user_python(tmp_path_factory) -> Path:
    """A fresh virtual environment with the wheel: the interpreter.

    The wheel's build tree is kept in build/wheel, and what the wheel requires comes from the project's own environment,
    so that nothing is downloaded.
    """
    folder = tmp_path_factory.mktemp("wheel")
    environment = folder / "venv"
    options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--quiet"]
    run_clean(
        sys.executable, "-m", "pip", "wheel", *options, "--no-build-isolation",
        f"--config-settings=build-dir={ROOT}/build/wheel", "--wheel-dir", folder, ROOT,
        # With the names of the presets for the compilers, which ccache counts, too, this build finds the other's files.
        env={"PATH": f"{Path(sys.executable).parent}:{CLEAN['PATH']}", "CC": "gcc", "CXX": "g++"},
    )  # fmt: skip
    run_clean("/usr/bin/python3", "-m", "venv", environment)
    python = environment / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    run_clean(python, "-m", "pip", "install", *options, wheel)
    packages = run_clean(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    import numpy
    import openvino

    for module in (numpy, openvino):
        source = Path(module.__file__).parent
        for path in (source, *source.parent.glob(f"{source.name}.libs")):
            (Path(packages) / path.name).symlink_to(path)
    return python
