"""The beta distribution and the noncentral F distribution made of it, without a library that is slow to load."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Floats

_TINY = 1e-300
_CLOSE = 1e-15
_MOST_STEPS = 20_000


def beta_cdf(a: float, b: float, x: float) -> float:
    """Return P(X <= x) of a beta variable, the regularised incomplete beta function, for a, b > 0."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(_log_power(a, b, x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def beta_quantile(a: float, b: float, p: float) -> float:
    """Return x with P(X <= x) = p of a beta variable, for p in (0, 1): Newton's steps, halved where they overshoot."""
    low, high, x = 0.0, 1.0, a / (a + b)
    for _ in range(200):
        off = beta_cdf(a, b, x) - p
        low, high = (low, x) if off > 0 else (x, high)
        slope = math.exp(_log_power(a, b, x) - math.log(x) - math.log1p(-x)) if 0 < x < 1 else 0.0
        step = x - off / slope if slope > _TINY else low
        step = step if low < step < high else (low + high) / 2
        if abs(step - x) <= 1e-13 * x:
            return step
        x = step
    return x


class NoncentralF:
    """P(F <= f) of noncentral F variables with the same degrees of freedom at one f.

    A mixture of beta distributions with the weights of a Poisson variable (Johnson, Kotz and Balakrishnan 1995).
    """

    def __init__(self, between: float, within: float, f: float, most: float) -> None:
        """Prepare for noncentralities up to `most`."""
        a, b = between / 2, within / 2
        x = between * f / (between * f + within)
        terms = int(most / 2 + 12 * math.sqrt(most / 2) + 30)
        down = [math.exp(_log_power(a + j, b, x) - math.log(a + j)) for j in range(terms - 1)]
        self._beta = np.clip(beta_cdf(a, b, x) - np.concatenate([[0.0], np.cumsum(down)]), 0.0, 1.0)
        self._log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, terms)))])

    def cdf(self, noncentrality: float) -> float:
        """Return P(F <= f) at this noncentrality, at least 0."""
        if noncentrality <= 0:
            return float(self._beta[0])
        mean = noncentrality / 2
        weights: Floats = np.exp(np.arange(len(self._beta)) * math.log(mean) - mean - self._log_factorial)
        return float(weights @ self._beta)


def _log_power(a: float, b: float, x: float) -> float:
    """Return log(x^a (1 - x)^b / B(a, b))."""
    return math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22)."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1 / _away(1 + term * d), _away(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return value


def _away(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
