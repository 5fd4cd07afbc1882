"""Loading, unloading and sizes of models."""

import numpy as np
import pytest
from constants import INVALID_PARAM, RT_CONTEXT_NULL
from mdl_models import LoadedModel, atc, reference, save, two_by_two
from onnx import TensorProto, helper

MODEL_PATH_INVALID = 145002
MODEL_ID_INVALID = 145003
RT_MODEL_CONTEXT = 107004


@pytest.fixture(scope="module")
def om(tmp_path_factory):
    return atc(two_by_two(tmp_path_factory.mktemp("models")))


@pytest.fixture
def om_memory(acl, context, om):
    """(address, size) of the file in memory that the application's run mode asks for."""
    data = om.read_bytes()
    address, ret = acl.rt.malloc_host(len(data))
    assert ret == 0
    assert acl.rt.memcpy(address, len(data), acl.util.bytes_to_ptr(data), len(data), 0) == 0
    yield address, len(data)
    assert acl.rt.free_host(address) == 0


@pytest.mark.rules("MDL-001", "MDL-002", "MDL-007", "MDL-022")
def test_load_from_file_gives_an_id_until_unload(acl, context, om):
    model, ret = acl.mdl.load_from_file(str(om))
    assert ret == 0
    other, ret = acl.mdl.load_from_file(str(om))
    assert ret == 0
    assert other != model
    desc = acl.mdl.create_desc()
    assert acl.mdl.get_desc(desc, model) == 0
    assert acl.mdl.unload(model) == 0
    assert acl.mdl.get_desc(desc, model) == MODEL_ID_INVALID
    assert acl.mdl.unload(model) == MODEL_ID_INVALID
    assert acl.mdl.get_desc(desc, other) == 0
    assert acl.mdl.unload(other) == 0
    assert acl.mdl.destroy_desc(desc) == 0


@pytest.mark.rules("MDL-003", "MDL-027")
@pytest.mark.parametrize("kind", ["missing", "folder", "empty name"])
def test_a_path_must_be_readable(acl, context, tmp_path, kind):
    path = {"missing": tmp_path / "none.om", "folder": tmp_path, "empty name": ""}[kind]
    assert acl.mdl.load_from_file(str(path))[1] == MODEL_PATH_INVALID
    assert acl.mdl.load_from_file_with_mem(str(path), 0, 0, 0, 0)[1] == MODEL_PATH_INVALID
    assert acl.mdl.query_size(str(path))[2] == MODEL_PATH_INVALID


@pytest.mark.rules("MDL-002")
@pytest.mark.parametrize("damage", ["cut", "header", "middle", "longer", "text"])
def test_a_damaged_file_is_an_error(acl, context, om, tmp_path, damage):
    data = bytearray(om.read_bytes())
    if damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "header":
        data[0] ^= 0xFF
    elif damage == "middle":
        for i in range(256, len(data), 64):
            data[i] ^= 0x55
    elif damage == "longer":
        data += b"more"
    else:
        data = bytearray(b"this is no model " * 100)
    path = tmp_path / "bad.om"
    path.write_bytes(data)
    assert acl.mdl.load_from_file(str(path))[1] != 0
    assert acl.mdl.query_size(str(path))[2] != 0
    assert "MDL" in (acl.get_recent_err_msg() or "")


def wide_network(folder):
    """total = x * scale + offset, with constants that are worth files of their own."""
    random = np.random.default_rng(5)
    weights = {name: random.standard_normal(4096).astype(np.float32) for name in ("scale", "offset")}
    return save(
        folder / "wide.onnx",
        [
            helper.make_node("Mul", ["x", "scale"], ["scaled"], name="times"),
            helper.make_node("Add", ["scaled", "offset"], ["total"], name="plus"),
        ],
        [("x", TensorProto.FLOAT, (1, 4096))],
        [("total", TensorProto.FLOAT, (1, 4096))],
        weights,
    )


@pytest.mark.rules("MDL-004")
@pytest.mark.parametrize(("setting", "files"), [(1, 2), (2, 1)])
@pytest.mark.parametrize("loads", ["load_from_file", "load_from_file_with_mem"])
def test_weights_beside_the_model(acl, context, tmp_path, setting, files, loads):
    onnx_path = wide_network(tmp_path)
    om = atc(onnx_path, f"--external_weight={setting}")
    folder = om.parent / "weight"
    assert om.stat().st_size < 16384, "the weights of 32768 bytes are not in it"
    assert len(list(folder.iterdir())) == files
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    om = om.rename(moved / "net.om")
    load = getattr(acl.mdl, loads)
    memory = [0, 0, 0, 0] if loads == "load_from_file_with_mem" else []
    assert load(str(om), *memory)[1] != 0, "the folder is not beside it"
    assert "weight" in acl.get_recent_err_msg()
    folder.rename(moved / "weight")
    model, ret = load(str(om), *memory)
    assert ret == 0, acl.get_recent_err_msg()
    assert acl.mdl.unload(model) == 0
    net = LoadedModel(acl, om)
    x = np.random.default_rng(6).standard_normal((1, 4096)).astype(np.float32)
    net.inputs.write(0, x)
    assert net.execute() == 0
    np.testing.assert_allclose(
        net.outputs.read(0, np.float32, (1, 4096)), reference(onnx_path, [x])[0], rtol=1e-5, atol=1e-6
    )
    net.close()
    assert acl.mdl.query_size(str(om))[1:] == (32768, 0)


@pytest.mark.rules("MDL-004")
@pytest.mark.parametrize("damage", ["missing", "short", "changed"])
def test_damaged_weights_beside_the_model_are_an_error(acl, context, tmp_path, damage):
    om = atc(wide_network(tmp_path), "--external_weight=1")
    part = sorted((tmp_path / "weight").iterdir())[0]
    data = bytearray(part.read_bytes())
    if damage == "missing":
        part.unlink()
    elif damage == "short":
        part.write_bytes(data[:-1])
    else:
        data[100] ^= 1
        part.write_bytes(data)
    assert acl.mdl.load_from_file(str(om))[1] != 0
    assert acl.mdl.query_size(str(om))[2] != 0


@pytest.mark.rules("MDL-004")
def test_memory_has_no_folder_of_weights_beside_it(acl, context, tmp_path):
    data = atc(wide_network(tmp_path), "--external_weight=2").read_bytes()
    assert acl.mdl.load_from_mem(acl.util.bytes_to_ptr(data), len(data))[1] != 0
    assert "load_from_file" in acl.get_recent_err_msg()


@pytest.mark.rules("MDL-008", "MDL-009")
def test_load_from_mem(acl, om_memory):
    model, ret = acl.mdl.load_from_mem(*om_memory)
    assert ret == 0
    assert acl.mdl.unload(model) == 0
    address, size = om_memory
    assert acl.mdl.load_from_mem(address, size - 1)[1] != 0
    assert acl.mdl.load_from_mem(address, 0)[1] != 0
    assert acl.mdl.load_from_mem(0, size)[1] == INVALID_PARAM
    assert acl.mdl.load_from_mem(0x1000, size)[1] != 0
    assert acl.mdl.load_from_mem(address, 1 << 70)[1] != 0


@pytest.mark.rules("MDL-009")
def test_load_from_mem_wants_host_memory_on_the_host(acl, context, om, device_memory):
    run_mode, ret = acl.rt.get_run_mode()
    assert ret == 0
    data = om.read_bytes()
    address = device_memory(len(data))
    assert acl.rt.memcpy(address, len(data), acl.util.bytes_to_ptr(data), len(data), 1) == 0
    model, ret = acl.mdl.load_from_mem(address, len(data))
    assert (ret == 0) == (run_mode == 0)
    if ret == 0:
        assert acl.mdl.unload(model) == 0


@pytest.mark.rules("MDL-024", "MDL-025", "MDL-028")
def test_query_size(acl, om, om_memory):
    work_size, weight_size, ret = acl.mdl.query_size(str(om))
    assert ret == 0
    assert weight_size >= 4 * 3 * 3 * 3 * 4
    assert work_size >= (2 * 3 * 8 * 10 + 4 + 2 * 4 * 8 * 10 + 4) * 4
    assert acl.mdl.query_size_from_mem(*om_memory) == (work_size, weight_size, 0)


@pytest.mark.rules("MDL-010", "MDL-011", "MDL-012", "MDL-025", "MDL-029")
@pytest.mark.parametrize("source", ["file", "memory"])
def test_memory_of_the_user(acl, om, om_memory, device_memory, source):
    def load(*memory):
        if source == "file":
            return acl.mdl.load_from_file_with_mem(str(om), *memory)
        return acl.mdl.load_from_mem_with_mem(*om_memory, *memory)

    work_size, weight_size, ret = acl.mdl.query_size(str(om))
    assert ret == 0
    work, weights = device_memory(work_size), device_memory(weight_size)
    model, ret = load(work, work_size, weights, weight_size)
    assert ret == 0
    assert acl.mdl.unload(model) == 0
    assert load(work, work_size - 1, weights, weight_size)[1] != 0
    assert load(work, work_size, weights, weight_size - 1)[1] != 0
    host = om_memory[0]
    assert load(host, work_size, weights, weight_size)[1] != 0
    assert load(work, work_size, host, weight_size)[1] != 0


@pytest.mark.rules("MDL-005")
def test_loading_executing_and_unloading_share_a_context(acl, context, om):
    model = LoadedModel(acl, om)
    other, ret = acl.rt.create_context(0)
    assert ret == 0
    assert model.execute() == RT_MODEL_CONTEXT
    assert acl.mdl.unload(model.id) == RT_MODEL_CONTEXT
    assert acl.rt.set_context(context) == 0
    assert model.execute() == 0
    assert acl.rt.destroy_context(other) == 0
    model.close()


@pytest.mark.rules("MDL-005")
def test_loading_needs_a_context(run_python, om):
    done = run_python(f"""
        import acl
        assert acl.init() == 0
        print(acl.mdl.load_from_file({str(om)!r}))
    """)
    assert done.stdout.strip() == f"(0, {RT_CONTEXT_NULL})", done.stderr


@pytest.mark.rules("MDL-001")
def test_a_model_of_another_chip_is_refused_when_a_chip_is_set(run_python, om):
    code = f"""
        import acl
        assert acl.init() == 0 and acl.rt.set_device(0) == 0
        print(acl.mdl.load_from_file({str(om)!r})[1])
    """
    assert run_python(code).stdout.strip() == "0"
    assert run_python(code, env={"CAIRN_SOC": "Ascend310P3"}).stdout.strip() == "0"
    assert int(run_python(code, env={"CAIRN_SOC": "Ascend310B4"}).stdout) > 0


@pytest.mark.rules("MDL-002", "MDL-022", "MDL-151")
@pytest.mark.parametrize("model", [0, 123456, -1, 1 << 32, 1 << 80])
def test_ids_that_no_model_has(acl, context, model):
    assert acl.mdl.unload(model) == MODEL_ID_INVALID
    assert acl.mdl.execute(model, 0, 0) == MODEL_ID_INVALID
    assert acl.mdl.execute_async(model, 0, 0, 0) == MODEL_ID_INVALID
    assert acl.mdl.get_aipp_type(model, 0)[2] == MODEL_ID_INVALID
