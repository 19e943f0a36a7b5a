"""When points were logged: of curves with a time per point, a curve of the times beside them.

A metric whose name is that of a clock (`timestamp`, `elapsed`, ...) tells the time of every step it has a value at.
Where each row is of one metric, the times stand in a column of their own and become such a metric here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from hpi_core import frames
from hpi_core.curves.measured import kind_of

# The column of times, seconds, beside those of points.
TIME = "\0time"
CLOCK = "timestamp"


def clock_of(schema: Mapping[str, pl.DataType], others: Collection[str]) -> str:
    """Return the column that tells when a row was logged, apart from `others`; empty where none does."""
    free = [name for name in schema if name not in others]
    moments = [name for name in free if isinstance(schema[name], pl.Datetime)]
    named = [name for name in free if schema[name].is_numeric() and kind_of(name) == "clock"]
    return next(iter([*moments, *named]), "")


def seconds(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column as numbers: moments as seconds since 1970, durations as seconds, texts as what they say."""
    if dtype == pl.String:
        return pl.col(name).str.strip_chars().str.to_lowercase().cast(pl.Float64, strict=False)
    if isinstance(dtype, pl.Datetime):
        return pl.col(name).dt.epoch("us").cast(pl.Float64) / 1e6
    if isinstance(dtype, pl.Duration):
        return pl.col(name).dt.total_microseconds().cast(pl.Float64) / 1e6
    return pl.col(name).cast(pl.Float64)


def with_clock(points: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return points (`_row, metric, step, value` and maybe `TIME`), the times as one metric more of each trial.

    Of the points of a step the last tells its time, as its value is the one that is kept. Nothing is added where the
    points have a clock of their own.

    Args:
        points: the points in the order of the source.
        column: the name of the column of times; a name that is not a clock's becomes `timestamp`.
    """
    if TIME not in points.columns:
        return points
    plain = points.drop(TIME)
    if any(kind_of(name) == "clock" for name in points["metric"].unique().to_list()):
        return plain
    name = column if kind_of(column) == "clock" else CLOCK
    timed = points.drop_nulls(["step", TIME, "value"])
    last = timed.group_by(frames.ROW, "step", maintain_order=True).agg(pl.col(TIME).last().alias("value"))
    clock = last.sort(frames.ROW, "step").with_columns(pl.lit(name).alias("metric"))
    return pl.concat([plain, clock.select(plain.columns)], how="vertical_relaxed")
