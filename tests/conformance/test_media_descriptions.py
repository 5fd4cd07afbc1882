"""acl.media: descriptions of pictures, batches and borders (10.7.5), areas and resize configurations (10.7.6)."""

import pytest
from constants import INVALID_PARAM, PARAMETER_FAULTS

WILD_HANDLES = (0, None, 1, -1, 2**64 - 1, 2**80, 0x7F0000001000)
NUMBERS = ["size", "width", "height", "width_stride", "height_stride", "ret_code"]


@pytest.fixture
def picture(acl):
    handle = acl.media.dvpp_create_pic_desc()
    assert handle != 0
    yield handle
    assert acl.media.dvpp_destroy_pic_desc(handle) == 0


@pytest.fixture
def border(acl):
    handle, ret = acl.media.dvpp_create_border_config()
    assert handle != 0 and ret == 0
    yield handle
    assert acl.media.dvpp_destroy_border_config(handle) == 0


# --- pictures -----------------------------------------------------------------------------------------------------------


@pytest.mark.rules("M1-058", "M1-060", "M1-061", "M1-062", "M1-063", "M1-064", "M1-065")
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_a_picture(acl, picture, name):
    setter = getattr(acl.media, f"dvpp_set_pic_desc_{name}")
    getter = getattr(acl.media, f"dvpp_get_pic_desc_{name}")
    assert getter(picture) == 0
    for value in (1, 1080, 2**32 - 1, 0):
        assert setter(picture, value) == 0
        assert getter(picture) == value


@pytest.mark.rules("M1-057", "M1-063", "M1-064")
def test_data_of_a_picture(acl, picture):
    assert acl.media.dvpp_get_pic_desc_data(picture) == 0
    assert acl.media.dvpp_set_pic_desc_data(picture, 0x123456780) == 0
    assert acl.media.dvpp_get_pic_desc_data(picture) == 0x123456780


@pytest.mark.rules("M1-059", "M1-063", "M1-064", "APP-054")
def test_format_of_a_picture(acl, picture):
    for value in (*range(41), *range(50, 55), *range(70, 85), *range(1000, 1004), 10000):
        assert acl.media.dvpp_set_pic_desc_format(picture, value) == 0
        assert acl.media.dvpp_get_pic_desc_format(picture) == value
    for value in (-1, 41, 49, 55, 69, 85, 999, 1004, 9999, 10001, 2**31, -(2**40)):
        assert acl.media.dvpp_set_pic_desc_format(picture, value) == INVALID_PARAM
        assert acl.media.dvpp_get_pic_desc_format(picture) == 10000


@pytest.mark.rules("M1-064")
def test_the_values_of_a_picture_are_kept_apart(acl, picture):
    for value, name in enumerate(NUMBERS, 5):
        assert getattr(acl.media, f"dvpp_set_pic_desc_{name}")(picture, value) == 0
    assert [getattr(acl.media, f"dvpp_get_pic_desc_{name}")(picture) for name in NUMBERS] == [
        5,
        6,
        7,
        8,
        9,
        10,
    ]


@pytest.mark.rules("M1-055", "M1-056", "M1-063", "M1-064")
@pytest.mark.parametrize("handle", WILD_HANDLES)
def test_wild_picture_handles(acl, device, handle):
    media = acl.media
    assert media.dvpp_destroy_pic_desc(handle) in PARAMETER_FAULTS
    for name in [*NUMBERS, "data", "format"]:
        assert getattr(media, f"dvpp_set_pic_desc_{name}")(handle, 1) in PARAMETER_FAULTS
    for name in [*NUMBERS[:5], "data"]:
        assert getattr(media, f"dvpp_get_pic_desc_{name}")(handle) == 0
    assert media.dvpp_get_pic_desc_ret_code(handle) != 0


@pytest.mark.rules("M1-055", "M1-056")
def test_a_destroyed_picture_is_gone(acl, device):
    handle = acl.media.dvpp_create_pic_desc()
    assert acl.media.dvpp_destroy_pic_desc(handle) == 0
    assert acl.media.dvpp_destroy_pic_desc(handle) == INVALID_PARAM
    assert "M1-056" in acl.get_recent_err_msg()
    again = acl.media.dvpp_create_pic_desc()
    assert acl.media.dvpp_set_pic_desc_width(handle, 5) == INVALID_PARAM
    assert acl.media.dvpp_get_pic_desc_width(again) == 0
    assert acl.media.dvpp_destroy_pic_desc(again) == 0


# --- batches ------------------------------------------------------------------------------------------------------------


@pytest.mark.rules("M1-076", "M1-077", "M1-078", "GM1-037")
@pytest.mark.parametrize("size", [1, 2, 256])
def test_batches(acl, device, size):
    media = acl.media
    batch = media.dvpp_create_batch_pic_desc(size)
    assert batch != 0
    pictures = [media.dvpp_get_pic_desc(batch, i) for i in range(size)]
    assert 0 not in pictures and len(set(pictures)) == size
    for i, picture in enumerate(pictures):
        assert media.dvpp_set_pic_desc_width(picture, 100 + i) == 0
    assert [media.dvpp_get_pic_desc_width(media.dvpp_get_pic_desc(batch, i)) for i in range(size)] == [
        *range(100, 100 + size)
    ]
    for wrong in (size, 2**32 - 1, -1):
        assert media.dvpp_get_pic_desc(batch, wrong) == 0
    assert media.dvpp_destroy_batch_pic_desc(batch) == 0
    assert media.dvpp_destroy_batch_pic_desc(batch) == INVALID_PARAM
    assert media.dvpp_get_pic_desc(batch, 0) == 0
    assert media.dvpp_set_pic_desc_width(pictures[0], 1) == INVALID_PARAM


@pytest.mark.rules("M1-056", "M1-077")
def test_a_picture_of_a_batch_ends_with_it(acl, device):
    batch = acl.media.dvpp_create_batch_pic_desc(2)
    picture = acl.media.dvpp_get_pic_desc(batch, 1)
    assert acl.media.dvpp_destroy_pic_desc(picture) == INVALID_PARAM
    assert acl.media.dvpp_set_pic_desc_width(picture, 3) == 0
    assert acl.media.dvpp_destroy_batch_pic_desc(batch) == 0


@pytest.mark.rules("M1-076", "M1-077", "M1-078")
@pytest.mark.parametrize("handle", WILD_HANDLES)
def test_wild_batch_handles(acl, device, handle):
    assert acl.media.dvpp_destroy_batch_pic_desc(handle) in PARAMETER_FAULTS
    assert acl.media.dvpp_get_pic_desc(handle, 0) == 0


@pytest.mark.rules("M1-076")
@pytest.mark.parametrize("size", [0, 2**32 - 1, 2**70, -1])
def test_batch_sizes_that_cannot_be(acl, device, size):
    assert acl.media.dvpp_create_batch_pic_desc(size) == 0


# --- borders ------------------------------------------------------------------------------------------------------------


@pytest.mark.rules("M1-079", "M1-080", "M1-081", "M1-084", "M1-085", "M1-086")
@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_sides_of_a_border(acl, border, side):
    setter = getattr(acl.media, f"dvpp_set_border_config_{side}")
    getter = getattr(acl.media, f"dvpp_get_border_config_{side}")
    assert getter(border) == 0
    assert setter(border, 17) == 0
    assert getter(border) == 17
    others = {"top", "bottom", "left", "right"} - {side}
    assert [getattr(acl.media, f"dvpp_get_border_config_{name}")(border) for name in others] == [0, 0, 0]


@pytest.mark.rules("M1-082", "M1-084", "M1-086")
def test_values_of_a_border(acl, border):
    for index in range(4):
        assert acl.media.dvpp_set_border_config_value(border, index, 1.5 + index) == 0
    assert [acl.media.dvpp_get_border_config_value(border, i) for i in range(4)] == [1.5, 2.5, 3.5, 4.5]
    for index in (4, 2**32 - 1, -1):
        assert acl.media.dvpp_set_border_config_value(border, index, 1.0) == INVALID_PARAM


@pytest.mark.rules("APP-094", "M1-084", "M1-086")
def test_type_of_a_border(acl, border):
    assert acl.media.dvpp_get_border_config_border_type(border) == 0
    for value in (1, 2, 3, 0):
        assert acl.media.dvpp_set_border_config_border_type(border, value) == 0
        assert acl.media.dvpp_get_border_config_border_type(border) == value
    for value in (4, -1, 2**40):
        assert acl.media.dvpp_set_border_config_border_type(border, value) == INVALID_PARAM


@pytest.mark.rules("M1-081", "M1-084")
@pytest.mark.parametrize("handle", WILD_HANDLES)
def test_wild_border_handles(acl, device, handle):
    media = acl.media
    assert media.dvpp_destroy_border_config(handle) in PARAMETER_FAULTS
    assert media.dvpp_set_border_config_value(handle, 0, 1.0) in PARAMETER_FAULTS
    assert media.dvpp_set_border_config_border_type(handle, 0) in PARAMETER_FAULTS
    for side in ("top", "bottom", "left", "right"):
        assert getattr(media, f"dvpp_set_border_config_{side}")(handle, 1) in PARAMETER_FAULTS
        assert getattr(media, f"dvpp_get_border_config_{side}")(handle) == 0


# --- areas and resize configurations --------------------------------------------------------------------------------------


@pytest.mark.rules("VPC1-081", "VPC1-082", "VPC1-083", "GM1-019")
def test_areas(acl, device):
    media = acl.media
    roi = media.dvpp_create_roi_config(0, 99, 0, 49)
    assert roi != 0
    assert media.dvpp_set_roi_config(roi, 1, 2, 3, 4) == 0
    for side in ("left", "right", "top", "bottom"):
        assert getattr(media, f"dvpp_set_roi_config_{side}")(roi, 2**32 - 1) == 0
    assert media.dvpp_destroy_roi_config(roi) == 0
    assert media.dvpp_destroy_roi_config(roi) == INVALID_PARAM
    assert media.dvpp_set_roi_config(roi, 1, 2, 3, 4) == INVALID_PARAM


@pytest.mark.rules("VPC1-082", "VPC1-083")
@pytest.mark.parametrize("handle", WILD_HANDLES)
def test_wild_area_handles(acl, device, handle):
    media = acl.media
    assert media.dvpp_destroy_roi_config(handle) in PARAMETER_FAULTS
    assert media.dvpp_set_roi_config(handle, 0, 1, 0, 1) in PARAMETER_FAULTS
    for side in ("left", "right", "top", "bottom"):
        assert getattr(media, f"dvpp_set_roi_config_{side}")(handle, 1) in PARAMETER_FAULTS


@pytest.mark.rules("VPC1-084", "VPC1-086", "VPC1-087", "VPC1-090")
def test_resize_configurations(acl, device):
    media = acl.media
    config = media.dvpp_create_resize_config()
    assert config != 0
    assert media.dvpp_get_resize_config_interpolation(config) == 0
    for value in range(6):
        assert media.dvpp_set_resize_config_interpolation(config, value) == 0
        assert media.dvpp_get_resize_config_interpolation(config) == value
    for value in (6, 2**32 - 1, 2**40, -1):
        assert media.dvpp_set_resize_config_interpolation(config, value) == INVALID_PARAM
        assert media.dvpp_get_resize_config_interpolation(config) == 5
    assert media.dvpp_destroy_resize_config(config) == 0
    assert media.dvpp_destroy_resize_config(config) == INVALID_PARAM


@pytest.mark.rules("VPC1-086", "VPC1-087", "VPC1-090")
@pytest.mark.parametrize("handle", WILD_HANDLES)
def test_wild_resize_handles(acl, device, handle):
    assert acl.media.dvpp_destroy_resize_config(handle) in PARAMETER_FAULTS
    assert acl.media.dvpp_set_resize_config_interpolation(handle, 1) in PARAMETER_FAULTS
    assert acl.media.dvpp_get_resize_config_interpolation(handle) == 0
