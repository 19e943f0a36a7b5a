"""What to do next: one recommendation per cause that can be acted on, then per issue; each names what it rests on.

A recommended limit is the cautious end of the threshold's interval, not its point. Leads and columns that name the
machine never become recommendations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from hpi_core.numerals import number, percent, plural
from hpi_core.roles import Hyperparameter

if TYPE_CHECKING:
    from hpi_core.inspection.model import IssueCount
    from hpi_core.statistics.findings import Cause

Confidence = Literal["strong", "moderate", "weak", "observed"]

# A range is cut off the search only where at least this share of it is sick, and at least twice as often as elsewhere.
CUT_RATE = 0.25
CUT_RATIO = 2.0


@dataclass(frozen=True)
class Recommendation:
    """One thing to do.

    Attributes:
        id: `R1`, `R2`, … in order of importance.
        text: what to do, with specific values.
        reason: the counts it rests on.
        because: what it rests on: `cause:N` (index into the causes) or `issue:ID`.
        parameter: the column to change, or None.
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
    causes: Sequence[Cause], issues: Iterable[IssueCount], hyperparameters: Iterable[Hyperparameter]
) -> tuple[Recommendation, ...]:
    """Return the recommendations that follow from causes and issues, most important first."""
    known = {parameter.name: parameter for parameter in hyperparameters}
    drafts = [
        _from_cause(place, cause, known[cause.parameter])
        for place, cause in enumerate(causes)
        if not cause.environment and cause.parameter in known
    ]
    drafts += [_from_issue(issue) for issue in issues if issue.diagnostic and issue.severity != "info" and issue.advice]
    return tuple(_numbered(drafts))


def _numbered(drafts: Iterable[Recommendation]) -> Iterable[Recommendation]:
    return [replace(draft, id=f"R{place}") for place, draft in enumerate(drafts, start=1)]


def _from_cause(place: int, cause: Cause, parameter: Hyperparameter) -> Recommendation:
    action, to = _change(cause)
    if cause.rate < CUT_RATE or cause.ratio < CUT_RATIO:
        action = f"Consider this first: {action[0].lower()}{action[1:]}"
    reason = (
        f"{cause.text}: {cause.sick:,} of {plural(cause.n, 'trial')} with {cause.issue} "
        f"({percent(cause.rate)}, 95 % interval {percent(cause.rate_low)} to {percent(cause.rate_high)}), "
        f"elsewhere {cause.elsewhere_sick:,} of {cause.elsewhere_n:,} ({percent(cause.rate_elsewhere)})"
    )
    if cause.inseparable:
        reason += f"; cannot be told apart from {', '.join(cause.inseparable)}"
    return Recommendation(
        "", f"{action}.", f"{reason}.", (f"cause:{place}",), cause.parameter, _now(parameter), to, cause.strength
    )


def _change(cause: Cause) -> tuple[str, str | None]:
    """Return what to do about a cause and the range to use, in words."""
    name = cause.parameter
    low = cause.threshold_low if cause.threshold_low is not None else cause.low
    high = cause.threshold_high if cause.threshold_high is not None else cause.high
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


def _now(parameter: Hyperparameter) -> str:
    if parameter.kind == "categorical" or parameter.minimum is None or parameter.maximum is None:
        return plural(parameter.distinct, "value")
    return f"{number(parameter.minimum)} to {number(parameter.maximum)}"


def _from_issue(issue: IssueCount) -> Recommendation:
    if issue.scope == "sweep":
        reason = issue.evidence or f"{issue.title}, found in the sweep as a whole."
    else:
        reason = (
            f"{issue.title}: {issue.count:,} of {plural(issue.assessable, 'assessable trial')} ({percent(issue.rate)})."
        )
    return Recommendation("", issue.advice, reason, (f"issue:{issue.issue}",), None, None, None, "observed")
