"""Thresholds: from a bin edge to the cut a person can type, and the range it stands for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.findings import Threshold
from hpi_core.statistics.screening import COARSE, level_like_scores

if TYPE_CHECKING:
    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.inputs import Booleans, Floats, Integers, Issue, Parameter
    from hpi_core.statistics.screening import Split
    from hpi_core.statistics.selection import Choosing

_GIVE, _GIVE_SHARE = 0.1, 0.01


@dataclass(frozen=True)
class PrintedRange:
    """The range (low, high] as printed, None where open, and the intervals of its cuts, the lower one first."""

    low: float | None
    high: float | None
    thresholds: tuple[Threshold, ...]


def printed_range(
    parameter: Parameter, issue: Issue, coding: Coding, split: Split, choosing: Choosing, least: int, totals: Integers
) -> PrintedRange:
    """Return the range of an `above`, `below` or `between` split with its cuts refined and rounded.

    Each cut moves inside the two bins it parts to where the raw values part best, and is written with as few digits as
    the interval of the threshold and a nearly unchanged z allow. `totals` are the trials per code.
    """
    low: float | None = None
    high: float | None = None
    found: list[Threshold] = []
    # A range with two ends was looked for among groups of bins: each end may lie anywhere in the groups beside it.
    beside = math.ceil(coding.bins / COARSE) if split.kind == "between" else 1
    if split.kind in ("above", "between"):
        cuts = choosing.first[0] - 1, choosing.first[1] - 1
        span = _span(coding, *cuts, beside)
        low = _refined(parameter, issue, coding, split.first - 1, span, 1.0, least)
        found.append(Threshold("low", low, min(span[0], low), max(span[1], low), _locates(coding, totals, *cuts)))
    if split.kind in ("below", "between"):
        span = _span(coding, *choosing.last, beside)
        high = _refined(parameter, issue, coding, split.last, span, -1.0, least)
        located = _locates(coding, totals, *choosing.last)
        found.append(Threshold("high", high, min(span[0], high), max(span[1], high), located))
    if split.kind == "above" and coding.ceiling:
        high = float(coding.edges[-1])
    if split.kind == "below" and coding.floor:
        below = coding.level_values[coding.level_values < coding.edges[1]]
        low = float(below.max()) if len(below) and np.isfinite(below.max()) else float(coding.edges[0])
    return PrintedRange(low, high, tuple(found))


def _locates(coding: Coding, totals: Integers, low_cut: int, high_cut: int) -> bool:
    """Tell whether less than half of the trials lie where a cut may be."""
    low, high = max(low_cut, 0), min(high_cut, coding.bins - 2)
    binned = totals[: coding.bins]
    return int(binned[low : high + 2].sum()) * 2 < int(binned.sum())


def _span(coding: Coding, low_cut: int, high_cut: int, beside: int) -> tuple[float, float]:
    """Return the interval from cut to cut, widened by so many bins beside them; cut j parts bins j and j + 1."""
    low, high = max(low_cut + 1 - beside, 0), min(high_cut + 1 + beside, coding.bins)
    start = coding.edges[low] if low else np.nextafter(coding.edges[0], np.inf)
    return float(start) + 0.0, float(coding.edges[high])


def _refined(
    parameter: Parameter, issue: Issue, coding: Coding, j: int, span: tuple[float, float], sign: float, least: int
) -> float:
    """Return the printed cut near the edge of bins j and j + 1; sign +1 where the sick lie above it."""
    edge = float(coding.edges[j + 1])
    near = issue.assessable & ((coding.codes == j) | (coding.codes == j + 1))
    values = np.asarray(parameter.values[near], dtype=np.float64)
    if len(values) == 0:
        return edge
    order = np.argsort(values, kind="stable")
    values, sick = values[order], issue.sick[near][order]
    local = _Local.of(issue, coding, j, values, sick, sign, least)
    steps = np.flatnonzero(values[1:] > values[:-1]) + 1
    if coding.distinct > 16 and len(steps):
        scores = local.scores(steps)
        if np.isfinite(scores).any():
            best = int(steps[int(np.nanargmax(scores))])
            edge = _middle(float(values[best - 1]), float(values[best]))
    return _rounded(edge, span, values, local)


@dataclass(frozen=True, eq=False)
class _Local:
    """Counts around one cut: how many trials, and sick ones, lie below the window and in each place of it."""

    below_n: int
    below_sick: int
    sick: Floats
    n: int
    m: int
    sign: float
    least: int

    @classmethod
    def of(
        cls, issue: Issue, coding: Coding, j: int, values: Floats, sick: Booleans, sign: float, least: int
    ) -> _Local:
        inside = issue.assessable & (coding.codes < coding.bins)
        lower = inside & (coding.codes < j)
        return cls(
            int(lower.sum()),
            int((issue.sick & lower).sum()),
            np.concatenate([[0.0], np.cumsum(sick)]),
            int(inside.sum()),
            int((issue.sick & inside).sum()),
            sign,
            least,
        )

    def scores(self, places: np.ndarray) -> Floats:
        """Return z of the sicker side for cuts before each place of the window."""
        size = self.below_n + places
        z = level_like_scores(self.below_sick + self.sick[places], size, self.m, self.n, self.least)
        return np.asarray(-self.sign * z)


def _rounded(cut: float, span: tuple[float, float], values: Floats, local: _Local) -> float:
    """Return `cut` with the fewest digits that stay in window and interval and cost z at most .1 or 1 %."""
    best = float(local.scores(np.array([np.searchsorted(values, cut, side="right")]))[0])
    for digits in range(1, 17):
        rough = float(f"{cut:.{digits}g}")
        if not (span[0] <= rough <= span[1] and values[0] <= rough < values[-1]):
            continue
        z = float(local.scores(np.array([np.searchsorted(values, rough, side="right")]))[0])
        if not math.isfinite(best) or z >= best - max(_GIVE, _GIVE_SHARE * best):
            return rough
    return cut


def _middle(low: float, high: float) -> float:
    """Return the middle of two values, geometric where both are positive, never reaching the upper one."""
    middle = math.sqrt(low) * math.sqrt(high) if low > 0 else low / 2 + high / 2
    return middle if low <= middle < high else low


def condition(name: str, low: float | None, high: float | None, value: str | None, kind: str) -> str:
    """Return the condition in words: `lr > 0.013`, `0.1 < lr <= 0.5`, `optimizer = sgd`, `momentum is not set`."""
    if kind == "missing":
        return f"{name} is not set"
    if kind == "level":
        return f"{name} = {value}"
    if low is None:
        return f"{name} <= {_number(high)}"
    if high is None:
        return f"{name} > {_number(low)}"
    return f"{_number(low)} < {name} <= {_number(high)}"


def _number(x: float | None) -> str:
    """Return the shortest text that reads back as exactly `x`."""
    if x is None:
        return "?"
    short = f"{x:.15g}"
    return short if float(short) == x else repr(x)
