"""Activation functions."""

import math

import ml_dtypes
import numpy as np
from cases import ELEMENTWISE, Elementwise, case, random

FLOATS = [np.float32, np.float16, ml_dtypes.bfloat16]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(x))


def softmax(x, axes):
    powers = np.exp(x - x.max(axes, keepdims=True))
    return powers / powers.sum(axes, keepdims=True)


def each(kind, function, types=FLOATS, low=-4, high=7, drawn=True, of_whole=None, **attributes):
    rows = []
    if drawn:
        ELEMENTWISE.append(Elementwise(kind, function, 1, low, high, attributes, None, of_whole))
    for dtype in types:
        for shape in [(3, 6), (2, 4, 3, 2)] if dtype == np.float32 else [(3, 6)]:
            x = random(*shape, low=low, high=high, dtype=dtype)
            rows.append(case(kind, x, function(x.astype(np.float64)).astype(dtype), **attributes))
    return rows


def fast_gelu_v2(x):
    return x * (np.sign(x) * (-0.1444 * (np.minimum(0.7071 * np.abs(x), 1.769) - 1.769) ** 2 + 0.5) + 0.5)


x = random(2, 6, 3, 2)
i = random(3, 4, dtype=np.int32, low=-9, high=9)
slopes = random(6, seed=5)

CASES = [
    *each("Relu", lambda x: np.maximum(x, 0)),
    *each("Relu6", lambda x: np.clip(x, 0, 6)),
    *each("Sigmoid", sigmoid),
    *each("BNLL", softplus),
    *each("Softplus", softplus),
    *each("SoftplusV2", lambda x: np.where(2 * x > 6, x, softplus(2 * x) / 2), beta=2.0, threshold=6.0),
    *each("Softsign", lambda x: x / (1 + np.abs(x))),
    *each("Elu", lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)), alpha=0.7),
    *each("Elu", lambda x: 2 * np.where(x > 0, x, np.expm1(x * 0.5)), [np.float32], scale=2.0, input_scale=0.5),
    *each("Selu", lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
    *each("Celu", lambda x: np.maximum(x, 0) + np.minimum(0, 1.5 * np.expm1(x / 1.5)), FLOATS[:2], alpha1=1.5, alpha2=1.5),
    *each("CeluV2", lambda x: np.maximum(x, 0) + np.minimum(0, 1.5 * np.expm1(x / 1.5)), alpha=1.5),
    *each("LeakyRelu", lambda x: np.where(x > 0, x, 0.1 * x), negative_slope=0.1),
    *each("Gelu", lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
    *each("GeluV2", lambda x: 0.5 * x * (1 + np.vectorize(math.erf, otypes=[np.float64])(x / math.sqrt(2)))),
    *each("FastGelu", lambda x: x * sigmoid(1.702 * x)),
    *each("FastGeluV2", fast_gelu_v2),
    *each("HardSigmoid", lambda x: np.clip(0.2 * x + 0.4, 0, 1), of_whole=np.float32, alpha=0.2, beta=0.4),
    *each("HardSwish", lambda x: x * np.clip(x + 3, 0, 6) / 6),
    *each("HardTanh", lambda x: np.clip(x, -0.5, 2), [np.float32], min_val=-0.5, max_val=2.0),
    *each("Swish", lambda x: x * sigmoid(1.5 * x), scale=1.5),
    *each("Mish", lambda x: x * np.tanh(softplus(x))),
    *each("LogSigmoid", lambda x: np.log(sigmoid(x))),
    *each("ThresholdedRelu", lambda x: np.where(x > 1.5, x, 0), [np.float32, np.float16], alpha=1.5),
    *each("Threshold", lambda x: (x > 0.5) * 1.0, threshold=0.5),
    *each("ThresholdV2D", lambda x: np.where(x > 0.5, x, 2), [np.float32], threshold=0.5, value=2.0),
    *each("HardShrink", lambda x: np.where(np.abs(x) > 0.8, x, 0), lambd=0.8),
    *each("SoftShrink", lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.8, 0), lambd=0.8),
    *each("Shrink", lambda x: np.where(x > 0.8, x - 0.3, np.where(x < -0.8, x + 0.3, 0)), [np.float32],
          lambd=0.8, bias=0.3),
    *each("SoftmaxV2", lambda x: softmax(x, -1), drawn=False),
    *each("SoftmaxV2", lambda x: softmax(x, (0, 1)), [np.float32], drawn=False, axes=[0, 1]),
    *each("LogSoftmaxV2", lambda x: np.log(softmax(x, 1)), drawn=False, axes=[1]),
    case("Relu", i, np.maximum(i, 0)),
    case("ReluV2", x, [np.maximum(x, 0), (x > 0).astype(np.uint8)]),
    case("PRelu", [x, slopes], np.where(x > 0, x, x * slopes[:, None, None])),
    case("PRelu", [x, np.float32([0.3])], np.where(x > 0, x, x * np.float32(0.3)), "shared"),
    case("HardMax", x, (x == x.max(1, keepdims=True)).astype(np.float32), axis=1),
    case("GLU", x, x[:, :3] * sigmoid(x[:, 3:]), dim=1),
    case("SwiGlu", x, x[:, :3] * sigmoid(x[:, :3]) * x[:, 3:], dim=1),
]  # fmt: skip


def test_activation(suite, row):
    suite.check(row)
