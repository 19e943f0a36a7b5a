"""What to do next, as short as it can be: one thing per cause that can be acted on, then advice on issues without one.

A recommended limit on a continuous scale is the cautious end of the threshold's interval; between the few values of a
discrete one it is the cut itself, since every value was tried. A range that holds its share of the best results is
watched and not left out, unless its trials have no result at all. A machine that is to blame is taken out of the sweep,
never tuned. Leads never become recommendations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from hpi_core.inspection.diagnosis import diagnose
from hpi_core.numerals import number, percent, plural, typeset
from hpi_core.roles import Hyperparameter

if TYPE_CHECKING:
    from hpi_core.inspection.best_results import BestWithin
    from hpi_core.inspection.model import IssueCount
    from hpi_core.statistics.findings import Cause

Confidence = Literal["strong", "moderate", "weak", "observed"]

# A range is cut off the search only where at least this share of it is sick, and at least twice as often as elsewhere.
CUT_RATE = 0.25
CUT_RATIO = 2.0
# Issues of bookkeeping, not of training: the range shows where to look, and leaving it out would hide the mistake.
BOOKKEEPING = frozenset(["identical_results", "metric_out_of_range", "missing_metric", "seed_ignored", "zombie"])
# This one only adds up other issues: once a range of any is recommended, its advice says nothing more.
SUM_OF_ISSUES = "infeasible_share"
# A warning that no cause explains gets advice of its own from so many trials, or so large a share of them.
COMMON_COUNT = 5
COMMON_RATE = 0.05
_STRENGTHS: tuple[Confidence, ...] = ("strong", "moderate", "weak", "observed")


TENTATIVE, WATCHED = "Try this: ", "Watch "


def argues_for_a_cut(cause: Cause) -> bool:
    """Tell whether a cause is sure and large enough to take something out of the search."""
    return (
        not cause.environment
        and cause.issue not in BOOKKEEPING
        and cause.strength in ("strong", "moderate")
        and cause.rate >= CUT_RATE
        and cause.ratio >= CUT_RATIO
    )


def costs_the_best(cause: Cause, severity: str, within: BestWithin) -> bool:
    """Tell whether leaving out the range of a cause would give up what the search is for.

    Args:
        cause: what is blamed.
        severity: of its issue; where it is an error, a sick trial has no result that could be used.
        within: where the best results lie.
    """
    if severity == "error" and argues_for_a_cut(cause):
        return within.most
    return within.at_home


@dataclass(frozen=True)
class Recommendation:
    """One thing to do.

    Attributes:
        id: `R1`, `R2`, … in order of importance.
        text: what to do, with specific values.
        reason: the counts it rests on.
        because: what it rests on: `cause:N` (index into the causes) or `issue:ID`.
        parameter: the hyperparameter to change, or None.
        now: its range or values in this sweep, in words.
        to: the range or values to use, in words.
        confidence: the strength of the cause, or `observed` where it rests on findings alone.
    """

    id: str
    text: str
    reason: str
    because: tuple[str, ...]
    parameter: str | None
    now: str | None
    to: str | None
    confidence: Confidence


def recommend(
    causes: Sequence[Cause],
    issues: Iterable[IssueCount],
    hyperparameters: Iterable[Hyperparameter],
    best: Sequence[BestWithin],
) -> tuple[Recommendation, ...]:
    """Return the recommendations that follow from causes and issues, most important first.

    Args:
        causes: what is blamed.
        issues: what was found.
        hyperparameters: what can be changed.
        best: for every cause, how many of the best results lie in its range.

    Order: what rests on a sure and large effect before what is worth a try, then by strength, then by how many sick
    trials it accounts for. Advice on an issue as such is given only where no cause of it is recommended.
    """
    known = {parameter.name: parameter for parameter in hyperparameters}
    issues = list(issues)
    stakes = _Stakes({issue.issue: issue for issue in issues}, best)
    grouped: dict[tuple[object, ...], list[int]] = {}
    for place, cause in enumerate(causes):
        if cause.issue in BOOKKEEPING:
            grouped[place, cause.issue] = [place]
        elif cause.environment or cause.parameter in known:
            grouped.setdefault((cause.parameter, cause.kind, cause.values), []).append(place)
    drafts = [_from_causes(places, causes, known, stakes) for places in grouped.values()]
    weights = [-max(_accounted_for(causes[place]) for place in places) for places in grouped.values()]
    order = sorted(
        range(len(drafts)), key=lambda i: (_tentative(drafts[i]), _STRENGTHS.index(drafts[i].confidence), weights[i])
    )
    covered = {causes[place].issue for places in grouped.values() for place in places}
    covered |= {SUM_OF_ISSUES} if covered else set()
    drafts = [drafts[i] for i in order] + [
        _from_issue(issue)
        for issue in issues
        if issue.diagnostic and issue.advice and issue.issue not in covered and _worth_advice(issue)
    ]
    drafts.sort(key=_tentative)
    return tuple(replace(draft, id=f"R{place}") for place, draft in enumerate(drafts, start=1))


def _worth_advice(issue: IssueCount) -> bool:
    """Say whether an issue that no cause explains is grave or common enough for advice of its own."""
    common = issue.scope == "sweep" or issue.count >= COMMON_COUNT or (issue.rate or 0.0) >= COMMON_RATE
    return issue.severity == "error" or (issue.severity == "warn" and common)


def _accounted_for(cause: Cause) -> float:
    """Return how many sick trials the range has beyond what the rate elsewhere would give it."""
    return cause.sick - cause.rate_elsewhere * cause.n


def _tentative(draft: Recommendation) -> bool:
    return draft.text.startswith((TENTATIVE, WATCHED))


@dataclass(frozen=True)
class _Stakes:
    """What a cause is weighed against: its issue, and the best results in its range (one entry per cause)."""

    issues: Mapping[str, IssueCount]
    best: Sequence[BestWithin]

    def advice(self, issue: str) -> str:
        return self.issues[issue].advice if issue in self.issues else ""

    def too_high(self, place: int, cause: Cause) -> bool:
        severity = self.issues[cause.issue].severity if cause.issue in self.issues else "warn"
        return costs_the_best(cause, severity, self.best[place])


def _from_causes(
    places: Sequence[int], causes: Sequence[Cause], known: Mapping[str, Hyperparameter], stakes: _Stakes
) -> Recommendation:
    """Return one recommendation for all causes that speak of the same side or value of a parameter.

    The strongest of them sets the value, so that a vague cause does not narrow the search needlessly.
    """
    leading = min(places, key=lambda place: (_STRENGTHS.index(causes[place].strength), place))
    cause = causes[leading]
    parameter = now = to = None
    if cause.issue in BOOKKEEPING:
        advice = stakes.advice(cause.issue).rstrip(".")
        action = f"{advice}; begin with the trials where {typeset(cause.text)}".lstrip("; ")
    elif cause.environment:
        action = _machine(cause)
    else:
        parameter, now = cause.parameter, _now(known[cause.parameter])
        action, to = _change(cause, known[cause.parameter])
        if stakes.too_high(leading, cause):
            action, to = _watch(cause, stakes.best[leading]), None
        elif not argues_for_a_cut(cause):
            action = f"{TENTATIVE}{action[0].lower()}{action[1:]}"
    return Recommendation(
        "",
        f"{action}.",
        f"{_diagnosis(places, causes)}{' '.join(f'{_evidence(causes[place])}.' for place in places)}",
        tuple(f"cause:{place}" for place in places),
        parameter,
        now,
        to,
        cause.strength,
    )


def _watch(cause: Cause, within: BestWithin) -> str:
    return (
        f"{WATCHED}{typeset(cause.text)} and keep it for now: {within.best_there:,} of the {within.best:,} best "
        "results lie there"
    )


def _diagnosis(places: Sequence[int], causes: Sequence[Cause]) -> str:
    """Return what the causes of one recommendation mean together, as a sentence to begin with, where there is one."""
    cause = causes[places[0]]
    words = diagnose(cause.parameter, cause.kind, [causes[place].issue for place in places])
    return f"{words[0].upper()}{words[1:]}. " if words else ""


def _machine(cause: Cause) -> str:
    """Return what to do about a value of a column that names the machine."""
    if cause.kind == "level" and cause.values:
        return f"Take {', '.join(cause.values)} out of the sweep and rerun its trials"
    return f"Find out where the trials without a {cause.parameter} ran, and rerun them"


def _evidence(cause: Cause) -> str:
    said = (
        f"{typeset(cause.text)}: {cause.sick:,} of {plural(cause.n, 'trial')} {cause.issue} "
        f"({percent(cause.rate)}, 95 % interval {percent(cause.rate_low)} to {percent(cause.rate_high)}), "
        f"elsewhere {cause.elsewhere_sick:,} of {cause.elsewhere_n:,} ({percent(cause.rate_elsewhere)})"
    )
    return f"{said}; cannot be told apart from {', '.join(cause.inseparable)}" if cause.inseparable else said


def _change(cause: Cause, parameter: Hyperparameter) -> tuple[str, str | None]:
    """Return what to do about a cause and the range to use, in words."""
    name = cause.parameter
    low = _cautious(cause.threshold_low, cause.low, parameter)
    high = _cautious(cause.threshold_high, cause.high, parameter)
    if cause.kind == "above" and low is not None:
        return f"Keep {name} ≤ {number(low)}", f"≤ {number(low)}"
    if cause.kind == "below" and high is not None:
        return f"Keep {name} > {number(high)}", f"> {number(high)}"
    if cause.kind == "between" and low is not None and high is not None:
        outside = f"≤ {number(low)} or > {number(high)}"
        return f"Keep {name} {outside}", outside
    if cause.kind == "level" and cause.values:
        return f"Leave out {name} = {', '.join(cause.values)}", f"not {', '.join(cause.values)}"
    return f"Set {name} in every trial, or find out why it is missing", "always set"


def _cautious(end: float | None, cut: float | None, parameter: Hyperparameter) -> float | None:
    """Return the cautious end of a threshold; the cut itself between discrete values, or where that end leaves nothing.

    Where the parameter has few values, the trials of each next one are evidence of their own that the cut lies there.
    """
    lowest, highest = parameter.minimum, parameter.maximum
    if parameter.kind == "discrete":
        return cut
    if end is None or (lowest is not None and end <= lowest) or (highest is not None and end >= highest):
        return cut
    return end


def _now(parameter: Hyperparameter) -> str:
    if parameter.kind == "categorical" or parameter.minimum is None or parameter.maximum is None:
        return plural(parameter.distinct, "value")
    return f"{number(parameter.minimum)} to {number(parameter.maximum)}"


def _from_issue(issue: IssueCount) -> Recommendation:
    if issue.scope == "sweep":
        reason = f"{issue.title}: {issue.evidence.rstrip('.') or 'found in the sweep as a whole'}."
    else:
        reason = (
            f"{issue.title}: {issue.count:,} of {plural(issue.assessable, 'assessable trial')} ({percent(issue.rate)})."
        )
    return Recommendation("", issue.advice, reason, (f"issue:{issue.issue}",), None, None, None, "observed")
