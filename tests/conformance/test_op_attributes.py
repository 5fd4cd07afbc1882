"""acl.op: the attributes of an operator."""

import numpy as np
import pytest


@pytest.fixture
def attr(acl):
    handle = acl.op.create_attr()
    assert handle != 0
    yield handle
    acl.op.destroy_attr(handle)


SETTERS = {
    "set_attr_bool": 1,
    "set_attr_int": -(2**40),
    "set_attr_float": 0.5,
    "set_attr_string": "SAME",
    "set_attr_list_bool": [0, 1, 255],
    "set_attr_list_int": [1, -2, 2**62],
    "set_attr_list_float": [0.5, 1e30],
    "set_attr_list_string": ["a", ""],
    "set_attr_list_list_int": [[1, 2], [], [3]],
}


@pytest.mark.rules("OP-033")
def test_create_attr_returns_an_address(acl):
    handles = [acl.op.create_attr() for _ in range(3)]
    assert all(isinstance(handle, int) and handle != 0 for handle in handles)
    assert len(set(handles)) == 3
    for handle in handles:
        acl.op.destroy_attr(handle)


@pytest.mark.rules("OP-034", "OP-035")
def test_a_destroyed_attr_is_refused(acl):
    handle = acl.op.create_attr()
    assert acl.op.destroy_attr(handle) is None
    for name, value in SETTERS.items():
        assert getattr(acl.op, name)(handle, "axis", value) != 0
    assert acl.op.set_attr_data_type(handle, "T", 1) != (handle, 0)


@pytest.mark.rules(
    "OP-035", "OP-036", "OP-037", "OP-038", "OP-039", "OP-040", "OP-041", "OP-042", "OP-043", "OP-044"
)
@pytest.mark.parametrize("name", SETTERS)
def test_the_setters_return_success(acl, attr, name):
    assert getattr(acl.op, name)(attr, "axis", SETTERS[name]) == 0
    assert getattr(acl.op, name)(attr, "axis", SETTERS[name]) == 0  # Again: replaced.


@pytest.mark.rules("OP-035")
@pytest.mark.parametrize("wrong", [0, None, 1, 2**63, -1])
def test_what_is_no_attr_is_refused(acl, context, wrong):
    for name, value in SETTERS.items():
        assert getattr(acl.op, name)(wrong, "axis", value) != 0
    event, ret = acl.rt.create_event()
    assert ret == 0
    assert acl.op.set_attr_int(event, "axis", 1) != 0
    assert acl.rt.destroy_event(event) == 0


@pytest.mark.rules("OP-035")
def test_an_attribute_needs_a_name(acl, attr):
    for name, value in SETTERS.items():
        assert getattr(acl.op, name)(attr, "", value) != 0


@pytest.mark.rules("OP-040", "OP-041", "OP-042", "OP-046")
@pytest.mark.parametrize(
    ("name", "dtype"),
    [("set_attr_list_bool", np.uint8), ("set_attr_list_int", np.int64), ("set_attr_list_float", np.float32)],
)
def test_a_numpy_array_of_one_dimension_serves_as_list(acl, attr, name, dtype):
    setter = getattr(acl.op, name)
    assert setter(attr, "values", np.arange(4, dtype=dtype)) == 0
    assert setter(attr, "values", np.zeros((2, 2), dtype)) != 0
    assert setter(attr, "values", np.zeros(2, np.complex64)) != 0
    assert setter(attr, "values", np.zeros(2, np.int16)) != 0


@pytest.mark.rules("OP-040")
@pytest.mark.parametrize("wrong", [[-1], [0, 256], [2**70]])
def test_a_list_of_bool_holds_0_to_255(acl, attr, wrong):
    assert acl.op.set_attr_list_bool(attr, "values", wrong) != 0


@pytest.mark.rules("OP-044")
def test_a_list_of_lists_may_hold_numpy_arrays(acl, attr):
    assert acl.op.set_attr_list_list_int(attr, "pads", [np.array([1, 2]), [3], np.array([], np.int64)]) == 0
    assert acl.op.set_attr_list_list_int(attr, "pads", [np.array([1.5])]) != 0


@pytest.mark.rules("OP-047")
def test_set_attr_list_float_takes_both_documented_forms(acl, attr):
    assert acl.op.set_attr_list_float(attr, "scales", [1.0, 2.0]) == 0
    assert acl.op.set_attr_list_float(attr, "scales", 2, [1.0, 2.0]) == 0
    assert acl.op.set_attr_list_float(attr, "scales", attr_value=[1.0]) == 0
    assert acl.op.set_attr_list_float(attr, "scales", 3, [1.0, 2.0]) != 0


@pytest.mark.rules("OP-063", "OP-064", "OP-065")
def test_data_types_return_the_attr_too(acl, attr):
    assert acl.op.set_attr_data_type(attr, "dst_type", 1) == (attr, 0)
    assert acl.op.set_attr_list_data_type(attr, "types", 2, [0, 1]) == (attr, 0)
    assert acl.op.set_attr_list_data_type(attr, "types", [0, 1]) == (attr, 0)
    assert acl.op.set_attr_list_data_type(attr, "types", 3, [0, 1]) != (attr, 0)


@pytest.mark.rules("OP-035")
def test_values_of_other_types_raise(acl, attr):
    for name, wrong in (("set_attr_int", "1"), ("set_attr_float", "x"), ("set_attr_string", 5)):
        with pytest.raises(TypeError):
            getattr(acl.op, name)(attr, "axis", wrong)
