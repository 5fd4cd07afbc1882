"""Pooling, against windows in NumPy."""

import math

import numpy as np
from cases import Laid, case, ints, random

x = random(2, 3, 7, 8)
h = x.astype(np.float16)
nhwc = Laid(np.ascontiguousarray(x.transpose(0, 2, 3, 1)), "NHWC")
x3 = random(1, 2, 4, 6, 5)


def pool(x, kernel, stride, pads=(0, 0, 0, 0), how="max", ceil=False, count_pad=False, caffe=False):
    """NCHW; each window over what of it lies in the picture (and its pads)."""
    n, c, height, width = x.shape
    sizes = []
    for size, k, s, before, after in (
        (height, kernel[0], stride[0], *pads[:2]),
        (width, kernel[1], stride[1], *pads[2:]),
    ):
        span = size + before + after - k
        count = (math.ceil if ceil else math.floor)(span / s) + 1
        if ceil and (count - 1) * s >= size + before:
            count -= 1
        sizes.append(count)
    out = np.zeros((n, c, *sizes), np.float64)
    for i in range(sizes[0]):
        for j in range(sizes[1]):
            top, left = i * stride[0] - pads[0], j * stride[1] - pads[2]
            bottom, right = min(top + kernel[0], height + pads[1]), min(left + kernel[1], width + pads[3])
            area = (bottom - top) * (right - left)
            part = x[:, :, max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)].astype(
                np.float64
            )
            if how == "max":
                out[:, :, i, j] = part.max((2, 3))
            else:
                out[:, :, i, j] = part.sum((2, 3)) / (area if count_pad else part.shape[2] * part.shape[3])
    return out.astype(x.dtype)


def max_and_places(x, pads, type=np.int64):
    """Windows of 3 by 3, steps of 2; channels last. Places count height, width, channel."""
    n, c, h, w = x.shape
    number = np.arange(h * w * c).reshape(1, h, w, c)
    border = ((0, 0), pads[:2], pads[2:], (0, 0))
    values = np.pad(x.transpose(0, 2, 3, 1), border, constant_values=-np.inf)
    numbers = np.pad(number, border)
    windows = np.lib.stride_tricks.sliding_window_view(values, (3, 3), (1, 2))[:, ::2, ::2].reshape(
        n, -1, c, 9
    )
    places = np.lib.stride_tricks.sliding_window_view(numbers, (3, 3), (1, 2))[:, ::2, ::2]
    shape = (n, *places.shape[1:4])
    at = windows.argmax(-1)[..., None]
    places = np.broadcast_to(places.reshape(1, -1, c, 9), windows.shape)
    return [
        np.take_along_axis(each, at, -1).reshape(shape).astype(dtype)
        for each, dtype in ((windows, x.dtype), (places, type))
    ]


def same(size, k, s):
    total = max((math.ceil(size / s) - 1) * s + k - size, 0)
    return total // 2, total - total // 2


SAME = (*same(7, 3, 2), *same(8, 3, 2))
last = (0, 2, 3, 1)
KS = {"ksize": [1, 1, 3, 3], "strides": [1, 1, 2, 2]}


CASES = [
    *[case("MaxPoolWithArgmax", nhwc, max_and_places(x, SAME), "same", padding="SAME", ksize=[1, 3, 3, 1],
           strides=[1, 2, 2, 1])],
    case("MaxPoolWithArgmax", Laid(x, "NCHW"), [each.transpose(0, 3, 1, 2) for each in max_and_places(x, (0, 0, 0, 0), np.int32)],
         padding="VALID", Targmax=3, **KS),
    case("Pooling", x, pool(x, (2, 2), (2, 2), ceil=True), window=[2, 2], stride=[2, 2]),
    case("Pooling", x, pool(x, (3, 3), (2, 2), (1, 1, 1, 1), ceil=True), "pad", window=[3, 3], stride=[2, 2], pad=[1] * 4),
    case("Pooling", x, pool(x, (3, 2), (2, 2)), "floor", window=[3, 2], stride=[2, 2], ceil_mode=1),
    case("Pooling", x, pool(x, (3, 3), (2, 2), (1, 1, 1, 1), "average", True, True), "average", mode=1, window=[3, 3],
         stride=[2, 2], pad=[1] * 4),
    case("Pooling", x, pool(x, (2, 2), (2, 2), how="average", ceil=True), "average-ceil", mode=1, window=[2, 2],
         stride=[2, 2]),
    case("Pooling", x, x.max((2, 3), keepdims=True), "global", global_pooling=True),
    case("Pooling", x, x.mean((2, 3), keepdims=True), "global-average", mode=1, global_pooling=True),
    case("MaxPoolV3", x, pool(x, (3, 3), (2, 2), (1, 0, 0, 1)), pads=[1, 0, 0, 1], **KS),
    case("MaxPoolV3", h, pool(h, (3, 3), (2, 2)), **KS),
    case("MaxPoolV3", x, pool(x, (3, 3), (2, 2), ceil=True), "ceil", ceil_mode=True, **KS),
    case("MaxPoolV3", x, pool(x, (3, 3), (2, 2), SAME), "same", padding_mode="SAME", **KS),
    case("MaxPoolV3", x, x.max((2, 3), keepdims=True), "global", global_pooling=True, **KS),
    case("MaxPool", nhwc, pool(x, (3, 3), (2, 2), SAME).transpose(last), "same", padding="SAME", ksize=[1, 3, 3, 1],
         strides=[1, 2, 2, 1]),
    case("MaxPool", x, pool(x, (3, 3), (2, 2)), padding="VALID", data_format="NCHW", **KS),
    case("MaxPoolV2", [x, ints(1, 1, 3, 3, dtype=np.int32), ints(1, 1, 2, 2, dtype=np.int32)],
         pool(x, (3, 3), (2, 2)), padding="VALID", data_format="NCHW"),
    case("AvgPool", nhwc, pool(x, (3, 3), (2, 2), SAME, "average").transpose(last), "same", padding="SAME",
         ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1]),
    case("AvgPool", x, pool(x, (3, 3), (2, 2), how="average"), padding="VALID", data_format="NCHW", **KS),
    case("AvgPoolV2", x, pool(x, (3, 3), (2, 2), (1, 1, 1, 1), "average"), pads=[1] * 4, **KS),
    case("AvgPoolV2", x, pool(x, (3, 3), (2, 2), (1, 1, 1, 1), "average", count_pad=True), "inclusive", pads=[1] * 4,
         exclusive=False, **KS),
    case("AvgPoolV2", x, pool(x, (3, 3), (2, 2), (1, 1, 1, 1), "average", count_pad=True) * np.float32(9 / 5), "divisor",
         pads=[1] * 4, divisor_override=5, **KS),
    case("AvgPoolV2", x, pool(x, (3, 3), (2, 2), (1, 1, 1, 1), "average", ceil=True), "ceil", pads=[1] * 4, ceil_mode=True,
         **KS),
    case("GlobalAveragePool", x, x.mean((2, 3), keepdims=True)),
    case("AdaptiveAvgPool2d", random(1, 2, 6, 8), random(1, 2, 6, 8).reshape(1, 2, 3, 2, 2, 4).mean((3, 5)),
         output_size=[3, 2]),
    case("AdaptiveMaxPool2d", random(1, 2, 6, 8), [random(1, 2, 6, 8).reshape(1, 2, 3, 2, 2, 4).max((3, 5))],
         output_size=[3, 2]),
    case("MaxPool3D", x3, x3.reshape(1, 2, 2, 2, 3, 2, 5).max((3, 5)), padding="VALID", ksize=[1, 1, 2, 2, 1],
         strides=[1, 1, 2, 2, 1], data_format="NCDHW"),
    case("AvgPool3D", x3, x3.reshape(1, 2, 2, 2, 3, 2, 5).mean((3, 5)), pads=[0] * 6, ksize=[2, 2, 1], strides=[2, 2, 1],
         data_format="NCDHW"),
    case("SPP", random(2, 3, 8, 8), np.concatenate(
        [random(2, 3, 8, 8).reshape(2, 3, b, 8 // b, b, 8 // b).max((3, 5)).reshape(2, -1) for b in (1, 2)], 1),
        pyramid_height=2),
]  # fmt: skip


def test_pooling(suite, row):
    suite.check(row)
