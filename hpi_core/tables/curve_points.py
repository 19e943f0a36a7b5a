"""What the columns of a table of curves are, decided once over the whole of it: trials, steps, metrics.

The table has one row per trial and step, or per trial, step and metric. It may be larger than memory: everything is
asked of a lazy frame, and the answer is then applied to any part that holds whole trials.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from hpi_core import frames
from hpi_core.roles.names import parse
from hpi_core.tables.clocks import TIME, clock_of, seconds, with_clock
from hpi_core.tables.curve_frames import is_step_name, unpivoted
from hpi_core.tables.ledger import Entry
from hpi_core.tables.long_curves import metric_and_value, metric_names
from hpi_core.tables.step_names import steps_in_names
from hpi_core.tables.trial_steps import is_id_name

_POSITIONS = ("idx", "index", "position", "i", "n")
_ROWS = "row number"
# What the metric of columns is called that are named by steps alone, where nothing else names it.
VALUE = "value"
_ID = "\0id"
_EXACT = 2.0**53
Reading = Literal["number", "text", "index", "time", "order"]


@dataclass(frozen=True)
class Match:
    """The column of the curves that names the trials, and the trial of every id in it.

    `places` has the columns `id` (String) and `_row`; `ids` counts the distinct ids of the curves. `as_numbers` says
    that ids are the same where they are the same whole number (`007`, `7.0`, `7`).
    """

    column: str
    named: str
    places: pl.DataFrame
    ids: int
    as_numbers: bool = False

    @property
    def share(self) -> float:
        """The share of the ids of the curves that are those of trials."""
        return self.places.height / self.ids if self.ids else 0.0

    def known(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows of known trials in their order, with the trial of each in the first column, `_row`."""
        places = pl.LazyFrame({_ID: self.places["id"], frames.ROW: self.places[frames.ROW]})
        dtype = rows.collect_schema()[self.column]
        if dtype.is_integer():
            places = places.with_columns(pl.col(_ID).cast(dtype))
        id_of = pl.col(self.column) if dtype.is_integer() else _text(self.column, dtype, self.as_numbers)
        keyed = rows.with_columns(id_of.alias(_ID)).join(places, on=_ID, how="inner", maintain_order="left")
        return keyed.select(frames.ROW, pl.exclude(_ID, frames.ROW))


@dataclass(frozen=True)
class Points:
    """How rows become points.

    Attributes:
        step: the column that the steps are read from; empty where they are the order of the rows.
        reading: how: whole numbers, such numbers written as text, the running index, the rank of times, the order.
        names: the columns of metrics' names and of values, where each row is of one metric; else empty.
        metrics: the columns that hold a metric each; empty where `names` are not.
        notes: what the ledger has to say of the steps.
        clock: the column that tells when a row was logged, where each row is of one metric; else empty.
        ladder: column -> metric and step, where columns are named by steps; `names` is then at most one column, that of
            the metrics' names.
        unnamed: the metric of such columns as are named by steps alone.
    """

    step: str
    reading: Reading
    names: tuple[str, ...]
    metrics: tuple[str, ...]
    notes: tuple[Entry, ...]
    clock: str = ""
    ladder: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    unnamed: str = VALUE

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the points are made of."""
        return tuple(dict.fromkeys([*filter(None, [self.step, self.clock]), *self.names, *self.metrics]))

    def of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return `_row, metric, step, value` of rows that begin with `_row` and hold all those of their trials."""
        if self.ladder:
            return self._of_ladder(rows)
        step = self._steps().alias("step")
        if self.names:
            metric, value = self.names
            clock = [seconds(self.clock, rows.schema[self.clock]).alias(TIME)] if self.clock else []
            long = rows.select(
                frames.ROW, pl.col(metric).cast(pl.String).alias("metric"), step, pl.col(value).alias("value"), *clock
            )
            return with_clock(long.drop_nulls("metric"), self.clock)
        values = [seconds(name, rows.schema[name]) for name in self.metrics]
        # The step stands under a name of its own: a metric may be called so.
        wide = rows.select(frames.ROW, step.alias(_ID), *values)
        return unpivoted(wide, self.metrics, [frames.ROW, _ID]).rename({_ID: "step"})

    def _of_ladder(self, rows: pl.DataFrame) -> pl.DataFrame:
        wide = rows.select(frames.ROW, *self.names, *(pl.col(name).cast(pl.Float64) for name in self.metrics))
        index = [frames.ROW, *(_ID for _ in self.names)]
        long = unpivoted(wide.rename(dict.fromkeys(self.names, _ID)), self.metrics, index)
        places = pl.DataFrame(
            {
                "metric": list(self.ladder),
                "name": [metric or self.unnamed for metric, _ in self.ladder.values()],
                "step": [step for _, step in self.ladder.values()],
            }
        )
        long = long.join(places, on="metric", how="left", maintain_order="left")
        name = pl.col(_ID).cast(pl.String) if self.names else pl.col("name")
        return long.select(frames.ROW, name.alias("metric"), "step", "value").drop_nulls("metric")

    def _steps(self) -> pl.Expr:
        if self.reading == "number":
            return pl.col(self.step).cast(pl.Int64)
        if self.reading == "text":
            return pl.col(self.step).str.strip_chars().cast(pl.Float64, strict=False).cast(pl.Int64)
        if self.reading == "time":
            return pl.col(self.step).rank("dense").over(frames.ROW).cast(pl.Int64) - 1
        return pl.int_range(pl.len(), dtype=pl.Int64).over(frames.ROW)


def match_trials(trials: pl.DataFrame, rows: pl.LazyFrame, hinted: str | None = None) -> Match | None:
    """Find the column of `rows` that names trials: by its values, else as row numbers; None where no column can."""
    found = _match_ids(trials, rows, hinted)
    if found is None or not found.ids or not found.places.height:
        found = _match_ids(trials, rows, hinted, as_numbers=True) or found
    return found or _match_rows(trials, rows)


def points_in(rows: pl.LazyFrame, key: str = "") -> Points | str:
    """Say how rows that have a column `_row` are read as points, or in a phrase why they hold none.

    `key` is the column that names the trials.
    """
    schema = {name: dtype for name, dtype in rows.collect_schema().items() if name != frames.ROW}
    ladder = steps_in_names({name: dtype for name, dtype in schema.items() if name != key})
    if ladder:
        named = tuple(metric_names(schema)) if not any(metric for metric, _ in ladder.values()) else ()
        message = f"{len(ladder):,} columns are named by steps: each is a step of its metric"
        return Points("", "order", named[:1], tuple(ladder), (Entry("reshaped", message),), ladder=ladder)
    step, reading, note = _steps_in(rows, schema, key)
    notes: tuple[Entry, ...] = (Entry("steps", note, column=step or None),) if note else ()
    names = metric_and_value(schema)
    if names is not None:
        return Points(step, reading, names, (), notes, clock_of(schema, (key, "" if reading == "time" else step)))
    texts = _numbers_as_text(rows, schema, (key, step))
    notes += tuple(Entry("cells", "numbers written as text", column=name) for name in texts)
    metrics = (*_metrics_in(rows, schema, key, step), *texts)
    if not metrics:
        return "it has no column of numbers beside ids and steps"
    # Moments that tell the steps' order tell the time as well.
    clock = (step,) if reading == "time" and step not in metrics else ()
    return Points(step, reading, (), (*metrics, *clock), notes)


def _match_ids(
    trials: pl.DataFrame, rows: pl.LazyFrame, hinted: str | None, *, as_numbers: bool = False
) -> Match | None:
    schema = rows.collect_schema()
    names = [n for n, dtype in schema.items() if _can_name(dtype)]
    names.sort(key=lambda n: (n != hinted, n not in trials.columns, not is_id_name(n)))
    best: Match | None = None
    for name in names:
        own_names = _naming(trials, name)
        if (name != hinted and name not in trials.columns and not is_id_name(name)) or not own_names:
            continue
        ids = _ids(rows, name, schema[name], as_numbers)
        for own in own_names:
            known = trials.select(_text(own, trials.schema[own], as_numbers).alias("id")).with_row_index(frames.ROW)
            places = known.filter(pl.col("id").is_in(ids.implode()))
            if ids.is_empty() or places["id"].n_unique() < places.height:
                continue
            match = Match(name, own, places, ids.len(), as_numbers)
            if best is None or match.share > best.share:
                best = match
    return best


def _match_rows(trials: pl.DataFrame, rows: pl.LazyFrame) -> Match | None:
    """Take an id of whole numbers for the number of the trial's row, where the trials have no id of their own."""
    if any(is_id_name(name) for name in trials.columns):
        return None
    for name, dtype in rows.collect_schema().items():
        if is_id_name(name) and _can_name(dtype):
            numbers = pl.DataFrame({frames.ROW: pl.int_range(trials.height, dtype=pl.UInt32, eager=True)})
            ids = _ids(rows, name, dtype)
            places = numbers.with_columns(pl.col(frames.ROW).cast(pl.String).alias("id")).filter(
                pl.col("id").is_in(ids.implode())
            )
            return Match(name, _ROWS, places, ids.len())
    return None


def _ids(rows: pl.LazyFrame, name: str, dtype: pl.DataType, as_numbers: bool = False) -> pl.Series:
    """Return the distinct ids as text."""
    distinct = rows.select(pl.col(name).unique()).select(_text(name, dtype, as_numbers).drop_nulls().unique())
    return distinct.collect().to_series()


def _can_name(dtype: pl.DataType) -> bool:
    return dtype == pl.String or dtype.is_numeric() or isinstance(dtype, (pl.Categorical, pl.Enum))


def _naming(trials: pl.DataFrame, name: str) -> list[str]:
    """Return the columns of the trials that may hold the same ids: of the same name, or any that names trials."""
    chosen = [name] if name in trials.columns else [n for n in trials.columns if is_id_name(n)]
    return [
        n
        for n in chosen
        if (_can_name(trials.schema[n]) or trials.schema[n].is_float())
        and trials[n].drop_nulls().n_unique() == trials[n].drop_nulls().len()
    ]


def _text(name: str, dtype: pl.DataType, as_numbers: bool = False) -> pl.Expr:
    """Return ids as text: whole numbers that only missing values made floats without `.0`, null for other floats."""
    if dtype.is_numeric() and not dtype.is_integer():
        ids = pl.col(name).cast(pl.Float64)
        return (
            pl.when((ids == ids.floor()) & (ids.abs() < _EXACT)).then(ids.cast(pl.Int64, strict=False)).cast(pl.String)
        )
    text = pl.col(name).cast(pl.String).str.strip_chars()
    if not as_numbers:
        return text
    return text.str.replace(r"^0*(\d+)(\.0*)?$", "${1}")


def _steps_in(rows: pl.LazyFrame, schema: Mapping[str, pl.DataType], key: str) -> tuple[str, Reading, str]:
    """Return the column of steps, how it is read and what there is to note.

    A column of steps, of positions or of times; else the order of the rows.
    """
    named = [n for n in schema if is_step_name(n)]
    texts = [n for n in named if schema[n] == pl.String]
    numeric = [n for n in named if n != key and schema[n].is_numeric()]
    numeric += [n for n in schema if n.lower() in _POSITIONS and schema[n].is_integer() and n != key]
    whole = _whole(rows, schema, numeric)
    # Whole numbers before others, the finer (`step`) before `epoch`, positions last.
    numeric.sort(key=lambda n: (not is_step_name(n), n not in whole, re.search("epoch|round", n.lower()) is not None))
    if numeric:
        step = numeric[0]
        return (step, "number", "") if step in whole else (step, "index", _running(step))
    for step in texts:
        numbers = pl.col(step).str.strip_chars().cast(pl.Float64, strict=False)
        told = rows.select(numbers.alias(step), pl.col(step).is_not_null().alias("filled"))
        if not told.select((pl.col(step).is_null() & pl.col("filled")).any()).collect().item():
            integral = _whole(told, {step: pl.Float64()}, [step])
            return (step, "text", "numbers written as text") if integral else (step, "index", _running(step))
    times = [n for n, dtype in schema.items() if dtype.is_temporal()]
    if times:
        return times[0], "time", "steps are the order of its times"
    return "", "order", "there is no column of steps: steps are the order of the rows"


def _running(step: str) -> str:
    return f"{step} is not a whole number everywhere: steps are the running index instead"


def _whole(rows: pl.LazyFrame, schema: Mapping[str, pl.DataType], names: list[str]) -> set[str]:
    """Return those of the columns whose every number is whole."""
    floats = [n for n in names if schema[n].is_float()]
    sound = {n for n in names if schema[n].is_integer()}
    if floats:
        fits = [
            ((pl.col(n).floor() == pl.col(n)) & (pl.col(n).abs() < _EXACT)).all(ignore_nulls=True).alias(n)
            for n in floats
        ]
        found = rows.select(fits).collect()
        sound |= {n for n in floats if found[n].item()}
    return sound


def _metrics_in(rows: pl.LazyFrame, schema: Mapping[str, pl.DataType], key: str, step: str) -> tuple[str, ...]:
    """Return the columns of numbers that are neither ids nor steps and change within a trial, or are named so.

    Moments beside steps count as numbers: they say how long a step took.
    """
    names = [
        n
        for n, dtype in schema.items()
        if (dtype.is_numeric() or isinstance(dtype, (pl.Datetime, pl.Duration)))
        and n not in (key, step) and not is_step_name(n) and n.lower() not in _POSITIONS
    ]  # fmt: skip
    measured = {n for n in names if parse(n).metric is not None and not is_id_name(n)}
    others = [n for n in names if n not in measured]
    if others:
        found = rows.group_by(frames.ROW).agg(_changes(n, schema[n]).alias(n) for n in others)
        changing = found.select(pl.col(others).any()).collect()
        measured |= {n for n in others if changing[n].item()}
    return tuple(n for n in names if n in measured)


def _numbers_as_text(rows: pl.LazyFrame, schema: Mapping[str, pl.DataType], others: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns named as metrics whose every text is a number."""
    named = [n for n, dtype in schema.items() if dtype == pl.String and n not in others and parse(n).metric is not None]
    named = [n for n in named if not is_id_name(n) and not is_step_name(n)]
    if not named:
        return ()
    wrong = [(seconds(n, pl.String()).is_null() & pl.col(n).is_not_null()).any().alias(n) for n in named]
    some = [pl.col(n).is_not_null().any().alias(f"{_ID}{n}") for n in named]
    found = rows.select(*wrong, *some).collect()
    return tuple(n for n in named if not found[n].item() and found[f"{_ID}{n}"].item())


def _changes(name: str, dtype: pl.DataType) -> pl.Expr:
    """Say whether a column holds two values, NaN being one."""
    column = pl.col(name)
    if not dtype.is_float():
        return column.min() != column.max()
    broken = column.is_nan()
    return (column.min() != column.max()) | (broken.any() & ~broken.all())
