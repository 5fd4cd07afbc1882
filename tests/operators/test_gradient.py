"""Gradients: against slopes that differences of the function itself give, in float64."""

import math

import numpy as np
from cases import case, random

x = random(3, 4, 2, 5)
dy = random(3, 4, 2, 5, seed=1)
slopes = random(4, low=0.1, high=0.5)


def slope(function, x, step=1e-6):
    x = x.astype(np.float64)
    return (function(x + step) - function(x - step)) / (2 * step)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(x))


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def selu(x):
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))


def elu(x):
    return np.where(x > 0, x, np.expm1(x))


def through(kind, function, order="dy x", low=-3, high=3, **attributes):
    """order: which of the gradient dy, the input x and the result y the operator takes."""
    x = random(3, 4, 5, low=low, high=high)
    given = {"dy": random(3, 4, 5, seed=1), "x": x, "y": function(x.astype(np.float64)).astype(np.float32)}
    wanted = (given["dy"] * slope(function, x)).astype(np.float32)
    return case(kind, [given[name] for name in order.split()], wanted, within=1e-3, **attributes)


soft = softmax(x)
CASES = [
    through("SigmoidGrad", sigmoid, "y dy"),
    through("TanhGrad", np.tanh, "y dy"),
    through("SqrtGrad", np.sqrt, "y dy", 0.5),
    through("RsqrtGrad", lambda x: 1 / np.sqrt(x), "y dy", 0.5),
    through("ReciprocalGrad", np.reciprocal, "y dy", 0.5),
    through("InvGrad", np.reciprocal, "y dy", 0.5),
    through("AsinGrad", np.arcsin, "x dy", -0.9, 0.9),
    through("AcosGrad", np.arccos, "x dy", -0.9, 0.9),
    through("AtanGrad", np.arctan, "x dy"),
    through("AsinhGrad", np.arcsinh, "y dy"),
    through("AcoshGrad", np.arccosh, "y dy", 1.2, 3),
    through("AbsGrad", np.abs, "x dy"),
    through("ReluGrad", lambda x: np.maximum(x, 0)),
    through("Relu6Grad", lambda x: np.clip(x, 0, 6), low=-3, high=9),
    through("LeakyReluGrad", lambda x: np.where(x > 0, x, 0.2 * x), negative_slope=0.2),
    through("EluGrad", elu, "dy y"),
    through("SeluGrad", selu, "dy y"),
    through("SoftplusGrad", softplus),
    through("SoftsignGrad", lambda x: x / (1 + np.abs(x))),
    through("ThresholdGradV2D", lambda x: np.where(x > 0.5, x, 0), threshold=0.5),
    through("HardShrinkGrad", lambda x: np.where(np.abs(x) > 0.8, x, 0), lambd=0.8),
    through("SoftShrinkGrad", lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.8, 0), lambd=0.8),
    through("HardtanhGrad", lambda x: np.clip(x, -1, 1.5), "x dy", max_val=1.5),
    through("HardSigmoidGrad", lambda x: np.clip(0.3 * x + 0.5, 0, 1), alpha=0.3),
    through("HardSwishGrad", lambda x: x * np.clip(x + 3, 0, 6) / 6, low=-5, high=5),
    through("GeluGrad", gelu, "dy x y"),
    through("FastGeluGrad", lambda x: x * sigmoid(1.702 * x)),
    through("SwishGrad", lambda x: x * sigmoid(1.5 * x), "dy x y", scale=1.5),
    through("MishGrad", lambda x: x * np.tanh(softplus(x))),
    case("SoftmaxGrad", [soft, dy], soft * (dy - (soft * dy).sum(-1, keepdims=True))),
    case("LogSoftmaxGrad", [dy, np.log(soft)], dy - soft * dy.sum(-1, keepdims=True)),
    case("BiasAddGrad", x, x.sum((0, 1, 2))),
    case("BiasAddGrad", x, x.sum((0, 2, 3)), "nchw", data_format="NCHW"),
    case("PReluGrad", [dy, x, slopes], [np.where(x > 0, dy, dy * slopes[:, None, None]),
                                        (dy * np.minimum(x, 0)).sum((0, 2, 3))]),
    case("MaximumGrad", [dy, x, dy], [np.where(x >= dy, dy, 0), np.where(x >= dy, 0, dy)]),
    case("MinimumGrad", [dy, x, dy], [np.where(x <= dy, dy, 0), np.where(x <= dy, 0, dy)]),
]  # fmt: skip


def test_gradient(suite, row):
    suite.check(row)


for _row in CASES:
    _row.expected = [np.asarray(each, np.float32) for each in _row.expected]
