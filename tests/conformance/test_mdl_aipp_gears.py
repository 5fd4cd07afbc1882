"""AIPP in models with gears: what may be combined, and what may not."""

import sys
from pathlib import Path

import numpy as np
import pytest
from mdl_models import LoadedModel, atc, convert, identity_image, written

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aipp_reference

HEIGHT, WIDTH = 16, 24
GEAR_INPUT = "ascend_mbatch_shape_data"
PARAMETERS = "ascend_dynamic_aipp_data"
DYNAMIC = "aipp_op { aipp_mode: dynamic related_input_rank: 0 max_src_image_size: 20000 }"
BATCHES = ("--input_shape=image:-1,3,16,24", "--dynamic_batch_size=1,2,4")
SIZES = ("--input_shape=image:1,3,-1,-1", "--dynamic_image_size=8,12;16,24")
RGB = {"input_format": "RGB888_U8", "src_image_size_w": WIDTH, "src_image_size_h": HEIGHT}


def options(folder: Path, text: str, gears: tuple[str, ...]) -> list[str]:
    return ["--input_format=NCHW", *gears, f"--insert_op_conf={written(folder, text)}"]


@pytest.fixture
def load(acl, context, tmp_path):
    loaded = []

    def make(text, gears):
        onnx_path = identity_image(tmp_path, "height", "width", 3, "batch")
        loaded.append(LoadedModel(acl, atc(onnx_path, *options(tmp_path, text, gears))))
        return loaded[-1]

    yield make
    for model in loaded:
        model.close()


def index_of(acl, model, name) -> int:
    index, ret = acl.mdl.get_input_index_by_name(model.desc, name)
    assert ret == 0
    return index


def set_parameters(acl, model, images, *, window=None, border=None) -> int:
    """RGB pictures with a mean of their own."""
    aipp = acl.mdl.create_aipp(len(images))
    try:
        size = images[0]["src_image_size_w"], images[0]["src_image_size_h"]
        assert acl.mdl.set_aipp_src_image_size(aipp, *size) == 0
        assert acl.mdl.set_aipp_input_format(aipp, 3) == 0
        for i, params in enumerate(images):
            assert acl.mdl.set_aipp_dtc_pixel_mean(aipp, params.get("mean_chn_0", 0), 0, 0, 0, i) == 0
            if window:
                assert acl.mdl.set_aipp_crop_params(aipp, 1, *window, i) == 0
            if border:
                assert acl.mdl.set_aipp_padding_params(aipp, 1, *border, i) == 0
        index = index_of(acl, model, PARAMETERS)
        return acl.mdl.set_input_aipp(model.id, model.inputs.dataset, index, aipp)
    finally:
        assert acl.mdl.destroy_aipp(aipp) == 0


def assert_result(acl, model, images, reference) -> None:
    random = np.random.default_rng(3)
    pictures = [random.integers(0, 256, aipp_reference.image_bytes(each), np.uint8) for each in images]
    model.inputs.write(0, np.concatenate(pictures))
    assert model.execute() == 0, acl.get_recent_err_msg()
    pairs = zip(pictures, images, strict=True)
    expected = np.stack([reference(picture, params) for picture, params in pairs])
    found = model.outputs.read(0, np.uint8, (model.outputs.sizes[0],))[: expected.nbytes]
    np.testing.assert_allclose(found.view(np.float32).reshape(expected.shape), expected, rtol=1e-6)


@pytest.mark.rules("GDM-047", "GDM-048", "MDL-031")
def test_dynamic_aipp_with_batch_gears(acl, load):
    model = load(DYNAMIC, BATCHES)
    assert acl.mdl.get_num_inputs(model.desc) == 3
    assert acl.mdl.get_input_size_by_index(model.desc, 0) == 20000
    gear_input = index_of(acl, model, GEAR_INPUT)
    images = [RGB | {"mean_chn_0": 10 * i} for i in range(4)]
    assert set_parameters(acl, model, images) == 0  # For the largest batch, whichever gear runs.
    for batch in (1, 4, 2):
        ret = acl.mdl.set_dynamic_batch_size(model.id, model.inputs.dataset, gear_input, batch)
        assert ret == 0
        assert_result(acl, model, images[:batch], aipp_reference.dynamic_aipp)
    for count in (1, 2, 3, 5):
        assert set_parameters(acl, model, (images * 2)[:count]) != 0


@pytest.mark.rules("GDM-047")
def test_the_information_has_an_entry_for_each_gear(acl, load):
    model = load(DYNAMIC, BATCHES)
    info, ret = acl.mdl.get_first_aipp_info(model.id, 0)
    assert ret == 0
    assert info["shapeCount"] == 3
    assert [each["srcDims"]["dims"] for each in info["outDims"]] == [[n, 3, 16, 24] for n in (1, 2, 4)]


@pytest.mark.rules("GDM-050", "GDM-051")
def test_dynamic_aipp_with_image_gears(acl, load):
    model = load(DYNAMIC, SIZES)
    gear_input = index_of(acl, model, GEAR_INPUT)
    assert acl.mdl.set_dynamic_hw_size(model.id, model.inputs.dataset, gear_input, HEIGHT, WIDTH) == 0
    assert set_parameters(acl, model, [RGB | {"mean_chn_0": 7}]) == 0
    assert_result(acl, model, [RGB | {"mean_chn_0": 7}], aipp_reference.dynamic_aipp)
    small = RGB | {"src_image_size_w": 12, "src_image_size_h": 8}
    assert set_parameters(acl, model, [small]) != 0  # Only the largest size goes with dynamic AIPP.
    assert "GDM-050" in acl.get_recent_err_msg()
    assert acl.mdl.set_dynamic_hw_size(model.id, model.inputs.dataset, gear_input, 8, 12) == 0
    assert model.execute() != 0


@pytest.mark.rules("GDM-049")
def test_dynamic_aipp_with_image_gears_neither_cuts_nor_pads(acl, load):
    model = load(DYNAMIC, SIZES)
    gear_input = index_of(acl, model, GEAR_INPUT)
    assert acl.mdl.set_dynamic_hw_size(model.id, model.inputs.dataset, gear_input, HEIGHT, WIDTH) == 0
    large = RGB | {"src_image_size_w": 40, "src_image_size_h": 30}
    assert set_parameters(acl, model, [large], window=(0, 0, WIDTH, HEIGHT)) != 0
    assert "GDM-049" in acl.get_recent_err_msg()
    small = RGB | {"src_image_size_w": WIDTH - 2, "src_image_size_h": HEIGHT - 2}
    assert set_parameters(acl, model, [small], border=(1, 1, 1, 1)) != 0
    assert "GDM-049" in acl.get_recent_err_msg()
    assert set_parameters(acl, model, [RGB]) == 0


def static(**more) -> str:
    keys = {"input_format": "RGB888_U8", "mean_chn_0": 5} | more
    return "aipp_op { aipp_mode: static " + " ".join(f"{key}: {value}" for key, value in keys.items()) + " }"


@pytest.mark.rules("GDM-052")
def test_static_aipp_with_image_gears(acl, load):
    model = load(static(), SIZES)
    gear_input = index_of(acl, model, GEAR_INPUT)
    for height, width in ((16, 24), (8, 12)):
        assert acl.mdl.set_dynamic_hw_size(model.id, model.inputs.dataset, gear_input, height, width) == 0
        params = {"input_format": "RGB888_U8", "src_image_size_w": width, "src_image_size_h": height}
        assert_result(acl, model, [params | {"mean_chn_0": 5}], aipp_reference.aipp)


@pytest.mark.rules("GDM-052")
@pytest.mark.parametrize(
    "wrong",
    [
        {"src_image_size_w": 24, "src_image_size_h": 16},
        {"crop": "true", "crop_size_w": 12, "crop_size_h": 8},
        {"padding": "true", "left_padding_size": 1},
    ],
)
def test_static_aipp_with_image_gears_has_no_sizes_of_its_own(tmp_path, wrong):
    onnx_path = identity_image(tmp_path, "height", "width", 3, "batch")
    assert convert(onnx_path, *options(tmp_path, static(**wrong), SIZES)).returncode != 0
    assert convert(onnx_path, *options(tmp_path, static(), SIZES)).returncode == 0


@pytest.mark.rules("GDM-053")
@pytest.mark.parametrize("text", [DYNAMIC, static()])
def test_aipp_and_gears_of_dims_exclude_one_another(tmp_path, text):
    onnx_path = identity_image(tmp_path, "height", "width", 3, "batch")
    dims = ["--input_shape=image:-1,3,16,24", "--dynamic_dims=1;2"]
    assert convert(onnx_path, "--input_format=ND", *dims).returncode == 0
    for layout in ("ND", "NCHW"):
        configuration = written(tmp_path, text)
        done = convert(onnx_path, f"--input_format={layout}", *dims, f"--insert_op_conf={configuration}")
        assert done.returncode != 0
