"""Comparison, logic, bits, choice."""

import numpy as np
from cases import ELEMENTWISE, Elementwise, case, random

a = random(3, 4, dtype=np.int32)
b = random(3, 4, seed=1, dtype=np.int32)
x, y = random(2, 1, 3), random(4, 1, seed=1)
p, q = random(3, 4, dtype=np.bool_), random(3, 4, seed=1, dtype=np.bool_)
odd = np.float32([1, np.inf, -np.inf, np.nan, 0])
u, v = random(3, 4, low=0, high=100, dtype=np.int32), random(3, 4, seed=2, low=0, high=4, dtype=np.int32)

COMPARISONS = {
    "Equal": np.equal,
    "NotEqual": np.not_equal,
    "Greater": np.greater,
    "GreaterEqual": np.greater_equal,
    "Less": np.less,
    "LessEqual": np.less_equal,
}
LOGIC = {"LogicalAnd": np.logical_and, "LogicalOr": np.logical_or}
BITS = {"BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor}

ELEMENTWISE.extend(
    Elementwise(kind, function, 2, -3, 3, {}, np.bool_) for kind, function in (COMPARISONS | LOGIC).items()
)
ELEMENTWISE.extend(Elementwise(kind, function, 2, -9, 99, {}) for kind, function in BITS.items())
ELEMENTWISE.extend(
    [
        Elementwise("BitwiseNot", np.invert, 1, -9, 99, {}),
        Elementwise("Invert", np.invert, 1, -9, 99, {}),
        Elementwise("LogicalNot", np.logical_not, 1, 0, 1, {}),
        Elementwise("LeftShift", np.left_shift, 2, 0, 3, {}),
        Elementwise("RightShift", np.right_shift, 2, 0, 3, {}),
        *[Elementwise(f"Is{name}", getattr(np, f"is{name.lower()}"), 1, -3, 3, {}, np.bool_)
          for name in ("Finite", "Inf", "Nan", "NegInf", "PosInf")],
    ]
)  # fmt: skip

CASES = [
    *[case(kind, [a, b], function(a, b)) for kind, function in COMPARISONS.items()],
    *[case(kind, [x, y], function(x, y)) for kind, function in COMPARISONS.items()],
    *[case(kind, [x.astype(np.float16), y.astype(np.float16)], function(x.astype(np.float16), y.astype(np.float16)))
      for kind, function in COMPARISONS.items()],
    *[case(kind, [p, q], function(p, q)) for kind, function in LOGIC.items()],
    *[case(kind, [u, v], function(u, v)) for kind, function in BITS.items()],
    case("LogicalNot", p, ~p),
    case("BitwiseNot", u, ~u),
    case("Invert", u, ~u),
    case("LeftShift", [u, v], u << v),
    case("RightShift", [u, v], u >> v),
    case("IsNan", odd, np.isnan(odd)),
    case("IsInf", odd, np.isinf(odd)),
    case("IsFinite", odd, np.isfinite(odd)),
    case("IsPosInf", odd, np.isposinf(odd)),
    case("IsNegInf", odd, np.isneginf(odd)),
    case("ApproximateEqual", [np.float32([1, 2, 3]), np.float32([1.05, 2.2, 3])], np.array([True, False, True]),
         tolerance=0.1),
    case("IsClose", [np.float32([1, 2, np.nan]), np.float32([1.00001, 2.1, np.nan])], np.array([True, False, False]),
         rtol=1e-3),
    case("IsClose", [np.float32([np.inf, np.nan]), np.float32([np.inf, np.nan])], np.array([True, True]), "nan",
         equal_nan=True),
    case("TensorEqual", [a, a], np.array(True)),
    case("TensorEqual", [a, b], np.array(False), "different"),
    case("Select", [p, a, b], np.where(p, a, b)),
    case("Select", [p[:, 0], a, b], np.where(p[:, :1], a, b), "rows"),
    case("SelectV2", [p[:, :1], a, b[:1]], np.where(p[:, :1], a, b[:1])),
    case("MaskedFill", [a, p, np.int32(9)], np.where(p, 9, a).astype(np.int32)),
    *[case(kind, [a.astype(dtype), p], a[p].astype(dtype)) for kind, dtype in (
        ("MaskedSelect", np.float32), ("MaskedSelect", np.int32), ("MaskedSelectV2", np.float32),
        ("MaskedSelectV2", np.float16))],
    case("MaskedSelect", [a, p[:, :1]], a[np.broadcast_to(p[:, :1], a.shape)], "broadcast"),
    case("MaskedSelect", [a, np.zeros_like(p)], a[:0, 0], "none"),
    *[case("Where", each, np.argwhere(each)) for each in (p, a, np.float32([0, -1, np.nan, 0, 2]), np.zeros((2, 3), np.int8))],
    *[case("NonZero", each, np.argwhere(each)) for each in (p, a, np.float16([0, 3, -1]))],
    case("NonZero", a, np.stack(np.nonzero(a)).astype(np.int32), "transposed", transpose=True, dtype=np.int32),
    case("MaskedScale", [random(3, 4), p.astype(np.float32)], random(3, 4) * p * np.float32(2.5), value=2.5),
]  # fmt: skip


def test_comparison(suite, row):
    suite.check(row)
