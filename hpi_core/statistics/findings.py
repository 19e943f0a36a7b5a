"""What the statistics say: causes, what explains them away, leads, buckets, and what could not be said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Rows

CauseKind = Literal["above", "below", "between", "level", "missing"]
Strength = Literal["strong", "moderate", "weak"]
Relation = Literal["explained by", "cannot be separated from"]
Evidence = Literal["random", "stratified", "association"]


@dataclass(frozen=True)
class Threshold:
    """Where one end of a range may lie.

    `end` is the `low` or the `high` end of the range, `at` where it is printed, `low` to `high` its 95 % interval;
    `located` is False where half of the trials or more lie in that interval.
    """

    end: Literal["low", "high"]
    at: float
    low: float
    high: float
    located: bool


@dataclass(frozen=True)
class Tier:
    """One step of a graded cause: the range (low, high] and its rate with a 95 % interval, `text` as a condition."""

    low: float | None
    high: float | None
    n: int
    sick: int
    rate: float
    rate_low: float
    rate_high: float
    text: str


@dataclass(frozen=True, eq=False)
class Cause:
    """A range or value of one parameter whose issue rate is higher, beyond chance.

    Attributes:
        parameter: name of the column.
        issue: issue id.
        kind: `above`, `below` or `between` for ranges, `level` for one value, `missing` for trials without a value.
        low: exclusive lower end of the range, None where it is open.
        high: inclusive upper end of the range, None where it is open.
        values: the value of a `level` cause as text, else empty.
        n: assessable trials in the range as printed (with its rounded ends).
        sick: how many of them are sick.
        rate: sick / n.
        rate_low: lower end of the 95 % interval of `rate`, corrected for having been selected.
        rate_high: upper end of the same.
        rate_elsewhere: rate of the assessable trials outside the range (missing values included).
        elsewhere_n: their number.
        elsewhere_sick: how many of them are sick.
        elsewhere_low: lower end of the 95 % interval of `rate_elsewhere`, corrected likewise.
        elsewhere_high: upper end of the same.
        ratio: risk ratio, shrunk by the bias that choosing the best cut brings (so at most rate / rate_elsewhere).
        ratio_low: lower end of its 95 % interval, corrected for having been selected.
        ratio_high: upper end of the same.
        difference: rate - rate_elsewhere, shrunk likewise.
        difference_low: lower end of its 95 % interval, corrected likewise.
        difference_high: upper end of the same.
        share: attributable share: the part of all sick trials that would not be sick at the rate elsewhere.
        threshold_low: lower end of the 95 % interval of the cut (of the lower cut for `between`); None without a cut.
        threshold_high: upper end of the same (of the upper cut for `between`).
        thresholds: the cuts one by one, lower one first: two for `between`, none for a value.
        p: p-value corrected for every cut and value tried on this parameter.
        log10_p: its decimal logarithm, which does not underflow.
        q: Benjamini-Hochberg q-value in the one weighted family of everything tested.
        q_strict: Benjamini-Yekutieli q-value, valid under any dependence of the tests.
        strength: `strong` (ratio at least 3 and half of the sick), `moderate` or `weak`.
        adjusted_for: what the test was stratified by: other parameters' names, `trial order`.
        adjusted_ratio: Mantel-Haenszel risk ratio over those strata, None where nothing was adjusted for.
        inseparable: parameters whose part cannot be told from this one's.
        tiers: of a graded cause its steps, the sickest (the cause itself) first, what is left over last; else empty.
        outside: causes whose trials were set aside before this one could be seen; its counts leave them out.
        evidence: `random` where the parameter's values did not follow trial order, `stratified` where it was tested
            within groups or stretches of trial order; either may be called a cause. `association` where neither holds
            (the column names the machine, the trials are sorted by outcome).
        rows: the sick trials in the range, ascending.
        environment: the column names the machine.
        text: the condition in words, `lr > 0.013`.
    """

    parameter: str
    issue: str
    kind: CauseKind
    low: float | None
    high: float | None
    values: tuple[str, ...]
    n: int
    sick: int
    rate: float
    rate_low: float
    rate_high: float
    rate_elsewhere: float
    elsewhere_n: int
    elsewhere_sick: int
    elsewhere_low: float
    elsewhere_high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    difference: float
    difference_low: float
    difference_high: float
    share: float
    threshold_low: float | None
    threshold_high: float | None
    thresholds: tuple[Threshold, ...]
    p: float
    log10_p: float
    q: float
    q_strict: float
    strength: Strength
    adjusted_for: tuple[str, ...]
    adjusted_ratio: float | None
    inseparable: tuple[str, ...]
    tiers: tuple[Tier, ...]
    outside: tuple[Cause, ...]
    evidence: Evidence
    rows: Rows
    environment: bool
    text: str


@dataclass(frozen=True)
class Condition:
    """A range (low, high] or value of one parameter as printed; `text` can be typed as a filter."""

    parameter: str
    kind: CauseKind
    low: float | None
    high: float | None
    values: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class PairCell:
    """The assessable trials of one of the four parts two conditions make, with a simultaneous 95 % interval."""

    n: int
    sick: int
    rate: float
    rate_low: float
    rate_high: float


@dataclass(frozen=True, eq=False)
class PairCause:
    """Two conditions that only together make trials sick: beyond either one, and beyond independent action of both.

    Attributes:
        parameters: names of the two columns.
        issue: issue id.
        conditions: the two conditions.
        text: both, joined by `and`.
        both: the trials for which both hold.
        first_only: those for which the first alone holds.
        second_only: those for which the second alone holds.
        neither: the others.
        share: the part of all sick trials that would not be sick at the rate of the worse condition alone.
        p: p-value corrected for every box of sides tried on these two parameters.
        log10_p: its decimal logarithm.
        q: q-value in the one family of everything tested.
        q_strict: the same under any dependence of the tests.
        adjusted_for: what the pair was tested within: groups, stretches of trial order; empty where nothing drifted.
        carries: which of the two has a cause of its own that makes no clear difference outside the pair.
        rows: the sick trials for which both hold, ascending.
    """

    parameters: tuple[str, str]
    issue: str
    conditions: tuple[Condition, Condition]
    text: str
    both: PairCell
    first_only: PairCell
    second_only: PairCell
    neither: PairCell
    share: float
    p: float
    log10_p: float
    q: float
    q_strict: float
    adjusted_for: tuple[str, ...]
    carries: tuple[str, ...]
    rows: Rows


@dataclass(frozen=True)
class NotACause:
    """A significant parameter that is not claimed, because another cause of the same issue accounts for it.

    `explained by`: within the strata of `other` the effect shrinks by at least half and is small; `cannot be separated
    from`: the strata hold too little to tell.
    """

    parameter: str
    issue: str
    relation: Relation
    other: str
    q: float
    ratio: float
    adjusted_ratio: float | None


@dataclass(frozen=True)
class Lead:
    """Where to look first when trials are too few for a cause: raw counts, never a claim.

    `p` is exact for the best cut and corrected for the number of parameters; `needs` is about how many more trials
    would give power .8 at q .05 if the observed rates held.
    """

    parameter: str
    issue: str
    kind: CauseKind
    low: float | None
    high: float | None
    values: tuple[str, ...]
    n: int
    sick: int
    elsewhere_n: int
    elsewhere_sick: int
    p: float
    needs: int
    text: str


@dataclass(frozen=True)
class Bucket:
    """A range (low, high] or a value of one parameter with its issue rate and Wilson interval; ends are finite."""

    parameter: str
    issue: str
    low: float | None
    high: float | None
    values: tuple[str, ...]
    missing: bool
    n: int
    sick: int
    rate: float
    rate_low: float
    rate_high: float


@dataclass(frozen=True)
class ApartFindings:
    """What is told apart from the causes of sickness; lists as in `CauseFindings`."""

    causes: tuple[Cause, ...] = ()
    not_causes: tuple[NotACause, ...] = ()
    leads: tuple[Lead, ...] = ()
    buckets: tuple[Bucket, ...] = ()


@dataclass(frozen=True)
class ObjectiveFindings(ApartFindings):
    """What makes the objective bad or good among trials that are not sick: the issues are its outcomes.

    The outcomes are the worst and the best tenth of these trials.
    """


@dataclass(frozen=True)
class InfoFindings(ApartFindings):
    """What trials share that are slow to start or stopped while still improving: issues that make nobody sick."""


@dataclass(frozen=True)
class CauseFindings:
    """Everything `find_causes` has to say; lists are ordered, strongest first.

    `tested` is the number of tests in the one family that q-values refer to; `stratified` says that pairs were tested
    within stretches of trial order because the sampler drifted; `objective` and `infos` are apart from the issues.
    """

    causes: tuple[Cause, ...]
    not_causes: tuple[NotACause, ...]
    leads: tuple[Lead, ...]
    buckets: tuple[Bucket, ...]
    pairs: tuple[PairCause, ...]
    objective: ObjectiveFindings
    infos: InfoFindings
    tested: int
    stratified: bool
    caveats: tuple[str, ...]
