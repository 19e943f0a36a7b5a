"""What to do next, as short as it can be: one thing per response to causes, then advice on issues without a cause.

What is done about a cause is decided in `responses`, and carried out by the next experiment; here it is said. Leads
never become recommendations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from hpi_core.inspection.diagnosis import diagnose
from hpi_core.inspection.responses import argues_for_a_cut, in_words
from hpi_core.numerals import number, percent, plural, typeset
from hpi_core.roles import Hyperparameter

if TYPE_CHECKING:
    from hpi_core.inspection.model import IssueCount
    from hpi_core.inspection.responses import Response
    from hpi_core.statistics.findings import Cause, Condition, PairCause

Confidence = Literal["strong", "moderate", "weak", "observed"]

# This one only adds up other issues: once a range of any is recommended, its advice says nothing more.
SUM_OF_ISSUES = "infeasible_share"
# A warning that no cause explains gets advice of its own from so many trials, or so large a share of them.
COMMON_COUNT = 5
COMMON_RATE = 0.05
_STRENGTHS: tuple[Confidence, ...] = ("strong", "moderate", "weak", "observed")


TENTATIVE, WATCHED = "Try this: ", "Watch "


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
    responses: Sequence[Response],
) -> tuple[Recommendation, ...]:
    """Return the recommendations that follow from causes and issues, most important first.

    Args:
        causes: what is blamed.
        issues: what was found.
        hyperparameters: what can be changed.
        responses: what is done about the causes.

    Order: what rests on a sure and large effect before what is worth a try or watching, then by strength, then by how
    many sick trials it accounts for. Advice on an issue as such is given only where no cause of it is recommended.
    """
    known = {parameter.name: parameter for parameter in hyperparameters}
    issues = list(issues)
    advice = {issue.issue: issue.advice for issue in issues}
    drafts = [_from_response(response, causes, known, advice) for response in responses]
    weights = [-_accounted_for(response, causes) for response in responses]
    order = sorted(
        range(len(drafts)), key=lambda i: (_tentative(drafts[i]), _STRENGTHS.index(drafts[i].confidence), weights[i])
    )
    covered = {causes[place].issue for response in responses for place in response.causes}
    covered |= {response.pair.issue for response in responses if response.pair is not None}
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


def _accounted_for(response: Response, causes: Sequence[Cause]) -> float:
    """Return how many sick trials the region has beyond what the rate elsewhere would give it."""
    if response.pair is not None:
        both, first, second = response.pair.both, response.pair.first_only, response.pair.second_only
        return both.sick - max(first.rate, second.rate) * both.n
    told = [causes[place] for place in response.causes]
    return max(cause.sick - cause.rate_elsewhere * cause.n for cause in told)


def _tentative(draft: Recommendation) -> bool:
    return draft.text.startswith((TENTATIVE, WATCHED))


def _from_response(
    response: Response, causes: Sequence[Cause], known: Mapping[str, Hyperparameter], advice: Mapping[str, str]
) -> Recommendation:
    """Return one recommendation for all causes that one response answers; the first of them sets the value."""
    parameter = now = to = None
    first = response.region[0]
    if response.action == "look into":
        begin = f"begin with the trials where {response.text}"
        action = f"{advice.get(causes[response.causes[0]].issue, '').rstrip('.')}; {begin}".lstrip("; ")
    elif response.action == "take out":
        action = _machine(causes[response.causes[0]])
    else:
        parameter = response.narrowed
        now = _now(known[parameter])
        action, to = _change(response)
        if response.action == "watch":
            keep = " and keep it for now" if response.holds_best else ""
            action, to = f"{WATCHED}{response.text}{keep}: {response.why}", None
        elif response.action == "set" and not argues_for_a_cut(causes[response.causes[0]]):
            action = f"{TENTATIVE}{action[0].lower()}{action[1:]}"
    reasons = [_of_pair(response.pair)] if response.pair is not None else []
    reasons += [_evidence(causes[place]) for place in response.causes]
    if response.action in ("cut", "avoid") and response.why:
        reasons.append(f"{response.why[0].upper()}{response.why[1:]}")
    because = tuple(f"cause:{place}" for place in response.causes)
    return Recommendation(
        "",
        f"{action[0].upper()}{action[1:]}.",
        f"{_diagnosis(first, response, causes)}{' '.join(f'{reason}.' for reason in reasons)}",
        because or tuple(f"issue:{pair.issue}" for pair in (response.pair,) if pair is not None),
        parameter,
        now,
        to,
        _confidence(response, causes),
    )


def _confidence(response: Response, causes: Sequence[Cause]) -> Confidence:
    """Return the strength of the cause that leads; a pair is as sure as the surest cause that acts through it."""
    told: list[Confidence] = [causes[place].strength for place in response.causes]
    if response.pair is None:
        return told[0]
    return min([*told, "moderate" if response.action == "avoid" else "weak"], key=_STRENGTHS.index)


def _of_pair(pair: PairCause) -> str:
    alone = pair.first_only.sick + pair.second_only.sick, pair.first_only.n + pair.second_only.n
    return (
        f"{typeset(pair.text)}: {pair.both.sick:,} of {plural(pair.both.n, 'trial')} {pair.issue} "
        f"({percent(pair.both.rate)}), with only one of the two {alone[0]:,} of {alone[1]:,}"
    )


def _diagnosis(region: Condition, response: Response, causes: Sequence[Cause]) -> str:
    """Return what the causes of one recommendation mean together, as a sentence to begin with, where there is one."""
    if response.pair is not None:
        return ""
    words = diagnose(region.parameter, region.kind, [causes[place].issue for place in response.causes])
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


def _change(response: Response) -> tuple[str, str | None]:
    """Return what to do about a region and the range to use, in words."""
    region = response.region[0]
    if response.pair is not None:
        first, second = response.region
        return f"Do not combine {in_words(first)} with {in_words(second)}", response.left
    if region.kind in ("above", "below", "between"):
        told = f", not {'lower' if region.kind == 'above' else 'higher'}: {response.spared}" if response.spared else ""
        return f"Keep {region.parameter} {response.left}{told}", response.left
    if region.kind == "level":
        return f"Leave out {in_words(region)}", response.left
    return f"Set {region.parameter} in every trial, or find out why it is missing", response.left


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
