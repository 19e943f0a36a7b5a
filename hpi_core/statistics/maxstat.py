"""The maximally selected standardised statistic and its p-value: how unlikely the best of all cuts is by chance.

Sick trials are thrown over ordered bins (or over levels). At every cut the number at or below it is standardised by
its permutation mean and variance; the statistic is the largest absolute value. Its null distribution given the number
of sick trials is computed, not simulated (Koziol 1991; Hothorn and Lausen 2003; Boulesteix 2006): the cumulative
count is a path of independent binomial steps tied down at the end, and the p-value is the mass of the paths that leave
the corridor. All p-values are natural logarithms, so that they neither underflow nor round to zero.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.distributions import log_factorial, log_normal_tail

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Floats, Integers

MOST_EXACT = 2000
"""Largest number of sick (or of healthy) trials for which the path-counting p-value is computed."""

_GATE = math.log(0.2)
_TINY = math.log(1e-12)
_LARGEST_LAUSEN = 6.0
_FAR_OUT = 5.5
_FEW_TRIALS = 40


def cut_scores(positives: Integers, totals: Integers, least: int) -> Floats:
    """Return z at every cut after bin 0, 1, …, B-2: positive where sick trials gather at or below the cut.

    Args:
        positives: sick trials per bin, shape (…, B).
        totals: assessable trials per bin, shape (…, B).
        least: fewest trials on either side of a cut that may be chosen; other cuts are NaN.
    """
    c = np.cumsum(totals, axis=-1, dtype=np.float64)
    a = np.cumsum(positives, axis=-1, dtype=np.float64)
    return _standardised(a[..., :-1], c[..., :-1], a[..., -1:], c[..., -1:], least)


def level_scores(positives: Integers, totals: Integers, least: int) -> Floats:
    """Return z of every level against all others, shapes as in `cut_scores`; NaN where a side is below `least`."""
    c = totals.astype(np.float64)
    a = positives.astype(np.float64)
    return _standardised(a, c, a.sum(-1, keepdims=True), c.sum(-1, keepdims=True), least)


def log_p_cuts(z: Floats, positives: Integers, totals: Integers) -> float:
    """Return log p of max |z| over the admissible cuts of one parameter and issue; 0.0 where there is none.

    Args:
        z: of every cut as `cut_scores` returns it, NaN where the cut may not be chosen; shape (B - 1,).
        positives: sick trials per bin, shape (B,).
        totals: assessable trials per bin, shape (B,).

    A cheap asymptotic value decides whether the exact one is worth its time: above .2 (more than 40 trials) it is
    returned as it is, since the exact one is never less than two fifths of it and could not be significant. Exact
    where at most `MOST_EXACT` trials are sick (or healthy); the improved Bonferroni bound of Lausen, Sauerbrei and
    Schumacher (1994) elsewhere, and far out in the tail the sum over cuts of exact hypergeometric tails.
    """
    n, m = int(totals.sum()), int(positives.sum())
    admissible = np.isfinite(z)
    if m == 0 or m == n or not admissible.any():
        return 0.0
    statistic = float(np.max(np.abs(z[admissible])))
    c = np.cumsum(totals)[:-1]
    rough = _log_p_asymptotic(statistic, c[admissible] / n)
    few = min(m, n - m)
    if rough > _GATE and n > _FEW_TRIALS:
        return rough
    low, high = _corridor(statistic, c, m, n)
    low[~admissible], high[~admissible] = -1, m + 1
    if statistic > _FAR_OUT:
        below = _log_tails_up((m - low)[admissible], (n - c)[admissible], m, n)
        union = _log_sum(np.concatenate([below, _log_tails_up(high[admissible], c[admissible], m, n)]))
        if union < _TINY or few > MOST_EXACT:
            return min(0.0, union)
    if few > MOST_EXACT:
        return min(0.0, rough)
    return min(0.0, _log_exit_mass(totals, m, low, high))


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
    union = _log_sum(_log_tails_up(high[admissible], totals[admissible], m, n))
    if union < _TINY or min(m, n - m) > MOST_EXACT or admissible.sum() == 1:
        return min(0.0, union)
    return min(0.0, union, _log_exit_mass_levels(totals, m, high))


def log_upper_tail(sick: int, n_exposed: int, m: int, n: int) -> float:
    """Return log P(at least `sick` of the m sick trials fall among the exposed): Fisher's exact one-sided test."""
    return float(_log_tails_up(np.array([sick]), np.array([n_exposed]), m, n)[0])


def _standardised(a: Floats, c: Floats, m: Floats, n: Floats, least: int) -> Floats:
    """Z = (a - c m / n) / sqrt(c (n - c) m (n - m) / (n^2 (n - 1))), the permutation moments."""
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(c * (n - c) * m * (n - m) / (n * n * (n - 1)))
        z = (a - c * m / n) / spread
    z[(c < least) | (n - c < least) | ~np.isfinite(z)] = np.nan
    return np.asarray(z)


def _corridor(statistic: float, c: Integers, m: int, n: int) -> tuple[Integers, Integers]:
    """Return per cut the largest count that leaves below and the smallest that leaves above (|z| >= statistic)."""
    share = c / n
    half = statistic * (1 - 1e-9) * np.sqrt(c * (n - c) * (m / n) * ((n - m) / n) / max(n - 1, 1))
    low = np.floor(m * share - half).astype(np.int64)
    high = np.ceil(m * share + half).astype(np.int64)
    return low, high


def _log_p_asymptotic(statistic: float, shares: Floats) -> float:
    """max(2 Phi(-T), min(J 2 Phi(-T), LSS94)) for cuts at the given shares of all trials."""
    single = math.log(2) + log_normal_tail(statistic)
    bonferroni = single + math.log(len(shares))
    if statistic >= _LARGEST_LAUSEN or len(shares) < 2:
        return min(0.0, bonferroni)
    t = np.sqrt(np.maximum(0.0, 1 - shares[:-1] * (1 - shares[1:]) / ((1 - shares[:-1]) * shares[1:])))
    steps = np.exp(-(statistic**2) / 2) / math.pi * (t - (statistic**2 / 4 - 1) * t**3 / 6)
    lausen = math.exp(single) + float(steps.sum())
    if lausen <= 0:
        return min(0.0, bonferroni)
    return min(0.0, max(single, min(bonferroni, math.log(lausen))))


def _log_binomial(k: Floats | Integers, n: Floats | Integers | int, log_share: float, log_rest: float) -> Floats:
    """Return log of the binomial probability; -inf outside 0..n."""
    inside = (k >= 0) & (k <= n)
    held = np.where(inside, k, 0)
    out = log_factorial(n) - log_factorial(held) - log_factorial(n - held) + held * log_share + (n - held) * log_rest
    return np.where(inside, out, -np.inf)


def _log_hypergeometric(a: Integers, c: Integers, m: int, n: int) -> Floats:
    """Return log P(a of the m sick among c of the n trials); -inf outside the support."""
    inside = (a >= 0) & (a <= c) & (a <= m) & (m - a <= n - c)
    a = np.where(inside, a, np.maximum(0, m - (n - c)))
    chosen = log_factorial(c) - log_factorial(a) - log_factorial(c - a)
    rest = log_factorial(n - c) - log_factorial(m - a) - log_factorial(n - c - m + a)
    every = log_factorial(np.array([n, m, n - m]))
    out = chosen + rest - (every[0] - every[1] - every[2])
    return np.where(inside, out, -np.inf)


def _log_tails_up(high: Integers, c: Integers, m: int, n: int) -> Floats:
    """Return log P(count >= high) per cut: term by term as far as they matter, the rest bounded."""
    spread = math.sqrt(float((c * (n - c)).max()) * (m / n) * ((n - m) / n) / max(n - 1, 1))
    start = np.maximum(high, np.maximum(0, m - (n - c)))
    far = bool((start - c * (m / n) > 4 * spread).all())
    counts = start[:, None] + np.arange(min(m + 1, 60 if far else int(14 * spread) + 60))
    terms = _log_hypergeometric(counts, c[:, None], m, n)
    peak = terms.max(axis=1)
    solid = np.where(np.isfinite(peak), peak, 0.0)
    with np.errstate(divide="ignore"):
        tails = solid + np.log(np.exp(terms - solid[:, None]).sum(axis=1))
    return np.asarray(np.minimum(np.logaddexp(tails, _log_beyond(terms)), 0.0))


def _log_beyond(terms: Floats) -> Floats:
    """Bound what the cut-off terms could add: a geometric series of the last ratio (the tail is log-concave)."""
    if terms.shape[1] < 2:
        return np.full(len(terms), -np.inf)
    last, before = terms[:, -1], terms[:, -2]
    falling = np.isfinite(last) & (last < before)
    log_ratio = np.where(falling, np.subtract(last, before, where=falling, out=np.zeros(len(last))), -1.0)
    return np.where(falling, last + log_ratio - np.log(-np.expm1(log_ratio)), -np.inf)


def _log_sum(logs: Floats) -> float:
    peak = float(np.max(logs, initial=-np.inf))
    return peak if not math.isfinite(peak) else peak + math.log(float(np.exp(logs - peak).sum()))


def _log_exit_mass(totals: Integers, m: int, low: Integers, high: Integers) -> float:
    """Return log of the share of tied-down paths that touch `low` or `high` (inclusive) at some cut.

    f[a] is the probability to stand at count a after the bins so far without having left; the mass that leaves at a
    cut is multiplied by the probability to end at m from there. Exits are added up, never 1 - stays: no round-off.
    """
    n = int(totals.sum())
    log_share, log_rest = math.log(m / n), math.log1p(-m / n)
    seen = np.cumsum(totals)
    end = float(_log_binomial(np.array([m]), n, log_share, log_rest)[0])
    alive, first = np.ones(1), 0
    masses: list[Floats] = []
    to_come: list[Integers] = []
    trials_left: list[Integers] = []
    steps = {size: _step(size, m, log_share, log_rest) for size in set(totals.tolist())}
    for j in range(len(totals) - 1):
        step, start = steps[int(totals[j])]
        alive, first = np.convolve(alive, step), first + start
        alive = alive[: m - first + 1]
        at = first + np.arange(len(alive))
        out = ((at <= low[j]) | (at >= high[j])) & (alive > 0)
        masses.append(alive[out])
        to_come.append(m - at[out])
        trials_left.append(np.full(len(to_come[-1]), n - seen[j]))
        stays = np.flatnonzero((at > low[j]) & (at < high[j]))
        if len(stays) == 0:
            break
        alive, first = alive[stays[0] : stays[-1] + 1], int(at[stays[0]])
    leaving = np.log(np.concatenate(masses))
    return (
        _log_sum(leaving + _log_binomial(np.concatenate(to_come), np.concatenate(trials_left), log_share, log_rest))
        - end
    )


def _log_exit_mass_levels(totals: Integers, m: int, high: Integers) -> float:
    """Return log of the probability that some level holds at least `high` of the m sick trials."""
    n = int(totals.sum())
    log_share, log_rest = math.log(m / n), math.log1p(-m / n)
    end = float(_log_binomial(np.array([m]), n, log_share, log_rest)[0])
    alive = np.ones(1)
    left = n
    leaving: list[float] = []
    for size, limit in zip(totals, high, strict=True):
        left -= int(size)
        step = np.exp(_log_binomial(np.arange(min(int(size), m) + 1), int(size), log_share, log_rest))
        split = int(min(limit, len(step)))
        if split < len(step):
            gone = np.convolve(alive, step[split:])[: max(m - split + 1, 0)]
            at = split + np.arange(len(gone))
            some = gone > 0
            if some.any():
                rest = _log_binomial(m - at[some], left, log_share, log_rest)
                leaving.append(_log_sum(np.log(gone[some]) + rest))
        if split == 0:
            break
        alive = np.convolve(alive, step[:split])[: m + 1]
    return _log_sum(np.array(leaving)) - end if leaving else -math.inf


def _step(size: int, m: int, log_share: float, log_rest: float) -> tuple[Floats, int]:
    """Return the binomial probabilities of one bin where they are not negligible, and the count they start at."""
    top = min(size, m)
    if top > 200:
        mean = size * math.exp(log_share)
        reach = 14 * math.sqrt(mean) + 60
        start, stop = max(0, int(mean - reach)), min(top, int(mean + reach))
    else:
        start, stop = 0, top
    counts = np.arange(start, stop + 1)
    return np.exp(_log_binomial(counts, size, log_share, log_rest)), start
