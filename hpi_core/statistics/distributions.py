"""Distributions in closed form: normal tail and quantile, factorials, without a library that is slow to load."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Floats, Integers

_NORMAL = NormalDist()
_FAR = 30.0
_TABLED = 1024
_LOG_FACTORIALS = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, _TABLED)))])
# Chebyshev's fit of log(erfc(x) exp(x^2) / t) in t = 1 / (1 + x / 2), the highest power first.
_ERFC = (
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
    -1.26551223,
)  # fmt: skip
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def log_normal_tail(z: float) -> float:
    """Return log P(Z > z) of a standard normal variable; beyond 30 by the asymptotic series."""
    if z <= _FAR:
        return math.log(0.5 * math.erfc(z / math.sqrt(2)))
    y = 1 / (z * z)
    return -z * z / 2 - math.log(z) - _HALF_LOG_TWO_PI + math.log1p(-y * (1 - 3 * y * (1 - 5 * y)))


def log_normal_tails(z: Floats) -> Floats:
    """Return `log_normal_tail` of every number; -inf of infinity."""
    flat = np.asarray(z, dtype=np.float64).ravel()
    near = np.minimum(flat, _FAR) / math.sqrt(2)
    tails = np.log(0.5 * np.fromiter(map(math.erfc, near.tolist()), dtype=np.float64, count=len(near)))
    far = np.flatnonzero(flat > _FAR)
    tails[far] = [log_normal_tail(x) if math.isfinite(x) else -math.inf for x in flat[far].tolist()]
    return tails.reshape(np.shape(z))


def normal_cdf(z: Floats) -> Floats:
    """Return P(Z <= z) of every number, relative error of either tail below 2e-7 (Press et al. 2007, 6.2.2)."""
    t = 1 / (1 + np.abs(z) / math.sqrt(8))
    power = np.zeros_like(t)
    for coefficient in _ERFC:
        power = power * t + coefficient
    tail = 0.5 * t * np.exp(power - z * z / 2)
    return np.asarray(np.where(z > 0, 1 - tail, tail))


def normal_quantile(p: float) -> float:
    """Return z with P(Z <= z) = p, for p in (0, 1)."""
    return _NORMAL.inv_cdf(p)


def log_factorial(k: Floats | Integers | int) -> Floats:
    """Return log(k!) of whole numbers k >= 0: a table up to 1023, Stirling's series beyond; NaN below 0."""
    k = np.asarray(k, dtype=np.float64)
    if k.size and k.max() < _TABLED and k.min() >= 0:
        return np.asarray(_LOG_FACTORIALS[k.astype(np.int64)])
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.maximum(k, 1.0)
        large = (x + 0.5) * np.log(x) - x + _HALF_LOG_TWO_PI + (1 - 1 / (30 * x * x)) / (12 * x)
        small = _LOG_FACTORIALS[np.clip(k, 0, _TABLED - 1).astype(np.int64)]
    return np.where(k >= _TABLED, large, np.where(k >= 0, small, np.nan))
