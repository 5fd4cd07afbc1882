#!/usr/bin/env python3
"""Look at a photo through several windows, with one model whose AIPP parameters are set before each run.

A plain pyACL program: it needs the module `acl`, NumPy, Pillow, and an .om classifier with dynamic AIPP. The photo is
scaled so that its shorter side is an eighth longer than the network's input; the windows are the four corners and the
centre. The device cuts them out, converts the colours and normalises. The answer is the mean of the windows.

Example:
    atc --framework=5 --model=efficientnet_lite0.onnx --output=dynamic --soc_version=Ascend310P3 \\
        --input_format=NCHW --input_shape=input:1,3,224,224 --insert_op_conf=examples/dynamic_aipp.cfg
    python examples/dynamic_aipp.py --model dynamic.om coffee.jpg
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import acl
import numpy as np
from classify_photos import (
    ACL_MEM_MALLOC_HUGE_FIRST,
    ACL_MEMCPY_DEVICE_TO_HOST,
    ACL_MEMCPY_HOST_TO_DEVICE,
    BEST,
    AclError,
    Device,
    LoadedModel,
    check,
    created,
)
from PIL import Image

ACL_DATA_WITH_DYNAMIC_AIPP = 2
INPUT_FORMATS = {"nv12": 1, "rgb": 3}  # ACL_YUV420SP_U8, ACL_RGB888_U8
# JPEG's colours (BT.601, full range) to R, G, B, with 8 fractional bits.
YUV_TO_RGB = (256, 0, 359, 256, -88, -183, 256, 454, 0)
MEAN, FACTOR = 127, 1 / 128  # What the network was trained with: (pixel - 127) / 128.


class Model(LoadedModel):
    """A loaded classifier with one picture as input, dynamic AIPP, and memory for all its inputs and outputs."""

    def prepare(self) -> None:
        self._ask_for_sizes()
        self.inputs = self._create_dataset(acl.mdl.get_num_inputs, acl.mdl.get_input_size_by_index)
        self.outputs = self._create_dataset(acl.mdl.get_num_outputs, acl.mdl.get_output_size_by_index)

    def _ask_for_sizes(self) -> None:
        kind, self.parameters, ret = acl.mdl.get_aipp_type(self.model_id, 0)
        check(ret, "acl.mdl.get_aipp_type")
        if kind != ACL_DATA_WITH_DYNAMIC_AIPP:
            raise AclError("the model has no dynamic AIPP; convert it with --insert_op_conf=dynamic_aipp.cfg")
        information, ret = acl.mdl.get_first_aipp_info(self.model_id, 0)
        check(ret, "acl.mdl.get_first_aipp_info")
        self.batch, channels, self.height, self.width = information["outDims"][0]["srcDims"]["dims"]
        if channels != 3:
            raise AclError(f"the network takes {channels} channels, this program has three")
        self.capacity = acl.mdl.get_input_size_by_index(self.desc, 0)

    def _create_dataset(self, count, size_of) -> int:
        dataset = created(acl.mdl.create_dataset(), "acl.mdl.create_dataset")
        self.release(acl.mdl.destroy_dataset, dataset)
        for index in range(count(self.desc)):
            size = size_of(self.desc, index)
            memory, ret = acl.rt.malloc(size, ACL_MEM_MALLOC_HUGE_FIRST)
            check(ret, "acl.rt.malloc")
            self.release(acl.rt.free, memory)
            buffer = created(acl.create_data_buffer(memory, size), "acl.create_data_buffer")
            self.release(acl.destroy_data_buffer, buffer)
            _, ret = acl.mdl.add_dataset_buffer(dataset, buffer)
            check(ret, "acl.mdl.add_dataset_buffer")
        return dataset

    def write_pictures(self, pictures: bytes) -> None:
        if len(pictures) > self.capacity:
            raise AclError(f"the pictures have {len(pictures)} bytes, the model has room for {self.capacity}")
        buffer = acl.mdl.get_dataset_buffer(self.inputs, 0)
        memory, size = acl.get_data_buffer_addr(buffer), acl.get_data_buffer_size(buffer)
        source = acl.util.bytes_to_ptr(pictures)
        check(acl.rt.memcpy(memory, size, source, len(pictures), ACL_MEMCPY_HOST_TO_DEVICE), "acl.rt.memcpy")

    def set_parameters(self, picture: Picture, windows: list[tuple[int, int]]) -> None:
        """Size and format hold for the whole batch, the window is each picture's own."""
        aipp = created(acl.mdl.create_aipp(self.batch), "acl.mdl.create_aipp")
        try:
            check(
                acl.mdl.set_aipp_src_image_size(aipp, picture.width, picture.height),
                "set_aipp_src_image_size",
            )
            check(acl.mdl.set_aipp_input_format(aipp, INPUT_FORMATS[picture.kind]), "set_aipp_input_format")
            if picture.kind == "nv12":
                ret = acl.mdl.set_aipp_csc_params(aipp, 1, *YUV_TO_RGB, 0, 0, 0, 0, 128, 128)
                check(ret, "set_aipp_csc_params")
            for i, (left, top) in enumerate(windows):
                ret = acl.mdl.set_aipp_crop_params(aipp, 1, left, top, self.width, self.height, i)
                check(ret, "set_aipp_crop_params")
                check(
                    acl.mdl.set_aipp_dtc_pixel_mean(aipp, MEAN, MEAN, MEAN, 0, i), "set_aipp_dtc_pixel_mean"
                )
                ret = acl.mdl.set_aipp_pixel_var_reci(aipp, FACTOR, FACTOR, FACTOR, 1.0, i)
                check(ret, "set_aipp_pixel_var_reci")
            ret = acl.mdl.set_input_aipp(self.model_id, self.inputs, self.parameters, aipp)
            check(ret, "acl.mdl.set_input_aipp")
        finally:
            check(acl.mdl.destroy_aipp(aipp), "acl.mdl.destroy_aipp")

    def run(self) -> np.ndarray:
        """float32 [batch, classes]"""
        check(acl.mdl.execute(self.model_id, self.inputs, self.outputs), "acl.mdl.execute")
        buffer = acl.mdl.get_dataset_buffer(self.outputs, 0)
        memory, size = acl.get_data_buffer_addr(buffer), acl.get_data_buffer_size(buffer)
        scores = bytes(size)
        target = acl.util.bytes_to_ptr(scores)
        check(acl.rt.memcpy(target, size, memory, size, ACL_MEMCPY_DEVICE_TO_HOST), "acl.rt.memcpy")
        return np.frombuffer(scores, np.float32).reshape(self.batch, -1)


class Picture:
    """A photo, scaled, in one of the formats that AIPP reads; sizes are even."""

    def __init__(self, path: str, shorter_side: int, kind: str) -> None:
        with Image.open(path) as photo:
            scale = shorter_side / min(photo.size)
            self.width, self.height = (max(shorter_side, round(side * scale)) // 2 * 2 for side in photo.size)
            scaled = photo.convert("RGB").resize((self.width, self.height), Image.Resampling.BILINEAR)
        self.kind = kind
        self.data = as_nv12(scaled) if kind == "nv12" else scaled.tobytes()

    def windows(self, width: int, height: int) -> list[tuple[int, int]]:
        """Left and top of the corners and the centre, even as NV12 wants them."""
        right, bottom = (self.width - width) // 2 * 2, (self.height - height) // 2 * 2
        return [(0, 0), (right, 0), (0, bottom), (right, bottom), (right // 4 * 2, bottom // 4 * 2)]


def as_nv12(rgb: Image.Image) -> bytes:
    """Y for each pixel, then U and V for each block of 2 x 2."""
    y, u, v = rgb.convert("YCbCr").split()
    half = (rgb.width // 2, rgb.height // 2)
    chroma = [np.asarray(plane.resize(half, Image.Resampling.BOX)) for plane in (u, v)]
    return y.tobytes() + np.stack(chroma, axis=2).tobytes()


def classify(model: Model, picture: Picture) -> np.ndarray:
    """The scores of all windows, float32 [windows, classes]; as many at a time as the model's batch."""
    windows = picture.windows(model.width, model.height)
    model.write_pictures(picture.data * model.batch)
    scores = []
    for first in range(0, len(windows), model.batch):
        part = windows[first : first + model.batch]
        model.set_parameters(picture, part + part[:1] * (model.batch - len(part)))
        scores.append(model.run()[: len(part)])
    return np.concatenate(scores)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="any picture that Pillow reads")
    parser.add_argument("--model", required=True, metavar="M.om", help="the converted network")
    parser.add_argument(
        "--format", choices=("rgb", "nv12"), default="rgb", help="how pictures reach the device"
    )
    default_labels = Path(__file__).parent / "imagenet_classes.txt"
    parser.add_argument(
        "--labels", type=Path, default=default_labels, help="one class name per line, default: ImageNet"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    answers = []
    try:
        labels = arguments.labels.read_text(encoding="utf-8").splitlines()
        with Device(), Model(arguments.model) as model:
            for path in arguments.photos:
                picture = Picture(path, min(model.width, model.height) * 9 // 8, arguments.format)
                scores = classify(model, picture)
                mean = scores.mean(axis=0)
                best = [
                    {"class": int(i), "name": labels[i] if i < len(labels) else "", "score": float(mean[i])}
                    for i in np.argsort(mean)[::-1][:BEST]
                ]
                answers.append({"photo": path, "windows": scores.argmax(axis=1).tolist(), "best": best})
    except (AclError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps({"photos": answers}, indent=2))
        return 0
    for answer in answers:
        print(f"\n{answer['photo']}")
        for best in answer["best"]:
            print(f"  {best['score']:7.1%}  {best['class']:4d}  {best['name']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
