"""Element by element with two or more inputs."""

import ml_dtypes
import numpy as np
from cases import ELEMENTWISE, Elementwise, case, random

FLOATS = [np.float32, np.float16, ml_dtypes.bfloat16, np.float64]
INTEGERS = [np.int32, np.int64]
SHAPES = [((3, 4), (3, 4)), ((2, 1, 3), (4, 1)), ((), (5,)), ((1, 7), (1,)), ((3, 1), (1, 3))]


def both(kind, function, types=FLOATS + INTEGERS, low=-3, high=3, **attributes):
    ELEMENTWISE.append(Elementwise(kind, function, 2, low, high, attributes))
    rows = []
    for dtype in types:
        for first, second in SHAPES if dtype == np.float32 else SHAPES[:2]:
            a = random(*first, low=low, high=high, dtype=dtype)
            b = random(*second, seed=1, low=low, high=high, dtype=dtype)
            rows.append(case(kind, [a, b], function(a, b).astype(dtype), **attributes))
    return rows


def truncated(a, b):
    return np.trunc(a / b)


a, b, c = random(3, 5), random(3, 5, seed=1), random(3, 5, seed=2)
image, channels = random(2, 3, 4, 5), random(3)
i1, i2 = np.array([7, -7, 7, -7], np.int32), np.array([2, 2, -2, -2], np.int32)
zeros = np.array([0.0, 0, 2, -1], np.float32)
some = np.array([0.0, 2, 2, 3], np.float32)
flags = (random(4, 3, dtype=np.bool_), random(4, 3, seed=1, dtype=np.bool_))
y4, x4 = random(50, seed=3), random(50, seed=4)
y4[:4], x4[:4] = [1, -1, 0, 0], [0, 0, 1, -1]

CASES = [
    *both("Add", np.add),
    *both("AddV2", np.add),
    *both("Sub", np.subtract),
    *both("Mul", np.multiply),
    *both("Maximum", np.maximum),
    *both("Minimum", np.minimum),
    *both("SquaredDifference", lambda a, b: (a - b) ** 2),
    *both("Div", np.divide, FLOATS, 1, 3),
    *both("RealDiv", np.divide, FLOATS, 1, 3),
    *both("Pow", np.power, FLOATS, 0.5, 3),
    *both("Hypot", lambda a, b: np.sqrt(a * a + b * b), [np.float32]),
    case("Add", flags, flags[0] | flags[1], "bool"),
    case("Mul", flags, flags[0] & flags[1], "bool"),
    case("Div", [i1, i2], np.array([3, -3, -3, 3], np.int32), "towards-zero"),
    case("FloorDiv", [i1, i2], i1 // i2, "ints"),
    case("FloorDiv", [a, b], np.floor(a / b)),
    case("FloorMod", [i1, i2], np.mod(i1, i2), "ints"),
    case("FloorMod", [a, b], np.mod(a, b)),
    case("Mod", [i1, i2], np.fmod(i1, i2), "ints"),
    case("Mod", [a, b], np.fmod(a, b)),
    case("TruncateMod", [a, b], np.fmod(a, b)),
    case("TruncateDiv", [i1, i2], np.array([3, -3, -3, 3], np.int32)),
    case("TruncateDiv", [a, b], truncated(a, b)),
    case("DivNoNan", [some, zeros], np.array([0, 0, 1, -3], np.float32)),
    case("Xdivy", [zeros, some], np.array([0, 0, 1, -1 / 3], np.float32)),
    case("Xlogy", [zeros, some], np.array([0, 0, 2 * np.log(2), -np.log(3)], np.float32)),
    case("Atan2", [y4, x4], np.arctan2(y4, x4)),
    case("AddN", [a, b, c], a + b + c, N=3),
    case("AddN", [a], a, "one", N=1),
    case("AccumulateNV2", [a, b, c], a + b + c, N=3),
    case("MaxN", [a, b, c], np.maximum(np.maximum(a, b), c)),
    case("Axpy", [a, b], a + 2.5 * b, alpha=2.5),
    case("AxpyV2", [a, b, np.float32(1.5).reshape(1)], a + np.float32(1.5) * b),
    case("Addcmul", [a, b, c, np.full(1, 2, np.float32)], a + 2 * b * c),
    case("Addcdiv", [a, b, c, np.full(1, 2, np.float32)], a + 2 * b / c, within=1e-3),
    case("MulNoNan", [np.float32([np.inf, np.nan, 2]), np.float32([0, 0, 3])], np.float32([0, 0, 6])),
    case("Fills", a, np.full_like(a, 2.5), value=2.5),
    case("Adds", a, a + np.float32(0.5), value=0.5),
    case("Muls", a, a * np.float32(-1.5), value=-1.5),
    case("FusedMulAdd", [a, b, c], a * b + c),
    case("FusedMulAddN", [a, b, np.float32([2])], a * b + 2),
    case("Lerp", [a, b, c], a + c * (b - a)),
    case("Power", random(3, 4, low=1), (0.5 + 2 * random(3, 4, low=1)) ** np.float32(1.5), power=1.5, scale=2.0, shift=0.5),
    case("Power", a, a, "identity"),
    case("Eltwise", [a, b, c], a * b * c, "product", mode=0, N=3),
    case("Eltwise", [a, b], a + b, "sum", mode=1, N=2),
    case("Eltwise", [a, b], a * np.float32(0.5) - b, "weighted", mode=1, N=2, coeff=[0.5, -1.0]),
    case("Eltwise", [a, b], np.maximum(a, b), "maximum", mode=2, N=2),
    case("BiasAdd", [image, random(5)], image + random(5)),
    case("BiasAdd", [image, channels], image + channels[:, None, None], "nchw", data_format="NCHW"),
    case("Bias", [image, channels], image + channels[:, None, None]),
    case("Bias", [image, random(4, 5)], image + random(4, 5), "axis2", axis=2),
    case("Scale", [image, channels], image * channels[:, None, None]),
    case("Scale", [image, channels, random(3, seed=9)],
         image * channels[:, None, None] + random(3, seed=9)[:, None, None], "bias"),
    case("Scale", [image, random(2)], image * random(2)[:, None, None, None], "axis0", axis=0),
]  # fmt: skip


def test_arithmetic(suite, row):
    suite.check(row)
