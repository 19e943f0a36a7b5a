"""Where a trial stands in its sweep, for charts: healthy or sick, the best, its objective, its name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.charts.axes import Floats, as_floats
from hpi_core.sweep import Sweep
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

from hpi_core.charts.series import Booleans, Severity

Rows = np.ndarray[Any, np.dtype[np.uint32]]
Kinds = np.ndarray[Any, np.dtype[np.uint8]]


def peers(sweep: Sweep, row: int) -> Rows | None:
    """Return the trials of the same sweep as this one where a source mixes several of them, else None."""
    name = sweep.roles.group
    if name is None:
        return None
    column = sweep.trials[name]
    return np.flatnonzero(column.eq_missing(pl.Series([column[row]], dtype=column.dtype)).to_numpy()).astype(np.uint32)


def healthy_rows(sweep: Sweep, inspection: Inspection | None, among: Rows | None = None) -> Rows:
    """Return the trials that are not sick and have a finite objective (all, where there is no objective).

    `among` names the trials that count; None means all.
    """
    fine = np.isfinite(objective_values(sweep)) if sweep.roles.objective else np.ones(sweep.trials.height, dtype=bool)
    if inspection is not None and len(inspection.sick) == sweep.trials.height:
        fine &= ~inspection.sick.fill_null(False).to_numpy()
    if among is not None:
        fine &= np.isin(np.arange(fine.size), among)
    return np.flatnonzero(fine).astype(np.uint32)


def best_row(sweep: Sweep, inspection: Inspection | None, among: Rows | None = None) -> int | None:
    """Return the best healthy trial (of those in `among`), None where nothing can be ranked."""
    objective = sweep.roles.objective
    if inspection is not None and among is None:
        return inspection.ranking.best[0].row if inspection.ranking.best else None
    if objective is None or objective.direction is None:
        return None
    if inspection is not None and among is not None and sweep.roles.group is not None:
        own = set(among.tolist())
        first = next((entry.row for entry in inspection.ranking.best if entry.rank == 1 and entry.row in own), None)
        if first is not None:
            return first
    values = objective_values(sweep)
    fine = _can_be_best(sweep, inspection, values)
    if among is not None:
        fine &= np.isin(np.arange(fine.size), among)
    usable = np.flatnonzero(fine)
    if not usable.size:
        return None
    ranked = values[usable]
    return int(usable[ranked.argmax() if objective.direction == "max" else ranked.argmin()])


def best_of_each(sweep: Sweep, inspection: Inspection | None) -> dict[str | None, int]:
    """Return the best healthy trial of each sweep that a source mixes, by what names the sweep; of one sweep nothing.

    Those of which no trial can be ranked are left out.
    """
    name, objective = sweep.roles.group, sweep.roles.objective
    if name is None or objective is None or objective.direction is None:
        return {}
    values = objective_values(sweep)
    value = pl.col("value")
    found = (
        pl.DataFrame({"of": sweep.trials[name].cast(pl.String), "value": values, "row": sweep.trials[frames.ROW]})
        .filter(pl.Series(_can_be_best(sweep, inspection, values)))
        .group_by("of")
        .agg(pl.col("row").get(value.arg_max() if objective.direction == "max" else value.arg_min()))
    )
    firsts = dict(zip(found["of"].to_list(), found["row"].to_list(), strict=True))
    ranked = () if inspection is None else inspection.ranking.best  # a repeated configuration stands with its mean
    return firsts | {entry.group: entry.row for entry in ranked if entry.rank == 1}


def sweep_of_trial(sweep: Sweep, row: int) -> str | None:
    """Return what names the sweep of a trial where a source mixes several, else None."""
    name = sweep.roles.group
    return None if name is None else cast("str | None", sweep.trials[name].slice(row, 1).cast(pl.String)[0])


def _can_be_best(sweep: Sweep, inspection: Inspection | None, values: Floats) -> Booleans:
    fine = sweep.trials[frames.STATUS].is_in(["completed", "unknown"]).to_numpy() & np.isfinite(values)
    fine[sorted(sweep.incomplete)] = False
    if inspection is not None and len(inspection.sick) == fine.size:
        fine &= ~inspection.sick.fill_null(False).to_numpy()
    return np.asarray(fine, dtype=np.bool_)


def named_sweep(sweep: Sweep, row: int) -> str:
    """Return `testproblem = mnist_mlp`, what tells a trial's own sweep in a source that mixes several; else nothing."""
    name = sweep.roles.group
    return "" if name is None else f"{safe(name, 24)} = {safe(sweep_of_trial(sweep, row) or '–', 24)}"


def objective_values(sweep: Sweep) -> Floats:
    """Return the objective of every trial as floats, nan where there is none."""
    objective = sweep.roles.objective
    return metric_values(sweep, None if objective is None else objective.metric)


def metric_values(sweep: Sweep, name: str | None) -> Floats:
    """Return a metric of every trial as floats, nan where there is none."""
    if name is None or name not in sweep.trials.columns:
        return np.full(sweep.trials.height, np.nan)
    return as_floats(sweep.trials[name].cast(pl.Float64, strict=False).fill_null(math.nan).to_numpy())


def severity_of(inspection: Inspection | None, row: int, values: Floats | None = None) -> Severity:
    """Return the worst severity that makes a trial sick; without an inspection a non-finite objective is an error."""
    if inspection is None:
        return "error" if values is not None and not math.isfinite(values[row]) else "none"
    if not inspection.sick[row]:
        return "none"
    found = {issue.severity for issue in inspection.issues if issue.diagnostic and row in issue.rows}
    return "error" if "error" in found else "warn"


def kinds_of(sweep: Sweep, inspection: Inspection | None, values: Floats) -> Kinds:
    """Return how every trial stands: 0 healthy, 1 warn, 2 error; without an inspection by whether it has a value."""
    kinds = np.zeros(sweep.trials.height, dtype=np.uint8)
    if inspection is None:
        kinds[~np.isfinite(values)] = 2
        return kinds
    for issue in inspection.issues:
        if issue.diagnostic and issue.scope == "trial" and issue.severity in ("error", "warn"):
            rows = np.asarray(issue.rows, dtype=np.int64)
            kinds[rows] = np.maximum(kinds[rows], 2 if issue.severity == "error" else 1)
    return kinds


def trial_name(sweep: Sweep, row: int) -> str:
    """Return the id of a trial made harmless, at most 24 characters."""
    return safe(sweep.trials[row, sweep.roles.id] if sweep.roles.id is not None else row, 24)
