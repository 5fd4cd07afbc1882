"""Shapes, order of dims, types."""

import numpy as np
from cases import case, ints, random

x = random(2, 3, 4)
one = random(2, 1, 3, 1)
i = random(2, 3, low=-200, high=200, dtype=np.int32)

CASES = [
    case("Empty", ints(2, 3, dtype=np.int32), np.zeros((2, 3), np.float32), dtype=np.float32),
    case("Empty", np.int32([4]), np.zeros(4, np.int32), "run-time", init=True),
    case("Transpose", [x, ints(2, 0, 1)], x.transpose(2, 0, 1)),
    case("Transpose", [x, ints(1, 0, 2, dtype=np.int32)], x.transpose(1, 0, 2)),
    case("TransposeD", x, x.transpose(0, 2, 1), perm=[0, 2, 1]),
    case("Permute", x, x.transpose(2, 0, 1), order=[2, 0, 1]),
    case("Permute", x, x.transpose(1, 0, 2), "rest", order=[1]),
    case("Reshape", [x, ints(4, -1)], x.reshape(4, -1)),
    case("Reshape", [x, ints(0, 12)], x.reshape(2, 12), "zero"),
    case("Reshape", [x, ints(12)], x.reshape(2, 12), "axis", axis=1),
    case("Reshape", [x, ints(3, 1)], x.reshape(2, 3, 1, 4), "num-axes", axis=1, num_axes=1),
    case("Squeeze", one, one.reshape(2, 3), axis=[]),
    case("Squeeze", one, one.reshape(2, 3, 1), "axis", axis=[1]),
    case("SqueezeV2", one, one.reshape(2, 1, 3), axis=[-1]),
    case("SqueezeV3", [one, ints(1, 3)], one.reshape(2, 3)),
    case("Unsqueeze", x, x[:, None], axes=[1]),
    case("UnsqueezeV2", x, x[None, ..., None], axis=[0, 4]),
    case("UnsqueezeV3", [x, ints(-1)], x[..., None]),
    case("ExpandDims", [x, ints(1, dtype=np.int32)], x[:, None]),
    case("Flatten", x, x.reshape(2, 12)),
    case("Flatten", x, x.reshape(6, 4), "axis2", axis=2),
    case("Flatten", x, x.reshape(1, 24), "axis0", axis=0),
    case("FlattenV2", x, x.reshape(2, 12)),
    case("FlattenV2", x, x.reshape(6, 4), "front", axis=0, end_axis=1),
    case("Cast", x, x.astype(np.float16), dst_type=1),
    case("Cast", x, x.astype(np.int32), dst_type=3),
    case("Cast", i, i.astype(np.float32), dst_type=0),
    case("Cast", i, i != 0, dst_type=12),
    case("BroadcastTo", [random(3, 1), ints(2, 3, 4)], np.broadcast_to(random(3, 1), (2, 3, 4))),
    case("BroadcastToD", random(3, 1), np.broadcast_to(random(3, 1), (3, 4)), shape=[3, 4]),
    case("Expand", [random(3, 1), ints(2, 1, 4)], np.broadcast_to(random(3, 1), (2, 3, 4))),
    case("ExpandD", random(3, 1), np.broadcast_to(random(3, 1), (3, 4)), shape=[1, 4]),
    case("Fill", [ints(2, 3), np.float32(1.5)], np.full((2, 3), 1.5, np.float32)),
    case("FillD", np.float32([2.5]), np.full((2, 3), 2.5, np.float32), dims=[2, 3]),
    case("FillV2", [ints(2, 3)], np.full((2, 3), 0.5, np.float32), value=0.5),
    case("FillV2D", [], np.full((2, 3), 0.5, np.float32), value=0.5, dims=[2, 3]),
    case("ZerosLike", x, np.zeros_like(x)),
    case("OnesLike", i, np.ones_like(i)),
    case("Shape", x, np.int32([2, 3, 4])),
    case("Shape", x, np.int64([2, 3, 4]), "int64", dtype=9),
    case("ShapeN", [x, i], [np.int32([2, 3, 4]), np.int32([2, 3])]),
    case("Size", x, np.int32(24)),
    case("Rank", x, np.int32(3)),
    *[case(kind, x, x) for kind in
      ("Identity", "Dropout", "StopGradient", "PreventGradient", "Snapshot", "ReFormat")],
    case("EnsureShape", x, x, shape=[2, 3, 4]),
    case("IdentityN", [x, i], [x, i]),
    case("Copy", x, [x, x], N=2),
]  # fmt: skip


def test_shape(suite, row):
    suite.check(row)
