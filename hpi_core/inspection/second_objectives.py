"""Fairness as a second objective: measures of disparity beside the objective, and the trials nobody beats in both.

The two are never mixed into one score. Lower is better for every measure (F_FPR, F_OAE, F_DP, F_MEO), whether it was
worked out from columns per group or stands in a column of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from hpi_core import frames
from hpi_core.detectors.context import Context, finite
from hpi_core.detectors.fairness import Mode, measures
from hpi_core.inspection.ranking import FINISHED, Ranking
from hpi_core.sweep import Sweep

DISPARITY = "subgroup_disparity"
_LOGGED = frozenset(["f_fpr", "f_oae", "f_dp", "f_meo"])


@dataclass(frozen=True)
class Standing:
    """One trial in both objectives."""

    row: int
    trial: str
    objective: float
    value: float


@dataclass(frozen=True)
class SecondObjective:
    """One measure of disparity beside the objective.

    Attributes:
        measure: F_FPR, F_OAE, F_DP or F_MEO, or the name of the column that holds one.
        mode: `sum` or `range`; None where the source worked it out and does not say.
        partition: what tells the groups apart; empty where the source worked it out.
        groups: how many were compared, 0 where unknown.
        best: the best trial by the objective, where the measure is known of it.
        least: the trial with the least disparity.
        front: trials of which no other is better in one and at least as good in the other; best objective first.
        trials: how many have both.
    """

    measure: str
    mode: Mode | None
    partition: str
    groups: int
    best: Standing | None
    least: Standing
    front: tuple[Standing, ...]
    trials: int


def second_objectives(sweep: Sweep, standing: pl.DataFrame, ranking: Ranking) -> tuple[SecondObjective, ...]:
    """Return every measure of disparity with its trade-off against the objective; none where no trial can be ranked.

    Args:
        sweep: the trials.
        standing: `_row`, `issue` of what makes trials sick. A trial sick of anything but disparity is left out.
        ranking: the best trials by the objective.
    """
    context = Context(sweep)
    objective = sweep.roles.objective
    if objective is None or context.badness is None:
        return ()
    measured = list(_measured(context, objective.metric))
    if not measured:
        return ()
    sick = standing.filter(pl.col("issue") != DISPARITY)[frames.ROW].unique()
    table = sweep.trials.select(
        frames.ROW,
        sweep.trial_ids().alias("trial"),
        pl.col(objective.metric).cast(pl.Float64, strict=False).alias("objective"),
        context.badness.alias("badness"),
        (pl.col(frames.STATUS).is_in(FINISHED) & ~pl.col(frames.ROW).is_in(sick.implode())).alias("healthy"),
    )
    first = ranking.best[0].row if ranking.best else None
    found = []
    for measure, mode, partition, groups, values in measured:
        rows = table.with_columns(values.alias("value")).filter("healthy").drop_nulls(["badness", "value"])
        if rows.height:
            found.append(_beside(rows, first, measure, mode, partition, groups))
    return tuple(found)


def _measured(context: Context, objective: str) -> Iterator[tuple[str, Mode | None, str, int, pl.Series]]:
    for one in measures(context, floors=False):
        if one.mode != "ratio":
            yield one.name, one.mode, one.partition, one.groups, one.values
    for metric in context.final_metrics:
        if metric.quantity in _LOGGED and metric.name != objective:
            yield metric.name, None, "", 0, finite(context.values(metric.name))


def _beside(
    rows: pl.DataFrame, first: int | None, measure: str, mode: Mode | None, partition: str, groups: int
) -> SecondObjective:
    ordered = rows.sort("badness", "value", frames.ROW)
    least_so_far = ordered["value"].cum_min().shift(1)
    front = ordered.filter(least_so_far.is_null() | (ordered["value"] < least_so_far))
    best = ordered.filter(pl.col(frames.ROW) == first) if first is not None else ordered.clear()
    return SecondObjective(
        measure,
        mode,
        partition,
        groups,
        next(_standings(best), None),
        next(_standings(ordered.sort("value", "badness", frames.ROW).head(1))),
        tuple(_standings(front)),
        rows.height,
    )


def _standings(rows: pl.DataFrame) -> Iterator[Standing]:
    for row, trial, objective, value in rows.select(frames.ROW, "trial", "objective", "value").iter_rows():
        yield Standing(row, trial, objective, value)
