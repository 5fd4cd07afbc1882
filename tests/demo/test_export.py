"""The exported network is the published one: ONNX Runtime gives the known answers."""

import onnx
import pytest
from export_efficientnet_lite0 import NetworkBuilder, export, installed_checkpoint, main, same_padding
from torch_checkpoint import CheckpointError, read_checkpoint

KNOWN_ANSWERS = {
    "coffee": {967},
    "flower": {985},
    "china": {698},
    "rocket": {657},
    "chelsea": {281, 282, 285},
}


@pytest.mark.parametrize("photo", KNOWN_ANSWERS)
def test_onnx_runtime_gives_the_known_answer(photo, reference, pictures):
    assert int(reference.scores(pictures[photo]).argmax()) in KNOWN_ANSWERS[photo]


def test_the_espresso_is_certain(reference, pictures):
    assert reference.scores(pictures["coffee"])[967] == pytest.approx(0.95, abs=0.02)


def test_scores_are_probabilities(reference, pictures):
    assert reference.scores(pictures["china"]).sum() == pytest.approx(1, abs=1e-5)


def test_two_exports_are_equal(network, tmp_path):
    export(tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == network.read_bytes()


def test_layer_names_are_unique_and_batch_norm_is_folded(network):
    nodes = onnx.load(network).graph.node
    assert len({node.name for node in nodes}) == len(nodes)
    assert {node.op_type for node in nodes} == {
        "Conv", "Clip", "Add", "GlobalAveragePool", "Flatten", "Gemm", "Softmax",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [(224, 3, 2, (0, 1)), (112, 3, 1, (1, 1)), (56, 5, 2, (1, 2)), (14, 5, 1, (2, 2)), (7, 1, 1, (0, 0))],
)
def test_same_padding_puts_the_odd_pixel_at_the_end(size, kernel, stride, padding):
    assert same_padding(size, kernel, stride) == padding


def test_weights_of_another_network_are_refused():
    weights = read_checkpoint(installed_checkpoint())
    weights["_conv_stem.weight"] = weights["_conv_stem.weight"][:16]
    with pytest.raises(CheckpointError, match=r"_conv_stem\.weight of shape"):
        NetworkBuilder(weights).build()


def test_a_failed_export_leaves_no_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "bad.pth").write_bytes(b"not a checkpoint")
    arguments = ["export", "--checkpoint", str(tmp_path / "bad.pth"), "--output", str(tmp_path / "net.onnx")]
    monkeypatch.setattr("sys.argv", arguments)
    assert main() == 1
    assert "error: damaged pickle" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.pth"]
