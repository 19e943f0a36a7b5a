"""Caveats about columns and issues that cannot be tested, or only in part: each is named, none silently dropped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.numerals import plural
from hpi_core.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.counting import Tally
    from hpi_core.statistics.inputs import Integers, Issue, Parameter

_LEAST_TRIALS, _LEAST_SICK = 20, 5
_SAMPLE = 4096
_MOST_WORDS = 16
_FEWEST_WAYS = 6.0  # a million, as decimal logarithm


def caveats_of(
    parameters: Sequence[Parameter], issues: Sequence[Issue], codings: Sequence[Coding], tally: Tally
) -> Iterator[str]:
    """Yield a sentence per constant, empty, partly infinite, overfull or duplicated column and untestable issue.

    `tally` may hold more than `issues`: the outcomes of the objective come after them and are not spoken of here.
    """
    for parameter, coding in zip(parameters, codings, strict=True):
        yield from _of_parameter(parameter, coding)
    yield from _duplicates(parameters, codings)
    for p, other in followers(parameters, codings).items():
        yield f"{safe(parameters[p].name)} is a function of {safe(parameters[other].name)}: they cannot be separated."
    for issue, n, m in zip(issues, tally.n.tolist(), tally.m.tolist(), strict=False):
        yield from _of_issue(issue, n, m)


def followers(parameters: Sequence[Parameter], codings: Sequence[Coding]) -> dict[int, int]:
    """Return which columns of words follow from a scale: every word stands for a range of its own.

    Places of such columns, each with that of the scale. Words that part the trials so by accident are no function: the
    rarest word must be one of a million ways to choose as many trials.
    """
    scales: list[tuple[int, Integers]] = []
    found: dict[int, int] = {}
    for q, scale in enumerate(parameters):
        if scale.kind == "ordered" and not scale.missing.any():
            values = np.asarray(scale.values[:_SAMPLE], dtype=np.float64)
            scales.append((q, np.argsort(values, kind="stable")))
    for p, (parameter, coding) in enumerate(zip(parameters, codings, strict=True)):
        if parameter.kind != "categorical" or not 2 <= len(coding.levels) <= _MOST_WORDS or parameter.missing.any():
            continue
        codes = np.asarray(parameter.values[:_SAMPLE], dtype=np.int64)
        counts = np.unique(codes, return_counts=True)[1]
        if _ways(len(codes), int(counts.min())) < _FEWEST_WAYS:
            continue
        for q, order in scales:
            if np.count_nonzero(np.diff(codes[order])) == len(counts) - 1:
                found[p] = q
                break
    return found


def _ways(n: int, chosen: int) -> float:
    """Return log10 of the number of ways to choose so many of n."""
    return (math.lgamma(n + 1) - math.lgamma(chosen + 1) - math.lgamma(n - chosen + 1)) / math.log(10)


def _of_parameter(parameter: Parameter, coding: Coding) -> Iterator[str]:
    name = safe(parameter.name)
    if len(parameter.missing) and bool(parameter.missing.all()):
        yield f"{name} has no value in any trial: not tested."
        return
    varied = coding.size - (coding.missing is not None)
    if varied <= 1 and coding.other is None:
        yield f"{name} has one value " + (
            "wherever it is set: only whether it is set was tested." if coding.missing is not None else "only."
        )
    infinite = 0 if parameter.levels else int(np.isinf(parameter.values.astype(np.float64)).sum())
    if infinite:
        yield f"{name} is infinite in {plural(infinite, 'trial')}: set apart, outside every range and every claim."
    if coding.other is not None:
        pooled = coding.distinct - len(coding.levels)
        were = "was" if pooled == 1 else "were"
        yield f"{name}: {plural(pooled, 'rare value')} {were} pooled; a cause among them cannot be seen."


def _duplicates(parameters: Sequence[Parameter], codings: Sequence[Coding]) -> Iterator[str]:
    """Name columns that order the trials exactly as an earlier one does: their causes cannot be told apart."""
    seen: dict[int, int] = {}
    for p, coding in enumerate(codings):
        if coding.size < 2:
            continue
        sample = coding.codes[:: max(1, len(coding.codes) // 4096)]
        key = hash(sample.tobytes())
        if key in seen and np.array_equal(codings[seen[key]].codes, coding.codes):
            name, earlier = safe(parameters[p].name), safe(parameters[seen[key]].name)
            yield f"{name} is a function of {earlier}: they cannot be separated."
        else:
            seen[key] = p


def _of_issue(issue: Issue, n: int, m: int) -> Iterator[str]:
    if n == 0:
        yield f"{issue.id}: no trial could be judged."
    elif m == n and n > 1:
        yield f"{issue.id}: all {n:,} judged trials are sick, so there is nothing to compare them with."
    elif m and (n < _LEAST_TRIALS or m < _LEAST_SICK or n - m < _LEAST_SICK):
        yield f"{issue.id}: {m:,} sick of {n:,} judged trials is not enough data for a cause."
