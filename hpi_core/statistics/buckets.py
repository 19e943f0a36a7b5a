"""Buckets: the issue rate over a few ranges or values of a parameter, for looking at, never a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.binning import display_buckets, equal_mass
from hpi_core.statistics.findings import Bucket
from hpi_core.statistics.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.inputs import Integers, Issue, Parameter


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
        starts = _starts(coding, totals.max(axis=0))
        for issue, a, c in zip(issues, positives, totals, strict=True):
            if a.sum() > 0:
                yield from _of_pair(parameter, issue, coding, starts, a, c)


def _starts(coding: Coding, totals: Integers) -> Integers:
    """Return the first fine bin of every bucket."""
    b = coding.bins
    count = max(display_buckets(int(totals.sum())), coding.distinct if coding.distinct <= 6 else 0)
    group = equal_mass(totals[:b], count) if b > count else np.arange(b)
    return np.flatnonzero(np.diff(group, prepend=-1))


def _of_pair(
    parameter: Parameter, issue: Issue, coding: Coding, starts: Integers, a: Integers, c: Integers
) -> Iterator[Bucket]:
    b = coding.bins
    stops = np.append(starts, b)[1:]
    for start, stop in zip(starts, stops, strict=True):
        low, high = float(coding.edges[start]), float(coding.edges[stop])
        yield _bucket(parameter, issue, int(a[start:stop].sum()), int(c[start:stop].sum()), low=low, high=high)
    for code in range(b, coding.size):
        if code == coding.missing:
            yield _bucket(parameter, issue, int(a[code]), int(c[code]), missing=True)
        else:
            word = "(other)" if code == coding.other else coding.levels[code - b]
            yield _bucket(parameter, issue, int(a[code]), int(c[code]), values=(word,))


def _bucket(
    parameter: Parameter,
    issue: Issue,
    sick: int,
    n: int,
    *,
    low: float | None = None,
    high: float | None = None,
    values: tuple[str, ...] = (),
    missing: bool = False,
) -> Bucket:
    rate_low, rate_high = wilson(sick, n)
    rate = sick / n if n else float("nan")
    return Bucket(parameter.name, issue.id, low, high, values, missing, n, sick, rate, rate_low, rate_high)
