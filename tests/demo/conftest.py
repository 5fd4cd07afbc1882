"""The demo's own files, made once for all tests of this folder."""

import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES / "demo"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import photos  # noqa: E402
from export_efficientnet_lite0 import export  # noqa: E402
from reference import Reference  # noqa: E402


@pytest.fixture(scope="session")
def network(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("network") / "efficientnet_lite0.onnx"
    export(path)
    return path


@pytest.fixture(scope="session")
def reference(network) -> Reference:
    return Reference(network)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> dict[str, Path]:
    return {path.stem: path for path in photos.collect(tmp_path_factory.mktemp("photos"))}
