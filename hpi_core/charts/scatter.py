"""The objective of every trial against trial order and a hyperparameter: what remains without curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from hpi_core.charts.axes import Floats, as_floats
from hpi_core.charts.memo import Memo
from hpi_core.sweep import Sweep
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

from hpi_core.charts.standing import Kinds, best_row, kinds_of, objective_values, trial_name


@dataclass(frozen=True, eq=False)
class Scatter:
    """The objective of every trial over one thing; `values` non-finite where the trial has no usable one.

    `kinds` holds per point: 0 healthy, 1 warn, 2 error. `levels` names the x positions of a categorical parameter.
    """

    name: str
    x: Floats
    log: bool = False
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ScatterChart:
    """The objective against trial order and a hyperparameter; arrays have one entry per trial.

    `running` is the best result of a healthy trial up to each one, nan before the first.
    """

    trial: str
    metric: str
    values: Floats
    kinds: Kinds
    row: int | None
    best: int | None
    panels: tuple[Scatter, ...]
    parameters: tuple[str, ...] = ()
    running: Floats | None = None
    note: str = "no curves in this source"
    hint: str = "hpi-tui sweep.csv curves.parquet"


def scatter_chart(
    sweep: Sweep,
    inspection: Inspection | None,
    row: int | None,
    *,
    parameter: str | None = None,
    memo: Memo | None = None,
) -> ScatterChart:
    """Return the objective of all trials against their order and against a hyperparameter.

    `memo` keeps what does not depend on the trial, for one sweep and inspection.
    """
    height = sweep.trials.height
    parameters = tuple(p.name for p in sweep.roles.hyperparameters)
    chosen = chosen_parameter(sweep, inspection, parameter)
    kept = (memo or Memo()).kept
    key = ("scatter", chosen)
    if key not in kept:
        kept[key] = _of_all(sweep, inspection, chosen)
    values, kinds, panels = cast(_OfAll, kept[key])
    metric = sweep.roles.objective.metric if sweep.roles.objective else ""
    name = trial_name(sweep, row) if row is not None and 0 <= row < height else ""
    return ScatterChart(name, metric, values, kinds, row, best_row(sweep, inspection), panels, parameters)


def best_so_far(sweep: Sweep, inspection: Inspection | None, row: int | None) -> ScatterChart | None:
    """Return the objective over trial order with the best so far; None where the objective has no direction."""
    objective = sweep.roles.objective
    if objective is None or objective.direction is None:
        return None
    values, kinds, panels = _of_all(sweep, inspection, None)
    fine = np.where(np.isfinite(values) & (kinds == 0), values, np.nan)
    running = np.fmax.accumulate(fine) if objective.direction == "max" else np.fmin.accumulate(fine)
    name = trial_name(sweep, row) if row is not None and 0 <= row < sweep.trials.height else ""
    best = best_row(sweep, inspection)
    found = np.flatnonzero(np.diff(running[np.isfinite(running)]))
    note = "" if best is None else f"best after {best + 1:,} of {len(values):,} trials, {len(found):,} improvements"
    return ScatterChart(name, objective.metric, values, kinds, row, best, panels, (), running, note, "")


def chosen_parameter(sweep: Sweep, inspection: Inspection | None, parameter: str | None) -> str | None:
    """Return the hyperparameter that was asked for, else that of the strongest cause, else the first."""
    names = tuple(item.name for item in sweep.roles.hyperparameters)
    return parameter if parameter in names else _first_parameter(inspection, names)


_OfAll = tuple[Floats, Kinds, tuple[Scatter, ...]]


def _of_all(sweep: Sweep, inspection: Inspection | None, chosen: str | None) -> _OfAll:
    values = objective_values(sweep)
    height = sweep.trials.height
    panels = [Scatter("trial order", np.arange(height, dtype=np.float64))]
    if chosen is not None:
        panels.append(_against(sweep, chosen))
    kinds = kinds_of(sweep, inspection, values)
    return values, kinds, tuple(panels)


def _first_parameter(inspection: Inspection | None, parameters: Sequence[str]) -> str | None:
    """Return the parameter of the strongest cause, else the first one."""
    for cause in inspection.causes if inspection is not None else ():
        if cause.parameter in parameters:
            return str(cause.parameter)
    return parameters[0] if parameters else None


def _against(sweep: Sweep, name: str) -> Scatter:
    role = next(p for p in sweep.roles.hyperparameters if p.name == name)
    column = sweep.trials[name]
    if role.kind != "categorical" and (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        x = as_floats(column.cast(pl.Float64, strict=False).fill_null(math.nan).to_numpy())
        return Scatter(name, x, log=role.scale == "log" and bool((x[np.isfinite(x)] > 0).any()))
    texts = column.cast(pl.String, strict=False).fill_null("–") if not column.dtype.is_nested() else pl.Series(
        [str(value) for value in column]
    )  # fmt: skip
    levels = texts.unique().sort().to_list()
    places = texts.cast(pl.Enum(levels)).to_physical().to_numpy().astype(np.float64)
    # trials of one level stand beside each other, not on one line: their order spread evenly over half the room
    spread = (np.arange(len(texts)) * 0.6180339887 % 1 - 0.5) * 0.5
    x = as_floats(places) + spread
    return Scatter(name, x, levels=tuple(safe(level, 16) for level in levels))
