"""Intervals and corrections of counts: Wilson, risk ratio, risk difference, Mantel-Haenszel, false discovery rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Floats, Integers

Z95 = 1.959963984540054


def wilson(sick: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of the rate `sick / n` (Wilson 1927); (0, 1) for n = 0."""
    if n <= 0:
        return 0.0, 1.0
    rate = sick / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    low = 0.0 if sick <= 0 else max(0.0, centre - half)
    high = 1.0 if sick >= n else min(1.0, centre + half)
    return low, high


def wilsons(sick: Integers, n: Integers, z: float = Z95) -> tuple[Floats, Floats]:
    """Return `wilson` of arrays of counts."""
    size = np.maximum(n, 1)
    rate = sick / size
    centre = (rate + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * np.sqrt(rate * (1 - rate) / size + z * z / (4 * size * size))
    low = np.where(sick <= 0, 0.0, np.maximum(0.0, centre - half))
    high = np.where(sick >= n, 1.0, np.minimum(1.0, centre + half))
    return low, high


def risk_ratio(sick: float, n: float, elsewhere_sick: float, elsewhere_n: float) -> tuple[float, float]:
    """Return log(RR) and its standard error (Katz 1978).

    A zero on either side counts (a + .5) / (n + 1) on both; the error then is that of the corrected counts.
    """
    if sick <= 0 or elsewhere_sick <= 0:
        sick, n, elsewhere_sick, elsewhere_n = sick + 0.5, n + 1, elsewhere_sick + 0.5, elsewhere_n + 1
    variance = 1 / sick - 1 / n + 1 / elsewhere_sick - 1 / elsewhere_n
    return math.log(sick / n * elsewhere_n / elsewhere_sick), math.sqrt(max(variance, 0.0))


def risk_difference(
    sick: float, n: float, elsewhere_sick: float, elsewhere_n: float, z: float = Z95
) -> tuple[float, float, float]:
    """Return the risk difference and its interval from two Wilson intervals (Newcombe 1998, method 10)."""
    low, high = wilson(sick, n, z)
    other_low, other_high = wilson(elsewhere_sick, elsewhere_n, z)
    rate, other = sick / n, elsewhere_sick / elsewhere_n
    return (
        rate - other,
        rate - other - math.hypot(rate - low, other_high - other),
        rate - other + math.hypot(high - rate, other - other_low),
    )


def mantel_haenszel(sick: Floats, n: Floats, elsewhere_sick: Floats, elsewhere_n: Floats) -> tuple[float, float] | None:
    """Return log of the Mantel-Haenszel risk ratio over strata and its standard error (Greenland and Robins 1985).

    Args:
        sick: sick exposed trials, one number per stratum.
        n: exposed trials.
        elsewhere_sick: sick unexposed trials.
        elsewhere_n: unexposed trials.

    Strata without both sides say nothing. None where no other stratum is left, or no sick trial in them. A zero
    numerator or denominator is met by half a sick trial on each side, spread over the telling strata.
    """
    telling = (n > 0) & (elsewhere_n > 0)
    if not telling.any():
        return None
    a, m, b, k = sick[telling], n[telling], elsewhere_sick[telling], elsewhere_n[telling]
    if a.sum() + b.sum() == 0:
        return None
    if a.sum() == 0 or b.sum() == 0:
        a, b = a + 0.5 / len(a), b + 0.5 / len(b)
        m, k = m + 1 / len(m), k + 1 / len(k)
    size = m + k
    upper, lower = float((a * k / size).sum()), float((b * m / size).sum())
    spread = float(((m * k * (a + b) - a * b * size) / size**2).sum())
    return math.log(upper / lower), math.sqrt(max(spread, 1e-12) / (upper * lower))


def discovery_rates(log10_p: Floats) -> tuple[Floats, Floats]:
    """Return Benjamini-Hochberg and Benjamini-Yekutieli q-values of p-values given as decimal logarithms."""
    m = len(log10_p)
    if m == 0:
        return np.empty(0), np.empty(0)
    order = np.argsort(log10_p, kind="stable")
    ranked = log10_p[order] + math.log10(m) - np.log10(np.arange(1, m + 1))
    falling = np.minimum.accumulate(ranked[::-1])[::-1]
    log_q = np.empty(m)
    log_q[order] = falling
    harmonic = math.log10(float((1 / np.arange(1, m + 1)).sum()))
    return 10.0 ** np.clip(log_q, -300, 0), 10.0 ** np.clip(log_q + harmonic, -300, 0)
