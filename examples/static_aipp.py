#!/usr/bin/env python3
"""Static AIPP: mean, factor and layout stand in the model, so that the program hands over pixels as a picture has them.

The model says what AIPP does to them (acl.mdl.get_first_aipp_info). A quarter of the bytes goes to the device, and the host
computes nothing.

Examples:
    atc --framework=5 --model=efficientnet_lite0.onnx --output=static --soc_version=Ascend310P3 \\
        --input_format=NCHW --input_shape=input:1,3,224,224 --insert_op_conf=examples/static_aipp.cfg
    python examples/static_aipp.py --model static.om coffee.jpg flower.jpg
"""

from __future__ import annotations

import argparse
import sys

import acl
from network import (
    AclError,
    Device,
    Network,
    Preparation,
    answer,
    arguments_of,
    check,
    from_device,
    run,
    to_device,
)

ACL_DATA_WITH_STATIC_AIPP = 1
ACL_RGB888_U8 = 3


def picture_size(network: Network) -> tuple[int, int]:
    """Width and height of the pictures that the model's AIPP takes."""
    kind, _, ret = acl.mdl.get_aipp_type(network.model_id, 0)
    check(ret, "acl.mdl.get_aipp_type")
    if kind != ACL_DATA_WITH_STATIC_AIPP:
        raise AclError("the model has no static AIPP; convert it with --insert_op_conf=static_aipp.cfg")
    information, ret = acl.mdl.get_first_aipp_info(network.model_id, 0)
    check(ret, "acl.mdl.get_first_aipp_info")
    if information["inputFormat"] != ACL_RGB888_U8 or network.input_shape[0] != 1:
        raise AclError("the model does not take one picture of R, G, B bytes")
    return information["srcImageSizeW"], information["srcImageSizeH"]


def classify(_: Device, arguments: argparse.Namespace) -> dict:
    prepare = Preparation(arguments)
    answers = []
    with Network(arguments.model) as network:
        width, height = picture_size(network)
        picture, scores = network.allocate(network.input_size), network.allocate(network.output_size)
        inputs = network.dataset(picture, network.input_size)
        outputs = network.dataset(scores, network.output_size)
        for photo in arguments.photos:
            to_device(picture, network.input_size, prepare.pixels(photo, width, height).tobytes())
            check(acl.mdl.execute(network.model_id, inputs, outputs), "acl.mdl.execute")
            answers.append(answer(photo, network.scores(from_device(scores, network.output_size))[0]))
    return {"bytes of a picture": network.input_size, "photos": answers}


if __name__ == "__main__":
    sys.exit(run(arguments_of(__doc__).parse_args(), classify))
