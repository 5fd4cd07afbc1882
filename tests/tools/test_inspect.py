"""`cairn inspect` shows what an offline model holds."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import SOC, Command


@pytest.fixture
def om(atc: Command, network: Path, tmp_path: Path) -> Path:
    done = atc("--framework=5", f"--model={network}", "--output=net", f"--soc_version={SOC}")
    assert done.returncode == 0, done.stdout
    return tmp_path / "net.om"


def test_text_has_inputs_outputs_operators_and_sizes(cairn: Command, om: Path) -> None:
    done = cairn("inspect", om)
    assert done.returncode == 0
    for text in (SOC, "[1, 3, 16, 16]", "softmax:0:prob", "operators 7", "1     DepthwiseConv2D", "weights"):
        assert text in done.stdout
    assert "depthwise" not in done.stdout
    assert "  DepthwiseConv2D      [1, 8, 8, 8]           depthwise" in cairn("inspect", "--ops", om).stdout


def test_json_has_the_same(cairn: Command, om: Path) -> None:
    about = json.loads(cairn("inspect", "--json", om).stdout)
    assert about["executable"] is True
    assert about["soc_version"] == SOC
    assert about["file_bytes"] == om.stat().st_size
    assert about["inputs"][0]["bytes"] == 3 * 16 * 16 * 4
    assert about["operator_counts"]["Conv2D"] == 1
    assert "operators" not in about


def test_a_damaged_file_is_described_with_its_defect(cairn: Command, om: Path) -> None:
    content = bytearray(om.read_bytes())
    content[384 + 2000 + 64] ^= 1
    om.write_bytes(content)
    done = cairn("inspect", om)
    assert done.returncode == 0
    assert "runs      no: [MDL-001]" in done.stdout


def test_files_that_are_no_om_are_refused(cairn: Command, om: Path) -> None:
    whole = om.read_bytes()
    for content in (b"", b"IMOD", whole[:300], whole[:-1], np.random.default_rng(0).bytes(5000)):
        om.write_bytes(content)
        done = cairn("inspect", om)
        assert done.returncode == 1
        assert "net.om" in done.stderr
        assert done.stdout == ""
    assert "No such file" in cairn("inspect", "missing.om").stderr


def test_help_and_version(cairn: Command) -> None:
    assert "inspect" in cairn("--help").stdout
    assert cairn("--version").stdout.startswith("cairn ")
    assert cairn().returncode != 0
    assert cairn("inspect").returncode != 0
