"""Two hyperparameters together: how many trials of every pair of parts are sick, and what is claimed of the two.

A description; a claim is made only where the finder tested the pair and found one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from hpi_core.charts.bucket_words import printed
from hpi_core.charts.buckets import IssueColumn, bucket_map
from hpi_core.charts.claimed import exact_filter
from hpi_core.charts.memo import Memo
from hpi_core.charts.parts import Part, parted
from hpi_core.numerals import number, percent, plural, typeset
from hpi_core.statistics.intervals import wilson
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.charts.parts import Codes, Parted
    from hpi_core.inspection.model import Inspection
    from hpi_core.statistics.findings import PairCause

FEW = 5
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Square:
    """The trials of one pair of parts that could be judged; `raised`: its interval lies above the rate of all."""

    n: int
    sick: int
    rate: float | None
    low: float
    high: float
    raised: bool


@dataclass(frozen=True, eq=False)
class TogetherChart:
    """A table of two hyperparameters, `squares[row][column]`; `worst` is the square whose rate is surely highest.

    `overall` is the rate of all trials of the table; `pair` the claim about the two, where there is one; `codes` tell
    the row and the column of every trial.
    """

    first: str
    second: str
    column: IssueColumn | None
    rows: tuple[Part, ...] = ()
    columns: tuple[Part, ...] = ()
    squares: tuple[tuple[Square, ...], ...] = ()
    worst: tuple[int, int] | None = None
    overall: float = 0.0
    n: int = 0
    logs: tuple[bool, bool] = (False, False)
    pair: PairCause | None = None
    said: str = ""
    empty: str | None = None
    codes: tuple[Codes, ...] = ()


def together_chart(
    inspection: Inspection, first: str, second: str, issue: str, memo: Memo | None = None
) -> TogetherChart:
    """Return the table of two hyperparameters for an issue or an end of the results.

    `memo` keeps the parts of a hyperparameter for one inspection.
    """
    column = bucket_map(inspection).column(issue)
    if column is None:
        return TogetherChart(first, second, None, empty="There is no issue and no result to count.")
    if first == second:
        return TogetherChart(first, second, column, empty="Two different hyperparameters are needed.")
    pair = _claimed(inspection, first, second, issue)
    kept = (memo or Memo()).kept
    one, other = (_parted(inspection, name, issue, pair, kept) for name in (first, second))
    verdict = inspection.verdict_of(issue)
    judged = verdict.is_not_null().to_numpy()
    sick = verdict.fill_null(False).to_numpy() & judged
    place = one.codes * len(other.parts) + other.codes
    size, shape = len(one.parts) * len(other.parts), (len(one.parts), len(other.parts))
    n = np.bincount(place[judged], minlength=size).reshape(shape)
    count = np.bincount(place[sick], minlength=size).reshape(shape)
    total = int(n.sum())
    if not total:
        return TogetherChart(first, second, column, empty="No trial could be judged.")
    overall = float(count.sum()) / total
    squares = tuple(
        tuple(_square(int(n[i, j]), int(count[i, j]), overall) for j in range(shape[1])) for i in range(shape[0])
    )
    said = _said(inspection, pair, column)
    logs = (one.log, other.log)
    return TogetherChart(
        first, second, column, one.parts, other.parts, squares, _worst(squares), overall, total, logs, pair, said, None,
        (one.codes, other.codes),
    )  # fmt: skip


def square_words(chart: TogetherChart, row: int, column: int) -> str:
    """Return one square in a sentence: where, how many, the rate and its interval."""
    if chart.column is None:
        return ""
    square = chart.squares[row][column]
    where = f"{_place(chart.first, chart.rows[row])} and {_place(chart.second, chart.columns[column])}"
    if not square.n:
        return f"{where}: no trial was tried there"
    known = f"{square.sick:,} of {square.n:,} {chart.column.said}"
    interval = f"{percent(square.rate)} ({percent(square.low)} to {percent(square.high)})"
    few = ", too few to tell" if square.n < FEW else ""
    return f"{where}: {known}, {interval}{few}"


def overall_words(chart: TogetherChart) -> str:
    """Return the rate of all trials of the table."""
    said = "" if chart.column is None else chart.column.said
    return f"{percent(chart.overall)} of {plural(chart.n, 'trial')} {said}"


def square_filter(inspection: Inspection, chart: TogetherChart, row: int, column: int) -> str | None:
    """Return a filter that lets exactly the trials of a square through; None where it holds none."""
    if chart.column is None or not chart.squares[row][column].n:
        return None
    text = f"{chart.rows[row].condition(chart.first)} and {chart.columns[column].condition(chart.second)}"
    judged = inspection.verdict_of(chart.column.issue).is_not_null().to_numpy()
    return exact_filter(inspection.sweep, text, judged & (chart.codes[0] == row) & (chart.codes[1] == column))


def mate_of(inspection: Inspection, parameter: str, issue: str) -> str | None:
    """Return the hyperparameter most worth seeing beside another: claimed with it, claimed as well, or the next."""
    for pair in inspection.pairs:
        if parameter in pair.parameters:
            return next(name for name in pair.parameters if name != parameter)
    claims = (*inspection.causes, *inspection.objective.causes)
    others = [cause.parameter for cause in sorted(claims, key=lambda cause: cause.issue != issue)]
    others += [other.other for other in inspection.not_causes if other.parameter == parameter]
    others += [other.parameter for other in inspection.not_causes if other.other == parameter]
    others += [item.name for item in inspection.sweep.roles.hyperparameters]
    return next((name for name in others if name != parameter), None)


def _claimed(inspection: Inspection, first: str, second: str, issue: str) -> PairCause | None:
    both = {first, second}
    return next((pair for pair in inspection.pairs if pair.issue == issue and set(pair.parameters) == both), None)


def _parted(
    inspection: Inspection, name: str, issue: str, pair: PairCause | None, kept: dict[object, object]
) -> Parted:
    """Return the parts of a hyperparameter, cut at the ends of what is claimed of it."""
    claims = [cause for cause in (*inspection.causes, *inspection.objective.causes) if cause.issue == issue]
    made = [cause for cause in claims if cause.parameter == name]
    conditions = [part for part in pair.conditions if part.parameter == name] if pair is not None else made
    ends = tuple(x for part in conditions for x in (part.low, part.high) if x is not None)
    key = ("parts", name, ends)
    if key not in kept:
        n = inspection.sweep.trials.height
        most = min(6, max(3, round(math.sqrt(n / 15))))
        kept[key] = parted(inspection.sweep, name, most, ends)
    return cast("Parted", kept[key])


def _square(n: int, sick: int, overall: float) -> Square:
    low, high = wilson(sick, n)
    return Square(n, sick, sick / n if n else None, low, high, n >= FEW and low > overall)


def _worst(squares: tuple[tuple[Square, ...], ...]) -> tuple[int, int] | None:
    """Return the square with the highest lower end of its interval: few trials do not make a worst one."""
    places = [(i, j) for i, row in enumerate(squares) for j, square in enumerate(row) if square.sick]
    return max(places, key=lambda at: squares[at[0]][at[1]].low, default=None)


def _said(inspection: Inspection, pair: PairCause | None, column: IssueColumn) -> str:
    """Return what the finder has to say of the two."""
    if pair is not None:
        return (
            f"only together: {printed(pair.text)}: {percent(pair.both.rate)} of {pair.both.n:,}, "
            f"only the first {percent(pair.first_only.rate)} of {pair.first_only.n:,}, only the second "
            f"{percent(pair.second_only.rate)} of {pair.second_only.n:,}, neither {percent(pair.neither.rate)} of "
            f"{pair.neither.n:,}; accounts for about {percent(pair.share)} of {column.all_of}"
        )
    if any("Pairs of parameters were not tested" in caveat for caveat in inspection.caveats):
        return "none: pairs were not tested in this sweep"
    if column.word != "sick":
        return "none: pairs are tested for issues, not for results"
    return "none: no two conditions on these were found to go with it beyond chance and beyond either alone"


def _place(name: str, part: Part) -> str:
    shown = safe(name, _LONGEST_NAME)
    if part.missing:
        return f"{shown} is not set"
    if part.others:
        return f"{shown} any of {part.others:,} rarer values"
    if part.values:
        return f"{shown} = {safe(part.values[0], _LONGEST_NAME)}"
    if part.least is not None and part.least == part.most:
        return f"{shown} = {number(part.least, 6)}"
    return typeset(f"{shown} {number(part.least)}–{number(part.most)}")
