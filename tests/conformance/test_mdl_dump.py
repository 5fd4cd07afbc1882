"""Dumps: acl.mdl.init_dump, set_dump, finalize_dump, and the dump section of acl.init's file."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import dump_reader
import gear_models
import mdl_models
import numpy as np
import onnx
import onnxruntime
import pytest
from mdl_models import LoadedModel, atc, two_by_two
from onnx import TensorProto, helper
from single_operators import Operators, compile_operators, operator, tensor
from test_mdl_shape_ranges import OpenModel, picture

INVALID_DUMP_CONFIG = 100009
DUMP_ALREADY_RUN, DUMP_NOT_RUN = 100044, 100045


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return two_by_two(tmp_path_factory.mktemp("models"), "two")


@pytest.fixture(scope="module")
def om(network):
    return atc(network)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "dumps"
    path.mkdir()
    return path


def inputs(seed=5):
    random = np.random.default_rng(seed)
    return [
        random.standard_normal((2, 3, 8, 10)).astype(np.float32),
        random.uniform(-50, 50, (1, 4, 1, 1)).astype(np.float32),
    ]


def layers(network: Path, values) -> dict[str, np.ndarray]:
    """Every tensor that ONNX Runtime computes."""
    model = onnx.load(network)
    del model.graph.output[:]
    names = [name for node in model.graph.node for name in node.output]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = dict(zip([each.name for each in session.get_inputs()], values, strict=True))
    return dict(zip(names, session.run(None, feeds), strict=True))


def write_config(path: Path, **dump) -> str:
    path.write_text(json.dumps({"dump": dump}))
    return str(path)


class DumpCalls:
    """init_dump and set_dump with a configuration; finalize_dump comes in any case."""

    def __init__(self, acl, path, **dump):
        self.acl, self.path = acl, write_config(path, **dump)

    def __enter__(self):
        assert self.acl.mdl.init_dump() == 0
        assert self.acl.mdl.set_dump(self.path) == 0, self.acl.get_recent_err_msg()
        return self

    def __exit__(self, *_):
        assert self.acl.mdl.finalize_dump() == 0


def execute(acl, om, values, times=1, stream=None):
    """Loads, executes, unloads; returns the model's id."""
    model = LoadedModel(acl, om)
    for index, array in enumerate(values):
        model.inputs.write(index, array)
    for _ in range(times):
        if stream is None:
            assert model.execute() == 0, acl.get_recent_err_msg()
        else:
            assert acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, stream) == 0
    if stream is not None:
        assert acl.rt.synchronize_stream(stream) == 0
    model.close()
    return model.id


@pytest.mark.rules("DUMP-021", "SYS-006", "SYS-013", "DUMP-031", "DUMP-005")
def test_every_layers_output_is_what_the_network_computes(acl, context, network, om, folder, tmp_path):
    values = inputs()
    with DumpCalls(
        acl, tmp_path / "c.json", dump_path=str(folder), dump_list=[{"model_name": "two"}], dump_mode="output"
    ):
        model_id = execute(acl, om, values)
    found = dump_reader.read_all(folder)
    truth = layers(network, values)
    assert set(found) == {"image", "offset", "conv", "plus", "to_int"}
    np.testing.assert_array_equal(found["image"].outputs[0], values[0])
    np.testing.assert_allclose(found["conv"].outputs[0], truth["features"], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["plus"].outputs[0], truth["total"], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found["to_int"].outputs[0], truth["count"])
    assert found["conv"].outputs[0].shape == (2, 4, 8, 10)
    assert found["conv"].inputs == []
    assert found["conv"].type == "Conv2D"
    # dump_path/time/device/model/id/execution
    parts = found["conv"].path.relative_to(folder).parts
    assert re.fullmatch(r"20\d{12}", parts[0])
    assert parts[1:5] == ("0", "two", str(model_id), "0")
    assert abs(found["conv"].time / 1e6 - time.time()) < 600


@pytest.mark.rules("SYS-006", "DUMP-006")
@pytest.mark.parametrize("mode", ["input", "all"])
def test_inputs_are_dumped_where_they_are_asked_for(acl, context, network, om, folder, tmp_path, mode):
    values = inputs()
    dump = {
        "dump_path": str(folder),
        "dump_mode": mode,
        "dump_list": [{"model_name": "two", "layer": ["conv", "plus"]}],
    }
    with DumpCalls(acl, tmp_path / "c.json", **dump):
        execute(acl, om, values)
    found = dump_reader.read_all(folder)
    truth = layers(network, values)
    assert set(found) == {"conv", "plus"}
    kernel = onnx.numpy_helper.to_array(onnx.load(network).graph.initializer[0])
    np.testing.assert_array_equal(found["conv"].inputs[0], values[0])
    np.testing.assert_array_equal(found["conv"].inputs[1], kernel)
    np.testing.assert_allclose(found["plus"].inputs[0], truth["features"], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found["plus"].inputs[1], values[1])
    assert len(found["plus"].outputs) == (1 if mode == "all" else 0)


@pytest.mark.rules("DUMP-029", "DUMP-030")
def test_only_the_listed_layers_of_the_listed_models(acl, context, om, folder, tmp_path):
    other = atc(two_by_two(tmp_path, "other"))
    models = [{"model_name": "two", "layer": ["plus", "no such layer"]}, {"model_name": "third"}]
    with DumpCalls(acl, tmp_path / "c.json", dump_path=str(folder), dump_list=models):
        first = execute(acl, om, inputs())
        execute(acl, other, inputs())
    found = dump_reader.read_all(folder)
    assert set(found) == {"plus"}
    assert found["plus"].path.parts[-3:-1] == (str(first), "0")


@pytest.mark.rules("DUMP-029")
def test_several_models_in_one_configuration(acl, context, om, folder, tmp_path):
    other = atc(two_by_two(tmp_path, "other"))
    models = [{"model_name": "two", "layer": ["plus"]}, {"model_name": "other", "layer": ["conv"]}]
    with DumpCalls(acl, tmp_path / "c.json", dump_path=str(folder), dump_list=models):
        execute(acl, om, inputs())
        execute(acl, other, inputs())
    paths = sorted(path.relative_to(folder).parts[2:] for path in folder.rglob("*.*.*.*.*"))
    assert [(parts[0], parts[-1].split(".")[1]) for parts in paths] == [("other", "conv"), ("two", "plus")]


@pytest.mark.rules("SYS-006")
def test_ranges_and_exclusions(acl, context, om, folder, tmp_path):
    ranged = {"model_name": "two", "opname_range": [{"begin": "conv", "end": "plus"}]}
    with DumpCalls(acl, tmp_path / "c.json", dump_path=str(folder), dump_list=[ranged]):
        execute(acl, om, inputs())
    assert set(dump_reader.read_all(folder)) == {"conv", "plus"}
    shutil.rmtree(folder)
    folder.mkdir()
    excluding = {
        "model_name": "two",
        "optype_blacklist": [{"name": "Data"}, {"name": "Add", "pos": ["input0"]}],
        "opname_blacklist": [{"name": "to_int"}],
    }
    with DumpCalls(acl, tmp_path / "c.json", dump_path=str(folder), dump_list=[excluding], dump_mode="all"):
        execute(acl, om, inputs())
    found = dump_reader.read_all(folder)
    assert set(found) == {"conv", "plus"}
    assert found["plus"].inputs[0].size == 0
    assert found["plus"].inputs[1].size == 4


@pytest.mark.rules("SYS-006")
def test_dump_step_chooses_executions(acl, stream, om, folder, tmp_path):
    dump = {
        "dump_path": str(folder),
        "dump_list": [{"model_name": "two", "layer": ["plus"]}],
        "dump_step": "0|2-3",
    }
    with DumpCalls(acl, tmp_path / "c.json", **dump):
        execute(acl, om, inputs(), times=5, stream=stream)
    assert sorted(path.parent.name for path in folder.rglob("*.*.*.*.*")) == ["0", "2", "3"]


@pytest.mark.rules("SYS-006")
def test_statistics_instead_of_tensors(acl, context, network, om, folder, tmp_path):
    values = inputs()
    dump = {
        "dump_path": str(folder),
        "dump_list": [{"model_name": "two", "layer": ["plus"]}],
        "dump_data": "stats",
    }
    with DumpCalls(acl, tmp_path / "c.json", **dump, dump_mode="all"):
        execute(acl, om, values)
    (path,) = [each for each in folder.rglob("*") if each.is_file()]
    assert path.suffix == ".csv"
    header, first, second, output = [line.split(",") for line in path.read_text().splitlines()]
    assert header[:6] == ["Input/Output", "Index", "Data Size", "Data Type", "Format", "Shape"]
    assert (first[:2], second[:2], output[:2]) == (["Input", "0"], ["Input", "1"], ["Output", "0"])
    row = dict(zip(header, output, strict=True))
    total = layers(network, values)["total"]
    assert (row["Data Size"], row["Data Type"], row["Shape"]) == (str(total.nbytes), "DT_FLOAT", "2x4x8x10")
    assert float(row["Max Value"]) == pytest.approx(total.max(), rel=1e-4)
    assert float(row["Min Value"]) == pytest.approx(total.min(), rel=1e-4)
    assert float(row["Avg Value"]) == pytest.approx(total.mean(), rel=1e-3)
    assert (row["Nan Count"], row["Positive Inf Count"]) == ("0", "0")
    shutil.rmtree(folder)
    folder.mkdir()
    with DumpCalls(acl, tmp_path / "c.json", **dump, dump_stats=["L2norm", "Max"]):
        execute(acl, om, values)
    (path,) = [each for each in folder.rglob("*") if each.is_file()]
    header, output = [line.split(",") for line in path.read_text().splitlines()]
    assert header[6:] == ["Max Value", "l2norm"]
    assert float(output[7]) == pytest.approx(np.linalg.norm(total), rel=1e-4)


@pytest.mark.rules("DUMP-022", "DUMP-023", "SYS-013")
def test_two_executions_with_different_settings(acl, context, om, tmp_path):
    for name, layer in (("first", "conv"), ("second", "plus")):
        (tmp_path / name).mkdir()
        dump = {"dump_path": str(tmp_path / name), "dump_list": [{"model_name": "two", "layer": [layer]}]}
        assert acl.mdl.init_dump() == 0
        assert acl.mdl.set_dump(write_config(tmp_path / f"{name}.json", **dump)) == 0
        model = LoadedModel(acl, om)
        assert model.execute() == 0
        assert acl.mdl.finalize_dump() == 0
        model.close()
    assert set(dump_reader.read_all(tmp_path / "first")) == {"conv"}
    assert set(dump_reader.read_all(tmp_path / "second")) == {"plus"}


@pytest.mark.rules("DUMP-024", "DUMP-032")
def test_nothing_is_dumped_after_finalize_dump(acl, context, om, folder, tmp_path):
    assert acl.mdl.init_dump() == 0
    dump = {"dump_path": str(folder), "dump_list": [{"model_name": "two"}]}
    assert acl.mdl.set_dump(write_config(tmp_path / "c.json", **dump)) == 0
    model = LoadedModel(acl, om)
    assert model.execute() == 0
    assert acl.mdl.finalize_dump() == 0
    before = sorted(folder.rglob("*"))
    assert len(before) > 5
    assert model.execute() == 0
    model.close()
    execute(acl, om, inputs())
    assert sorted(folder.rglob("*")) == before


@pytest.mark.rules("DUMP-026")
def test_a_model_that_was_loaded_before_is_not_dumped(acl, context, om, folder, tmp_path):
    model = LoadedModel(acl, om)
    with DumpCalls(acl, tmp_path / "c.json", dump_path=str(folder), dump_list=[{"model_name": "two"}]):
        assert model.execute() == 0
        assert list(folder.iterdir()) == []
        execute(acl, om, inputs())
    model.close()
    assert len(dump_reader.read_all(folder)) == 5


@pytest.mark.rules("DUMP-026", "SYS-012")
def test_init_dump_needs_init(run_python):
    done = run_python("import acl\nprint(acl.mdl.init_dump(), acl.init(), acl.mdl.init_dump())")
    assert done.stdout.split() == ["100001", "0", "0"]


@pytest.mark.rules("DUMP-021", "APP-024", "APP-019")
def test_set_and_finalize_need_init_dump(acl, tmp_path, folder):
    config = write_config(tmp_path / "c.json", dump_path=str(folder), dump_list=[{"model_name": "two"}])
    assert acl.mdl.set_dump(config) == DUMP_NOT_RUN
    assert acl.mdl.finalize_dump() == DUMP_NOT_RUN
    assert acl.mdl.init_dump() == 0
    assert acl.mdl.set_dump(config) == 0
    assert acl.mdl.finalize_dump() == 0
    assert acl.mdl.finalize_dump() == DUMP_NOT_RUN


@pytest.mark.rules("APP-020")
def test_init_dump_twice_is_a_repeated_initialisation(acl):
    assert acl.mdl.init_dump() == 0
    assert acl.mdl.init_dump() == 100002
    assert acl.mdl.finalize_dump() == 0


@pytest.mark.rules("DUMP-028")
def test_set_dump_without_a_file_dumps_nothing(acl, context, om, folder):
    assert acl.mdl.init_dump() == 0
    assert acl.mdl.set_dump() == 0
    execute(acl, om, inputs())
    assert acl.mdl.finalize_dump() == 0
    assert list(folder.iterdir()) == []


@pytest.mark.rules("DUMP-028", "SYS-032")
def test_set_dump_refuses_a_path_that_is_no_file(acl, tmp_path):
    assert acl.mdl.init_dump() == 0
    assert acl.mdl.set_dump(str(tmp_path / "missing.json")) == 100003
    assert acl.mdl.set_dump(str(tmp_path)) == 100003
    (tmp_path / "bad.json").write_text("{")
    assert acl.mdl.set_dump(str(tmp_path / "bad.json")) == 100006
    assert acl.mdl.finalize_dump() == 0


GOOD = {"dump_path": "dumps", "dump_list": [{"model_name": "two"}]}


@pytest.mark.rules("DUMP-021", "DUMP-032")
@pytest.mark.parametrize("mode", ["all", "input", "output"])
def test_single_operators_are_dumped(acl, stream, tmp_path, folder, mode):
    ops = Operators(acl, stream)
    source = tmp_path / "operators"
    compile_operators(acl, source, [operator("Sub", [tensor([2, 3])] * 2, [tensor([2, 3])])])
    for om in source.glob("*.om"):
        data = om.read_bytes()
        assert acl.op.load(acl.util.bytes_to_ptr(data), len(data)) == 0
    config = {"dump_path": str(folder), "dump_list": [], "dump_op_switch": "on", "dump_mode": mode}
    (tmp_path / "dump.json").write_text(json.dumps({"dump": config}))
    x, y = np.float32([[1, 2, 3], [4, 5, 6]]), np.float32([[9, 8, 7], [1, 1, 1]])
    ops.run("Sub", [x, y], [x])
    assert acl.mdl.init_dump() == 0
    assert acl.mdl.set_dump(str(tmp_path / "dump.json")) == 0
    (first,) = ops.run("Sub", [x, y], [x])
    (second,) = ops.run("Sub", [first, y], [x])  # Its input is overwritten by nobody, but the order shows.
    # In place: what the operator read is gone when it has run.
    desc, (a, b) = ops.desc([2, 3]), (ops.buffer(x), ops.buffer(y))
    assert acl.op.execute_v2("Sub", [desc] * 2, [a, b], [desc], [a], ops.attr(), stream) == 0
    assert ops.synchronize() == 0
    assert acl.mdl.finalize_dump() == 0
    ops.run("Sub", [x, y], [x])
    ops.close()
    np.testing.assert_array_equal(second, x - 2 * y)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert {path.parent.name for path in files} == {str(acl.rt.get_device()[0])}
    assert re.fullmatch(r"\d{14}", files[0].parent.parent.name)
    dumped = sorted((dump_reader.read(path) for path in files), key=lambda one: one.time)
    assert [one.type for one in dumped] == ["Sub"] * 3
    read = [[x, y], [x - y, y], [x, y]] if mode != "output" else [[]] * 3
    wrote = [[x - y], [x - 2 * y], [x - y]] if mode != "input" else [[]] * 3
    for one, inputs_, outputs_ in zip(dumped, read, wrote, strict=True):
        np.testing.assert_array_equal(one.inputs, inputs_)
        np.testing.assert_array_equal(one.outputs, outputs_)


@pytest.mark.rules("APP-023", "DUMP-029")
@pytest.mark.parametrize(
    "change",
    [
        {"dump_path": ""},
        {"dump_path": "missing"},
        {"dump_path": 7},
        {"dump_mode": "both"},
        {"dump_mode": 1},
        {"dump_level": "card"},
        {"dump_op_switch": "yes"},
        {"dump_list": {}},
        {"dump_list": []},
        {"dump_list": [{}]},
        {"dump_list": ["two"]},
        {"dump_list": [{"model_name": 3}]},
        {"dump_list": [{"model_name": ""}]},
        {"dump_list": [{"model_name": "two", "layer": "conv"}]},
        {"dump_list": [{"model_name": "two", "layer": [1]}]},
        {"dump_list": [{"model_name": "two", "opname_range": [{"begin": "conv"}]}]},
        {"dump_list": [{"model_name": "two", "opname_blacklist": [{"name": "conv", "pos": ["weights"]}]}]},
        {"dump_step": "3-1"},
        {"dump_step": "a"},
        {"dump_step": "|".join(map(str, range(101)))},
        {"dump_data": "pictures"},
        {"dump_stats": ["Median"]},
        {"dump_scene": "lite_exception"},
        {"dump_scene": "nothing"},
        {"dump_debug": "on"},
        {"dump_debug": True},
    ],
)
def test_a_wrong_dump_section_is_refused(acl, tmp_path, folder, monkeypatch, change):
    monkeypatch.chdir(tmp_path)
    assert acl.mdl.init_dump() == 0
    assert acl.mdl.set_dump(write_config(tmp_path / "good.json", **GOOD)) == 0
    assert acl.mdl.set_dump(write_config(tmp_path / "bad.json", **{**GOOD, **change})) == INVALID_DUMP_CONFIG
    assert re.match(r"\[(DUMP|SYS)-\d+\]", acl.get_recent_err_msg())
    assert acl.mdl.finalize_dump() == 0


PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(mdl_models.__file__).parent)!r})
import acl, mdl_models
print(acl.init(sys.argv[1] if len(sys.argv) > 1 else "acl.json"))
acl.rt.set_device(0)
model = mdl_models.LoadedModel(acl, "two.om")
assert model.execute() == 0
model.close()
print(acl.mdl.init_dump(), acl.mdl.set_dump("acl.json"), acl.mdl.finalize_dump())
assert acl.finalize() == 0
"""


@pytest.mark.rules("DUMP-025", "DUMP-027", "APP-024", "SYS-004")
def test_a_dump_of_inits_file(run_python, tmp_path, om, folder):
    shutil.copy(om, tmp_path / "two.om")
    write_config(tmp_path / "acl.json", **GOOD)
    done = run_python(PROGRAM)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", *[str(DUMP_ALREADY_RUN)] * 3]
    assert set(dump_reader.read_all(folder)) == {"image", "offset", "conv", "plus", "to_int"}


@pytest.mark.rules("DUMP-003")
def test_a_relative_path_is_found_beside_the_executable(tmp_path, om):
    """The interpreter is copied, so that it has a directory of its own."""
    program = tmp_path / "application"
    (program / "results").mkdir(parents=True)
    shutil.copy(Path(sys.executable).resolve(), program / "python")
    work = tmp_path / "work"
    work.mkdir()
    shutil.copy(om, work / "two.om")
    write_config(work / "acl.json", dump_path="results", dump_list=[{"model_name": "two"}])
    (work / "program.py").write_text(PROGRAM)
    paths = os.pathsep.join(path for path in sys.path if path)
    env = {**os.environ, "PYTHONHOME": sysconfig.get_config_var("prefix"), "PYTHONPATH": paths}
    done = subprocess.run(
        [program / "python", "program.py"], cwd=work, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert len(dump_reader.read_all(program / "results")) == 5
    assert not (work / "results").exists()


@pytest.mark.rules("DUMP-005")
def test_signs_that_a_file_name_cannot_hold(acl, context, folder, tmp_path):
    network = mdl_models.save(
        tmp_path / "odd.onnx",
        [helper.make_node("Relu", ["x"], ["y"], name="block.1/relu x\\2")],
        [("x", TensorProto.FLOAT, (4,))],
        [("y", TensorProto.FLOAT, (4,))],
    )
    with DumpCalls(acl, tmp_path / "c.json", dump_path=str(folder), dump_list=[{"model_name": "odd"}]):
        execute(acl, atc(network), [np.float32([-1, 2, -3, 4])])
    found = dump_reader.read_all(folder)
    assert set(found) == {"x", "block_1_relu_x_2"}
    assert found["block_1_relu_x_2"].op_name == "block.1/relu x\\2"
    np.testing.assert_array_equal(found["block_1_relu_x_2"].outputs[0], [0, 2, 0, 4])


@pytest.mark.rules("SYS-006")
def test_a_static_aipp_is_a_layer_of_its_own(acl, context, folder, tmp_path):
    network = mdl_models.identity_image(tmp_path, 4, 6)
    (tmp_path / "aipp.cfg").write_text(
        "aipp_op { aipp_mode: static input_format: RGB888_U8 src_image_size_w: 6 src_image_size_h: 4 "
        "mean_chn_0: 10 mean_chn_1: 20 mean_chn_2: 30 }"
    )
    om = atc(network, f"--insert_op_conf={tmp_path / 'aipp.cfg'}")
    image = np.random.default_rng(2).integers(0, 256, (1, 4, 6, 3)).astype(np.uint8)
    with DumpCalls(acl, tmp_path / "c.json", dump_path=str(folder), dump_list=[{"model_name": "seen"}]):
        execute(acl, om, [image])
    by_type = {one.type: one for one in dump_reader.read_all(folder).values()}
    np.testing.assert_array_equal(by_type["Data"].outputs[0].reshape(image.shape), image)
    wanted = image.astype(np.float32).transpose(0, 3, 1, 2) - np.float32([10, 20, 30]).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(by_type["Aipp"].outputs[0], wanted, atol=1e-3)
    np.testing.assert_allclose(by_type["Add"].outputs[0], wanted, atol=1e-3)


@pytest.mark.rules("SYS-006")
def test_the_results_of_a_dumped_model_are_right(acl, context, network, om, folder, tmp_path):
    values = inputs()
    with DumpCalls(acl, tmp_path / "c.json", dump_path=str(folder), dump_list=[{"model_name": "two"}]):
        model = LoadedModel(acl, om)
        for index, array in enumerate(values):
            model.inputs.write(index, array)
        for _ in range(3):
            assert model.execute() == 0
        truth = layers(network, values)
        np.testing.assert_allclose(
            model.outputs.read(0, np.float32, (2, 4, 8, 10)), truth["total"], rtol=1e-4, atol=1e-5
        )
        np.testing.assert_array_equal(model.outputs.read(1, np.int32, (1, 4, 1, 1)), truth["count"])
        model.close()


@pytest.mark.rules("SYS-006")
def test_each_gear_is_dumped_in_its_own_shape(acl, context, folder, tmp_path):
    network, om = gear_models.batch_model(tmp_path, 1, 2, 4)
    with DumpCalls(
        acl,
        tmp_path / "c.json",
        dump_path=str(folder),
        dump_mode="all",
        dump_list=[{"model_name": "batches"}],
    ):
        model = gear_models.GearModel(acl, om)
        random = np.random.default_rng(1)
        images = random.standard_normal((4, 3, 6, 8)).astype(np.float32)
        model.inputs.write(0, images)
        for batch in (2, 4, 2):
            assert model.set_batch(batch) == 0
            assert model.execute() == 0, acl.get_recent_err_msg()
        model.close()
    for execution, batch in enumerate((2, 4, 2)):
        (part,) = folder.rglob(f"batches/{model.id}/{execution}")
        found = dump_reader.read_all(part)
        truth = layers(network, [images[:batch]])
        assert {"image", "conv", "pool"} <= set(found)
        np.testing.assert_array_equal(found["image"].outputs[0], images[:batch])
        np.testing.assert_array_equal(found["conv"].inputs[0], images[:batch])
        np.testing.assert_allclose(found["conv"].outputs[0], truth["features"], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found["pool"].outputs[0], truth["pooled"], rtol=1e-4, atol=1e-5)


def compare_with_onnx_runtime(folder: Path, network: Path, values: list[np.ndarray]) -> None:
    """Each output in the dump is what the network computes, in its shape; at least one is there."""
    truth = layers(network, values)
    seen = 0
    for node in onnx.load(network).graph.node:
        one = dump_reader.read_all(folder).get(node.name)
        for name, found in zip(node.output, one.outputs if one else [], strict=bool(one)):
            np.testing.assert_allclose(found, truth[name], rtol=1e-4, atol=1e-5)
            seen += 1
    assert seen > 0


@pytest.mark.needs("acl.mdl.set_dataset_tensor_desc")
@pytest.mark.rules("DUMP-021")
def test_layers_in_the_shapes_of_each_execution(acl, context, folder, tmp_path):
    network, om = gear_models.range_model(tmp_path, "image:1~4,3,-1,2~16")
    with DumpCalls(
        acl, tmp_path / "c.json", dump_path=str(folder), dump_list=[{"model_name": "ranges"}], dump_mode="all"
    ):
        model = OpenModel(acl, om, 1, 2)
        shapes = ((2, 3, 5, 4), (1, 3, 7, 16), (2, 3, 5, 4))
        for seed, shape in enumerate(shapes):
            model.inputs.write(0, picture(*shape, seed=seed))
            assert model.set_shape(shape) == 0
            assert model.execute() == 0, acl.get_recent_err_msg()
        for seed, shape in enumerate(shapes):
            (run,) = folder.rglob(f"{model.id}/{seed}")
            value = picture(*shape, seed=seed)
            np.testing.assert_array_equal(dump_reader.read_all(run)["image"].outputs[0], value)
            compare_with_onnx_runtime(run, network, [value])
        model.close()


@pytest.mark.needs("acl.mdl.set_dataset_tensor_desc")
@pytest.mark.rules("DUMP-021")
def test_layers_whose_size_depends_on_the_values(acl, context, folder, tmp_path):
    network, om = gear_models.found_model(tmp_path)
    with DumpCalls(
        acl,
        tmp_path / "c.json",
        dump_path=str(folder),
        dump_list=[{"model_name": "found"}],
        dump_mode="output",
    ):
        model = OpenModel(acl, om, 1, 2)
        value = np.zeros((3, 5), np.float32)
        for count in range(3):
            value[count, count + 1] = count + 2
            model.inputs.write(0, value)
            assert model.execute() == 0, acl.get_recent_err_msg()
            (run,) = folder.rglob(f"{model.id}/{count}")
            assert dump_reader.read_all(run)["find"].outputs[0].shape == (2, count + 1)
            compare_with_onnx_runtime(run, network, [value])
        model.close()
