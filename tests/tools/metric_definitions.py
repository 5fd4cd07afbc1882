"""The columns of msaccucmp's table, each written down a second time from its definition."""

import math

import numpy as np


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values.ravel())
    return powers / powers.sum()


TRUTHS = {
    "CosineSimilarity": lambda a, b: float((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum())),
    "MaxAbsoluteError": lambda a, b: float(abs(a - b).max()),
    "AccumulatedRelativeError": lambda a, b: float(abs(a - b).sum() / abs(b).sum()),
    "RelativeEuclideanDistance": lambda a, b: math.sqrt(((a - b) ** 2).sum() / (b**2).sum()),
    "KullbackLeiblerDivergence": lambda a, b: float((softmax(b) * np.log(softmax(b) / softmax(a))).sum()),
    "MeanAbsoluteError": lambda a, b: float(abs(a - b).mean()),
    "RootMeanSquareError": lambda a, b: math.sqrt(((a - b) ** 2).mean()),
    "MaxRelativeError": lambda a, b: float((abs(a - b) / abs(b)).max()),
    "MeanRelativeError": lambda a, b: float((abs(a - b) / abs(b)).mean()),
}
