"""Where the best results lie: before a range is left out, how many of them would go with it.

A range that makes some trials sick may hold the best of the others. What only spoils a curve is then no reason to give
it up; what leaves no result is, unless most of the best would be lost. Where a sweep mixes several, each has its own
best: what is good for seven tasks is not left to them if the eighth would lose most of its best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.inspection.outcomes import BEST, objective_outcomes
from hpi_core.numerals import cell
from hpi_core.statistics.inputs import MOST_GROUPS

if TYPE_CHECKING:
    from hpi_core.statistics.findings import Cause, Condition
    from hpi_core.statistics.inputs import Booleans
    from hpi_core.sweep import Sweep

# The next experiment repeats so many of the best trials; what takes one of them must do more than spoil a curve.
LEADING = 3
# One of several mixed sweeps has a say of its own from so many best results.
LEAST_BEST = 5


@dataclass(frozen=True)
class BestWithin:
    """How many of the compared trials (finished, not sick, of finite objective) and of the best tenth lie in a range.

    `leading_there` counts the three best of all. `group` is the first of several mixed sweeps that has more than half
    of its own best there, which are `group_best_there` of `group_best`; empty where none has. All are 0 where the best,
    or the range, cannot be told.
    """

    best: int = 0
    best_there: int = 0
    compared: int = 0
    compared_there: int = 0
    leading_there: int = 0
    group: str = ""
    group_best: int = 0
    group_best_there: int = 0

    @property
    def most(self) -> bool:
        """Whether more than half of the best lie there, of all or of one of several mixed sweeps."""
        return 2 * self.best_there > self.best or bool(self.group)

    @property
    def at_home(self) -> bool:
        """Whether the best are there at least as often as the others that are compared, or one of the three best is."""
        if self.leading_there or self.group:
            return True
        return self.best_there > 0 and self.best_there * self.compared >= self.best * self.compared_there


@dataclass(frozen=True, eq=False)
class BestResults:
    """The compared trials, the best tenth of them, and the three best of all; one entry per trial each.

    `groups` are the best of each of several mixed sweeps, under `column = value`; only those with enough of them.
    """

    compared: Booleans
    best: Booleans
    leading: Booleans
    groups: Mapping[str, Booleans] = field(default_factory=dict)

    def within(self, there: Booleans) -> BestWithin:
        """Return how many of them lie in a range, given as one Boolean per trial."""
        counted = ((name, int(own.sum()), int((own & there).sum())) for name, own in self.groups.items())
        lost = next(((name, n, inside) for name, n, inside in counted if 2 * inside > n), ("", 0, 0))
        return BestWithin(
            int(self.best.sum()), int((self.best & there).sum()), int(self.compared.sum()),
            int((self.compared & there).sum()), int((self.leading & there).sum()), *lost,
        )  # fmt: skip


def best_results(sweep: Sweep, sick: pl.Series) -> BestResults:
    """Return which trials are the best; none where that cannot be told.

    Args:
        sweep: the sweep. Where it mixes several, each has its best tenth and none are the best of all.
        sick: Boolean, one per trial.
    """
    none = np.zeros(sweep.trials.height, dtype=np.bool_)
    found = next((outcome for outcome in objective_outcomes(sweep, sick) if outcome.id == BEST), None)
    objective = sweep.roles.objective
    if found is None or objective is None:
        return BestResults(none, none, none)
    leading = none.copy()
    if sweep.roles.group is None:
        values = sweep.trials[objective.metric].cast(pl.Float64, strict=False).to_numpy()
        badness = np.where(found.assessable, values if objective.direction == "min" else -values, np.inf)
        leading[np.argsort(badness, kind="stable")[:LEADING]] = True
    return BestResults(found.assessable, found.sick, leading & found.sick, _by_group(sweep, found.sick))


def _by_group(sweep: Sweep, best: Booleans) -> dict[str, Booleans]:
    """Return the best of every one of several mixed sweeps that has enough of them to say where they lie."""
    name = sweep.roles.group
    if name is None or not 2 <= sweep.trials[name].n_unique() <= MOST_GROUPS:
        return {}
    words = sweep.trials[name].cast(pl.String)
    counts = words.filter(pl.Series(best)).drop_nulls().value_counts(sort=True).filter(pl.col("count") >= LEAST_BEST)
    return {
        f"{name} = {word}": np.asarray(best & (words == word).fill_null(False).to_numpy(), dtype=np.bool_)
        for word in counts[name]
    }


def best_within(sweep: Sweep, results: BestResults, causes: Sequence[Cause]) -> tuple[BestWithin, ...]:
    """Return for every cause how many of the best results lie in its range."""
    return tuple(results.within(inside(sweep, cause)) for cause in causes)


def inside(sweep: Sweep, region: Cause | Condition) -> Booleans:
    """Return which trials lie in a range or have a value; one that is not set lies in none."""
    column = sweep.trials[region.parameter]
    if region.kind == "missing":
        missing = column.is_null() | (column.is_nan() if column.dtype.is_float() else False)
        return np.asarray(missing.fill_null(True).to_numpy(), dtype=np.bool_)
    if region.values:
        return _named(column, region.values)
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        return np.zeros(len(column), dtype=np.bool_)
    numbers = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    there = np.isfinite(numbers)
    with np.errstate(invalid="ignore"):
        there &= True if region.low is None else numbers > region.low
        there &= True if region.high is None else numbers <= region.high
    return np.asarray(there, dtype=np.bool_)


def _named(column: pl.Series, values: Sequence[str]) -> Booleans:
    """Return which trials have one of these values, written as words or as numbers."""
    if column.dtype.is_nested():
        words = pl.Series([None if value is None else cell(value) for value in column.to_list()], dtype=pl.String)
    else:
        words = column.cast(pl.String)
    found = words.is_in(list(values)).fill_null(False)
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        wanted = pl.Series(list(values), dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls()
        found |= column.cast(pl.Float64).is_in(wanted.implode()).fill_null(False)
    return np.asarray(found.to_numpy(), dtype=np.bool_)
