"""Losses, and steps of optimizers."""

import numpy as np
from cases import case, random

predict, label, dout = random(4, 5), random(4, 5, seed=1), random(4, 5, seed=2)
chance, truth = random(4, 5, low=0.1, high=0.9), random(4, 5, seed=1, low=0.05, high=0.95)
difference = predict - label
labels = np.int32([1, 0, 4, 2])


def scalar(value):
    return np.float32(value)


def smooth(d, sigma):
    return np.where(np.abs(d) < sigma, 0.5 * d * d / sigma, np.abs(d) - 0.5 * sigma)


def cross_entropy(x, z):
    return np.maximum(x, 0) - x * z + np.log1p(np.exp(-np.abs(x)))


def log_softmax(x):
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def softmax_loss(x, z):
    log = log_softmax(x)
    return [-(z * log).sum(-1), np.exp(log) - z]


var, accum, grad = random(6), random(6, seed=1, low=0.5, high=2), random(6, seed=2)
moment = 0.9 * accum + grad
square = accum + grad**2
ms = accum + (grad**2 - accum) * 0.1
mom = 0.8 * accum + 0.1 * grad / np.sqrt(ms + 1e-3)
m, v = 0.9 * var + 0.1 * grad, 0.99 * accum + 0.01 * grad**2
rate = 0.1 * np.sqrt(1 - 0.98) / (1 - 0.81)

CASES = [
    case("L2Loss", predict, (predict**2).sum() / 2),
    case("LpLoss", [predict, label], np.abs(difference).mean(), p=1),
    case("MseLoss", [predict, label], (difference**2).mean()),
    case("MseLoss", [predict, label], difference**2, "none", reduction="none"),
    case("MseLossGrad", [predict, label, dout], 2 * difference * dout / 20),
    case("MseLossGrad", [predict, label, dout], 2 * difference * dout, "sum", reduction="sum"),
    case("L1LossGrad", [dout, predict, label], np.sign(difference) * dout / 20),
    case("SmoothL1Loss", [predict, label], smooth(difference, 1.5), sigma=1.5),
    case("SmoothL1LossV2", [predict, label], smooth(difference, 1).sum(), reduction="sum"),
    case("SmoothL1LossGrad", [predict, label, dout], np.clip(difference / 1.5, -1, 1) * dout, sigma=1.5),
    case("SigmoidCrossEntropyWithLogits", [predict, truth], cross_entropy(predict, truth)),
    case("SigmoidCrossEntropyWithLogitsV2", [predict, truth], cross_entropy(predict, truth).mean()),
    case("SigmoidCrossEntropyWithLogitsV2", [predict, truth, chance], cross_entropy(predict, truth) * chance, "weighted",
         reduction="none"),
    case("SigmoidCrossEntropyWithLogitsGrad", [predict, truth, dout], (1 / (1 + np.exp(-predict)) - truth) * dout),
    case("SoftmaxCrossEntropyWithLogits", [predict, truth], softmax_loss(predict, truth)),
    case("SparseSoftmaxCrossEntropyWithLogits", [predict, labels], softmax_loss(predict, np.eye(5)[labels])),
    case("BinaryCrossEntropy", [chance, truth], -(truth * np.log(chance) + (1 - truth) * np.log(1 - chance)).mean()),
    case("KLDiv", [predict, truth], (truth * (np.log(truth) - predict)).sum() / 4, reduction="batchmean"),
    case("ApplyGradientDescent", [var, scalar(0.1), grad], var - 0.1 * grad),
    case("ApplyMomentum", [var, accum, scalar(0.1), grad, scalar(0.9)], [var - 0.1 * moment, moment]),
    case("ApplyMomentum", [var, accum, scalar(0.1), grad, scalar(0.9)], [var - 0.1 * (grad + 0.9 * moment), moment], "nesterov",
         use_nesterov=True),
    case("ApplyAdagrad", [var, accum, scalar(0.1), grad], [var - 0.1 * grad / np.sqrt(square), square]),
    case("ApplyRMSProp", [var, accum, accum, scalar(0.1), scalar(0.9), scalar(0.8), scalar(1e-3), grad], [var - mom, ms, mom]),
    case("ApplyAdam", [var, var, accum, scalar(0.81), scalar(0.98), scalar(0.1), scalar(0.9), scalar(0.99), scalar(1e-3), grad],
         [var - rate * m / (np.sqrt(v) + 1e-3), m, v]),
]  # fmt: skip


def test_training(suite, row):
    suite.check(row)


for _row in CASES:
    _row.expected = [np.asarray(each, np.float32) for each in _row.expected]
