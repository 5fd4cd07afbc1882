"""acl.media: picture processing (10.7.6)."""

import cv2
import media_pictures as mp
import numpy as np
import pytest
from constants import INVALID_PARAM, PARAMETER_FAULTS
from media_pictures import NV12, NV21, YUV_400, Planes

SEMI_PLANAR_OUTPUTS = (mp.NV12, mp.NV21, mp.YUV_422SP, mp.YVU_422SP)
RGB_FORMATS = tuple(mp.CHANNELS)
PACKED_422 = {
    mp.YUYV: (0, 1, 3),
    mp.UYVY: (1, 0, 2),
    mp.YVYU: (0, 3, 1),
    mp.VYUY: (1, 2, 0),
}  # Y, U, V in 4 bytes
LINEAR, NEAREST = cv2.INTER_LINEAR, cv2.INTER_NEAREST
FUNCTIONS = ("resize", "crop", "crop_resize", "crop_and_paste", "crop_resize_paste", "convert_color")


@pytest.fixture
def media(acl, stream):
    result = mp.Media(acl, stream)
    yield result
    result.close()


def call(media, function, source, target, crop=None, paste=None, interpolation=None):
    """The call's code. Areas are (left, right, top, bottom)."""
    arguments = [media.channel, source.handle, target.handle]
    if "crop" in function:
        arguments.append(media.roi(*(crop or (0, source.width - 1, 0, source.height - 1))))
    if "paste" in function:
        arguments.append(media.roi(*(paste or (0, target.width - 1, 0, target.height - 1))))
    if "resize" in function:
        arguments.append(media.resize_config(interpolation))
    return getattr(media.acl.media, f"dvpp_vpc_{function}_async")(*arguments, media.stream)


def run(media, function, source, target, **areas) -> int:
    return call(media, function, source, target, **areas) or media.synchronize()


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


def planes_of(pixel_format: int, width: int, height: int, seed: int = 0) -> Planes:
    if pixel_format == YUV_400:
        return Planes(noise(width, height, seed))
    columns, rows = mp.SEMI_PLANAR[pixel_format]
    size = (width // columns, height // rows)
    return Planes(noise(width, height, seed), noise(*size, seed + 1), noise(*size, seed + 2))


def source_of(media, pixel_format, width, height, width_stride=0, height_stride=0, seed=0):
    """A picture with random content, and the content."""
    picture = media.picture(pixel_format, width, height, width_stride, height_stride)
    planes = planes_of(pixel_format, width, height, seed)
    picture.write_planes(planes)
    return picture, planes


def resize(plane: np.ndarray, width: int, height: int, interpolation: int = LINEAR) -> np.ndarray:
    return cv2.resize(plane, (width, height), interpolation=interpolation)


def assert_planes(picture, y, u=None, v=None):
    planes = picture.planes()
    assert np.array_equal(planes.y, y)
    if u is not None:
        assert np.array_equal(planes.u, u)
        assert np.array_equal(planes.v, v)


# --- scaling ------------------------------------------------------------------------------------------------------------

SIZES = [
    ((64, 48), (32, 24)),
    ((64, 48), (128, 96)),
    ((64, 48), (64, 48)),
    ((64, 48), (50, 46)),
    ((200, 120), (224, 224)),
    ((640, 360), (224, 224)),
    ((640, 360), (160, 90)),
    ((10, 6), (64, 64)),
    ((64, 64), (10, 6)),
]
FORMAT_RULES = {
    YUV_400: ("VPC1-012", "VPC1-020"),
    NV12: ("VPC1-013", "VPC1-021"),
    NV21: ("VPC1-013", "VPC1-021"),
    mp.YUV_422SP: ("VPC1-014", "VPC1-022"),
    mp.YVU_422SP: ("VPC1-014", "VPC1-022"),
}


@pytest.mark.rules(
    "VPC1-042",
    "VPC1-085",
    "VPC1-087",
    "GM1-024",
    "VPC1-012",
    "VPC1-013",
    "VPC1-014",
    "VPC1-020",
    "VPC1-021",
    "VPC1-022",
)
@pytest.mark.parametrize(("before", "after"), SIZES)
@pytest.mark.parametrize("pixel_format", FORMAT_RULES)
@pytest.mark.parametrize(
    ("interpolation", "reference"), [(None, LINEAR), (1, LINEAR), (3, LINEAR), (2, NEAREST), (4, NEAREST)]
)
def test_resize_equals_opencv(media, before, after, pixel_format, interpolation, reference):
    source, planes = source_of(media, pixel_format, *before)
    target = media.picture(pixel_format, *after)
    assert run(media, "resize", source, target, interpolation=interpolation) == 0
    assert target.get("ret_code") == 0
    chroma = ()
    if pixel_format != YUV_400:
        columns, rows = mp.SEMI_PLANAR[pixel_format]
        size = (after[0] // columns, after[1] // rows)
        chroma = (resize(planes.u, *size, reference), resize(planes.v, *size, reference))
    assert_planes(target, resize(planes.y, *after, reference), *chroma)


@pytest.mark.rules("VPC1-087", "VPC1-088")
@pytest.mark.parametrize(("before", "after"), [((64, 48), (100, 90)), ((640, 360), (224, 224))])
def test_high_order_filter_is_bicubic(media, before, after):
    """The manual names no formula; all scaling here gives OpenCV's results, so a high-order filter is its bicubic one."""
    source, planes = source_of(media, NV12, *before)
    target = media.picture(NV12, *after)
    assert run(media, "resize", source, target, interpolation=5) == 0
    expected = resize(planes.y, *after, cv2.INTER_CUBIC)
    assert np.abs(target.planes().y.astype(int) - expected).max() <= 1
    assert not np.array_equal(target.planes().y, resize(planes.y, *after))


@pytest.mark.rules("VPC1-088")
@pytest.mark.parametrize(
    ("source_format", "target_format", "before", "after", "fits"),
    [
        (NV12, NV21, (64, 64), (64, 64), True),
        (mp.YUV_444SP, NV12, (64, 64), (32, 32), True),
        (YUV_400, YUV_400, (64, 64), (32, 32), False),
        (mp.RGB_888, NV12, (64, 64), (32, 32), False),
        (NV12, mp.YUV_422SP, (64, 64), (32, 32), False),
        (mp.YUV_440SP, NV12, (64, 64), (32, 32), False),
        (NV12, NV12, (640, 64), (20, 64), True),
        (NV12, NV12, (640, 64), (18, 64), False),
        (NV12, NV12, (20, 64), (320, 64), True),
        (NV12, NV12, (20, 64), (322, 64), False),
    ],
)
def test_limits_of_the_high_order_filter(media, source_format, target_format, before, after, fits):
    source, target = media.picture(source_format, *before), media.picture(target_format, *after)
    ret = call(media, "resize", source, target, interpolation=5)
    assert ret == 0 if fits else ret == INVALID_PARAM


@pytest.mark.rules("VPC1-087", "VPC1-085", "VPC1-089")
def test_default_interpolation_of_the_310b(run_python):
    """An untouched configuration is bilinear, value 0 the high-order filter, which refuses grey pictures [VPC1-088]."""
    done = run_python(
        """
        import acl
        acl.init()
        acl.rt.set_device(0)
        m = acl.media
        channel = m.dvpp_create_channel_desc()
        assert m.dvpp_create_channel(channel) == 0
        pictures = []
        for side in (64, 32):
            picture = m.dvpp_create_pic_desc()
            memory, ret = m.dvpp_malloc(side * side)
            m.dvpp_set_pic_desc_data(picture, memory)
            for name, value in (("size", side * side), ("format", 0), ("width", side), ("height", side)):
                assert getattr(m, f"dvpp_set_pic_desc_{name}")(picture, value) == 0
            pictures.append(picture)
        config = m.dvpp_create_resize_config()
        codes = [m.dvpp_vpc_resize_async(channel, *pictures, config, 0)]
        for value in (0, 1):
            assert m.dvpp_set_resize_config_interpolation(config, value) == 0
            codes.append(m.dvpp_vpc_resize_async(channel, *pictures, config, 0))
        acl.rt.synchronize_device()
        print(codes)
        """,
        env={"CAIRN_SOC": "Ascend310B4"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"[0, {INVALID_PARAM}, 0]"


@pytest.mark.rules(
    "VPC1-026", "VPC1-010", "VPC1-011", "M1-014", "M1-015", "M1-060", "M1-061", "JPD1-025", "GM1-028"
)
@pytest.mark.parametrize("strides", [(112, 50), (128, 64), (101, 48), (16384, 48)])
def test_padding_of_strides_is_neither_read_nor_written(media, strides):
    source, planes = source_of(media, NV12, 100, 48, *strides)
    memory = source.bytes()
    luma = memory[: strides[0] * strides[1]].reshape(strides[1], strides[0])
    assert np.array_equal(luma[:48, :100], planes.y)
    target = media.picture(NV12, 64, 32, 80, 40)
    target.fill(77)
    assert run(media, "resize", source, target) == 0
    assert_planes(target, resize(planes.y, 64, 32), resize(planes.u, 32, 16), resize(planes.v, 32, 16))
    written = target.bytes()
    luma, chroma = written[: 80 * 40].reshape(40, 80), written[80 * 40 :].reshape(20, 80)
    for plane, height in ((luma, 32), (chroma, 16)):
        assert (plane[:, 64:] == 77).all() and (plane[height:] == 77).all()


@pytest.mark.rules("M1-014", "VPC1-013", "VPC1-021")
def test_strides_of_zero_are_the_smallest(media):
    source, planes = source_of(media, NV12, 64, 48)
    target = media.picture(NV12, 32, 24)
    for picture in (source, target):
        picture.set(width_stride=0, height_stride=0)
    assert run(media, "resize", source, target) == 0
    assert (target.get("width_stride"), target.get("height_stride")) == (32, 24)
    assert_planes(target, resize(planes.y, 32, 24), resize(planes.u, 16, 12), resize(planes.v, 16, 12))


# --- formats ------------------------------------------------------------------------------------------------------------


@pytest.mark.rules("GM1-029", "VPC1-001", "VPC1-013", "VPC1-015", "VPC1-019")
@pytest.mark.parametrize("source_format", mp.SEMI_PLANAR)
@pytest.mark.parametrize("target_format", SEMI_PLANAR_OUTPUTS)
def test_semi_planar_formats_become_each_other(media, source_format, target_format):
    """At half size, where chroma has one sample for each of the source's, or several."""
    source, planes = source_of(media, source_format, 64, 48)
    target = media.picture(target_format, 32, 24)
    assert run(media, "resize", source, target) == 0
    columns, rows = mp.SEMI_PLANAR[target_format]
    size = (32 // columns, 24 // rows)
    assert_planes(target, resize(planes.y, 32, 24), resize(planes.u, *size), resize(planes.v, *size))


@pytest.mark.rules("VPC1-016", "VPC1-009")
@pytest.mark.parametrize(("source_format", "places"), PACKED_422.items())
def test_packed_422_input(media, source_format, places):
    y, u, v = noise(64, 48), noise(32, 48, 1), noise(32, 48, 2)
    pixels = np.empty((48, 32, 4), np.uint8)
    first = places[0]
    pixels[..., first], pixels[..., first + 2] = y[:, 0::2], y[:, 1::2]
    pixels[..., places[1]], pixels[..., places[2]] = u, v
    source = media.picture(source_format, 64, 48)
    source.write_lines(pixels)
    target = media.picture(mp.YUV_422SP, 40, 30)
    assert run(media, "resize", source, target) == 0
    assert_planes(target, resize(y, 40, 30), resize(u, 20, 30), resize(v, 20, 30))


@pytest.mark.rules("VPC1-017", "VPC1-018", "VPC1-023", "VPC1-024", "M1-014")
@pytest.mark.parametrize("source_format", RGB_FORMATS)
@pytest.mark.parametrize("target_format", RGB_FORMATS)
def test_rgb_formats_become_each_other(media, source_format, target_format):
    rgb = np.random.default_rng(5).integers(0, 256, (45, 63, 3), np.uint8)
    source = media.picture(source_format, 63, 45)
    pixels = np.full((45, 63, mp.BYTES_PER_PIXEL[source_format]), 200, np.uint8)
    pixels[..., mp.CHANNELS[source_format]] = rgb
    source.write_lines(pixels)
    target = media.picture(target_format, 31, 22)
    assert run(media, "resize", source, target) == 0
    result = target.lines().reshape(22, 31, -1)
    assert np.array_equal(result[..., mp.CHANNELS[target_format]], resize(rgb, 31, 22))
    if result.shape[2] == 4:
        (alpha,) = {0, 1, 2, 3} - set(mp.CHANNELS[target_format])
        assert (result[..., alpha] == (200 if pixels.shape[2] == 4 else 255)).all()


@pytest.mark.rules("VPC1-023", "VPC1-017")
def test_packed_444(media):
    pixels = np.random.default_rng(6).integers(0, 256, (48, 64, 3), np.uint8)
    source = media.picture(mp.YUV_PACKED_444, 64, 48)
    source.write_lines(pixels)
    target, planar = media.picture(mp.YUV_PACKED_444, 40, 20), media.picture(NV12, 64, 48)
    assert run(media, "resize", source, target) == 0
    assert np.array_equal(target.lines().reshape(20, 40, 3), resize(pixels, 40, 20))
    assert run(media, "resize", source, planar) == 0
    assert_planes(
        planar, pixels[..., 0], resize(pixels[..., 1].copy(), 32, 24), resize(pixels[..., 2].copy(), 32, 24)
    )


MATRICES = {  # [APP-058 to APP-069]: matrix and input bias of YUV to RGB, matrix and output bias of RGB to YUV
    0: (
        [[1, 0, 1.402], [1, -0.344, -0.714], [1, 1.772, 0]],
        [0, 128, 128],
        [[0.299, 0.587, 0.114], [-0.168, -0.331, 0.5], [0.5, -0.419, -0.081]],
        [-0.5, 127.5, 127.5],
    ),
    1: (
        [[1.16438, 0, 1.59602], [1.16438, -0.39176, -0.81297], [1.16438, 2.01723, 0]],
        [16, 128, 128],
        [[0.25679, 0.51564, 0.10014], [-0.14491, -0.29099, 0.43922], [0.42941, -0.36779, -0.07143]],
        [16, 128, 128],
    ),
    2: (
        [[1, 0, 1.5748], [1, -0.18732, -0.46812], [1, 1.8556, 0]],
        [0, 128, 128],
        [[0.2126, 0.7152, 0.0722], [-0.11457, -0.38543, 0.5], [0.5, -0.45415, -0.04585]],
        [0, 128, 128],
    ),
    3: (
        [[1.16438, 0, 1.79274], [1.16438, -0.21325, -0.53291], [1.16438, 2.1124, 0]],
        [16, 128, 128],
        [[0.18259, 0.62825, 0.06342], [-0.0984, -0.33857, 0.43922], [0.42941, -0.39894, -0.04027]],
        [16, 128, 128],
    ),
    4: (
        [[1, 0, 1.4746], [1, -0.16455, -0.57135], [1, 1.8814, 0]],
        [0, 128, 128],
        [[0.2627, 0.678, 0.0593], [-0.13963, -0.36037, 0.5], [0.5, -0.45979, -0.04021]],
        [0, 128, 128],
    ),
    5: (
        [[1.16438, 0, 1.67868], [1.16438, -0.18733, -0.65042], [1.16438, 2.14177, 0]],
        [16, 128, 128],
        [[0.22564, 0.59558, 0.05209], [-0.11992, -0.31656, 0.43922], [0.42941, -0.40389, -0.03533]],
        [16, 128, 128],
    ),
}
MATRIX_RULES = [(f"APP-0{58 + 2 * matrix}", f"APP-0{59 + 2 * matrix}") for matrix in MATRICES]


@pytest.mark.parametrize(
    "matrix",
    [
        pytest.param(m, marks=pytest.mark.rules(*rules))
        for m, rules in zip(MATRICES, MATRIX_RULES, strict=True)
    ],
)
def test_colour_matrices(acl, media, matrix):
    assert acl.media.dvpp_set_channel_desc_param(media.channel, 0, matrix)[1] == 0
    pixels = np.random.default_rng(7).integers(0, 256, (48, 64, 3), np.uint8)
    to_rgb, bias, to_yuv, output_bias = (np.array(values) for values in MATRICES[matrix])
    yuv, rgb = media.picture(mp.YUV_PACKED_444, 64, 48), media.picture(mp.RGB_888, 64, 48)
    result = media.picture(mp.RGB_888, 64, 48), media.picture(mp.YUV_PACKED_444, 64, 48)
    for source, target, expected in (
        (yuv, result[0], (pixels - bias) @ to_rgb.T),
        (rgb, result[1], pixels @ to_yuv.T + output_bias),
    ):
        source.write_lines(pixels)
        assert run(media, "convert_color", source, target) == 0
        expected = np.clip(np.rint(expected), 0, 255)
        assert np.abs(target.lines().reshape(48, 64, 3) - expected).max() <= 1
        assert (target.lines().reshape(48, 64, 3) == expected).mean() > 0.99


@pytest.mark.rules("APP-055", "GM1-029", "APP-058")
def test_nv12_to_rgb_is_what_opencv_shows(media):
    """The default matrix is the one of JPEG files: a decoded photo has its colours back."""
    rgb = mp.scene(160, 96)
    stream = mp.jpeg(rgb, "420", 95)
    target = media.picture(mp.RGB_888, 160, 96)
    assert run(media, "resize", media.decoded(stream, NV12, 160, 96), target) == 0
    expected = cv2.imdecode(np.frombuffer(stream, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(target.lines().reshape(96, 160, 3).astype(int) - expected).mean() < 2


@pytest.mark.rules("VPC1-004", "GM1-033", "VPC1-091")
def test_grey_output_takes_luma_alone(media):
    source, planes = source_of(media, NV12, 64, 48)
    target = media.picture(YUV_400, 64, 48, 64, 48, size=64 * 48 * 3 // 2)
    target.fill(9)
    assert run(media, "convert_color", source, target) == 0
    assert np.array_equal(target.planes().y, planes.y)
    assert (target.bytes()[64 * 48 :] == 9).all()


@pytest.mark.rules("VPC1-004")
@pytest.mark.parametrize("target_format", [NV12, mp.YUV_422SP, mp.RGB_888, mp.YUV_PACKED_444])
def test_grey_input_gives_grey_only(acl, media, target_format):
    source, target = media.picture(YUV_400, 64, 48), media.picture(target_format, 64, 48)
    assert call(media, "resize", source, target) == INVALID_PARAM
    assert "VPC1-004" in acl.get_recent_err_msg()


@pytest.mark.rules("VPC1-025")
@pytest.mark.parametrize(
    "target_format",
    [mp.YUV_444SP, mp.YVU_444SP, *PACKED_422, mp.YUV_440SP, mp.YVU_440SP, 18, 20, 70, mp.UNKNOWN],
)
def test_formats_that_are_no_output(acl, media, target_format):
    source, target = media.picture(NV12, 64, 48), media.picture(NV12, 64, 48, 256, 48)
    target.set(format=target_format)
    assert call(media, "resize", source, target) == INVALID_PARAM


@pytest.mark.rules("VPC1-074", "GM1-032", "VPC1-075", "VPC1-076")
def test_convert_color_keeps_the_size(media):
    source, planes = source_of(media, NV12, 64, 48)
    target = media.picture(mp.NV21, 64, 48)
    for width, height in ((32, 48), (64, 24), (66, 48)):
        target.set(width=width, height=height, width_stride=0, height_stride=0)
        assert call(media, "convert_color", source, target) == INVALID_PARAM
    target.set(width=0, height=0, width_stride=0, height_stride=0)
    assert run(media, "convert_color", source, target) == 0
    assert (target.get("width"), target.get("height"), target.get("width_stride")) == (64, 48, 64)
    assert_planes(target, planes.y, planes.u, planes.v)


@pytest.mark.rules("GM1-030")
@pytest.mark.parametrize(
    ("soc", "supported"),
    [("Ascend310", False), ("Ascend910A", False), ("Ascend310P3", True), ("Ascend310B1", True)],
)
def test_convert_color_by_product(run_python, soc, supported):
    done = run_python(
        "import acl; acl.init(); acl.rt.set_device(0); print(acl.media.dvpp_vpc_convert_color_async(0, 0, 0, 0))",
        env={"CAIRN_SOC": soc},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == (INVALID_PARAM if supported else 200006)


# --- crop, paste ----------------------------------------------------------------------------------------------------------


@pytest.mark.rules("VPC1-043", "VPC1-048", "GM1-021", "GM1-034", "GM1-035", "M1-016")
@pytest.mark.parametrize("function", ["crop", "crop_resize"])
@pytest.mark.parametrize("area", [(0, 63, 0, 47), (32, 95, 16, 47), (10, 19, 6, 11), (128, 199, 60, 119)])
def test_crop(media, function, area):
    left, right, top, bottom = area
    source, planes = source_of(media, NV12, 200, 120)
    luma = planes.y[top : bottom + 1, left : right + 1]
    u, v = (plane[top // 2 : bottom // 2 + 1, left // 2 : right // 2 + 1] for plane in (planes.u, planes.v))
    same = media.picture(NV12, right - left + 1, bottom - top + 1)
    assert run(media, function, source, same, crop=area) == 0
    assert_planes(same, luma, u, v)
    scaled = media.picture(NV12, 50, 34)
    assert run(media, function, source, scaled, crop=area) == 0
    assert_planes(scaled, resize(luma, 50, 34), resize(u, 25, 17), resize(v, 25, 17))


@pytest.mark.rules("VPC1-044")
def test_crop_is_bilinear(media):
    source, planes = source_of(media, YUV_400, 64, 48)
    target = media.picture(YUV_400, 37, 29)
    assert run(media, "crop", source, target) == 0
    assert np.array_equal(target.planes().y, resize(planes.y, 37, 29, LINEAR))


@pytest.mark.rules("VPC1-048", "GM1-035")
def test_crop_resize_uses_its_configuration(media):
    source, planes = source_of(media, YUV_400, 64, 48)
    target = media.picture(YUV_400, 37, 29)
    assert run(media, "crop_resize", source, target, crop=(7, 46, 3, 32), interpolation=2) == 0
    assert np.array_equal(target.planes().y, resize(planes.y[3:33, 7:47], 37, 29, NEAREST))


@pytest.mark.rules("VPC1-029")
@pytest.mark.parametrize("left", [0, 1, 7])
@pytest.mark.parametrize("top", [0, 1, 5])
def test_a_crop_may_start_at_odd_pixels(media, left, top):
    """Chroma of an odd start lies half a sample further; on a ramp that is exactly visible."""
    source = media.picture(NV12, 128, 96)
    y = noise(128, 96)
    u = np.tile(np.arange(64, dtype=np.uint8) * 3, (48, 1))
    v = np.tile(np.arange(48, dtype=np.uint8)[:, None] * 4, (1, 64))
    source.write_planes(Planes(y, u, v))
    target = media.picture(NV12, 64, 48)
    assert run(media, "crop", source, target, crop=(left, left + 63, top, top + 47)) == 0
    planes = target.planes()
    assert np.array_equal(planes.y, y[top : top + 48, left : left + 64])
    assert np.abs(planes.u[8, :31] - (np.arange(31) + left / 2) * 3).max() <= 1
    assert np.abs(planes.v[:23, 8] - (np.arange(23) + top / 2) * 4).max() <= 1


@pytest.mark.rules(
    "VPC1-003", "VPC1-058", "VPC1-062", "GM1-022", "GM1-023", "GM1-036", "VPC1-060", "VPC1-092"
)
@pytest.mark.parametrize("function", ["crop_and_paste", "crop_resize_paste"])
@pytest.mark.parametrize("paste", [(0, 63, 0, 31), (20, 83, 10, 41), (16, 115, 30, 79), (100, 119, 80, 89)])
def test_paste_leaves_the_rest_of_the_picture(media, function, paste):
    source, planes = source_of(media, NV12, 160, 100)
    target, old = source_of(media, NV12, 120, 90, seed=50)
    crop = (32, 95, 20, 51)
    assert run(media, function, source, target, crop=crop, paste=paste) == 0
    left, right, top, bottom = paste
    width, height = right - left + 1, bottom - top + 1
    y, u, v = old.y.copy(), old.u.copy(), old.v.copy()
    y[top : bottom + 1, left : right + 1] = resize(planes.y[20:52, 32:96], width, height)
    for plane, cut in ((u, planes.u[10:26, 16:48]), (v, planes.v[10:26, 16:48])):
        plane[top // 2 : bottom // 2 + 1, left // 2 : right // 2 + 1] = resize(cut, width // 2, height // 2)
    assert_planes(target, y, u, v)


@pytest.mark.rules("VPC1-029", "VPC1-061", "VPC1-059", "VPC1-060")
def test_odd_paste_offsets_are_accepted(media):
    source, planes = source_of(media, NV12, 64, 48)
    target, old = source_of(media, NV12, 120, 90, seed=9)
    assert run(media, "crop_and_paste", source, target, paste=(31, 94, 21, 68)) == 0
    y = old.y.copy()
    y[21:69, 31:95] = planes.y
    result = target.planes()
    assert np.array_equal(result.y, y)
    assert np.array_equal(result.u[:10], old.u[:10]) and np.array_equal(result.u[:, :15], old.u[:, :15])


# --- batches --------------------------------------------------------------------------------------------------------------


def batch_of(media, pictures):
    """A batch description with the pictures' values."""
    m = media.acl.media
    batch = m.dvpp_create_batch_pic_desc(len(pictures))
    for i, picture in enumerate(pictures):
        handle = m.dvpp_get_pic_desc(batch, i)
        for name in ("data", "size", "format", "width", "height", "width_stride", "height_stride"):
            assert getattr(m, f"dvpp_set_pic_desc_{name}")(handle, picture.get(name)) == 0
    return batch


AREAS = [(0, 63, 0, 47), (32, 95, 16, 47), (10, 29, 6, 25)]


@pytest.fixture
def batches(media):
    sources = [source_of(media, NV12, 160, 100, seed=10 * i) for i in range(2)]
    targets = [media.picture(NV12, 40 + 8 * i, 30) for i in range(3)]
    handles = [batch_of(media, [picture for picture, _ in sources]), batch_of(media, targets)]
    yield sources, targets, handles
    for handle in handles:
        assert media.acl.media.dvpp_destroy_batch_pic_desc(handle) == 0


def luma_of(sources, index, area):
    left, right, top, bottom = area
    return sources[index][1].y[top : bottom + 1, left : right + 1]


@pytest.mark.rules(
    "VPC1-050", "VPC1-051", "VPC1-052", "VPC1-053", "VPC1-055", "VPC1-094", "GM1-038", "GM1-040"
)
@pytest.mark.parametrize(("resizes", "reference"), [(False, LINEAR), (True, NEAREST)])
def test_batch_crop(acl, media, batches, resizes, reference):
    sources, targets, (inputs, outputs) = batches
    crops = [media.roi(*area) for area in AREAS]
    if resizes:
        config = media.resize_config(2)
        ret = acl.media.dvpp_vpc_batch_crop_resize_async(
            media.channel, inputs, [2, 1], outputs, crops, config, media.stream
        )
    else:
        out, ret = acl.media.dvpp_vpc_batch_crop_async(
            media.channel, inputs, [2, 1], outputs, crops, media.stream
        )
        assert out == outputs
    assert ret == 0 and media.synchronize() == 0
    for i, (source, target) in enumerate(zip((0, 0, 1), targets, strict=True)):
        assert acl.media.dvpp_get_pic_desc_ret_code(acl.media.dvpp_get_pic_desc(outputs, i)) == 0
        expected = resize(luma_of(sources, source, AREAS[i]), target.width, target.height, reference)
        assert np.array_equal(target.planes().y, expected)


@pytest.mark.rules("VPC1-063", "VPC1-064", "VPC1-065", "VPC1-095", "GM1-039")
@pytest.mark.parametrize("resizes", [False, True])
def test_batch_paste(acl, media, batches, resizes):
    sources, targets, (inputs, outputs) = batches
    for target in targets:
        target.fill(3)
    crops = [media.roi(*area) for area in AREAS]
    pastes = [media.roi(8, 31, 4, 27) for _ in AREAS]
    if resizes:
        ret = acl.media.dvpp_vpc_batch_crop_resize_paste_async(
            media.channel, inputs, [1, 2], outputs, crops, pastes, media.resize_config(), media.stream
        )
    else:
        out, ret = acl.media.dvpp_vpc_batch_crop_and_paste_async(
            media.channel, inputs, [1, 2], outputs, crops, pastes, media.stream
        )
        assert out == outputs
    assert ret == 0 and media.synchronize() == 0
    for i, (source, target) in enumerate(zip((0, 1, 1), targets, strict=True)):
        expected = np.full((target.height, target.width), 3, np.uint8)
        expected[4:28, 8:32] = resize(luma_of(sources, source, AREAS[i]), 24, 24)
        assert np.array_equal(target.planes().y, expected)


@pytest.mark.rules("VPC1-052", "VPC1-064")
@pytest.mark.parametrize("counts", [[3], [1, 1], [2, 2], [0, 0], [], [2, 1, 0], [2**31, 2**31], [300, 0]])
def test_counts_have_to_fit(acl, media, batches, counts):
    _, _, (inputs, outputs) = batches
    crops = [media.roi(*area) for area in AREAS]
    run_batch = acl.media.dvpp_vpc_batch_crop_async
    assert run_batch(media.channel, inputs, counts, outputs, crops, media.stream)[1] == INVALID_PARAM
    assert run_batch(media.channel, inputs, [2, 1], outputs, crops[:2], media.stream)[1] == INVALID_PARAM
    assert (
        run_batch(media.channel, inputs, [2, 1], outputs, [*crops[:2], 0], media.stream)[1] == INVALID_PARAM
    )
    pastes = [media.roi(0, 31, 0, 27)] * 2
    paste = acl.media.dvpp_vpc_batch_crop_and_paste_async
    assert paste(media.channel, inputs, [2, 1], outputs, crops, pastes, media.stream)[1] == INVALID_PARAM


@pytest.mark.rules("VPC1-052", "VPC1-028")
@pytest.mark.parametrize(("areas", "fits"), [(256, True), (257, False)])
def test_a_batch_has_256_areas_at_most(acl, media, areas, fits):
    source, planes = source_of(media, YUV_400, 64, 48)
    target = media.picture(YUV_400, 20, 20)
    inputs, outputs = batch_of(media, [source]), batch_of(media, [target] * areas)
    crop = media.roi(3, 22, 5, 24)
    _, ret = acl.media.dvpp_vpc_batch_crop_async(
        media.channel, inputs, [areas], outputs, [crop] * areas, media.stream
    )
    assert (ret == 0) == fits
    assert media.synchronize() == 0
    assert np.array_equal(target.planes().y, planes.y[5:25, 3:23]) == fits
    for batch in (inputs, outputs):
        assert acl.media.dvpp_destroy_batch_pic_desc(batch) == 0


def make_border(acl, kind, values, top, bottom, left, right):
    border, ret = acl.media.dvpp_create_border_config()
    assert ret == 0
    assert acl.media.dvpp_set_border_config_border_type(border, kind) == 0
    for index, value in enumerate(values):
        assert acl.media.dvpp_set_border_config_value(border, index, value) == 0
    for side, size in (("top", top), ("bottom", bottom), ("left", left), ("right", right)):
        assert getattr(acl.media, f"dvpp_set_border_config_{side}")(border, size) == 0
    return border


@pytest.mark.rules("VPC1-066", "VPC1-067", "VPC1-070", "VPC1-072", "M1-083", "M1-085", "APP-094")
@pytest.mark.parametrize(("kind", "reference"), [(0, cv2.BORDER_CONSTANT), (1, cv2.BORDER_REPLICATE)])
def test_make_border(acl, media, kind, reference):
    source, planes = source_of(media, NV12, 160, 100)
    target = media.picture(NV12, 64, 48)
    inputs, outputs = batch_of(media, [source]), batch_of(media, [target])
    border = make_border(acl, kind, (10, 20, 30), 4, 8, 6, 10)
    ret = acl.media.dvpp_vpc_batch_crop_resize_make_border_async(
        media.channel,
        inputs,
        [1],
        outputs,
        [media.roi(32, 95, 16, 47)],
        [border],
        media.resize_config(1),
        media.stream,
    )
    assert ret == 0 and media.synchronize() == 0
    expected = []
    for plane, half, value in ((planes.y, 1, 10), (planes.u, 2, 20), (planes.v, 2, 30)):
        cut = plane[16 // half : 48 // half, 32 // half : 96 // half]
        inner = resize(cut, 48 // half, 36 // half)
        expected.append(
            cv2.copyMakeBorder(inner, 4 // half, 8 // half, 6 // half, 10 // half, reference, value=value)
        )
    assert_planes(target, *expected)
    assert acl.media.dvpp_destroy_border_config(border) == 0
    for batch in (inputs, outputs):
        assert acl.media.dvpp_destroy_batch_pic_desc(batch) == 0


@pytest.mark.rules("VPC1-067", "VPC1-068", "VPC1-069", "VPC1-070")
@pytest.mark.parametrize(
    ("kind", "sides", "interpolation", "fits"),
    [
        (0, (0, 0, 0, 0), 1, True),
        (2, (4, 4, 4, 4), 1, False),
        (3, (4, 4, 4, 4), 1, False),
        (0, (4, 4, 4, 4), 5, False),
        (0, (24, 24, 0, 0), 1, False),
        (0, (0, 0, 64, 0), 1, False),
        (0, (2**32 - 1, 2**32 - 1, 0, 0), 1, False),
    ],
)
def test_borders_that_cannot_be(acl, media, kind, sides, interpolation, fits):
    source, target = media.picture(NV12, 160, 100), media.picture(NV12, 64, 48)
    inputs, outputs = batch_of(media, [source]), batch_of(media, [target])
    border = make_border(acl, kind, (), *sides)
    function = acl.media.dvpp_vpc_batch_crop_resize_make_border_async
    crops, config = [media.roi(0, 63, 0, 47)], media.resize_config(interpolation)
    ret = function(media.channel, inputs, [1], outputs, crops, [border], config, media.stream)
    assert ret == 0 if fits else ret == INVALID_PARAM
    assert function(media.channel, inputs, [1], outputs, crops, [], config, media.stream) == INVALID_PARAM
    assert media.synchronize() == 0
    assert acl.media.dvpp_destroy_border_config(border) == 0
    for batch in (inputs, outputs):
        assert acl.media.dvpp_destroy_batch_pic_desc(batch) == 0


# --- limits -----------------------------------------------------------------------------------------------------------------

OUTSIDE = [
    (0, 200, 0, 99),
    (0, 99, 0, 120),
    (200, 209, 0, 9),
    (50, 40, 0, 50),
    (0, 50, 50, 40),
    (0, 2**32 - 1, 0, 9),
]


@pytest.mark.rules("VPC1-027")
@pytest.mark.parametrize("area", OUTSIDE)
@pytest.mark.parametrize("function", ["crop", "crop_resize", "crop_and_paste", "crop_resize_paste"])
def test_crops_outside_of_the_picture(acl, media, function, area):
    source, target = media.picture(NV12, 200, 120), media.picture(NV12, 64, 48)
    assert call(media, function, source, target, crop=area) == INVALID_PARAM
    assert "VPC1-027" in acl.get_recent_err_msg()


@pytest.mark.rules("VPC1-028")
@pytest.mark.parametrize("area", OUTSIDE)
@pytest.mark.parametrize("function", ["crop_and_paste", "crop_resize_paste"])
def test_pastes_outside_of_the_picture(acl, media, function, area):
    source, target = media.picture(NV12, 64, 48), media.picture(NV12, 200, 120)
    assert call(media, function, source, target, paste=area) == INVALID_PARAM
    assert "VPC1-028" in acl.get_recent_err_msg()


@pytest.mark.rules("M1-017", "M1-018")
@pytest.mark.parametrize(
    ("area", "fits"), [((0, 9, 0, 5), True), ((0, 8, 0, 5), False), ((0, 9, 0, 4), False)]
)
def test_smallest_areas(media, area, fits):
    source, target = media.picture(YUV_400, 64, 48), media.picture(YUV_400, 64, 48)
    assert (call(media, "crop", source, target, crop=area) == 0) == fits
    assert (call(media, "crop_and_paste", source, target, paste=area) == 0) == fits


@pytest.mark.rules("M1-017", "VPC1-046", "M1-018")
@pytest.mark.parametrize(("last", "fits"), [(4095, True), (4096, False)])
def test_largest_areas(media, last, fits):
    source, target = media.picture(YUV_400, 4200, 16), media.picture(YUV_400, 64, 48)
    assert (call(media, "crop", source, target, crop=(0, last, 0, 15)) == 0) == fits
    tall = media.picture(YUV_400, 16, 4200)
    assert (call(media, "crop_and_paste", target, tall, paste=(0, 15, 0, last)) == 0) == fits


LARGEST = [
    # rule, function, input, output; each has to work, and nothing larger in either direction
    ("VPC1-041", "resize", (8192, 64), (64, 64)),
    ("VPC1-041", "resize", (64, 8192), (64, 64)),
    ("VPC1-041", "resize", (64, 64), (4096, 64)),
    ("VPC1-007", "resize", (64, 64), (64, 8192)),
    ("VPC1-049", "crop_resize", (8192, 64), (64, 64)),
    ("VPC1-049", "crop_resize", (64, 64), (64, 8192)),
    ("VPC1-045", "crop", (16384, 64), (64, 64)),
    ("VPC1-047", "crop", (128, 64), (16384, 64)),
    ("VPC1-092", "crop_and_paste", (64, 8192), (64, 64)),
    ("VPC1-092", "crop_resize_paste", (64, 64), (4096, 64)),
    ("VPC1-077", "convert_color", (4096, 64), (4096, 64)),
    ("VPC1-077", "convert_color", (64, 4096), (64, 4096)),
]


@pytest.mark.rules("VPC1-005", "VPC1-006", "M1-019", "M1-020")
@pytest.mark.parametrize(
    ("function", "before", "after"),
    [pytest.param(*case, marks=pytest.mark.rules(rule)) for rule, *case in LARGEST],
)
def test_largest_pictures(media, function, before, after):
    areas = {}
    if "crop" in function:
        areas["crop"] = (0, 63, 0, 63) if min(before) == 64 else None
    if "paste" in function:
        areas["paste"] = (0, 63, 0, 63)
    assert run(media, function, media.picture(NV12, *before), media.picture(NV12, *after), **areas) == 0
    for larger in (before, after):
        if max(larger) <= 128 or (function, max(larger)) == ("resize", 4096):
            continue
        beyond = tuple(side + 2 if side == max(larger) else side for side in larger)
        sizes = (beyond, after) if larger is before else (before, beyond)
        if function == "convert_color":
            sizes = (beyond, beyond)
        source, target = (media.picture(NV12, *size) for size in sizes)
        assert call(media, function, source, target, **areas) == INVALID_PARAM


@pytest.mark.rules("VPC1-041", "VPC1-007")
def test_output_width_of_resize(acl, media):
    assert call(media, "resize", media.picture(NV12, 64, 64), media.picture(NV12, 4098, 64)) == INVALID_PARAM
    assert "VPC1-041" in acl.get_recent_err_msg()


@pytest.mark.rules(
    "VPC1-005", "VPC1-006", "VPC1-007", "VPC1-041", "VPC1-045", "VPC1-049", "VPC1-077", "VPC1-092"
)
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("size", "fits"), [((10, 6), True), ((8, 6), False), ((10, 4), False), ((0, 64), False)]
)
def test_smallest_pictures(media, function, size, fits):
    width, height = (max(side, 2) for side in size)
    source, target = (media.picture(NV12, 64, 64) for _ in range(2))
    small = media.picture(NV12, width, height, 64, 64)
    small.set(width=size[0], height=size[1])
    if function == "convert_color":
        assert (call(media, function, small, small) == 0) == fits
        return
    assert (call(media, function, small, target, paste=(0, 63, 0, 63)) == 0) == fits
    assert (call(media, function, source, small, crop=(0, 63, 0, 63)) == 0) == fits


@pytest.mark.rules("VPC1-045")
@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [((128, 16), 4098, True), ((126, 16), 4098, False), ((128, 14), 4098, False), ((126, 14), 4096, True)],
)
def test_wide_output_of_crop_needs_a_larger_input(media, before, after, fits):
    assert (call(media, "crop", media.picture(NV12, *before), media.picture(NV12, after, 16)) == 0) == fits


@pytest.mark.rules("VPC1-009", "VPC1-006")
@pytest.mark.parametrize(
    ("pixel_format", "fits"),
    [(YUV_400, True), (NV21, True), (mp.YVU_422SP, True), (mp.YUV_444SP, True), (mp.UYVY, True)]
    + [(pixel_format, False) for pixel_format in (mp.YUV_440SP, mp.RGB_888, mp.ARGB_8888, mp.YUV_PACKED_444)],
)
def test_formats_of_8k_input(media, pixel_format, fits):
    source, target = media.picture(pixel_format, 4098, 16), media.picture(YUV_400, 64, 16)
    assert (call(media, "resize", source, target) == 0) == fits
    assert call(media, "resize", media.picture(pixel_format, 4096, 16), target) == 0


ODD = [
    (NV12, 63, 48, False),
    (NV12, 64, 47, False),
    (mp.YUV_422SP, 63, 48, False),
    (mp.YUV_422SP, 64, 47, True),
    (YUV_400, 63, 47, True),
    (mp.RGB_888, 63, 47, True),
    (mp.BGRA_8888, 63, 47, True),
]


@pytest.mark.rules(
    "VPC1-012",
    "VPC1-013",
    "VPC1-014",
    "VPC1-017",
    "VPC1-018",
    "VPC1-020",
    "VPC1-021",
    "VPC1-022",
    "VPC1-023",
    "VPC1-024",
)
@pytest.mark.parametrize(("pixel_format", "width", "height", "fits"), ODD)
def test_odd_sides(media, pixel_format, width, height, fits):
    even = media.picture(pixel_format, 64, 48)
    odd = media.picture(pixel_format, 64, 48)
    odd.set(width=width, height=height)
    assert (call(media, "resize", odd, even) == 0) == fits
    assert (call(media, "resize", even, odd) == 0) == fits


@pytest.mark.rules("VPC1-015", "VPC1-016", "VPC1-019")
@pytest.mark.parametrize(
    ("pixel_format", "width", "height", "fits"),
    [
        (mp.YUV_444SP, 63, 47, True),
        (mp.YUYV, 63, 48, False),
        (mp.YUYV, 64, 47, True),
        (mp.YUV_440SP, 63, 48, True),
        (mp.YUV_440SP, 64, 47, False),
    ],
)
def test_odd_sides_of_input_formats(media, pixel_format, width, height, fits):
    odd = media.picture(pixel_format, 64, 48)
    odd.set(width=width, height=height)
    assert (call(media, "resize", odd, media.picture(YUV_400, 32, 24)) == 0) == fits


@pytest.mark.rules("VPC1-010", "VPC1-011", "VPC1-013", "VPC1-017", "VPC1-018", "M1-014", "M1-021")
@pytest.mark.parametrize(
    ("pixel_format", "width_stride", "height_stride"),
    [
        (NV12, 62, 48),
        (NV12, 64, 46),
        (NV12, 64, 49),
        (NV12, 16385, 48),
        (NV12, 64, 16386),
        (mp.RGB_888, 64, 48),
        (mp.RGB_888, 191, 48),
        (mp.ARGB_8888, 255, 48),
    ],
)
def test_strides_that_cannot_be(media, pixel_format, width_stride, height_stride):
    good, bad = media.picture(pixel_format, 64, 48), media.picture(pixel_format, 64, 48)
    assert run(media, "resize", good, bad) == 0
    bad.set(width_stride=width_stride, height_stride=height_stride)
    assert call(media, "resize", bad, good) == INVALID_PARAM
    assert call(media, "resize", good, bad) == INVALID_PARAM


@pytest.mark.rules("VPC1-091")
@pytest.mark.parametrize("pixel_format", [YUV_400, NV12, mp.YUV_422SP, mp.RGB_888, mp.RGBA_8888])
def test_sizes_below_the_formula(acl, media, pixel_format):
    good, bad = media.picture(pixel_format, 64, 48), media.picture(pixel_format, 64, 48)
    needed = mp.memory_size(pixel_format, 64 * mp.BYTES_PER_PIXEL.get(pixel_format, 1), 48)
    bad.set(size=needed - 1)
    for pictures in ((good, bad), (bad, good)):
        assert call(media, "resize", *pictures) == INVALID_PARAM
        assert "VPC1-091" in acl.get_recent_err_msg()
    bad.set(size=needed)
    assert run(media, "resize", good, bad) == 0


@pytest.mark.rules("VPC1-008", "RT-132", "M1-006", "M1-057")
def test_pictures_have_to_be_in_device_memory(acl, media):
    good, bad = media.picture(NV12, 64, 48), media.picture(NV12, 64, 48)
    memory = np.zeros(64 * 48 * 3 // 2, np.uint8)
    for address in (0, 16, memory.ctypes.data, bad.address + 1_000_000_000):
        bad.set(data=address)
        for pictures in ((good, bad), (bad, good)):
            assert call(media, "resize", *pictures) in PARAMETER_FAULTS
    assert not memory.any()


@pytest.mark.rules("VPC1-039", "VPC1-040", "VPC1-093")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_handles_that_denote_nothing(acl, media, function):
    source, target = media.picture(NV12, 64, 48), media.picture(NV12, 64, 48)
    arguments = [media.channel, source.handle, target.handle]
    arguments += [media.roi(0, 63, 0, 47)] * (("crop" in function) + ("paste" in function))
    arguments += [media.resize_config()] * ("resize" in function)
    entry = getattr(acl.media, f"dvpp_vpc_{function}_async")
    assert entry(*arguments, media.stream) == 0
    stale = acl.media.dvpp_create_pic_desc()
    assert acl.media.dvpp_destroy_pic_desc(stale) == 0
    for place in range(len(arguments)):
        for wrong in (0, None, 5, -1, 2**64 - 1, 2**90, stale, media.stream):
            changed = [*arguments]
            changed[place] = wrong
            assert entry(*changed, media.stream) == INVALID_PARAM
    for wrong in (5, stale, 2**90):
        assert entry(*arguments, wrong) != 0
    assert media.synchronize() == 0


@pytest.mark.rules("M1-004", "M1-005", "VPC1-039")
def test_values_are_those_at_the_time_of_the_call(acl, media):
    """Setting a description again for the next call does not disturb the one before."""
    source, planes = source_of(media, YUV_400, 64, 48)
    target = media.picture(YUV_400, 64, 48)
    roi = media.roi(0, 19, 0, 19)
    outputs = [media.allocate(400) for _ in range(20)]
    target.set(width=20, height=20, width_stride=20, height_stride=20, size=400)
    for i, output in enumerate(outputs):
        target.set(data=output)
        assert acl.media.dvpp_set_roi_config(roi, i, i + 19, i, i + 19) == 0
        assert (
            acl.media.dvpp_vpc_crop_async(media.channel, source.handle, target.handle, roi, media.stream) == 0
        )
    assert media.synchronize() == 0
    for i, output in enumerate(outputs):
        assert np.array_equal(media.read(output, 400).reshape(20, 20), planes.y[i : i + 20, i : i + 20])


@pytest.mark.rules("M1-007", "RT-128")
def test_media_memory_serves_other_calls(acl, media):
    source, planes = source_of(media, YUV_400, 64, 48)
    copy = media.allocate(64 * 48)
    assert acl.rt.memcpy_async(copy, 64 * 48, source.address, 64 * 48, 3, media.stream) == 0
    assert media.synchronize() == 0
    assert np.array_equal(media.read(copy, 64 * 48).reshape(48, 64), planes.y)
