"""LSTMs in every form, of which the engine computes some and Cairn others, next to ONNX Runtime."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import SOC, Command
from onnx import TensorProto, helper, numpy_helper
from programs import environment

STEPS, LENGTH = 9, 5
GATES = 4

# Direction, hidden size, attributes, inputs beyond X, W, R and B.
FORMS = {
    "forward": ("forward", 16, {}, ()),
    "reverse": ("reverse", 33, {}, ("h", "c")),
    "both": ("bidirectional", 20, {}, ("h", "c")),
    "one unit": ("bidirectional", 1, {}, ()),
    "large": ("bidirectional", 256, {}, ("h",)),  # Enough weights to be kept on disk.
    "without bias": ("forward", 8, {}, ("no bias",)),
    "clipped": ("bidirectional", 16, {"clip": 0.2}, ("h", "c")),
    "other functions": ("forward", 16, {"activations": ["Sigmoid", "Relu", "Tanh"]}, ()),
    "lengths": ("bidirectional", 16, {}, ("lengths", "h")),
    "own weights": ("forward", 8, {}, ("weights given",)),
}


def network(batch: int) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """One network with an LSTM of every form, all of which read x [STEPS, batch, LENGTH]; and its inputs."""
    random = np.random.default_rng(4)
    x = random.normal(size=(STEPS, batch, LENGTH)).astype(np.float32)
    given, weights, nodes, outputs = {"x": x}, [], [], []

    def constant(name: str, values: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(values.astype(values.dtype), name))
        return name

    def matrix(*shape: int) -> np.ndarray:
        return (random.normal(size=shape) * shape[-1] ** -0.5).astype(np.float32)

    for form, (direction, hidden, attributes, others) in FORMS.items():
        name = form.replace(" ", "_")
        directions = 2 if direction == "bidirectional" else 1
        recurrent = matrix(directions, GATES * hidden, hidden)
        if "weights given" in others:
            given[f"{name}_r"] = recurrent
        else:
            constant(f"{name}_r", recurrent)
        inputs = [
            "x",
            constant(f"{name}_w", matrix(directions, GATES * hidden, LENGTH)),
            f"{name}_r",
            "" if "no bias" in others else constant(f"{name}_b", matrix(directions, 2 * GATES * hidden)),
            constant(f"{name}_s", np.array([STEPS, 2, 4, 1, 7, STEPS][:batch], np.int32))
            if "lengths" in others
            else "",
        ]
        for state in "hc":
            if state in others:
                given[f"{name}_{state}"] = random.normal(size=(directions, batch, hidden)).astype(np.float32)
            inputs.append(f"{name}_{state}" if state in others else "")
        found = [f"{name}_{output}" for output in ("y", "y_h", "y_c")]
        outputs += found
        nodes.append(
            helper.make_node(
                "LSTM", inputs, found, name=name, hidden_size=hidden, direction=direction, **attributes
            )
        )
    graph = helper.make_graph(
        nodes,
        "lstms",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, v.shape) for n, v in given.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model), given


PROGRAM = """
import sys
import acl, numpy as np

def check(*values):
    assert values[-1] == 0, acl.get_recent_err_msg()
    return values[0]

check(acl.init()), check(acl.rt.set_device(0))
model = check(*acl.mdl.load_from_file(sys.argv[1]))
desc = acl.mdl.create_desc()
check(acl.mdl.get_desc(desc, model))
given = np.load(sys.argv[2])

def dataset(sizes):
    handle, places = acl.mdl.create_dataset(), []
    for size in sizes:
        places.append((check(*acl.rt.malloc(size, 0)), size))
        check(*acl.mdl.add_dataset_buffer(handle, acl.create_data_buffer(*places[-1])))
    return handle, places

inputs, sources = dataset([acl.mdl.get_input_size_by_index(desc, i) for i in range(acl.mdl.get_num_inputs(desc))])
outputs, targets = dataset([acl.mdl.get_output_size_by_index(desc, i) for i in range(acl.mdl.get_num_outputs(desc))])
for i, (address, size) in enumerate(sources):
    data = given[acl.mdl.get_input_name_by_index(desc, i)].tobytes()
    check(acl.rt.memcpy(address, size, acl.util.bytes_to_ptr(data), len(data), 1))
for _ in range(2):
    check(acl.mdl.execute(model, inputs, outputs))
results = []
for address, size in targets:
    found = bytes(size)
    check(acl.rt.memcpy(acl.util.bytes_to_ptr(found), size, address, size, 2))
    results.append(np.frombuffer(found, np.float32))
np.savez(sys.argv[3], *results)
"""


# Sequences share passes over the weights in fours or twos; more than four are ours only where LSTMs share their input.
@pytest.mark.parametrize(("threads", "batch"), [("1", 1), ("2", 3), ("1", 4), ("2", 6)])
def test_an_lstm_of_each_form_computes_what_onnx_runtime_does(
    threads: str, batch: int, atc: Command, tmp_path: Path
):
    model, given = network(batch)
    source = tmp_path / "lstms.onnx"
    onnx.save(model, source)
    done = atc(f"--model={source}", "--framework=5", "--output=lstms", f"--soc_version={SOC}")
    assert done.returncode == 0, done.stdout
    np.savez(tmp_path / "given.npz", **given)
    session = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
    expected = session.run(None, given)
    names = [output.name for output in session.get_outputs()]
    for _ in range(2):  # Compiled, then from the cache on disk.
        subprocess.run(
            [
                *(sys.executable, "-c", PROGRAM),
                *(tmp_path / name for name in ("lstms.om", "given.npz", "found.npz")),
            ],
            env=environment(
                tmp_path / "registry",
                HOME=str(tmp_path),
                CAIRN_CACHE_DIR=str(tmp_path / "cache"),
                CAIRN_THREADS=threads,
            ),
            check=True,
            timeout=120,
        )
        found = np.load(tmp_path / "found.npz")
        for i, (name, values) in enumerate(zip(names, expected, strict=True)):
            np.testing.assert_allclose(found[f"arr_{i}"], values.ravel(), rtol=1e-4, atol=1e-6, err_msg=name)
        assert len(list((tmp_path / "cache").glob("*.blob"))) == 1
