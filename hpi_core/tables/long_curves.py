"""Long curves: one row per trial, step and metric, the metric's name in one column and its value in another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from hpi_core.roles import RoleHints
from hpi_core.tables.clocks import TIME, clock_of, seconds, with_clock
from hpi_core.tables.curve_frames import (
    is_step_name,
    moved_ledger,
    ordered,
    reshaped_entries,
    steps_of,
    with_last_values,
)
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.table import Table
from hpi_core.tables.trial_steps import constant_columns, is_id_name

_METRIC = ("metric", "metric_name", "metrics", "tag", "key", "variable")
_VALUE = ("value", "metric_value", "values")
_POSITION = ("idx", "index", "position")
# At most this share of (trial, step, metric) may stand twice; more means that a column tells them apart.
_DOUBLES = 0.2
_MOST_METRICS = 500


def long_curves(table: Table, group: str | None = None) -> Table | None:
    """Return trials and curves where the table has a trial id, a step, a metric's name and its value, else None."""
    frame = table.frame
    schema = frame.schema
    told = metric_and_value(schema)
    steps = [n for n in schema if (is_step_name(n) or n.lower() in _POSITION) and schema[n].is_numeric()]
    keys = [n for n in schema if is_id_name(n)] + ([group] if group else [])
    if told is None or not steps or not keys:
        return None
    metric, value = told
    key, step = keys[0], steps[0]
    if frame[metric].n_unique() > _MOST_METRICS or frame[key].n_unique() == frame.height:
        return None
    if frame.select(pl.struct(key, step, metric).n_unique()).item() < (1 - _DOUBLES) * frame.height:
        return None
    return _take_apart(table, key, step, metric, value)


def metric_and_value(schema: Mapping[str, pl.DataType]) -> tuple[str, str] | None:
    """Return the columns that hold a metric's name and its value, where there is one of each."""
    names = {name.strip().lower(): name for name in schema}
    metric = next(iter(metric_names(schema)), None)
    value = next((names[n] for n in _VALUE if n in names and schema[names[n]].is_numeric()), None)
    return None if metric is None or value is None else (metric, value)


def metric_names(schema: Mapping[str, pl.DataType]) -> list[str]:
    """Return the columns that hold a metric's name, the likeliest first."""
    names = {name.strip().lower(): name for name in schema}
    texts = (pl.String, pl.Categorical, pl.Enum)
    return [names[n] for n in _METRIC if n in names and isinstance(schema[names[n]], texts)]


def _take_apart(table: Table, key: str, step: str, metric: str, value: str) -> Table:
    frame = table.frame
    first = frame.select(key).unique(maintain_order=True).with_row_index("_row")
    row_of = frame.select(key).join(first, on=key, how="left", nulls_equal=True, maintain_order="left")["_row"]
    steps = steps_of(frame[step], pl.Series(row_of))
    long = pl.DataFrame(
        {"_row": row_of, "metric": frame[metric], "step": steps.values, "value": frame[value].cast(pl.Float64)}
    )
    clock = clock_of(frame.schema, (key, step, metric, value))
    if clock:
        long = long.with_columns(frame.select(seconds(clock, frame.schema[clock]).alias(TIME)).to_series())
    in_order = ordered(with_clock(long.drop_nulls("metric"), clock))
    curves = in_order.curves
    others = [n for n in frame.columns if n not in (key, step, metric, value)]
    constant = constant_columns(frame, row_of, others)
    trials = frame.select(pl.Series("_row", row_of), key, *constant).unique("_row", keep="first", maintain_order=True)
    trials = trials.drop("_row")
    taken = set(trials.columns)
    metrics = [m for m in frame[metric].drop_nulls().unique(maintain_order=True).to_list() if m not in taken]
    trials = with_last_values(trials, curves, metrics)
    message = (
        f"one row per {key}, {step} and {metric}: {frame.height:,} rows became {trials.height:,} trials with "
        f"{curves.height:,} curve points; each trial shows the last value"
    )
    entries = reshaped_entries(message, frame.height, in_order, step, steps)
    if left := [n for n in others if n not in constant and n != clock]:
        message = f"columns that change within a trial and are no metric were left out: {', '.join(left[:6])}"
        entries.append(Entry("dropped_columns", message, count=len(left)))
    return replace(
        table,
        frame=trials,
        ledger=ledger_frame(entries, [moved_ledger(table, row_of)]),
        incomplete=frozenset(int(row_of[row]) for row in table.incomplete),
        hints=RoleHints(id=key, metrics=tuple(metrics)),
        curves=curves,
    )
