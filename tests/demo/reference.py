"""What the demo's network says about a photo when Pillow and ONNX Runtime do the work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

SIZE = 224


def centre_square(width: int, height: int) -> tuple[int, int, int, int]:
    """The square of 7/8 of the shorter side in the centre: left, top, right, bottom."""
    side = min(width, height) * 7 // 8
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


class Reference:
    """The exported network under ONNX Runtime."""

    def __init__(self, model: Path) -> None:
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def scores(self, photo: Path) -> np.ndarray:
        """float32 [1000], in the order of the ImageNet classes."""
        with Image.open(photo) as file:
            picture = file.convert("RGB")
        picture = picture.crop(centre_square(*picture.size)).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        pixels = (np.asarray(picture, np.float32) - 127) / 128
        return self.session.run(None, {"input": pixels.transpose(2, 0, 1)[None]})[0][0]
