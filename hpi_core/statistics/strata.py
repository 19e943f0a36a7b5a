"""Strata: testing a parameter within groups of trials, so that what the groups share is not blamed on it.

The groups are stretches of trial order when the sampler drifted, or the two sides of another cause. The statistic of a
split is sum_s(a_s - E_s) / sqrt(sum_s V_s) over the strata; its null distribution comes from drawing the sick trials of
every stratum anew from its bins (multivariate hypergeometric), whose cost does not depend on the number of trials.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.distributions import log_normal_tail
from hpi_core.statistics.maxstat import allowances
from hpi_core.statistics.screening import Screened, Split, best_cut, coarse_groups, least_side, level_codes, level_split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.inputs import Codes, Floats, Integers, Issue, Parameter

_BATCHES = (400, 2000, 8000)
_ENOUGH = 25
_CLEAR = math.log(1e-8)
_SAMPLE = 20_000
_LEAST_TRIALS = 40


def screen_in_strata(coding: Coding, positives: Integers, totals: Integers, rng: np.random.Generator) -> Screened:
    """Return the stratified p-value and best split (a cut or a level) of one parameter for one issue.

    Args:
        coding: what the codes mean.
        positives: sick trials, shape (strata, coding.size).
        totals: assessable trials, shape (strata, coding.size).
        rng: draws for the null distribution.

    The p-value is counted from draws until enough of them reach the statistic; where none would, the Bonferroni normal
    tail stands in.
    """
    n = int(totals.sum())
    group = _coarse(coding)
    positives, totals = _informative(positives, totals)
    small, small_totals = _merge(positives, group), _merge(totals, group)
    b = int(group[coding.bins - 1]) + 1 if coding.bins else 0
    observed = _scores(small, small_totals, b, least_side(n))
    strongest = np.nanmax(np.append(observed, np.nan)) if np.isfinite(observed).any() else 0.0
    if strongest <= 0:
        return Screened(0.0, None)
    split = _split(coding, positives, totals)
    bonferroni = log_normal_tail(float(strongest)) + math.log(2 * int(np.isfinite(observed).sum()))
    if bonferroni < _CLEAR:
        return Screened(bonferroni, split)
    reached = drawn = 0
    for batch in _BATCHES:
        reached += _reach(small, small_totals, b, least_side(n), float(strongest), batch, rng)
        drawn += batch
        if reached >= _ENOUGH:
            break
    log_p = math.log((reached + 1) / (drawn + 1))
    return Screened(min(0.0, log_p if reached else min(log_p, bonferroni)), split)


def drifting(parameters: Sequence[Parameter], order: Floats | None) -> list[str]:
    """Return the numeric parameters whose values drift with trial order as an adaptive sampler's do.

    |Spearman| > .2 with p < .01 (|rho| sqrt(n - 1) > 2.58). A column that was enumerated (a grid's outer loop, a sorted
    file) also changes with order, but by runs: there, order is the parameter and stratifying by it would hide causes.
    """
    found = []
    for parameter in parameters:
        if parameter.kind == "categorical" or parameter.environment:
            continue
        n = len(parameter.values)
        step = max(1, n // _SAMPLE)
        rows = np.arange(0, n, step) if order is None else np.argsort(order, kind="stable")[::step]
        values = np.asarray(parameter.values, dtype=np.float64)[rows]
        values = values[~parameter.missing[rows] & np.isfinite(values)]
        if len(values) >= _LEAST_TRIALS and _drifts(values) and not _enumerated(values):
            found.append(parameter.name)
    return found


def stretches(n: int) -> int:
    """Number of stretches of trial order: fifty trials each, 4 to 12 of them (a sampler drifts most early on)."""
    return int(np.clip(n // 50, 4, 12))


def stretch_of_order(n: int, order: Floats | None) -> Codes:
    """Return the stretch of trial order of every trial; without `order` the trials stand in order."""
    place = np.arange(n) if order is None else np.argsort(np.argsort(order, kind="stable"), kind="stable")
    return (place * stretches(n) // max(n, 1)).astype(np.uint8)


def sorted_by(issue: Issue, strata: Codes, order: Floats | None) -> bool:
    """Return whether the file is sorted by the outcome: far fewer changes from row to row than local rates make."""
    rows = np.arange(len(strata)) if order is None else np.argsort(order, kind="stable")
    rows = rows[issue.assessable[rows]]
    sick = issue.sick[rows]
    expected = 0.0
    for stratum in range(stretches(len(strata))):
        own = sick[strata[rows] == stratum]
        if len(own):
            expected += 2 * own.mean() * (1 - own.mean()) * len(own)
    return bool(expected > 4 and np.count_nonzero(sick[1:] != sick[:-1]) < 0.35 * expected)


def _drifts(values: Floats) -> bool:
    ranks = np.unique(values, return_inverse=True)[1].astype(np.float64)
    _, inverse, counts = np.unique(ranks, return_inverse=True, return_counts=True)
    mid = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    if mid.std() == 0:
        return False
    rho = float(np.corrcoef(mid, np.arange(len(mid)))[0, 1])
    return abs(rho) > 0.2 and abs(rho) * math.sqrt(len(mid) - 1) > 2.58


def _enumerated(values: Floats) -> bool:
    """A random sequence turns at two of three inner points and rarely repeats its last value more often than chance."""
    steps = np.sign(np.diff(values))
    moving = steps[steps != 0]
    _, counts = np.unique(values, return_counts=True)
    changes = (len(values) - 1) * (1 - float(((counts / len(values)) ** 2).sum()))
    if len(moving) < 0.5 * changes or len(moving) < 3:
        return True
    return bool(np.count_nonzero(moving[1:] != moving[:-1]) < 0.45 * len(moving))


def _informative(positives: Integers, totals: Integers) -> tuple[Integers, Integers]:
    """Put the strata whose trials are all sick or all healthy into one: they add nothing but the number of trials."""
    m, n = positives.sum(axis=1), totals.sum(axis=1)
    tells = (m > 0) & (m < n)
    rest = totals[~tells].sum(axis=0, keepdims=True)
    return np.concatenate([positives[tells], np.zeros_like(rest)]), np.concatenate([totals[tells], rest])


def _coarse(coding: Coding) -> Integers:
    """Return the place of every code in a table of at most sixteen bins and the levels."""
    group = coarse_groups(coding.bins)
    start = int(group[-1]) + 1 if coding.bins else 0
    return np.concatenate([group, start + np.arange(coding.size - coding.bins)])


def _merge(counts: Integers, group: Integers) -> Integers:
    merged = np.zeros((len(counts), int(group[-1]) + 1), dtype=np.int64)
    for stratum, row in enumerate(counts):
        merged[stratum] = np.bincount(group, weights=row, minlength=merged.shape[1])
    return merged


def _scores(positives: Integers, totals: Integers, b: int, least: int) -> Floats:
    """Return the scores of all cuts and levels, shape (…, b - 1 + levels); `positives` (…, strata, codes).

    Of levels z, of cuts the root of z^2 and what is allowed: at most |z|.
    """
    z = _cut_scores(positives[..., :b], totals[:, :b], least)
    cuts = np.sqrt(np.maximum(z * z + _allowances(positives, totals, b), 0.0))
    levels = _stratified(positives.sum(-2), positives.sum(-1), totals, totals.sum(-1), 5)[..., b:]
    return np.concatenate([cuts, levels], axis=-1)


def _allowances(positives: Integers, totals: Integers, b: int) -> Floats:
    """Return `maxstat.allowances` of all cuts; they follow from margins alone, so all draws share them."""
    below = np.cumsum(totals[:, :b].sum(0))
    if len(below) < 2:
        return np.empty(0)
    n, m = int(totals.sum()), int(positives.reshape(-1, *totals.shape)[0].sum())
    return allowances(below[:-1], int(below[-1]), min(m, n - m))


def _cut_scores(positives: Integers, totals: Integers, least: int) -> Floats:
    """Return z of all cuts of bins, shape (…, bins - 1); `positives` (…, strata, bins), `totals` (strata, bins)."""
    below = np.cumsum(positives.sum(-2), -1)[..., :-1]
    return _stratified(below, positives.sum(-1), np.cumsum(totals, -1)[:, :-1], totals.sum(-1), least)


def _stratified(a: Integers, m: Integers, c: Integers, n: Integers, least: int) -> Floats:
    """Return z of sets of trials, NaN where a side is below `least` or nothing varies.

    Args:
        a: sick trials of every set, over all strata, shape (…, sets).
        m: sick trials of every stratum, shape (…, strata).
        c: trials of every set, shape (strata, sets).
        n: trials of every stratum, shape (strata,).
        least: fewest trials in a set and outside it.
    """
    inside, whole, sick = c.astype(np.float64), n.astype(np.float64)[:, None], m.astype(np.float64)
    share = inside / np.maximum(whole, 1)
    width = share * (whole - inside) / np.maximum(whole * (whole - 1), 1)
    spread = (sick * (n - sick)) @ width
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (a - sick @ share) / np.sqrt(spread)
    size = c.sum(0)
    return np.where((size >= least) & (n.sum() - size >= least) & (spread > 0), z, np.nan)


def _reach(
    positives: Integers, totals: Integers, b: int, least: int, strongest: float, batch: int, rng: np.random.Generator
) -> int:
    """Return how many of `batch` null draws reach the observed statistic."""
    drawn = np.zeros((batch, *totals.shape), dtype=np.int64)
    for stratum, (row, sick) in enumerate(zip(totals, positives, strict=True)):
        if sick.sum() > 0:
            drawn[:, stratum] = rng.multivariate_hypergeometric(row, int(sick.sum()), size=batch, method="marginals")
    scores = np.nan_to_num(_scores(drawn, totals, b, least), nan=-np.inf)
    return int((scores.max(axis=-1) >= strongest - 1e-9).sum())


def _split(coding: Coding, positives: Integers, totals: Integers) -> Split | None:
    """Return the best split on the fine bins by the stratified statistic."""
    b, least = coding.bins, least_side(int(totals.sum()))
    cut = None
    if b > 1:
        z = _cut_scores(positives[:, :b], totals[:, :b], least)
        cut = best_cut(coding, z, _allowances(positives, totals, b))
    z = _stratified(positives.sum(0), positives.sum(1), totals, totals.sum(1), 5)
    claimable = level_codes(coding)
    if coding.missing is not None:
        claimable[coding.missing] = True
    z = np.where(claimable, z, np.nan)
    if not np.isfinite(z).any():
        return cut
    best = int(np.nanargmax(z))
    if cut is not None and cut.z >= z[best]:
        return cut
    return level_split(coding, best, float(z[best]))
