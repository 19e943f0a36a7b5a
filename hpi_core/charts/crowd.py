"""The curves of many trials at once, each reduced to its extremes per screen column straight from the lazy frame.

Hundreds of curves are never held whole: what leaves this room is at most two points per curve and column, as flat
arrays that whoever draws can turn into counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.charts.axes import Floats, as_floats

if TYPE_CHECKING:
    from hpi_core.charts.series import Booleans

Integers = np.ndarray[Any, np.dtype[np.int64]]
MOST_CURVES = 2000


@dataclass(frozen=True, eq=False)
class Crowd:
    """Curves one after another: `curve` counts them from 0, `joined` ties a point to the one before it.

    Attributes:
        x: ascending within each curve.
        values: finite.
        sick: one per curve, whether the trial is sick.
        curves: how many curves there are.
        asked: how many trials were asked for; more than `curves` where some have no such curve or were left out.
    """

    curve: Integers
    x: Floats
    values: Floats
    joined: Booleans
    sick: Booleans
    curves: int
    asked: int


def crowd(
    curves: pl.LazyFrame,
    metric: str,
    axis: Literal["step", "time"],
    span: tuple[float, float],
    columns: int,
    rows: Integers,
    sick: Booleans,
) -> Crowd:
    """Collect the curves of these trials between `span`.

    Args:
        curves: schema `frames.CURVES`.
        metric: whose curves.
        axis: `step`, or `time` where the curves have such a column.
        span: the x range shown.
        columns: how finely the extremes are kept; two points for each of them.
        rows: the trials; of more than `MOST_CURVES` an even selection is taken.
        sick: one per trial of `rows`.
    """
    asked = len(rows)
    if asked > MOST_CURVES:
        chosen = np.unique(np.linspace(0, asked - 1, MOST_CURVES).round().astype(np.int64))
        rows, sick = rows[chosen], sick[chosen]
    order = np.argsort(rows, kind="stable")
    rows, sick = rows[order], sick[order]
    found = _extremes(curves, metric, axis, span, columns, rows)
    low, high = found["low"].to_numpy(), found["high"].to_numpy()
    low_x, high_x = found["low_x"].to_numpy(), found["high_x"].to_numpy()
    whose, kept = np.unique(found[frames.ROW].to_numpy(), return_inverse=True)
    first = low_x <= high_x
    x = np.stack([np.where(first, low_x, high_x), np.where(first, high_x, low_x)], axis=1).ravel()
    values = np.stack([np.where(first, low, high), np.where(first, high, low)], axis=1).ravel()
    curve = np.repeat(kept.astype(np.int64), 2)
    broken = np.repeat(found["broken"].to_numpy(), 2)
    joined = np.ones(x.size, dtype=bool)
    joined[:1] = False
    joined[1:] = (curve[1:] == curve[:-1]) & ~(broken[1:] | broken[:-1])
    joined[1::2] = True
    state = sick[np.searchsorted(rows, whose)] if whose.size else np.empty(0, dtype=bool)
    return Crowd(curve, as_floats(x), as_floats(values), joined, state, int(whose.size), asked)


def _extremes(
    curves: pl.LazyFrame,
    metric: str,
    axis: str,
    span: tuple[float, float],
    columns: int,
    rows: Integers,
) -> pl.DataFrame:
    """Return, per trial and column, the lowest and the highest finite value with their x, and whether it is whole."""
    width = (span[1] - span[0]) / max(1, columns) or 1.0
    finite = pl.col("value").is_finite()
    picked = (
        curves.filter(
            (pl.col("metric").cast(pl.String) == metric)
            & pl.col(frames.ROW).is_in(pl.Series(rows, dtype=pl.UInt32).implode())
        )
        .select(frames.ROW, pl.col(axis).cast(pl.Float64).alias("x"), "value")
        .filter(pl.col("x").is_between(span[0] - width, span[1] + width) & pl.col("value").is_not_null())
        .with_columns(((pl.col("x") - span[0]) / width).floor().cast(pl.Int32).alias("column"))
    )
    place = (frames.ROW, "column")
    good = (
        picked.filter(finite)
        .group_by(place)
        .agg(
            pl.col("value").min().alias("low"),
            pl.col("x").min_by("value").alias("low_x"),
            pl.col("value").max().alias("high"),
            pl.col("x").max_by("value").alias("high_x"),
        )
        .collect()
    )
    bad = picked.filter(~finite).select(place).unique().with_columns(pl.lit(True).alias("broken")).collect()
    whole = good.join(bad, on=place, how="full", coalesce=True) if bad.height else good.with_columns(broken=False)
    whole = whole.sort(place).with_columns(pl.col("broken").fill_null(False))
    # a column of nothing but NaN breaks the line for those beside it, then has nothing to show
    gap = pl.col("low").is_null()
    beside = (gap.shift(1).fill_null(False) & (pl.col(frames.ROW).shift(1) == pl.col(frames.ROW))) | (
        gap.shift(-1).fill_null(False) & (pl.col(frames.ROW).shift(-1) == pl.col(frames.ROW))
    )
    return whole.with_columns(broken=pl.col("broken") | beside.fill_null(False)).filter(~gap)
