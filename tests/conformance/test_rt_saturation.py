"""The mode for half floats that do not fit, and the overflow switch of streams."""

import numpy as np
import pytest
from constants import HANDLE_FAULTS, PARAMETER_FAULTS
from mdl_models import LoadedModel, atc, save
from onnx import TensorProto, helper

SATURATION, INF_NAN, UNDEFINED = 0, 1, 2
LARGEST = 65504.0
MODE = pytest.mark.needs("acl.rt.set_device_sat_mode", "acl.rt.get_device_sat_mode")
SWITCH = pytest.mark.needs("acl.rt.set_stream_overflow_switch", "acl.rt.get_stream_overflow_switch")


@pytest.fixture
def mode(acl, context):
    """mode(value) sets the mode; afterwards it is saturation again."""

    def change(value: int) -> None:
        assert acl.rt.set_device_sat_mode(value) == 0

    yield change
    assert acl.rt.set_device_sat_mode(SATURATION) == 0


@pytest.fixture
def product(acl, context, tmp_path):
    """A model whose half float outputs are 300 times its half float inputs."""
    shape = (8,)
    path = save(
        tmp_path / "product.onnx",
        [helper.make_node("Mul", ["x", "factor"], ["y"], name="times")],
        [("x", TensorProto.FLOAT16, shape)],
        [("y", TensorProto.FLOAT16, shape)],
        {"factor": np.array([300], np.float16)},
    )
    model = LoadedModel(acl, atc(path))
    model.inputs.write(0, np.array([1, -1, 218, 219, -219, 1000, 60000, -60000], np.float16))
    yield model
    model.close()


def run_on(acl, model: LoadedModel, stream: int) -> np.ndarray:
    ret = acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, stream)
    assert ret == 0
    assert acl.rt.synchronize_stream(stream) == 0
    return model.outputs.read(0, np.float16, (8,)).astype(np.float64)


def expected(beyond: float) -> list[float]:
    # 300 * 218 is 65400, which the nearest half float makes 65408.
    return [300, -300, 65408, beyond, -beyond, beyond, beyond, -beyond]


@MODE
@pytest.mark.rules("RT-004", "RT-007", "APP-129")
def test_the_mode_is_saturation_at_first(acl, device):
    assert acl.rt.get_device_sat_mode() == (SATURATION, 0)


@MODE
@pytest.mark.rules("RT-002", "RT-003", "RT-007")
@pytest.mark.parametrize("value", [INF_NAN, SATURATION])
def test_the_mode_that_was_set_is_the_one_returned(acl, mode, value):
    mode(value)
    assert acl.rt.get_device_sat_mode() == (value, 0)


@MODE
@pytest.mark.rules("RT-003", "APP-129")
@pytest.mark.parametrize("value", [UNDEFINED, 3, -1, 2**40])
def test_other_modes_are_refused(acl, device, value):
    assert acl.rt.set_device_sat_mode(value) in PARAMETER_FAULTS
    assert acl.rt.get_device_sat_mode() == (SATURATION, 0)


@MODE
@pytest.mark.rules("RT-002", "RT-007")
def test_the_mode_belongs_to_a_device(run_python):
    code = """
    import acl
    acl.init()
    acl.rt.set_device(0); acl.rt.set_device_sat_mode(1)
    acl.rt.set_device(1); print(*acl.rt.get_device_sat_mode())
    acl.rt.set_device(0); print(*acl.rt.get_device_sat_mode())
    """
    assert run_python(code, env={"CAIRN_DEVICES": "2"}).stdout.split() == ["0", "0", "1", "0"]


@MODE
@pytest.mark.rules("RT-002", "RT-007")
def test_the_mode_needs_a_context(run_python):
    code = """
    import acl
    acl.init(); print(acl.rt.set_device_sat_mode(0) != 0, acl.rt.get_device_sat_mode()[1] != 0)
    """
    assert run_python(code).stdout.split() == ["True", "True"]


@pytest.mark.rules("RT-003", "RT-004", "APP-129")
def test_saturated_results_are_the_largest_half_float(acl, product):
    stream, _ = acl.rt.create_stream()
    assert run_on(acl, product, stream).tolist() == expected(LARGEST)
    assert acl.rt.destroy_stream(stream) == 0


@MODE
@pytest.mark.rules("RT-003", "APP-129")
def test_in_the_other_mode_they_are_infinite(acl, mode, product):
    mode(INF_NAN)
    stream, _ = acl.rt.create_stream()
    assert run_on(acl, product, stream).tolist() == expected(np.inf)
    assert acl.rt.destroy_stream(stream) == 0


@MODE
@pytest.mark.rules("RT-005")
def test_the_mode_holds_for_streams_made_later(acl, mode, product, stream):
    mode(INF_NAN)
    later, _ = acl.rt.create_stream()
    assert run_on(acl, product, stream).tolist() == expected(LARGEST)
    assert run_on(acl, product, later).tolist() == expected(np.inf)
    mode(SATURATION)
    assert run_on(acl, product, later).tolist() == expected(np.inf)
    assert acl.rt.destroy_stream(later) == 0


@SWITCH
@pytest.mark.rules("RT-056", "RT-059", "RT-060")
def test_the_switch_that_was_set_is_the_one_returned(acl, stream):
    assert acl.rt.get_stream_overflow_switch(stream)[1] == 0
    for flag in (1, 0, 1):
        assert acl.rt.set_stream_overflow_switch(stream, flag) == 0
        assert acl.rt.get_stream_overflow_switch(stream) == (flag, 0)


@SWITCH
@pytest.mark.rules("RT-055", "RT-059")
def test_the_switch_belongs_to_a_stream(acl, stream):
    other, _ = acl.rt.create_stream()
    assert acl.rt.set_stream_overflow_switch(stream, 1) == 0
    assert acl.rt.set_stream_overflow_switch(other, 0) == 0
    assert acl.rt.get_stream_overflow_switch(stream) == (1, 0)
    acl.rt.destroy_stream(other)


@SWITCH
@pytest.mark.rules("RT-056", "RT-059")
def test_stream_0_is_the_default_stream(acl, stream):
    assert acl.rt.set_stream_overflow_switch(stream, 0) == 0
    assert acl.rt.set_stream_overflow_switch(0, 1) == 0
    assert acl.rt.get_stream_overflow_switch(0) == (1, 0)
    assert acl.rt.get_stream_overflow_switch(stream) == (0, 0)


@SWITCH
@pytest.mark.rules("RT-056")
@pytest.mark.parametrize("flag", [2, -1, 2**40])
def test_other_flags_are_refused(acl, stream, flag):
    assert acl.rt.set_stream_overflow_switch(stream, flag) in PARAMETER_FAULTS


@SWITCH
@pytest.mark.rules("RT-055", "RT-059")
@pytest.mark.parametrize("wrong", [1, 2**63, -1])
def test_what_is_no_stream_has_no_switch(acl, context, wrong):
    assert acl.rt.set_stream_overflow_switch(wrong, 1) in HANDLE_FAULTS
    assert acl.rt.get_stream_overflow_switch(wrong)[1] in HANDLE_FAULTS


@MODE
@SWITCH
@pytest.mark.rules("RT-058", "RT-055")
def test_the_mode_may_be_set_before_the_switch(acl, mode):
    mode(SATURATION)
    stream, _ = acl.rt.create_stream()
    assert acl.rt.set_stream_overflow_switch(stream, 1) == 0
    assert acl.rt.destroy_stream(stream) == 0


@pytest.mark.rules("OP-006", "OP-007", "OP-008", "OP-009")
@pytest.mark.parametrize("seconds", [0, 1, 30, 2**32 - 1])
def test_the_time_of_operators_can_be_set_again_and_again(acl, device, seconds):
    assert acl.rt.set_op_execute_time_out(seconds) == 0
    assert acl.rt.set_op_execute_time_out(0) == 0
