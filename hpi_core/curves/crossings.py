"""crossings(): at which step a curve went beyond a limit, and from which step on it stayed beyond.

Only the curves that are asked for are read, some ten million points at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from hpi_core.curves.measured import Measured
from hpi_core.curves.segments import segments
from hpi_core.curves.windows import Bools
from hpi_core.frames import ROW

_POINTS = 10_000_000
# A curve stays beyond a limit from a step on where so many of its points from there on are beyond it.
STAYS = 0.9


@dataclass(frozen=True, eq=False)
class Crossings:
    """Steps (Int64), one per trial of the sweep, null where the curve was not asked for or never went beyond.

    `first` is the first step beyond the limit, `since` the first from which on nine in ten points are.
    """

    first: pl.Series
    since: pl.Series


def crossings(
    curves: pl.LazyFrame, measured: Measured, asked: pl.Series, limit: pl.Series | float, *, below: bool = False
) -> Crossings:
    """Read the curves of one metric for the trials of which `asked` is true, and compare them with their limit.

    Args:
        curves: schema `frames.CURVES`, sorted by trial, metric and step.
        measured: the features of the metric's curves.
        asked: Boolean, one per trial; null counts as false.
        limit: in the unit of the source, one for all trials or one per trial.
        below: beyond is below the limit rather than above it.
    """
    wanted = measured.frame.select(ROW, "points").with_columns(
        limit.cast(pl.Float64).alias("limit") if isinstance(limit, pl.Series) else pl.lit(float(limit)).alias("limit"),
        asked.fill_null(False).alias("asked"),
    )
    known = wanted.filter("asked", pl.col("points") > 0, pl.col("limit").is_not_null())
    parts = known.with_columns((pl.col("points").cum_sum() // _POINTS).alias("part")).partition_by("part")
    found = [row for part in parts for row in _of_some(curves, measured.metric.name, part, below=below)]
    told = pl.DataFrame(found, schema={ROW: pl.UInt32, "first": pl.Int64, "since": pl.Int64}, orient="row")
    steps = wanted.select(ROW).join(told, on=ROW, how="left", maintain_order="left")
    return Crossings(steps["first"], steps["since"])


def _of_some(curves: pl.LazyFrame, metric: str, part: pl.DataFrame, *, below: bool) -> list[tuple[int, int, int]]:
    """Return `_row`, `first` and `since` of the curves that go beyond their limit."""
    rows = part[ROW]
    points = (
        curves.filter(
            pl.col(ROW).is_between(rows.min(), rows.max()) & pl.col(ROW).is_in(rows.implode())
            & (pl.col("metric").cast(pl.String) == metric) & pl.col("value").is_not_nan()
        )
        .select(ROW, "metric", "step", "value").collect()
    )  # fmt: skip
    limits = dict(zip(rows.to_list(), part["limit"].to_list(), strict=True))
    batch = segments(points)
    found = []
    for row, begin, end in zip(batch.rows.tolist(), batch.start[:-1].tolist(), batch.start[1:].tolist(), strict=True):
        values = batch.values[begin:end]
        beyond: Bools = values < limits[row] if below else values > limits[row]
        if beyond.any():
            stays = beyond & (np.cumsum(beyond[::-1])[::-1] >= STAYS * np.arange(end - begin, 0, -1))
            first = int(beyond.argmax())
            since = int(stays.argmax()) if stays.any() else first
            found.append((row, int(batch.steps[begin + first]), int(batch.steps[begin + since])))
    return found
