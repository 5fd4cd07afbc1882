"""Pictures for the tests of acl.media: device memory with a description, JPEG streams, and what independent decoders make of
them."""

from __future__ import annotations

import ctypes
import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

YUV_400, NV12, NV21, YUV_422SP, YVU_422SP, YUV_444SP, YVU_444SP = range(7)
YUYV, UYVY, YVYU, VYUY = range(7, 11)
YUV_PACKED_444, RGB_888, BGR_888, ARGB_8888, ABGR_8888, RGBA_8888, BGRA_8888 = range(11, 18)
YUV_440SP, YVU_440SP = 1000, 1001
UNKNOWN = 10000

SEMI_PLANAR = {  # format: (columns, rows) of pixels that share a chroma sample
    NV12: (2, 2),
    NV21: (2, 2),
    YUV_422SP: (2, 1),
    YVU_422SP: (2, 1),
    YUV_444SP: (1, 1),
    YVU_444SP: (1, 1),
    YUV_440SP: (1, 2),
    YVU_440SP: (1, 2),
}
V_FIRST = {NV21, YVU_422SP, YVU_444SP, YVU_440SP}
BYTES_PER_PIXEL = {
    **dict.fromkeys((YUYV, UYVY, YVYU, VYUY), 2),
    **dict.fromkeys((YUV_PACKED_444, RGB_888, BGR_888), 3),
    **dict.fromkeys((ARGB_8888, ABGR_8888, RGBA_8888, BGRA_8888), 4),
}
CHANNELS = {  # format: where R, G, B are
    RGB_888: (0, 1, 2),
    BGR_888: (2, 1, 0),
    ARGB_8888: (1, 2, 3),
    ABGR_8888: (3, 2, 1),
    RGBA_8888: (0, 1, 2),
    BGRA_8888: (2, 1, 0),
}

# jpeg(...) of the manual: name -> (OpenCV's factor, acldvppJpegFormat, sampling)
SAMPLINGS = {
    "444": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, 0, (1, 1)),
    "422": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422, 1, (2, 1)),
    "420": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, 2, (2, 2)),
    "440": (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440, 4, (1, 2)),
}


def align(value: int, alignment: int) -> int:
    return (value + alignment - 1) // alignment * alignment


def memory_size(pixel_format: int, width_stride: int, height_stride: int) -> int:
    if pixel_format in SEMI_PLANAR:
        columns, rows = SEMI_PLANAR[pixel_format]
        return width_stride * height_stride + 2 * width_stride * height_stride // (columns * rows)
    return width_stride * height_stride


def scene(width: int, height: int, seed: int = 1) -> np.ndarray:
    """RGB [height, width, 3]: smooth gradients with some edges, different in each channel."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (height // 16 + 2, width // 16 + 2, 3), np.uint8)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    picture[height // 3 : height // 2, width // 4 : width // 2] = (200, 40, 90)
    return picture


def jpeg(picture: np.ndarray, sampling: str = "420", quality: int = 90) -> bytes:
    """An RGB or grey picture as a baseline JPEG stream."""
    if sampling == "gray":
        ok, data = cv2.imencode(
            ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), [cv2.IMWRITE_JPEG_QUALITY, quality]
        )
    else:
        options = [
            cv2.IMWRITE_JPEG_QUALITY,
            quality,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            SAMPLINGS[sampling][0],
        ]
        ok, data = cv2.imencode(".jpg", picture[..., ::-1], options)
    assert ok
    return data.tobytes()


def with_orientation(stream: bytes, orientation: int) -> bytes:
    """The stream with an Exif block that holds the Orientation tag."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    block = exif.tobytes()
    if not block.startswith(b"Exif\0\0"):
        block = b"Exif\0\0" + block
    return stream[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + stream[2:]


def reference_yuv(stream: bytes) -> np.ndarray:
    """Pillow's [height, width, 3] of Y, Cb, Cr (chroma interpolated to full size), or [height, width] of a grey picture."""
    picture = Image.open(io.BytesIO(stream))
    if picture.mode != "L":
        picture.draft("YCbCr", picture.size)
        assert picture.mode == "YCbCr"
    return np.asarray(picture)


def _spread(near: np.ndarray, axis: int, bias: tuple[int, int], shift: int) -> np.ndarray:
    """Doubles an axis as libjpeg's triangle filter does: 3/4 of the nearer sample, 1/4 of the farther one."""
    near = np.moveaxis(near.astype(np.int32), axis, 0)
    before, after = np.concatenate([near[:1], near[:-1]]), np.concatenate([near[1:], near[-1:]])
    result = np.stack([3 * near + before + bias[0], 3 * near + after + bias[1]], 1).reshape(
        -1, *near.shape[1:]
    )
    return np.moveaxis(result >> shift, 0, axis)


def interpolated_chroma(plane: np.ndarray, sampling: tuple[int, int]) -> np.ndarray:
    """What a decoder with libjpeg's chroma interpolation shows for a plane of chroma samples."""
    if sampling == (2, 2):
        return _spread(_spread(plane, 0, (0, 0), 0), 1, (8, 7), 4)
    if sampling == (2, 1):
        result = _spread(plane, 1, (1, 2), 2)
        result[:, 0], result[:, -1] = plane[:, 0], plane[:, -1]
        return result
    if sampling == (1, 2):
        return _spread(plane, 0, (1, 2), 2)
    return plane


@dataclass
class Planes:
    """The picture of a semi-planar or grey format without padding."""

    y: np.ndarray
    u: np.ndarray | None = None
    v: np.ndarray | None = None


class Picture:
    """An acldvppPicDesc with memory of its own."""

    def __init__(
        self,
        media: Media,
        pixel_format: int,
        width: int,
        height: int,
        width_stride: int,
        height_stride: int,
        size,
    ):
        self.media, self.format, self.width, self.height = media, pixel_format, width, height
        self.width_stride = width_stride or width * BYTES_PER_PIXEL.get(pixel_format, 1)
        self.height_stride = height_stride or height
        self.size = memory_size(pixel_format, self.width_stride, self.height_stride) if size is None else size
        self.address = media.allocate(max(self.size, 1))
        self.handle = media.acl.media.dvpp_create_pic_desc()
        assert self.handle
        self.set(data=self.address, size=self.size, format=pixel_format, width=width, height=height)
        self.set(width_stride=self.width_stride, height_stride=self.height_stride)

    def set(self, **fields: int) -> None:
        for name, value in fields.items():
            assert getattr(self.media.acl.media, f"dvpp_set_pic_desc_{name}")(self.handle, value) == 0

    def get(self, name: str) -> int:
        return getattr(self.media.acl.media, f"dvpp_get_pic_desc_{name}")(self.handle)

    def fill(self, value: int) -> None:
        self.media.write(self.address, np.full(self.size, value, np.uint8))

    def bytes(self) -> np.ndarray:
        return self.media.read(self.address, self.size)

    def lines(self, width: int | None = None, height: int | None = None) -> np.ndarray:
        """The first plane, [height, width of a line in bytes]."""
        width, height = width or self.width, height or self.height
        plane = self.bytes()[: self.width_stride * self.height_stride].reshape(
            self.height_stride, self.width_stride
        )
        return plane[:height, : width * BYTES_PER_PIXEL.get(self.format, 1)]

    def _chroma(self, memory: np.ndarray, pixel_format: int) -> np.ndarray:
        """The whole second plane [rows, columns, 2] of a copy of the memory, as a view."""
        columns, rows = SEMI_PLANAR[pixel_format]
        start = self.width_stride * self.height_stride
        stride = 2 * self.width_stride // columns
        count = self.height_stride // rows
        return (
            memory[start : start + stride * count]
            .reshape(count, stride)[:, : stride // 2 * 2]
            .reshape(count, -1, 2)
        )

    def write_planes(self, planes: Planes) -> None:
        memory = self.bytes()
        luma = memory[: self.width_stride * self.height_stride].reshape(self.height_stride, self.width_stride)
        luma[: self.height, : self.width] = planes.y
        if self.format in SEMI_PLANAR:
            pair = (planes.v, planes.u) if self.format in V_FIRST else (planes.u, planes.v)
            chroma = self._chroma(memory, self.format)
            chroma[: planes.u.shape[0], : planes.u.shape[1]] = np.stack(pair, -1)
        self.media.write(self.address, memory)

    def write_lines(self, pixels: np.ndarray) -> None:
        memory = self.bytes()
        plane = memory[: self.width_stride * self.height_stride].reshape(
            self.height_stride, self.width_stride
        )
        flat = pixels.reshape(pixels.shape[0], -1)
        plane[: flat.shape[0], : flat.shape[1]] = flat
        self.media.write(self.address, memory)

    def planes(self) -> Planes:
        """By the description's values as they are now."""
        width, height, pixel_format = (self.get(name) for name in ("width", "height", "format"))
        y = self.lines(width, height)
        if pixel_format not in SEMI_PLANAR:
            return Planes(y)
        columns, rows = SEMI_PLANAR[pixel_format]
        chroma = self._chroma(self.bytes(), pixel_format)[: height // rows, : width // columns]
        u, v = chroma[..., 0], chroma[..., 1]
        return Planes(y, v, u) if pixel_format in V_FIRST else Planes(y, u, v)


class Media:
    """A channel on a stream, and everything made through it; closed at the end of the test."""

    def __init__(self, acl, stream: int) -> None:
        self.acl, self.stream = acl, stream
        self.addresses: list[int] = []
        self.pictures: list[Picture] = []
        self.rois: list[int] = []
        self.resizes: list[int] = []
        self.channel = acl.media.dvpp_create_channel_desc()
        assert self.channel
        assert acl.media.dvpp_create_channel(self.channel) == 0

    def close(self) -> None:
        media = self.acl.media
        self.acl.rt.synchronize_stream(self.stream)
        assert all(media.dvpp_destroy_pic_desc(picture.handle) == 0 for picture in self.pictures)
        assert all(media.dvpp_destroy_roi_config(roi) == 0 for roi in self.rois)
        assert all(media.dvpp_destroy_resize_config(config) == 0 for config in self.resizes)
        assert all(media.dvpp_free(address) == 0 for address in self.addresses)
        assert media.dvpp_destroy_channel(self.channel) == 0
        assert media.dvpp_destroy_channel_desc(self.channel) == 0

    def allocate(self, size: int) -> int:
        address, ret = self.acl.media.dvpp_malloc(size)
        assert ret == 0 and address % 128 == 0
        self.addresses.append(address)
        return address

    def write(self, address: int, data: np.ndarray | bytes) -> None:
        data = np.ascontiguousarray(np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data)
        assert self.acl.rt.memcpy(address, data.nbytes, data.ctypes.data, data.nbytes, 1) == 0

    def read(self, address: int, size: int) -> np.ndarray:
        data = np.empty(size, np.uint8)
        assert self.acl.rt.memcpy(data.ctypes.data, size, address, size, 2) == 0
        return data

    def upload(self, data: bytes) -> int:
        address = self.allocate(len(data))
        self.write(address, data)
        return address

    def picture(self, pixel_format, width, height, width_stride=0, height_stride=0, size=None) -> Picture:
        picture = Picture(self, pixel_format, width, height, width_stride, height_stride, size)
        self.pictures.append(picture)
        return picture

    def roi(self, left: int, right: int, top: int, bottom: int) -> int:
        handle = self.acl.media.dvpp_create_roi_config(left, right, top, bottom)
        assert handle
        self.rois.append(handle)
        return handle

    def resize_config(self, interpolation: int | None = None) -> int:
        handle = self.acl.media.dvpp_create_resize_config()
        assert handle
        self.resizes.append(handle)
        if interpolation is not None:
            assert self.acl.media.dvpp_set_resize_config_interpolation(handle, interpolation) == 0
        return handle

    def synchronize(self) -> int:
        return self.acl.rt.synchronize_stream(self.stream)

    def decode(self, stream: bytes, picture: Picture) -> int:
        """Decodes and waits: the code of the call, or else of the task."""
        ret = self.acl.media.dvpp_jpeg_decode_async(
            self.channel, self.upload(stream), len(stream), picture.handle, self.stream
        )
        return ret or self.synchronize()

    def decoded(self, stream: bytes, pixel_format: int, width: int, height: int) -> Picture:
        """The picture that a stream of width x height becomes, with the strides of table 10-10."""
        picture = self.picture(
            pixel_format,
            width,
            height,
            align(width, 64),
            align(height, 16),
            size=3 * align(width, 64) * align(height, 16) if pixel_format == UNKNOWN else None,
        )
        assert self.decode(stream, picture) == 0
        return picture


def host(data: bytes) -> int:
    """The address of the bytes object's content; the object has to live on."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
