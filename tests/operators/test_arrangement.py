"""Parts of tensors: joined, cut, chosen, repeated, padded, moved."""

import numpy as np
from cases import Const, case, ints, random

x = random(2, 3, 4)
y = random(2, 3, 4, seed=1)
i = random(2, 3, dtype=np.int32)
image = random(2, 8, 4, 6)
nhwc = random(2, 4, 6, 8)
rows = random(5, 3)
updates = random(2, 3, seed=2)
index = np.int32([3, 1])
pairs = np.int64([[0, 1], [1, 2]])
i32 = np.int32


def replaced(base, where, values, how=lambda a, b: b):
    out = base.copy()
    for at, value in zip(where, values, strict=True):
        out[tuple(np.atleast_1d(at))] = how(out[tuple(np.atleast_1d(at))], value)
    return out


def patches(x, size, y_stride, x_stride):
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))[:, ::y_stride, ::x_stride]
    return np.ascontiguousarray(windows.transpose(0, 1, 2, 4, 5, 3)).reshape(*windows.shape[:3], -1)


def depth_to_space(x, b, crd=False):
    n, c, h, w = x.shape
    if crd:
        return (
            x.reshape(n, c // b**2, b, b, h, w)
            .transpose(0, 1, 4, 2, 5, 3)
            .reshape(n, c // b**2, h * b, w * b)
        )
    return x.reshape(n, b, b, c // b**2, h, w).transpose(0, 3, 4, 1, 5, 2).reshape(n, c // b**2, h * b, w * b)


def space_to_depth(x, b):
    n, c, h, w = x.shape
    return (
        x.reshape(n, c, h // b, b, w // b, b)
        .transpose(0, 3, 5, 1, 2, 4)
        .reshape(n, c * b * b, h // b, w // b)
    )


def one_hot(x, depth, on=1.0, off=0.0):
    return np.where(x[..., None] == np.arange(depth), np.float32(on), np.float32(off))


def shuffle(x, group):
    n, c, h, w = x.shape
    return x.reshape(n, group, c // group, h, w).swapaxes(1, 2).reshape(x.shape)


def space_to_batch(x, block, pads):
    x = np.pad(x, ((0, 0), *pads, (0, 0)))
    n, h, w, c = x.shape
    y = x.reshape(n, h // block, block, w // block, block, c).transpose(2, 4, 0, 1, 3, 5)
    return y.reshape(n * block * block, h // block, w // block, c)


tiny = random(1, 4, 4, 1)

CASES = [
    *[case(kind, [x, y], np.concatenate([x, y], 1), concat_dim=1, N=2) for kind in ("ConcatD", "ConcatV2D")],
    case("ConcatD", [i, i], np.concatenate([i, i], -1), "last", concat_dim=-1, N=2),
    case("Concat", [ints(2), x, y], np.concatenate([x, y], 2), N=2),
    case("ConcatV2", [x, y, x, ints(0, dtype=i32)], np.concatenate([x, y, x], 0), N=3),
    case("Pack", [x, y], np.stack([x, y], 1), axis=1, N=2),
    case("Pack", [x, y], np.stack([x, y], -1), "last", axis=-1, N=2),
    case("Unpack", x, [x[:, k] for k in range(3)], num=3, axis=1),
    case("Split", [ints(2, dtype=i32), x], list(np.split(x, 2, 2)), num_split=2),
    case("SplitD", x, list(np.split(x, 3, 1)), split_dim=1, num_split=3),
    case("SplitV", [x, ints(1, 3), ints(2, dtype=i32)], [x[..., :1], x[..., 1:]], num_split=2),
    case("SplitVD", x, [x[:, :2], x[:, 2:]], size_splits=[2, 1], split_dim=1, num_split=2),
    case("Slice", [x, ints(0, 1, 1), ints(2, 1, -1)], x[:, 1:2, 1:]),
    case("SliceD", x, x[1:, :, 1:3], offsets=[1, 0, 1], size=[1, 3, 2]),
    case("SliceDV2", [x, ints(1, 0, 1)], x[1:, :, 1:3], size=[1, 3, 2]),
    case("StridedSlice", [x, ints(0, 2, 3), ints(2, 0, 0), ints(1, -1, -2)], x[0:2, 2:0:-1, 3:0:-2]),
    case("StridedSliceD", x, x[1, :, ::2], "shrink", begin=[1, 0, 0], end=[2, 0, 0], strides=[1, 1, 2], end_mask=6,
         begin_mask=6, shrink_axis_mask=1),
    case("StridedSliceD", x, x[..., None, 1:3], "ellipsis", begin=[0, 0, 1], end=[0, 0, 3], strides=[1, 1, 1],
         ellipsis_mask=1, new_axis_mask=2),
    case("StridedSliceV2", [x, ints(1), ints(3), ints(2)], x[..., 1:3]),
    case("StridedSliceV2", [x, ints(0, -1), ints(2, -4), ints(0, 2), ints(1, -2)], x[0:2, :, -1:-4:-2], "strides"),
    case("Gather", [rows, index], rows[index]),
    case("GatherV2", [x, index[1:], ints(1)], x[:, [1]]),
    case("GatherV2", [x, np.int32([[0, 2], [1, 1]]), ints(2)], x[..., [[0, 2], [1, 1]]], "matrix"),
    case("GatherV2D", [x, np.int32([2, 0])], x[:, [2, 0]], axis=1),
    case("GatherElements", [x, np.int64([[[0, 3, 2, -1]] * 3] * 2)],
         np.take_along_axis(x, np.int64([[[0, 3, 2, 3]] * 3] * 2), 2), dim=2),
    case("GatherD", [x, ints(1), np.int32([[[0, 2, 1, 0]]] * 2)],
         np.take_along_axis(x, np.int64([[[0, 2, 1, 0]]] * 2), 1)),
    case("GatherNd", [x, pairs], x[pairs[:, 0], pairs[:, 1]]),
    case("ScatterNd", [Const(np.int64([[1], [3], [1]])), random(3, 2), ints(4, 2)],
         np.stack([np.zeros(2, np.float32), random(3, 2)[0] + random(3, 2)[2], np.zeros(2, np.float32), random(3, 2)[1]])),
    case("ScatterUpdate", [rows, index, updates], replaced(rows, index, updates)),
    case("ScatterAdd", [rows, index, updates], replaced(rows, index, updates, np.add)),
    case("ScatterSub", [rows, index, updates], replaced(rows, index, updates, np.subtract)),
    case("ScatterMul", [rows, index, updates], replaced(rows, index, updates, np.multiply)),
    case("ScatterMax", [rows, index, updates], replaced(rows, index, updates, np.maximum)),
    case("ScatterMin", [rows, index, updates], replaced(rows, index, updates, np.minimum)),
    case("ScatterNdUpdate", [x, pairs, random(2, 4)], replaced(x, pairs, random(2, 4))),
    case("ScatterNdAdd", [x, pairs, random(2, 4)], replaced(x, pairs, random(2, 4), np.add)),
    case("ScatterNdSub", [x, pairs, random(2, 4)], replaced(x, pairs, random(2, 4), np.subtract)),
    case("TensorScatterUpdate", [x, pairs, random(2, 4)], replaced(x, pairs, random(2, 4))),
    case("TensorScatterAdd", [x, pairs, random(2, 4)], replaced(x, pairs, random(2, 4), np.add)),
    case("TensorScatterSub", [x, pairs, random(2, 4)], replaced(x, pairs, random(2, 4), np.subtract)),
    case("TensorScatterMax", [x, pairs, random(2, 4)], replaced(x, pairs, random(2, 4), np.maximum)),
    case("TensorScatterMin", [x, pairs, random(2, 4)], replaced(x, pairs, random(2, 4), np.minimum)),
    case("ScatterElements", [rows, np.int64([[4, 0, 2]]), updates[:1]],
         replaced(rows, [(4, 0), (0, 1), (2, 2)], updates[0])),
    case("ScatterElements", [rows, np.int64([[0, 0]]), updates[:1, :2]],
         replaced(replaced(rows, [(0, 0)], updates[0, :1], np.add), [(0, 0)], updates[0, 1:2], np.add), "add", axis=1,
         reduction="add"),
    case("InplaceAdd", [rows, np.int32([3, 3]), updates], replaced(rows, [3, 3], updates, np.add)),
    case("InplaceSub", [rows, index, updates], replaced(rows, index, updates, np.subtract)),
    case("ExtractImagePatches", nhwc, patches(nhwc, 3, 2, 2), ksizes=[1, 3, 3, 1], strides=[1, 2, 2, 1],
         rates=[1, 1, 1, 1], padding="VALID"),
    case("ExtractImagePatches", nhwc[:, :, :, :2].copy(), patches(np.pad(nhwc[..., :2], ((0, 0), (1, 1), (1, 1), (0, 0))), 3, 1, 1),
         "same", ksizes=[1, 3, 3, 1], strides=[1, 1, 1, 1], rates=[1, 1, 1, 1], padding="SAME"),
    case("InplaceUpdate", [rows, index, updates], replaced(rows, index, updates)),
    case("Tile", [x, ints(1, 2, 3)], np.tile(x, (1, 2, 3))),
    case("TileD", x, np.tile(x, (2, 1, 1)), multiples=[2, 1, 1]),
    case("TileWithAxis", x, np.tile(x, (1, 1, 2)), axis=-1, tiles=2),
    case("Pad", [x, ints(0, 0, 1, 0, 2, 1)], np.pad(x, ((0, 0), (1, 0), (2, 1)))),
    case("PadD", x, np.pad(x, ((0, 0), (1, 0), (2, 1))), paddings=[[0, 0], [1, 0], [2, 1]]),
    case("PadV2", [x, ints(0, 0, 1, 0, 2, 1), np.float32(1.5)],
         np.pad(x, ((0, 0), (1, 0), (2, 1)), constant_values=1.5)),
    case("PadV3", [x, ints(0, 0, 1, 0, 2, 1)], np.pad(x, ((0, 0), (1, 0), (2, 1)), "reflect"), "reflect", mode="reflect"),
    case("PadV3", [x, ints(0, 1, 2, 0, 0, 1)], np.pad(x, ((0, 0), (1, 0), (2, 1)), "edge"), "edge", mode="edge",
         paddings_contiguous=False),
    case("PadV3D", x, np.pad(x, ((0, 0), (1, 0), (2, 1)), constant_values=3), paddings=[[0, 0], [1, 0], [2, 1]],
         constant_values=3),
    case("MirrorPad", [x, ints(0, 0, 1, 1, 2, 1)], np.pad(x, ((0, 0), (1, 1), (2, 1)), "symmetric"), mode="SYMMETRIC"),
    case("OneHot", [np.int32([1, 0, 3]), ints(4), np.float32(2), np.float32(-1)],
         one_hot(np.int32([1, 0, 3]), 4, 2, -1)),
    case("OneHotD", [np.int32([[1, 0]]), np.float32(1), np.float32(0)], one_hot(np.int32([[1, 0]]), 3), depth=3),
    case("LinSpace", [np.float32(1), np.float32(3), ints(5)], np.linspace(1, 3, 5, dtype=np.float32)),
    case("Range", [Const(np.int32(1)), Const(np.int32(10)), Const(np.int32(3))], np.arange(1, 10, 3, dtype=i32)),
    case("RangeD", np.float32([1, 1.5, 2, 2.5]), np.arange(1, 3, 0.5, dtype=np.float32), start=1.0, limit=3.0, delta=0.5),
    case("RangeD", np.int32([9, 6, 3]), np.arange(9, 0, -3, dtype=i32), start=9.0, limit=0.0, delta=-3.0),
    case("RangeD", np.int32([]), np.arange(3, 3, dtype=i32), "empty", start=3.0, limit=3.0, delta=1.0),
    case("ReverseV2", [x, ints(1, 2)], x[:, ::-1, ::-1]),
    case("ReverseV2D", x, x[::-1], axis=[0]),
    case("ReverseSequence", [rows.T.copy(), np.int32([3, 1, 5])],
         np.stack([np.concatenate([row[:n][::-1], row[n:]]) for row, n in zip(rows.T, (3, 1, 5), strict=True)]), seq_dim=1),
    case("Roll", x, np.roll(x, (1, -2), (0, 2)), shifts=[1, -2], dims=[0, 2]),
    case("Roll", x, np.roll(x, 5), "flat", shifts=[5]),
    case("Tril", x, np.tril(x)),
    case("Tril", x, np.tril(x, 1), "above", diagonal=1),
    case("Triu", x, np.triu(x, -1), diagonal=-1),
    case("Eye", [], np.eye(3, 4, dtype=np.float32), num_rows=3, num_columns=4),
    case("Eye", [], np.broadcast_to(np.eye(2, dtype=i32), (3, 2, 2)), "batch", num_rows=2, batch_shape=[3], dtype=3),
    case("ShuffleChannel", image, shuffle(image, 4), group=4),
    case("DepthToSpace", image, depth_to_space(image, 2), "nchw", block_size=2, data_format="NCHW"),
    case("DepthToSpace", image, depth_to_space(image, 2, True), "crd", block_size=2, mode="CRD", data_format="NCHW"),
    case("DepthToSpace", nhwc, depth_to_space(nhwc.transpose(0, 3, 1, 2), 2).transpose(0, 2, 3, 1), block_size=2),
    case("SpaceToDepth", image, space_to_depth(image, 2), "nchw", block_size=2, data_format="NCHW"),
    case("SpaceToDepth", nhwc, space_to_depth(nhwc.transpose(0, 3, 1, 2), 2).transpose(0, 2, 3, 1), block_size=2),
    case("SpaceToBatchND", [tiny, ints(2, 2), ints(0, 0, 2, 0)], space_to_batch(tiny, 2, ((0, 0), (2, 0)))),
    case("SpaceToBatchNDD", tiny, space_to_batch(tiny, 2, ((0, 0), (2, 0))), block_shape=[2, 2], paddings=[0, 0, 2, 0]),
    case("BatchToSpaceND", [space_to_batch(tiny, 2, ((0, 0), (2, 0))), ints(2, 2), ints(0, 0, 2, 0)], tiny),
    case("BatchToSpaceNDD", space_to_batch(tiny, 2, ((0, 0), (2, 0))), tiny, block_shape=[2, 2], crops=[0, 0, 2, 0]),
    case("Crop", [image, random(2, 8, 2, 3)], image[:, :, 1:3, 2:5], axis=2, offsets=[1, 2]),
    case("PassThrough", image, space_to_depth(image, 2), stride=2),
    case("PassThrough", image, depth_to_space(image, 2), "reverse", stride=2, reverse=True),
]  # fmt: skip


def test_arrangement(suite, row):
    suite.check(row)
