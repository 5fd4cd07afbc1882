"""Element by element with one input."""

import math

import ml_dtypes
import numpy as np
from cases import ELEMENTWISE, Elementwise, case, ints, random

FLOATS = [np.float32, np.float16, ml_dtypes.bfloat16, np.float64]


def each(kind, function, types=FLOATS, low=-3, high=3, of_whole=None, **attributes):
    rows = []
    ELEMENTWISE.append(Elementwise(kind, function, 1, low, high, attributes, None, of_whole))
    for dtype in types:
        for shape in [(3, 5), (), (2, 1, 4, 3)] if dtype == np.float32 else [(3, 5)]:
            x = random(*shape, low=low, high=high, dtype=dtype)
            rows.append(case(kind, x, np.asarray(function(x.astype(np.float64))).astype(dtype), **attributes))
    return rows


def erf(x):
    return np.vectorize(math.erf, otypes=[np.float64])(x)


x = random(4, 6)
small = np.float32([1e-6, -1e-6, 1e-3, 0.4, 5, -5, 0])
halves = np.float32([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, -2.6])
i = random(3, 4, dtype=np.int32)
positive = random(3, 4, low=0.1, high=4)
m = random(2, 3, 4, low=0.5, high=2)

CASES = [
    *each("Abs", np.abs),
    *each("Acos", np.arccos, low=-0.9, high=0.9),
    *each("Acosh", np.arccosh, low=1.1),
    *each("Asin", np.arcsin, low=-0.9, high=0.9),
    *each("Asinh", np.arcsinh),
    *each("Atan", np.arctan),
    *each("Atanh", np.arctanh, low=-0.9, high=0.9),
    *each("Ceil", np.ceil),
    *each("Cos", np.cos),
    *each("Cosh", np.cosh),
    *each("Erf", erf),
    *each("Erfc", lambda x: 1 - erf(x)),
    *each("Exp", np.exp),
    *each("Expm1", np.expm1),
    *each("Floor", np.floor),
    *each("Log", np.log, low=0.2, of_whole=np.float32),
    *each("Log1p", np.log1p, low=-0.5),
    *each("Neg", np.negative),
    *each("Reciprocal", np.reciprocal, low=0.5),
    *each("Inv", np.reciprocal, low=0.5),
    *each("Rint", np.rint),
    *each("Round", np.rint),
    *each("Rsqrt", lambda x: 1 / np.sqrt(x), low=0.3),
    *each("Sign", np.sign),
    *each("Sin", np.sin),
    *each("Sinh", np.sinh),
    *each("Sqrt", np.sqrt, low=0.1),
    *each("Square", np.square),
    *each("Tan", np.tan, low=-1, high=1),
    *each("Tanh", np.tanh),
    *each("Trunc", np.trunc, [np.float32, np.float16]),
    case("Abs", i, np.abs(i)),
    case("Neg", i, -i),
    case("Square", i, i * i),
    case("Sign", i, np.sign(i)),
    case("Trunc", i, i),
    case("Exp", x, 2 ** (1 + 0.5 * x), "base2", base=2.0, scale=0.5, shift=1.0),
    case("Log", positive, np.log(1 + 2 * positive) / np.log(np.float32(10)), "base10", base=10.0, scale=2.0, shift=1.0),
    case("Expm1", small, np.expm1(small), "small", within=5e-6),
    case("Log1p", small[:5], np.log1p(small[:5]), "small", within=5e-6),
    case("Round", halves, np.rint(halves), "halves"),
    case("Rint", halves, np.rint(halves), "halves"),
    case("Round", x, np.round(x, 2), "decimals", decimals=2),
    case("ClipByValue", [x, np.float32(-1), np.float32(2)], np.clip(x, -1, 2)),
    case("ClipByValueV2", [i, np.int32(-1), np.int32(2)], np.clip(i, -1, 2)),
    case("Cumsum", [m, ints(1)], np.cumsum(m, 1)),
    case("Cumsum", [m, ints(-1, dtype=np.int32)], np.cumsum(m[..., ::-1], 2)[..., ::-1], "reverse", reverse=True),
    case("Cumsum", [m, ints(0)], np.concatenate([np.zeros_like(m[:1]), m[:1]]), "exclusive", exclusive=True),
    case("Logit", random(3, 4, low=0.1, high=0.9), np.log(random(3, 4, low=0.1, high=0.9) / (1 - random(3, 4, low=0.1, high=0.9)))),
    case("Logit", np.float32([0, 1]), np.log(np.float32([0.1 / 0.9, 0.9 / 0.1])), "eps", eps=0.1),
    case("Bucketize", np.float32([-1, 0, 0.5, 1, 7]), np.int32([0, 0, 1, 1, 2]), boundaries=[0.0, 1.0], right=True),
    case("CumsumD", m, np.cumsum(m, 1), axis=1),
    case("Cumprod", [m, ints(2)], np.cumprod(m, 2)),
    case("Cumprod", [m, ints(0)], np.cumprod(m, 0), "first"),
    case("Cumprod", [m, ints(1)], np.cumprod(m[:, ::-1], 1)[:, ::-1], "reverse", reverse=True),
    case("CumprodD", m, np.concatenate([np.ones_like(m[..., :1]), np.cumprod(m, 2)[..., :-1]], 2), "exclusive",
         axis=-1, exclusive=True),
]  # fmt: skip


def test_unary(suite, row):
    suite.check(row)
