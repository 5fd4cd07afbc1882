"""Models converted from Caffe networks."""

import shutil
import subprocess

import numpy as np
import pytest
from mdl_models import LoadedModel

NETWORK = """
name: "tiny"
input: "data" input_shape { dim: 1 dim: 2 dim: 3 dim: 4 }
layer { name: "double" type: "Power" bottom: "data" top: "twice" power_param { scale: 2 } }
layer { name: "floor" type: "ReLU" bottom: "twice" top: "twice" }
layer { name: "halves" type: "Slice" bottom: "twice" top: "left" top: "right" slice_param { axis: 3 } }
"""


@pytest.fixture
def caffe_om(acl, tmp_path):
    """The network has no weights; a caffemodel then holds its name only."""
    (tmp_path / "tiny.prototxt").write_text(NETWORK)
    (tmp_path / "tiny.caffemodel").write_bytes(b"\x0a\x04tiny")
    command = [shutil.which("atc"), "--framework=0", f"--model={tmp_path / 'tiny.prototxt'}",
               f"--weight={tmp_path / 'tiny.caffemodel'}", f"--output={tmp_path / 'tiny'}",
               f"--soc_version={acl.get_soc_name()}"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return tmp_path / "tiny.om"


@pytest.mark.rules("MDL-117")
def test_outputs_of_caffe_are_operator_edge_and_top(acl, context, caffe_om):
    model = LoadedModel(acl, caffe_om)
    names = [acl.mdl.get_output_name_by_index(model.desc, i) for i in range(2)]
    assert names == ["halves:0:left", "halves:1:right"]
    data = np.linspace(-1, 1, 24, dtype=np.float32).reshape(1, 2, 3, 4)
    model.inputs.write(0, data)
    assert model.execute() == 0
    for i, wanted in enumerate(np.split(np.maximum(2 * data, 0), 2, 3)):
        np.testing.assert_allclose(model.outputs.read(i, np.float32, wanted.shape), wanted, rtol=1e-6)
    model.inputs.free()
    model.outputs.free()
    assert acl.mdl.destroy_desc(model.desc) == 0
    assert acl.mdl.unload(model.id) == 0
