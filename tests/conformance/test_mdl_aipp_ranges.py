"""Dynamic AIPP in front of an input whose sizes have ranges: the pictures of each run tell its sizes."""

import shutil
import subprocess
import sys
from pathlib import Path

import dump_reader
import numpy as np
import pytest
from mdl_models import atc, convert, identity_image, save, written
from onnx import TensorProto, helper
from test_mdl_aipp_dynamic import dynamic, fill, geometry, set_parameters
from test_mdl_dump import DumpCalls
from test_mdl_shape_ranges import OpenModel

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aipp_reference
import tensorflow_graph

BATCH_EMPTY = 145014
SHAPE_INVALID = 145021
RANGES = "image:1~4,3,8~16,10~32"
ROOM = 60_000  # Bytes for pictures.

pytestmark = pytest.mark.needs("acl.mdl.set_dataset_tensor_desc")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("aipp_ranges")


def open_image(folder: Path, ranges: str, name: str = "seen", option: str = "--input_shape") -> Path:
    """An om file whose output is what AIPP wrote."""
    path = identity_image(folder, "height", "width", 3, "batch")
    path = path.rename(path.with_stem(name))
    configuration = written(folder, dynamic(size=ROOM))
    return atc(path, "--input_format=NCHW", f"{option}={ranges}", f"--insert_op_conf={configuration}")


@pytest.fixture(scope="module")
def om(acl, folder):
    return open_image(folder, RANGES)


@pytest.fixture
def net(acl, context, om):
    model = OpenModel(acl, om, 2, 1)
    yield model
    model.close()


def plain(width: int, height: int, **more) -> dict:
    return geometry(src_image_size_w=width, src_image_size_h=height, **more)


def crop(width: int, height: int, **more) -> dict:
    window = {"load_start_pos_w": 6, "load_start_pos_h": 4, "crop_size_w": width, "crop_size_h": height}
    return plain(60, 40, crop=True, **window | more)


BORDER = {"padding": True, "left_padding_size": 1, "right_padding_size": 4, "top_padding_size": 3}


def give_pictures(net, images, where: int = 0, seed: int = 3) -> np.ndarray:
    """Writes random pictures; returns what AIPP makes of them."""
    random = np.random.default_rng(seed)
    pictures = [random.integers(0, 256, aipp_reference.image_bytes(each), np.uint8) for each in images]
    net.inputs.write(where, np.concatenate(pictures))
    pairs = zip(pictures, images, strict=True)
    return np.stack([aipp_reference.dynamic_aipp(picture, params, channels=3) for picture, params in pairs])


def assert_output(net, expected: np.ndarray, where: int = 0) -> None:
    np.testing.assert_allclose(net.output(where, np.float32), expected, rtol=1e-6, atol=1e-6)


def assert_run(net, images, seed: int = 3) -> None:
    expected = give_pictures(net, images, seed=seed)
    assert net.execute() == 0, net.acl.get_recent_err_msg()
    assert_output(net, expected)


@pytest.mark.rules("GDM-058", "GDM-059", "GDM-079", "AIPP-063", "MDL-042")
def test_what_the_model_says_of_itself(acl, net):
    mdl = acl.mdl
    assert mdl.get_num_inputs(net.desc) == 2
    assert mdl.get_input_index_by_name(net.desc, "ascend_dynamic_aipp_data") == (1, 0)
    assert mdl.get_input_size_by_index(net.desc, 0) == ROOM
    assert mdl.get_output_size_by_index(net.desc, 0) == 0
    assert mdl.get_input_dims(net.desc, 0)[0]["dims"] == [-1, -1, -1, -1]
    assert mdl.get_input_dims(net.desc, 1)[0]["dims"] == [mdl.get_input_size_by_index(net.desc, 1)]
    assert mdl.get_output_dims(net.desc, 0)[0]["dims"] == [-1, 3, -1, -1]
    assert mdl.get_aipp_type(net.id, 0) == (2, 1, 0)
    assert mdl.get_aipp_type(net.id, 1)[0] == 3
    info, ret = mdl.get_first_aipp_info(net.id, 0)
    assert ret == 0
    assert (info["srcFormat"], info["srcDatatype"], info["srcDimNum"], info["shapeCount"]) == (0, 0, 4, 1)
    assert info["outDims"][0]["srcDims"]["dims"] == [-1, 3, -1, -1]


@pytest.mark.rules("GDM-083", "AIPP-007", "AIPP-008", "AIPP-010", "AIPP-011", "GDM-081")
@pytest.mark.parametrize("by_input", [False, True])
def test_the_pictures_tell_the_sizes(acl, net, by_input):
    for seed, params in enumerate(
        [
            plain(12, 8),
            plain(32, 16),
            plain(10, 8, mean_chn_0=9, min_chn_1=1.5, var_reci_chn_2=0.25),
            crop(20, 10),
            crop(20, 10, **BORDER),
            plain(9, 9, **BORDER),
            plain(24, 14, input_format="YUV420SP_U8"),
            plain(17, 11, input_format="XRGB8888_U8"),
            plain(12, 8),
        ]
    ):
        index = 0 if by_input else 1
        assert set_parameters(acl, net, [params], index=index, by_input=by_input) == 0
        assert_run(net, [params], seed)


@pytest.mark.rules("GDM-083", "GDM-076", "GDM-084")
def test_the_shape_may_be_set_as_well(acl, net):
    """As that of the pictures, or as that of the network's input, which has the ranges."""
    params = crop(20, 10)
    assert set_parameters(acl, net, [params] * 2) == 0
    for shape in ((2, 3, 10, 20), (2, 40, 60, 3)):
        assert net.set_shape(shape) == 0
        assert_run(net, [params] * 2)
    for shape in ((2, 3, 10, 21), (2, 3, 40, 60), (2, 10, 20, 3), (2, 3, 10), (), (2, 3, 10, 20, 1)):
        assert net.set_shape(shape) == 0
        assert net.execute() != 0
        assert "GDM-084" in acl.get_recent_err_msg()
    yuv = plain(24, 14, input_format="YUV420SP_U8")
    assert set_parameters(acl, net, [yuv]) == 0
    for shape in ((1, 14, 24, 3), (1, 21, 24, 1), (1, 3, 14, 24)):
        assert net.set_shape(shape) == 0
        assert_run(net, [yuv])


@pytest.mark.rules("GDM-083", "AIPP-044", "GDM-047")
def test_the_batch_is_that_of_the_parameters(acl, net):
    images = [crop(12, 9), crop(12, 9, load_start_pos_w=20), crop(12, 9, min_chn_1=2), crop(7, 6, **BORDER)]
    for count in (4, 1, 3, 2):
        assert set_parameters(acl, net, images[:count]) == 0
        assert_run(net, images[:count])
    assert set_parameters(acl, net, images + images[:1]) == BATCH_EMPTY
    assert "1~4" in acl.get_recent_err_msg()
    assert_run(net, images[:2])  # A refused call changes nothing.


@pytest.mark.rules("GDM-083", "GDM-047", "GDM-084")
def test_parameters_for_the_largest_batch_serve_smaller_ones(acl, net):
    images = [crop(12, 9, mean_chn_0=i) for i in range(4)]
    assert set_parameters(acl, net, images) == 0
    for count in (2, 4, 1):
        assert net.set_shape((count, 3, 9, 12)) == 0
        assert_run(net, images[:count])
    for count in (0, 5, 1 << 40):
        assert net.set_shape((count, 3, 9, 12)) == 0
        assert net.execute() == BATCH_EMPTY
        assert "GDM-047" in acl.get_recent_err_msg()
    assert set_parameters(acl, net, images[:2]) == 0
    assert net.set_shape((3, 3, 9, 12)) == 0
    assert net.execute() == BATCH_EMPTY


@pytest.mark.rules("GDM-083")
@pytest.mark.parametrize("by_input", [False, True])
@pytest.mark.parametrize(
    ("params", "side", "size", "allowed"),
    [
        (plain(9, 8), "width", 9, "10~32"),
        (plain(33, 8), "width", 33, "10~32"),
        (plain(10, 7), "height", 7, "8~16"),
        (plain(10, 17), "height", 17, "8~16"),
        (crop(33, 8), "width", 33, "10~32"),
        (crop(10, 7), "height", 7, "8~16"),
        (plain(28, 10, **BORDER), "width", 33, "10~32"),
        (crop(20, 14, **BORDER), "height", 17, "8~16"),
    ],
)
def test_what_comes_out_lies_in_the_ranges(acl, net, params, side, size, allowed, by_input):
    good = plain(12, 8)
    assert set_parameters(acl, net, [good]) == 0
    index = 0 if by_input else 1
    assert set_parameters(acl, net, [params], index=index, by_input=by_input) == SHAPE_INVALID
    text = acl.get_recent_err_msg()
    assert "GDM-083" in text
    assert f"the {side} after AIPP is {size}" in text
    assert allowed in text
    assert_run(net, [good])


@pytest.mark.rules("GDM-083")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_ranges_hold_when_the_model_runs(acl, net, folder, stream, asynchronous):
    """Parameters that were set for a model with wider ranges."""
    wide = OpenModel(acl, open_image(folder, "image:1~4,3,-1,-1", "wide"), 0, 0)
    aipp = acl.mdl.create_aipp(1)
    fill(acl, aipp, [plain(40, 16)])
    assert acl.mdl.set_input_aipp(wide.id, net.inputs.dataset, 1, aipp) == 0
    assert acl.mdl.destroy_aipp(aipp) == 0
    give_pictures(net, [plain(40, 16)])
    if asynchronous:
        assert acl.mdl.execute_async(net.id, net.inputs.dataset, net.outputs.dataset, stream) == 0
        assert acl.rt.synchronize_stream(stream) == SHAPE_INVALID
    else:
        assert net.execute() == SHAPE_INVALID
    text = acl.get_recent_err_msg()
    assert "GDM-083" in text
    assert "10~32" in text
    assert acl.mdl.execute(wide.id, net.inputs.dataset, net.outputs.dataset) == 0
    assert net.output(0, np.float32).shape == (1, 3, 16, 40)
    wide.close()


@pytest.mark.rules("AIPP-006", "GDM-083")
def test_all_images_come_out_alike(acl, net):
    assert set_parameters(acl, net, [crop(12, 9), crop(12, 10)]) != 0
    text = acl.get_recent_err_msg()
    assert "AIPP-005" in text
    assert "image 1" in text


@pytest.mark.rules("GDM-054", "GDM-061", "GDM-041")
def test_parameters_that_were_never_set_are_an_error(acl, net):
    size = acl.mdl.get_input_size_by_index(net.desc, 1)
    random = np.random.default_rng(5)
    for wild in (
        np.zeros(size, np.uint8),
        np.full(size, 255, np.uint8),
        *random.integers(0, 256, (20, size), np.uint8),
    ):
        net.inputs.write(1, wild)
        assert net.execute() != 0
        assert "GDM-061" in acl.get_recent_err_msg()
    assert set_parameters(acl, net, [plain(12, 8)]) == 0
    assert_run(net, [plain(12, 8)])


@pytest.mark.rules("GDM-048", "GDM-078")
def test_memory_that_is_too_small(acl, net):
    images = [plain(32, 16)] * 4
    assert set_parameters(acl, net, images) == 0
    size = acl.mdl.get_input_size_by_index(net.desc, 1)
    for index, needed in ((0, ROOM), (1, size)):
        buffer, address = net.inputs.buffers[index], net.inputs.addresses[index]
        assert acl.update_data_buffer(buffer, address, needed - 1) == 0
        assert net.execute() == 100017
        assert str(needed) in acl.get_recent_err_msg()
        assert acl.update_data_buffer(buffer, address, needed) == 0
    assert_run(net, images)
    assert set_parameters(acl, net, [crop(12, 9) | {"src_image_size_w": 3000}] * 4) != 0
    assert "max_src_image_size" in acl.get_recent_err_msg()


@pytest.mark.rules("GDM-083", "GDM-062")
def test_the_parameters_of_a_task_are_those_of_its_run(acl, net, stream):
    for seed, params in enumerate([plain(12, 8), crop(20, 10), plain(32, 16)]):
        assert set_parameters(acl, net, [params]) == 0
        expected = give_pictures(net, [params], seed=seed)
        assert acl.mdl.execute_async(net.id, net.inputs.dataset, net.outputs.dataset, stream) == 0
        assert acl.rt.synchronize_stream(stream) == 0
        assert_output(net, expected)


@pytest.mark.rules("DUMP-021", "GDM-083")
def test_layers_are_dumped_in_the_sizes_of_each_run(acl, context, om, tmp_path):
    target = tmp_path / "dump"
    target.mkdir()
    chosen = {"dump_path": str(target), "dump_mode": "all", "dump_list": [{"model_name": "seen"}]}
    with DumpCalls(acl, tmp_path / "c.json", **chosen):
        net = OpenModel(acl, om, 2, 1)
        runs = [[crop(20, 10)] * 3, [plain(12, 8)], [crop(20, 10)] * 2]
        expected = []
        for seed, images in enumerate(runs):
            assert set_parameters(acl, net, images) == 0
            expected.append(give_pictures(net, images, seed=seed))
            assert net.execute() == 0, acl.get_recent_err_msg()
        for number, value in enumerate(expected):
            (run,) = target.rglob(f"{net.id}/{number}")
            layers = dump_reader.read_all(run)
            (aipp,) = [each for each in layers.values() if each.type == "Aipp"]
            for each in (aipp, layers["plus"]):
                np.testing.assert_allclose(each.outputs[0], value, rtol=1e-6, atol=1e-6)
        net.close()


@pytest.mark.rules("GDM-083", "GDM-084")
def test_channels_behind_the_pixels(acl, context, tmp_path):
    """TensorFlow's layout, NHWC: height and width stand before the channels."""
    graph = tensorflow_graph.Graph()
    graph.placeholder("x", (-1, -1, -1, 3))
    graph.apply("seen", "Relu", "x")
    graph.write(tmp_path / "net.pb")
    command = [
        shutil.which("atc"), "--framework=3", f"--model={tmp_path / 'net.pb'}", f"--output={tmp_path / 'net'}",
        f"--soc_version={acl.get_soc_name()}", "--input_shape=x:1~4,8~16,10~32,3",
        f"--insert_op_conf={written(tmp_path, dynamic(size=ROOM))}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    net = OpenModel(acl, tmp_path / "net.om", 2, 1)
    for images in ([plain(12, 8)], [crop(20, 10), crop(15, 7, **BORDER)]):
        assert set_parameters(acl, net, images) == 0
        expected = give_pictures(net, images).transpose(0, 2, 3, 1)
        assert net.execute() == 0, acl.get_recent_err_msg()
        assert_output(net, expected)
    assert net.set_shape((2, 10, 20, 3)) == 0
    assert net.execute() == 0
    assert_output(net, expected)
    assert set_parameters(acl, net, [plain(8, 12)]) == SHAPE_INVALID
    assert "the width after AIPP is 8" in acl.get_recent_err_msg()
    net.close()


@pytest.mark.rules("GDM-083", "GDM-065", "GDM-066")
def test_one_picture_with_ranges_beside_one_without(acl, context, folder):
    onnx_path = save(
        folder / "pair.onnx",
        [
            helper.make_node("Neg", ["first"], ["first_seen"], name="minus"),
            helper.make_node("Neg", ["second"], ["second_seen"], name="minus_2"),
        ],
        [("first", TensorProto.FLOAT, (1, 3, 8, 12)), ("second", TensorProto.FLOAT, ("n", 3, "h", "w"))],
        [
            ("first_seen", TensorProto.FLOAT, (1, 3, 8, 12)),
            ("second_seen", TensorProto.FLOAT, ("n", 3, "h", "w")),
        ],
    )
    text = dynamic(0, ROOM) + dynamic(1, ROOM)
    om = atc(onnx_path, "--input_shape=second:1~2,3,4~16,-1", f"--insert_op_conf={written(folder, text)}")
    net = OpenModel(acl, om, 4, 2)
    fixed, open_one = [plain(12, 8, mean_chn_0=4)], [crop(20, 10), crop(15, 7, **BORDER)]
    places = [acl.mdl.get_aipp_type(net.id, i)[1] for i in range(2)]
    assert set_parameters(acl, net, fixed, index=places[0]) == 0
    assert set_parameters(acl, net, open_one, index=places[1]) == 0
    expected = [-give_pictures(net, fixed, 0), -give_pictures(net, open_one, 1)]
    assert net.execute() == 0, acl.get_recent_err_msg()
    for where in range(2):
        assert_output(net, expected[where], where)
    assert set_parameters(acl, net, [plain(14, 8)], index=places[0]) != 0
    assert "AIPP-005" in acl.get_recent_err_msg()
    assert set_parameters(acl, net, [plain(14, 3)], index=places[1]) == SHAPE_INVALID
    net.close()


@pytest.mark.rules("GDM-083")
@pytest.mark.parametrize("ranges", ["image:[1~4,3,8~16,10~32]", "[1~4,3,8~16,10~32]"])
def test_the_older_spelling_of_ranges(acl, context, folder, ranges):
    net = OpenModel(acl, open_image(folder, ranges, "older", "--input_shape_range"), 2, 1)
    assert set_parameters(acl, net, [plain(12, 8)]) == 0
    assert_run(net, [plain(12, 8)])
    assert set_parameters(acl, net, [plain(33, 8)]) == SHAPE_INVALID
    net.close()


@pytest.mark.rules("GDM-083", "GDM-080")
def test_more_images_than_the_parameters_can_count(acl, context, folder):
    """From 127 on they do not tell their number, and the shape must be set."""
    net = OpenModel(acl, open_image(folder, "image:1~200,3,-1,-1", "many"), 2, 1)
    images = [plain(4, 4, mean_chn_0=i % 100) for i in range(150)]
    assert set_parameters(acl, net, images) == 0
    assert net.execute() == SHAPE_INVALID
    assert "GDM-080" in acl.get_recent_err_msg()
    for count in (150, 126, 127):
        assert net.set_shape((count, 3, 4, 4)) == 0
        assert_run(net, images[:count])
    net.close()


@pytest.mark.rules("GDM-083", "GDM-063")
@pytest.mark.parametrize(
    ("ranges", "text", "reason"),
    [
        ("image:-1,3,8~16,8~16", dynamic(), "the batch of input image is 0 or more"),
        ("image:1~70000,3,8~16,8~16", dynamic(), "65536"),
        ("image:1,1~4,8~16,8~16", dynamic(), "channels"),
        ("image:1,3,8~16,5000~6000", dynamic(), "4160"),
        (
            "image:1,3,8~16,8~16",
            "aipp_op { aipp_mode: static input_format: RGB888_U8 }",
            "static AIPP needs all sizes",
        ),
    ],
)
def test_what_atc_refuses(tmp_path, ranges, text, reason):
    onnx_path = identity_image(tmp_path, "height", "width", "channels" if "~4" in ranges[:11] else 3, "batch")
    done = convert(onnx_path, f"--input_shape={ranges}", f"--insert_op_conf={written(tmp_path, text)}")
    assert done.returncode != 0
    assert "E10052" in done.stdout
    assert reason in done.stdout
