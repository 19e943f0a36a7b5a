"""What the rules about a sweep's search space share: its parameters as arrays, and which trials broke down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.detectors.contract import NotAssessable
from hpi_core.statistics.columns import parameter_of

if TYPE_CHECKING:
    from hpi_core.detectors.context import Context
    from hpi_core.statistics.inputs import Booleans, Floats, Integers, Parameter

# Of more trials a fixed random part is looked at: these rules ask for what is large, not for what is rare.
MOST_TRIALS = 20_000
MOST_PARAMETERS = 100
BREAKDOWNS = ("failed_run", "out_of_memory", "nonfinite_metric", "exploded_metric", "diverged")
NUMERIC_BREAKDOWNS = ("nonfinite_metric", "exploded_metric", "diverged")


def looked_at(context: Context) -> pl.Series:
    """Return the `_row` of the trials that are looked at, ascending."""
    if context.n <= MOST_TRIALS:
        return pl.int_range(context.n, dtype=pl.UInt32, eager=True)
    chosen = np.random.default_rng(context.n).choice(context.n, MOST_TRIALS, replace=False)
    return pl.Series(np.sort(chosen).astype(np.uint32))


def parameters_at(context: Context, rows: pl.Series) -> tuple[list[Parameter], list[bool]]:
    """Return the hyperparameters of these trials, and which of them are on a logarithmic scale."""
    told = [item for item in context.roles.hyperparameters if item.name in context.parameters][:MOST_PARAMETERS]
    table = context.trials.select(item.name for item in told)
    table = table if rows.len() == context.n else table[rows.to_numpy()]
    return [parameter_of(table[item.name], item.kind) for item in told], [item.scale == "log" for item in told]


def broken_at(verdicts: Mapping[str, pl.Series], issues: tuple[str, ...], rows: pl.Series) -> Booleans:
    """Return which of these trials have any of the issues."""
    found = np.zeros(rows.len(), dtype=np.bool_)
    for issue in issues:
        if issue in verdicts:
            found |= verdicts[issue].fill_null(False).to_numpy()[rows.to_numpy()]
    return found


def groups_at(context: Context, rows: pl.Series) -> Integers:
    """Return which of several mixed sweeps each of these trials belongs to; all 0 where it is one."""
    if context.group_codes is None:
        return np.zeros(rows.len(), dtype=np.int64)
    return np.asarray(context.group_codes[rows.to_numpy()], dtype=np.int64)


def repeated(context: Context, verdicts: Mapping[str, pl.Series]) -> tuple[Integers, Floats, Integers]:
    """Return configuration code, objective (lower is better) and group of every trial that has a sound result.

    Raises:
        NotAssessable: no configuration was repeated.
    """
    if context.unique_parameters:
        raise NotAssessable("no configuration was repeated")
    badness = sound_badness(context, broken_at(verdicts, BREAKDOWNS, context.rows), context.rows)
    sound = np.isfinite(badness)
    return context.configuration_codes[sound], badness[sound], groups_at(context, context.rows)[sound]


def sound_badness(context: Context, broken: Booleans, rows: pl.Series) -> Floats:
    """Return the objective (lower is better) of these trials, NaN where it is missing or the trial broke down."""
    if context.badness is None:
        return np.full(rows.len(), np.nan)
    pruned = (context.status == "pruned").to_numpy()[rows.to_numpy()]
    values = context.badness.fill_null(float("nan")).to_numpy()[rows.to_numpy()]
    return np.where(broken | pruned, np.nan, values)
