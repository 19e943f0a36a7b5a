"""Outcomes: one number per trial that is worth ranking, lower is better, and failed trials at the worst end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core import frames

if TYPE_CHECKING:
    from hpi_core.roles import Direction
    from hpi_core.statistics.inputs import Booleans, Floats, Integers
    from hpi_core.sweep import Sweep

# No result of theirs stands, whatever the columns say.
FAILED = ("failed", "oom")
# These ended by the clock or in peace: a finite value stands.
FINISHED = ("completed", "unknown", "timeout")


@dataclass(frozen=True, eq=False)
class Outcome:
    """One metric over all trials.

    Attributes:
        badness: lower is better; infinite where the trial failed or its value is not finite, NaN where it has none yet.
        usable: the trials whose badness is not NaN.
    """

    badness: Floats
    usable: Booleans

    @property
    def worst(self) -> int:
        """How many trials were put at the worst end."""
        return int(np.isposinf(self.badness).sum())


def outcome_of(sweep: Sweep, metric: str, direction: Direction) -> Outcome:
    """Return the outcome of every trial of a sweep by one metric.

    Pruned and running trials, and those that finished without a value, have none.
    """
    told = sweep.trials.select(
        pl.col(metric).cast(pl.Float64, strict=False).alias("value"),
        pl.col(frames.STATUS).is_in(FAILED).alias("failed"),
        pl.col(frames.STATUS).is_in(FINISHED).alias("finished"),
        (pl.col(frames.STATUS) == "timeout").alias("stopped"),
    )
    value = told["value"].to_numpy().astype(np.float64)
    given = told["value"].is_not_null().to_numpy()
    failed, finished, stopped = (told[name].to_numpy() for name in ("failed", "finished", "stopped"))
    badness = np.where(np.isfinite(value), value if direction == "min" else -value, np.inf)
    badness = np.where(failed | (stopped & ~given), np.inf, np.where(finished & given, badness, np.nan))
    if sweep.incomplete:
        badness[sorted(sweep.incomplete)] = np.nan
    return Outcome(badness, ~np.isnan(badness))


def groups_of(sweep: Sweep) -> Integers:
    """Return which of several mixed sweeps (tasks, data sets) every trial belongs to; all 0 where it is one."""
    name = sweep.roles.group
    if name is None:
        return np.zeros(sweep.trials.height, dtype=np.int64)
    return np.asarray(sweep.trials[name].cast(pl.String).rank("dense").fill_null(0).to_numpy(), dtype=np.int64)


def chosen_metric(sweep: Sweep, metric: str | None, direction: Direction | None) -> tuple[str, Direction] | None:
    """Return the metric asked for, else the objective, and its direction; None where either is unknown.

    Raises:
        UsageError: there is no such column of numbers.
    """
    from hpi_core.errors import UsageError

    objective = sweep.roles.objective
    name = metric or (objective.metric if objective else None)
    if name is None:
        return None
    if name not in sweep.trials.columns or not sweep.trials.schema[name].is_numeric():
        known = ", ".join(item.name for item in sweep.roles.metrics[:6])
        raise UsageError(f"There is no metric {name}.", f"Metrics are {known or 'none'}.")
    known_directions = {item.name: item.direction for item in sweep.roles.metrics}
    if objective is not None and objective.direction is not None:
        known_directions[objective.metric] = objective.direction
    found = direction or known_directions.get(name)
    return None if found is None else (name, found)
