"""Pairs: two conditions that only together make trials sick, told apart from two causes that each act alone.

Two independent causes fail a trial with probability 1 - (1 - a)(1 - b) (noisy-OR). A pair is claimed only where the
trials with both conditions are sicker than those with either one, and sicker than independent action allows. Each
parameter is parted at its quartiles or by its levels; for every two parameters all boxes of two such sides are tried,
and the p-value pays for it (Bonferroni). All tables of all pairs come from one product of a matrix with itself.

Where sweeps were mixed or the sampler drifted, rates are compared within these strata: each of the four rates of a box
is standardised to one and the same mixture of strata. Independent action survives that: the chance to stay healthy is a
product of the two causes' and the stratum's own, whatever the mixture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hpi_core.statistics.distributions import log_normal_tails
from hpi_core.statistics.screening import level_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.findings import CauseKind
    from hpi_core.statistics.inputs import Booleans, Floats, Integers
    from hpi_core.statistics.study import Study

LEAST_CELL = 20
LEAST_SICK_TOGETHER = 5
_SAMPLE = 20_000
_MOST_PARAMETERS = 50
_MOST_LEVELS = 4
# Two sides that overlap much more or less than chance are hardly two conditions.
_MOST_OVERLAP = 0.25
_UNTHREADED = 250_000
Cells = npt.NDArray[np.float64]
_Best = tuple["Integers", "Integers", "Floats", "Integers"]


@dataclass(frozen=True, eq=False)
class Side:
    """One condition on one parameter, by its codes; the opposite is a condition, too, where `turns` holds."""

    parameter: int
    kind: CauseKind
    exposed: Booleans
    turns: bool

    def turned(self) -> Side:
        """Return the opposite condition."""
        opposite: dict[CauseKind, CauseKind] = {"above": "below", "below": "above"}
        return Side(self.parameter, opposite.get(self.kind, self.kind), ~self.exposed, self.turns)


@dataclass(frozen=True, eq=False, slots=True)
class PairTest:
    """The best box of two parameters for one issue: its log p-value and how many boxes were tried."""

    plan: _Plan
    box: int
    issue: int
    log_p: float
    boxes: int

    @property
    def first(self) -> Side:
        """The condition on the first parameter."""
        side: Side = self.plan.sides[int(self.plan.first[self.box])]
        return side.turned() if self.plan.turn_first[self.box] else side

    @property
    def second(self) -> Side:
        """The condition on the second parameter."""
        side: Side = self.plan.sides[int(self.plan.second[self.box])]
        return side.turned() if self.plan.turn_second[self.box] else side


@dataclass(frozen=True, eq=False)
class PairTests:
    """The tests of all pairs and issues: per test its best box, issue, log p-value and how many boxes were tried."""

    plan: _Plan | None
    box: Integers
    issue: Integers
    log_p: Floats
    boxes: Integers

    @classmethod
    def of(cls, plan: _Plan | None, found: Sequence[_Best]) -> PairTests:
        """Put the tests of several issues together."""
        box, issue, boxes = (
            np.concatenate([one[i] for one in found] or [np.empty(0)]).astype(np.int64) for i in (0, 1, 3)
        )
        return cls(plan, box, issue, np.concatenate([one[2] for one in found] or [np.empty(0)]), boxes)

    def one(self, i: int) -> PairTest:
        """Return one of the tests."""
        assert self.plan is not None
        return PairTest(self.plan, int(self.box[i]), int(self.issue[i]), float(self.log_p[i]), int(self.boxes[i]))


def pair_tests(study: Study, issues: Sequence[int]) -> PairTests:
    """Return the test of every two parameters for every issue of which some box can be judged.

    Args:
        study: the search; parameters of the environment are left out, and of more than 50 the later ones.
        issues: places of the issues to test.

    Very large sweeps are looked at in an evenly spread part of their trials.
    """
    step = max(1, study.n // _SAMPLE)
    sides = [
        side
        for p, (parameter, coding) in enumerate(zip(study.parameters, study.codings, strict=True))
        if not parameter.environment and p < _MOST_PARAMETERS
        for side in _sides(p, coding)
    ]
    if not issues or len({side.parameter for side in sides}) < 2:
        return PairTests.of(None, [])
    table = np.stack([side.exposed[study.codings[side.parameter].codes[::step]] for side in sides], axis=1)
    plan = _Plan.of(sides)
    known: dict[tuple[bytes, int], _Judged] = {}
    found = []
    for k in issues:
        issue = study.issues[k]
        assessable = issue.assessable[::step]
        strata, size, _ = study.strata(k)
        stratum = strata[::step]
        key = (np.packbits(assessable).tobytes(), size)
        if key not in known:
            known[key] = plan.judged([_quarters(table[assessable & (stratum == s)]) for s in range(size)])
        sick = assessable & issue.sick[::step]
        positives = [_quarters(table[sick & (stratum == s)]) for s in range(size)]
        found.append(plan.best(k, known[key], positives))
    return PairTests.of(plan, found)


def standardised(n: Sequence[Cells], a: Sequence[Cells]) -> tuple[Cells, Cells]:
    """Return the trials and sick trials that a box would have without strata, at equal rates and as sure of them.

    Args:
        n: per stratum, trials with both conditions, the first only, the second only, neither; shape (4, …).
        a: sick ones among them.

    Every rate is a mean over strata with weights 1 / (1 / n11 + 1 / n10 + 1 / n01 + 1 / n00), so a stratum that lacks
    one of the four says nothing.
    """
    if len(n) == 1:
        return n[0], a[0]
    weights, rates, spread = np.zeros(n[0].shape[1:]), np.zeros(n[0].shape), np.zeros(n[0].shape)
    for trials, sick in zip(n, a, strict=True):
        whole = trials.min(axis=0) > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = np.where(whole, 1 / (1 / trials).sum(axis=0), 0.0)
            rates += np.where(whole, weight * sick / trials, 0.0)
            spread += np.where(whole, weight**2 / trials, 0.0)
        weights += weight
    told = weights > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(told, weights**2 / spread, 0.0)
        return worth, np.where(told, rates / weights * worth, 0.0)


def overlap(n: Sequence[Cells]) -> Cells:
    """Return the correlation of two conditions within strata, 0 where either never varies; `n` as above."""
    shared, one_varies, other_varies = (np.zeros(n[0].shape[1:]) for _ in range(3))
    for both, one, other, neither in n:
        size = np.maximum(both + one + other + neither, 1.0)
        shared += (both * neither - one * other) / size
        one_varies += (both + one) * (other + neither) / size
        other_varies += (both + other) * (one + neither) / size
    spread = np.sqrt(one_varies * other_varies)
    return np.where(spread > 0, shared / np.maximum(spread, 1e-12), 0.0)


def score(n: Cells, a: Cells) -> Floats:
    """Return the score of boxes: the least of three normal deviates, NaN where a box cannot be judged.

    Args:
        n: trials with both conditions, the first only, the second only, neither; shape (4, …).
        a: sick ones among them.

    Both against the first only, both against the second only, and the rate of both against the one that independent
    action gives it, r0 = 1 - (1 - r10) (1 - r01) / (1 - r00). Its error is that of the null: r0 (1 - r0) / n11, and
    (1 - r0)^2 times the sum of r / (n (1 - r)) of the other three, by the delta method. (On the scale of log(1 - r)
    with the error of what was seen, a box of which every trial is sick would never be far from anything.) Rates are
    (a + .5) / (n + 1).
    """
    rate = (a + 0.5) / (n + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = 1 - (1 - rate[1]) * (1 - rate[2]) / (1 - rate[3])
        expected = np.clip(alone, np.maximum(rate[1], rate[2]), 1 - 0.5 / (n[0] + 1))
        odds = (rate[1:] / (n[1:] * (1 - rate[1:]))).sum(axis=0)
        error = np.sqrt(expected * (1 - expected) / n[0] + (1 - expected) ** 2 * odds)
        beyond = (rate[0] - expected) / error
        least = np.minimum(np.minimum(_deviate(n, a, 1), _deviate(n, a, 2)), beyond)
    judged = n.min(axis=0) >= LEAST_CELL
    return np.where(judged, np.where(a[0] >= LEAST_SICK_TOGETHER, least, -np.inf), np.nan)


def _deviate(n: Cells, a: Cells, other: int) -> Floats:
    """Return the deviate of two rates: both conditions against one of them alone."""
    pooled = (a[0] + a[other]) / (n[0] + n[other])
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n[0] + 1 / n[other]))
    return np.asarray((a[0] / n[0] - a[other] / n[other]) / spread)


def _sides(p: int, coding: Coding) -> Iterator[Side]:
    """Yield the conditions on one parameter: above and below its quartiles, each of its largest levels, no value."""
    counts = np.bincount(coding.codes, minlength=coding.size)
    codes = np.arange(coding.size)
    plain = coding.size == coding.bins
    for cut in _quartiles(counts[: coding.bins]):
        above = (codes > cut) & (codes < coding.bins)
        yield Side(p, "above", above, plain)
        if not plain:
            yield Side(p, "below", codes <= cut, False)
    own = level_codes(coding)
    if coding.missing is not None:
        own[coding.missing] = True
    levels = sorted(np.flatnonzero(own).tolist(), key=lambda code: (-counts[code], code))[:_MOST_LEVELS]
    two = coding.bins == 0 and coding.size == 2
    for code in levels[:1] if two and len(levels) == 2 else levels:
        yield Side(p, "missing" if code == coding.missing else "level", codes == code, two and len(levels) == 2)


def _quartiles(counts: Integers) -> list[int]:
    """Return the last bin below each quartile, as near as the bins allow; both sides of each hold something."""
    if len(counts) < 2 or counts.sum() == 0:
        return []
    below = np.cumsum(counts)[:-1] / counts.sum()
    return sorted({int(np.abs(below - share).argmin()) for share in (0.25, 0.5, 0.75)})


def _quarters(table: Booleans) -> Cells:
    """Return the trials for which any two sides hold both, the first only, the second only, neither."""
    both = _products(table.astype(np.float32))
    each = both.diagonal()
    one, other = each[:, None] - both, each[None, :] - both
    return np.stack([both, one, other, len(table) - both - one - other])


def _products(table: npt.NDArray[np.float32]) -> Cells:
    """Return how many trials any two sides share, in float32, where whole numbers below 2 ** 24 are exact.

    A few rows at a time: larger products would start the threads of the linear algebra library, which cost more here
    than they save.
    """
    shared = np.zeros((table.shape[1], table.shape[1]), dtype=np.float32)
    rows = max(32, _UNTHREADED // table.shape[1] ** 2)
    for start in range(0, len(table), rows):
        part = table[start : start + rows]
        shared += part.T @ part
    return shared.astype(np.float64)


@dataclass(frozen=True, eq=False)
class _Judged:
    """The assessable trials of every two sides per stratum, which boxes overlap too much, and without strata theirs."""

    strata: list[Cells]
    alike: Booleans
    boxes: Cells | None


@dataclass(frozen=True, eq=False)
class _Plan:
    """Which boxes there are: the columns of the first and second side, and which of them are turned round."""

    sides: Sequence[Side]
    first: Integers
    second: Integers
    turn_first: Booleans
    turn_second: Booleans
    starts: Integers

    @classmethod
    def of(cls, sides: Sequence[Side]) -> _Plan:
        owner = np.array([side.parameter for side in sides])
        turns = np.array([side.turns for side in sides])
        i, j = np.nonzero(owner[:, None] < owner[None, :])
        boxes = [
            (i[kept], j[kept], np.full(kept.sum(), one), np.full(kept.sum(), other))
            for one in (False, True)
            for other in (False, True)
            for kept in [(turns[i] | (not one)) & (turns[j] | (not other))]
        ]
        first, second, turn_first, turn_second = (np.concatenate(part) for part in zip(*boxes, strict=True))
        pair = owner[first] * (owner.max() + 1) + owner[second]
        order = np.argsort(pair, kind="stable")
        starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
        return cls(sides, first[order], second[order], turn_first[order], turn_second[order], starts)

    def boxes(self, quarters: Cells) -> Cells:
        """Return the trials of every box with both conditions, the first only, the second only, neither."""
        parts = quarters[:, self.first, self.second]
        turned = np.where(self.turn_first, parts[[2, 3, 0, 1]], parts)
        return np.where(self.turn_second, turned[[1, 0, 3, 2]], turned)

    def judged(self, strata: list[Cells]) -> _Judged:
        """Return what all issues with the same assessable trials share."""
        alike = np.abs(overlap(strata))[self.first, self.second] > _MOST_OVERLAP
        return _Judged(strata, alike, self.boxes(strata[0]) if len(strata) == 1 else None)

    def best(self, issue: int, everyone: _Judged, a: list[Cells]) -> _Best:
        """Return the best box of every two parameters of which some box can be judged; `a` are the sick per stratum."""
        worth, sick = standardised(everyone.strata, a)
        n = self.boxes(worth) if everyone.boxes is None else everyone.boxes
        scores = np.where(everyone.alike, np.nan, score(n, self.boxes(sick)))
        judged = np.add.reduceat(~np.isnan(scores), self.starts, dtype=np.int64)
        filled = np.where(np.isnan(scores), -np.inf, scores)
        best = np.maximum.reduceat(filled, self.starts)
        at = np.flatnonzero(filled == np.repeat(best, np.diff(self.starts, append=len(filled))))
        first, kept = at[np.searchsorted(at, self.starts)], judged > 0
        log_p = np.minimum(log_normal_tails(np.maximum(best, 0.0)) + np.log(np.maximum(judged, 1)), 0.0)
        log_p = np.where(best > 0, log_p, 0.0)
        return first[kept], np.full(int(kept.sum()), issue), log_p[kept], judged[kept]
