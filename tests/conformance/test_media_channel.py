"""acl.media: memory (10.7.3), channels (10.7.4) and their descriptions (10.7.5)."""

import json
import threading

import media_pictures as mp
import numpy as np
import pytest
from constants import INVALID_PARAM, PARAMETER_FAULTS, RT_CONTEXT_NULL

NOT_CLEARED = 148051
VPC, JPEGD, JPEGE, PNGD = 1, 2, 4, 8
CSC_MATRIX, MODE, CHANNEL_ID, HEIGHT, WIDTH, PRECISION = range(6)
WILD_HANDLES = (0, None, 1, -1, 2**64 - 1, 2**80, 0x7F0000001000)


@pytest.fixture
def channel_desc(acl, context):
    handle = acl.media.dvpp_create_channel_desc()
    assert handle != 0
    yield handle
    acl.media.dvpp_destroy_channel(handle)
    assert acl.media.dvpp_destroy_channel_desc(handle) == 0


# --- memory -------------------------------------------------------------------------------------------------------------


@pytest.mark.rules("M1-022", "M1-023", "M1-028", "RT-127", "GM1-020")
@pytest.mark.parametrize("size", [1, 31, 32, 33, 127, 4096, 1920 * 1088 * 3 // 2, 50_000_000])
def test_malloc_aligns_to_128_bytes(acl, device, size):
    address, ret = acl.media.dvpp_malloc(size)
    assert ret == 0 and address != 0 and address % 128 == 0
    assert acl.media.dvpp_free(address) == 0


@pytest.mark.rules("M1-024", "M1-025")
@pytest.mark.parametrize("size", [1, 32, 33, 1000])
def test_malloc_rounds_up_to_32_and_adds_32(acl, device, size):
    usable = (size + 31) // 32 * 32 + 32
    address, ret = acl.media.dvpp_malloc(size)
    assert ret == 0
    assert acl.rt.memset(address, usable, 5, usable) == 0
    assert acl.media.dvpp_free(address) == 0


@pytest.mark.rules("M1-023", "M1-026")
@pytest.mark.parametrize("size", [2**50, 2**64 - 1, 2**80])
def test_malloc_of_more_than_the_device_has_fails(acl, device, size):
    address, ret = acl.media.dvpp_malloc(size)
    assert address == 0 and ret != 0


@pytest.mark.rules("M1-028")
def test_free_refuses_what_malloc_did_not_give(acl, device):
    address, ret = acl.media.dvpp_malloc(1000)
    assert ret == 0
    host = np.zeros(1000, np.uint8)
    for wrong in (*WILD_HANDLES, host.ctypes.data, address + 1, address + 128):
        assert acl.media.dvpp_free(wrong) != 0
    assert acl.media.dvpp_free(address) == 0
    assert acl.media.dvpp_free(address) != 0


@pytest.mark.rules("M1-022", "M1-029", "M1-023")
def test_memory_and_channel_need_a_context(run_python):
    done = run_python("""
        import acl
        assert acl.init() == 0
        desc = acl.media.dvpp_create_channel_desc()
        print([acl.media.dvpp_malloc(100), acl.media.dvpp_create_channel(desc), acl.media.dvpp_destroy_channel_desc(desc)])
    """)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"[(0, {RT_CONTEXT_NULL}), {RT_CONTEXT_NULL}, 0]"


# --- channels -----------------------------------------------------------------------------------------------------------


@pytest.mark.rules("M1-029", "M1-033", "M1-045", "M1-046", "GM1-017", "GM1-018")
def test_a_channel_is_made_and_destroyed_and_made_again(acl, context):
    media = acl.media
    desc = media.dvpp_create_channel_desc()
    assert desc != 0
    for _ in range(2):
        assert media.dvpp_create_channel(desc) == 0
        assert media.dvpp_create_channel(desc) != 0
        assert media.dvpp_destroy_channel(desc) == 0
        assert media.dvpp_destroy_channel(desc) != 0
    assert media.dvpp_destroy_channel_desc(desc) == 0
    assert media.dvpp_destroy_channel_desc(desc) == INVALID_PARAM


@pytest.mark.rules("M1-034", "APP-035")
def test_a_description_with_a_channel_cannot_be_destroyed(acl, context):
    media = acl.media
    desc = media.dvpp_create_channel_desc()
    assert media.dvpp_create_channel(desc) == 0
    assert media.dvpp_destroy_channel_desc(desc) == NOT_CLEARED
    assert "APP-035" in acl.get_recent_err_msg()
    assert media.dvpp_destroy_channel(desc) == 0
    assert media.dvpp_destroy_channel_desc(desc) == 0
    assert media.dvpp_destroy_channel(desc) != 0


@pytest.mark.rules("M1-047")
def test_the_id_exists_while_the_channel_does(acl, context):
    media = acl.media
    descs = [media.dvpp_create_channel_desc() for _ in range(3)]
    assert [media.dvpp_get_channel_desc_channel_id(desc) for desc in descs] == [0, 0, 0]
    assert all(media.dvpp_create_channel(desc) == 0 for desc in descs)
    ids = [media.dvpp_get_channel_desc_channel_id(desc) for desc in descs]
    assert 0 not in ids and len(set(ids)) == 3
    for desc in descs:
        assert media.dvpp_destroy_channel(desc) == 0
        assert media.dvpp_get_channel_desc_channel_id(desc) == 0
        assert media.dvpp_destroy_channel_desc(desc) == 0


@pytest.mark.rules("M1-048", "APP-099")
@pytest.mark.parametrize("mode", [VPC, JPEGD, JPEGE, PNGD, VPC | JPEGD, 15])
def test_modes(acl, channel_desc, mode):
    assert acl.media.dvpp_set_channel_desc_mode(channel_desc, mode) == 0
    assert acl.media.dvpp_get_channel_desc_param(channel_desc, MODE) == (4, mode, 0)
    assert acl.media.dvpp_create_channel(channel_desc) == 0


@pytest.mark.rules("M1-048")
@pytest.mark.parametrize("mode", [0, 16, 17, 2**32 - 1, -1])
def test_modes_that_do_not_exist(acl, channel_desc, mode):
    assert acl.media.dvpp_set_channel_desc_mode(channel_desc, mode) == INVALID_PARAM
    assert acl.media.dvpp_set_channel_desc_param(channel_desc, MODE, mode) == (channel_desc, INVALID_PARAM)


@pytest.mark.rules("M1-049")
def test_the_mode_is_set_before_the_channel_is_made(acl, channel_desc):
    assert acl.media.dvpp_create_channel(channel_desc) == 0
    assert acl.media.dvpp_set_channel_desc_mode(channel_desc, VPC) != 0


@pytest.mark.rules("M1-009", "M1-048")
def test_a_function_needs_a_channel_that_serves_it(acl, stream):
    media = mp.Media(acl, stream)
    source, target = media.picture(mp.NV12, 64, 64), media.picture(mp.NV12, 32, 32)
    resize, config = acl.media.dvpp_vpc_resize_async, media.resize_config()
    other = acl.media.dvpp_create_channel_desc()
    assert resize(other, source.handle, target.handle, config, stream) == INVALID_PARAM
    assert "M1-009" in acl.get_recent_err_msg()
    assert acl.media.dvpp_set_channel_desc_mode(other, JPEGD) == 0
    assert acl.media.dvpp_create_channel(other) == 0
    assert resize(other, source.handle, target.handle, config, stream) == INVALID_PARAM
    assert resize(media.channel, source.handle, target.handle, config, stream) == 0
    assert acl.media.dvpp_destroy_channel(other) == 0
    assert acl.media.dvpp_destroy_channel_desc(other) == 0
    media.close()


PARAMETERS = [
    (CSC_MATRIX, 4, 0, [0, 5], [6, 2**32 - 1]),
    (HEIGHT, 4, 8192, [1, 16384], [16385]),
    (WIDTH, 4, 8192, [1, 16384], [16385, 2**40]),
    (PRECISION, 4, 2, [0, 1, 2], [3, -1]),
]


@pytest.mark.rules("M1-050", "M1-051", "APP-055", "APP-097", "APP-100", "APP-102")
@pytest.mark.parametrize(("kind", "size", "default", "good", "bad"), PARAMETERS)
def test_parameters(acl, channel_desc, kind, size, default, good, bad):
    media = acl.media
    assert media.dvpp_get_channel_desc_param(channel_desc, kind) == (size, default, 0)
    for value in good:
        assert media.dvpp_set_channel_desc_param(channel_desc, kind, value) == (channel_desc, 0)
        assert media.dvpp_get_channel_desc_param(channel_desc, kind) == (size, value, 0)
    for value in bad:
        assert media.dvpp_set_channel_desc_param(channel_desc, kind, value) == (channel_desc, INVALID_PARAM)
        assert media.dvpp_get_channel_desc_param(channel_desc, kind) == (size, good[-1], 0)


@pytest.mark.rules("M1-051", "APP-102")
def test_the_id_is_a_parameter_of_8_bytes(acl, channel_desc):
    assert acl.media.dvpp_create_channel(channel_desc) == 0
    number = acl.media.dvpp_get_channel_desc_channel_id(channel_desc)
    assert acl.media.dvpp_get_channel_desc_param(channel_desc, CHANNEL_ID) == (8, number, 0)


@pytest.mark.rules("M1-050", "M1-051")
@pytest.mark.parametrize("kind", [6, -1, 2**31, 2**70])
def test_parameters_that_do_not_exist(acl, channel_desc, kind):
    assert acl.media.dvpp_set_channel_desc_param(channel_desc, kind, 0) == (channel_desc, INVALID_PARAM)
    assert acl.media.dvpp_get_channel_desc_param(channel_desc, kind)[2] == INVALID_PARAM


@pytest.mark.rules("M1-033", "M1-034", "M1-046", "M1-047", "M1-050", "M1-051")
@pytest.mark.parametrize("handle", WILD_HANDLES)
def test_wild_handles(acl, context, handle):
    media = acl.media
    assert media.dvpp_destroy_channel_desc(handle) in PARAMETER_FAULTS
    assert media.dvpp_create_channel(handle) in PARAMETER_FAULTS
    assert media.dvpp_destroy_channel(handle) in PARAMETER_FAULTS
    assert media.dvpp_get_channel_desc_channel_id(handle) == 0
    assert media.dvpp_set_channel_desc_mode(handle, VPC) in PARAMETER_FAULTS
    assert media.dvpp_set_channel_desc_param(handle, MODE, VPC)[1] in PARAMETER_FAULTS
    assert media.dvpp_get_channel_desc_param(handle, MODE)[2] in PARAMETER_FAULTS


@pytest.mark.rules("M1-033", "M1-046")
def test_handles_of_other_kinds(acl, stream):
    picture = acl.media.dvpp_create_pic_desc()
    for handle in (stream, picture):
        assert acl.media.dvpp_create_channel(handle) == INVALID_PARAM
        assert acl.media.dvpp_destroy_channel_desc(handle) == INVALID_PARAM
    assert acl.media.dvpp_destroy_pic_desc(picture) == 0


COUNT_CHANNELS = """
    import acl, json
    acl.init()
    acl.rt.set_device(0)
    descs = [acl.media.dvpp_create_channel_desc() for _ in range(130)]
    for desc in descs:
        assert acl.media.dvpp_set_channel_desc_mode(desc, MODE) == 0
    codes = [acl.media.dvpp_create_channel(desc) for desc in descs]
    other = acl.media.dvpp_create_channel_desc()
    assert acl.media.dvpp_set_channel_desc_mode(other, 3 - MODE) == 0
    codes.append(acl.media.dvpp_create_channel(other))
    assert acl.media.dvpp_destroy_channel(descs[5]) == 0
    codes.append(acl.media.dvpp_create_channel(descs[129]))
    print(json.dumps(codes))
"""


@pytest.mark.rules("M1-010")
@pytest.mark.parametrize("mode", [VPC, JPEGD])
def test_the_310b_has_128_channels_of_a_function(run_python, mode):
    done = run_python(COUNT_CHANNELS.replace("MODE", str(mode)), env={"CAIRN_SOC": "Ascend310B4"})
    assert done.returncode == 0, done.stderr
    codes = json.loads(done.stdout)
    assert codes[:128] == [0] * 128
    assert 0 not in codes[128:130]
    assert codes[130:] == [0, 0]  # Another function, and a slot that has become free.


@pytest.mark.rules("M1-030", "VPC1-038")
def test_threads_that_share_a_channel(acl, context, stream):
    media = mp.Media(acl, stream)
    data = mp.jpeg(mp.scene(128, 96))
    address = media.upload(data)
    pictures = [media.picture(mp.NV12, 128, 96) for _ in range(8)]
    codes = []

    def decode(picture: mp.Picture) -> None:
        assert acl.rt.set_context(context) == 0
        own, ret = acl.rt.create_stream()
        codes.append(ret)
        for _ in range(5):
            codes.append(
                acl.media.dvpp_jpeg_decode_async(media.channel, address, len(data), picture.handle, own)
            )
        codes.append(acl.rt.synchronize_stream(own))
        codes.append(acl.rt.destroy_stream(own))

    threads = [threading.Thread(target=decode, args=(picture,)) for picture in pictures]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(codes) == 8 * 8 and not any(codes)
    expected = mp.reference_yuv(data)[..., 0]
    assert all(np.array_equal(picture.planes().y, expected) for picture in pictures)
    media.close()
