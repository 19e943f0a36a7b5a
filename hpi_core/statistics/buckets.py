"""Buckets: the issue rate over a few ranges or values of a parameter, for looking at, never a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.binning import display_buckets, equal_mass
from hpi_core.statistics.findings import Bucket
from hpi_core.statistics.intervals import wilsons

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.inputs import Integers, Issue, Parameter

_Place = tuple[float | None, float | None, tuple[str, ...], bool]


def describe_buckets(
    parameters: Sequence[Parameter],
    issues: Sequence[Issue],
    codings: Sequence[Coding],
    counts: Sequence[tuple[Integers, Integers]],
) -> Iterator[Bucket]:
    """Yield the buckets of every parameter and issue with at least one sick trial: ranges first, then levels.

    A numeric parameter gets 2 to 6 ranges of about equal mass; with as few distinct values, one range per value.
    """
    for parameter, coding, (positives, totals) in zip(parameters, codings, counts, strict=True):
        if coding.size == 0 or not issues:
            continue
        starts, b = _starts(coding, totals.max(axis=0)), coding.bins
        a, c = (_merged(counted, starts, b) for counted in (positives, totals))
        low, high = wilsons(a, c)
        places = list(_places(coding, starts))
        for k, issue in enumerate(issues):
            if positives[k].any():
                rows = zip(places, a[k].tolist(), c[k].tolist(), low[k].tolist(), high[k].tolist(), strict=True)
                for place, sick, n, rate_low, rate_high in rows:
                    rate = sick / n if n else float("nan")
                    yield Bucket(parameter.name, issue.id, *place, n, sick, rate, rate_low, rate_high)


def _starts(coding: Coding, totals: Integers) -> Integers:
    """Return the first fine bin of every bucket."""
    b = coding.bins
    count = max(display_buckets(int(totals.sum())), coding.distinct if coding.distinct <= 6 else 0)
    group = equal_mass(totals[:b], count) if b > count else np.arange(b)
    return np.flatnonzero(np.diff(group, prepend=-1))


def _merged(counts: Integers, starts: Integers, bins: int) -> Integers:
    """Return the counts of the buckets and of the levels after them, shape (issues, buckets)."""
    if not bins:
        return counts
    return np.concatenate([np.add.reduceat(counts[:, :bins], starts, axis=1), counts[:, bins:]], axis=1)


def _places(coding: Coding, starts: Integers) -> Iterator[_Place]:
    """Yield the ends, the values and whether it is the missing level, of every bucket and then of every level."""
    for start, stop in zip(starts, np.append(starts, coding.bins)[1:], strict=True):
        yield float(coding.edges[start]), float(coding.edges[stop]), (), False
    for code in range(coding.bins, coding.size):
        if code == coding.missing:
            yield None, None, (), True
        else:
            word = "(other)" if code == coding.other else coding.levels[code - coding.bins]
            yield None, None, (word,), False
