#!/usr/bin/env python3
"""Several pictures in one run: photos are collected until the batch of the network is full; what is left at the end runs, too.

Needs an .om classifier that takes float32 pictures [batch, 3, height, width], converted with a fixed batch.

Examples:
    atc --framework=5 --model=efficientnet_lite0.onnx --input_shape=input:8,3,224,224 --output=net8 --soc_version=Ascend310P3
    python examples/multi_batch.py --model net8.om *.jpg
"""

from __future__ import annotations

import argparse
import sys

import acl
from network import Device, Network, Preparation, answer, arguments_of, check, from_device, run, to_device


def classify(_: Device, arguments: argparse.Namespace) -> dict:
    prepare = Preparation(arguments)
    answers, runs = [], 0
    with Network(arguments.model) as network:
        batch, _, height, width = network.takes_floats().input_shape
        one = network.input_size // batch
        pictures, scores = network.allocate(network.input_size), network.allocate(network.output_size)
        # Places of the last batch that no photo fills hold zeros or an older photo; nobody looks at their scores.
        check(acl.rt.memset(pictures, network.input_size, 0, network.input_size), "acl.rt.memset")
        inputs = network.dataset(pictures, network.input_size)
        outputs = network.dataset(scores, network.output_size)
        collected: list[str] = []
        for i, photo in enumerate(arguments.photos):
            # The place of this photo in the batch.
            at = one * len(collected)
            to_device(pictures + at, network.input_size - at, prepare.planes(photo, width, height).tobytes())
            collected.append(photo)
            if len(collected) < batch and i < len(arguments.photos) - 1:
                continue
            check(acl.mdl.execute(network.model_id, inputs, outputs), "acl.mdl.execute")
            runs += 1
            rows = network.scores(from_device(scores, network.output_size))
            answers += [answer(name, row) for name, row in zip(collected, rows, strict=False)]
            collected = []
    return {"batch": batch, "runs": runs, "photos": answers}


if __name__ == "__main__":
    sys.exit(run(arguments_of(__doc__).parse_args(), classify))
