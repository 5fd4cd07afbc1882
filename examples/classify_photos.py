#!/usr/bin/env python3
"""Classify JPEG photos on the device: JPEG decoder -> crop and resize -> network with AIPP -> five best classes.

A plain pyACL program: it needs the module `acl`, NumPy, and an .om model that takes one NV12 picture (static AIPP,
YUV420SP_U8) and returns one float32 score per class.

Example:
    atc --framework=5 --model=efficientnet_lite0.onnx --output=efficientnet_lite0 --soc_version=Ascend310P3 \\
        --input_format=NCHW --input_shape=input:1,3,224,224 --insert_op_conf=examples/demo/aipp_nv12_rgb.cfg
    python examples/classify_photos.py --model efficientnet_lite0.om coffee.jpg flower.jpg
"""

from __future__ import annotations

import abc
import argparse
import contextlib
import json
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

import acl
import numpy as np

ACL_MEM_MALLOC_HUGE_FIRST = 0
ACL_MEMCPY_HOST_TO_DEVICE = 1
ACL_MEMCPY_DEVICE_TO_HOST = 2
ACL_FLOAT = 0
PIXEL_FORMAT_YUV_SEMIPLANAR_420 = 1

CENTRE = 7 / 8  # side of the cropped square, as a part of the picture's shorter side
BEST = 5


class AclError(RuntimeError):
    """A pyACL call failed."""


def check(ret: int, call: str) -> None:
    """Raise AclError, with the runtime's own explanation, unless `ret` is 0."""
    if ret != 0:
        raise AclError(f"{call} returned {ret}: {acl.get_recent_err_msg() or 'no details'}")


def created(handle: int, call: str) -> int:
    """Return `handle`, the result of a call that returns 0 on failure."""
    if not handle:
        raise AclError(f"{call} failed: {acl.get_recent_err_msg() or 'no details'}")
    return handle


def align(value: int, alignment: int) -> int:
    return (value + alignment - 1) // alignment * alignment


def turned_sideways(jpeg: bytes) -> bool:
    """Whether the photo's EXIF orientation makes the decoder exchange width and height."""
    at = 2
    while jpeg[at : at + 1] == b"\xff" and len(jpeg) >= at + 4:
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        segment = jpeg[at + 4 : at + 2 + length]
        if marker == 0xE1 and segment.startswith(b"Exif\0\0"):
            return exif_orientation(segment[6:]) >= 5
        if marker == 0xDA:
            break
        at += 2 + length
    return False


def exif_orientation(tiff: bytes) -> int:
    """The orientation tag (0x0112) of an EXIF block, 1 (upright) if it has none."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    with contextlib.suppress(struct.error):
        if order:
            (directory,) = struct.unpack_from(order + "I", tiff, 4)
            (entries,) = struct.unpack_from(order + "H", tiff, directory)
            for entry in range(entries):
                tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, directory + 2 + 12 * entry)
                if tag == 0x0112:
                    return value
    return 1


class Resources(contextlib.ExitStack):
    """Remembers how to release what was acquired; releases it in reverse order."""

    def release(self, function: Callable[..., int], *arguments: object) -> None:
        self.callback(lambda: check(function(*arguments), function.__name__))


class Device(Resources):
    """pyACL with one device and one context, until the end of the `with` block."""

    def __init__(self, device_id: int = 0) -> None:
        super().__init__()
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.close)
            check(acl.init(), "acl.init")
            self.release(acl.finalize)
            check(acl.rt.set_device(device_id), "acl.rt.set_device")
            self.release(acl.rt.reset_device, device_id)
            self.context, ret = acl.rt.create_context(device_id)
            check(ret, "acl.rt.create_context")
            self.release(acl.rt.destroy_context, self.context)
            on_failure.pop_all()


class LoadedModel(Resources):
    """A loaded model and its description. What else an example needs of it, it acquires in `prepare`."""

    def __init__(self, path: str) -> None:
        super().__init__()
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.close)
            self.model_id, ret = acl.mdl.load_from_file(path)
            check(ret, "acl.mdl.load_from_file")
            self.release(acl.mdl.unload, self.model_id)
            self.desc = created(acl.mdl.create_desc(), "acl.mdl.create_desc")
            self.release(acl.mdl.destroy_desc, self.desc)
            check(acl.mdl.get_desc(self.desc, self.model_id), "acl.mdl.get_desc")
            self.prepare()
            on_failure.pop_all()

    @abc.abstractmethod
    def prepare(self) -> None: ...


class Model(LoadedModel):
    """A loaded classification network with one NV12 input picture."""

    def prepare(self) -> None:
        self.width, self.height = self._picture_size()
        self.input_size = acl.mdl.get_input_size_by_index(self.desc, 0)
        self.output_size = acl.mdl.get_output_size_by_index(self.desc, 0)
        self._check_shape()

    def _picture_size(self) -> tuple[int, int]:
        """The input is described as [N, H * 3 / 2, W, 1]."""
        dims, ret = acl.mdl.get_input_dims_v2(self.desc, 0)
        check(ret, "acl.mdl.get_input_dims_v2")
        if len(dims["dims"]) != 4 or dims["dims"][3] != 1:
            raise AclError(f"the model does not take one NV12 picture, its input is {dims['dims']}")
        return dims["dims"][2], dims["dims"][1] * 2 // 3

    def _check_shape(self) -> None:
        if acl.mdl.get_num_inputs(self.desc) != 1 or self.input_size != self.width * self.height * 3 // 2:
            raise AclError("the model has more inputs than one NV12 picture")
        if self.width % 16 or self.height % 2:
            raise AclError(
                f"the image processor writes rows of 16 pixels, the model wants {self.width}x{self.height}"
            )
        if acl.mdl.get_output_data_type(self.desc, 0) != ACL_FLOAT:
            raise AclError("the model's first output is not float32")


class Classifier(Resources):
    """One lane from JPEG bytes to scores: a stream, a media channel, and the device memory in between.

    A lane works on one photo at a time. Several lanes of one device work at the same time.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        self.photo_buffer = self.picture_buffer = (0, 0)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.close)
            self.stream, ret = acl.rt.create_stream()
            check(ret, "acl.rt.create_stream")
            self.release(acl.rt.destroy_stream, self.stream)
            self._create_media()
            self._create_datasets()
            on_failure.pop_all()

    def _create_media(self) -> None:
        media = acl.media
        self.channel = created(media.dvpp_create_channel_desc(), "dvpp_create_channel_desc")
        self.release(media.dvpp_destroy_channel_desc, self.channel)
        check(media.dvpp_create_channel(self.channel), "dvpp_create_channel")
        self.release(media.dvpp_destroy_channel, self.channel)
        self.decoded, self.picture, self.resized = (self._create_picture() for _ in range(3))
        self.crop = created(media.dvpp_create_roi_config(0, 1, 0, 1), "dvpp_create_roi_config")
        self.release(media.dvpp_destroy_roi_config, self.crop)
        self.scaling = created(media.dvpp_create_resize_config(), "dvpp_create_resize_config")
        self.release(media.dvpp_destroy_resize_config, self.scaling)
        self.callback(self._free_buffers)

    def _create_picture(self) -> int:
        picture = created(acl.media.dvpp_create_pic_desc(), "dvpp_create_pic_desc")
        self.release(acl.media.dvpp_destroy_pic_desc, picture)
        return picture

    def _create_datasets(self) -> None:
        """The resized picture is the model's input as it lies in memory: nothing is copied between the two."""
        width, height = self.model.width, self.model.height
        pixels, ret = acl.media.dvpp_malloc(self.model.input_size)
        check(ret, "dvpp_malloc")
        self.release(acl.media.dvpp_free, pixels)
        self._describe(self.resized, pixels, self.model.input_size, width, height, width, height)
        self.scores, ret = acl.rt.malloc(self.model.output_size, ACL_MEM_MALLOC_HUGE_FIRST)
        check(ret, "acl.rt.malloc")
        self.release(acl.rt.free, self.scores)
        self.host_scores, ret = acl.rt.malloc_host(self.model.output_size)
        check(ret, "acl.rt.malloc_host")
        self.release(acl.rt.free_host, self.host_scores)
        self.inputs = self._create_dataset(pixels, self.model.input_size)
        self.outputs = self._create_dataset(self.scores, self.model.output_size)

    def _create_dataset(self, memory: int, size: int) -> int:
        dataset = created(acl.mdl.create_dataset(), "acl.mdl.create_dataset")
        self.release(acl.mdl.destroy_dataset, dataset)
        buffer = created(acl.create_data_buffer(memory, size), "acl.create_data_buffer")
        self.release(acl.destroy_data_buffer, buffer)
        _, ret = acl.mdl.add_dataset_buffer(dataset, buffer)
        check(ret, "acl.mdl.add_dataset_buffer")
        return dataset

    @staticmethod
    def _describe(
        picture: int, memory: int, size: int, width: int, height: int, width_stride: int, height_stride: int
    ) -> None:
        media = acl.media
        check(media.dvpp_set_pic_desc_data(picture, memory), "dvpp_set_pic_desc_data")
        check(media.dvpp_set_pic_desc_size(picture, size), "dvpp_set_pic_desc_size")
        check(
            media.dvpp_set_pic_desc_format(picture, PIXEL_FORMAT_YUV_SEMIPLANAR_420),
            "dvpp_set_pic_desc_format",
        )
        check(media.dvpp_set_pic_desc_width(picture, width), "dvpp_set_pic_desc_width")
        check(media.dvpp_set_pic_desc_height(picture, height), "dvpp_set_pic_desc_height")
        check(media.dvpp_set_pic_desc_width_stride(picture, width_stride), "dvpp_set_pic_desc_width_stride")
        check(
            media.dvpp_set_pic_desc_height_stride(picture, height_stride), "dvpp_set_pic_desc_height_stride"
        )

    @staticmethod
    def _at_least(buffer: tuple[int, int], size: int) -> tuple[int, int]:
        """A media buffer (address, size) of at least `size` bytes: the given one, or a new one in its place."""
        if buffer[1] >= size:
            return buffer
        memory, ret = acl.media.dvpp_malloc(size)
        check(ret, "dvpp_malloc")
        if buffer[0]:
            check(acl.media.dvpp_free(buffer[0]), "dvpp_free")
        return memory, size

    def _free_buffers(self) -> None:
        for memory, _ in (self.photo_buffer, self.picture_buffer):
            if memory:
                check(acl.media.dvpp_free(memory), "dvpp_free")

    def _copy_in(self, jpeg: bytes) -> None:
        """Copies the file's bytes to the device and describes the pictures that come out of them."""
        source = acl.util.bytes_to_ptr(jpeg)
        width, height, _, _, ret = acl.media.dvpp_jpeg_get_image_info_v2(source, len(jpeg))
        check(ret, "dvpp_jpeg_get_image_info_v2")
        if turned_sideways(jpeg):
            width, height = height, width
        self.photo_buffer = self._at_least(self.photo_buffer, len(jpeg))
        self.photo_size = len(jpeg)
        check(
            acl.rt.memcpy(
                self.photo_buffer[0], self.photo_buffer[1], source, len(jpeg), ACL_MEMCPY_HOST_TO_DEVICE
            ),
            "acl.rt.memcpy",
        )
        # Rows of the decoder's output are multiples of 128 bytes, columns of 16 rows: right for every chip.
        width_stride, height_stride = align(width, 128), align(height, 16)
        size = width_stride * height_stride * 3 // 2
        self.picture_buffer = self._at_least(self.picture_buffer, size)
        self._describe(self.decoded, self.picture_buffer[0], size, width, height, width_stride, height_stride)
        # NV12 has one colour for 2x2 pixels: an odd last column or row is left out.
        self.width, self.height = width // 2 * 2, height // 2 * 2
        picture = (self.picture_buffer[0], size, self.width, self.height, width_stride, height_stride)
        self._describe(self.picture, *picture)

    def _decode(self) -> None:
        check(
            acl.media.dvpp_jpeg_decode_async(
                self.channel, self.photo_buffer[0], self.photo_size, self.decoded, self.stream
            ),
            "dvpp_jpeg_decode_async",
        )

    def _resize(self) -> None:
        """The square in the centre, scaled to the model's size. Left and top are even, right and bottom odd."""
        side = int(min(self.width, self.height) * CENTRE) // 2 * 2
        left, top = (self.width - side) // 4 * 2, (self.height - side) // 4 * 2
        check(
            acl.media.dvpp_set_roi_config(self.crop, left, left + side - 1, top, top + side - 1),
            "dvpp_set_roi_config",
        )
        check(
            acl.media.dvpp_vpc_crop_resize_async(
                self.channel, self.picture, self.resized, self.crop, self.scaling, self.stream
            ),
            "dvpp_vpc_crop_resize_async",
        )

    def _infer(self) -> None:
        check(
            acl.mdl.execute_async(self.model.model_id, self.inputs, self.outputs, self.stream),
            "acl.mdl.execute_async",
        )

    def _copy_out(self) -> None:
        size = self.model.output_size
        check(
            acl.rt.memcpy_async(
                self.host_scores, size, self.scores, size, ACL_MEMCPY_DEVICE_TO_HOST, self.stream
            ),
            "acl.rt.memcpy_async",
        )

    def submit(self, jpeg: bytes) -> None:
        """Enqueue one photo; `wait` returns its scores."""
        self._copy_in(jpeg)
        for stage in (self._decode, self._resize, self._infer, self._copy_out):
            stage()

    def wait(self) -> np.ndarray:
        """The scores of the submitted photo, float32 [classes]."""
        check(acl.rt.synchronize_stream(self.stream), "acl.rt.synchronize_stream")
        return np.frombuffer(acl.util.ptr_to_bytes(self.host_scores, self.model.output_size), np.float32)

    def classify(self, jpeg: bytes) -> tuple[np.ndarray, dict[str, float]]:
        """The scores of one photo, and the milliseconds that each stage took."""
        stages = {
            "copy in": lambda: self._copy_in(jpeg),
            "decode": self._decode,
            "resize": self._resize,
            "infer": self._infer,
            "copy out": self._copy_out,
        }
        milliseconds = {}
        for name, stage in stages.items():
            start = time.perf_counter()
            stage()
            check(acl.rt.synchronize_stream(self.stream), f"acl.rt.synchronize_stream after '{name}'")
            milliseconds[name] = (time.perf_counter() - start) * 1e3
        return self.wait(), milliseconds


def classify_photo(classifier: Classifier, path: str, labels: list[str], repeat: int) -> dict:
    """What the JSON output says about one photo."""
    try:
        jpeg = Path(path).read_bytes()
        runs = [classifier.classify(jpeg) for _ in range(repeat)]
    except (AclError, OSError) as error:
        return {"photo": path, "error": str(error)}
    scores, stages = runs[0]
    best = np.argsort(scores)[::-1][:BEST]
    return {
        "photo": path,
        "width": classifier.width,
        "height": classifier.height,
        "milliseconds": {name: float(np.median([times[name] for _, times in runs])) for name in stages},
        "best": [
            {"class": int(i), "name": labels[i] if i < len(labels) else "", "score": float(scores[i])}
            for i in best
        ],
    }


def run(model_path: str, photos: list[str], labels: list[str], repeat: int) -> dict:
    """Classify the photos, one after the other."""
    start = time.perf_counter()
    with Device():
        ready = time.perf_counter()
        with Model(model_path) as model, Classifier(model) as classifier:
            loaded = time.perf_counter()
            results = [classify_photo(classifier, photo, labels, repeat) for photo in photos]
    return {
        "model": model_path,
        "milliseconds": {"open device": (ready - start) * 1e3, "load model": (loaded - ready) * 1e3},
        "photos": results,
    }


def print_table(report: dict) -> None:
    times = report["milliseconds"]
    print(f"open device {times['open device']:.1f} ms, load model {times['load model']:.1f} ms")
    for photo in report["photos"]:
        if "error" in photo:
            print(f"\n{photo['photo']}\n  error: {photo['error']}")
            continue
        stages = photo["milliseconds"]
        print(f"\n{photo['photo']}  {photo['width']}x{photo['height']}")
        print("  " + "  ".join(f"{name} {value:.2f}" for name, value in stages.items()), end="")
        print(f"  total {sum(stages.values()):.2f} ms")
        for best in photo["best"]:
            print(f"  {best['score']:7.1%}  {best['class']:4d}  {best['name']}")


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="a baseline JPEG file")
    parser.add_argument("--model", required=True, metavar="M.om", help="the converted network")
    default_labels = Path(__file__).parent / "imagenet_classes.txt"
    parser.add_argument(
        "--labels", type=Path, default=default_labels, help="one class name per line, default: ImageNet"
    )
    parser.add_argument(
        "--repeat", type=positive, default=1, metavar="N", help="times are the median of N runs"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    try:
        labels = arguments.labels.read_text(encoding="utf-8").splitlines()
        report = run(arguments.model, arguments.photos, labels, arguments.repeat)
    except (AclError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        print_table(report)
    return 1 if any("error" in photo for photo in report["photos"]) else 0


if __name__ == "__main__":
    sys.exit(main())
