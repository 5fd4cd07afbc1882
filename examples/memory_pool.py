#!/usr/bin/env python3
"""Memory of one's own: one large allocation on the device and one on the host, cut into pieces for all pictures and results.

Asynchronous copies want both addresses at multiples of 64 bytes, and each piece of device memory has to end with room to spare:
a piece of `length` bytes takes ALIGN_UP(length, 32) + 32 bytes and begins at a multiple of 64 ("memory second allocation").
All photos are in flight at once: copy in, run, copy out, on one stream.

Needs an .om classifier that takes one float32 picture [1, 3, height, width].

Examples:
    atc --framework=5 --model=efficientnet_lite0.onnx --output=net --soc_version=Ascend310P3
    python examples/memory_pool.py --model net.om coffee.jpg flower.jpg china.jpg
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import sys
from collections.abc import Callable

import acl
from classify_photos import Resources
from network import (
    ACL_MEM_MALLOC_HUGE_FIRST,
    ACL_MEMCPY_DEVICE_TO_HOST,
    ACL_MEMCPY_HOST_TO_DEVICE,
    AclError,
    Device,
    Network,
    Preparation,
    answer,
    arguments_of,
    check,
    run,
)

BEGIN = 64  # Pieces begin at multiples of this.


def align_up(value: int, alignment: int) -> int:
    return (value + alignment - 1) // alignment * alignment


def room_of(length: int) -> int:
    """Bytes that a piece takes from the pool."""
    return align_up(align_up(length, 32) + 32, BEGIN)


class Pool(Resources):
    """One allocation. Pieces are handed out one after the other and end with the pool."""

    def __init__(self, allocate: Callable[[int], tuple[int, int]], free: Callable[[int], int], size: int):
        super().__init__()
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.close)
            # Host memory need not begin at a multiple of 64 when the program runs on the device itself.
            memory, ret = allocate(size + BEGIN)
            check(ret, f"allocating {size + BEGIN} bytes")
            self.release(free, memory)
            self.begin = self.next = align_up(memory, BEGIN)
            self.end = self.begin + size
            on_failure.pop_all()

    def piece(self, length: int) -> int:
        """The address of a piece of so many bytes."""
        address = self.next
        if address + room_of(length) > self.end:
            raise AclError(
                f"the pool has {self.end - address} bytes left, a piece of {length} takes {room_of(length)}"
            )
        self.next += room_of(length)
        return address


def device_memory(size: int) -> tuple[int, int]:
    return acl.rt.malloc(size, ACL_MEM_MALLOC_HUGE_FIRST)


def copy(target: int, source: int, size: int, kind: int, stream: int) -> None:
    check(acl.rt.memcpy_async(target, size, source, size, kind, stream), "acl.rt.memcpy_async")


def classify(_: Device, arguments: argparse.Namespace) -> dict:
    prepare, photos = Preparation(arguments), arguments.photos
    with Network(arguments.model) as network, Resources() as resources:
        _, _, height, width = network.takes_floats(batch=1).input_shape
        size = (room_of(network.input_size) + room_of(network.output_size)) * len(photos)
        device = resources.enter_context(Pool(device_memory, acl.rt.free, size))
        host = resources.enter_context(Pool(acl.rt.malloc_host, acl.rt.free_host, size))
        stream, ret = acl.rt.create_stream()
        check(ret, "acl.rt.create_stream")
        resources.release(acl.rt.destroy_stream, stream)
        results = []
        for photo in photos:
            data = prepare.planes(photo, width, height).tobytes()
            prepared, picture = host.piece(len(data)), device.piece(len(data))
            result, scores = host.piece(network.output_size), device.piece(network.output_size)
            ctypes.memmove(prepared, data, len(data))
            copy(picture, prepared, len(data), ACL_MEMCPY_HOST_TO_DEVICE, stream)
            inputs = network.dataset(picture, network.input_size)
            outputs = network.dataset(scores, network.output_size)
            ret = acl.mdl.execute_async(network.model_id, inputs, outputs, stream)
            check(ret, "acl.mdl.execute_async")
            copy(result, scores, network.output_size, ACL_MEMCPY_DEVICE_TO_HOST, stream)
            results.append((photo, result))
        check(acl.rt.synchronize_stream(stream), "acl.rt.synchronize_stream")
        answers = [
            answer(photo, network.scores(acl.util.ptr_to_bytes(result, network.output_size))[0].copy())
            for photo, result in results
        ]
        used = device.next - device.begin
    return {"bytes of the pool": size, "used": used, "photos": answers}


if __name__ == "__main__":
    sys.exit(run(arguments_of(__doc__).parse_args(), classify))
