"""Operators with every type of their signature, on shapes that Hypothesis draws: scalars, empty tensors, odd sizes, axes from
both ends, broadcasts.

What is drawn becomes one graph with a node for each operator and type, which atc compiles once.
"""

import math

import numpy as np
import pytest
import test_activation
import test_arithmetic
import test_comparison
import test_unary
from cases import DTYPES, ELEMENTWISE, Case, case, check_all, ints, is_float, random, types_of
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

assert all((test_activation, test_arithmetic, test_comparison, test_unary))  # They fill ELEMENTWISE.


def draws(count: int):
    """The same examples on every run; without looking for smaller ones, as each costs a compilation."""
    return settings(
        max_examples=count, derandomize=True, deadline=None, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def elementwise_row(op, shapes, dtype) -> Case:
    low, high = op.low, op.high
    result = op.result or dtype
    if not is_float(dtype):
        low, high = math.ceil(low), math.floor(high)
        result = op.of_whole or result
    bounds = [(low, high)] * op.inputs
    if op.inputs == 2 and np.issubdtype(dtype, np.unsignedinteger):
        bounds[0] = (high, 2 * high)  # No difference is negative.
    inputs = [random(*shapes[k], seed=k, low=a, high=b, dtype=dtype) for k, (a, b) in enumerate(bounds)]
    wide = [each.astype(np.float64) for each in inputs] if is_float(result) else inputs
    with np.errstate(all="ignore"):
        expected = np.asarray(op.function(*wide)).astype(result)
    return case(op.type, inputs, expected, **op.attributes)


@draws(6)
@given(
    mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=6).map(
        lambda drawn: drawn.input_shapes
    )
)
@example(((), ()))
@example(((3, 1), (1, 0)))
def test_element_by_element(atc, shapes):
    check_all([elementwise_row(op, shapes, dtype) for op in ELEMENTWISE for dtype in types_of(op.type)], atc)


def parts(x: np.ndarray, axis: int, order: list[int], begin: int, end: int) -> list[Case]:
    """Rows of operators that move or choose elements. `axis` may be negative; begin and end lie in it."""
    n, rank, dims = x.shape[axis], x.ndim, list(x.shape)
    first = [0] * rank
    first[axis] = begin
    size = list(dims)
    size[axis] = end - begin
    borders = [[0, 0] for _ in dims]
    borders[axis] = [1, 2]
    repeats = [1] * rank
    repeats[axis] = 2
    some = np.arange(n)[::-2].copy()
    chosen = np.take(x, range(begin, end), axis)
    padded = np.pad(x, borders)
    twice = np.concatenate([x, x], axis)
    rows = [
        case("Transpose", [x, ints(*order)], x.transpose(order)),
        case("TransposeD", x, x.transpose(order), perm=order),
        case("Permute", x, x.transpose(order), order=order),
        case("ReverseV2", [x, ints(axis)], np.flip(x, axis)),
        case("ReverseV2D", x, np.flip(x, axis), axis=[axis]),
        case("Concat", [ints(axis), x, x], twice, N=2),
        case("ConcatD", [x, x], twice, concat_dim=axis, N=2),
        case("ConcatV2", [x, x, ints(axis)], twice, N=2),
        case("ConcatV2D", [x, x], twice, concat_dim=axis, N=2),
        case("Pack", [x, x, x], np.stack([x, x, x], axis), axis=axis, N=3),
        case("Tile", [x, ints(*repeats)], np.tile(x, repeats)),
        case("TileD", x, np.tile(x, repeats), multiples=repeats),
        case("TileWithAxis", x, np.tile(x, repeats), axis=axis, tiles=2),
        case("ExpandDims", [x, ints(axis)], np.expand_dims(x, axis)),
        case("Unsqueeze", x, np.expand_dims(x, axis), axes=[axis]),
        case("Squeeze", np.expand_dims(x, axis), x, axis=[axis]),
        case("Slice", [x, ints(*first), ints(*size)], chosen),
        case("SliceD", x, chosen, offsets=first, size=size),
        case("SliceDV2", [x, ints(*first)], chosen, size=size),
        case("StridedSliceD", x, chosen, begin=first, end=[a + b for a, b in zip(first, size, strict=True)], strides=[1] * rank),
        case("Pad", [x, ints(*np.ravel(borders))], padded),
        case("PadD", x, padded, paddings=borders),
        case("PadV3", [x, ints(*np.ravel(borders))], padded),
        case("PadV2", [x, ints(*np.ravel(borders)), np.asarray(2, x.dtype)], np.pad(x, borders, constant_values=2)),
        case("Roll", x, np.roll(x, 2, axis), shifts=[2], dims=[axis]),
        case("GatherV2", [x, some, ints(axis)], np.take(x, some, axis)),
        case("GatherV2D", [x, some.astype(np.int32)], np.take(x, some, axis), axis=axis),
        case("Flatten", x, x.reshape(int(np.prod(dims[:1])), -1) if x.size else x.reshape(dims[0], int(np.prod(dims[1:])))),
        case("Reshape", [x, ints(*dims[::-1])], x.reshape(dims[::-1])),
        case("BroadcastTo", [x, ints(2, *dims)], np.broadcast_to(x, (2, *dims))),
        case("BroadcastToD", x, np.broadcast_to(x, (2, *dims)), shape=[2, *dims]),
        case("Expand", [x, ints(2, *dims)], np.broadcast_to(x, (2, *dims))),
        case("Identity", x, x),
        case("Shape", x, np.int32(dims)),
        case("Size", x, np.int32(x.size)),
        case("Rank", x, np.int32(rank)),
        case("ZerosLike", x, np.zeros_like(x)),
        case("OnesLike", x, np.ones_like(x)),
        case("SelectV2", [random(*dims, dtype=np.bool_), x, x[::-1].copy()],
             np.where(random(*dims, dtype=np.bool_), x, x[::-1])),
    ]  # fmt: skip
    if n > 0:
        each = [np.take(x, k, axis) for k in range(n)]
        rows.append(case("Unpack", x, each, num=n, axis=axis))
        rows.append(case("SplitD", x, np.split(x, n, axis), split_dim=axis, num_split=n))
        rows.append(case("Split", [ints(axis), x], np.split(x, n, axis), num_split=n))
        sizes = [begin, n - begin]
        rows.append(
            case("SplitVD", x, np.split(x, [begin], axis), size_splits=sizes, split_dim=axis, num_split=2)
        )
        rows.append(case("SplitV", [x, ints(*sizes), ints(axis)], np.split(x, [begin], axis), num_split=2))
    if rank > 1:
        rows.append(case("Tril", x, np.tril(x, 1), diagonal=1))
        rows.append(case("Triu", x, np.triu(x, -1), diagonal=-1))
    return rows


def along_axis(x: np.ndarray, axis: int) -> list[Case]:
    """Rows of operators that bring an axis together."""
    dtype = x.dtype
    wide = x.astype(np.float64) if is_float(dtype) else x
    small = np.clip(x, 0, 2).astype(dtype)  # So that products of five fit into eight bits.
    products = small.astype(wide.dtype)
    rows = [
        case("Cumsum", [x, ints(axis)], np.cumsum(wide, axis).astype(dtype)),
        case("CumsumD", x, np.cumsum(wide, axis).astype(dtype), axis=axis),
        case("Cumprod", [small, ints(axis)], np.cumprod(products, axis).astype(dtype)),
        case("ReduceSum", [x, ints(axis)], np.sum(wide, axis).astype(dtype)),
        case("ReduceSumD", x, np.sum(wide, axis, keepdims=True).astype(dtype), axes=[axis], keep_dims=True),
        case("ReduceProd", [small, ints(axis)], np.prod(products, axis).astype(dtype)),
        case("ReduceProdD", small, np.prod(products, axis).astype(dtype), axes=[axis]),
        case("ReduceAll", [x, ints(axis)], np.all(x, axis)),
        case("ReduceAny", [x, ints(axis)], np.any(x, axis)),
        case("ReduceAllD", x, np.all(x, axis), axes=[axis]),
        case("ReduceAnyD", x, np.any(x, axis, keepdims=True), axes=[axis], keep_dims=True),
    ]
    if x.shape[axis] > 0:
        mean = np.mean(wide, axis) if is_float(dtype) else np.trunc(np.mean(x, axis, dtype=np.float64))
        order = np.argsort(-wide if is_float(dtype) else -x.astype(np.int64), axis, kind="stable")
        top = np.take(order, range(1), axis)
        rows += [
            case("ReduceMax", [x, ints(axis)], np.max(x, axis)),
            case("ReduceMaxD", x, np.max(x, axis, keepdims=True), axes=[axis], keep_dims=True),
            case("ReduceMin", [x, ints(axis)], np.min(x, axis)),
            case("ReduceMinD", x, np.min(x, axis), axes=[axis]),
            case("ReduceMean", [x, ints(axis)], mean.astype(dtype)),
            case("ReduceMeanD", x, mean.astype(dtype), axes=[axis]),
            case("ArgMaxV2", [x, ints(axis)], wide.argmax(axis).astype(np.int32)),
            case("ArgMaxD", x, wide.argmax(axis).astype(np.int32), dimension=axis),
            case("ArgMin", [x, ints(axis)], wide.argmin(axis).astype(np.int32)),
            case("ArgMinD", x, wide.argmin(axis).astype(np.int32), dimension=axis),
            case("TopKD", x, [np.take_along_axis(x, top, axis), top.astype(np.int32)], k=1, dim=axis),
            case(
                "Sort",
                x,
                [np.take_along_axis(x, order, axis), order.astype(np.int32)],
                axis=axis,
                descending=True,
            ),
        ]
        if is_float(dtype):
            rows.append(case("SoftmaxV2", x, softmax(wide, axis).astype(dtype), axes=[axis]))
            rows.append(case("LogSoftmaxV2", x, np.log(softmax(wide, axis)).astype(dtype), axes=[axis]))
    return rows


def softmax(x, axis):
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


@st.composite
def tensors(draw):
    shape = draw(array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    order = draw(st.permutations(range(len(shape))))
    begin = draw(st.integers(0, shape[axis]))
    return shape, axis, list(order), begin, draw(st.integers(begin, shape[axis]))


def drawn_operators() -> set[str]:
    """The operators that get drawn shapes of every type."""
    x = random(2, 3)
    rows = [*parts(x, 0, [0, 1], 0, 1), *along_axis(x, 0)]
    return {"Cast", *(op.type for op in ELEMENTWISE), *(row.type for row in rows)}


@pytest.mark.parametrize("rows_of", [parts, along_axis])
@draws(6)
@given(tensors())
@example(((1,), -1, [0], 0, 1))
@example(((3, 0, 2), 1, [2, 0, 1], 0, 0))
@example(((3, 0, 2), -1, [2, 0, 1], 1, 2))
def test_axes(atc, rows_of, drawn):
    shape, axis, *rest = drawn
    rows = []
    for dtype in DTYPES.values():
        x = random(*shape, dtype=dtype)
        made = rows_of(x, axis, *rest) if rows_of is parts else rows_of(x, axis)
        rows += [row for row in made if dtype in types_of(row.type)]
    check_all(rows, atc)


@draws(4)
@given(array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
@example(())
def test_cast(atc, shape):
    """Every type to every other."""
    rows = []
    for source in DTYPES.values():
        x = random(*shape, low=0, high=9, dtype=source)
        rows += [case("Cast", x, x.astype(target), dst_type=target) for target in DTYPES.values()]
    check_all(rows, atc)
