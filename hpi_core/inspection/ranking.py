"""The best trials: healthy, finished, with a finite objective, ranked; and what would rank higher if healthy.

Of trials with the same value the cheaper one stands first.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from hpi_core import frames
from hpi_core.importance.costs import costs
from hpi_core.importance.placing import placed
from hpi_core.sweep import Sweep

# A trial in one of these states has a result that stands; pruned and running trials have no final one.
FINISHED = ("completed", "unknown")


@dataclass(frozen=True)
class Ranked:
    """One trial and its objective; `rank` is 1-based among the healthy, `sick` tells why it is not among them.

    `runs`, `group`, and the `value` and `rank` of a repeated configuration and of mixed sweeps are as in
    `importance.BestRun`.
    """

    row: int
    trial: str
    value: float
    rank: int | None = None
    sick: tuple[str, ...] = ()
    runs: int = 1
    group: str | None = None


@dataclass(frozen=True)
class Ranking:
    """The healthy trials best first, and the excluded ones that would stand above the first of them.

    Of a configuration that was repeated with other seeds one trial stands in `best`; of several mixed sweeps the first
    of each stand before the seconds. `best` holds at most `LONGEST` of these; `excluded` likewise of
    `would_rank_higher`. All are empty where the objective or its direction is unknown. `ranked` counts trials;
    `nonfinite` and `missing` count finished trials without a usable value.
    Every trial that is not ranked is counted once: `sick`, else `unfinished` (pruned, running, cut off), else
    `no_value`. `tied` healthy trials share the best value.
    """

    best: tuple[Ranked, ...] = ()
    ranked: int = 0
    excluded: tuple[Ranked, ...] = ()
    would_rank_higher: int = 0
    nonfinite: int = 0
    missing: int = 0
    sick: int = 0
    unfinished: int = 0
    no_value: int = 0
    tied: int = 0


LONGEST = 100


def rank(sweep: Sweep, sick: pl.Series, standing: pl.DataFrame) -> Ranking:
    """Rank the trials of a sweep by its objective.

    Args:
        sweep: the sweep.
        sick: Boolean, one per trial: whether a diagnostic error or warning stands against it.
        standing: `_row`, `issue` of what makes trials sick.
    """
    objective = sweep.roles.objective
    if objective is None or objective.direction is None or objective.metric not in sweep.trials.columns:
        return Ranking()
    descending = objective.direction == "max"
    table = sweep.trials.select(
        frames.ROW,
        pl.col(objective.metric).cast(pl.Float64, strict=False).alias("value"),
        pl.Series("sick", sick, dtype=pl.Boolean),
        sweep.trial_ids().alias("trial"),
        costs(sweep).alias("cost"),
        (
            pl.col(frames.STATUS).is_in(FINISHED)
            & ~pl.col(frames.ROW).is_in(pl.Series(sorted(sweep.incomplete), dtype=pl.UInt32).implode())
        ).alias("finished"),
    )
    finished = table.filter("finished")
    finite = table.filter(pl.col("value").is_finite())
    healthy = finite.filter(pl.col("finished") & ~pl.col("sick"))
    excluded = finite.filter(pl.col("sick"))
    best = _best(sweep, healthy, descending)
    if healthy.height:
        excluded = _above(sweep, excluded, best, descending)
    named = _first(excluded, descending)
    issues = _issues_of(named[frames.ROW], standing)
    return Ranking(
        best=tuple(
            Ranked(row, trial, value, place, (), runs, group)
            for row, trial, value, place, runs, group in best.select(
                frames.ROW, "trial", "value", "place", "runs", "group"
            ).iter_rows()
        ),
        ranked=healthy.height,
        excluded=tuple(
            Ranked(row, trial, value, None, issues.get(row, ()))
            for row, trial, value in named.select(frames.ROW, "trial", "value").iter_rows()
        ),
        would_rank_higher=excluded.height,
        nonfinite=finished.filter(pl.col("value").is_not_null() & ~pl.col("value").is_finite()).height,
        missing=finished["value"].null_count(),
        sick=int(table["sick"].sum()),
        unfinished=table.filter(~pl.col("sick") & ~pl.col("finished")).height,
        no_value=finished.filter(~pl.col("sick") & ~pl.col("value").is_finite().fill_null(False)).height,
        tied=int((healthy["value"] == best["value"][0]).sum()) if healthy.height else 0,
    )


def _best(sweep: Sweep, healthy: pl.DataFrame, descending: bool) -> pl.DataFrame:
    """Return the `LONGEST` first of the healthy trials with `place`, `runs` and `group`, as `placed` has them."""
    if sweep.roles.seed is None and sweep.roles.group is None:
        return _first(healthy, descending).with_columns(
            pl.int_range(1, pl.len() + 1).alias("place"), pl.lit(1).alias("runs"), pl.lit(None).alias("group")
        )
    badness = -pl.col("value") if descending else pl.col("value")
    return placed(sweep, healthy.with_columns(badness.alias("badness"))).head(LONGEST)


def _above(sweep: Sweep, excluded: pl.DataFrame, best: pl.DataFrame, descending: bool) -> pl.DataFrame:
    """Return the excluded trials that would stand above the first of their sweep."""
    if sweep.roles.group is None:
        top = best["value"][0]
        return excluded.filter(pl.col("value") > top if descending else pl.col("value") < top)
    own = sweep.trials[sweep.roles.group].cast(pl.String)[excluded[frames.ROW].to_numpy()]
    firsts = best.filter(pl.col("place") == 1).select("group", pl.col("value").alias("top"))
    joined = excluded.with_columns(own.alias("group")).join(firsts, on="group", nulls_equal=True, maintain_order="left")
    kept = pl.col("value") > pl.col("top") if descending else pl.col("value") < pl.col("top")
    return joined.filter(kept).select(excluded.columns)


def _first(trials: pl.DataFrame, descending: bool) -> pl.DataFrame:
    """Return the `LONGEST` best trials, best first, the cheaper of equal ones first; the others are never sorted."""
    values = trials["value"]
    edge = (values.top_k(LONGEST).min() if descending else values.bottom_k(LONGEST).max()) if values.len() else None
    near = (
        trials.filter(pl.col("value") >= edge if descending else pl.col("value") <= edge)
        if edge is not None
        else trials
    )
    return near.sort(
        "value", "cost", frames.ROW, descending=[descending, False, False], nulls_last=True, maintain_order=True
    ).head(LONGEST)


def _issues_of(rows: pl.Series, standing: pl.DataFrame) -> dict[int, tuple[str, ...]]:
    """Return `_row` -> the issues that make the trial sick, for these rows."""
    chosen = standing.filter(pl.col(frames.ROW).is_in(rows.implode()))
    grouped = chosen.group_by(frames.ROW).agg(pl.col("issue").unique().sort())
    return {int(row): tuple(issues) for row, issues in grouped.iter_rows()}
