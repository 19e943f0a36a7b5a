"""What is done about causes, carried out: a smaller dimension, configurations to avoid, or a row of reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpi_core.claim_words import threshold_words
from hpi_core.inspection.responses import in_words as region_in_words
from hpi_core.next_experiment.cutting import reaches, without
from hpi_core.next_experiment.model import Change, Confidence, Dimension, Exclusion
from hpi_core.next_experiment.space import in_words
from hpi_core.numerals import percent, typeset

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection
    from hpi_core.inspection.responses import Response
    from hpi_core.next_experiment.planning import Draft
    from hpi_core.statistics.findings import Cause, PairCause
    from hpi_core.statistics.findings import Condition as Region


@dataclass(frozen=True)
class Cut:
    """What was taken out: the region (two conditions of a pair), the dimension before, and what its trials had.

    `ends` is where the threshold of a range lies, as far as that is known.
    """

    region: tuple[Region, ...]
    before: Dimension | None
    issue: str
    ends: tuple[float | None, float | None] = (None, None)


def answer(response: Response, inspection: Inspection, draft: Draft) -> None:
    """Take the region of a response out of the space, and say so."""
    told = [inspection.causes[place] for place in response.causes]
    issue = response.pair.issue if response.pair is not None else told[0].issue
    name = response.narrowed
    before = draft.dimensions.get(name)
    ends = (told[0].threshold_low, told[0].threshold_high) if told and response.pair is None else (None, None)
    after = without(before, response.region[0]) if before is not None and response.pair is None else None
    reasons = _reasons(response, told)
    if before is not None and after is not None:
        draft.dimensions[name] = after
        draft.changes.append(Change(name, "cut", in_words(before), in_words(after), reasons, told[0].strength))
    elif all(part.parameter in _known(draft) for part in response.region):
        if not _possible(response, draft):
            return
        draft.exclusions.append(Exclusion(response.region, name, issue, response.text))
        words = in_words(before) if before is not None else "follows from others"
        draft.changes.append(Change(name, "avoid", words, response.left, reasons, _sure(response, told)))
    else:
        draft.notes.append(f"Leave out {response.text} yourself: {'; '.join(reasons)}.")
        return
    draft.cuts.append(Cut(response.region, before, issue, ends))


def _known(draft: Draft) -> set[str]:
    return {*draft.dimensions, *(relation.name for relation in draft.relations if relation.known)}


def _possible(response: Response, draft: Draft) -> bool:
    """Tell whether the space still holds what a pair speaks of."""
    return all(
        part.parameter not in draft.dimensions or reaches(draft.dimensions[part.parameter], part)
        for part in response.region
    )


def _sure(response: Response, told: list[Cause]) -> Confidence:
    if response.pair is None:
        return told[0].strength
    return "strong" if any(cause.strength == "strong" for cause in told) else "moderate"


def watched(response: Response, inspection: Inspection, dimensions: Mapping[str, Dimension]) -> Change | None:
    """Return the row of what is watched; None where nothing of it is left in the space."""
    told = [inspection.causes[place] for place in response.causes]
    if response.pair is None:
        told = [cause for cause in told if cause.kind == "missing" or _left_of(cause, dimensions)]
    elif not all(_left_of(part, dimensions) for part in response.region):
        return None
    if response.pair is None and not told:
        return None
    name = response.narrowed
    words = in_words(dimensions[name]) if name in dimensions else "follows from others"
    why = response.why
    if response.action == "set":
        why = "set it in every trial, or find out why it is missing"
    elif response.holds_best:
        why += ", so it is not cut"
    sure: Confidence = told[0].strength if told else "weak"
    return Change(name, "watch", words, words, (*_reasons(response, told), why), sure)


def _left_of(region: Cause | Region, dimensions: Mapping[str, Dimension]) -> bool:
    return region.parameter not in dimensions or reaches(dimensions[region.parameter], region)


def _reasons(response: Response, told: list[Cause]) -> tuple[str, ...]:
    """Return the counts of everything that one response answers; of a pair those of both conditions."""
    said = [_of_pair(response.pair)] if response.pair is not None else [counts(cause) for cause in told]
    if response.pair is None and response.action == "cut" and told[0].inseparable:
        said[0] += f"; cannot be told apart from {', '.join(told[0].inseparable)}"
    if response.spared:
        said.append(f"{response.spared}, so the cut begins beyond them")
    if response.action in ("cut", "avoid") and response.why:
        said.append(response.why)
    return tuple(said)


def counts(cause: Cause) -> str:
    """Return the counts of a cause, and where its threshold lies."""
    said = (
        f"{typeset(cause.text)}: {cause.sick:,} of {cause.n:,} {cause.issue} ({percent(cause.rate)}), elsewhere "
        f"{cause.elsewhere_sick:,} of {cause.elsewhere_n:,} ({percent(cause.rate_elsewhere)})"
    )
    if cause.thresholds:
        said += f", {threshold_words([vars(one) for one in cause.thresholds])}"
    return said


def _of_pair(pair: PairCause) -> str:
    first, second = (region_in_words(part) for part in pair.conditions)
    return (
        f"{first} and {second}: {pair.both.sick:,} of {pair.both.n:,} {pair.issue} ({percent(pair.both.rate)}), only "
        f"{first} {pair.first_only.sick:,} of {pair.first_only.n:,}, only {second} {pair.second_only.sick:,} of "
        f"{pair.second_only.n:,}"
    )
