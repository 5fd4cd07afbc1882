#!/usr/bin/env python3
"""Runs that do not wait: pictures are handed to a stream, and a callback in another thread takes the results as they come.

A block holds the input and the output of one run. A run takes a free block; the callback gives the blocks of the runs before it
back. So a handful of blocks is enough for any number of runs, and preparing photos, running the network and reading results overlap.
With --callback-interval 0 there is no callback: all results are read at the end, and every run needs a block of its own.

Needs an .om classifier that takes one float32 picture [1, 3, height, width].

Examples:
    atc --framework=5 --model=efficientnet_lite0.onnx --output=net --soc_version=Ascend310P3
    python examples/execute_async.py --model net.om --runs 10 coffee.jpg flower.jpg
    python examples/execute_async.py --model net.om --runs 100 --callback-interval 4 --blocks 8 coffee.jpg
"""

from __future__ import annotations

import argparse
import contextlib
import queue
import sys
import threading

import acl
from classify_photos import Resources
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

NO_BLOCK = 0  # The stream goes on while a callback runs.
POLL_MS = 50
GIVE_UP_S = 60


class Block:
    """Device memory and datasets of one run."""

    def __init__(self, network: Network) -> None:
        self.picture = network.allocate(network.input_size)
        self.scores = network.allocate(network.output_size)
        self.inputs = network.dataset(self.picture, network.input_size)
        self.outputs = network.dataset(self.scores, network.output_size)
        self.photo = ""


class Callbacks(Resources):
    """A thread that runs the callbacks of a stream until the end of the `with` block."""

    def __init__(self, context: int, stream: int) -> None:
        super().__init__()
        self.going_on, self.subscribed = True, threading.Event()
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.close)
            self.thread, ret = acl.util.start_thread(self._serve, [context])
            check(ret, "acl.util.start_thread")
            self.callback(self._stop)
            check(acl.rt.subscribe_report(self.thread, stream), "acl.rt.subscribe_report")
            self.release(acl.rt.unsubscribe_report, self.thread, stream)
            self.subscribed.set()
            on_failure.pop_all()

    def _serve(self, arguments: list) -> None:
        check(acl.rt.set_context(arguments[0]), "acl.rt.set_context")
        self.subscribed.wait()
        while self.going_on:
            acl.rt.process_report(POLL_MS)  # An error code when nothing came in time.

    def _stop(self) -> None:
        self.going_on = False
        self.subscribed.set()
        check(acl.util.stop_thread(self.thread), "acl.util.stop_thread")


class Runs:
    """Runs on one stream, and their results."""

    def __init__(self, network: Network, stream: int, blocks: int) -> None:
        self.network, self.stream = network, stream
        self.free: queue.SimpleQueue[Block] = queue.SimpleQueue()
        for _ in range(blocks):
            self.free.put(Block(network))
        self.answers: list[dict] = []
        self.callback_threads: set[int] = set()
        self.callbacks = 0

    def free_block(self) -> Block:
        """Waits until the results of a run were read, if it must."""
        try:
            return self.free.get(timeout=GIVE_UP_S)
        except queue.Empty:
            raise AclError(f"no result has come for {GIVE_UP_S} s") from None

    def launch(self, photo: str, data: bytes) -> Block:
        block = self.free_block()
        block.photo = photo
        to_device(block.picture, self.network.input_size, data)
        ret = acl.mdl.execute_async(self.network.model_id, block.inputs, block.outputs, self.stream)
        check(ret, "acl.mdl.execute_async")
        return block

    def launch_callback(self, blocks: list[Block]) -> None:
        ret = acl.rt.launch_callback(self._called, [blocks], NO_BLOCK, self.stream)
        check(ret, "acl.rt.launch_callback")

    def _called(self, arguments: list) -> None:
        self.callbacks += 1
        self.callback_threads.add(threading.get_ident())
        self.take(arguments[0])

    def take(self, blocks: list[Block]) -> None:
        """Reads the results of runs that have ended, and gives their blocks back."""
        for block in blocks:
            scores = self.network.scores(from_device(block.scores, self.network.output_size))[0]
            self.answers.append(answer(block.photo, scores))
            self.free.put(block)


def classify(device: Device, arguments: argparse.Namespace) -> dict:
    prepare, interval = Preparation(arguments), arguments.callback_interval
    with Network(arguments.model) as network, Resources() as resources:
        _, _, height, width = network.takes_floats(batch=1).input_shape
        stream, ret = acl.rt.create_stream()
        check(ret, "acl.rt.create_stream")
        resources.release(acl.rt.destroy_stream, stream)
        resources.enter_context(Callbacks(device.context, stream))
        runs = Runs(network, stream, arguments.blocks)
        pictures = [(photo, prepare.planes(photo, width, height).tobytes()) for photo in arguments.photos]
        waiting: list[Block] = []
        for i in range(arguments.runs):
            waiting.append(runs.launch(*pictures[i % len(pictures)]))
            if interval and (len(waiting) == interval or i == arguments.runs - 1):
                runs.launch_callback(waiting)
                waiting = []
        check(acl.rt.synchronize_stream(stream), "acl.rt.synchronize_stream")
        runs.take(waiting)
        # The stream did not wait for its last callbacks; after them all blocks are free.
        for _ in range(arguments.blocks):
            runs.free_block()
    elsewhere = bool(runs.callback_threads) and threading.get_ident() not in runs.callback_threads
    return {"callbacks": runs.callbacks, "in a thread of their own": elsewhere, "photos": runs.answers}


def main() -> int:
    parser = arguments_of(__doc__)
    parser.add_argument("--runs", type=int, default=10, metavar="N", help="runs, default: 10")
    parser.add_argument(
        "--callback-interval", type=int, default=1, metavar="N", help="a callback after N runs, 0: none"
    )
    parser.add_argument("--blocks", type=int, default=10, metavar="N", help="blocks of memory, default: 10")
    arguments = parser.parse_args()
    least = arguments.callback_interval or arguments.runs
    if arguments.runs < 1 or arguments.callback_interval < 0 or arguments.blocks < least:
        parser.error(f"--runs must be 1 or more, --callback-interval 0 or more, --blocks {least} or more")
    return run(arguments, classify)


if __name__ == "__main__":
    sys.exit(main())
