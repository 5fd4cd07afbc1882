"""Elements that belong together: counted, summed by group, found once."""

import numpy as np
from cases import Const, case, ints, random

i32, f32 = np.int32, np.float32
x = random(4, 3)
whole = random(4, 3, dtype=i32)
groups = i32([2, 0, 2, -1])
table = random(7, 3)
indices = np.int64([1, 4, 6, 0, 2, 2])
offsets = np.int64([0, 3, 3])
weights = random(6, seed=3)
repeated = i32([3, 1, 3, -2, 1, 1])
STARTS = {np.add: 0, np.multiply: 1, np.maximum: -np.inf, np.minimum: np.inf}


def by_group(x, groups, count, join):
    start = STARTS[join]
    if np.isinf(start):
        limits = np.iinfo(x.dtype) if x.dtype == i32 else np.finfo(x.dtype)
        start = limits.min if start < 0 else limits.max
    out = np.full((count, *x.shape[groups.ndim :]), start, x.dtype)
    for at in np.ndindex(groups.shape):
        if 0 <= groups[at] < count:
            out[groups[at]] = join(out[groups[at]], x[at])
    return out


def bags(table, indices, offsets, how, weights=None):
    rows = table[indices] * (1 if weights is None else weights[:, None])
    ends = [*offsets[1:], len(indices)]
    return np.stack(
        [getattr(rows[a:b], how)(0) if b > a else 0 * table[0] for a, b in zip(offsets, ends, strict=True)]
    )


def unique(x, type=i32):
    values, places, inverse, counts = np.unique(x, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(places)
    return [values[order], np.argsort(order)[inverse].astype(type), counts[order].astype(type)]


def histogram(x, bins, low, high):
    return np.histogram(x, bins, (low, high))[0]


CASES = [
    *[case("UnsortedSegment" + name, [each, groups, ints(4)], by_group(each, groups, 4, join))
      for name, join in (("Sum", np.add), ("Prod", np.multiply), ("Max", np.maximum), ("Min", np.minimum))
      for each in (x, whole, x.astype(np.float16))],
    case("UnsortedSegmentSum", [x, i32([[0, 2, 1], [1, 1, 0], [2, 9, 2], [0, 0, 0]]), ints(3)],
         by_group(x, i32([[0, 2, 1], [1, 1, 0], [2, 9, 2], [0, 0, 0]]), 3, np.add), "elements"),
    case("UnsortedSegmentSum", [x[:0], i32([]), ints(2)], np.zeros((2, 3), f32), "empty"),
    case("UnsortedSegmentSumD", [x, groups], by_group(x, groups, 3, np.add), num_segments=3),
    case("Bincount", [repeated, Const(i32(3)), np.zeros(0, i32)],
         i32([0, 3, 0])),
    case("Bincount", [np.abs(repeated), Const(i32(5)), random(6)],
         np.bincount(np.abs(repeated), random(6), 5).astype(f32), "weights"),
    case("Histogram", x, histogram(x, 5, -2, 2).astype(f32), bins=5, min=-2.0, max=2.0),
    case("Histogram", x.astype(np.float16), histogram(x.astype(np.float16), 4, -3, 3).astype(f32), bins=4, min=-3.0, max=3.0),
    case("Histogram", whole, histogram(whole, 3, whole.min(), whole.max()).astype(i32), "own-range", bins=3),
    case("Histogram", np.full(5, 2, f32), histogram(np.full(5, 2), 4, 1, 3).astype(f32), "one-value", bins=4),
    *[case("Unique", each, unique(each)[:2]) for each in (repeated, x.ravel().round(), np.int64([5]), np.float16([2, 2]))],
    case("Unique", repeated, unique(repeated, np.int64)[:2], "int64", out_idx=np.int64),
    *[case("UniqueWithCounts", each, unique(each), out_idx=i32) for each in (repeated, np.uint8([7, 7, 0]), x.ravel())],
    case("InvertPermutation", i32([2, 0, 3, 1]), np.argsort([2, 0, 3, 1]).astype(i32)),
    case("InvertPermutation", np.int64([1, 2, 0]), np.argsort([1, 2, 0])),
    case("EmbeddingBag", [table, indices, offsets], bags(table, indices, offsets, "mean")),
    case("EmbeddingBag", [table, indices, offsets], bags(table, indices, offsets, "sum"), "sum", mode="sum"),
    case("EmbeddingBag", [table, indices, offsets, weights], bags(table, indices, offsets, "sum", weights), "weights",
         mode="sum"),
    case("EmbeddingBag", [table, indices, np.int64([0, 2, 6])], bags(table, indices, [0, 2], "sum"), "last-offset",
         mode="sum", include_last_offset=True),
    case("EmbeddingBag", [table, indices.reshape(2, 3).astype(i32)], table[indices.reshape(2, 3)].mean(1), "rows"),
    case("EmbeddingBag", [table, indices.reshape(2, 3), None, weights.reshape(2, 3)],
         (table[indices.reshape(2, 3)] * weights.reshape(2, 3, 1)).sum(1), "weighted-rows", mode="sum"),
]  # fmt: skip


def test_grouping(suite, row):
    suite.check(row)
