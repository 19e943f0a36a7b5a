"""Parallel coordinates: every trial as a line across the objective and the hyperparameters that matter most.

The objective comes first, then what is blamed for sick trials, strongest cause first, then the most important for the
objective: what decides stands beside what it decides. Every trial is kept, however many there are; the room of strands
counts those that take the same way across a screen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from hpi_core.charts.axes import Floats, as_floats, plain_axis, positions
from hpi_core.charts.memo import Memo
from hpi_core.charts.parts import parted
from hpi_core.charts.standing import (
    Kinds,
    best_row,
    kinds_of,
    metric_values,
    named_sweep,
    objective_values,
    peers,
    trial_name,
)
from hpi_core.numerals import cell, number
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection
    from hpi_core.statistics.findings import Cause
    from hpi_core.sweep import Sweep

Places = np.ndarray[Any, np.dtype[np.float32]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
_MOST_MARKED = 7
_HALF_LEVEL = 0.3


@dataclass(frozen=True)
class Blame:
    """What one cause claims of an axis: the part between two places, `below` for trials without a value, and words.

    `text` is the range without the name, `> 0.0131`, `tag` the issue.
    """

    low: float
    high: float
    text: str
    tag: str
    below: bool = False


@dataclass(frozen=True, eq=False)
class ParallelAxis:
    """One column: where every trial stands on it, 0 to 1, and what is written at it.

    Attributes:
        name: of the column.
        places: one per trial drawn; +inf above the axis (not finite, or beyond its range), -inf below (no value).
        ends: the lowest and the highest value as text, empty for words.
        marks: place and text of each value, where they are few.
        log: places lie evenly on the logarithm.
        blames: what causes claim of it, strongest first.
        above: how many trials stand above, as words; empty where none does.
        below: likewise below.
        here: the value of the trial under the cursor.
        best: that of the best trial.
    """

    name: str
    places: Places
    ends: tuple[str, str] = ("", "")
    marks: tuple[tuple[float, str], ...] = ()
    log: bool = False
    blames: tuple[Blame, ...] = ()
    above: str = ""
    below: str = ""
    here: str = ""
    best: str = ""


@dataclass(frozen=True, eq=False)
class ParallelChart:
    """The axes from left to right, and how each trial drawn stands: 0 healthy, 1 warn, 2 error.

    `here` and `best` are positions among the trials drawn. `asked` counts the trials the filter shows, of which those
    of another sweep of a mixed source are left out: `within` names the one that is shown. `parameters` are all that
    could be shown, in order of what they matter, `left_out` those without a place.
    """

    trial: str
    metric: str
    axes: tuple[ParallelAxis, ...]
    kinds: Kinds
    here: int | None
    best: int | None
    best_name: str
    asked: int
    within: str
    parameters: tuple[str, ...]
    left_out: int


def parallel_chart(
    sweep: Sweep,
    inspection: Inspection | None,
    row: int | None,
    *,
    parameter: str | None = None,
    most: int = 8,
    shown: Integers | None = None,
    log_objective: bool = False,
    memo: Memo | None = None,
) -> ParallelChart | None:
    """Return the axes of the objective and of at most `most - 1` hyperparameters; None where there are no two axes.

    Args:
        sweep: the sweep.
        inspection: tells what is sick, blamed and important; without it the source's order holds.
        row: the trial under the cursor; of a mixed source only the trials of its sweep are drawn.
        parameter: a hyperparameter to stand beside the objective.
        most: how many axes there is room for.
        shown: `_row` of the trials the filter shows; None means all.
        log_objective: place the objective evenly on its logarithm.
        memo: keeps what does not depend on the trial, for one sweep and inspection.
    """
    kept = (memo or Memo()).kept
    every = np.arange(sweep.trials.height, dtype=np.int64)
    asked = every if shown is None else np.sort(np.asarray(shown, dtype=np.int64))
    own = None if row is None else peers(sweep, row)
    rows = asked if own is None else np.intersect1d(asked, own)
    if ("ranked",) not in kept:
        kept[("ranked",)] = ranked_parameters(sweep, inspection)
    ranked = [name for name in cast("list[str]", kept[("ranked",)]) if _varies(sweep, name, rows)]
    chosen = ([parameter] if parameter in ranked else []) + [name for name in ranked if name != parameter]
    values = objective_values(sweep)
    kinds = kinds_of(sweep, inspection, values)[rows]
    metric = sweep.roles.objective.metric if sweep.roles.objective else ""
    judged = [metric] if metric else []
    judged += [name for name, _ in sweep.other_objectives] if most >= len(sweep.other_objectives) + 3 else []
    room = max(1, most - len(judged))
    if len(chosen) + bool(metric) < 2 or not rows.size:
        return None
    best = best_row(sweep, inspection, own)
    points = tuple(None if at is None else _place_in(rows, at) for at in (row, best))
    axes = [_of_objective(sweep, name, metric_values(sweep, name)[rows], rows, log=log_objective) for name in judged]
    axes += [_of_parameter(sweep, inspection, name, rows, kinds) for name in chosen[:room]]
    axes = [_with_values(axis, sweep, row, best) for axis in axes]
    name = trial_name(sweep, row) if row is not None and 0 <= row < len(every) else ""
    within = "" if own is None or row is None else named_sweep(sweep, row)
    return ParallelChart(
        name, metric, tuple(axes), kinds, points[0], points[1], "" if best is None else trial_name(sweep, best),
        len(asked), within, tuple(ranked), max(0, len(chosen) - room),
    )  # fmt: skip


def ranked_parameters(sweep: Sweep, inspection: Inspection | None) -> list[str]:
    """Return all hyperparameters: the blamed, strongest cause first, then by importance for the objective."""
    names = [item.name for item in sweep.roles.hyperparameters]
    if inspection is None:
        return names
    blamed = [cause.parameter for cause in inspection.causes]
    weighed = sorted(
        (entry for entry in inspection.weighing.entries if entry.question == "variance"), key=lambda one: -one.score
    )
    told = dict.fromkeys([*blamed, *(entry.parameter for entry in weighed), *names])
    return [name for name in told if name in names]


def _place_in(rows: Integers, row: int) -> int | None:
    at = int(np.searchsorted(rows, row))
    return at if at < rows.size and rows[at] == row else None


def _varies(sweep: Sweep, name: str, rows: Integers) -> bool:
    column = sweep.trials[name]
    if column.dtype.is_nested():
        return True
    here = column if rows.size == len(column) else column.gather(rows)
    return here.drop_nulls().n_unique() > 1


def _of_objective(sweep: Sweep, name: str, values: Floats, rows: Integers, *, log: bool) -> ParallelAxis:
    usable = log and bool((values[np.isfinite(values)] > 0).any())
    axis = plain_axis(values, log=usable, most_ticks=2)
    placed = positions(values, usable)
    finite = np.isfinite(placed)
    low = max(axis.low, float(placed[finite].min())) if finite.any() else 0.0
    high = min(axis.high, float(placed[finite].max())) if finite.any() else 1.0
    where = _between(placed, low, high)
    missing = sweep.trials[name].is_null().to_numpy()[rows]
    beyond, under = where > 1, where < 0
    where[beyond] = np.inf
    where[under] = -np.inf
    where[~finite] = np.inf
    where[missing | (~finite & np.isfinite(values))] = -np.inf
    odd = int((~np.isfinite(values) & ~missing).sum())
    above = [f"✗ {odd:,}"] * bool(odd) + [f"↑ {int(beyond.sum()):,}"] * bool(beyond.any())
    lost = int((where == -np.inf).sum() - under.sum())
    below = [f"↓ {int(under.sum()):,}"] * bool(under.any()) + [f"– {lost:,}"] * bool(lost)
    ends = tuple(number(10.0**end if usable else end, 4) for end in (low, high)) if finite.any() else ("", "")
    return ParallelAxis(
        name, where.astype(np.float32), cast("tuple[str, str]", ends), (), usable, (), " ".join(above), " ".join(below)
    )


def _of_parameter(sweep: Sweep, inspection: Inspection | None, name: str, rows: Integers, kinds: Kinds) -> ParallelAxis:
    role = next(item for item in sweep.roles.hyperparameters if item.name == name)
    column = sweep.trials[name]
    causes = [] if inspection is None else [cause for cause in inspection.causes if cause.parameter == name]
    if role.kind == "categorical" or not column.dtype.is_numeric():
        return _of_words(sweep, name, rows, kinds, causes)
    values = as_floats(column.gather(rows).cast(pl.Float64).fill_null(math.nan).to_numpy())
    log = role.scale == "log" and bool((values[np.isfinite(values)] > 0).any())
    placed = positions(values, log)
    finite = np.isfinite(placed)
    low, high = (float(placed[finite].min()), float(placed[finite].max())) if finite.any() else (0.0, 1.0)
    where = np.where(finite, _between(placed, low, high), -np.inf)
    zeros, lost = int((~finite & (values <= 0)).sum()), int((~np.isfinite(values)).sum())
    below = " ".join([f"≤ 0 {zeros:,}"] * bool(zeros) + [f"– {lost:,}"] * bool(lost))
    distinct = np.unique(placed[finite][:: finite.sum() // 20_000 + 1])
    few = len(distinct) <= _MOST_MARKED and len(distinct) == len(np.unique(placed[finite]))
    ends = tuple(_plain(10.0**end if log else end) for end in (low, high))
    marks = tuple((float(_between(x, low, high)), _plain(10.0**x if log else x)) for x in distinct) if few else ()
    blames = tuple(_blame(cause, low, high, log) for cause in causes)
    return ParallelAxis(
        name, where.astype(np.float32), cast("tuple[str, str]", ends), marks, log, blames, below=below
    )  # fmt: skip


def _plain(value: float) -> str:
    """Write an end of an axis as short as tells it apart."""
    return number(float(f"{value:.6g}"), 3)


def _between(placed: Floats | float, low: float, high: float) -> Floats:
    span = high - low
    with np.errstate(invalid="ignore"):
        return as_floats((placed - low) / span if span else np.where(np.isfinite(placed), 0.5, np.nan))


def _of_words(sweep: Sweep, name: str, rows: Integers, kinds: Kinds, causes: Sequence[Cause]) -> ParallelAxis:
    """Place words one above the other; the trials of one stand side by side, sick ones above, to show how many."""
    made = parted(sweep, name, 8)
    codes = made.codes[rows]
    held = [at for at in np.unique(codes).tolist() if not made.parts[at].missing]
    where = np.full(len(codes), -np.inf)
    levels = max(1, len(held))
    marks = []
    for place, at in enumerate(held):
        mine = np.flatnonzero(codes == at)
        mine = mine[np.argsort(kinds[mine], kind="stable")]
        spread = (np.arange(len(mine)) + 0.5) / max(1, len(mine)) * 2 - 1
        where[mine] = (place + 0.5 + _HALF_LEVEL * spread) / levels
        part = made.parts[at]
        word = f"{part.others:,} others" if part.others else safe(cell(part.values[0]), 24)
        marks.append(((place + 0.5) / levels, word))
    lost = int((where == -np.inf).sum())
    blames = []
    for cause in causes:
        words = [place for place, (_, word) in enumerate(marks) if word in cause.values]
        ends = (words[0] / levels, (words[-1] + 1) / levels) if words else (0.0, 0.0)
        blames.append(_claim(cause, *ends))
    return ParallelAxis(
        name, where.astype(np.float32), marks=tuple(marks), blames=tuple(blames), below=f"– {lost:,}" if lost else ""
    )


def _blame(cause: Cause, low: float, high: float, log: bool) -> Blame:
    """Return which part of a numeric axis a cause claims."""
    if cause.kind == "level":
        bounds = [float(cause.values[0])] * 2
    else:
        bounds = [-math.inf if cause.low is None else cause.low, math.inf if cause.high is None else cause.high]
    ends = []
    for bound, open_end in zip(bounds, (0.0, 1.0), strict=True):
        if not math.isfinite(bound) or (log and bound <= 0):
            ends.append(open_end)
            continue
        placed = float(_between(math.log10(bound) if log else bound, low, high))
        ends.append(min(max(placed, 0.0), 1.0))
    return _claim(cause, ends[0], ends[1])


def _claim(cause: Cause, low: float, high: float) -> Blame:
    from hpi_core.charts.bucket_words import where
    from hpi_core.detectors.catalogue import catalogue

    tags = {detector.issue: detector.tag for detector in catalogue().detectors}
    return Blame(low, high, where(cause), tags.get(cause.issue, cause.issue.upper()[:7]), cause.kind == "missing")


def _with_values(axis: ParallelAxis, sweep: Sweep, row: int | None, best: int | None) -> ParallelAxis:
    from dataclasses import replace

    said = [
        "" if at is None or not 0 <= at < sweep.trials.height else _said(sweep.trials[axis.name][at])
        for at in (row, best)
    ]
    return replace(axis, here=said[0], best=said[1])


def _said(value: object) -> str:
    if isinstance(value, float):
        return number(value, 4)
    return "–" if value is None else safe(cell(value), 24)
