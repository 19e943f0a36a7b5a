"""best(): the best healthy trials, the cheaper one first among equals, and what repeating each would give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from hpi_core import frames
from hpi_core.importance.costs import costs
from hpi_core.importance.model import BestRun
from hpi_core.importance.outcomes import chosen_metric
from hpi_core.importance.placing import placed
from hpi_core.statistics.replicates import TYPICAL_SEED_SHARE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpi_core.importance.model import Judged
    from hpi_core.roles import Direction
    from hpi_core.sweep import Sweep


def best(
    judged: Judged, k: int = 10, metric: str | None = None, direction: Direction | None = None
) -> tuple[BestRun, ...]:
    """Return the k best healthy, finished trials with a finite value; empty where metric or direction is unknown.

    A configuration that was repeated with other seeds stands once, with the mean of its trials; where a source mixes
    several sweeps, every one has ranks of its own, and all firsts stand before the seconds. Equal values are ranked by
    cost. `expected` shrinks a value towards the typical one by the noise between repetitions
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
    standing = placed(judged.sweep, table)
    firsts = {run["group"]: run for run in standing.filter(pl.col("place") == 1).iter_rows(named=True)}
    return tuple(
        BestRun(
            rank=run["place"],
            row=run[frames.ROW],
            trial=str(run["trial"]),
            value=run["value"],
            expected=None if run["expected"] is None else sign * run["expected"],
            cost=run["cost"],
            tied=_tied(judged.sweep, name, run, firsts[run["group"]]),
            runs=run["runs"],
            group=run["group"],
        )
        for run in standing.head(k).iter_rows(named=True)
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


def _tied(sweep: Sweep, metric: str, run: Mapping[str, Any], first: Mapping[str, Any]) -> bool:
    """Return whether the distance from the best could be noise: that of two means of so many runs."""
    away = run["badness"] - first["badness"]
    if run["within"] is not None:
        share = math.sqrt(2) if run["runs"] == first["runs"] == 1 else math.sqrt(1 / run["runs"] + 1 / first["runs"])
        return bool(away <= 1.96 * share * run["within"])
    quantity = next((item.quantity for item in sweep.roles.metrics if item.name == metric), "")
    if quantity != "loss" or first["badness"] <= 0:
        return bool(away <= 0)
    return bool(away <= 1.96 * math.sqrt(2) * TYPICAL_SEED_SHARE * first["badness"])
