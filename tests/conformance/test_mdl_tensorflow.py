"""acl.mdl on models that atc made of frozen TensorFlow graphs."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mdl_models import LoadedModel

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tensorflow_graph


@pytest.fixture
def model(acl, context, tmp_path: Path):
    """Conv2D to Softmax on images of 8 x 8 pixels, and the layer before the softmax as a second output."""
    weights = tensorflow_graph.small_network(tmp_path / "net.pb")
    command = [
        shutil.which("atc"),
        "--framework=3",
        f"--model={tmp_path / 'net.pb'}",
        f"--output={tmp_path / 'net'}",
        f"--soc_version={acl.get_soc_name()}",
        "--out_nodes=logits:0;prob:0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    loaded = LoadedModel(acl, tmp_path / "net.om")
    loaded.weights = weights
    yield loaded
    loaded.close()


@pytest.mark.rules("MDL-118")
def test_outputs_are_called_after_operator_and_edge(acl, model):
    names = [acl.mdl.get_output_name_by_index(model.desc, i) for i in range(2)]
    assert names == ["logits:0", "prob:0"]
    assert acl.mdl.get_input_name_by_index(model.desc, 0) == "x"


@pytest.mark.rules("MDL-013", "MDL-118")
def test_it_computes_what_the_graph_says(model):
    x = np.random.default_rng(1).standard_normal((1, 8, 8, 3)).astype(np.float32)
    model.inputs.write(0, x)
    assert model.execute() == 0
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))
    conv = np.einsum("yxcij,ijco->yxo", windows, model.weights["filter"]) + model.weights["bias"]
    pooled = np.maximum(conv, 0).reshape(4, 2, 4, 2, 4).max((1, 3))
    logits = pooled.reshape(1, 64) @ model.weights["dense"]
    np.testing.assert_allclose(model.outputs.read(0, np.float32, (1, 5)), logits, rtol=1e-4, atol=1e-4)
    shifted = np.exp(logits - logits.max())
    np.testing.assert_allclose(
        model.outputs.read(1, np.float32, (1, 5)), shifted / shifted.sum(), rtol=1e-3, atol=1e-6
    )
