"""The space as it was searched: one dimension per hyperparameter, read off the trials, and which depends on which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from hpi_core.next_experiment.model import Condition, Dimension, Value
from hpi_core.numerals import number

if TYPE_CHECKING:
    from hpi_core.roles import Hyperparameter
    from hpi_core.sweep import Sweep

MOST_CHOICES = 50
LISTED, MOST_LETTERS = 8, 60
# A parameter depends on another if it is set in (nearly) all trials of some of its values and in none of the others.
_ALWAYS, _NEVER = 0.98, 0.02
# Of so few numbers nothing tells whether they were drawn or chosen.
_LEAST_DRAWN = 8


def searched_space(sweep: Sweep) -> tuple[list[Dimension], list[str]]:
    """Return the dimensions, parents before what depends on them, and notes on what could not be one."""
    found: list[Dimension] = []
    notes: list[str] = []
    for item in sweep.roles.hyperparameters:
        dimension = _dimension(sweep.trials[item.name], item)
        if dimension is None:
            notes.append(f"{item.name} has too many different words to choose from: set it yourself.")
        else:
            found.append(dimension)
    conditions = {d.name: _condition(sweep, d, found) for d in found}
    found = [
        Dimension(**{**vars(d), "condition": conditions[d.name]}) if conditions[d.name] is not None else d
        for d in found
    ]
    return _parents_first(found), notes


def _dimension(column: pl.Series, item: Hyperparameter) -> Dimension | None:
    if item.kind == "categorical" or not column.dtype.is_numeric():
        words = column.drop_nulls()
        if column.dtype.is_nested() or column.dtype.is_temporal():
            words = words.map_elements(str, pl.String) if column.dtype.is_nested() else words.cast(pl.String)
        words = words.drop_nans() if words.dtype.is_float() else words
        values = words.unique().sort().to_list()
        return _chosen(item.name, values) if 0 < len(values) <= MOST_CHOICES else None
    finite = column.drop_nulls()
    if finite.dtype.is_float():
        finite = finite.filter(finite.is_finite())
    if finite.is_empty():
        return None
    whole = finite.dtype.is_integer() or bool((finite == finite.round()).all())
    if item.kind == "discrete" and not _drawn(finite):
        return _chosen(item.name, [_number(v, finite.dtype.is_integer()) for v in finite.unique().sort().to_list()])
    log = item.scale == "log"
    inside = finite.filter(finite > 0) if log else finite
    apart = finite.filter(finite <= 0) if log else finite.clear()
    low, high = float(inside.min()), float(inside.max())  # type: ignore[arg-type]
    # What the source tells of the search itself goes before what happened to be drawn.
    low = item.low if item.low is not None and (item.low > 0 or not log) and item.low < low else low
    high = item.high if item.high is not None and item.high > high else high
    return Dimension(
        item.name,
        "range",
        low=low,
        high=high,
        log=log,
        integer=whole,
        also=tuple(_number(v, finite.dtype.is_integer()) for v in apart.unique().sort().to_list()),
        also_share=apart.len() / finite.len(),
    )


def _drawn(values: pl.Series) -> bool:
    """Tell whether few numbers were drawn from a range, not chosen from a list: hardly one came twice."""
    distinct = values.n_unique()
    return distinct >= _LEAST_DRAWN and distinct > 0.8 * len(values)


def _chosen(name: str, values: list[Value]) -> Dimension:
    return Dimension(name, "choice" if len(values) > 1 else "fixed", values=tuple(values))


def _number(value: float, integer: bool) -> Value:
    return int(value) if integer else float(value)


def _condition(sweep: Sweep, dimension: Dimension, others: list[Dimension]) -> Condition | None:
    """Return what decides whether the parameter is set: the categorical parameter that splits set from not set."""
    column = sweep.trials[dimension.name]
    present = _present(column)
    if present.all() or not present.any():
        return None
    for other in others:
        if other.name == dimension.name or other.kind != "choice" or len(other.values) > 16:
            continue
        if (values := decided_by(sweep.trials[other.name], column)) is not None:
            return Condition(other.name, values)
    return None


def decided_by(parent: pl.Series, column: pl.Series) -> tuple[Value, ...] | None:
    """Return the values of a column of names where another column is set, None where they do not decide that.

    They do where it is set in (nearly) all trials of some of them and in (nearly) none of the others, nor without one.
    """
    table = pl.DataFrame({"parent": parent, "set": _present(column)})
    without = table.filter(pl.col("parent").is_null())["set"].mean()
    table = table.drop_nulls()
    if isinstance(without, float) and without > _NEVER:
        return None
    shares = table.group_by("parent", maintain_order=True).agg(pl.col("set").mean())
    always = shares.filter(pl.col("set") >= _ALWAYS)
    never = shares.filter(pl.col("set") <= _NEVER)
    if always.height and never.height and always.height + never.height == shares.height:
        return tuple(always["parent"].sort().to_list())
    return None


def _present(column: pl.Series) -> pl.Series:
    return column.is_not_null() & (column.is_not_nan() if column.dtype.is_float() else True)


def _parents_first(dimensions: list[Dimension]) -> list[Dimension]:
    placed: list[Dimension] = []
    waiting = list(dimensions)
    while waiting:
        names = {d.name for d in waiting}
        ready = [d for d in waiting if d.condition is None or d.condition.parent not in names] or waiting[:1]
        placed += ready
        waiting = [d for d in waiting if d not in ready]
    return placed


def in_words(dimension: Dimension) -> str:
    """Return a dimension as a person reads it: `1e-05 to 0.1 (log)`, `16, 32, 64`, `adam`."""
    if dimension.kind != "range":
        return listed([_word(value) for value in dimension.values], last="")
    text = f"{number(dimension.low)} to {number(dimension.high)}"
    if dimension.log:
        text += " (log)"
    if dimension.also:
        text = f"{', '.join(_word(value) for value in dimension.also)} or {text}"
    return text


def listed(words: Sequence[str], last: str = "and") -> str:
    """Return words in a row, as many as are read at a glance, and how many more there are."""
    shown, length = 0, 0
    while shown < min(len(words), LISTED) and (shown < 2 or length + len(words[shown]) <= MOST_LETTERS):
        length += len(words[shown]) + 2
        shown += 1
    if shown < len(words):
        return f"{', '.join(words[:shown])} and {len(words) - shown:,} more"
    if last and len(words) > 1:
        return f"{', '.join(words[:-1])} {last} {words[-1]}"
    return ", ".join(words)


def _word(value: Value) -> str:
    return number(value) if isinstance(value, float) else str(value)
