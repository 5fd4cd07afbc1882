"""Normalisation by means, variances and norms."""

import numpy as np
from cases import Laid, case, ints, random

x = random(2, 6, 4, 5)
nhwc = Laid(np.ascontiguousarray(x.transpose(0, 2, 3, 1)), "NHWC")
gamma, beta, mean = random(6), random(6, seed=1), random(6, seed=2)
variance = random(6, low=0.5, high=2)
rows = random(3, 4, 8)
g8, b8 = random(8), random(8, seed=1)


def along(v):
    return v[:, None, None]


def normalise(x, axes, eps):
    m, v = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - m) / np.sqrt(v + eps), m, v


def layer(eps=1e-7):
    return normalise(rows, -1, eps)


def group(x, groups, eps):
    n = x.shape[0]
    y, m, v = normalise(x.reshape(n, groups, -1), 2, eps)
    return y.reshape(x.shape), m.reshape(n, groups), v.reshape(n, groups)


def silu(x):
    return x / (1 + np.exp(-x))


def lrn(x, radius, bias, alpha, beta):
    square = np.pad(x**2, ((0, 0), (radius, radius), (0, 0), (0, 0)))
    window = np.lib.stride_tricks.sliding_window_view(square, 2 * radius + 1, 1).sum(-1)
    return x / (bias + alpha * window) ** beta


def rms(x, gamma, eps):
    inverse = 1 / np.sqrt((x**2).mean(-1, keepdims=True) + eps)
    return x * inverse * gamma, inverse


plain = (x - along(mean)) / np.sqrt(along(variance) + np.float32(1e-5))
y_layer, m_layer, v_layer = layer()
y_group, m_group, v_group = group(x, 3, 1e-4)
y_silu = group(x, 3, 1e-5)[0]
y_inst, m_inst, v_inst = normalise(x, (2, 3), 1e-6)
y_batch, m_batch, v_batch = normalise(x, (0, 2, 3), 1e-4)
ones = np.float32([0.5])
spatial = x / np.sqrt((x**2).sum((1, 2, 3), keepdims=True) + 1e-10)

CASES = [
    case("BNInfer", [x, gamma, beta, mean, variance], plain * along(gamma) + along(beta), epsilon=1e-5),
    case("BNInference", [x, mean, variance, np.float32([1])], plain),
    case("BNInference", [x, mean * 2, variance * 2, np.float32([2]), gamma, beta], plain * along(gamma) + along(beta), "factor"),
    case("BNInference", [x, mean, variance, np.float32([0])], x / np.sqrt(np.float32(1e-5)), "zero-factor", within=1e-3),
    case("BNInferenceD", [x, mean, variance, gamma, beta], plain * along(gamma) + along(beta)),
    case("BatchNorm", [Laid(x, "NCHW"), gamma, beta, mean, variance], plain * along(gamma) + along(beta), epsilon=1e-5,
         is_training=False, data_format="NCHW"),
    case("BatchNorm", [nhwc, gamma, beta, mean, variance], (plain * along(gamma) + along(beta)).transpose(0, 2, 3, 1), "nhwc",
         epsilon=1e-5, is_training=False, data_format="NHWC"),
    case("BatchNorm", [Laid(x, "NCHW"), gamma, beta],
         [y_batch * along(gamma) + along(beta), m_batch.ravel(), v_batch.ravel()], "training", data_format="NCHW"),
    case("LayerNorm", [rows, g8, b8], [y_layer * g8 + b8, m_layer, v_layer], begin_norm_axis=-1, begin_params_axis=-1),
    case("LayerNormV3", [rows, g8, b8], [layer(1e-5)[0] * g8 + b8, m_layer, 1 / np.sqrt(v_layer + 1e-5)],
         begin_norm_axis=2, begin_params_axis=2),
    case("LayerNormV4", [rows, ints(8), g8, b8], [layer(1e-5)[0] * g8 + b8, m_layer, 1 / np.sqrt(v_layer + 1e-5)]),
    case("LayerNormV4", [rows, ints(8)], [layer(1e-5)[0]], "bare"),
    case("AddLayerNorm", [rows, rows * 2, g8, b8],
         [normalise(rows * 3, -1, 1e-5)[0] * g8 + b8, m_layer * 3, 1 / np.sqrt(v_layer * 9 + 1e-5), rows * 3]),
    case("RmsNorm", [rows, g8], list(rms(rows, g8, 1e-6))),
    case("AddRmsNorm", [rows, rows * 2, g8], [*rms(rows * 3, g8, 1e-6), rows * 3]),
    case("GroupNorm", [Laid(x, "NCHW"), gamma, beta], [y_group * along(gamma) + along(beta), m_group, v_group],
         num_groups=3, data_format="NCHW"),
    case("GroupNorm", [nhwc, gamma, beta], [(y_group * along(gamma) + along(beta)).transpose(0, 2, 3, 1), m_group, v_group],
         "nhwc", num_groups=3, data_format="NHWC"),
    case("BNTrainingReduce", x, [x.sum((0, 2, 3)), (x**2).sum((0, 2, 3))]),
    case("GroupNormSilu", [x, gamma, beta], [silu(y_silu * along(gamma) + along(beta)), m_group, 1 / np.sqrt(v_group + 1e-5)],
         num_groups=3),
    case("InstanceNorm", [Laid(x, "NCHW"), gamma, beta], [y_inst * along(gamma) + along(beta), m_inst, v_inst],
         data_format="NCHW"),
    case("LRN", x, lrn(x, 2, 1, 0.5, 0.75), depth_radius=2, alpha=0.5, beta=0.75),
    case("LRN", x, lrn(x, 1, 2, 0.1, 0.5), "bias", depth_radius=1, bias=2.0, alpha=0.1),
    case("MVN", x, normalise(x, (2, 3), 0)[0], within=1e-3),
    case("MVN", x, normalise(x, (1, 2, 3), 0)[0], "across", across_channels=True, within=1e-3),
    case("MVN", x, x - x.mean((2, 3), keepdims=True), "mean", normalize_variance=False),
    case("MVNV2", x, normalise(x, (0, 2, 3), 0)[0], within=1e-3),
    case("Normalize", [x, ones], spatial * 0.5),
    case("Normalize", [x, gamma], x / np.sqrt((x**2).sum(1, keepdims=True) + 1e-10) * along(gamma), "channels",
         across_spatial=False, channel_shared=False),
    case("LpNorm", x, np.sqrt((x**2).sum((2, 3))), axes=[2, 3]),
    case("LpNorm", x, np.abs(x).sum(1, keepdims=True), "p1", p=1, axes=[1], keepdim=True),
    case("LpNorm", x, (np.abs(x) ** 3).sum(1) ** (1 / 3), "p3", p=3, axes=[1]),
    case("LpNormV2", x, (np.abs(x) ** 1.5).sum(-1) ** (1 / 1.5), p=1.5, axes=[-1], within=1e-3),
    case("L2Normalize", x, x / np.sqrt((x**2).sum(1, keepdims=True)), axis=[1]),
]  # fmt: skip


def test_normalisation(suite, row):
    suite.check(row)


for _row in CASES:
    _row.expected = [np.asarray(each, np.float32) for each in _row.expected]
