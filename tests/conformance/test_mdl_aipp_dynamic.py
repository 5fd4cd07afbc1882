"""Dynamic AIPP: the extra input, setting parameters before a run, and what the network gets, compared with NumPy."""

import sys
from pathlib import Path

import numpy as np
import pytest
from mdl_models import LoadedModel, atc, identity_image, two_images, written

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aipp_reference

NAME = "ascend_dynamic_aipp_data"
WITH_DYNAMIC_AIPP, DYNAMIC_AIPP_NODE = 2, 3
NO_INPUT = 0xFFFFFFFF
FORMATS = {"YUV420SP_U8": 1, "XRGB8888_U8": 2, "RGB888_U8": 3, "YUV400_U8": 4}
HEIGHT, WIDTH = 16, 24
RGB = {"input_format": "RGB888_U8", "src_image_size_w": WIDTH, "src_image_size_h": HEIGHT}
# The colour conversion of the manual's samples: to B, G, R.
CSC = [256, 443, 0, 256, -86, -178, 256, 0, 350]
CSC_PARAMS = {f"matrix_r{i // 3}c{i % 3}": value for i, value in enumerate(CSC)} | {
    "csc_switch": True,
    "input_bias_1": 128,
    "input_bias_2": 128,
}


def dynamic(rank: int = 0, size: int = 100_000) -> str:
    return f"aipp_op {{ aipp_mode: dynamic related_input_rank: {rank} max_src_image_size: {size} }}\n"


@pytest.fixture
def load(acl, context, tmp_path):
    """load(...) -> a model that returns what AIPP wrote, for pictures of 24 x 16 pixels."""
    loaded = []

    def make(channels=3, batch=1, size=100_000, onnx_path=None, text=None):
        onnx_path = onnx_path or identity_image(tmp_path, HEIGHT, WIDTH, channels, batch)
        configuration = written(tmp_path, text or dynamic(size=size))
        om = atc(onnx_path, "--input_format=NCHW", f"--insert_op_conf={configuration}")
        loaded.append(LoadedModel(acl, om))
        return loaded[-1]

    yield make
    for model in loaded:
        model.close()


def fill(acl, aipp, images) -> None:
    """One dict of parameters, with the names of the configuration file, for each image of the batch."""
    mdl = acl.mdl
    first = images[0]
    assert mdl.set_aipp_src_image_size(aipp, first["src_image_size_w"], first["src_image_size_h"]) == 0
    assert mdl.set_aipp_input_format(aipp, FORMATS[first["input_format"]]) == 0
    if first.get("csc_switch"):
        matrix = [first.get(f"matrix_r{k}c{j}", 0) for k in range(3) for j in range(3)]
        biases = [first.get(f"{side}_bias_{k}", 0) for side in ("output", "input") for k in range(3)]
        assert mdl.set_aipp_csc_params(aipp, 1, *matrix, *biases) == 0
    assert mdl.set_aipp_rbuv_swap_switch(aipp, int(first.get("rbuv_swap_switch", False))) == 0
    assert mdl.set_aipp_ax_swap_switch(aipp, int(first.get("ax_swap_switch", False))) == 0
    for i, params in enumerate(images):
        if params.get("crop"):
            window = [params.get(f"load_start_pos_{side}", 0) for side in "wh"]
            window += [params[f"crop_size_{side}"] for side in "wh"]
            assert mdl.set_aipp_crop_params(aipp, 1, *window, i) == 0
        if params.get("padding"):
            border = [params.get(f"{side}_padding_size", 0) for side in ("top", "bottom", "left", "right")]
            assert mdl.set_aipp_padding_params(aipp, 1, *border, i) == 0
        mean = [params.get(f"mean_chn_{k}", 0) for k in range(4)]
        assert mdl.set_aipp_dtc_pixel_mean(aipp, *mean, i) == 0
        smallest = [params.get(f"min_chn_{k}", 0) for k in range(4)]
        assert mdl.set_aipp_dtc_pixel_min(aipp, *smallest, i) == 0
        factor = [params.get(f"var_reci_chn_{k}", 1.0) for k in range(4)]
        assert mdl.set_aipp_pixel_var_reci(aipp, *factor, i) == 0


def set_parameters(acl, model, images, *, index=1, by_input=False) -> int:
    """Sets them with an object that is gone before the model runs; returns what the setting function returned."""
    aipp = acl.mdl.create_aipp(len(images))
    assert aipp != 0
    try:
        fill(acl, aipp, images)
        name = "set_aipp_by_input_index" if by_input else "set_input_aipp"
        return getattr(acl.mdl, name)(model.id, model.inputs.dataset, index, aipp)
    finally:
        assert acl.mdl.destroy_aipp(aipp) == 0


def assert_result(model, images, *, channels=3, seed=3, where=0) -> None:
    """Runs the model on random pictures and compares; `where`: index of input and output."""
    random = np.random.default_rng(seed)
    pictures = [random.integers(0, 256, aipp_reference.image_bytes(each), np.uint8) for each in images]
    model.inputs.write(where, np.concatenate(pictures))
    assert model.execute() == 0, model.acl.get_recent_err_msg()
    expected = np.stack(
        [
            aipp_reference.dynamic_aipp(picture, params, channels=channels)
            for picture, params in zip(pictures, images, strict=True)
        ]
    )
    found = model.outputs.read(where, np.float32, expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def geometry(**changes) -> dict:
    return {"input_format": "RGB888_U8"} | changes


CROP = geometry(
    src_image_size_w=40,
    src_image_size_h=30,
    crop=True,
    load_start_pos_w=6,
    load_start_pos_h=4,
    crop_size_w=WIDTH,
    crop_size_h=HEIGHT,
)
PAD = geometry(
    src_image_size_w=WIDTH - 5,
    src_image_size_h=HEIGHT - 3,
    padding=True,
    left_padding_size=1,
    right_padding_size=4,
    top_padding_size=3,
)
CROP_AND_PAD = CROP | {
    "crop_size_w": WIDTH - 5,
    "crop_size_h": HEIGHT - 3,
    "padding": True,
    "left_padding_size": 1,
    "right_padding_size": 4,
    "top_padding_size": 1,
    "bottom_padding_size": 2,
}


@pytest.mark.rules("GDM-058", "GDM-059", "GDM-060", "GDM-061", "GDM-063", "MDL-031", "MDL-125")
def test_the_extra_input(acl, load):
    model = load(batch=2)
    assert acl.mdl.get_num_inputs(model.desc) == 2
    assert acl.mdl.get_input_index_by_name(model.desc, NAME) == (1, 0)
    assert acl.mdl.get_input_name_by_index(model.desc, 1) == NAME
    assert acl.mdl.get_input_size_by_index(model.desc, 0) == 100_000
    assert acl.mdl.get_input_size_by_index(model.desc, 1) > 0
    assert acl.mdl.get_input_index_by_name(model.desc, "ACL_DYNAMIC_AIPP_NAME")[1] != 0


@pytest.mark.rules("MDL-042", "MDL-043", "MDL-044", "GDM-065")
def test_the_type_of_each_input(acl, load):
    model = load()
    assert acl.mdl.get_aipp_type(model.id, 0) == (WITH_DYNAMIC_AIPP, 1, 0)
    assert acl.mdl.get_aipp_type(model.id, 1) == (DYNAMIC_AIPP_NODE, NO_INPUT, 0)
    assert acl.mdl.get_aipp_type(model.id, 2)[2] != 0
    assert acl.mdl.get_aipp_type(model.id + 1000, 0)[2] != 0


@pytest.mark.rules("AIPP-063")
def test_the_information_holds_the_networks_input(acl, load):
    model = load(batch=2)
    info, ret = acl.mdl.get_first_aipp_info(model.id, 0)
    assert ret == 0
    assert (info["srcFormat"], info["srcDatatype"], info["srcDimNum"], info["shapeCount"]) == (0, 0, 4, 1)
    assert info["outDims"][0]["srcDims"]["dims"] == [2, 3, HEIGHT, WIDTH]
    assert info["outDims"][0]["srcSize"] == 2 * 3 * HEIGHT * WIDTH * 4
    assert acl.mdl.get_first_aipp_info(model.id, 1)[1] == 145015


@pytest.mark.rules("AIPP-001", "AIPP-056", "GDM-062", "GDE-013", "AIPP-032", "AIPP-034")
@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("by_input", [False, True])
@pytest.mark.parametrize("swap", [False, True])
def test_every_format(acl, load, image_format, by_input, swap):
    channels = {"YUV400_U8": 1, "XRGB8888_U8": 4}.get(image_format, 3)
    model = load(channels)
    params = RGB | {"input_format": image_format, "rbuv_swap_switch": swap, "ax_swap_switch": swap}
    params |= {"mean_chn_0": 3, "min_chn_0": 1.3, "var_reci_chn_0": 0.0171}
    assert set_parameters(acl, model, [params], index=0 if by_input else 1, by_input=by_input) == 0
    assert_result(model, [params], channels=channels)


@pytest.mark.rules("AIPP-022", "AIPP-021", "AIPP-025", "AIPP-031")
@pytest.mark.parametrize("on", [True, False])
def test_yuv_to_bgr(acl, load, on):
    model = load()
    params = RGB | {"input_format": "YUV420SP_U8"} | (CSC_PARAMS if on else {})
    assert set_parameters(acl, model, [params]) == 0
    assert_result(model, [params])


@pytest.mark.rules("AIPP-023", "AIPP-028")
def test_rgb_to_yuv(acl, load):
    model = load()
    matrix = [66, 129, 25, -38, -74, 112, 112, -94, -18]
    params = RGB | {f"matrix_r{i // 3}c{i % 3}": value for i, value in enumerate(matrix)}
    params |= {"csc_switch": True, "output_bias_0": 16, "output_bias_1": 128, "output_bias_2": 128}
    assert set_parameters(acl, model, [params]) == 0
    assert_result(model, [params])


@pytest.mark.rules("AIPP-026", "AIPP-029")
def test_the_largest_coefficients_count(acl, load):
    model = load()
    matrix = [32676, -32677, 1, -32677, 32676, -1, 300, 0, -300]
    params = RGB | {f"matrix_r{i // 3}c{i % 3}": value for i, value in enumerate(matrix)}
    params |= {"csc_switch": True, "input_bias_0": 255, "input_bias_1": 254, "output_bias_2": 255}
    assert set_parameters(acl, model, [params]) == 0
    assert_result(model, [params])


@pytest.mark.rules("AIPP-032")
def test_the_swap_comes_before_the_colour_conversion(acl, load):
    model = load()
    params = RGB | {"input_format": "YUV420SP_U8", "rbuv_swap_switch": True} | CSC_PARAMS
    assert set_parameters(acl, model, [params]) == 0
    assert_result(model, [params])
    random = np.random.default_rng(3)
    picture = random.integers(0, 256, aipp_reference.image_bytes(params), np.uint8)
    unswapped = aipp_reference.dynamic_aipp(picture, params | {"rbuv_swap_switch": False})
    assert np.abs(model.outputs.read(0, np.float32, unswapped.shape) - unswapped).max() > 10


@pytest.mark.rules("AIPP-002", "AIPP-057", "AIPP-060")
@pytest.mark.parametrize("by_input", [False, True])
def test_the_order_of_the_steps(acl, load, by_input):
    """Each other order would give other numbers: the border is not normalised, the means are of converted colours."""
    model = load()
    params = CROP_AND_PAD | CSC_PARAMS | {"input_format": "YUV420SP_U8"}
    params |= {"crop_size_w": WIDTH - 6, "crop_size_h": HEIGHT - 4, "left_padding_size": 2}
    params |= {"top_padding_size": 2, "mean_chn_0": 40, "mean_chn_1": 50, "var_reci_chn_2": 0.125}
    assert set_parameters(acl, model, [params], index=0 if by_input else 1, by_input=by_input) == 0
    assert_result(model, [params])


TABLE = [
    pytest.param(RGB, marks=pytest.mark.rules("AIPP-007"), id="neither"),
    pytest.param(CROP, marks=pytest.mark.rules("AIPP-008", "AIPP-039"), id="crop"),
    pytest.param(CROP_AND_PAD, marks=pytest.mark.rules("AIPP-010"), id="crop and padding"),
    pytest.param(PAD, marks=pytest.mark.rules("AIPP-011", "AIPP-047"), id="padding"),
]


@pytest.mark.rules("AIPP-005")
@pytest.mark.parametrize("by_input", [False, True])
@pytest.mark.parametrize("params", TABLE)
def test_the_size_that_comes_out(acl, load, params, by_input):
    model = load()
    index = 0 if by_input else 1
    assert set_parameters(acl, model, [params], index=index, by_input=by_input) == 0
    assert_result(model, [params])
    side = "crop_size" if params.get("crop") else "src_image_size"
    for axis, step in (("w", 1), ("w", -1), ("h", 1), ("h", -1)):
        wrong = params | {f"{side}_{axis}": params[f"{side}_{axis}"] + step}
        assert set_parameters(acl, model, [wrong], index=index, by_input=by_input) != 0
        assert "AIPP-005" in acl.get_recent_err_msg()
    assert_result(model, [params])  # A refused call changes nothing.


@pytest.mark.rules("AIPP-044", "AIPP-045", "GDE-013", "GDM-064")
def test_every_image_of_the_batch_has_its_own_parameters(acl, load):
    model = load(batch=3)
    images = [
        CROP | {"mean_chn_0": 10},
        CROP | {"load_start_pos_w": 16, "load_start_pos_h": 14, "min_chn_1": 2.5},
        CROP_AND_PAD | {"var_reci_chn_2": -0.5},
    ]
    assert set_parameters(acl, model, images) == 0
    assert_result(model, images)


@pytest.mark.rules("AIPP-006", "AIPP-049")
def test_all_images_come_out_alike(acl, load):
    model = load(batch=2)
    assert set_parameters(acl, model, [CROP, CROP_AND_PAD]) == 0
    for wrong in (CROP | {"crop_size_w": WIDTH - 2}, CROP_AND_PAD | {"right_padding_size": 5}):
        assert set_parameters(acl, model, [CROP, wrong]) != 0
        text = acl.get_recent_err_msg()
        assert "AIPP-005" in text
        assert "image 1" in text


@pytest.mark.rules("AIPP-049")
def test_the_width_with_a_border(acl, context, tmp_path):
    for width, fits in ((1080, True), (1081, False)):
        onnx_path = identity_image(tmp_path, 4, width)
        model = LoadedModel(acl, atc(onnx_path, f"--insert_op_conf={written(tmp_path, dynamic())}"))
        params = PAD | {"src_image_size_w": width - 5, "src_image_size_h": 1}
        assert (set_parameters(acl, model, [params]) == 0) == fits
        model.close()


@pytest.mark.rules("AIPP-046")
@pytest.mark.parametrize("axis", ["w", "h"])
def test_the_window_lies_in_the_picture(acl, load, axis):
    model = load()
    room = CROP[f"src_image_size_{axis}"] - CROP[f"crop_size_{axis}"]
    assert set_parameters(acl, model, [CROP | {f"load_start_pos_{axis}": room}]) == 0
    assert set_parameters(acl, model, [CROP | {f"load_start_pos_{axis}": room + 1}]) != 0
    assert "AIPP-046" in acl.get_recent_err_msg()


@pytest.mark.rules("AIPP-037", "AIPP-038", "AIPP-040", "AIPP-041", "AIPP-042", "AIPP-043")
@pytest.mark.parametrize(
    ("rule", "key", "odd"),
    [
        ("AIPP-037", "src_image_size_w", 41),
        ("AIPP-038", "src_image_size_h", 31),
        ("AIPP-040", "load_start_pos_w", 5),
        ("AIPP-041", "load_start_pos_h", 3),
        ("AIPP-042", "crop_size_w", WIDTH - 1),
        ("AIPP-043", "crop_size_h", HEIGHT - 1),
    ],
)
def test_pictures_of_yuv420sp_have_even_sizes(acl, load, rule, key, odd):
    model = load()
    assert set_parameters(acl, model, [CROP | {"input_format": "YUV420SP_U8"}]) == 0
    assert set_parameters(acl, model, [CROP | {"input_format": "YUV420SP_U8", key: odd}]) != 0
    assert rule in acl.get_recent_err_msg()


@pytest.mark.rules("AIPP-030")
def test_grey_pictures_are_not_converted(acl, load):
    model = load(channels=1)
    aipp = acl.mdl.create_aipp(1)
    assert acl.mdl.set_aipp_src_image_size(aipp, WIDTH, HEIGHT) == 0
    assert acl.mdl.set_aipp_csc_params(aipp, 1, *CSC, 0, 0, 0, 0, 128, 128) == 0  # The format comes later.
    assert acl.mdl.set_aipp_input_format(aipp, 4) == 0
    assert acl.mdl.set_input_aipp(model.id, model.inputs.dataset, 1, aipp) != 0
    assert acl.mdl.set_aipp_csc_params(aipp, 0, *[0] * 15) == 0
    assert acl.mdl.set_input_aipp(model.id, model.inputs.dataset, 1, aipp) == 0
    assert acl.mdl.destroy_aipp(aipp) == 0


@pytest.mark.rules("AIPP-036", "AIPP-018", "AIPP-020", "GDM-062")
def test_the_size_must_be_set_and_the_format_is_yuv420sp_by_default(acl, load):
    model = load()
    aipp = acl.mdl.create_aipp(1)
    assert acl.mdl.set_input_aipp(model.id, model.inputs.dataset, 1, aipp) != 0
    assert "AIPP-036" in acl.get_recent_err_msg()
    assert acl.mdl.set_aipp_src_image_size(aipp, WIDTH, HEIGHT) == 0
    assert acl.mdl.set_input_aipp(model.id, model.inputs.dataset, 1, aipp) == 0
    assert acl.mdl.destroy_aipp(aipp) == 0
    assert_result(model, [RGB | {"input_format": "YUV420SP_U8"}])


@pytest.mark.rules("AIPP-003", "AIPP-058", "AIPP-060", "GDM-066")
def test_each_function_has_its_own_index(acl, load):
    model = load()
    assert set_parameters(acl, model, [RGB], index=1) == 0
    assert set_parameters(acl, model, [RGB], index=0, by_input=True) == 0
    for index in (0, 2, 1 << 40, -1):
        assert set_parameters(acl, model, [RGB], index=index) != 0
        assert "AIPP-058" in acl.get_recent_err_msg()
    for index in (1, 2, 1 << 40, -1):
        assert set_parameters(acl, model, [RGB], index=index, by_input=True) != 0
        assert "AIPP-003" in acl.get_recent_err_msg()


@pytest.mark.rules("AIPP-004", "AIPP-067", "AIPP-068", "GDM-054")
@pytest.mark.parametrize("name", ["set_input_aipp", "set_aipp_by_input_index"])
def test_what_the_setting_functions_need(acl, load, name):
    model = load()
    setter = getattr(acl.mdl, name)
    index = 0 if name == "set_aipp_by_input_index" else 1
    aipp = acl.mdl.create_aipp(1)
    fill(acl, aipp, [RGB])
    assert setter(model.id, model.inputs.dataset, index, aipp) == 0
    assert setter(model.id + 1000, model.inputs.dataset, index, aipp) != 0
    empty = acl.mdl.create_dataset()
    for wrong in (0, None, aipp, empty, 12345):
        assert setter(model.id, wrong, index, aipp) != 0
    assert acl.mdl.destroy_dataset(empty) == 0
    for wrong in (0, None, model.inputs.dataset, 12345):
        assert setter(model.id, model.inputs.dataset, index, wrong) != 0
        assert "AIPP-067" in acl.get_recent_err_msg()
    assert acl.mdl.destroy_aipp(aipp) == 0
    assert setter(model.id, model.inputs.dataset, index, aipp) != 0
    assert_result(model, [RGB])


@pytest.mark.rules("GDM-047", "AIPP-016")
@pytest.mark.parametrize("count", [1, 3])
def test_the_object_is_for_the_models_batch(acl, load, count):
    model = load(batch=2)
    assert set_parameters(acl, model, [RGB] * 2) == 0
    assert set_parameters(acl, model, [RGB] * count) == 145014


@pytest.mark.rules("GDM-061", "GDM-041")
def test_memory_of_the_extra_input(acl, load):
    model = load()
    buffer, address, size = model.inputs.buffers[1], model.inputs.addresses[1], model.inputs.sizes[1]
    assert acl.update_data_buffer(buffer, address, size - 1) == 0
    assert set_parameters(acl, model, [RGB]) == 145012
    assert acl.update_data_buffer(buffer, 0, size) == 0
    assert set_parameters(acl, model, [RGB]) == 145011
    assert acl.update_data_buffer(buffer, address, size) == 0
    assert set_parameters(acl, model, [RGB]) == 0


@pytest.mark.rules("GDM-048")
def test_all_images_fit_into_the_input(acl, load):
    size = 2 * 3 * HEIGHT * WIDTH
    fitting = load(batch=2, size=size)
    assert set_parameters(acl, fitting, [RGB] * 2) == 0
    assert_result(fitting, [RGB] * 2)
    small = load(batch=2, size=size - 1)
    assert set_parameters(acl, small, [RGB] * 2) != 0
    assert "max_src_image_size" in acl.get_recent_err_msg()


@pytest.mark.rules("GDM-041", "GDM-061")
def test_parameters_that_the_program_wrote_itself_are_an_error(acl, load):
    model = load(batch=2)
    size = model.inputs.sizes[1]
    random = np.random.default_rng(11)
    for wild in (
        np.zeros(size, np.uint8),
        np.full(size, 255, np.uint8),
        random.integers(0, 256, size, np.uint8),
    ):
        model.inputs.write(1, wild)
        assert model.execute() != 0
        assert acl.get_recent_err_msg()
    assert set_parameters(acl, model, [RGB] * 2) == 0
    assert_result(model, [RGB] * 2)


@pytest.mark.rules("GDE-013", "GDM-054", "AIPP-001")
def test_parameters_hold_until_others_are_set(acl, load):
    model = load()
    for params in (RGB, CROP, RGB | {"mean_chn_0": 9}, PAD):
        assert set_parameters(acl, model, [params]) == 0
        for seed in range(2):
            assert_result(model, [params], seed=seed)


@pytest.mark.rules("AIPP-001", "GDM-054")
def test_asynchronous_runs(acl, load):
    model = load()
    params = [RGB | {"mean_chn_0": 9}, CROP | {"min_chn_1": 4.0}]
    stream, ret = acl.rt.create_stream()
    assert ret == 0
    for each in params:
        assert set_parameters(acl, model, [each]) == 0
        picture = np.random.default_rng(5).integers(0, 256, aipp_reference.image_bytes(each), np.uint8)
        model.inputs.write(0, picture)
        ret = acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, stream)
        assert ret == 0
        assert acl.rt.synchronize_stream(stream) == 0
        expected = aipp_reference.dynamic_aipp(picture, each)
        found = model.outputs.read(0, np.float32, expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    model.inputs.write(1, np.zeros(model.inputs.sizes[1], np.uint8))
    assert acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, stream) == 0
    assert acl.rt.synchronize_stream(stream) != 0  # Only the run sees the parameters.
    assert acl.rt.destroy_stream(stream) == 0


@pytest.mark.rules("GDM-065", "GDM-066", "GDM-067", "GDM-068", "AIPP-058")
@pytest.mark.parametrize("by_input", [True, False])
def test_several_inputs(acl, load, tmp_path, by_input):
    model = load(onnx_path=two_images(tmp_path, (1, 2)), text=dynamic(0) + dynamic(1))
    mdl = acl.mdl
    assert mdl.get_num_inputs(model.desc) == 4
    assert mdl.get_input_index_by_name(model.desc, NAME)[1] == 0
    params = [
        [CROP | CSC_PARAMS | {"input_format": "YUV420SP_U8", "load_start_pos_w": 2, "load_start_pos_h": 2}],
        [RGB | {"src_image_size_w": 12, "src_image_size_h": 9, "mean_chn_1": 5 * i} for i in range(2)],
    ]
    need = [i for i in range(4) if mdl.get_aipp_type(model.id, i)[0] == WITH_DYNAMIC_AIPP]
    assert [mdl.get_input_name_by_index(model.desc, i) for i in need] == ["first", "second"]
    attached = [mdl.get_aipp_type(model.id, i)[1] for i in need]
    assert sorted(attached) == [2, 3]
    for own, extra, images in zip(need, attached, params, strict=True):
        assert mdl.get_aipp_type(model.id, extra)[0] == DYNAMIC_AIPP_NODE
        assert NAME in mdl.get_input_name_by_index(model.desc, extra)
        index = own if by_input else extra
        assert set_parameters(acl, model, images, index=index, by_input=by_input) == 0
    for i, images in enumerate(params):
        assert_result(model, images, where=i)


@pytest.mark.rules("GDM-065", "AIPP-003")
def test_an_input_without_aipp_beside_one_with_it(acl, load, tmp_path):
    model = load(onnx_path=two_images(tmp_path), text=dynamic(1))
    assert acl.mdl.get_aipp_type(model.id, 0) == (0, NO_INPUT, 0)
    assert acl.mdl.get_aipp_type(model.id, 1) == (WITH_DYNAMIC_AIPP, 2, 0)
    params = [RGB | {"src_image_size_w": 12, "src_image_size_h": 9}]
    assert set_parameters(acl, model, params, index=0, by_input=True) == 145015
    assert set_parameters(acl, model, params, index=1, by_input=True) == 0
    plain = np.random.default_rng(1).standard_normal((1, 3, HEIGHT, WIDTH)).astype(np.float32)
    model.inputs.write(0, plain)
    assert_result(model, params, where=1)
    np.testing.assert_array_equal(model.outputs.read(0, np.float32, plain.shape), plain)
