"""The schedule of a learning rate, named from its curve, and where in it a step lies."""

from __future__ import annotations

import polars as pl

from hpi_core.curves.measured import Measured

# Changes by less than this share of the highest rate are none; a rise or fall by less than `_CLEAR` has no name.
_NONE = 1e-6
_CLEAR = 0.1
_CYCLES = 2


def schedule(rate: Measured) -> pl.Series:
    """Return `constant`, `warm-up`, `decay`, `warm-up, then decay`, `cyclic` or null, one per trial."""
    high, low = pl.col("worst"), pl.col("best")
    risen = pl.col("first") < (1 - _CLEAR) * high
    fallen = pl.col("last") < (1 - _CLEAR) * high
    return rate.frame.select(
        pl.when(high - low <= _NONE * high.abs()).then(pl.lit("constant"))
        .when((pl.col("swings") >= _CYCLES) & (high - low > _CLEAR * high)).then(pl.lit("cyclic"))
        .when(risen & fallen).then(pl.lit("warm-up, then decay"))
        .when(fallen).then(pl.lit("decay"))
        .when(risen).then(pl.lit("warm-up"))
        .alias("schedule")
    ).to_series()  # fmt: skip


def phase(rate: Measured, steps: pl.Series) -> pl.Series:
    """Say in a phrase where in its schedule the learning rate was at a step of each trial; null where there is none."""
    frame = rate.frame.select("worst_step", "first_step").with_columns(schedule(rate), steps.alias("at"))
    warming = pl.col("schedule").is_in(["warm-up", "warm-up, then decay"]) & (pl.col("at") <= pl.col("worst_step"))
    return frame.select(
        pl.when(warming).then(pl.lit("while the learning rate was warming up"))
        .when(pl.col("schedule") == "constant").then(pl.lit("at a constant learning rate"))
        .when(pl.col("schedule") == "cyclic").then(pl.lit("under a cyclic learning rate"))
        .when(pl.col("schedule").is_not_null()).then(pl.lit("while the learning rate was decaying"))
        .alias("phase")
    ).to_series()  # fmt: skip
