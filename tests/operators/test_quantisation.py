"""Between numbers and quantised numbers, and one layout and another."""

import numpy as np
from cases import case, random

x = random(2, 3, 4, 5, low=-40, high=40)
i8 = random(2, 3, 4, 5, low=-128, high=127, dtype=np.int8)
i32 = random(2, 3, 4, 5, low=-5000, high=5000, dtype=np.int32)
scales = np.float32([0.5, 0.25, 2])
picture = random(2, 20, 3, 4)
blocks = np.zeros((2, 2, 3, 4, 16), np.float32)
for _c in range(20):
    blocks[:, _c // 16, :, :, _c % 16] = picture[:, _c]
whole = random(1, 32, 2, 3)
steps = 12 / 255
zero = np.rint(6 / steps)


def fake(x):
    low, high = (0 - zero) * steps, (255 - zero) * steps
    return np.floor((np.clip(x, low, high) - low) / steps + 0.5) * steps + low


CASES = [
    case("AscendQuant", x, np.clip(np.rint(x * np.float32(3.5) + 2), -128, 127).astype(np.int8), scale=3.5, offset=2.0),
    case("AscendQuant", x, np.clip(np.floor(x * np.float32(2.25)), -128, 127).astype(np.int8), "sqrt", scale=1.5, offset=0.0,
         sqrt_mode=True, round_mode="Floor"),
    case("AscendDequant", [i32, np.float32([0.01])], (i32 * np.float32(0.01)).astype(np.float32)),
    case("AscendDequant", [i32, scales], np.maximum(i32 * scales[:, None, None], 0).astype(np.float32), "channels", relu_flag=True),
    case("AscendAntiQuant", i8, ((i8.astype(np.float32) + 3) * np.float32(0.5)), scale=0.5, offset=3.0),
    case("Quantize", [x, scales], np.clip(np.rint(x / scales[:, None, None]), -128, 127).astype(np.int8), dtype="torch.qint8"),
    case("Quantize", [x, scales[:1], np.int32([100])], np.clip(np.rint(x / scales[0]) + 100, 0, 255).astype(np.uint8), "zero-point",
         dtype="torch.quint8"),
    case("FakeQuantWithMinMaxArgs", x / 5, fake(x / 5).astype(np.float32)),
    case("TransData", picture, blocks, src_format="NCHW", dst_format="NC1HWC0"),
    case("TransData", blocks, np.concatenate([picture, np.zeros((2, 12, 3, 4), np.float32)], 1), "back", src_format="NC1HWC0",
         dst_format="NCHW"),
    case("TransData", picture, picture.transpose(0, 2, 3, 1), "nhwc", src_format="NCHW", dst_format="NHWC"),
    case("TransData", picture, picture.transpose(2, 3, 1, 0), "hwcn", src_format="NCHW", dst_format="HWCN"),
    case("TransShape", picture, picture.reshape(40, 12), outShape=[40, 12]),
]  # fmt: skip


def test_quantisation(suite, row):
    suite.check(row)
