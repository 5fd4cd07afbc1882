"""How far two tensors are from each other. The second one is the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

#: Column of the result -> function of (mine, truth), both flat arrays of float64 without NaN or infinity.
METRICS = {}


def _metric(name: str):
    def keep(function):
        METRICS[name] = function
        return function

    return keep


@_metric("CosineSimilarity")
def cosine(mine: np.ndarray, truth: np.ndarray) -> float:
    a, b = float(np.linalg.norm(mine)), float(np.linalg.norm(truth))
    if a == 0 or b == 0:
        return 1.0 if a == b else 0.0
    return float(np.clip(np.dot(mine / a, truth / b), -1, 1))


@_metric("MaxAbsoluteError")
def max_absolute(mine: np.ndarray, truth: np.ndarray) -> float:
    return float(np.max(np.abs(mine - truth)))


@_metric("AccumulatedRelativeError")
def accumulated_relative(mine: np.ndarray, truth: np.ndarray) -> float:
    total = float(np.sum(np.abs(truth)))
    difference = float(np.sum(np.abs(mine - truth)))
    return difference / total if total else (0.0 if difference == 0 else math.inf)


@_metric("RelativeEuclideanDistance")
def relative_euclidean(mine: np.ndarray, truth: np.ndarray) -> float:
    total = float(np.linalg.norm(truth))
    difference = float(np.linalg.norm(mine - truth))
    return difference / total if total else (0.0 if difference == 0 else math.inf)


@_metric("KullbackLeiblerDivergence")
def kullback_leibler(mine: np.ndarray, truth: np.ndarray) -> float:
    """Of the distributions that softmax makes of the tensors."""

    def log_softmax(values: np.ndarray) -> np.ndarray:
        shifted = values - values.max()
        return shifted - np.log(np.exp(shifted).sum())

    p, q = log_softmax(truth), log_softmax(mine)
    return float(np.sum(np.exp(p) * (p - q)))


@_metric("MeanAbsoluteError")
def mean_absolute(mine: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean(np.abs(mine - truth)))


@_metric("RootMeanSquareError")
def root_mean_square(mine: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((mine - truth) ** 2)))


def _relative(mine: np.ndarray, truth: np.ndarray) -> np.ndarray:
    difference = np.abs(mine - truth)
    size = np.abs(truth)
    return np.divide(difference, size, out=np.where(difference == 0, 0.0, difference), where=size != 0)


@_metric("MaxRelativeError")
def max_relative(mine: np.ndarray, truth: np.ndarray) -> float:
    return float(np.max(_relative(mine, truth)))


@_metric("MeanRelativeError")
def mean_relative(mine: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean(_relative(mine, truth)))


def standard_deviation(mine: np.ndarray, truth: np.ndarray) -> str:
    """Mean and deviation of both, as the result table prints them."""
    return f"({mine.mean():.3f};{mine.std():.3f}),({truth.mean():.3f};{truth.std():.3f})"


@dataclass
class Comparison:
    values: dict[str, float]  #: By column; empty if the tensors cannot be compared.
    deviation: str = ""
    overflow: bool = False  #: Mine has NaN or infinities.
    reason: str = ""  #: Why there are no values, or what else is wrong.

    def differs(self, tolerance: float) -> bool:
        if self.reason:
            return True
        return not self.values["RelativeEuclideanDistance"] <= tolerance


def compare(mine: np.ndarray, truth: np.ndarray) -> Comparison:
    if mine.size != truth.size:
        return Comparison({}, reason=f"{mine.size} elements against {truth.size}")
    if mine.size == 0:
        return Comparison(dict.fromkeys(METRICS, 0.0) | {"CosineSimilarity": 1.0})
    if np.iscomplexobj(mine) or np.iscomplexobj(truth):
        mine = mine.astype(np.complex128).view(np.float64)
        truth = truth.astype(np.complex128).view(np.float64)
    with np.errstate(all="ignore"):
        a = mine.ravel().astype(np.float64)
        b = truth.ravel().astype(np.float64)
        finite = np.isfinite(a) & np.isfinite(b)
        overflow = not bool(np.isfinite(a).all())
        same = finite | (a == b) | (np.isnan(a) & np.isnan(b))
        reason = ""
        if not same.all():
            reason = f"{int((~same).sum())} elements are infinite or NaN on one side only"
        a, b = a[finite], b[finite]
        if a.size == 0:
            return Comparison(dict.fromkeys(METRICS, 0.0) | {"CosineSimilarity": 1.0}, "", overflow, reason)
        values = {name: metric(a, b) for name, metric in METRICS.items()}
        return Comparison(values, standard_deviation(a, b), overflow, reason)
