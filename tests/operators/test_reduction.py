"""Reductions over axes, and places of the largest and smallest elements."""

import numpy as np
from cases import case, ints, random

x = random(3, 4, 5)
i = random(3, 4, 5, dtype=np.int32)
flags = random(3, 4, dtype=np.bool_)
h = random(2, 6, dtype=np.float16)
image = random(2, 3, 4, 5)
ties = np.float32([[1, 3, 3, 0], [2, 2, 1, 2]])
i32 = np.int32


def logsumexp(x, axis, keepdims=False):
    return np.log(np.exp(x).sum(axis, keepdims=keepdims))


REDUCTIONS = {
    "ReduceSum": np.sum,
    "ReduceMean": np.mean,
    "ReduceMax": np.max,
    "ReduceMin": np.min,
    "ReduceProd": np.prod,
}


def reductions():
    rows = []
    for kind, function in REDUCTIONS.items():
        rows.append(case(kind, [x, ints(1)], function(x, 1)))
        rows.append(case(kind, [x, ints(0, -1)], function(x, (0, 2), keepdims=True), "kept", keep_dims=True))
        rows.append(case(kind + "D", x, function(x, (0, 1)), axes=[0, 1]))
        rows.append(case(kind + "D", x, function(x), "all", axes=[]))
        rows.append(case(kind + "D", h, function(h.astype(np.float32), 1).astype(np.float16), axes=[-1]))
        if kind != "ReduceMean":
            rows.append(case(kind, [i, ints(2, dtype=i32)], function(i, 2).astype(i32)))
    return rows


def top(x, k, axis, largest=True):
    order = np.argsort(-x if largest else x, axis, kind="stable")
    index = np.take(order, range(k), axis)
    return [np.take_along_axis(x, index, axis), index.astype(i32)]


CASES = [
    *reductions(),
    case("ReduceAll", [flags, ints(1)], flags.all(1)),
    case("ReduceAllD", flags, flags.all(0), axes=[0]),
    case("ReduceAny", [flags, ints(1)], flags.any(1)),
    case("ReduceAnyD", flags, flags.any(0), axes=[0]),
    case("ReduceLogSum", [np.abs(x), ints(1)], np.log(np.abs(x).sum(1))),
    case("ReduceLogSumD", np.abs(x), np.log(np.abs(x).sum(2)), axes=[2]),
    case("ReduceLogSumExp", [x * 30, ints(1)], logsumexp((x * 30).astype(np.float64), 1).astype(np.float32)),
    case("ReduceLogSumExpD", x, logsumexp(x, 2, True), axes=[2], keep_dims=True),
    case("EuclideanNorm", [x, ints(1)], np.sqrt((x * x).sum(1))),
    case("EuclideanNormD", x, np.sqrt((x * x).sum()), axes=[]),
    case("SquareSumAll", [x, image], [(x * x).sum(), (image**2).sum()], within=1e-3),
    case("SquareSumV1", x, (x * x).sum(1, keepdims=True), axis=[1]),
    case("Reduction", image, image.sum((1, 2, 3)), "sum", operation=1, axis=1),
    case("Reduction", image, 2 * np.abs(image).sum((2, 3)), "absolutes", operation=2, axis=2, coeff=2.0),
    case("Reduction", image, (image**2).sum(3), "squares", operation=3, axis=-1),
    case("Reduction", image, image.mean(), "mean", operation=4),
    case("ReduceStd", x, [x.std(1, ddof=1), x.mean(1)], dim=[1]),
    case("ReduceStd", x, [x.std((0, 2), keepdims=True), x.mean((0, 2), keepdims=True)], "biased", dim=[0, 2],
         unbiased=False, keepdim=True),
    case("ArgMaxD", x, x.argmax(1).astype(i32), dimension=1),
    case("ArgMinD", x, x.argmin(-1).astype(i32), dimension=-1),
    case("ArgMaxV2", [ties, ints(1, dtype=i32)], ties.argmax(1).astype(i32), "ties"),
    case("ArgMaxV2", [x, ints(0)], x.argmax(0), "int64", dtype=np.int64),
    case("ArgMin", [ties, ints(1)], ties.argmin(1).astype(i32), "ties"),
    case("ArgMaxWithValue", x, [x.argmax(2).astype(i32), x.max(2)], dimension=2),
    case("ArgMinWithValue", x, [x.argmin(1).astype(i32)[:, None], x.min(1, keepdims=True)], dimension=1,
         keep_dims=True),
    case("ArgMaxWithK", image, [image.reshape(2, 1, -1).argmax(2).astype(np.float32)[..., None],
                                image.reshape(2, 1, -1).max(2)[..., None]]),
    case("ArgMaxWithK", image, [top(image, 2, 1)[1].astype(np.float32), top(image, 2, 1)[0]], "axis", axis=1, topk=2),
    case("TopKD", x, top(x, 2, 2), k=2),
    case("TopKV2", [x, ints(3, dtype=i32)], top(x, 3, 1), dim=1),
    case("TopK", [x, ints(2, dtype=i32)], top(x, 2, 2, False), "smallest", largest=False),
    case("TopKD", ties, top(ties, 3, 1), "ties", k=3),
    case("Sort", x, top(x, 4, 1, False), axis=1),
    case("Sort", i, top(i, 5, 2), "descending", descending=True),
]  # fmt: skip


def test_reduction(suite, row):
    suite.check(row)
