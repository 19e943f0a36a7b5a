"""Pair causes: from a significant box of two conditions to what is told of it, with cuts moved to where they part best.

The cuts of the test lie at quartiles; what is told is refined: each condition in turn moves to the fine bin that parts
best the trials for which the other holds. Rates have simultaneous intervals over all boxes that were tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.binning import in_range
from hpi_core.statistics.distributions import normal_quantile
from hpi_core.statistics.findings import Condition, PairCause, PairCell
from hpi_core.statistics.intervals import Z95, risk_ratio, wilson
from hpi_core.statistics.maxstat import cut_scores
from hpi_core.statistics.pairs import standardised
from hpi_core.statistics.thresholds import condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.statistics.findings import Cause
    from hpi_core.statistics.inputs import Booleans, Codes
    from hpi_core.statistics.pairs import PairTest, Side
    from hpi_core.statistics.study import Study

_LEAST_SHARE = 0.10
_LEAST_RATIO, _LEAST_DIFFERENCE = 1.5, 0.20
_LEAST_SIDE = 10
_MOST_PER_ISSUE = 5
# A part of the logarithm of a ratio that is not worth telling.
_LITTLE = 0.25


@dataclass(frozen=True, eq=False)
class _Box:
    """Both conditions with the trials they hold for."""

    first: Side
    second: Side
    one: Booleans
    other: Booleans


def pair_causes(
    study: Study, passed: Sequence[tuple[PairTest, float, float]], causes: Sequence[Cause]
) -> list[PairCause]:
    """Return what is told of the pairs that passed, given with q and strict q, strongest first.

    At most five per issue, and only those that matter: at least a tenth of the sick beyond what either condition alone
    would bring, and 1.5 times its rate or .20 above it.
    """
    told: list[PairCause] = []
    for test, q, strict in sorted(passed, key=lambda item: item[0].log_p):
        issue = study.issues[test.issue]
        if sum(pair.issue == issue.id for pair in told) >= _MOST_PER_ISSUE:
            continue
        box = _refined(study, test)
        made = _told(study, test, box, (q, strict))
        if made is not None:
            own = [cause for cause in causes if cause.issue == issue.id and not cause.outside]
            told.append(replace(made, carries=_carried(study, test, box, own)))
    return sorted(told, key=lambda pair: -pair.share)


def _refined(study: Study, test: PairTest) -> _Box:
    """Return the box with each cut moved to the best fine bin for the trials of the other condition.

    Both move at once, and once more beside what the other became: which parameter comes first makes no difference.
    """
    box = _box(study, test.first, test.second)
    for _ in range(2):
        first, second = (
            _moved(study, test.issue, test.first, box.other),
            _moved(study, test.issue, test.second, box.one),
        )
        box = _box(study, first, second)
    return box


def _box(study: Study, first: Side, second: Side) -> _Box:
    one, other = (side.exposed[study.codings[side.parameter].codes] for side in (first, second))
    return _Box(first, second, one, other)


def _moved(study: Study, k: int, side: Side, given: Booleans) -> Side:
    if side.kind not in ("above", "below"):
        return side
    bins = study.codings[side.parameter].bins
    positives, totals = study.counted(side.parameter, k, given)
    z = cut_scores(positives[:bins], totals[:bins], _LEAST_SIDE) * (1.0 if side.kind == "below" else -1.0)
    if not np.isfinite(z).any():
        return side
    cut = int(np.nanargmax(z))
    codes = np.arange(len(totals))
    exposed = codes <= cut if side.kind == "below" else (codes > cut) & (codes < bins)
    return replace(side, exposed=exposed)


def _told(study: Study, test: PairTest, box: _Box, q: tuple[float, float]) -> PairCause | None:
    issue = study.issues[test.issue]
    z = -normal_quantile(0.025 / test.boxes)
    places = (box.one & box.other, box.one & ~box.other, ~box.one & box.other, ~box.one & ~box.other)
    both, first_only, second_only, neither = (_cell(place & issue.assessable, issue.sick, z) for place in places)
    sick = both.sick + first_only.sick + second_only.sick + neither.sick
    alone = max(first_only.rate, second_only.rate)
    share = (both.rate - alone) * both.n / max(sick, 1)
    strata, size, names = study.strata(test.issue)
    if (
        share < _LEAST_SHARE
        or not _large(both.rate, alone)
        or not _large(*_within(study, test.issue, box, strata, size))
    ):
        return None
    if study.whole[test.issue] is not issue:
        issue = study.whole[test.issue]
        both, first_only, second_only, neither = (
            _over_all(cell, place & issue.assessable, issue.sick)
            for cell, place in zip((both, first_only, second_only, neither), places, strict=True)
        )
        alone, sick = max(first_only.rate, second_only.rate), int(np.count_nonzero(issue.assessable & issue.sick))
        share = (both.rate - alone) * both.n / max(sick, 1)
        if share < _LEAST_SHARE or not _large(both.rate, alone):
            return None
    conditions = tuple(_condition(study, side) for side in (box.first, box.second))
    return PairCause(
        parameters=(conditions[0].parameter, conditions[1].parameter),
        issue=issue.id,
        conditions=(conditions[0], conditions[1]),
        text=f"{conditions[0].text} and {conditions[1].text}",
        both=both,
        first_only=first_only,
        second_only=second_only,
        neither=neither,
        share=share,
        p=math.exp(max(test.log_p, -690.0)),
        log10_p=test.log_p / math.log(10),
        q=q[0],
        q_strict=q[1],
        adjusted_for=names,
        carries=(),
        rows=np.flatnonzero(places[0] & issue.assessable & issue.sick).astype(np.uint32),
    )


def _within(study: Study, k: int, box: _Box, strata: Codes, size: int) -> tuple[float, float]:
    """Return the rate where both conditions hold, and the larger of the rates of either alone, at equal strata."""
    place = (3 - 2 * box.one.astype(np.uint8) - box.other).astype(np.uint8)
    a, c = study.tally.count_strata(place, 4, k, strata, size)
    worth, sick = standardised(list(c.astype(np.float64)), list(a.astype(np.float64)))
    both, first_only, second_only = (float(sick[i] / max(worth[i], 1e-9)) for i in range(3))
    return both, max(first_only, second_only)


def _large(rate: float, alone: float) -> bool:
    return rate >= _LEAST_RATIO * alone or rate - alone >= _LEAST_DIFFERENCE


def _cell(inside: Booleans, sick: Booleans, z: float) -> PairCell:
    n, a = int(np.count_nonzero(inside)), int(np.count_nonzero(inside & sick))
    return PairCell(n, a, a / n if n else 0.0, *wilson(a, n, z))


def _over_all(seen: PairCell, inside: Booleans, sick: Booleans) -> PairCell:
    """Return the counts of all trials with the interval of those that were tested, widened to hold their rate."""
    n, a = int(np.count_nonzero(inside)), int(np.count_nonzero(inside & sick))
    rate = a / n if n else 0.0
    return PairCell(n, a, rate, min(seen.rate_low, rate), max(seen.rate_high, rate))


def _condition(study: Study, side: Side) -> Condition:
    coding, name = study.codings[side.parameter], study.parameters[side.parameter].name
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    exposed = np.flatnonzero(side.exposed)
    if side.kind == "above":
        low, high = float(coding.edges[exposed[0]]), float(coding.edges[-1]) if coding.ceiling else None
    elif side.kind == "below":
        low, high = float(coding.edges[0]) if coding.floor else None, float(coding.edges[exposed[-1] + 1])
    elif side.kind == "level":
        values = (coding.levels[exposed[0] - coding.bins],)
    return Condition(
        name, side.kind, low, high, values, condition(name, low, high, values[0] if values else None, side.kind)
    )


def _carried(study: Study, test: PairTest, box: _Box, causes: Sequence[Cause]) -> tuple[str, ...]:
    """Return the parameters of the pair whose own cause of this issue makes no clear difference outside the box."""
    issue = study.issues[test.issue]
    rest = issue.assessable & ~(box.one & box.other)
    carried = []
    for side in (box.first, box.second):
        parameter, coding = study.parameters[side.parameter], study.codings[side.parameter]
        for cause in causes:
            if cause.parameter != parameter.name:
                continue
            if cause.kind in ("level", "missing"):
                code = coding.missing if cause.kind == "missing" else coding.bins + coding.levels.index(cause.values[0])
                exposed: Booleans = coding.codes == code
            else:
                exposed = in_range(np.asarray(parameter.values, dtype=np.float64), cause.low, cause.high)
                exposed &= ~parameter.missing
            inside, outside = (_cell(rest & part, issue.sick, Z95) for part in (exposed, ~exposed))
            if not inside.n or not outside.n:
                carried.append(parameter.name)
                continue
            log_ratio, error = risk_ratio(inside.sick, inside.n, outside.sick, outside.n)
            alone = log_ratio / math.log(max(cause.ratio, 1.01))
            if alone <= _LITTLE or (alone <= 0.5 and log_ratio - Z95 * error <= 0):
                carried.append(parameter.name)
    return tuple(dict.fromkeys(carried))
