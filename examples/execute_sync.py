#!/usr/bin/env python3
"""The first program with a model: each photo is prepared on the host, copied to the device, run, and its scores copied back.

Needs the module `acl`, NumPy, Pillow, and an .om classifier that takes one float32 picture [1, 3, height, width].

Examples:
    atc --framework=5 --model=efficientnet_lite0.onnx --output=net --soc_version=Ascend310P3
    python examples/execute_sync.py --model net.om coffee.jpg flower.jpg
    python examples/execute_sync.py --model resnet50.om --mean 123.7,116.3,103.5 --deviation 58.4,57.1,57.4 coffee.jpg
"""

from __future__ import annotations

import argparse
import sys

import acl
from network import Device, Network, Preparation, answer, arguments_of, check, from_device, run, to_device


def classify(_: Device, arguments: argparse.Namespace) -> dict:
    prepare = Preparation(arguments)
    answers = []
    with Network(arguments.model) as network:
        _, _, height, width = network.takes_floats(batch=1).input_shape
        picture, scores = network.allocate(network.input_size), network.allocate(network.output_size)
        inputs = network.dataset(picture, network.input_size)
        outputs = network.dataset(scores, network.output_size)
        for photo in arguments.photos:
            to_device(picture, network.input_size, prepare.planes(photo, width, height).tobytes())
            check(acl.mdl.execute(network.model_id, inputs, outputs), "acl.mdl.execute")
            answers.append(answer(photo, network.scores(from_device(scores, network.output_size))[0]))
    return {"photos": answers}


if __name__ == "__main__":
    sys.exit(run(arguments_of(__doc__).parse_args(), classify))
