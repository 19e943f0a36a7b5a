"""From a sweep and its verdicts to the arrays the statistics take, and what the statistics make of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.detectors.repetition import repeats_of
from hpi_core.inspection.outcomes import objective_outcomes
from hpi_core.numerals import cell
from hpi_core.statistics.causes import find_causes
from hpi_core.statistics.findings import CauseFindings
from hpi_core.statistics.inputs import MOST_GROUPS, Groups, Issue, Parameter

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Floats
    from hpi_core.sweep import Sweep


def associate(
    sweep: Sweep,
    verdicts: Mapping[str, pl.Series],
    issues: Iterable[str],
    sick: pl.Series,
    infos: Iterable[str] = (),
) -> CauseFindings:
    """Return what hyperparameters and the environment have to do with the given issues and with the objective.

    Args:
        sweep: the sweep.
        verdicts: issue -> Boolean, one per trial, null where it could not be judged.
        issues: what makes trials sick.
        sick: Boolean, one per trial.
        infos: issues that make nobody sick; told apart, in the same family of tests.
    """
    return find_causes(
        _parameters(sweep),
        [_issue(name, verdicts[name]) for name in issues if name in verdicts],
        objective_outcomes(sweep, sick),
        [_issue(name, verdicts[name]) for name in infos if name in verdicts],
        order=_order(sweep),
        groups=_groups(sweep),
        repeats=repeats_of(sweep),
    )


def _parameters(sweep: Sweep) -> list[Parameter]:
    words = {parameter.name for parameter in sweep.roles.hyperparameters if parameter.kind == "categorical"}
    names = [parameter.name for parameter in sweep.roles.hyperparameters]
    found = [_parameter(sweep.trials[name], name in words, False) for name in names]
    return found + [_parameter(sweep.trials[name], True, True) for name in sweep.roles.environment]


def _parameter(column: pl.Series, categorical: bool, environment: bool) -> Parameter:
    """Return a column as the statistics take it."""
    if not categorical and (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        return Parameter.numeric(column.name, column.cast(pl.Float64).to_numpy(), environment=environment)
    text = _written(column) if column.dtype.is_nested() else column.cast(pl.String)
    return _categorical(text, environment)


def _written(column: pl.Series) -> pl.Series:
    """Return lists and records as they would be typed: equal ones are one level."""
    words = [None if value is None else cell(value) for value in column.to_list()]
    return pl.Series(column.name, words, dtype=pl.String)


def _categorical(text: pl.Series, environment: bool) -> Parameter:
    """Return a column of words as codes into its sorted levels, without making a Python object of every word."""
    levels = text.drop_nulls().unique().sort()
    codes = text.cast(pl.Enum(levels)).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    return Parameter(text.name, "categorical", codes, codes < 0, tuple(levels.to_list()), environment)


def _issue(name: str, verdict: pl.Series) -> Issue:
    return Issue(name, verdict.fill_null(False).to_numpy(), verdict.is_not_null().to_numpy())


def _groups(sweep: Sweep) -> Groups | None:
    """Return the sweeps that were mixed into this one, where a column tells them apart."""
    name = sweep.roles.group
    if name is None or not 2 <= sweep.trials[name].n_unique() <= MOST_GROUPS:
        return None
    return Groups.of(name, sweep.trials[name].cast(pl.String).fill_null("").to_list())


def _order(sweep: Sweep) -> Floats | None:
    """Return when each trial began, where a complete column of times says so."""
    for name in sweep.roles.time:
        column = sweep.trials[name]
        if (column.dtype.is_temporal() or column.dtype.is_numeric()) and column.null_count() == 0:
            numbers: Floats = column.to_physical().cast(pl.Float64).to_numpy()
            if np.isfinite(numbers).all():
                return numbers
    return None
