"""Screening one parameter for one issue: which split stands out most, and how unlikely that is by chance.

Tried are every cut of the ordered bins, every middle range of sixteen coarser bins, every level, every point mass, and
the missing level. The p-value of the parameter is a weighted Bonferroni minimum over these families, so it pays for
everything that was tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.distributions import log_normal_tail
from hpi_core.statistics.maxstat import (
    WORTH_EXACT,
    allowances,
    cut_scores,
    level_scores,
    log_p_cuts,
    log_p_levels,
    log_upper_tail,
)

if TYPE_CHECKING:
    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.findings import CauseKind
    from hpi_core.statistics.inputs import Booleans, Floats, Integers

    Numbers = Floats | Integers

_LEAST_LEVEL = 5
_LEAST_FOR_RANGES = 100
COARSE = 16
_MAIN_WEIGHT = 0.9


@dataclass(frozen=True, eq=False)
class Split:
    """A candidate: the exposed codes, and the bins its range spans.

    `first` and `last` are the first and last exposed bin for ranges, the exposed code twice for levels.
    """

    kind: CauseKind
    first: int
    last: int
    exposed: Booleans
    z: float


@dataclass(frozen=True, eq=False)
class Screened:
    """The natural log p-value of a parameter for an issue, and its most telling split (None: nothing was tried)."""

    log_p: float
    split: Split | None


def least_side(n: int) -> int:
    """Fewest trials on either side of a cut: ten, or two in a hundred."""
    return max(10, math.ceil(0.02 * n))


def screen(
    coding: Coding,
    positives: Integers,
    totals: Integers,
    *,
    least: int | None = None,
    exact_below: float = WORTH_EXACT,
) -> Screened:
    """Return the p-value and the best split of one parameter for one issue.

    Args:
        coding: what the codes mean.
        positives: sick trials per code, shape (coding.size,).
        totals: assessable trials per code, shape (coding.size,).
        least: fewest trials on a side of a cut, and of a level; by default ten or 2 % of a cut's, five of a level's.
        exact_below: log of the largest asymptotic p-value of cuts and ranges for which the exact one is computed.
    """
    return screens(coding, positives[None], totals[None], least=least, exact_below=exact_below)[0]


def screens(
    coding: Coding,
    positives: Integers,
    totals: Integers,
    *,
    least: int | None = None,
    exact_below: float = WORTH_EXACT,
) -> list[Screened]:
    """Return what `screen` does for each of several issues at once; both counts have shape (issues, coding.size)."""
    n = totals.sum(axis=1)
    sides = np.array([least_side(int(size)) for size in n])
    least_level = _LEAST_LEVEL if least is None else least
    cuts = cut_families(coding, positives, totals, sides if least is None else np.full(len(n), least), exact_below)
    ranges = _range_families(coding, positives, totals, np.where(n >= _LEAST_FOR_RANGES, sides, n), exact_below)
    found = []
    for cut, inner, a, c in zip(cuts, ranges, positives, totals, strict=True):
        main = [cut, _level_family(coding, a, c, least_level)]
        extra = [_missing_family(coding, a, c, least_level), inner]
        found.append(combine([f for f in main if f is not None], [f for f in extra if f is not None]))
    return found


def combine(main: list[Screened], extra: list[Screened]) -> Screened:
    """Return the weighted Bonferroni minimum; a range with two ends must beat one with one end clearly."""
    if not main and not extra:
        return Screened(0.0, None)
    share = 1.0 if not extra else _MAIN_WEIGHT if main else 0.0
    weighted = [(f.log_p - math.log(share / len(main)), f.split) for f in main]
    weighted += [(f.log_p - math.log((1 - share) / len(extra)), f.split) for f in extra]
    log_p = min(0.0, min(p for p, _ in weighted))
    ranked = sorted(weighted, key=lambda item: (item[0] + (math.log(100) if _is_range(item[1]) else 0.0), -_z(item[1])))
    return Screened(log_p, ranked[0][1])


def cut_families(
    coding: Coding, positives: Integers, totals: Integers, least: Integers, exact_below: float = WORTH_EXACT
) -> list[Screened | None]:
    """Return the test of all cuts of the ordered bins for each issue; None where no cut is admissible.

    Counts as in `screens`, `least` of shape (issues,).
    """
    b = coding.bins
    if b < 2:
        return [None] * len(totals)
    a, c = positives[:, :b], totals[:, :b]
    z = cut_scores(a, c, least[:, None])
    log_p = log_p_cuts(z, a, c, exact_below)
    splits = [best_cut(coding, row, allowed) for row, allowed in zip(z, cut_allowances(a, c), strict=True)]
    return [None if split is None else Screened(p, split) for p, split in zip(log_p.tolist(), splits, strict=True)]


def best_cut(coding: Coding, z: Floats, allowed: Floats) -> Split | None:
    """Return the split of the most telling cut, exposed on its sicker side; None where no cut is admissible.

    Args:
        coding: what the codes mean.
        z: of every cut, NaN where it may not be chosen.
        allowed: `maxstat.allowances` of every cut.
    """
    told = z * z + allowed
    j = int(np.where(np.isnan(told), -np.inf, told).argmax())
    if not np.isfinite(z[j]):
        return None
    exposed = np.zeros(coding.size, dtype=np.bool_)
    if z[j] > 0:
        exposed[: j + 1] = True
        return Split("below", 0, j, exposed, float(z[j]))
    exposed[j + 1 : coding.bins] = True
    return Split("above", j + 1, coding.bins - 1, exposed, float(-z[j]))


def cut_allowances(positives: Integers, totals: Integers) -> Floats:
    """Return `maxstat.allowances` of the cuts of ordered bins with these sick and assessable trials."""
    n, m = totals.sum(axis=-1, keepdims=True), positives.sum(axis=-1, keepdims=True)
    return allowances(np.cumsum(totals, axis=-1)[..., :-1], n, np.minimum(m, n - m))


def level_split(coding: Coding, code: int, z: float) -> Split:
    """Return the split that exposes one code."""
    exposed = np.zeros(coding.size, dtype=np.bool_)
    exposed[code] = True
    return Split("missing" if code == coding.missing else "level", code, code, exposed, z)


def level_codes(coding: Coding) -> Booleans:
    """Return which codes are levels that may be claimed: not bins, not pooled, not missing, not infinite.

    An infinite number is what went wrong with a setting, not a setting that anybody could avoid.
    """
    own = np.zeros(coding.size, dtype=np.bool_)
    own[coding.bins : coding.bins + len(coding.levels)] = ~np.isinf(coding.level_values)
    return own


def _level_family(coding: Coding, positives: Integers, totals: Integers, least: int) -> Screened | None:
    """Each level against everything else that has a value."""
    tried = level_codes(coding)
    if not tried.any():
        return None
    present = np.ones(coding.size, dtype=np.bool_)
    if coding.missing is not None:
        present[coding.missing] = False
    z = level_scores(positives[present], totals[present], least)
    z[~tried[present]] = np.nan
    if not np.isfinite(z).any():
        return None
    best = int(np.nanargmax(z))
    log_p = log_p_levels(z, positives[present], totals[present])
    return Screened(log_p, level_split(coding, best, float(z[best])))


def _missing_family(coding: Coding, positives: Integers, totals: Integers, least: int) -> Screened | None:
    """The missing level against all others, by Fisher's exact test."""
    code = coding.missing
    n, m = int(totals.sum()), int(positives.sum())
    if code is None or not least <= int(totals[code]) <= n - least or not 0 < m < n:
        return None
    z = level_scores(positives, totals, least)[code]
    log_p = log_upper_tail(int(positives[code]), int(totals[code]), m, n)
    return Screened(log_p, level_split(coding, code, float(z)))


def _range_families(
    coding: Coding, positives: Integers, totals: Integers, least: Integers, exact_below: float
) -> list[Screened | None]:
    """Every middle range of at most sixteen coarse bins that touches neither end: Bonferroni over exact tails."""
    b = coding.bins
    if b < 3:
        return [None] * len(totals)
    starts = np.flatnonzero(np.diff(coarse_groups(b), prepend=-1))
    c, a = (_summed(np.add.reduceat(counts[:, :b], starts, axis=1)) for counts in (totals, positives))
    n, m = c[:, -1:], a[:, -1:]
    i, j = inner_ranges(len(starts))
    size, sick = c[:, j] - c[:, i], a[:, j] - a[:, i]
    z = level_like_scores(sick, size, m, n, least[:, None])
    tests = np.isfinite(z).sum(axis=1)
    best = np.where(np.isnan(z), -np.inf, z).argmax(axis=1)
    found: list[Screened | None] = []
    for k, at in enumerate(best.tolist()):
        if not tests[k]:
            found.append(None)
            continue
        log_p = log_normal_tail(float(z[k, at])) + math.log(tests[k])
        if log_p <= exact_below:
            log_p = log_upper_tail(*(int(x) for x in (sick[k, at], size[k, at], m[k, 0], n[k, 0]))) + math.log(tests[k])
        first, last = int(starts[i[at]]), int(starts[j[at]]) - 1
        exposed = np.zeros(coding.size, dtype=np.bool_)
        exposed[first : last + 1] = True
        split = Split("between", first, last, exposed, float(z[k, at]))
        found.append(Screened(min(0.0, log_p), split))
    return found


def _summed(counts: Integers) -> Integers:
    """Return the sums of the first 0, 1, … of the last axis."""
    return np.concatenate([np.zeros((len(counts), 1), dtype=np.int64), np.cumsum(counts, axis=1)], axis=1)


def coarse_groups(bins: int) -> Integers:
    """Return the group of every bin, at most sixteen groups of neighbours; bins are of about equal mass already."""
    return np.arange(bins) * min(bins, COARSE) // max(bins, 1)


@lru_cache(maxsize=32)
def inner_ranges(groups: int) -> tuple[Integers, Integers]:
    """Return the ends (i, j) of all ranges of groups i … j - 1 that leave something on either side."""
    i, j = np.triu_indices(groups + 1, k=1)
    inner = (i > 0) & (j < groups)
    return i[inner], j[inner]


def level_like_scores(
    sick: Numbers, size: Numbers, m: Numbers | int, n: Integers | int, least: Integers | int
) -> Floats:
    """Return z of sets of `size` trials with `sick` sick ones among n with m; NaN where a side is below `least`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (sick - size * (m / n)) / np.sqrt(size * (n - size) * (m / n) * ((n - m) / n) / np.maximum(n - 1, 1))
    return np.asarray(np.where((size >= least) & (n - size >= least), z, np.nan))


def _is_range(split: Split | None) -> bool:
    return split is not None and split.kind == "between"


def _z(split: Split | None) -> float:
    return 0.0 if split is None else split.z
