"""Variance share: how much of a result's variance the value of one parameter, or of two together, accounts for.

The result is ranked first, so that one exploded loss is one bad trial and no more. The share is epsilon squared, the
correlation ratio corrected for its bias (Kelley 1935), over bins of equal mass; on pure noise it is zero on average.
Intervals come from a jackknife over groups of trials (a bootstrap repeats trials and takes the ties for structure) and,
near zero, from the noncentral F test.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.beta import NoncentralF, beta_cdf, beta_quantile

if TYPE_CHECKING:
    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.inputs import Booleans, Floats, Integers

MOST_BINS = 16
PAIR_BINS = 6
JACKKNIFE_GROUPS = 20
_T95 = 1.729  # Student's t, 19 degrees of freedom: both tails together are a tenth


@dataclass(frozen=True)
class Share:
    """A share of variance with its 90 % interval.

    Attributes:
        score: epsilon squared, at least 0.
        low: lower end of the interval, at least 0.
        high: upper end, at most 1.
        error: jackknife standard error.
        p: the chance of so large a share where the parameter has nothing to do with the result (F test).
        noise: the score that the largest of so many parameters that do nothing stays below in 95 of 100 sweeps.
        n: trials that have a value of the parameter.
    """

    score: float
    low: float
    high: float
    error: float
    p: float
    noise: float
    n: int


def ranks(values: Floats) -> Floats:
    """Return mid-ranks scaled to lie between 0 and 1; equal values share a rank. No value may be NaN."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray((middle / max(len(values) - 1, 1))[inverse], dtype=np.float64)


def ranks_within(values: Floats, group: Integers) -> Floats:
    """Return ranks between 0 and 1 within each group, so that what only differs between groups has no part in them."""
    result = np.full(len(values), 0.5)
    for one in np.unique(group):
        own = group == one
        if own.sum() > 1:
            result[own] = ranks(values[own])
    return result


def share_codes(coding: Coding, rows: Booleans, most: int = MOST_BINS) -> tuple[Integers, Booleans]:
    """Return one small code per trial of `rows`, and which of those trials have a value.

    At most `most` bins, and eight trials to a bin at least; point masses, words and infinities keep codes of their own.
    """
    codes = coding.codes[rows].astype(np.int64)
    present = np.ones(len(codes), dtype=np.bool_) if coding.missing is None else codes != coding.missing
    binned = codes < coding.bins
    wanted = int(np.clip(binned.sum() // 8, 2, most))
    if coding.bins > wanted:
        codes = np.where(binned, codes * wanted // coding.bins, codes - coding.bins + wanted)
    return codes, present


def variance_share(codes: Integers, present: Booleans, result: Floats, parameters: int = 1) -> Share | None:
    """Return the share of the variance of `result` that the codes account for; None where nothing varies.

    Args:
        codes: small non-negative integers, one per trial.
        present: trials that have a value; a conditional parameter is judged among these, and the variance it accounts
            for is held against that of all trials.
        result: one number per trial, usually ranks.
        parameters: how many parameters are compared, for the band of noise.
    """
    whole = float(((result - result.mean()) ** 2).sum()) if len(result) else 0.0
    y, own = result[present], codes[present]
    n = len(y)
    if n < 4 or whole <= 0:
        return None
    y = y - y.mean()
    size = int(own.max()) + 1
    groups = np.random.default_rng(n).permutation(n) % JACKKNIFE_GROUPS
    place = groups * size + own
    counts = np.bincount(place, minlength=JACKKNIFE_GROUPS * size).reshape(-1, size).astype(np.float64)
    sums = np.bincount(place, weights=y, minlength=JACKKNIFE_GROUPS * size).reshape(-1, size)
    squares = np.bincount(groups, weights=y * y, minlength=JACKKNIFE_GROUPS)
    everything = epsilon_of_sums(counts.sum(0), sums.sum(0), float(squares.sum()))
    if not np.isfinite(everything):
        return None
    without = epsilon_of_sums(counts.sum(0) - counts, sums.sum(0) - sums, squares.sum() - squares)
    without = without[np.isfinite(without)]
    spread = ((without - without.mean()) ** 2).sum() * (len(without) - 1) / max(len(without), 1)
    scale = float(squares.sum()) / whole
    score, error = float(everything) * scale, float(np.sqrt(spread)) * scale
    levels = int((counts.sum(0) > 0).sum())
    low = score - _T95 * error
    if low <= 0:
        low = scale * _least_share(float(everything), levels, n)
    return Share(
        score=max(0.0, score),
        low=float(np.clip(low, 0.0, max(score, 0.0))),
        high=float(np.clip(score + _T95 * error, 0.0, 1.0)),
        error=error,
        p=_chance(float(everything), levels, n),
        noise=scale * noise_quantile(levels, n, parameters),
        n=n,
    )


def _least_share(share: float, levels: int, n: int) -> float:
    """Return the smallest share of variance under which so large a one is not rarer than 1 in 20; 0 where none is.

    By inverting the noncentral F test (Steiger and Fouladi 1997). The jackknife is too wide near 0, where epsilon
    squared depends on the trials by pairs.
    """
    between, within = levels - 1, n - levels
    if share <= 0 or between < 1:
        return 0.0
    f = 1 + share * (n - 1) / (between * (1 - share)) if share < 1 else np.inf
    if not np.isfinite(f):
        return 0.0
    low, high = 0.0, f * between
    distribution = NoncentralF(between, within, f, high)
    if distribution.cdf(0.0) < 0.95:
        return 0.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if distribution.cdf(middle) >= 0.95 else (low, middle)
    return low / (low + n)


def _chance(share: float, levels: int, n: int) -> float:
    """Return P(epsilon squared >= share) without an effect, from the beta distribution of the correlation ratio."""
    between, within = levels - 1, n - levels
    if between < 1 or within < 1:
        return 1.0
    left = min(1.0, (1 - share) * within / (n - 1))  # 1 - the correlation ratio
    return beta_cdf(within / 2, between / 2, left) if left > 0 else 0.0


def epsilon_of_sums(counts: Floats, sums: Floats, squares: Floats | float) -> Floats:
    """Return epsilon squared of codes (last axis) from their counts and sums, and the sum of squares of all trials."""
    n, total = counts.sum(-1), sums.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.where(counts > 0, sums**2 / counts, 0.0).sum(-1) - total**2 / n
        whole = squares - total**2 / n
        levels = (counts > 0).sum(-1)
        within = (whole - between) / (n - levels)
        return np.asarray(
            np.where((whole > 0) & (n > levels) & (levels > 1), (between - (levels - 1) * within) / whole, np.nan)
        )


@lru_cache(maxsize=256)
def noise_quantile(levels: int, n: int, parameters: int = 1, degrees: int | None = None) -> float:
    """Return the 95 % quantile of the largest epsilon squared of so many parameters that have nothing to do with it.

    Without an effect the correlation ratio of ranks follows a beta distribution with (levels - 1) / 2 and
    (n - levels) / 2 (Kruskal and Wallis 1952); the largest of independent ones is below x with that probability to the
    power of their number. `degrees` replaces levels - 1 where fewer are tested.
    """
    tested = levels - 1 if degrees is None else degrees
    if tested < 1 or n <= levels:
        return 0.0
    ratio = beta_quantile(tested / 2, (n - levels) / 2, 0.95 ** (1 / max(parameters, 1)))
    return max(0.0, ratio - tested * (1 - ratio) / (n - levels))


@dataclass(frozen=True)
class JointShare:
    """What two parameters account for together beyond the sum of what each does; `noise` as for `Share`."""

    score: float
    noise: float
    n: int


def joint_share(first: Integers, second: Integers, result: Floats, pairs: int = 1) -> JointShare | None:
    """Return the share of variance due to the interaction of two codes; None where too few cells are filled.

    The additive part is fitted by least squares over the filled cells, so that parameters that move together (as an
    adaptive sampler makes them) do not pass for an interaction.
    """
    n, width = len(result), int(second.max()) + 1
    cells = first * width + second
    counts = np.bincount(cells, minlength=(int(first.max()) + 1) * width).astype(np.float64)
    filled = np.flatnonzero(counts)
    y = result - result.mean()
    whole = float((y * y).sum())
    means = np.bincount(cells, weights=y, minlength=len(counts))[filled] / counts[filled]
    weights = np.sqrt(counts[filled])
    a, b = filled // width, filled % width
    design = np.concatenate([a[:, None] == np.unique(a), b[:, None] == np.unique(b)], axis=1).astype(np.float64)
    fitted, _, rank, _ = np.linalg.lstsq(design * weights[:, None], means * weights, rcond=None)
    degrees = len(filled) - int(rank)
    within_degrees = n - len(filled)
    if degrees < 1 or within_degrees < 1 or whole <= 0:
        return None
    apart = float((counts[filled] * (means - design @ fitted) ** 2).sum())
    within = (whole - float((counts[filled] * means**2).sum())) / within_degrees
    return JointShare(
        score=max(0.0, (apart - degrees * within) / whole),
        noise=noise_quantile(len(filled), n, pairs, degrees),
        n=n,
    )
