"""Model descriptions: counts, sizes, dims, names, formats, types."""

import pytest
from constants import INVALID_PARAM
from mdl_models import atc, save, two_by_two
from onnx import TensorProto, helper

MODEL_ID_INVALID = 145003
WITHOUT_AIPP = 0
NO_INPUT = 0xFFFFFFFF


@pytest.fixture(scope="module")
def om(tmp_path_factory):
    return atc(two_by_two(tmp_path_factory.mktemp("models")))


@pytest.fixture
def describe(acl, context):
    """describe(om) -> (model id, description)"""
    models, descs = [], []

    def load(om):
        model, ret = acl.mdl.load_from_file(str(om))
        assert ret == 0, acl.get_recent_err_msg()
        models.append(model)
        desc = acl.mdl.create_desc()
        assert acl.mdl.get_desc(desc, model) == 0
        descs.append(desc)
        return model, desc

    yield load
    for desc in descs:
        assert acl.mdl.destroy_desc(desc) == 0
    for model in models:
        assert acl.mdl.unload(model) == 0


@pytest.fixture
def desc(describe, om):
    return describe(om)[1]


@pytest.mark.rules("MDL-075", "MDL-077", "MDL-078", "MDL-079", "MDL-080", "MDL-081")
def test_counts_and_sizes(acl, desc):
    assert acl.mdl.get_num_inputs(desc) == 2
    assert acl.mdl.get_num_outputs(desc) == 2
    assert acl.mdl.get_input_size_by_index(desc, 0) == 2 * 3 * 8 * 10 * 4
    assert acl.mdl.get_input_size_by_index(desc, 1) == 4 * 4
    assert acl.mdl.get_output_size_by_index(desc, 0) == 2 * 4 * 8 * 10 * 4
    assert acl.mdl.get_output_size_by_index(desc, 1) == 4 * 4


@pytest.mark.rules("MDL-086", "MDL-089", "MDL-153")
@pytest.mark.parametrize("function", ["get_input_dims", "get_input_dims_v2"])
def test_input_dims(acl, desc, function):
    get = getattr(acl.mdl, function)
    assert get(desc, 0) == ({"name": "image", "dimCount": 4, "dims": [2, 3, 8, 10]}, 0)
    assert get(desc, 1) == ({"name": "offset", "dimCount": 4, "dims": [1, 4, 1, 1]}, 0)


@pytest.mark.rules("MDL-089", "MDL-114", "MDL-134", "MDL-136")
@pytest.mark.parametrize("function", ["get_output_dims", "get_cur_output_dims"])
def test_output_dims(acl, desc, function):
    for index, shape in enumerate([[2, 4, 8, 10], [1, 4, 1, 1]]):
        dims, ret = getattr(acl.mdl, function)(desc, index)
        assert ret == 0
        assert dims == {
            "name": acl.mdl.get_output_name_by_index(desc, index),
            "dimCount": 4,
            "dims": shape,
        }


@pytest.mark.rules("MDL-115", "MDL-116", "MDL-120", "MDL-122")
def test_names(acl, desc):
    assert [acl.mdl.get_input_name_by_index(desc, i) for i in range(2)] == ["image", "offset"]
    assert acl.mdl.get_output_name_by_index(desc, 0) == "plus:0:total"
    assert acl.mdl.get_output_name_by_index(desc, 1) == "to_int:0:count"


@pytest.mark.rules("MDL-125", "MDL-126")
def test_indices_by_name(acl, desc):
    assert acl.mdl.get_input_index_by_name(desc, "image") == (0, 0)
    assert acl.mdl.get_input_index_by_name(desc, "offset") == (1, 0)
    assert acl.mdl.get_output_index_by_name(desc, "to_int:0:count") == (1, 0)
    for name in ("", "plus:0:total", "ascend_mbatch_shape_data", None):
        assert acl.mdl.get_input_index_by_name(desc, name)[1] == INVALID_PARAM
    for name in ("", "image", None):
        assert acl.mdl.get_output_index_by_name(desc, name)[1] == INVALID_PARAM


@pytest.mark.rules("MDL-123", "MDL-124")
def test_formats_and_types(acl, describe, tmp_path):
    kinds = {
        TensorProto.FLOAT: 0,
        TensorProto.FLOAT16: 1,
        TensorProto.INT8: 2,
        TensorProto.INT32: 3,
        TensorProto.UINT8: 4,
        TensorProto.INT64: 9,
        TensorProto.BOOL: 12,
    }
    nodes = [helper.make_node("Identity", [f"x{k}"], [f"y{k}"], name=f"n{k}") for k in kinds]
    path = save(
        tmp_path / "types.onnx",
        nodes,
        [(f"x{k}", k, (2, 3)) for k in kinds],
        [(f"y{k}", k, (2, 3)) for k in kinds],
    )
    desc = describe(atc(path))[1]
    found = [acl.mdl.get_input_data_type(desc, i) for i in range(len(kinds))]
    assert found == list(kinds.values())
    assert [acl.mdl.get_output_data_type(desc, i) for i in range(len(kinds))] == found
    assert {acl.mdl.get_input_format(desc, i) for i in range(len(kinds))} == {2}


@pytest.mark.rules("MDL-123")
def test_formats_of_images(acl, describe, tmp_path):
    desc = describe(atc(two_by_two(tmp_path), "--input_format=NCHW"))[1]
    assert acl.mdl.get_input_format(desc, 0) == 0
    assert acl.mdl.get_output_format(desc, 0) in (0, 2)


@pytest.mark.rules("MDL-056", "MDL-058", "MDL-089", "MDL-090")
def test_long_names(acl, describe, tmp_path):
    exact, long = "e" * 127, "l" * 128
    path = save(
        tmp_path / "long.onnx",
        [helper.make_node("Add", [exact, long], ["o" * 200], name="plus")],
        [(exact, TensorProto.FLOAT, (4,)), (long, TensorProto.FLOAT, (4,))],
        [("o" * 200, TensorProto.FLOAT, (4,))],
    )
    model, desc = describe(atc(path))
    assert acl.mdl.get_input_dims(desc, 0)[0]["name"] == exact
    shown = acl.mdl.get_input_dims(desc, 1)[0]["name"]
    assert shown == f"acl_modelId_{model}_input_1"
    assert acl.mdl.get_input_dims_v2(desc, 1)[0]["name"] == shown
    shown_output = acl.mdl.get_output_dims(desc, 0)[0]["name"]
    assert shown_output == f"acl_modelId_{model}_output_0"
    assert acl.mdl.get_tensor_real_name(desc, shown) == long
    assert acl.mdl.get_tensor_real_name(desc, long) == long
    assert acl.mdl.get_tensor_real_name(desc, exact) == exact
    assert acl.mdl.get_tensor_real_name(desc, shown_output) == "plus:0:" + "o" * 200
    assert acl.mdl.get_tensor_real_name(desc, None) == 0
    assert acl.mdl.get_tensor_real_name(0, exact) == 0


@pytest.mark.rules("MDL-091")
def test_a_converted_name_avoids_the_names_of_other_tensors(acl, describe, tmp_path):
    long = "l" * 128
    first, _ = describe(atc(two_by_two(tmp_path)))
    taken = [f"acl_modelId_{first + i}_input_0" for i in range(1, 4)]  # One of the next ids.
    names = [long, *taken]
    path = save(
        tmp_path / "conflict.onnx",
        [helper.make_node("Sum", names, ["y"], name="sum")],
        [(name, TensorProto.FLOAT, (4,)) for name in names],
        [("y", TensorProto.FLOAT, (4,))],
    )
    model, desc = describe(atc(path))
    assert f"acl_modelId_{model}_input_0" in taken
    shown = acl.mdl.get_input_dims(desc, 0)[0]["name"]
    assert shown.startswith(f"acl_modelId_{model}_input_0_")
    assert acl.mdl.get_tensor_real_name(desc, shown) == long


@pytest.mark.rules("MDL-127", "MDL-129", "MDL-130", "MDL-132", "MDL-133", "MDL-137", "MDL-138", "MDL-142")
def test_a_fixed_shape_has_no_gears(acl, desc):
    assert acl.mdl.get_dynamic_batch(desc) == ({"batchCount": 0, "batch": []}, 0)
    assert acl.mdl.get_dynamic_hw(desc, -1) == ({"hwCount": 0, "hw": []}, 0)
    assert acl.mdl.get_input_dynamic_gear_count(desc, -1) == (0, 0)
    assert acl.mdl.get_input_dynamic_dims(desc, -1, 1)[1] != 0


@pytest.mark.rules("MDL-042", "MDL-043", "MDL-044", "GDE-159")
def test_inputs_without_aipp(acl, describe, om):
    model, _ = describe(om)
    for index in range(2):
        assert acl.mdl.get_aipp_type(model, index) == (WITHOUT_AIPP, NO_INPUT, 0)
        assert acl.mdl.get_first_aipp_info(model, index)[1] == 145015
    assert acl.mdl.get_aipp_type(model, 2)[2] != 0
    assert acl.mdl.get_first_aipp_info(model, 2)[1] != 0


def field(number: int, content: bytes | str | int) -> bytes:
    """A field of a protobuf message."""

    def varint(value: int) -> bytes:
        low = bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
        return low + (varint(value >> 7) if value > 0x7F else b"")

    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def graph_of_one_layer(originals: list[str]) -> bytes:
    """A serialized GE graph: a Relu of 4 floats that stands for these layers of the original network."""
    tensor = field(2, 1) + field(3, field(1, b"\x04")) + field(4, "ND")
    names = field(1, b"".join(field(2, name) for name in originals) + field(20, 1))
    relu = field(1, "fused") + field(2, "Relu") + field(5, "x:0") + field(33, tensor) + field(34, tensor)
    relu += field(10, field(1, "_datadump_original_op_names") + field(2, names))
    x = field(1, "x") + field(2, "Data") + field(33, tensor) + field(34, tensor)
    x += field(10, field(1, "index") + field(2, field(3, 0)))
    end = field(1, "end") + field(2, "NetOutput") + field(5, "fused:0") + field(33, tensor)
    graph = field(1, "net") + b"".join(field(6, each) for each in (x, relu, end))
    return field(1, "net") + field(2, 1) + field(7, graph)


@pytest.mark.rules("MDL-150")
def test_the_names_of_the_layers_that_an_operator_stands_for(acl, describe, desc, tmp_path):
    assert acl.mdl.get_op_attr(desc, "conv", "_datadump_original_op_names") == "[4]conv"
    layers = ["scale2c_branch2c", "bn2c", "a", "res2c_[2]relu"]
    model = tmp_path / "net.air"
    model.write_bytes(graph_of_one_layer(layers))
    _, fused = describe(atc(model, "--framework=1"))
    named = "[16]scale2c_branch2c[4]bn2c[1]a[13]res2c_[2]relu"
    assert acl.mdl.get_op_attr(fused, "fused", "_datadump_original_op_names") == named


@pytest.mark.rules("MDL-147", "MDL-148", "MDL-149")
def test_op_attributes(acl, desc):
    assert acl.mdl.get_op_attr(desc, "no_such_op", "_datadump_original_op_names") == ""
    assert acl.mdl.get_op_attr(desc, "conv", "no_such_attribute") == ""
    assert acl.mdl.get_op_attr(0, "conv", "_datadump_original_op_names") is None
    empty = acl.mdl.create_desc()
    assert acl.mdl.get_op_attr(empty, "conv", "_datadump_original_op_names") is None
    assert acl.mdl.destroy_desc(empty) == 0


@pytest.mark.rules("MDL-076", "MDL-077", "MDL-078", "MDL-079", "MDL-086", "MDL-114")
@pytest.mark.parametrize("kind", ["null", "none", "wild", "stale", "empty"])
def test_descriptions_that_describe_nothing(acl, om, describe, kind):
    stale = acl.mdl.create_desc()
    assert acl.mdl.destroy_desc(stale) == 0
    empty = acl.mdl.create_desc()
    handle = {"null": 0, "none": None, "wild": 0x7F0000001000, "stale": stale, "empty": empty}[kind]
    model, _ = describe(om)
    assert acl.mdl.get_num_inputs(handle) == 0
    assert acl.mdl.get_num_outputs(handle) == 0
    assert acl.mdl.get_input_size_by_index(handle, 0) == 0
    assert acl.mdl.get_output_size_by_index(handle, 0) == 0
    for function in (
        "get_input_dims",
        "get_input_dims_v2",
        "get_output_dims",
        "get_cur_output_dims",
        "get_dynamic_hw",
    ):
        assert getattr(acl.mdl, function)(handle, 0)[1] == INVALID_PARAM
    assert acl.mdl.get_input_name_by_index(handle, 0) == ""
    assert acl.mdl.get_input_format(handle, 0) == -1
    assert acl.mdl.get_input_data_type(handle, 0) == -1
    if kind != "empty":
        assert acl.mdl.get_desc(handle, model) == INVALID_PARAM
        assert acl.mdl.destroy_desc(handle) == INVALID_PARAM
    assert acl.mdl.destroy_desc(empty) == 0


@pytest.mark.rules("MDL-080", "MDL-081", "MDL-086", "MDL-114", "MDL-115", "MDL-116", "MDL-123", "MDL-124")
@pytest.mark.parametrize("index", [2, -1, 1 << 40, 1 << 90])
def test_indices_out_of_range(acl, desc, index):
    assert acl.mdl.get_input_size_by_index(desc, index) == 0
    assert acl.mdl.get_output_size_by_index(desc, index) == 0
    assert acl.mdl.get_input_dims(desc, index)[1] == INVALID_PARAM
    assert acl.mdl.get_output_dims(desc, index)[1] == INVALID_PARAM
    assert acl.mdl.get_input_name_by_index(desc, index) == ""
    assert acl.mdl.get_output_name_by_index(desc, index) == ""
    assert acl.mdl.get_output_format(desc, index) == -1
    assert acl.mdl.get_output_data_type(desc, index) == -1


@pytest.mark.rules("MDL-057")
def test_a_description_outlives_its_model(acl, context, om):
    model, ret = acl.mdl.load_from_file(str(om))
    assert ret == 0
    desc = acl.mdl.create_desc()
    assert acl.mdl.get_desc(desc, model) == 0
    assert acl.mdl.unload(model) == 0
    assert acl.mdl.get_tensor_real_name(desc, "image") == "image"
    assert acl.mdl.destroy_desc(desc) == 0
    assert acl.mdl.get_tensor_real_name(desc, "image") == 0
