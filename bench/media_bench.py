#!/usr/bin/env python3
"""acl.media next to OpenCV: JPEG decoding and scaling of 1920x1080 pictures, side by side in one run.

Prints one JSON object per line. The contestants take turns, one thread each; a time is the best of the rounds, the one least
disturbed by other programs. Cairn's times include launching the task and waiting for it. OpenCV decodes to BGR because it
cannot stop at YUV; the scaling compares the same planes with the same result.

Example: python bench/media_bench.py
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import acl
import cv2
import numpy as np

WIDTH, HEIGHT, SIDE = 1920, 1080, 224
NV12 = 1
ROUNDS = 60


def check(ret: int) -> None:
    if ret != 0:
        raise RuntimeError(f"{ret}: {acl.get_recent_err_msg()}")


def photo() -> np.ndarray:
    """BGR with as much detail as a photo: smooth areas, edges and some noise."""
    random = np.random.default_rng(1)
    coarse = random.integers(0, 256, (HEIGHT // 24, WIDTH // 24, 3), np.uint8)
    smooth = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    return np.clip(smooth + random.integers(-9, 10, smooth.shape), 0, 255).astype(np.uint8)


def best_ms(works: list[Callable[[], object]]) -> list[float]:
    times = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, each in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            each.append((time.perf_counter() - start) * 1e3)
    return [min(each) for each in times]


class Cairn:
    """A channel, a stream and the pictures of both measurements."""

    def __init__(self, stream: bytes) -> None:
        check(acl.init())
        check(acl.rt.set_device(0))
        self.stream, ret = acl.rt.create_stream()
        check(ret)
        self.channel = acl.media.dvpp_create_channel_desc()
        check(acl.media.dvpp_create_channel(self.channel))
        self.size = len(stream)
        self.jpeg, ret = acl.media.dvpp_malloc(self.size)
        check(ret)
        check(acl.rt.memcpy(self.jpeg, self.size, acl.util.bytes_to_ptr(stream), self.size, 1))
        self.decoded = self.picture(WIDTH, HEIGHT, WIDTH, (HEIGHT + 15) // 16 * 16)
        self.scaled = self.picture(SIDE, SIDE, SIDE, SIDE)
        self.config = acl.media.dvpp_create_resize_config()
        margin = (WIDTH - HEIGHT) // 2
        self.crop = acl.media.dvpp_create_roi_config(margin, margin + HEIGHT - 1, 0, HEIGHT - 1)

    def picture(self, width: int, height: int, width_stride: int, height_stride: int) -> int:
        picture = acl.media.dvpp_create_pic_desc()
        size = width_stride * height_stride * 3 // 2
        memory, ret = acl.media.dvpp_malloc(size)
        check(ret)
        fields = {"data": memory, "size": size, "format": NV12, "width": width, "height": height}
        fields |= {"width_stride": width_stride, "height_stride": height_stride}
        for name, value in fields.items():
            check(getattr(acl.media, f"dvpp_set_pic_desc_{name}")(picture, value))
        return picture

    def decode(self) -> None:
        check(acl.media.dvpp_jpeg_decode_async(self.channel, self.jpeg, self.size, self.decoded, self.stream))
        check(acl.rt.synchronize_stream(self.stream))

    def scale(self) -> None:
        check(
            acl.media.dvpp_vpc_crop_resize_async(
                self.channel, self.decoded, self.scaled, self.crop, self.config, self.stream
            )
        )
        check(acl.rt.synchronize_stream(self.stream))

    def close(self) -> None:
        for picture in (self.decoded, self.scaled):
            check(acl.media.dvpp_free(acl.media.dvpp_get_pic_desc_data(picture)))
            check(acl.media.dvpp_destroy_pic_desc(picture))
        check(acl.media.dvpp_free(self.jpeg))
        check(acl.media.dvpp_destroy_roi_config(self.crop))
        check(acl.media.dvpp_destroy_resize_config(self.config))
        check(acl.media.dvpp_destroy_channel(self.channel))
        check(acl.media.dvpp_destroy_channel_desc(self.channel))
        check(acl.rt.destroy_stream(self.stream))
        check(acl.rt.reset_device(0))
        check(acl.finalize())


def main() -> None:
    cv2.setNumThreads(1)
    stream = cv2.imencode(".jpg", photo(), [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    cairn = Cairn(stream)
    data = np.frombuffer(stream, np.uint8)
    margin = (WIDTH - HEIGHT) // 2
    luma = np.zeros((HEIGHT, WIDTH), np.uint8)[:, margin : margin + HEIGHT]
    chroma = np.zeros((HEIGHT // 2, WIDTH // 2, 2), np.uint8)[:, margin // 2 : (margin + HEIGHT) // 2]

    def scale_with_opencv() -> None:
        cv2.resize(luma, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        cv2.resize(chroma, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_LINEAR)

    rows = [
        ("JPEG to NV12", cairn.decode, lambda: cv2.imdecode(data, cv2.IMREAD_COLOR)),
        ("crop and resize NV12", cairn.scale, scale_with_opencv),
    ]
    for name, own, other in rows:
        ours, theirs = best_ms([own, other])
        row = {"bench": "media", "name": name, "size": f"{WIDTH}x{HEIGHT}", "cairn_ms": round(ours, 3)}
        print(json.dumps(row | {"opencv_ms": round(theirs, 3), "ratio": round(theirs / ours, 2)}), flush=True)
    cairn.close()


if __name__ == "__main__":
    main()
