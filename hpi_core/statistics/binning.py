"""Binning: give every trial one small code per parameter, so that all later counting is `bincount`.

Codes 0 … bins-1 are ordered bins of equal mass that never split ties; after them come levels: words, point masses
(one value in at least a tenth of the trials), infinities; last the pooled rare levels and the missing level. Many
trials are binned without sorting: the upper bits of a float64 are a monotone key of 0.4 % resolution, their bincount
is the histogram, and a table maps key to bin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.inputs import MOST_DISCRETE_VALUES, Booleans, Codes, Floats, Integers, few_distinct

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Parameter

MOST_BINS = 64
_SORTED_UP_TO = 20_000
_KEY_SHIFT = 44
_MASS = 0.1


@dataclass(frozen=True, eq=False)
class Coding:
    """One code per trial and what the codes mean.

    Attributes:
        codes: uint8 per trial.
        bins: number of ordered bins; bin i holds the values in (edges[i], edges[i + 1]].
        edges: `bins + 1` float64, ascending; empty without bins. The first is below every binned value.
        levels: the words of codes `bins`, `bins + 1`, …
        level_values: their numbers (NaN for words).
        other: code of the pooled rare levels, or None.
        missing: code of the missing level, or None.
        floor: True where a level lies below every bin, so that a range "below" must name its lower end.
        ceiling: True where a level lies above every bin.
        distinct: number of distinct binned values where at most 16, else 17.
    """

    codes: Codes
    bins: int
    edges: Floats
    levels: tuple[str, ...]
    level_values: Floats
    other: int | None
    missing: int | None
    floor: bool = False
    ceiling: bool = False
    distinct: int = MOST_DISCRETE_VALUES + 1

    @property
    def size(self) -> int:
        """Number of codes in use."""
        return self.bins + len(self.levels) + (self.other is not None) + (self.missing is not None)


def code_trials(parameter: Parameter) -> Coding:
    """Return the coding of one parameter over all its trials."""
    if parameter.kind == "categorical":
        return _code_words(parameter)
    return _code_numbers(parameter)


def equal_mass(weights: Integers, count: int) -> Integers:
    """Return the bin of each of the ordered, unsplittable `weights`: at most `count` bins of about equal mass.

    A piece goes where the middle of its mass falls, bins that stay empty vanish.
    """
    total = int(weights.sum())
    middle = np.cumsum(weights) - weights / 2
    place = np.minimum((middle * count / max(total, 1)).astype(np.int64), count - 1)
    _, dense = np.unique(place, return_inverse=True)
    return np.asarray(dense, dtype=np.int64)


def fine_bins(n: int) -> int:
    """Number of fine bins for n trials: n / 5, at least 4, at most 64."""
    return int(np.clip(n // 5, 4, MOST_BINS))


def display_buckets(n: int) -> int:
    """Number of buckets worth showing for n trials: n / 20, at least 2, at most 6."""
    return int(np.clip(round(n / 20), 2, 6))


def _code_words(parameter: Parameter) -> Coding:
    present = ~parameter.missing
    words = np.where(present, parameter.values, 0).astype(np.int64)
    counts = np.bincount(words[present], minlength=max(len(parameter.levels), 1))
    n = int(present.sum())
    kept = np.flatnonzero(counts >= max(5, 0.01 * n))
    rare = n > int(counts[kept].sum())
    table = np.full(len(counts), len(kept), dtype=np.uint8)
    table[kept] = np.arange(len(kept), dtype=np.uint8)
    codes = table[words]
    missing = len(kept) + rare
    codes[~present] = missing
    return Coding(
        codes,
        0,
        np.empty(0),
        tuple(parameter.levels[k] for k in kept),
        np.full(len(kept), np.nan),
        len(kept) if rare else None,
        missing if n < len(codes) else None,
        distinct=len(np.flatnonzero(counts)),
    )


def _code_numbers(parameter: Parameter) -> Coding:
    values = np.asarray(parameter.values, dtype=np.float64)
    finite = np.isfinite(values) & ~parameter.missing
    whole = bool(finite.all())
    inside = values if whole else values[finite]
    infinite = [x for x in (-np.inf, np.inf) if not whole and bool(((values == x) & ~parameter.missing).any())]
    masses = _point_masses(inside, len(values))
    if len(masses):
        apart = np.isin(inside, masses)
        finite = finite.copy()
        finite[np.flatnonzero(finite)[apart]] = False
        inside = inside[~apart]
        whole = False
    lowest, binned_codes, edges, distinct = _bin(inside)
    bins = max(len(edges) - 1, 0)
    own = np.array(sorted([*infinite, *masses]))
    codes = np.full(len(values), bins + len(own), dtype=np.uint8)
    for place, x in enumerate(own):
        codes[values == x] = bins + place
    codes[finite if not whole else slice(None)] = binned_codes
    lacking = bool((codes == bins + len(own)).any())
    codes[parameter.missing] = bins + len(own)
    return Coding(
        codes,
        bins,
        edges,
        tuple(f"{x:.6g}" for x in own),
        own,
        None,
        bins + len(own) if lacking or bool(parameter.missing.any()) else None,
        floor=bool(len(own) and bins and own[0] <= lowest),
        ceiling=bool(len(own) and bins and own[-1] >= edges[-1]),
        distinct=distinct,
    )


def _point_masses(values: Floats, n: int) -> list[float]:
    """Return the lowest and the highest value where a tenth of all trials hold exactly it, and others vary beside it.

    Only at an end does a mass mean "switched off" or "at the limit"; inside the range it is one more unsplit tie.
    """
    if len(values) < 20:
        return []
    ends = [float(values.min()), float(values.max())]
    if ends[0] == ends[1]:
        return []
    masses = [x for x in ends if np.count_nonzero(values == x) >= _MASS * n]
    return [] if masses and few_distinct(values) is not None else masses


def _bin(values: Floats) -> tuple[float, Codes, Floats, int]:
    """Return the lowest value, bin per value, edges, and the number of distinct values (17 for more than 16)."""
    n = len(values)
    if n == 0:
        return np.inf, np.empty(0, dtype=np.uint8), np.empty(0), 0
    if n > _SORTED_UP_TO:
        known = few_distinct(values)
        fast = _bin_by_keys(values) if known is None else _bin_few(values, known)
        if fast is not None:
            return fast
    unique, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    bin_of = np.arange(len(unique)) if len(unique) <= MOST_DISCRETE_VALUES else equal_mass(counts, fine_bins(n))
    first = np.flatnonzero(np.diff(bin_of, prepend=-1))
    codes = bin_of.astype(np.uint8)[inverse]
    return float(unique[0]), codes, _edges_between(unique, first), min(len(unique), MOST_DISCRETE_VALUES + 1)


def _bin_few(values: Floats, known: Floats) -> tuple[float, Codes, Floats, int]:
    """Bin values of which there are few: one bin each, coded by one comparison per distinct value."""
    codes = np.zeros(len(values), dtype=np.uint8)
    for x in known[1:]:
        codes += values >= x
    return float(known[0]), codes, _edges_between(known, np.arange(len(known))), len(known)


def _edges_between(unique: Floats, first: Integers) -> Floats:
    """Return the edges of bins that begin at the given places of the ascending distinct values."""
    edges = np.empty(len(first) + 1)
    edges[0] = np.nextafter(unique[0], -np.inf)
    edges[1:-1] = [round_between(unique[i - 1], unique[i]) for i in first[1:]]
    edges[-1] = unique[-1]
    return edges


def _bin_by_keys(values: Floats) -> tuple[float, Codes, Floats, int] | None:
    """Bin without sorting; None where keys are too coarse (a narrow range far from zero) and hold several values."""
    bits = values.view(np.int64)
    keys = bits >> _KEY_SHIFT
    if bool(bits.min() < 0):
        negative = bits < 0
        zero = values == 0
        keys = np.where(negative & ~zero, ~((bits & np.int64(0x7FFFFFFFFFFFFFFF)) >> _KEY_SHIFT), keys)
        keys[zero] = 0
    base = int(keys.min())
    keys -= base
    if int(keys.max()) > 4_000_000:
        return None
    histogram = np.bincount(keys)
    used = np.flatnonzero(histogram)
    bin_of = equal_mass(histogram[used], fine_bins(len(values)))
    mass = np.bincount(bin_of, weights=histogram[used])
    first = np.flatnonzero(np.diff(bin_of, prepend=-1))
    low, high = float(values.min()), float(values.max())
    edges = np.concatenate([[np.nextafter(low, -np.inf)], _below_key(used[first[1:]] + base), [high]])
    if len(mass) < MOST_BINS // 2 or mass.max() > 4 * len(values) / MOST_BINS:
        representative = np.empty(len(histogram))
        representative[keys] = values
        if not bool((representative[keys] == values).all()):
            return None
        edges = _edges_between(representative[used], first)
    table = np.zeros(len(histogram), dtype=np.uint8)
    table[used] = bin_of
    return low, table[keys], edges, MOST_DISCRETE_VALUES + 1


def _below_key(keys: Integers) -> Floats:
    """Return the largest float64 below every value of each key."""
    positive = np.where(keys >= 0, keys, 0) << _KEY_SHIFT
    lower = np.where(keys > 0, np.nextafter(positive.view(np.float64), -np.inf), 0.0)
    magnitude = (np.where(keys < 0, ~keys, 0) + 1) << _KEY_SHIFT
    below_zero = -(magnitude.view(np.float64))
    tiny = np.where(keys == 0, -np.nextafter(0.0, 1.0), lower)
    return np.where(keys < 0, below_zero, tiny)


def round_between(low: float, high: float) -> float:
    """Return a number x with low <= x < high of as few digits as possible, so that `<= x` parts the two."""
    for digits in range(1, 17):
        x = float(f"{(low + high) / 2:.{digits}g}")
        if low <= x < high:
            return x
    return low


def in_range(values: Floats, low: float | None, high: float | None) -> Booleans:
    """Return which values lie in (low, high]; an open end lets everything pass, NaN never lies inside."""
    inside = ~np.isnan(values)
    if low is not None:
        inside &= values > low
    if high is not None:
        inside &= values <= high
    return inside
