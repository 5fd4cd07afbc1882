"""The ways from a JPEG file to the five best classes that photo_bench.py compares.

Each pipeline does the same: the square of 7/8 of the shorter side in the centre, scaled to 224x224, RGB, (pixel - 127) / 128,
EfficientNet-Lite0, five best classes. `top5` handles one photo, `stream` many of them as fast as the pipeline can.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

SIZE = 224
CORES = len(os.sched_getaffinity(0))
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"

Answer = list[int]


class Pipeline(Protocol):
    def top5(self, path: Path) -> Answer: ...

    def stream(self, paths: Iterable[Path]) -> Iterator[Answer]:
        """The answers for `paths`, in any order."""


def best(scores: np.ndarray) -> Answer:
    return [int(i) for i in np.argsort(scores)[::-1][:5]]


def centre_square(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    side = min(width, height) * 7 // 8
    left, top = (width - side) // 2, (height - side) // 2
    return picture[top : top + side, left : left + side]


class Cairn:
    """pyACL as examples/classify_photos.py has it: JPEG decoder, VPC, AIPP model; one lane for one photo, several for many."""

    def __init__(self, onnx: Path, om: Path, lanes: int = 2 * CORES) -> None:
        sys.path.insert(0, str(EXAMPLES))
        from classify_photos import Classifier, Device, Model

        self.device = Device()
        self.model = Model(str(om))
        self.lanes = [Classifier(self.model) for _ in range(lanes)]

    def top5(self, path: Path) -> Answer:
        self.lanes[0].submit(path.read_bytes())
        return best(self.lanes[0].wait())

    def stream(self, paths: Iterable[Path]) -> Iterator[Answer]:
        lanes = self.lanes
        count = 0
        for count, path in enumerate(paths, 1):
            lane = lanes[(count - 1) % len(lanes)]
            if count > len(lanes):
                yield best(lane.wait())
            lane.submit(path.read_bytes())
        for index in range(min(count, len(lanes))):
            yield best(lanes[index].wait())


class OpenCvOnnxRuntime:
    """The script that most people write: imdecode, resize, NumPy, ONNX Runtime; one photo after the other."""

    def __init__(self, onnx: Path, om: Path, threads: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])

    def top5(self, path: Path) -> Answer:
        import cv2

        picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        picture = cv2.resize(centre_square(picture), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
        pixels = (cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float32) - 127) / 128
        return best(self.session.run(None, {"input": pixels.transpose(2, 0, 1)[None]})[0][0])

    def stream(self, paths: Iterable[Path]) -> Iterator[Answer]:
        return map(self.top5, paths)


class OpenCvOnnxRuntimeThreads(OpenCvOnnxRuntime):
    """The same script with a thread per core, each inference on one core."""

    def __init__(self, onnx: Path, om: Path) -> None:
        super().__init__(onnx, om, threads=1)
        import cv2

        cv2.setNumThreads(1)
        self.pool = ThreadPoolExecutor(CORES)

    def stream(self, paths: Iterable[Path]) -> Iterator[Answer]:
        return self.pool.map(self.top5, paths)


class TurboJpegOpenVino:
    """Tuned by hand: TurboJPEG with fast upsampling, normalisation inside the OpenVINO graph, overlapped inference.

    With `scaled`, the decoder delivers the smallest of its sizes that is large enough (480x270 for 1920x1080).
    """

    def __init__(self, onnx: Path, om: Path, scaled: bool = False) -> None:
        import openvino
        from openvino.preprocess import ColorFormat, PrePostProcessor

        core = openvino.Core()
        steps = PrePostProcessor(core.read_model(onnx))
        source = steps.input().tensor()
        source.set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC")).set_color_format(
            ColorFormat.RGB
        )
        steps.input().model().set_layout(openvino.Layout("NCHW"))
        steps.input().preprocess().convert_element_type(openvino.Type.f32).mean(127.0).scale(128.0)
        model = steps.build()
        exact = {"INFERENCE_PRECISION_HINT": "f32"}
        self.request = core.compile_model(
            model, "CPU", {"PERFORMANCE_HINT": "LATENCY", **exact}
        ).create_infer_request()
        many = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT", **exact})
        self.queue = openvino.AsyncInferQueue(many)
        self.pool = ThreadPoolExecutor(CORES)
        self.least_side = SIZE * 8 // 7 if scaled else 0

    def picture(self, path: Path) -> np.ndarray:
        import cv2
        import simplejpeg

        decoded = simplejpeg.decode_jpeg(
            path.read_bytes(),
            fastdct=True,
            fastupsample=True,
            min_height=self.least_side,
            min_width=self.least_side,
        )
        return cv2.resize(centre_square(decoded), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)[None]

    def top5(self, path: Path) -> Answer:
        return best(self.request.infer(self.picture(path), share_inputs=True, share_outputs=True)[0][0])

    def stream(self, paths: Iterable[Path]) -> Iterator[Answer]:
        answers: list[Answer] = []
        self.queue.set_callback(lambda request, _: answers.append(best(request.get_output_tensor().data[0])))
        for picture in self.pool.map(self.picture, paths):
            self.queue.start_async(picture)
        self.queue.wait_all()
        return iter(answers)


class TurboJpegScaledOpenVino(TurboJpegOpenVino):
    """The same, decoded at a quarter of the size: less work than a full decode, and a slightly different picture."""

    def __init__(self, onnx: Path, om: Path) -> None:
        super().__init__(onnx, om, scaled=True)


CAIRN = "Cairn (pyACL)"
PLAIN = "OpenCV + ONNX Runtime"
PIPELINES: dict[str, Callable[[Path, Path], Pipeline]] = {
    CAIRN: Cairn,
    PLAIN: OpenCvOnnxRuntime,
    "OpenCV + ONNX Runtime, threads": OpenCvOnnxRuntimeThreads,
    "TurboJPEG + OpenVINO": TurboJpegOpenVino,
    "TurboJPEG scaled + OpenVINO": TurboJpegScaledOpenVino,
}
