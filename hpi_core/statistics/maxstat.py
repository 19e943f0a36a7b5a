"""The maximally selected standardised statistic and its p-value: how unlikely the best of all cuts is by chance.

Sick trials are thrown over ordered bins (or over levels). At every cut the number at or below it is standardised by
its permutation mean and variance; the statistic is the largest absolute value. Its null distribution given the number
of sick trials is computed, not simulated (Koziol 1991; Hothorn and Lausen 2003; Boulesteix 2006): the cumulative
count is a path of independent binomial steps tied down at the end, and the p-value is the mass of the paths that leave
the corridor. All p-values are natural logarithms, so that they neither underflow nor round to zero.

One bar for all cuts would spend most of the allowed error near the ends of the range, where scores of neighbouring cuts
have least to do with each other. So the bar is lower in the middle and higher towards the ends (`allowances`), by what
the numbers of trials alone say: the p-value stays exact.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.distributions import log_normal_tails
from hpi_core.statistics.paths import log_exit_mass, log_exit_mass_levels, log_sum, log_tails_up

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Floats, Integers

MOST_EXACT = 2000
"""Largest number of sick (or of healthy) trials for which the path-counting p-value is computed."""

WORTH_EXACT = math.log(0.2)
"""Logarithm of the largest asymptotic p-value that may stand for a significant one."""

_TINY = math.log(1e-12)
_LARGEST_LAUSEN = 6.0
_FAR_OUT = 5.5
_FEW_TRIALS = 40
_MOST_CENTRED = 1.5
_CENTRED_SICK = 50


def cut_scores(positives: Integers, totals: Integers, least: Integers | int) -> Floats:
    """Return z at every cut after bin 0, 1, …, B-2: positive where sick trials gather at or below the cut.

    Args:
        positives: sick trials per bin, shape (…, B).
        totals: assessable trials per bin, shape (…, B).
        least: fewest trials on either side of a cut that may be chosen; other cuts are NaN; broadcasts
            against the cuts.
    """
    c = np.cumsum(totals, axis=-1, dtype=np.float64)
    a = np.cumsum(positives, axis=-1, dtype=np.float64)
    return _standardised(a[..., :-1], c[..., :-1], a[..., -1:], c[..., -1:], least)


def level_scores(positives: Integers, totals: Integers, least: int) -> Floats:
    """Return z of every level against all others, shapes as in `cut_scores`; NaN where a side is below `least`."""
    c = totals.astype(np.float64)
    a = positives.astype(np.float64)
    return _standardised(a, c, a.sum(-1, keepdims=True), c.sum(-1, keepdims=True), least)


def log_p_cuts(z: Floats, positives: Integers, totals: Integers, exact_below: float = WORTH_EXACT) -> Floats:
    """Return log p of the most telling cut of one parameter for each of several issues; 0.0 where there is no cut.

    Args:
        z: of every cut as `cut_scores` returns it, NaN where the cut may not be chosen; shape (issues, B - 1).
        positives: sick trials per bin, shape (issues, B).
        totals: assessable trials per bin, shape (issues, B).
        exact_below: log of the largest asymptotic p-value for which the exact one is computed.

    The statistic is the largest z^2 + `allowances`. A cheap asymptotic value decides whether the exact one is worth its
    time: above .2 (more than 40 trials) it is returned as it is, since the exact one is never less than two fifths of
    it and could not be significant. Exact where at most `MOST_EXACT` trials are sick (or healthy); elsewhere a sum over
    cuts after Lausen, Sauerbrei and Schumacher (1994), and far out in the tail that of exact hypergeometric tails.
    """
    n, m = totals.sum(axis=-1), positives.sum(axis=-1)
    bars = _bars(z, totals, m, n)
    log_p = _log_p_asymptotic(bars, np.cumsum(totals, axis=-1)[:, :-1] / np.maximum(n, 1)[:, None])
    tells = np.isfinite(bars).any(axis=-1) & (m > 0) & (m < n)
    for row in np.flatnonzero(tells & ((log_p <= min(exact_below, WORTH_EXACT)) | (n <= _FEW_TRIALS))).tolist():
        log_p[row] = _log_p_exact(bars[row], totals[row], int(m[row]), int(n[row]), float(log_p[row]))
    return np.where(tells, np.minimum(log_p, 0.0), 0.0)


def allowances(c: Integers, n: Integers | int, few: Integers | int) -> Floats:
    """Return what is added to z^2 of cuts below which `c` of n trials lie; 0 in the middle, negative elsewhere.

    Args:
        c: trials at or below every cut.
        n: all trials; broadcasts against `c`, as `few` does.
        few: sick trials, or healthy ones where these are fewer.

    2 a log(4 u (1 - u)) for the share u = c / n, so that a cut's part of the error goes with (u (1 - u))^a. With a = 0
    it is even over log odds of u, with 1 over the trials; beyond 1 it favours cuts that can be judged well. That is
    right where few trials are sick (a = 1.5 up to 50 of them) and only what concerns many trials can be seen; with
    more, broad causes are seen anyway, and a falls as 1 / few in favour of the narrow ones.
    """
    share = c / np.maximum(n, 1)
    exponent = _MOST_CENTRED * np.minimum(1.0, _CENTRED_SICK / np.maximum(few, 1))
    with np.errstate(divide="ignore"):
        return np.asarray(2 * exponent * np.log(4 * share * (1 - share)))


def log_p_levels(z: Floats, positives: Integers, totals: Integers) -> float:
    """Return log p of the largest z over the levels whose z is not NaN (one-sided: only a sicker level is a cause).

    Exact by convolution of truncated binomials up to `MOST_EXACT` sick or healthy trials, else the sum of exact tails.
    """
    n, m = int(totals.sum()), int(positives.sum())
    admissible = np.isfinite(z)
    if m == 0 or m == n or not admissible.any():
        return 0.0
    statistic = float(np.max(z[admissible]))
    if statistic <= 0:
        return 0.0
    _, high = _corridor(statistic, totals, m, n)
    high[~admissible] = m + 1
    union = log_sum(log_tails_up(high[admissible], totals[admissible], m, n))
    if union < _TINY or min(m, n - m) > MOST_EXACT or admissible.sum() == 1:
        return min(0.0, union)
    return min(0.0, union, log_exit_mass_levels(totals, m, high))


def log_upper_tail(sick: int, n_exposed: int, m: int, n: int) -> float:
    """Return log P(at least `sick` of the m sick trials fall among the exposed): Fisher's exact one-sided test."""
    return float(log_tails_up(np.array([sick]), np.array([n_exposed]), m, n)[0])


def _standardised(a: Floats, c: Floats, m: Floats, n: Floats, least: Integers | int) -> Floats:
    """Z = (a - c m / n) / sqrt(c (n - c) m (n - m) / (n^2 (n - 1))), the permutation moments."""
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(c * (n - c) * m * (n - m) / (n * n * (n - 1)))
        z = (a - c * m / n) / spread
    z[(c < least) | (n - c < least) | ~np.isfinite(z)] = np.nan
    return np.asarray(z)


def _bars(z: Floats, totals: Integers, m: Integers, n: Integers) -> Floats:
    """Return what |z| of every cut must reach to be as telling as the row's most telling one; infinite where NaN."""
    c = np.cumsum(totals, axis=-1)[:, :-1]
    given = allowances(c, n[:, None], np.minimum(m, n - m)[:, None])
    told = np.where(np.isfinite(z), z * z + given, -np.inf)
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.where(np.isfinite(told), np.maximum(told.max(axis=-1, keepdims=True) - given, 0.0), np.inf))


def _corridor(bars: Floats | float, c: Integers, m: int, n: int) -> tuple[Integers, Integers]:
    """Return per cut the largest count that leaves below and the smallest that leaves above (|z| >= its bar)."""
    share = c / n
    half = bars * (1 - 1e-9) * np.sqrt(c * (n - c) * (m / n) * ((n - m) / n) / max(n - 1, 1))
    low = np.floor(m * share - half).astype(np.int64)
    high = np.ceil(m * share + half).astype(np.int64)
    return low, high


def _log_p_exact(bars: Floats, totals: Integers, m: int, n: int, rough: float) -> float:
    """Return log p of one row as far as it can be had exactly, else the asymptotic value `rough`."""
    c, admissible, few = np.cumsum(totals)[:-1], np.isfinite(bars), min(m, n - m)
    low, high = _corridor(np.where(admissible, bars, 0.0), c, m, n)
    low[~admissible], high[~admissible] = -1, m + 1
    if bars.min() > _FAR_OUT:
        below = log_tails_up((m - low)[admissible], (n - c)[admissible], m, n)
        union = log_sum(np.concatenate([below, log_tails_up(high[admissible], c[admissible], m, n)]))
        if union < _TINY or few > MOST_EXACT:
            return union
    return rough if few > MOST_EXACT else log_exit_mass(totals, m, low, high)


def _log_p_asymptotic(bars: Floats, shares: Floats) -> Floats:
    """Return per row the log of the sum over cuts of the chance to reach the bar there and not at the cut before.

    The chance is that of LSS94 for neighbours with one bar, plus what a lower bar adds, at most that of the cut alone;
    the whole is at least that of one cut. Both arguments have shape (issues, cuts).
    """
    alone = log_normal_tails(bars) + math.log(2)
    most, lowest = alone.max(axis=-1), bars.min(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        single = np.exp(alone)
        left, right = shares[:, :-1], shares[:, 1:]
        t = np.sqrt(np.maximum(0.0, 1 - left * (1 - right) / ((1 - left) * right)))
        higher = np.maximum(bars[:, :-1], bars[:, 1:]) ** 2
        steps = np.exp(-higher / 2) / math.pi * (t - (higher / 4 - 1) * t**3 / 6)
        steps = np.where(steps > 0, steps + np.maximum(0.0, single[:, 1:] - single[:, :-1]), single[:, 1:])
        lausen = np.log(single[:, 0] + np.minimum(steps, single[:, 1:]).sum(axis=-1))
        bonferroni = most + np.log(np.exp(alone - most[:, None]).sum(axis=-1))
    log_p = np.where(lowest >= _LARGEST_LAUSEN, bonferroni, np.maximum(most, np.minimum(bonferroni, lausen)))
    return np.asarray(log_p, dtype=np.float64)
