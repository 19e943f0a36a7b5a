"""best(): the best healthy trials, the cheaper one first among equals, and what repeating each would give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.importance.costs import costs
from hpi_core.importance.model import BestRun
from hpi_core.importance.outcomes import chosen_metric
from hpi_core.statistics.replicates import TYPICAL_SEED_SHARE, Replication, replication, shrunken

if TYPE_CHECKING:
    from hpi_core.importance.model import Judged
    from hpi_core.roles import Direction
    from hpi_core.statistics.inputs import Floats
    from hpi_core.sweep import Sweep

LEAST_DEGREES = 3


def best(
    judged: Judged, k: int = 10, metric: str | None = None, direction: Direction | None = None
) -> tuple[BestRun, ...]:
    """Return the k best healthy, finished trials with a finite value; empty where metric or direction is unknown.

    Equal values are ranked by cost. `expected` shrinks a value towards the typical one by the noise between repetitions
    of a configuration, since the best of many trials was lucky as well. `tied` are the trials whose distance from the
    best could be noise: 1.96 sqrt(2) standard deviations between repetitions; of a loss whose configurations were never
    repeated, that of a typical 2 % (DeepOBS).

    Raises:
        UsageError: there is no such metric.
    """
    asked = chosen_metric(judged.sweep, metric, direction)
    if asked is None:
        return ()
    name, towards = asked
    sign = 1.0 if towards == "min" else -1.0
    table = healthy_values(judged, name).with_columns((sign * pl.col("value")).alias("badness"))
    if table.is_empty():
        return ()
    table = table.with_columns(costs(judged.sweep)[table[frames.ROW].to_numpy()].alias("cost"))
    table = table.sort("badness", "cost", frames.ROW, nulls_last=True, maintain_order=True)
    badness = table["badness"].to_numpy()
    noise = seed_spread(judged.sweep, table)
    margin = _margin(judged.sweep, name, badness, noise)
    return tuple(
        BestRun(
            rank=place,
            row=int(row),
            trial=str(trial),
            value=float(value),
            expected=None if noise is None else sign * shrunken(float(bad), badness, noise.within),
            cost=cost_value,
            tied=bool(bad - badness[0] <= (margin or 0.0)),
        )
        for place, (row, trial, value, bad, cost_value) in enumerate(
            table.head(k).select(frames.ROW, "trial", "value", "badness", "cost").iter_rows(), start=1
        )
    )


def healthy_values(judged: Judged, metric: str) -> pl.DataFrame:
    """Return `_row`, `trial`, `value` of the healthy, finished trials with a finite value of the metric."""
    sweep = judged.sweep
    return (
        sweep.trials.select(
            frames.ROW,
            sweep.trial_ids().alias("trial"),
            pl.col(metric).cast(pl.Float64, strict=False).alias("value"),
            pl.col(frames.STATUS).is_in(["completed", "unknown"]).alias("finished"),
        )
        .with_columns(judged.sick.alias("sick"))
        .filter(
            pl.col("finished")
            & ~pl.col("sick")
            & pl.col("value").is_finite()
            & ~pl.col(frames.ROW).is_in(pl.Series(sorted(sweep.incomplete), dtype=pl.UInt32).implode())
        )
    )


def seed_spread(sweep: Sweep, table: pl.DataFrame) -> Replication | None:
    """Return the spread between repetitions of a configuration among these trials; None where too few repeat one."""
    if sweep.roles.seed is None:
        return None  # rows of the same hyperparameters may differ in what no column tells
    names = [item.name for item in sweep.roles.hyperparameters if not sweep.trials.schema[item.name].is_nested()]
    names += [sweep.roles.group] if sweep.roles.group is not None else []
    if not names or table.height < 2:
        return None
    hashes = sweep.trials.select(names)[table[frames.ROW].to_numpy()].hash_rows()
    found = replication(hashes.to_numpy().view(np.int64), table["badness"].to_numpy(), better_half=True)
    return found if found is not None and found.degrees >= LEAST_DEGREES else None


def _margin(sweep: Sweep, metric: str, badness: Floats, noise: Replication | None) -> float | None:
    if noise is not None:
        return 1.96 * math.sqrt(2) * noise.within
    quantity = next((item.quantity for item in sweep.roles.metrics if item.name == metric), "")
    if quantity != "loss" or badness[0] <= 0:
        return None
    return 1.96 * math.sqrt(2) * TYPICAL_SEED_SHARE * float(badness[0])
