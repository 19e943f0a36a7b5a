"""The claimed trials: which trials a cause counts, and a filter that shows exactly these.

A cause counts the trials in its range that could be judged. Those that could not are left out by what they have in
common (their status, a metric that is not finite) where that says it exactly, else by their row numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.errors import FilterError
from hpi_core.filter import condition, parse
from hpi_core.filter.condition import quote_column
from hpi_core.numerals import cell
from hpi_core.statistics.binning import in_range

if TYPE_CHECKING:
    from hpi_core.inspection.model import Inspection
    from hpi_core.statistics.findings import Cause
    from hpi_core.statistics.inputs import Booleans, Floats
    from hpi_core.sweep import Sweep


def numbers_of(column: pl.Series) -> Floats:
    """Return a numeric or Boolean column as float64, NaN where there is no finite number."""
    numbers = column.cast(pl.Float64).to_numpy().copy()
    numbers[~np.isfinite(numbers)] = np.nan
    return np.asarray(numbers, dtype=np.float64)


def claimed_trials(inspection: Inspection, cause: Cause) -> Booleans:
    """Return which trials the cause counts: in its range, outside those of causes set aside before, and judged."""
    judged: Booleans = inspection.verdict_of(cause.issue).is_not_null().to_numpy()
    claimed = _exposed(inspection.sweep, cause) & judged
    for other in cause.outside:
        claimed &= ~_exposed(inspection.sweep, other)
    return claimed


def claimed_filter(inspection: Inspection, cause: Cause) -> str:
    """Return a filter that lets exactly the claimed trials through."""
    sweep = inspection.sweep
    parts = [_condition(sweep, cause), *(f"not ({_condition(sweep, other)})" for other in cause.outside)]
    return exact_filter(sweep, " and ".join(parts), claimed_trials(inspection, cause))


def exact_filter(sweep: Sweep, text: str, wanted: Booleans) -> str:
    """Return a filter for exactly the wanted trials: `text` with what else parts them, else their rows."""
    try:
        text = _without(sweep, text, _mask(sweep, text), wanted)
        if np.array_equal(_mask(sweep, text), wanted):
            return text
    except FilterError:
        pass  # a column of lists, say, which the language cannot compare: name the rows
    return condition(frames.ROW, values=np.flatnonzero(wanted).tolist())


def _exposed(sweep: Sweep, cause: Cause) -> Booleans:
    column = sweep.trials[cause.parameter]
    if not _is_numeric(sweep, cause):
        if column.dtype.is_nested():
            return np.array([_is_level(value, cause) for value in column], dtype=np.bool_)
        text = column.cast(pl.String)
        found = text.is_null() if cause.kind == "missing" else text.is_in(list(cause.values)).fill_null(False)
        return np.asarray(found.to_numpy(), dtype=np.bool_)
    numbers = numbers_of(column)
    if cause.kind == "missing":
        return np.asarray(np.isnan(numbers))
    if cause.kind == "level":
        return np.asarray(numbers == _level(numbers, cause))
    return np.asarray(in_range(numbers, cause.low, cause.high), dtype=np.bool_)


def _is_level(value: object, cause: Cause) -> bool:
    """Whether a list or a record is the claimed value, which the statistics know by its text."""
    if cause.kind == "missing" or value is None:
        return value is None and cause.kind == "missing"
    return cell(value.to_list() if isinstance(value, pl.Series) else value) in cause.values


def _is_numeric(sweep: Sweep, cause: Cause) -> bool:
    """Whether the statistics took this column as numbers; machines and categories are words even where they count."""
    dtype = sweep.trials.schema[cause.parameter]
    words = {p.name for p in sweep.roles.hyperparameters if p.kind == "categorical"}
    return not cause.environment and cause.parameter not in words and (dtype.is_numeric() or dtype == pl.Boolean)


def _level(numbers: Floats, cause: Cause) -> float:
    """Return the number of a claimed value; its text may be rounded, but it is the lowest or highest of all."""
    ends = (float(np.nanmin(numbers)), float(np.nanmax(numbers)))
    return next((x for x in ends if f"{x:.6g}" == cause.values[0]), float(cause.values[0]))


def _condition(sweep: Sweep, cause: Cause) -> str:
    """Return the range or value of a cause as a filter, judged or not."""
    name, dtype = cause.parameter, sweep.trials.schema[cause.parameter]
    numeric = _is_numeric(sweep, cause)
    if cause.kind == "missing":
        return condition(name, missing=True)
    if dtype == pl.Boolean:
        held = sweep.trials[name].filter(pl.Series(_exposed(sweep, cause)))
        return condition(name, values=held.unique().drop_nulls().sort().to_list())
    if cause.kind == "level":
        values: list[object] = list(cause.values)
        return condition(name, values=[_level(numbers_of(sweep.trials[name]), cause)] if numeric else values)
    return condition(name, cause.low, cause.high)


def _without(sweep: Sweep, text: str, passing: Booleans, wanted: Booleans) -> str:
    """Add clauses until no trial passes that is not wanted: by status, by metrics, at last by row."""
    for clause in _candidates(sweep, passing & ~wanted, wanted):
        kept = passing & _mask(sweep, clause)
        if not (wanted & ~kept).any() and kept.sum() < passing.sum():
            text, passing = f"{text} and {clause}", kept
    surplus = np.flatnonzero(passing & ~wanted)
    if len(surplus):
        text += f" and {frames.ROW} not in ({', '.join(map(str, surplus))})"
    return text


def _candidates(sweep: Sweep, surplus: Booleans, wanted: Booleans) -> list[str]:
    """Return clauses that may part the surplus trials from the wanted; each stands only if it spares the wanted."""
    if not surplus.any():
        return []
    states = sweep.trials[frames.STATUS]
    spared = set(states.filter(pl.Series(wanted)).unique().to_list())
    words = [w for w in states.filter(pl.Series(surplus)).unique().drop_nulls().sort().to_list() if w not in spared]
    found = [f"{frames.STATUS} not in ({', '.join(words)})"]
    objective = sweep.roles.objective.metric if sweep.roles.objective else None
    measured = [metric.name for metric in sweep.roles.metrics] + [p.name for p in sweep.roles.hyperparameters]
    measured = [name for name in measured if sweep.trials.schema[name].is_float()]
    measured.sort(key=lambda name: name != objective)
    return [*(found if words else []), *(f"{quote_column(name)} is finite" for name in measured)]


def _mask(sweep: Sweep, text: str) -> Booleans:
    return np.asarray(parse(text).mask(sweep).to_numpy(), dtype=np.bool_)
