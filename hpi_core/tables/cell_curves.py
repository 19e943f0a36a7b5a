"""Curves in the cells of the trials: a list of numbers (`[0.9, 0.5, 0.4]`), or the name of a log per trial."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from hpi_core import frames
from hpi_core.roles.names import parse
from hpi_core.tables.curve_files import with_metrics
from hpi_core.tables.curve_frames import is_step_name, ordered, with_last_values
from hpi_core.tables.curve_points import points_in
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.table import Table

_SAMPLE = 50
_LOOKED_AT = 1000
_NEARLY_ALL = 0.9
_LOG_WORDS = frozenset(["log", "logs", "history", "curve", "curves", "file", "path", "metrics", "events", "progress"])
_LOG_FILE = re.compile(r".+\.(csv|tsv|jsonl|ndjson|json|parquet)(\.gz)?", re.IGNORECASE)
_NONFINITE = re.compile(r"(?<=[\[,\s])-?(?:nan|inf(?:inity)?)(?=\s*[,\]])", re.IGNORECASE)


def curves_in_cells(table: Table) -> Table:
    """Return the table with each column of lists of a metric as curves and its last value, or the table as it is."""
    frame = table.frame
    lists = {name: values for name in frame.columns if (values := _lists(frame[name])) is not None}
    metrics = [name for name in lists if parse(name).metric is not None and not is_step_name(name)]
    if not metrics:
        return table
    steps = next((name for name in lists if name not in metrics and is_step_name(name)), None)
    longs = [_points(lists[name], lists[steps] if steps else None, name) for name in metrics]
    in_order = ordered(pl.concat(longs))
    kept = frame.select(name for name in frame.columns if name not in metrics and name != steps)
    message = (
        f"each cell of {', '.join(metrics[:6])} held a list: they became {in_order.curves.height:,} curve points; each "
        f"trial shows the last value"
    )
    entries = [Entry("reshaped", message, count=frame.height), *in_order.entries()]
    return replace(
        table,
        frame=with_last_values(kept, in_order.curves, metrics),
        ledger=ledger_frame(entries, [table.ledger]),
        curves=in_order.curves,
    )


def log_column(frame: pl.DataFrame) -> str | None:
    """Return the column that names a log file per trial, where there is one."""
    for name, dtype in frame.schema.items():
        if dtype != pl.String or not _LOG_WORDS & set(parse(name).tokens):
            continue
        sample = frame[name].head(_LOOKED_AT).drop_nulls().head(_SAMPLE).to_list()
        if sample and sum(_LOG_FILE.fullmatch(cell.strip()) is not None for cell in sample) >= _NEARLY_ALL * len(
            sample
        ):
            return name
    return None


def points_of_log(frame: pl.DataFrame, row: int) -> pl.DataFrame | None:
    """Return the points of one trial's log: long or wide; None where it holds no numbers over steps."""
    keyed = frame.select(pl.lit(row, pl.UInt32).alias(frames.ROW), pl.all())
    points = points_in(keyed.lazy())
    return None if isinstance(points, str) else points.of(keyed)


def with_points(table: Table, parts: Sequence[pl.DataFrame], entries: Sequence[Entry]) -> Table:
    """Return the trials with these points as their curves, and with their last values where they have no metric."""
    columns = [frames.ROW, "metric", "step", "value"]
    in_order = ordered(pl.concat([part.select(columns).cast(frames.CURVES) for part in parts]))
    return replace(
        with_metrics(table, in_order.curves),
        ledger=ledger_frame([*entries, *in_order.entries()], [table.ledger]),
        curves=in_order.curves,
    )


def _lists(column: pl.Series) -> pl.Series | None:
    """Return a column as lists of numbers, where it holds such."""
    if isinstance(column.dtype, (pl.List, pl.Array)):
        inner = column.dtype.inner
        return column.cast(pl.List(pl.Float64)) if pl.Series(dtype=inner).dtype.is_numeric() else None
    if column.dtype != pl.String:
        return None
    head = column.head(_LOOKED_AT).drop_nulls().head(_SAMPLE).to_list()
    if not head or sum(cell.lstrip().startswith("[") for cell in head) < _NEARLY_ALL * len(head):
        return None
    parsed = [None if cell is None else _numbers(cell) for cell in column.to_list()]
    present = column.len() - column.null_count()
    if sum(values is not None for values in parsed) < _NEARLY_ALL * present:
        return None
    return pl.Series(column.name, parsed, dtype=pl.List(pl.Float64))


def _numbers(cell: str) -> list[float | None] | None:
    """Return a list of numbers written as JSON or as Python writes it; None where the cell is no such list."""
    words = {"nan": "NaN", "inf": "Infinity", "infinity": "Infinity"}
    text = _NONFINITE.sub(
        lambda m: ("-" if m[0].startswith("-") else "") + words[m[0].lstrip("-").lower()], cell.strip()
    ).replace("None", "null")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list):
        return None
    numeric = all(v is None or (isinstance(v, (int, float)) and not isinstance(v, bool)) for v in values)
    return [None if v is None else float(v) for v in values] if numeric else None


def _points(values: pl.Series, steps: pl.Series | None, metric: str) -> pl.DataFrame:
    rows = pl.int_range(values.len(), dtype=pl.UInt32, eager=True).alias(frames.ROW)
    frame = pl.DataFrame([rows, values.alias("value")])
    if steps is not None and values.list.len().equals(steps.list.len()):
        frame = frame.with_columns(steps.cast(pl.List(pl.Int64), strict=False).alias("step"))
    else:
        frame = frame.with_columns(pl.int_ranges(0, pl.col("value").list.len(), dtype=pl.Int64).alias("step"))
    frame = frame.filter(pl.col("value").list.len() > 0).explode("value", "step")
    return frame.select(frames.ROW, pl.lit(metric).alias("metric"), "step", "value")
