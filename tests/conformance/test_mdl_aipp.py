"""Static AIPP through atc and acl.mdl, compared with the NumPy reference."""

import sys
from pathlib import Path

import numpy as np
import pytest
from mdl_models import LoadedModel, atc, convert, identity_image, two_images, written

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aipp_reference

STATIC_AIPP = 1
NO_INPUT = 0xFFFFFFFF
FORMATS = {
    "YUV420SP_U8": 1,
    "XRGB8888_U8": 2,
    "RGB888_U8": 3,
    "YUV400_U8": 4,
    "ARGB8888_U8": 7,
    "YUYV_U8": 8,
    "YUV422SP_U8": 9,
    "AYUV444_U8": 10,
}
# Of the model behind AIPP.
CHANNELS = dict.fromkeys(FORMATS, 3) | {"YUV400_U8": 1, "ARGB8888_U8": 4}
# Of the image as the manual's table 10-4 counts them.
DIMS_V2 = {
    "YUV420SP_U8": lambda n, h, w: [n, h * 3 // 2, w, 1],
    "XRGB8888_U8": lambda n, h, w: [n, h, w, 4],
    "RGB888_U8": lambda n, h, w: [n, h, w, 3],
    "YUV400_U8": lambda n, h, w: [n, h, w, 1],
    "ARGB8888_U8": lambda n, h, w: [n, h, w, 4],
    "YUYV_U8": lambda n, h, w: [n, h, w, 2],
    "YUV422SP_U8": lambda n, h, w: [n, h * 2, w, 1],
    "AYUV444_U8": lambda n, h, w: [n, h, w, 4],
}
RULES_OF_DIMS = {
    "YUV420SP_U8": ("MDL-096", "MDL-104"),
    "XRGB8888_U8": ("MDL-097", "MDL-105"),
    "RGB888_U8": ("MDL-098", "MDL-106"),
    "YUV400_U8": ("MDL-099", "MDL-107"),
    "ARGB8888_U8": ("MDL-100", "MDL-108"),
    "YUYV_U8": ("MDL-101", "MDL-109"),
    "YUV422SP_U8": ("MDL-102", "MDL-110"),
    "AYUV444_U8": ("MDL-103", "MDL-111"),
}


def config(path: Path, params: dict) -> Path:
    lines = [
        f"{key}: {str(value).lower() if isinstance(value, bool) else value}" for key, value in params.items()
    ]
    path.write_text("aipp_op {\naipp_mode: static\n" + "\n".join(lines) + "\n}\n")
    return path


@pytest.fixture
def load(acl, context, tmp_path):
    """load(params, height, width, ...) -> a model that returns what AIPP wrote."""
    loaded = []

    def make(params, height, width, channels=3, batch=1):
        onnx_path = identity_image(tmp_path, height, width, channels, batch)
        om = atc(
            onnx_path,
            "--input_format=NCHW",
            f"--input_shape=image:{batch},{channels},{height},{width}",
            f"--insert_op_conf={config(tmp_path / 'aipp.cfg', params)}",
        )
        loaded.append(LoadedModel(acl, om))
        return loaded[-1]

    yield make
    for model in loaded:
        model.close()


def run(model: LoadedModel, images: np.ndarray, shape) -> np.ndarray:
    model.inputs.write(0, images)
    assert model.execute() == 0
    return model.outputs.read(0, np.float32, shape)


def by_format(*rules_of):
    return [
        pytest.param(name, marks=pytest.mark.rules(*(rules[i] for i in rules_of)))
        for name, rules in RULES_OF_DIMS.items()
    ]


@pytest.mark.rules("MDL-094", "MDL-095", "MDL-112", "MDL-080")
@pytest.mark.parametrize("image_format", by_format(0, 1))
def test_dims_of_the_image(acl, load, image_format):
    batch, height, width = 2, 16, 24
    params = {"input_format": image_format, "src_image_size_w": width, "src_image_size_h": height}
    model = load(params, height, width, CHANNELS[image_format], batch)
    dims, ret = acl.mdl.get_input_dims(model.desc, 0)
    assert ret == 0
    assert dims["dims"] == [batch, height, width, aipp_reference.CHANNELS[image_format]]
    assert len(dims["dims"]) == dims["dimCount"] == 4
    dims, ret = acl.mdl.get_input_dims_v2(model.desc, 0)
    assert ret == 0
    assert dims["dims"] == DIMS_V2[image_format](batch, height, width)
    assert acl.mdl.get_input_size_by_index(model.desc, 0) == np.prod(dims["dims"])
    assert acl.mdl.get_input_format(model.desc, 0) == 1
    assert acl.mdl.get_input_data_type(model.desc, 0) == 4


@pytest.mark.rules("MDL-042", "MDL-043", "MDL-044", "AIPP-061", "AIPP-065")
def test_information(acl, load):
    model = load(
        {
            "input_format": "YUV420SP_U8",
            "src_image_size_w": 32,
            "src_image_size_h": 20,
            "crop": True,
            "load_start_pos_w": 4,
            "load_start_pos_h": 2,
            "crop_size_w": 24,
            "crop_size_h": 16,
            "csc_switch": True,
            "matrix_r0c0": 256,
            "matrix_r2c1": -88,
            "input_bias_1": 128,
            "mean_chn_0": 104,
            "min_chn_1": 0.25,
            "var_reci_chn_2": 0.5,
        },
        16,
        24,
    )
    assert acl.mdl.get_aipp_type(model.id, 0) == (STATIC_AIPP, NO_INPUT, 0)
    info, ret = acl.mdl.get_first_aipp_info(model.id, 0)
    assert ret == 0
    expected = {
        "inputFormat": 1,
        "srcImageSizeW": 32,
        "srcImageSizeH": 20,
        "cropSwitch": 1,
        "loadStartPosW": 4,
        "loadStartPosH": 2,
        "cropSizeW": 24,
        "cropSizeH": 16,
        "resizeSwitch": 0,
        "paddingSwitch": 0,
        "cscSwitch": 1,
        "matrixR0C0": 256,
        "matrixR2C1": -88,
        "matrixR1C1": 0,
        "inputBias1": 128,
        "meanChn0": 104,
        "meanChn1": 0,
        "minChn1": 0.25,
        "varReciChn2": 0.5,
        "srcFormat": 0,
        "srcDatatype": 0,
        "srcDimNum": 4,
    }
    assert {key: info[key] for key in expected} == expected
    assert info["outDims"][0]["srcDims"]["dims"] == [1, 3, 16, 24]
    assert info["outDims"][0]["srcSize"] == 3 * 16 * 24 * 4
    assert acl.mdl.get_first_aipp_info(model.id, 1)[1] != 0


@pytest.mark.rules("MDL-013", "MDL-043", "GDE-010", "AIPP-062", "AIPP-066")
@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("steps", ["plain", "crop and normalise", "pad", "convert", "swap", "everything"])
def test_results(load, image_format, steps):
    height, width, channels, batch = 16, 24, CHANNELS[image_format], 3
    params = {"input_format": image_format, "src_image_size_w": width, "src_image_size_h": height}
    if steps in ("crop and normalise", "everything"):
        params |= {"src_image_size_w": width + 10, "src_image_size_h": height + 6, "crop": True}
        params |= {"load_start_pos_w": 6, "load_start_pos_h": 4, "crop_size_w": width, "crop_size_h": height}
        params |= {f"mean_chn_{i}": 100 + i for i in range(channels)}
        params |= {f"var_reci_chn_{i}": 0.0078125 * (i + 1) for i in range(channels)}
    if steps == "everything":  # The order of the steps is seen in the result.
        params |= {"crop_size_w": width - 8, "crop_size_h": height - 6}
    if steps == "pad":
        params |= {"src_image_size_w": width - 8, "src_image_size_h": height - 6}
    if steps in ("pad", "everything"):
        params |= {"padding": True, "left_padding_size": 2, "right_padding_size": 6}
        params |= {"top_padding_size": 4, "bottom_padding_size": 2, "padding_value": 17.0}
    if steps in ("swap", "everything"):
        params |= {"rbuv_swap_switch": True, "ax_swap_switch": True}
    if steps in ("convert", "everything") and image_format != "YUV400_U8":
        params |= {"csc_switch": True, "rbuv_swap_switch": True}
        matrix = [298, 0, 409, 298, -100, -208, 298, 516, 0]
        params |= {f"matrix_r{i // 3}c{i % 3}": value for i, value in enumerate(matrix)}
        params |= {"input_bias_0": 16, "input_bias_1": 128, "input_bias_2": 128}
    image_bytes = aipp_reference.image_bytes(params)
    images = np.random.default_rng(3).integers(0, 256, (batch, image_bytes), np.uint8)
    model = load(params, height, width, channels, batch)
    found = run(model, images, (batch, channels, height, width))
    expected = np.stack([aipp_reference.aipp(image, params, channels=channels) for image in images])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.rules("MDL-095", "MDL-151")
def test_an_image_that_is_too_small(acl, load):
    model = load({"input_format": "RGB888_U8", "src_image_size_w": 24, "src_image_size_h": 16}, 16, 24)
    size = model.inputs.sizes[0]
    assert acl.update_data_buffer(model.inputs.buffers[0], model.inputs.addresses[0], size - 1) == 0
    assert model.execute() == 100017
    assert acl.update_data_buffer(model.inputs.buffers[0], model.inputs.addresses[0], size) == 0
    assert model.execute() == 0


@pytest.mark.rules("GDE-012")
def test_the_parameters_of_the_conversion_hold_for_every_picture_of_a_batch_and_every_run(acl, load):
    params = {"input_format": "RGB888_U8", "src_image_size_w": 24, "src_image_size_h": 16, "mean_chn_0": 100}
    batch = 3
    model = load(params, 16, 24, batch=batch)
    image = np.random.default_rng(5).integers(0, 256, aipp_reference.image_bytes(params), np.uint8)
    expected = aipp_reference.aipp(image, params, channels=3)
    for _ in range(2):
        found = run(model, np.stack([image] * batch), (batch, 3, 16, 24))
        for picture in found:
            np.testing.assert_allclose(picture, expected, rtol=1e-6, atol=1e-6)
        # Nothing that a program sets changes them.
        other = acl.mdl.create_aipp(batch)
        assert acl.mdl.set_input_aipp(model.id, model.inputs.dataset, 0, other) != 0
        if other:
            acl.mdl.destroy_aipp(other)


def refused(folder: Path, onnx_path: Path, text: str) -> str:
    """What atc says about a configuration that it must refuse."""
    configuration = folder / "refused.cfg"
    configuration.write_text(text)
    done = convert(onnx_path, "--input_format=NCHW", f"--insert_op_conf={configuration}")
    assert done.returncode != 0
    assert not onnx_path.with_suffix(".om").exists()
    return done.stdout + done.stderr


@pytest.mark.rules("AIPP-059", "AIPP-062")
def test_resize_is_refused(tmp_path):
    onnx_path = identity_image(tmp_path, 16, 24)
    text = "aipp_op { aipp_mode: static input_format: RGB888_U8 src_image_size_w: 48 src_image_size_h: 32 "
    assert "resize" in refused(
        tmp_path, onnx_path, text + "resize: true resize_output_w: 24 resize_output_h: 16 }"
    )


@pytest.mark.rules("AIPP-066")
@pytest.mark.parametrize("image_format", ["RAW10", "RAW12", "RAW16", "RAW24", "NC1HWC0DI_FP16", "RGB16"])
def test_formats_that_are_not_supported_at_present(tmp_path, image_format):
    onnx_path = identity_image(tmp_path, 16, 24)
    text = f"aipp_op {{ aipp_mode: static input_format: {image_format} }}"
    assert image_format in refused(tmp_path, onnx_path, text)


@pytest.mark.rules("GDE-011")
def test_static_and_dynamic_aipp_exclude_one_another(tmp_path):
    onnx_path = two_images(tmp_path)
    static = "aipp_op { aipp_mode: static related_input_rank: 0 input_format: RGB888_U8 }\n"
    dynamic = "aipp_op { aipp_mode: dynamic related_input_rank: 1 max_src_image_size: 10000 }\n"
    refused(tmp_path, onnx_path, static + dynamic)
    assert atc(onnx_path, f"--insert_op_conf={written(tmp_path, static)}").exists()


@pytest.mark.rules("AIPP-061", "AIPP-064")
@pytest.mark.parametrize("by", ["rank", "name"])
def test_every_input_has_its_own_parameters(acl, context, tmp_path, by):
    onnx_path = two_images(tmp_path)
    related = {
        "rank": ["related_input_rank: 0", "related_input_rank: 1"],
        "name": ['related_input_name: "first"', 'related_input_name: "second"'],
    }[by]
    params = [
        {"input_format": "YUV420SP_U8", "src_image_size_w": 24, "src_image_size_h": 16, "mean_chn_1": 7},
        {"input_format": "RGB888_U8", "src_image_size_w": 12, "src_image_size_h": 9, "mean_chn_0": 100},
    ]
    text = "".join(
        f"aipp_op {{ aipp_mode: static {where} " + " ".join(f"{k}: {v}" for k, v in each.items()) + " }\n"
        for where, each in zip(related, params, strict=True)
    )
    model = LoadedModel(acl, atc(onnx_path, f"--insert_op_conf={written(tmp_path, text)}"))
    try:
        random = np.random.default_rng(9)
        images = [random.integers(0, 256, aipp_reference.image_bytes(each), np.uint8) for each in params]
        for i, image in enumerate(images):
            info, ret = acl.mdl.get_first_aipp_info(model.id, i)
            assert ret == 0
            assert info["srcImageSizeW"] == params[i]["src_image_size_w"]
            model.inputs.write(i, image)
        assert model.execute() == 0
        for i, image in enumerate(images):
            expected = aipp_reference.aipp(image, params[i])[None]
            found = model.outputs.read(i, np.float32, expected.shape)
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    finally:
        model.close()


@pytest.mark.rules("AIPP-061", "GDE-159")
def test_information_about_an_input_without_aipp(acl, context, tmp_path):
    model = LoadedModel(acl, atc(identity_image(tmp_path, 16, 24)))
    try:
        assert acl.mdl.get_aipp_type(model.id, 0) == (0, NO_INPUT, 0)
        assert acl.mdl.get_first_aipp_info(model.id, 0)[1] == 145015  # The new code of the two.
    finally:
        model.close()
