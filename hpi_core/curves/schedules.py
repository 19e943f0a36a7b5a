"""The schedule of a learning rate: its name, told from its curve, in words, and where in it a step lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from hpi_core.frames import ROW, SCHEDULES
from hpi_core.numerals import number

if TYPE_CHECKING:
    from hpi_core.curves.measured import Measured

# Changes by less than this share of the highest rate are none; a rise or fall by less than `_CLEAR` has no name.
_NONE = 1e-6
_CLEAR = 0.1
# So many points tell one schedule from another.
_LEAST = 3


def schedule(rate: Measured) -> pl.Series:
    """Return `constant`, `warm-up`, `decay`, `warm-up, then decay`, `cyclic` or null, one per trial.

    Cyclic is what fell and rises again by a quarter of its range.
    """
    high, low = pl.col("worst"), pl.col("best")
    risen = pl.col("start") < (1 - _CLEAR) * high
    fallen = pl.col("last") < (1 - _CLEAR) * high
    return rate.frame.select(
        pl.when(pl.col("n") < _LEAST).then(None)
        .when(high - low <= _NONE * high.abs()).then(pl.lit("constant"))
        .when((pl.col("rises") > 0) & (high - low > _CLEAR * high)).then(pl.lit("cyclic"))
        .when(risen & fallen).then(pl.lit("warm-up, then decay"))
        .when(fallen).then(pl.lit("decay"))
        .when(risen).then(pl.lit("warm-up"))
        .alias("schedule")
    ).to_series()  # fmt: skip


def schedules(rates: Sequence[Measured]) -> pl.DataFrame:
    """Return the learning rates whose schedule has a name, one row per trial and curve: schema `frames.SCHEDULES`."""
    parts = [
        rate.frame.select(
            ROW, pl.lit(rate.metric.name).alias("metric"), schedule(rate), pl.col("start").alias("first"),
            pl.col("worst").alias("high"),
            pl.col("worst_step").alias("high_step"), pl.col("best").alias("low"), "last", "rises",
        )
        .drop_nulls("schedule").cast(dict(SCHEDULES.items()))
        for rate in rates
    ]  # fmt: skip
    return pl.concat([pl.DataFrame(schema=SCHEDULES), *parts]).sort(ROW, "metric")


def in_words(name: str, first: float, high: float, high_step: int, low: float, last: float, rises: int) -> str:
    """Say how a learning rate went: its schedule, and the rates and the step that it turned at."""
    if name == "constant":
        return f"constant at {number(high)}"
    if name == "cyclic":
        again = "once" if rises == 1 else f"{rises:,} times"
        return f"cyclic between {number(low)} and {number(high)}, rising again {again}"
    if name == "decay":
        return f"decay from {number(high)} to {number(last)}"
    up = f"warm-up from {number(first)} to {number(high)} at step {high_step:,}"
    return up if name == "warm-up" else f"{up}, then decay to {number(last)}"


def phase(rates: Sequence[Measured], steps: pl.Series) -> pl.Series:
    """Say in a phrase where in its schedule the learning rate was at a step of each trial; null where there is none.

    Of several learning rates of a trial the first with a schedule speaks.
    """
    said = [_phase(rate, steps).alias(str(at)) for at, rate in enumerate(rates)]
    return pl.DataFrame(said).select(pl.coalesce(pl.all()).alias("phase")).to_series()


def _phase(rate: Measured, steps: pl.Series) -> pl.Series:
    frame = rate.frame.select("worst_step").with_columns(schedule(rate), steps.alias("at"))
    warming = pl.col("schedule").is_in(["warm-up", "warm-up, then decay"]) & (pl.col("at") <= pl.col("worst_step"))
    return frame.select(
        pl.when(warming).then(pl.lit("while the learning rate was warming up"))
        .when(pl.col("schedule") == "constant").then(pl.lit("at a constant learning rate"))
        .when(pl.col("schedule") == "cyclic").then(pl.lit("under a cyclic learning rate"))
        .when(pl.col("schedule").is_not_null()).then(pl.lit("while the learning rate was decaying"))
        .alias("phase")
    ).to_series()  # fmt: skip
