"""Reading the points a chart needs from the lazy frame: some trials' curves, the x range, the healthy median."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from hpi_core import frames
from hpi_core.charts.axes import Floats, as_floats
from hpi_core.charts.standing import Rows
from hpi_core.curves.measured import kind_of, ticks

XAxis = Literal["step", "time"]
MEDIAN_POINTS = 512


def with_time(curves: pl.LazyFrame | None, metrics: Sequence[str]) -> pl.LazyFrame | None:
    """Return the curves with a column `time`, seconds since each trial's first point; None where nothing tells it.

    A metric that is a clock (`timestamp`, `elapsed`, …) tells the time of the steps it has a value at.
    """
    if curves is None or "time" in curves.collect_schema().names():
        return curves
    clock = next((name for name in metrics if kind_of(name) == "clock"), None)
    if clock is None:
        return None
    since = (pl.col("value") - pl.col("value").min().over(frames.ROW)) / ticks(pl.col("value").min())
    told = curves.filter((pl.col("metric").cast(pl.String) == clock) & pl.col("value").is_finite())
    times = told.select(frames.ROW, "step", since.alias("time"))
    return curves.join(times, on=(frames.ROW, "step"), how="inner", maintain_order="left")


def load(curves: pl.LazyFrame, metric: str, axis: XAxis, rows: Sequence[int]) -> dict[int, tuple[Floats, Floats]]:
    """Return `_row` -> x and values, whole, of those of these trials that have a curve of the metric."""
    wanted = pl.Series(rows, dtype=pl.UInt32).implode()
    points = (
        curves.filter(pl.col(frames.ROW).is_in(wanted) & (pl.col("metric").cast(pl.String) == metric))
        .select(frames.ROW, pl.col(axis).cast(pl.Float64).alias("x"), "value")
        .drop_nulls()
        .sort(frames.ROW, "x", maintain_order=True)
        .collect()
    )
    return {
        int(part[frames.ROW][0]): (as_floats(part["x"].to_numpy()), as_floats(part["value"].to_numpy()))
        for part in points.partition_by(frames.ROW)
    }


def x_range(curves: pl.LazyFrame, metrics: Sequence[str], axis: XAxis, rows: Rows | None = None) -> tuple[float, float]:
    """Return the first and the last x of these metrics' curves, of these trials or of all; 0 and 1 where none is."""
    column = pl.col(axis).cast(pl.Float64)
    ends = (
        _of(curves, rows)
        .filter(pl.col("metric").cast(pl.String).is_in(list(metrics)) & column.is_finite())
        .select(column.min().alias("low"), column.max().alias("high"))
        .collect()
    )
    low, high = ends.row(0)
    return (0.0, 1.0) if low is None else (float(low), float(high))


def _of(curves: pl.LazyFrame, rows: Rows | None) -> pl.LazyFrame:
    if rows is None:
        return curves
    return curves.filter(pl.col(frames.ROW).is_in(pl.Series(rows, dtype=pl.UInt32).implode()))


def within(zoom: tuple[float, float] | None, full: tuple[float, float]) -> tuple[float, float]:
    """Return the part of the range a zoom leaves, all of it where nothing is left."""
    if zoom is None:
        return full
    low, high = max(full[0], zoom[0]), min(full[1], zoom[1])
    return (low, high) if high > low else full


def median(
    curves: pl.LazyFrame,
    metric: str,
    axis: XAxis,
    span: tuple[float, float],
    healthy: Rows,
) -> tuple[Floats, Floats] | None:
    """Return the median over the healthy trials per step, or per bucket of steps where there are very many.

    A trial counts once per bucket, with the mean of its finite values there.
    """
    if healthy.size < 2:
        return None
    column = pl.col(axis).cast(pl.Float64)
    picked = (
        _of(curves, healthy)
        .filter((pl.col("metric").cast(pl.String) == metric) & pl.col("value").is_finite() & column.is_between(*span))
        .select(frames.ROW, column.alias("x"), "value")
    )
    width = (span[1] - span[0]) / MEDIAN_POINTS
    whole = axis == "step" and span[1] - span[0] <= MEDIAN_POINTS
    bucket = pl.col("x") if whole or width <= 0 else ((pl.col("x") - span[0]) / width).floor()
    out = (
        picked.with_columns(bucket.alias("bucket"))
        .group_by("bucket", frames.ROW)
        .agg(pl.col("x").mean(), pl.col("value").mean())
        .group_by("bucket")
        .agg(pl.col("x").mean(), pl.col("value").median())
        .sort("x")
        .collect()
    )
    return (as_floats(out["x"].to_numpy()), as_floats(out["value"].to_numpy())) if out.height else None
