"""acl.mdl.create_aipp and the setters of its object: ranges, defaults, handles. What they do to pictures is shown in
test_mdl_aipp_dynamic.py."""

import numpy as np
import pytest

BATCH = 2
# A legal call of each setter, behind the object: name, arguments, index of the first argument of the per-image number.
CALLS = {
    "set_aipp_input_format": (3,),
    "set_aipp_csc_params": (1, 256, 443, 0, 256, -86, -178, 256, 0, 350, 0, 0, 0, 0, 128, 128),
    "set_aipp_rbuv_swap_switch": (1,),
    "set_aipp_ax_swap_switch": (1,),
    "set_aipp_src_image_size": (256, 224),
    "set_aipp_crop_params": (1, 0, 0, 224, 224, 0),
    "set_aipp_padding_params": (1, 2, 2, 2, 2, 0),
    "set_aipp_dtc_pixel_mean": (1, 2, 3, 0, 0),
    "set_aipp_dtc_pixel_min": (1.5, 2, 3.25, 0, 0),
    "set_aipp_pixel_var_reci": (1, 0.5, 1.0, 1.0, 0),
}
PER_IMAGE = [name for name, arguments in CALLS.items() if len(arguments) in (5, 6)]


@pytest.fixture
def aipp(acl, context):
    made = acl.mdl.create_aipp(BATCH)
    assert made != 0
    yield made
    assert acl.mdl.destroy_aipp(made) == 0


def call(acl, aipp, name, arguments=None):
    return getattr(acl.mdl, name)(aipp, *(CALLS[name] if arguments is None else arguments))


def changed(name, **by_index):
    """The legal arguments of a setter with some replaced: at_0=5 is the first."""
    arguments = list(CALLS[name])
    for key, value in by_index.items():
        arguments[int(key.removeprefix("at_"))] = value
    return arguments


def assert_refused(acl, rule, ret):
    assert ret != 0
    text = acl.get_recent_err_msg()
    assert rule in text, text


@pytest.mark.rules("AIPP-016", "AIPP-017")
@pytest.mark.parametrize("batch", [1, 2, 64])
def test_an_object_for_a_batch(acl, context, batch):
    aipp = acl.mdl.create_aipp(batch)
    assert isinstance(aipp, int)
    assert aipp != 0
    assert acl.mdl.set_aipp_dtc_pixel_mean(aipp, 1, 2, 3, 0, batch - 1) == 0
    assert acl.mdl.set_aipp_dtc_pixel_mean(aipp, 1, 2, 3, 0, batch) != 0
    assert acl.mdl.destroy_aipp(aipp) == 0
    assert acl.mdl.destroy_aipp(aipp) != 0  # It is gone.


@pytest.mark.rules("AIPP-016")
@pytest.mark.parametrize("batch", [0, -1, 1 << 40, 1 << 64])
def test_a_batch_that_no_model_has(acl, context, batch):
    assert acl.mdl.create_aipp(batch) == 0
    assert "AIPP-016" in acl.get_recent_err_msg()


@pytest.mark.rules("AIPP-017", "AIPP-067", "AIPP-068")
@pytest.mark.parametrize("name", CALLS)
def test_setters_return_ret_alone_and_need_the_object(acl, context, name):
    aipp = acl.mdl.create_aipp(BATCH)
    assert call(acl, aipp, name) == 0
    assert acl.mdl.destroy_aipp(aipp) == 0
    for wrong in (aipp, 0, None, 12345):
        ret = call(acl, wrong, name)
        assert isinstance(ret, int)
        assert_refused(acl, "AIPP-067", ret)


@pytest.mark.rules("AIPP-067")
@pytest.mark.parametrize("name", CALLS)
def test_an_object_of_another_type(acl, context, name):
    dataset = acl.mdl.create_dataset()
    assert_refused(acl, "AIPP-067", call(acl, dataset, name))
    assert acl.mdl.destroy_aipp(dataset) != 0
    assert acl.mdl.destroy_dataset(dataset) == 0


@pytest.mark.rules("AIPP-044")
@pytest.mark.parametrize("name", PER_IMAGE)
def test_the_image_is_one_of_the_batch(acl, aipp, name):
    arguments = CALLS[name]
    for image in range(BATCH):
        assert call(acl, aipp, name, [*arguments[:-1], image]) == 0
    for image in (BATCH, BATCH + 1, -1, 1 << 63):
        assert_refused(acl, "AIPP-044", call(acl, aipp, name, [*arguments[:-1], image]))


@pytest.mark.rules("AIPP-045", "AIPP-054")
@pytest.mark.parametrize("name", PER_IMAGE)
def test_the_first_image_is_meant_where_none_is_named(acl, aipp, name):
    assert call(acl, aipp, name, CALLS[name][:-1]) == 0


@pytest.mark.rules("AIPP-018", "AIPP-019", "AIPP-066")
def test_input_formats(acl, aipp):
    for known in (1, 2, 3, 4):
        assert acl.mdl.set_aipp_input_format(aipp, known) == 0
    for unknown in (0, 5, 6, 7, 8, 9, 10, 11, 14, 15, 20, 257, 0xFFFF, -1):
        assert_refused(acl, "AIPP-019", acl.mdl.set_aipp_input_format(aipp, unknown))


@pytest.mark.rules("AIPP-025", "AIPP-033", "AIPP-035", "AIPP-039", "AIPP-047")
@pytest.mark.parametrize(
    "name",
    [
        "set_aipp_csc_params",
        "set_aipp_rbuv_swap_switch",
        "set_aipp_ax_swap_switch",
        "set_aipp_crop_params",
        "set_aipp_padding_params",
    ],
)
def test_switches_are_on_or_off(acl, aipp, name):
    for good in (0, 1):
        assert call(acl, aipp, name, changed(name, at_0=good)) == 0
    for bad in (2, -1, 255, 256, 1 << 40):
        assert_refused(acl, "AIPP-0", call(acl, aipp, name, changed(name, at_0=bad)))


@pytest.mark.rules("AIPP-026", "AIPP-031")
@pytest.mark.parametrize("place", range(1, 10))
def test_coefficients_of_the_colour_conversion(acl, aipp, place):
    name = "set_aipp_csc_params"
    for good in (-32677, 0, 32676):
        assert call(acl, aipp, name, changed(name, **{f"at_{place}": good})) == 0
    for bad in (-32769, 32768, 1 << 40, -(1 << 40)):
        assert_refused(acl, "AIPP-026", call(acl, aipp, name, changed(name, **{f"at_{place}": bad})))


@pytest.mark.rules("AIPP-028", "AIPP-029", "AIPP-031")
@pytest.mark.parametrize("place", range(10, 16))
def test_biases_of_the_colour_conversion(acl, aipp, place):
    name = "set_aipp_csc_params"
    for good in (0, 128, 255):
        assert call(acl, aipp, name, changed(name, **{f"at_{place}": good})) == 0
    for bad in (-1, 256, 1 << 40):
        assert_refused(acl, "AIPP-028", call(acl, aipp, name, changed(name, **{f"at_{place}": bad})))
    assert call(acl, aipp, name, CALLS[name][:10]) == 0  # All of them default to 0.


@pytest.mark.rules("AIPP-030")
def test_grey_pictures_have_no_colours_to_convert(acl, aipp):
    assert acl.mdl.set_aipp_input_format(aipp, 4) == 0
    assert_refused(acl, "AIPP-030", call(acl, aipp, "set_aipp_csc_params"))
    assert acl.mdl.set_aipp_input_format(aipp, 3) == 0
    assert call(acl, aipp, "set_aipp_csc_params") == 0


@pytest.mark.rules("AIPP-021", "AIPP-039")
@pytest.mark.parametrize("name", ["set_aipp_csc_params", "set_aipp_crop_params"])
def test_what_stands_beside_an_open_switch_has_no_effect(acl, aipp, name):
    wild = [0] + [99999] * (len(CALLS[name]) - 1)
    if name in PER_IMAGE:
        wild[-1] = 0
    assert call(acl, aipp, name, wild) == 0


@pytest.mark.rules("AIPP-037", "AIPP-038", "AIPP-064")
def test_the_size_of_the_source(acl, aipp):
    for width, height in ((2, 1), (4096, 4096), (3, 5)):
        assert acl.mdl.set_aipp_src_image_size(aipp, width, height) == 0
    for width in (-2, 0, 1, 4097, 1 << 40):
        assert_refused(acl, "AIPP-037", acl.mdl.set_aipp_src_image_size(aipp, width, 16))
    for height in (-2, 0, 4097, 1 << 40):
        assert_refused(acl, "AIPP-038", acl.mdl.set_aipp_src_image_size(aipp, 16, height))


@pytest.mark.rules("AIPP-040", "AIPP-041", "AIPP-042", "AIPP-043", "AIPP-065")
@pytest.mark.parametrize(
    ("place", "rule", "good", "bad"),
    [
        (1, "AIPP-040", (0, 4096), (-1, 4097)),
        (2, "AIPP-041", (0, 4096), (-1, 4097)),
        (3, "AIPP-042", (1, 4096), (-1, 0, 4097)),
        (4, "AIPP-043", (1, 4096), (-1, 0, 4097)),
    ],
)
def test_the_window(acl, aipp, place, rule, good, bad):
    name = "set_aipp_crop_params"
    for value in good:
        assert call(acl, aipp, name, changed(name, **{f"at_{place}": value})) == 0
    for value in (*bad, 1 << 40):
        assert_refused(acl, rule, call(acl, aipp, name, changed(name, **{f"at_{place}": value})))


@pytest.mark.rules("AIPP-048")
@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_the_border(acl, aipp, place):
    name = "set_aipp_padding_params"
    for good in (0, 32):
        assert call(acl, aipp, name, changed(name, **{f"at_{place}": good})) == 0
    for bad in (-1, 33, 1 << 40):
        assert_refused(acl, "AIPP-048", call(acl, aipp, name, changed(name, **{f"at_{place}": bad})))


@pytest.mark.rules("AIPP-050", "AIPP-051", "AIPP-053", "AIPP-055")
@pytest.mark.parametrize("channel", range(4))
@pytest.mark.parametrize(
    ("name", "rule", "good", "bad"),
    [
        ("set_aipp_dtc_pixel_mean", "AIPP-050", (0, 255), (-1, 256, 1 << 40)),
        ("set_aipp_dtc_pixel_min", "AIPP-051", (0, 0.5, 255, 255.0), (-0.5, 255.5, 1 << 40, float("nan"))),
        (
            "set_aipp_pixel_var_reci",
            "AIPP-053",
            (-65504, -0.25, 0, 1, 1.0, 65504, 65504.0),
            (65505, -65505.0, 10**400, float("inf"), float("nan")),
        ),
    ],
)
def test_the_normalisation(acl, aipp, channel, name, rule, good, bad):
    for value in good:
        assert call(acl, aipp, name, changed(name, **{f"at_{channel}": value})) == 0
    for value in bad:
        assert_refused(acl, rule, call(acl, aipp, name, changed(name, **{f"at_{channel}": value})))


@pytest.mark.rules("AIPP-050", "AIPP-051", "AIPP-054")
@pytest.mark.parametrize(
    "name", ["set_aipp_dtc_pixel_mean", "set_aipp_dtc_pixel_min", "set_aipp_pixel_var_reci"]
)
def test_the_fourth_channel_may_be_left_out(acl, aipp, name):
    assert call(acl, aipp, name, CALLS[name][:3]) == 0


@pytest.mark.rules("AIPP-055")
def test_numbers_of_numpy_are_numbers(acl, aipp):
    factor = np.float32(0.5)
    assert acl.mdl.set_aipp_pixel_var_reci(aipp, float(factor), int(np.int64(1)), 1, 1, 0) == 0
    assert acl.mdl.set_aipp_dtc_pixel_min(aipp, float(np.float64(1.5)), 0, 0, 0, 0) == 0


@pytest.mark.rules("GDM-074")
def test_the_name_of_the_swap(acl, aipp):
    assert acl.mdl.set_aipp_rbuv_swap_switch(aipp, 0) == 0
    assert not hasattr(acl.mdl, "set_aipp_rbuw_swap_switch")
