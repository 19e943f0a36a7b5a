"""Bars: for one pair of parameter and issue a bar per bucket with its interval, and the claimed cuts between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpi_core.charts.buckets import BucketMap, MapCell, Tone
from hpi_core.charts.claimed import numbers_of
from hpi_core.inspection.model import Inspection
from hpi_core.numerals import cell as written
from hpi_core.roles import Scale
from hpi_core.statistics.findings import Bucket, Cause, Threshold
from hpi_core.statistics.inputs import Booleans, Floats
from hpi_core.statistics.intervals import wilson

_FEW_OF_USUAL = 0.5


@dataclass(frozen=True)
class Bar:
    """One bucket: a range (low, high] of values that lie between `least` and `most`, a value, or those without one.

    `claimed` tells that the bucket lies in the claimed range; `raised` that it does not, but that the lower end of its
    interval is above the rate outside the claim. Rates are None in an empty bucket.
    """

    low: float | None
    high: float | None
    least: float | None
    most: float | None
    values: tuple[str, ...]
    missing: bool
    n: int
    sick: int
    rate: float | None
    rate_low: float
    rate_high: float
    claimed: bool
    raised: bool


@dataclass(frozen=True)
class Cut:
    """An end of the claimed range, drawn before bar number `before`; `low` to `high` is where it may lie, if known."""

    before: int
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, eq=False)
class PairChart:
    """Bars of one pair in the order to show, and the cuts between them; `scale` is that of the parameter.

    `word` names the trials the bars count, `tone` how bad they are.
    """

    parameter: str
    issue: str
    cell: MapCell
    bars: tuple[Bar, ...]
    cuts: tuple[Cut, ...]
    scale: Scale
    word: str = "sick"
    tone: Tone = "error"

    def bar_of(self, value: object) -> int | None:
        """Return which bar a trial with this value of the parameter stands in."""
        lacking = value is None or (isinstance(value, float) and not math.isfinite(value))
        ranged = isinstance(value, int | float) and not lacking
        for at, bar in enumerate(self.bars):
            if lacking and bar.missing:
                return at
            if ranged and bar.low is not None and bar.high is not None and bar.low < float(str(value)) <= bar.high:
                return at
            if (
                bar.values
                and not lacking
                and bar.values[0] in (str(value), f"{value:.6g}" if ranged else written(value))
            ):
                return at
        return None


def uncounted(chart: BucketMap, parameter: str, issue: str) -> PairChart:
    """Return a pair without its bars: what can be told of it before its trials are counted."""
    cell, column = chart.cell(parameter, issue), chart.column(issue)
    if column is None:
        return PairChart(parameter, issue, cell, (), (), "linear")
    return PairChart(parameter, issue, cell, (), (), "linear", column.word, column.tone)


def pair_chart(chart: BucketMap, parameter: str, issue: str) -> PairChart:
    """Return the bars of one pair; ranges are cut anew at the ends of the claim, so that no bar straddles them."""
    inspection = chart.inspection
    cell = chart.cell(parameter, issue)
    buckets = (chart.by_pair or {}).get((parameter, issue), [])
    if inspection is None or not buckets:
        return PairChart(parameter, issue, cell, (), (), "linear")
    scales: dict[str, Scale] = {p.name: p.scale for p in inspection.sweep.roles.hyperparameters}
    ranges = [bucket for bucket in buckets if bucket.low is not None and bucket.high is not None]
    others = [bucket for bucket in buckets if bucket.low is None]
    bars = _ranged(inspection, parameter, issue, ranges, cell.cause) if ranges else []
    bars = _with_levels(bars, [_level_bar(bucket, cell.cause) for bucket in others], categorical=not ranges)
    column = chart.column(issue)
    cuts, scale = _cuts(bars, cell.cause), scales.get(parameter, "linear")
    if column is None:
        return PairChart(parameter, issue, cell, tuple(bars), cuts, scale)
    return PairChart(parameter, issue, cell, tuple(bars), cuts, scale, column.word, column.tone)


def _ranged(
    inspection: Inspection, parameter: str, issue: str, ranges: Sequence[Bucket], cause: Cause | None
) -> list[Bar]:
    """Count the ranges over the trials, cut at the ends of the claim."""
    verdict = inspection.verdict_of(issue)
    assessable = verdict.is_not_null().to_numpy()
    values = numbers_of(inspection.sweep.trials[parameter])[assessable]
    sick = verdict.fill_null(False).to_numpy()[assessable]
    first, last = ranges[0].low, ranges[-1].high
    if first is None or last is None:
        return []
    inside = (values > first) & (values <= last)
    values, sick = values[inside], sick[inside]
    ends = [] if cause is None else [x for x in (cause.low, cause.high) if x is not None and first < x < last]
    edges = [first, *(bucket.high for bucket in ranges if bucket.high is not None)]
    edges = _recut(values, edges, ends)
    place = np.searchsorted(edges[1:-1], values, side="left")
    return [
        _range_bar(values[place == at], sick[place == at], edges[at], edges[at + 1], cause)
        for at in range(len(edges) - 1)
    ]


def _recut(values: Floats, edges: list[float], ends: Sequence[float]) -> list[float]:
    """Add the ends of a claim to the edges; a neighbouring edge gives way where it would leave a sliver."""
    usual = len(values) / max(1, len(edges) - 1)
    for end in ends:
        if end in edges:
            continue
        edges = sorted([*edges, end])
        at = edges.index(end)
        for beside in (at + 1, at - 1):
            low, high = min(edges[at], edges[beside]), max(edges[at], edges[beside])
            sliver = np.count_nonzero((values > low) & (values <= high)) < _FEW_OF_USUAL * usual
            if sliver and 0 < beside < len(edges) - 1 and edges[beside] not in ends:
                del edges[beside]
                at = edges.index(end)
    return edges


def _range_bar(values: Floats, sick: Booleans, low: float, high: float, cause: Cause | None) -> Bar:
    n, count = len(values), int(np.count_nonzero(sick))
    least, most = (float(values.min()), float(values.max())) if n else (None, None)
    claimed = (
        cause is not None
        and cause.kind in ("above", "below", "between")
        and (cause.low is None or low >= cause.low or (least is not None and least > cause.low))
        and (cause.high is None or high <= cause.high or (most is not None and most <= cause.high))
    )
    return _bar(low, high, least, most, (), False, n, count, claimed, cause)


def _level_bar(bucket: Bucket, cause: Cause | None) -> Bar:
    claimed = cause is not None and (
        (cause.kind == "missing" and bucket.missing)
        or (cause.kind == "level" and bool(bucket.values) and bucket.values == cause.values)
    )
    return _bar(None, None, None, None, bucket.values, bucket.missing, bucket.n, bucket.sick, claimed, cause)


def _bar(
    low: float | None,
    high: float | None,
    least: float | None,
    most: float | None,
    values: tuple[str, ...],
    missing: bool,
    n: int,
    sick: int,
    claimed: bool,
    cause: Cause | None,
) -> Bar:
    rate_low, rate_high = wilson(sick, n)
    if claimed and cause is not None and (sick, n) == (cause.sick, cause.n):
        rate_low, rate_high = cause.rate_low, cause.rate_high  # the bar is the claim: it is as unsure as that says
    raised = cause is not None and not claimed and n > 0 and rate_low > cause.rate_elsewhere
    rate = sick / n if n else None
    return Bar(low, high, least, most, values, missing, n, sick, rate, rate_low, rate_high, claimed, raised)


def _with_levels(bars: list[Bar], levels: list[Bar], *, categorical: bool) -> list[Bar]:
    """Put single values where they lie among ranges; words sickest first; rare ones and missing last."""
    named = [bar for bar in levels if bar.values and bar.values != ("(other)",)]
    last = [bar for bar in levels if bar not in named]
    if categorical:
        return [*bars, *sorted(named, key=lambda bar: (-(bar.rate or 0.0), bar.values)), *last]
    floor = [bar for bar in named if bars and _number(bar.values[0]) <= (bars[0].least or -math.inf)]
    return [*floor, *bars, *(bar for bar in named if bar not in floor), *last]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.inf


def _cuts(bars: Sequence[Bar], cause: Cause | None) -> tuple[Cut, ...]:
    """Return the ends of the claimed range that lie between two bars, with what is known of their intervals."""
    if cause is None or cause.kind not in ("above", "below", "between"):
        return ()
    ends: dict[str, Threshold] = {one.end: one for one in cause.thresholds}
    found = []
    if cause.low is not None and cause.kind != "below":
        at = next((i for i, bar in enumerate(bars) if bar.low is not None and bar.low >= cause.low), None)
        if at:
            found.append(_cut(at, cause.low, ends.get("low")))
    if cause.high is not None and cause.kind != "above":
        inside = [i for i, bar in enumerate(bars) if bar.high is not None and bar.high <= cause.high]
        if inside and inside[-1] + 1 < len(bars):
            found.append(_cut(inside[-1] + 1, cause.high, ends.get("high")))
    return tuple(found)


def _cut(before: int, value: float, end: Threshold | None) -> Cut:
    # Where half of the trials could be, an interval tells nothing: the words of the claim say so.
    if end is None or not end.located:
        return Cut(before, value, None, None)
    return Cut(before, value, end.low, end.high)
