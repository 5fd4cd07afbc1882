"""What the demo's network says about a photo when OpenCV and ONNX Runtime do the work."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime

SIZE = 224


def centre_square(picture: np.ndarray) -> np.ndarray:
    """The square of 7/8 of the shorter side in the centre, its corners on even pixels."""
    height, width = (length // 2 * 2 for length in picture.shape[:2])
    side = min(width, height) * 7 // 16 * 2
    left, top = (width - side) // 4 * 2, (height - side) // 4 * 2
    return picture[top : top + side, left : left + side]


class Reference:
    """The exported network under ONNX Runtime."""

    def __init__(self, model: Path) -> None:
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def scores(self, photo: Path) -> np.ndarray:
        """float32 [1000], in the order of the ImageNet classes."""
        picture = centre_square(cv2.imread(str(photo), cv2.IMREAD_COLOR))
        picture = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
        pixels = (cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float32) - 127) / 128
        return self.session.run(None, {"input": pixels.transpose(2, 0, 1)[None]})[0][0]
