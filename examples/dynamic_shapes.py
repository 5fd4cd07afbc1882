#!/usr/bin/env python3
"""Classifies photos with a network whose batch or image size changes from run to run, in every size that it has.

The same ONNX network, converted in one of these ways (INPUT is the name of its input, float32 NCHW):

    atc ... --input_shape=INPUT:-1,3,224,224 --dynamic_batch_size=1,2,4
    atc ... --input_shape=INPUT:1,3,-1,-1    --dynamic_image_size="192,192;224,224;256,320"
    atc ... --input_shape=INPUT:-1,3,-1,-1   --dynamic_dims="1,224,224;4,192,192" --input_format=ND
    atc ... --input_shape=INPUT:1~8,3,-1,-1                       (any shape in the range, set for each run)

Prints one line for each photo and size, or JSON with --json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import acl
import numpy as np
from PIL import Image

HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
GEAR_INPUT = "ascend_mbatch_shape_data"  # ACL_DYNAMIC_TENSOR_NAME
SHAPES_TO_TRY = ((1, 3, 224, 224), (3, 3, 192, 256))  # For a model with a range of shapes.
ROOM = 8 << 20  # Bytes of buffers whose size nobody can tell before.


def check(ret: int, what: str) -> None:
    if ret != 0:
        raise RuntimeError(f"{what} returned {ret}: {acl.get_recent_err_msg()}")


class Tensors:
    """A dataset with device memory for each tensor."""

    def __init__(self, sizes: list[int]) -> None:
        self.dataset, self.buffers, self.sizes = acl.mdl.create_dataset(), [], sizes
        for size in sizes:
            address, ret = acl.rt.malloc(size, 0)
            check(ret, "acl.rt.malloc")
            self.buffers.append(acl.create_data_buffer(address, size))
            check(acl.mdl.add_dataset_buffer(self.dataset, self.buffers[-1])[1], "acl.mdl.add_dataset_buffer")

    def write(self, index: int, array: np.ndarray) -> None:
        data = array.tobytes()
        address = acl.get_data_buffer_addr(self.buffers[index])
        ret = acl.rt.memcpy(
            address, self.sizes[index], acl.util.bytes_to_ptr(data), len(data), HOST_TO_DEVICE
        )
        check(ret, "acl.rt.memcpy")

    def read(self, index: int, count: int) -> np.ndarray:
        data = bytes(count * 4)
        address = acl.get_data_buffer_addr(self.buffers[index])
        ret = acl.rt.memcpy(acl.util.bytes_to_ptr(data), len(data), address, len(data), DEVICE_TO_HOST)
        check(ret, "acl.rt.memcpy")
        return np.frombuffer(data, np.float32)

    def free(self) -> None:
        for buffer in self.buffers:
            check(acl.rt.free(acl.get_data_buffer_addr(buffer)), "acl.rt.free")
            check(acl.destroy_data_buffer(buffer), "acl.destroy_data_buffer")
        check(acl.mdl.destroy_dataset(self.dataset), "acl.mdl.destroy_dataset")


class Classifier:
    """A network with one image input and one row of scores per image."""

    def __init__(self, path: Path) -> None:
        self.model, ret = acl.mdl.load_from_file(str(path))
        check(ret, "acl.mdl.load_from_file")
        self.desc = acl.mdl.create_desc()
        check(acl.mdl.get_desc(self.desc, self.model), "acl.mdl.get_desc")
        # The sizes are those of the largest gear; 0 means that the model cannot know.
        inputs = range(acl.mdl.get_num_inputs(self.desc))
        self.inputs = Tensors([acl.mdl.get_input_size_by_index(self.desc, i) or ROOM for i in inputs])
        self.outputs = Tensors([acl.mdl.get_output_size_by_index(self.desc, 0) or ROOM])
        self.has_gears = acl.mdl.get_input_name_by_index(self.desc, inputs[-1]) == GEAR_INPUT

    def shapes(self) -> list[tuple[int, ...]]:
        """Every shape of images that the network takes."""
        shape = acl.mdl.get_input_dims(self.desc, 0)[0]["dims"]
        batches, _ = acl.mdl.get_dynamic_batch(self.desc)
        sizes, _ = acl.mdl.get_dynamic_hw(self.desc, -1)
        count, _ = acl.mdl.get_input_dynamic_gear_count(self.desc, -1)
        if batches["batchCount"]:
            return [(batch, *shape[1:]) for batch in batches["batch"]]
        if sizes["hwCount"]:
            return [(*shape[:2], height, width) for height, width in sizes["hw"]]
        if count:
            gears, ret = acl.mdl.get_input_dynamic_dims(self.desc, -1, count)
            check(ret, "acl.mdl.get_input_dynamic_dims")
            return [tuple(gear["dims"]) for gear in gears]
        return list(SHAPES_TO_TRY) if -1 in shape else [tuple(shape)]

    def set_shape(self, shape: tuple[int, ...]) -> None:
        """The next execution takes images of this shape."""
        dataset = self.inputs.dataset
        if not self.has_gears:
            desc = acl.create_tensor_desc(0, list(shape), 0)
            check(acl.mdl.set_dataset_tensor_desc(dataset, desc, 0)[1], "acl.mdl.set_dataset_tensor_desc")
            acl.destroy_tensor_desc(desc)
            return
        index, ret = acl.mdl.get_input_index_by_name(self.desc, GEAR_INPUT)
        check(ret, "acl.mdl.get_input_index_by_name")
        if acl.mdl.get_dynamic_batch(self.desc)[0]["batchCount"]:
            ret = acl.mdl.set_dynamic_batch_size(self.model, dataset, index, shape[0])
        elif acl.mdl.get_dynamic_hw(self.desc, -1)[0]["hwCount"]:
            ret = acl.mdl.set_dynamic_hw_size(self.model, dataset, index, shape[2], shape[3])
        else:
            dims = {"name": "", "dimCount": len(shape), "dims": list(shape)}
            ret = acl.mdl.set_input_dynamic_dims(self.model, dataset, index, dims)
        check(ret, "setting the shape")

    def scores(self, images: np.ndarray) -> np.ndarray:
        """One row of scores for each image of the batch."""
        self.set_shape(images.shape)
        self.inputs.write(0, images)
        ret = acl.mdl.execute(self.model, self.inputs.dataset, self.outputs.dataset)
        check(ret, "acl.mdl.execute")
        if self.has_gears:
            dims, ret = acl.mdl.get_cur_output_dims(self.desc, 0)
            check(ret, "acl.mdl.get_cur_output_dims")
            count = int(np.prod(dims["dims"]))
        else:  # Only now the size of the output is known.
            count = acl.get_tensor_desc_size(acl.mdl.get_dataset_tensor_desc(self.outputs.dataset, 0)) // 4
        return self.outputs.read(0, count).reshape(images.shape[0], -1)

    def close(self) -> None:
        self.inputs.free()
        self.outputs.free()
        check(acl.mdl.destroy_desc(self.desc), "acl.mdl.destroy_desc")
        check(acl.mdl.unload(self.model), "acl.mdl.unload")


def image_of(photo: Path, width: int, height: int) -> np.ndarray:
    """The whole photo in this size, RGB, (pixel - 127) / 128, CHW."""
    with Image.open(photo) as picture:
        pixels = np.asarray(
            picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR), np.float32
        )
    return ((pixels - 127) / 128).transpose(2, 0, 1)


def classify(classifier: Classifier, photos: list[Path]) -> list[dict]:
    answers = []
    for shape in classifier.shapes():
        batch, _, height, width = shape
        for start in range(0, len(photos), batch):
            some = photos[start : start + batch]
            images = np.zeros(shape, np.float32)  # The last batch may not be full.
            images[: len(some)] = [image_of(photo, width, height) for photo in some]
            for photo, scores in zip(some, classifier.scores(images), strict=False):
                best = int(scores.argmax())
                answers.append(
                    {"shape": list(shape), "photo": photo.name, "class": best, "score": float(scores[best])}
                )
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, metavar="MODEL.om")
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    check(acl.init(), "acl.init")
    check(acl.rt.set_device(0), "acl.rt.set_device")
    classifier = Classifier(arguments.model)
    answers = classify(classifier, arguments.photos)
    classifier.close()
    check(acl.rt.reset_device(0), "acl.rt.reset_device")
    check(acl.finalize(), "acl.finalize")
    if arguments.json:
        print(json.dumps(answers))
        return
    names = (Path(__file__).parent / "imagenet_classes.txt").read_text(encoding="utf-8").splitlines()
    for answer in answers:
        shape = "x".join(map(str, answer["shape"]))
        print(f"{shape:<14} {answer['photo']:<14} {answer['score']:.2f} {names[answer['class']]}")


if __name__ == "__main__":
    main()
