"""What the small examples of models share: a loaded network, memory and datasets for it, photos, and how answers are shown."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import acl
import numpy as np
from classify_photos import (
    ACL_FLOAT,
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

LABELS = Path(__file__).parent / "imagenet_classes.txt"
MEAN, DEVIATION = (127.0, 127.0, 127.0), (128.0, 128.0, 128.0)  # Those of the demo's network.


class Network(LoadedModel):
    """A loaded classifier with one input and one float32 output: a row of scores for each picture of its batch."""

    def prepare(self) -> None:
        if acl.mdl.get_num_inputs(self.desc) != 1 or acl.mdl.get_num_outputs(self.desc) != 1:
            raise AclError("the model has more than one input or output")
        if acl.mdl.get_output_data_type(self.desc, 0) != ACL_FLOAT:
            raise AclError("the model's output is not float32")
        dims, ret = acl.mdl.get_input_dims_v2(self.desc, 0)
        check(ret, "acl.mdl.get_input_dims_v2")
        self.input_shape = tuple(dims["dims"])
        self.input_size = acl.mdl.get_input_size_by_index(self.desc, 0)
        self.output_size = acl.mdl.get_output_size_by_index(self.desc, 0)

    def takes_floats(self, batch: int | None = None) -> Network:
        """This network, if its input is float32 NCHW with three channels (and this batch)."""
        shape = self.input_shape
        if acl.mdl.get_input_data_type(self.desc, 0) != ACL_FLOAT or len(shape) != 4 or shape[1] != 3:
            raise AclError(f"the model does not take float32 pictures of three planes, its input is {shape}")
        if batch is not None and shape[0] != batch:
            raise AclError(f"the model takes {shape[0]} pictures at a time, this program gives it {batch}")
        return self

    def allocate(self, size: int) -> int:
        """Device memory that is freed with the network."""
        memory, ret = acl.rt.malloc(size, ACL_MEM_MALLOC_HUGE_FIRST)
        check(ret, "acl.rt.malloc")
        self.release(acl.rt.free, memory)
        return memory

    def dataset(self, memory: int, size: int) -> int:
        """A dataset of one buffer."""
        dataset = created(acl.mdl.create_dataset(), "acl.mdl.create_dataset")
        self.release(acl.mdl.destroy_dataset, dataset)
        buffer = created(acl.create_data_buffer(memory, size), "acl.create_data_buffer")
        self.release(acl.destroy_data_buffer, buffer)
        _, ret = acl.mdl.add_dataset_buffer(dataset, buffer)
        check(ret, "acl.mdl.add_dataset_buffer")
        return dataset

    def scores(self, raw: bytes) -> np.ndarray:
        """float32 [batch, classes]"""
        return np.frombuffer(raw, np.float32).reshape(self.input_shape[0], -1)


def to_device(memory: int, room: int, data: bytes) -> None:
    source = acl.util.bytes_to_ptr(data)
    check(acl.rt.memcpy(memory, room, source, len(data), ACL_MEMCPY_HOST_TO_DEVICE), "acl.rt.memcpy")


def from_device(memory: int, size: int) -> bytes:
    data = bytes(size)
    target = acl.util.bytes_to_ptr(data)
    check(acl.rt.memcpy(target, size, memory, size, ACL_MEMCPY_DEVICE_TO_HOST), "acl.rt.memcpy")
    return data


class Preparation:
    """How a photo becomes what the network takes: the whole photo scaled, RGB, (pixel - mean) / deviation."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.mean = np.array(arguments.mean, np.float32)
        self.deviation = np.array(arguments.deviation, np.float32)

    def pixels(self, photo: str, width: int, height: int) -> np.ndarray:
        """uint8 [height, width, 3]"""
        with Image.open(photo) as picture:
            return np.asarray(picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR))

    def planes(self, photo: str, width: int, height: int) -> np.ndarray:
        """float32 [3, height, width]"""
        pixels = self.pixels(photo, width, height).astype(np.float32)
        return np.ascontiguousarray(((pixels - self.mean) / self.deviation).transpose(2, 0, 1))


def answer(photo: str, scores: np.ndarray) -> dict:
    """The best classes of one photo."""
    best = np.argsort(scores)[::-1][:BEST]
    return {"photo": photo, "best": [{"class": int(i), "score": float(scores[i])} for i in best]}


def three_numbers(text: str) -> tuple[float, ...]:
    values = tuple(float(each) for each in text.split(","))
    if len(values) != 3:
        raise argparse.ArgumentTypeError("must be three numbers with commas between them")
    return values


def three_divisors(text: str) -> tuple[float, ...]:
    values = three_numbers(text)
    if 0 in values:
        raise argparse.ArgumentTypeError("cannot be 0")
    return values


def arguments_of(description: str) -> argparse.ArgumentParser:
    """The options that all the examples have."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="any picture that Pillow reads")
    parser.add_argument("--model", required=True, metavar="M.om", help="the converted network")
    parser.add_argument("--device", type=int, default=0, metavar="N", help="device, default: 0")
    parser.add_argument(
        "--mean", type=three_numbers, default=MEAN, metavar="R,G,B", help="default: 127,127,127"
    )
    parser.add_argument(
        "--deviation", type=three_divisors, default=DEVIATION, metavar="R,G,B", help="default: 128,128,128"
    )
    parser.add_argument(
        "--labels", type=Path, default=LABELS, help="a class name per line, default: ImageNet"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def show(report: dict, labels: list[str]) -> None:
    for name, value in report.items():
        if name != "photos":
            print(f"{name}: {value}")
    for each in report["photos"]:
        print(f"\n{each['photo']}")
        for best in each["best"]:
            name = labels[best["class"]] if best["class"] < len(labels) else ""
            print(f"  {best['score']:7.1%}  {best['class']:4d}  {name}")


def run(arguments: argparse.Namespace, classify: Callable[[Device, argparse.Namespace], dict]) -> int:
    """Calls classify(device, arguments), which returns {"photos": [answer...], ...}, and prints what it says."""
    try:
        labels = arguments.labels.read_text(encoding="utf-8").splitlines()
        with Device(arguments.device) as device:
            report = classify(device, arguments)
    except (AclError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        show(report, labels)
    return 0
