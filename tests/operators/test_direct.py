"""Single operators that run without the engine, on what models rarely have: NaN and infinities, empty tensors, sizes that
workers share. Each is compiled and run alone.
"""

import numpy as np
from cases import Case, Const, case, compare, ints, random
from single import run_single

odd = random(5, 37)
odd[0, 3], odd[1, 36], odd[2, 0], odd[3] = np.nan, np.inf, -np.inf, -np.inf
large = random(301, 2003)
cube = random(3, 130, 65)
a, b = random(200, 300), random(300, 190)
stack, factors = random(3, 1, 9, 20), random(4, 20, 5)


def softmax(x, axis):
    with np.errstate(invalid="ignore"):
        powers = np.exp(x - x.max(axis, keepdims=True))
        return powers / powers.sum(axis, keepdims=True)


def log_softmax(x, axis):
    x = x - x.max(axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


def empty(*shape):
    return np.empty(shape, np.float32)


with np.errstate(invalid="ignore"):
    CASES = [
        *[case("SoftmaxV2", x, softmax(x, axis), axes=[axis]) for x in (odd, large, cube) for axis in (0, 1, -1)],
        *[case("LogSoftmaxV2", x, log_softmax(x, axis), axes=[axis]) for x in (large, cube) for axis in (0, 1, -1)],
        case("ReduceMaxD", odd, odd.max(1), axes=[1]),
        case("ReduceMinD", odd, odd.min(0), axes=[0]),
        case("ReduceSumD", odd, odd.sum(1), axes=[1]),
        case("ReduceMeanD", odd, odd.mean(-2, keepdims=True), axes=[-2], keep_dims=True),
        case("MatMul", [odd, random(37, 4)], odd @ random(37, 4), "nan"),
        *[
            case("ReduceSumD", cube, cube.sum(tuple(axes), dtype=np.float64).astype(np.float32), "large", axes=axes)
            for axes in ([0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2], [-1, -3])
        ],
        case("ReduceProdD", empty(3, 0), np.ones(3, np.float32), axes=[1]),
        case("ReduceSumD", empty(0, 3), empty(0), axes=[1]),
        case("MatMul", [empty(3, 0), empty(0, 2)], np.zeros((3, 2), np.float32)),
        case("MatMul", [empty(0, 4), random(4, 2)], empty(0, 2)),
        case("MatMul", [a, b], a @ b, "large"),
        case("MatMul", [a.T.copy(), b.T.copy()], a @ b, "large", transpose_x1=True, transpose_x2=True),
        case("MatMul", [a[:2], b], a[:2] @ b, "few rows"),
        case("BatchMatMulV2", [stack, factors], stack @ factors, "broadcast"),
        case("BatchMatMulV2", [stack, factors[0]], stack @ factors[0], "one matrix"),
        case("BatchMatMulV2", [stack[:, 0].swapaxes(1, 2).copy(), factors[0]], stack[:, 0] @ factors[0], "one matrix", adj_x1=True),
        case("TransposeD", large, large.T, perm=[1, 0]),
        *[
            case("TransposeD", cube.astype(dtype), cube.astype(dtype).transpose(perm), perm=perm)
            for perm in ([2, 0, 1], [1, 0, 2], [2, 1, 0])
            for dtype in (np.float32, np.float16, np.int8, np.int64)
        ],
        case("TransposeD", empty(2, 0, 3), empty(3, 2, 0), perm=[2, 0, 1]),
        case("ConcatD", [large, large[:, :7], large[:, :0]], np.concatenate([large, large[:, :7]], 1), concat_dim=-1, N=3),
        case("SplitVD", large, np.split(large, [5, 5], 0), size_splits=[5, 0, 296], split_dim=0, num_split=3),
        case("GatherV2", [large, np.int64([-1, 0, 300]), ints(0)], large[[-1, 0, 300]]),
        case("GatherV2", [large, np.int32([[2002, -2], [0, 1]]), ints(1)], large[:, [[2002, -2], [0, 1]]]),
        case("StridedSliceD", cube, cube[2:0:-1, 5::3, 7], begin=[2, 5, 7], end=[0, 0, 8], strides=[-1, 3, 1],
             end_mask=2, shrink_axis_mask=4),
        case("ReverseV2D", cube, cube[:, ::-1, ::-1], axis=[1, -1]),
        case("PadD", large, np.pad(large, [[1, 0], [0, 3]]), paddings=[[1, 0], [0, 3]]),
        *[
            case("PadV3", [cube, ints(0, 0, 2, 1, 0, 4)], np.pad(cube, [[0, 0], [2, 1], [0, 4]], mode), mode, mode=mode)
            for mode in ("reflect", "symmetric", "edge")
        ],
        case("Roll", cube, np.roll(cube, (200, -3), (1, 2)), shifts=[200, -3], dims=[1, 2]),
    ]  # fmt: skip


def test_direct(row: Case) -> None:
    compare(row, run_single(row.type, row.inputs, Const, row.expected, row.attributes))
