"""msaccucmp as section 7.12 uses it, on the files of a dump and of an overflow dump."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from dump_reader import read
from mdl_models import LoadedModel, atc, save
from onnx import TensorProto, helper


def msaccucmp(*words, cwd) -> None:
    tool = shutil.which("msaccucmp")
    assert tool is not None, "msaccucmp is not on the path"
    done = subprocess.run([tool, *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def dumped(acl, context, tmp_path):
    """dumped(node, value, **dump): the files of one execution of a network with one operator."""

    def run(node, value, **dump):
        network = save(
            tmp_path / "one.onnx", [node], [("x", TensorProto.FLOAT, (3,))], [("y", TensorProto.FLOAT, (3,))]
        )
        (tmp_path / "dump").mkdir()
        config = {"dump_path": str(tmp_path / "dump"), **dump}
        (tmp_path / "c.json").write_text(json.dumps({"dump": config}))
        assert acl.mdl.init_dump() == 0
        assert acl.mdl.set_dump(str(tmp_path / "c.json")) == 0
        model = LoadedModel(acl, atc(network))
        model.inputs.write(0, np.float32(value))
        assert model.execute() == 0
        assert acl.mdl.finalize_dump() == 0
        model.close()
        return sorted(path for path in (tmp_path / "dump").rglob("*") if path.is_file())

    return run


@pytest.fixture
def layers(dumped):
    return dumped(
        helper.make_node("Relu", ["x"], ["y"], name="pool1"),
        [-1, 2, 3],
        dump_list=[{"model_name": "one"}],
        dump_mode="all",
    )


@pytest.mark.rules("DUMP-009", "DUMP-010")
def test_a_file_becomes_numpy_files_that_are_named_after_it(layers, tmp_path):
    (relu,) = [path for path in layers if path.name.startswith("Relu.pool1.")]
    msaccucmp("convert", "-d", relu, "-out", tmp_path / "npy", "-v", "2", cwd=tmp_path)
    assert sorted(path.name for path in (tmp_path / "npy").iterdir()) == [
        f"{relu.name}.input.0.npy",
        f"{relu.name}.output.0.npy",
    ]
    np.testing.assert_array_equal(
        np.load(tmp_path / "npy" / f"{relu.name}.input.0.npy"), np.float32([-1, 2, 3])
    )
    np.testing.assert_array_equal(
        np.load(tmp_path / "npy" / f"{relu.name}.output.0.npy"), np.float32([0, 2, 3])
    )


@pytest.mark.rules("DUMP-009")
def test_a_directory_converts_all_of_its_files(layers, tmp_path):
    msaccucmp("convert", "-d", layers[0].parent, "-out", tmp_path / "npy", "-v", "2", cwd=tmp_path)
    converted = {path.name.rsplit(".", 3)[0] for path in (tmp_path / "npy").iterdir()}
    assert converted == {path.name for path in layers}
    assert len(converted) == 2


@pytest.fixture
def overflow_data(dumped):
    files = dumped(helper.make_node("Exp", ["x"], ["y"], name="exp"), [1, 2, 100], dump_debug="on")
    (data,) = [path for path in files if path.name.startswith("OpDebug.")]
    (operator,) = [path for path in files if path != data]
    return data, operator


@pytest.mark.rules("DUMP-011", "DUMP-012", "DUMP-013", "DUMP-014", "DUMP-017")
def test_overflow_data_become_json(overflow_data, tmp_path):
    data, operator = overflow_data
    msaccucmp("convert", "-d", data, "-out", tmp_path / "result", cwd=tmp_path)
    (path,) = (tmp_path / "result").iterdir()
    assert path.suffix == ".json"
    found = json.loads(path.read_text())
    common = ["model_id", "stream_id", "task_id", "task_type", "pc_start", "para_base"]
    assert list(found) == ["DHA Atomic Add", "L2 Atomic Add", "AI Core"]
    assert list(found["DHA Atomic Add"]) == list(found["L2 Atomic Add"]) == [*common, "status"]
    core = found["AI Core"]
    assert list(core) == [*common, "kernel_code", "block_idx", "status"]
    assert core["kernel_code"] == core["pc_start"]
    for name, value in core.items():
        if name in ("pc_start", "para_base", "kernel_code"):
            assert value.startswith("0x")
            int(value, 16)
        else:
            assert isinstance(value, int)
    assert core["status"] == 0x20
    assert core["task_id"] == read(operator).task
    assert (found["DHA Atomic Add"]["status"], found["L2 Atomic Add"]["status"]) == (0, 0)


@pytest.mark.rules("DUMP-011")
def test_without_out_the_result_is_in_the_current_directory(overflow_data, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    msaccucmp("convert", "-d", overflow_data[0], cwd=here)
    assert [path.suffix for path in here.iterdir()] == [".json"]


@pytest.fixture
def converted(tmp_path, monkeypatch):
    """converted(**variables): the files that a conversion leaves beside the om file, by name."""

    def run(**variables):
        network = save(
            tmp_path / "one.onnx",
            [helper.make_node("Add", ["x", "w"], ["y"], name="plus")],
            [("x", TensorProto.FLOAT, (3,))],
            [("y", TensorProto.FLOAT, (3,))],
            {"w": np.float32([1, 2, 3])},
        )
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        work = tmp_path / "work"
        work.mkdir()
        monkeypatch.chdir(work)
        atc(network)
        return {path.name: path.read_text() for path in work.iterdir()}

    return run


@pytest.mark.rules("GDE-169")
def test_a_conversion_describes_its_graphs(converted):
    files = converted(DUMP_GE_GRAPH="1")
    (text,) = [text for name, text in files.items() if name.startswith("ge_proto_")]
    assert 'name: "plus"' in text
    assert 'type: "Add"' in text
    assert len(files) == 2


@pytest.mark.rules("GDE-169")
def test_without_the_variable_no_graph_is_described(converted):
    assert converted() == {}


@pytest.mark.rules("GDE-169")
@pytest.mark.parametrize(("level", "count"), [("1", 2), ("2", 2), ("3", 1), ("4", 1)])
def test_the_level_chooses_stages(converted, level, count):
    files = converted(DUMP_GE_GRAPH="2", DUMP_GRAPH_LEVEL=level)
    assert len(files) == count
    assert any(name.startswith("ge_proto_") for name in files) == (level != "3")
