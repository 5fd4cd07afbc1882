"""acl.media: the JPEG decoder (10.7.7)."""

import io

import cv2
import media_pictures as mp
import numpy as np
import pytest
from constants import INVALID_PARAM, PARAMETER_FAULTS
from PIL import Image

UNSUPPORTED_JPEG = 148052
SEMI_PLANAR_OF = {
    "444": (mp.YVU_444SP, mp.YUV_444SP),
    "422": (mp.YVU_422SP, mp.YUV_422SP),
    "420": (mp.NV21, mp.NV12),
    "440": (mp.YVU_440SP, mp.YUV_440SP),
    "gray": (mp.YUV_400,),
}
TABLE_RULES = {"444": "JPD1-012", "422": "JPD1-014", "420": "JPD1-016", "440": "JPD1-019", "gray": "JPD1-018"}
NV12_RULES = {"444": "JPD1-013", "422": "JPD1-015", "440": "JPD1-020", "gray": "JPD1-017"}


@pytest.fixture
def media(acl, stream):
    result = mp.Media(acl, stream)
    yield result
    result.close()


def info(acl, stream: bytes):
    return acl.media.dvpp_jpeg_get_image_info_v2(mp.host(stream), len(stream))


def own_format_cases():
    for sampling, formats in SEMI_PLANAR_OF.items():
        for pixel_format in formats:
            yield pytest.param(
                sampling,
                pixel_format,
                marks=pytest.mark.rules(TABLE_RULES[sampling]),
                id=f"{sampling}-{pixel_format}",
            )


@pytest.mark.rules("JPD1-005", "JPD1-009", "JPD1-011", "JPD1-021", "GM1-041")
@pytest.mark.parametrize(("sampling", "pixel_format"), list(own_format_cases()))
@pytest.mark.parametrize(("width", "height"), [(64, 48), (208, 112), (336, 64)])
def test_own_sampling_gives_the_samples_of_the_stream(media, sampling, pixel_format, width, height):
    stream = mp.jpeg(mp.scene(width, height), sampling)
    planes = media.decoded(stream, pixel_format, width, height).planes()
    expected = mp.reference_yuv(stream)
    if sampling == "gray":
        assert np.array_equal(planes.y, expected)
        return
    assert np.array_equal(planes.y, expected[..., 0])
    factors = mp.SAMPLINGS[sampling][2]
    assert np.array_equal(mp.interpolated_chroma(planes.u, factors), expected[..., 1])
    assert np.array_equal(mp.interpolated_chroma(planes.v, factors), expected[..., 2])


def nv12_cases():
    for sampling, rule in NV12_RULES.items():
        for pixel_format in (mp.NV12, mp.NV21):
            yield pytest.param(
                sampling, pixel_format, marks=pytest.mark.rules(rule), id=f"{sampling}-{pixel_format}"
            )


def mean(plane: np.ndarray, columns: int, rows: int) -> np.ndarray:
    """The rounded mean of groups of samples."""
    height, width = plane.shape[0] // rows * rows, plane.shape[1] // columns * columns
    groups = plane[:height, :width].astype(np.int32).reshape(height // rows, rows, width // columns, columns)
    count = columns * rows
    return (groups.sum((1, 3)) + count // 2) // count


@pytest.mark.rules("JPD1-021")
@pytest.mark.parametrize(("sampling", "pixel_format"), list(nv12_cases()))
@pytest.mark.parametrize(("width", "height"), [(64, 48), (130, 70)])
def test_every_sampling_becomes_semi_planar_420(media, sampling, pixel_format, width, height):
    stream = mp.jpeg(mp.scene(width, height), sampling)
    planes = media.decoded(stream, pixel_format, width, height).planes()
    expected = mp.reference_yuv(stream)
    if sampling == "gray":
        assert np.array_equal(planes.y, expected)
        assert (planes.u == 128).all() and (planes.v == 128).all()
        return
    assert np.array_equal(planes.y, expected[..., 0])
    own = media.decoded(stream, SEMI_PLANAR_OF[sampling][0], width, height).planes()
    columns, rows = mp.SAMPLINGS[sampling][2]
    for plane, source, pillow in ((planes.u, own.u, expected[..., 1]), (planes.v, own.v, expected[..., 2])):
        assert np.array_equal(plane, mean(source, 2 // columns, 2 // rows))
        assert np.abs(plane.astype(int) - mean(pillow, 2, 2)).mean() < 2


@pytest.mark.rules("JPD1-006")
@pytest.mark.parametrize(("sampling", "formats"), SEMI_PLANAR_OF.items())
def test_unknown_format_gives_the_own_sampling_with_v_first(media, sampling, formats):
    stream = mp.jpeg(mp.scene(96, 64), sampling)
    picture = media.decoded(stream, mp.UNKNOWN, 96, 64)
    assert picture.get("format") == formats[0]
    own = media.decoded(stream, formats[0], 96, 64)
    assert np.array_equal(picture.bytes()[: own.size], own.bytes())


@pytest.mark.rules("JPD1-021")
@pytest.mark.parametrize(
    ("sampling", "pixel_format"),
    [
        ("420", mp.YUV_422SP),
        ("420", mp.YUV_400),
        ("422", mp.YUV_444SP),
        ("444", mp.YUV_440SP),
        ("gray", mp.YUV_444SP),
    ],
)
def test_other_formats_of_the_decoder_do_not_fit_the_sampling(acl, media, sampling, pixel_format):
    stream = mp.jpeg(mp.scene(64, 64), sampling)
    picture = media.picture(pixel_format, 64, 64)
    assert media.decode(stream, picture) in PARAMETER_FAULTS
    assert picture.get("ret_code") != 0
    assert (
        acl.media.dvpp_jpeg_predict_dec_size(mp.host(stream), len(stream), pixel_format)[1]
        in PARAMETER_FAULTS
    )


@pytest.mark.rules("JPD1-021")
@pytest.mark.parametrize("pixel_format", [mp.RGB_888, mp.BGR_888, mp.YUYV, mp.ARGB_8888, 70])
def test_there_is_no_rgb_output(acl, media, pixel_format):
    stream = mp.jpeg(mp.scene(64, 64))
    picture = media.picture(mp.NV12, 64, 64)
    picture.set(format=pixel_format)
    assert media.decode(stream, picture) in PARAMETER_FAULTS
    assert "JPD1-021" in acl.get_recent_err_msg()


@pytest.mark.rules("JPD1-032", "APP-097", "JPD1-014", "JPD1-016", "JPD1-019")
@pytest.mark.parametrize("sampling", ["444", "422", "420", "440", "gray"])
@pytest.mark.parametrize(("width", "height"), [(65, 51), (64, 51), (65, 50), (33, 33)])
def test_odd_sides_are_rounded_down_for_subsampled_output(media, sampling, width, height):
    stream = mp.jpeg(mp.scene(width, height), sampling)
    picture = media.decoded(stream, mp.NV12, width, height)
    assert (picture.get("width"), picture.get("height")) == (width // 2 * 2, height // 2 * 2)
    reference = mp.reference_yuv(stream)
    luma = reference if sampling == "gray" else reference[..., 0]
    assert np.array_equal(picture.planes().y, luma[: height // 2 * 2, : width // 2 * 2])


@pytest.mark.rules("JPD1-012", "JPD1-018")
@pytest.mark.parametrize(("sampling", "pixel_format"), [("444", mp.YUV_444SP), ("gray", mp.YUV_400)])
def test_odd_sides_stay_where_nothing_is_shared(media, sampling, pixel_format):
    stream = mp.jpeg(mp.scene(77, 45), sampling)
    picture = media.decoded(stream, pixel_format, 77, 45)
    assert (picture.get("width"), picture.get("height")) == (77, 45)
    reference = mp.reference_yuv(stream)
    if sampling == "gray":
        assert np.array_equal(picture.planes().y, reference)
    else:
        planes = picture.planes()
        assert np.array_equal(np.stack([planes.y, planes.u, planes.v], -1), reference)


PRECISIONS = [
    # sampling, output, mode -> what happens to an odd width and an odd height
    ("444", mp.NV12, 0, -1, -1),
    ("444", mp.NV12, 1, 1, 1),
    ("422", mp.YUV_422SP, 0, -1, 0),
    ("422", mp.YUV_422SP, 1, 1, 0),
    ("422", mp.YUV_422SP, 2, -1, -1),
    ("440", mp.YUV_440SP, 0, 0, -1),
    ("440", mp.YUV_440SP, 1, 0, 1),
    ("440", mp.YUV_440SP, 2, -1, -1),
    ("444", mp.YUV_444SP, 1, 0, 0),
]


@pytest.mark.rules("APP-096", "APP-097", "APP-101")
@pytest.mark.parametrize(("sampling", "pixel_format", "mode", "columns", "rows"), PRECISIONS)
def test_precision_mode_rounds_odd_sides(acl, media, sampling, pixel_format, mode, columns, rows):
    precision_mode = 5  # ACL_DVPP_JPEGD_PRECISION_MODE_ENUM
    assert acl.media.dvpp_set_channel_desc_param(media.channel, precision_mode, mode) == (media.channel, 0)
    stream = mp.jpeg(mp.scene(67, 53), sampling)
    picture = media.decoded(stream, pixel_format, 67, 53)
    width, height = picture.get("width"), picture.get("height")
    assert (width, height) == (67 + columns, 53 + rows)
    inside = picture.planes().y[: min(height, 53), : min(width, 67)]
    assert np.array_equal(inside, mp.reference_yuv(stream)[: inside.shape[0], : inside.shape[1], 0])


UPRIGHT = {  # What shows the stored picture upright.
    1: lambda p: p,
    2: np.fliplr,
    3: lambda p: np.rot90(p, 2),
    4: np.flipud,
    5: lambda p: np.swapaxes(p, 0, 1),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: np.swapaxes(np.rot90(p, 2), 0, 1),
    8: np.rot90,
}


@pytest.mark.rules("JPD1-002")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("sampling", "pixel_format"), [("444", mp.YUV_444SP), ("420", mp.NV12), ("gray", mp.YUV_400)]
)
def test_orientation_is_applied(media, orientation, sampling, pixel_format):
    plain = mp.jpeg(mp.scene(96, 64), sampling)
    stored = media.decoded(plain, pixel_format, 96, 64).planes()
    stream = mp.with_orientation(plain, orientation)
    assert Image.open(io.BytesIO(stream)).getexif()[0x0112] == orientation
    width, height = (96, 64) if orientation < 5 else (64, 96)
    turned = media.decoded(stream, pixel_format, width, height).planes()
    for name in ("y", "u", "v"):
        if getattr(stored, name) is not None:
            assert np.array_equal(getattr(turned, name), UPRIGHT[orientation](getattr(stored, name)))


@pytest.mark.rules("JPD1-002", "JPD1-003", "JPD1-004")
@pytest.mark.parametrize(
    ("sampling", "pixel_format"), [("422", mp.YVU_422SP), ("440", mp.YVU_440SP), ("422", mp.NV12)]
)
def test_a_turned_picture_keeps_its_format(media, sampling, pixel_format):
    stream = mp.with_orientation(mp.jpeg(mp.scene(96, 64), sampling), 6)
    planes = media.decoded(stream, pixel_format, 64, 96).planes()
    expected = np.rot90(mp.reference_yuv(stream), -1)
    assert np.array_equal(planes.y, expected[..., 0])
    columns, rows = mp.SEMI_PLANAR[pixel_format]
    for plane, reference in ((planes.u, expected[..., 1]), (planes.v, expected[..., 2])):
        assert plane.shape == (96 // rows, 64 // columns)
        assert np.abs(plane.astype(int) - mean(reference, columns, rows)).mean() < 3


@pytest.mark.rules("JPD1-002")
@pytest.mark.parametrize(
    "damage", [b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"nonsense"]
)
def test_unreadable_orientation_leaves_the_picture_as_it_is(media, damage):
    plain = mp.jpeg(mp.scene(96, 64))
    stream = plain[:2] + b"\xff\xe1" + (len(damage) + 2).to_bytes(2, "big") + damage + plain[2:]
    picture = media.decoded(stream, mp.NV12, 96, 64)
    assert np.array_equal(picture.planes().y, mp.reference_yuv(plain)[..., 0])


@pytest.mark.rules("JPD1-002", "JPD1-022")
def test_strides_have_to_hold_the_turned_picture(acl, media):
    stream = mp.with_orientation(mp.jpeg(mp.scene(192, 64)), 6)
    picture = media.picture(mp.NV12, 192, 64)
    assert media.decode(stream, picture) in PARAMETER_FAULTS
    assert picture.get("ret_code") != 0


@pytest.mark.rules("JPD1-022", "GM1-043", "GM1-028")
@pytest.mark.parametrize(("across", "down"), [(16, 2), (64, 16), (128, 16), (1, 1)])
def test_strides_are_used_as_given(media, across, down):
    width, height = 148, 102
    stream = mp.jpeg(mp.scene(width, height))
    picture = media.picture(mp.NV12, width, height, mp.align(width, across), mp.align(height, down))
    assert media.decode(stream, picture) == 0
    planes, expected = picture.planes(), mp.reference_yuv(stream)
    assert np.array_equal(planes.y, expected[..., 0])
    wide = media.decoded(stream, mp.NV12, width, height).planes()
    assert np.array_equal(planes.u, wide.u) and np.array_equal(planes.v, wide.v)


@pytest.mark.rules("JPD1-022", "JPD1-038", "JPD1-016")
def test_strides_of_zero_become_those_of_the_table(media):
    stream = mp.jpeg(mp.scene(100, 70))
    picture = media.picture(mp.NV12, 100, 70, 128, 80)
    picture.set(width_stride=0, height_stride=0)
    assert media.decode(stream, picture) == 0
    assert (picture.get("width_stride"), picture.get("height_stride")) == (128, 80)
    assert np.array_equal(picture.planes().y, mp.reference_yuv(stream)[..., 0])


@pytest.mark.rules("JPD1-022", "JPD1-016")
@pytest.mark.parametrize(("width_stride", "height_stride"), [(96, 64), (128, 32), (1, 1)])
def test_strides_that_do_not_hold_the_picture_are_refused(media, width_stride, height_stride):
    picture = media.picture(mp.NV12, 128, 64)
    picture.set(width_stride=width_stride, height_stride=height_stride)
    assert media.decode(mp.jpeg(mp.scene(128, 64)), picture) in PARAMETER_FAULTS


@pytest.mark.rules("JPD1-016", "JPD1-040")
def test_a_size_below_the_formula_is_refused(media):
    stream = mp.jpeg(mp.scene(128, 64))
    enough = 128 * 64 * 3 // 2
    picture = media.picture(mp.NV12, 128, 64)
    picture.fill(7)
    picture.set(size=enough - 1)
    assert media.decode(stream, picture) in PARAMETER_FAULTS
    assert picture.get("ret_code") in PARAMETER_FAULTS
    assert (picture.bytes() == 7).all()
    picture.set(size=enough)
    assert media.decode(stream, picture) == 0
    assert picture.get("ret_code") == 0


@pytest.mark.rules("JPD1-031", "JPD1-032")
def test_width_and_height_need_not_be_set_and_are_written(media):
    picture = media.picture(mp.NV12, 128, 64)
    picture.set(width=0, height=0)
    assert media.decode(mp.jpeg(mp.scene(128, 64)), picture) == 0
    assert (picture.get("width"), picture.get("height"), picture.get("ret_code")) == (128, 64, 0)


@pytest.mark.rules("JPD1-037", "JPD1-038", "GM1-042", "JPD1-040")
@pytest.mark.parametrize(("sampling", "formats"), SEMI_PLANAR_OF.items())
@pytest.mark.parametrize(("width", "height"), [(64, 48), (65, 49), (640, 360)])
def test_predicted_size_is_that_of_the_table_and_is_enough(acl, media, sampling, formats, width, height):
    stream = mp.jpeg(mp.scene(width, height), sampling)
    for pixel_format in (*formats, mp.NV12):
        size, ret = acl.media.dvpp_jpeg_predict_dec_size(mp.host(stream), len(stream), pixel_format)
        assert (size, ret) == (mp.memory_size(pixel_format, mp.align(width, 64), mp.align(height, 16)), 0)
        assert media.decoded(stream, pixel_format, width, height).size == size


@pytest.mark.rules("JPD1-034", "JPD1-036", "JPD1-039", "APP-036")
@pytest.mark.parametrize("sampling", ["444", "422", "420", "440", "gray"])
def test_image_info(acl, media, sampling):
    stream = mp.jpeg(mp.scene(123, 77), sampling)
    components, css = (1, 3) if sampling == "gray" else (3, mp.SAMPLINGS[sampling][1])
    on_device = media.upload(stream)
    for address in (mp.host(stream), on_device):
        assert acl.media.dvpp_jpeg_get_image_info(address, len(stream)) == (123, 77, components, 0)
        assert acl.media.dvpp_jpeg_get_image_info_v2(address, len(stream)) == (123, 77, components, css, 0)


def progressive() -> bytes:
    file = io.BytesIO()
    Image.fromarray(mp.scene(64, 64)).save(file, "JPEG", progressive=True)
    return file.getvalue()


def cmyk() -> bytes:
    file = io.BytesIO()
    Image.fromarray(mp.scene(64, 64)).convert("CMYK").save(file, "JPEG")
    return file.getvalue()


def rgb() -> bytes:
    file = io.BytesIO()
    Image.fromarray(mp.scene(64, 64)).save(file, "JPEG", keep_rgb=True)
    return file.getvalue()


def sampled_411() -> bytes:
    options = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411]
    return cv2.imencode(".jpg", mp.scene(64, 64), options)[1].tobytes()


def with_frame_marker(marker: int) -> bytes:
    """A baseline stream that claims another process (SOF9: arithmetic coding, SOF3: lossless)."""
    return mp.jpeg(mp.scene(64, 64)).replace(b"\xff\xc0", bytes([0xFF, marker]), 1)


def png() -> bytes:
    return cv2.imencode(".png", mp.scene(64, 64))[1].tobytes()


UNSUPPORTED = {
    "progressive": progressive(),
    "cmyk": cmyk(),
    "rgb": rgb(),
    "411": sampled_411(),
    "arithmetic": with_frame_marker(0xC9),
    "lossless": with_frame_marker(0xC3),
    "12 bits": mp.jpeg(mp.scene(64, 64)).replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c", 1),
    "jpeg2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(200),
    "jpeg2000 codestream": b"\xff\x4f\xff\x51" + bytes(200),
    "png": png(),
    "nothing after the start": b"\xff\xd8",
    "zeros": bytes(1000),
    "no quantiser": mp.jpeg(mp.scene(64, 64))[:2] + mp.jpeg(mp.scene(64, 64))[20:25],
}


@pytest.mark.rules("JPD1-011", "JPD1-023", "JPD1-035", "APP-036")
@pytest.mark.parametrize("damaged", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_unsupported_streams_are_refused(acl, media, damaged):
    assert acl.media.dvpp_jpeg_get_image_info(mp.host(damaged), len(damaged)) == (0, 0, 0, UNSUPPORTED_JPEG)
    assert info(acl, damaged)[-1] == UNSUPPORTED_JPEG
    assert "APP-036" in acl.get_recent_err_msg()
    assert acl.media.dvpp_jpeg_predict_dec_size(mp.host(damaged), len(damaged), mp.NV12) == (
        0,
        UNSUPPORTED_JPEG,
    )
    picture = media.picture(mp.NV12, 64, 64)
    assert media.decode(damaged, picture) != 0
    assert picture.get("ret_code") == UNSUPPORTED_JPEG
    assert media.decode(mp.jpeg(mp.scene(64, 64)), picture) == 0


@pytest.mark.rules("JPD1-011", "JPD1-035")
@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("restart", [0, 4])
def test_huffman_variants_are_decoded(media, optimize, restart):
    file = io.BytesIO()
    Image.fromarray(mp.scene(160, 96)).save(
        file, "JPEG", optimize=optimize, restart_marker_blocks=restart, quality=80
    )
    picture = media.decoded(file.getvalue(), mp.NV12, 160, 96)
    assert np.array_equal(picture.planes().y, mp.reference_yuv(file.getvalue())[..., 0])


def three_scans(width: int, height: int, factors: tuple[int, int], repeat_last: int = 0) -> bytes:
    """A stream with one scan per component, put together from three grey ones with the same tables."""
    columns, rows = factors
    sizes = [(width, height)] + [(width // columns, height // rows)] * 2
    streams = [mp.jpeg(mp.scene(*size, seed=seed), "gray") for seed, size in enumerate(sizes)]
    tables = {}
    for marker in (0xDB, 0xC0, 0xC4):
        for at in (i for i in range(len(streams[0]) - 1) if streams[0][i : i + 2] == bytes([0xFF, marker])):
            tables.setdefault(marker, b"")
            tables[marker] += streams[0][at : at + 2 + int.from_bytes(streams[0][at + 2 : at + 4], "big")]
    components = bytes([1, columns << 4 | rows, 0, 2, 0x11, 0, 3, 0x11, 0])
    frame = (
        b"\xff\xc0\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x03" + components
    )
    scans = []
    for component, grey in enumerate(streams, 1):
        data = grey[grey.index(b"\xff\xda") + 10 : grey.rindex(b"\xff\xd9")]
        scans.append(b"\xff\xda\x00\x08\x01" + bytes([component, 0, 0, 63, 0]) + data)
    scans += [scans[-1]] * repeat_last
    return b"".join([b"\xff\xd8", tables[0xDB], frame, tables[0xC4], *scans, b"\xff\xd9"])


@pytest.mark.rules("JPD1-024", "JPD1-023", "JPD1-026")
@pytest.mark.parametrize(
    ("sampling", "pixel_format"), [("444", mp.YUV_444SP), ("420", mp.NV12), ("422", mp.NV12)]
)
def test_three_scans_are_decoded(media, sampling, pixel_format):
    stream = three_scans(160, 96, mp.SAMPLINGS[sampling][2])
    planes = media.decoded(stream, pixel_format, 160, 96).planes()
    expected = mp.reference_yuv(stream)
    assert np.array_equal(planes.y, expected[..., 0])
    if sampling != "422":
        factors = mp.SAMPLINGS[sampling][2]
        assert np.array_equal(mp.interpolated_chroma(planes.u, factors), expected[..., 1])
        assert np.array_equal(mp.interpolated_chroma(planes.v, factors), expected[..., 2])


@pytest.mark.rules("JPD1-024", "JPD1-023")
def test_more_scans_are_refused(media):
    picture = media.picture(mp.NV12, 160, 96)
    assert media.decode(three_scans(160, 96, (2, 2), repeat_last=20), picture) != 0
    assert picture.get("ret_code") == UNSUPPORTED_JPEG


@pytest.mark.rules("JPD1-024")
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99])
def test_missing_mcu_data_is_no_error(media, kept):
    whole = mp.jpeg(mp.scene(320, 160))
    stream = whole[: int(len(whole) * kept)]
    scan = whole.index(b"\xff\xda")
    assert len(stream) > scan + 14
    picture = media.decoded(stream, mp.NV12, 320, 160)
    assert picture.get("ret_code") == 0
    assert np.array_equal(picture.planes().y[:16, :16], mp.reference_yuv(whole)[:16, :16, 0])


@pytest.mark.rules("JPD1-035", "APP-036")
def test_every_cut_and_every_flipped_byte_of_the_header_ends_well(acl, media):
    whole = mp.jpeg(mp.scene(64, 64))
    scan = whole.index(b"\xff\xda")
    for length in range(1, scan):
        assert info(acl, whole[:length])[-1] == UNSUPPORTED_JPEG
    random = np.random.default_rng(3)
    for at in range(scan):
        damaged = bytearray(whole)
        damaged[at] ^= int(random.integers(1, 256))
        assert info(acl, bytes(damaged))[-1] in {0, UNSUPPORTED_JPEG}


@pytest.mark.rules("JPD1-008")
@pytest.mark.parametrize(("width", "height", "fits"), [(32, 32, True), (31, 64, False), (64, 31, False)])
def test_smallest_picture(media, width, height, fits):
    picture = media.picture(mp.NV12, 64, 64)
    ret = media.decode(mp.jpeg(mp.scene(width, height), "444"), picture)
    assert (ret == 0) == fits
    assert (picture.get("ret_code") == 0) == fits


@pytest.mark.rules("JPD1-008")
@pytest.mark.parametrize(("width", "fits"), [(16384, True), (16385, False)])
def test_largest_width(media, width, fits):
    stream = mp.jpeg(mp.scene(width, 32), "gray")
    picture = media.picture(mp.YUV_400, width, 32, mp.align(width, 64), 32)
    assert (media.decode(stream, picture) == 0) == fits
    assert (picture.get("ret_code") == 0) == fits


@pytest.mark.rules("JPD1-010", "JPD1-033")
def test_input_and_output_have_to_be_device_memory(acl, media):
    stream = mp.jpeg(mp.scene(64, 64))
    picture = media.picture(mp.NV12, 64, 64)
    decode = acl.media.dvpp_jpeg_decode_async
    assert (
        decode(media.channel, mp.host(stream), len(stream), picture.handle, media.stream) in PARAMETER_FAULTS
    )
    assert "no device memory" in acl.get_recent_err_msg()
    memory = np.zeros(64 * 96, np.uint8)
    picture.set(data=memory.ctypes.data)
    assert (
        decode(media.channel, media.upload(stream), len(stream), picture.handle, media.stream)
        in PARAMETER_FAULTS
    )
    assert not memory.any()


@pytest.mark.rules("JPD1-010")
def test_sizes_beyond_the_allocation_are_refused(acl, media):
    stream = mp.jpeg(mp.scene(64, 64))
    picture = media.picture(mp.NV12, 64, 64)
    decode = acl.media.dvpp_jpeg_decode_async
    data = media.upload(stream)
    for size in (len(stream) + 1_000_000, 2**32 - 1, 2**70):
        assert decode(media.channel, data, size, picture.handle, media.stream) != 0
    picture.set(size=2**31)
    assert decode(media.channel, data, len(stream), picture.handle, media.stream) != 0


@pytest.mark.rules("JPD1-033", "JPD1-034", "JPD1-037")
def test_null_and_empty_arguments_are_refused(acl, media):
    stream = mp.jpeg(mp.scene(64, 64))
    data = media.upload(stream)
    picture = media.picture(mp.NV12, 64, 64)
    decode = acl.media.dvpp_jpeg_decode_async
    assert decode(0, data, len(stream), picture.handle, media.stream) == INVALID_PARAM
    assert decode(media.channel, 0, len(stream), picture.handle, media.stream) in PARAMETER_FAULTS
    assert decode(media.channel, data, 0, picture.handle, media.stream) in PARAMETER_FAULTS
    assert decode(media.channel, data, len(stream), None, media.stream) == INVALID_PARAM
    assert decode(media.channel, data, len(stream), media.channel, media.stream) == INVALID_PARAM
    for address, size in ((0, 10), (mp.host(stream), 0), (16, 100)):
        assert acl.media.dvpp_jpeg_get_image_info(address, size)[-1] in PARAMETER_FAULTS
        assert acl.media.dvpp_jpeg_predict_dec_size(address, size, mp.NV12)[-1] in PARAMETER_FAULTS


@pytest.mark.rules("M1-004", "M1-005", "GM1-025")
def test_tasks_of_a_stream_run_in_order(acl, media):
    """The decoder's input is written by the task before it, its output read by the one behind it, with one wait at the end."""
    stream = mp.jpeg(mp.scene(256, 128))
    data = media.allocate(len(stream))
    picture = media.picture(mp.NV12, 256, 128)
    scaled = media.picture(mp.NV12, 64, 32)
    config = media.resize_config()
    host_address, ret = acl.rt.malloc_host(len(stream))
    assert ret == 0
    assert acl.rt.memcpy(host_address, len(stream), mp.host(stream), len(stream), 0) == 0
    assert acl.rt.memcpy_async(data, len(stream), host_address, len(stream), 1, media.stream) == 0
    m = acl.media
    assert m.dvpp_jpeg_decode_async(media.channel, data, len(stream), picture.handle, media.stream) == 0
    assert m.dvpp_vpc_resize_async(media.channel, picture.handle, scaled.handle, config, media.stream) == 0
    assert media.synchronize() == 0
    luma = mp.reference_yuv(stream)[..., 0]
    assert np.array_equal(scaled.planes().y, cv2.resize(luma, (64, 32), interpolation=cv2.INTER_LINEAR))
    assert acl.rt.free_host(host_address) == 0
