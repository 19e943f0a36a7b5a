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

from hpi_core.statistics.maxstat import cut_scores, level_scores, log_p_cuts, log_p_levels, log_upper_tail

if TYPE_CHECKING:
    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.findings import CauseKind
    from hpi_core.statistics.inputs import Booleans, Floats, Integers

    Numbers = Floats | Integers

_LEAST_LEVEL = 5
_LEAST_FOR_RANGES = 100
_COARSE = 16
_MAIN_WEIGHT = 0.9
_LEAST_REMARKABLE = 2.5


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


def screen(coding: Coding, positives: Integers, totals: Integers, *, least: int | None = None) -> Screened:
    """Return the p-value and the best split of one parameter for one issue.

    Args:
        coding: what the codes mean.
        positives: sick trials per code, shape (coding.size,).
        totals: assessable trials per code, shape (coding.size,).
        least: fewest trials on a side of a cut, and of a level; by default ten or 2 % of a cut's, five of a level's.
    """
    n = int(totals.sum())
    least_level = _LEAST_LEVEL if least is None else least
    families = [
        cut_family(coding, positives, totals, least_side(n) if least is None else least),
        _level_family(coding, positives, totals, least_level),
    ]
    extra = [_missing_family(coding, positives, totals, least_level)]
    if n >= _LEAST_FOR_RANGES:
        extra.append(_range_family(coding, positives, totals, least_side(n)))
    tried = [family for family in families if family is not None]
    more = [family for family in extra if family is not None]
    return combine(tried, more)


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


def cut_family(coding: Coding, positives: Integers, totals: Integers, least: int) -> Screened | None:
    """Return the test of all cuts of the ordered bins."""
    b = coding.bins
    if b < 2:
        return None
    z = cut_scores(positives[:b], totals[:b], least)
    split = best_cut(coding, z)
    return None if split is None else Screened(log_p_cuts(z, positives[:b], totals[:b]), split)


def best_cut(coding: Coding, z: Floats) -> Split | None:
    """Return the split of the largest |z| of the cuts, exposed on its sicker side; None where no cut is admissible."""
    if not np.isfinite(z).any():
        return None
    j = int(np.nanargmax(np.abs(z)))
    exposed = np.zeros(coding.size, dtype=np.bool_)
    if z[j] > 0:
        exposed[: j + 1] = True
        return Split("below", 0, j, exposed, float(z[j]))
    exposed[j + 1 : coding.bins] = True
    return Split("above", j + 1, coding.bins - 1, exposed, float(-z[j]))


def level_split(coding: Coding, code: int, z: float) -> Split:
    """Return the split that exposes one code."""
    exposed = np.zeros(coding.size, dtype=np.bool_)
    exposed[code] = True
    return Split("missing" if code == coding.missing else "level", code, code, exposed, z)


def level_codes(coding: Coding) -> Booleans:
    """Return which codes are levels that may be claimed: not bins, not pooled, not missing."""
    codes = np.arange(coding.size)
    return np.asarray((codes >= coding.bins) & (codes < coding.bins + len(coding.levels)))


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


def _range_family(coding: Coding, positives: Integers, totals: Integers, least: int) -> Screened | None:
    """Every middle range of at most sixteen coarse bins that touches neither end: Bonferroni over exact tails."""
    b = coding.bins
    if b < 3:
        return None
    starts = np.flatnonzero(np.diff(coarse_groups(b), prepend=-1))
    c = np.concatenate([[0], np.cumsum(np.add.reduceat(totals[:b], starts))])
    a = np.concatenate([[0], np.cumsum(np.add.reduceat(positives[:b], starts))])
    n, m, g = int(c[-1]), int(a[-1]), len(starts)
    i, j = inner_ranges(g)
    if m in (0, n):  # none of the trials, where all of them lack the parameter
        return None
    size, sick = c[j] - c[i], a[j] - a[i]
    z = level_like_scores(sick, size, m, n, least)
    if not np.isfinite(z).any():
        return None
    best = int(np.nanargmax(z))
    unremarkable = z[best] < _LEAST_REMARKABLE
    tail = 0.0 if unremarkable else log_upper_tail(int(sick[best]), int(size[best]), m, n)
    first, last = int(starts[i[best]]), int(starts[j[best]]) - 1
    exposed = np.zeros(coding.size, dtype=np.bool_)
    exposed[first : last + 1] = True
    tests = int(np.isfinite(z).sum())
    return Screened(min(0.0, tail + math.log(tests)), Split("between", first, last, exposed, float(z[best])))


def coarse_groups(bins: int) -> Integers:
    """Return the group of every bin, at most sixteen groups of neighbours; bins are of about equal mass already."""
    return np.arange(bins) * min(bins, _COARSE) // max(bins, 1)


@lru_cache(maxsize=32)
def inner_ranges(groups: int) -> tuple[Integers, Integers]:
    """Return the ends (i, j) of all ranges of groups i … j - 1 that leave something on either side."""
    i, j = np.triu_indices(groups + 1, k=1)
    inner = (i > 0) & (j < groups)
    return i[inner], j[inner]


def level_like_scores(sick: Numbers, size: Numbers, m: Numbers | int, n: int, least: int) -> Floats:
    """Return z of sets of `size` trials with `sick` sick ones among n with m; NaN where a side is below `least`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (sick - size * (m / n)) / np.sqrt(size * (n - size) * (m / n) * ((n - m) / n) / max(n - 1, 1))
    return np.asarray(np.where((size >= least) & (n - size >= least), z, np.nan))


def _is_range(split: Split | None) -> bool:
    return split is not None and split.kind == "between"


def _z(split: Split | None) -> float:
    return 0.0 if split is None else split.z
