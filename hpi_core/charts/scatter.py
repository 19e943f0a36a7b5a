"""The objective of every trial against trial order and a hyperparameter: what remains without curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from hpi_core.charts.axes import Floats, as_floats
from hpi_core.charts.memo import Memo
from hpi_core.sweep import Sweep
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

from hpi_core.charts.standing import (
    Kinds,
    Rows,
    best_row,
    kinds_of,
    metric_values,
    named_sweep,
    objective_values,
    peers,
    sweep_of_trial,
    trial_name,
)  # fmt: skip


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
    """The objective against trial order and a hyperparameter; arrays have one entry per trial drawn.

    These are all, or of a source that mixes several sweeps those of the trial's own, which `within` names; `row` and
    `best` are positions among them. `running` is the best result of a healthy trial up to each one, nan before.
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
    within: str = ""
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
    parameters = tuple(p.name for p in sweep.roles.hyperparameters)
    chosen = chosen_parameter(sweep, inspection, parameter)
    kept = (memo or Memo()).kept
    key = ("scatter", chosen, None if row is None else sweep_of_trial(sweep, row))
    if key not in kept:
        kept[key] = _drawn(sweep, inspection, row, chosen)
    drawn = cast("_Drawn", kept[key])
    metric = sweep.roles.objective.metric if sweep.roles.objective else ""
    others = " and ".join(f"{safe(name, 24)} ({way})" for name, way in sweep.other_objectives)
    within = f"judged by this alone, not by {others}" if others else drawn.within
    return ScatterChart(
        _name(sweep, row), metric, drawn.values, drawn.kinds, drawn.place(row), drawn.place(drawn.best), drawn.panels,
        parameters, within=within,
    )  # fmt: skip


def best_so_far(sweep: Sweep, inspection: Inspection | None, row: int | None) -> ScatterChart | None:
    """Return the objective over trial order with the best so far; None where the objective has no direction."""
    objective = sweep.roles.objective
    if objective is None or objective.direction is None:
        return None
    drawn = _drawn(sweep, inspection, row, None)
    values, kinds = drawn.values, drawn.kinds
    fine = np.where(np.isfinite(values) & (kinds == 0), values, np.nan)
    running = np.fmax.accumulate(fine) if objective.direction == "max" else np.fmin.accumulate(fine)
    best = drawn.place(drawn.best)
    found = np.flatnonzero(np.diff(running[np.isfinite(running)]))
    note = "" if best is None else f"best after {best + 1:,} of {len(values):,} trials, {len(found):,} improvements"
    return ScatterChart(
        _name(sweep, row), objective.metric, values, kinds, drawn.place(row), best, drawn.panels, (), running,
        drawn.within, note, "",
    )  # fmt: skip


def chosen_parameter(sweep: Sweep, inspection: Inspection | None, parameter: str | None) -> str | None:
    """Return the hyperparameter that was asked for, else that of the strongest cause, else the first."""
    names = tuple(item.name for item in sweep.roles.hyperparameters)
    return parameter if parameter in names else _first_parameter(inspection, names)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """The trials of one chart: their `_row` ascending, what is drawn of them, and the best of them by `_row`."""

    rows: Rows
    values: Floats
    kinds: Kinds
    panels: tuple[Scatter, ...]
    best: int | None
    within: str

    def place(self, row: int | None) -> int | None:
        """Return where a trial stands among them."""
        at = -1 if row is None else int(np.searchsorted(self.rows, row))
        return at if 0 <= at < len(self.rows) and self.rows[at] == row else None


def _drawn(sweep: Sweep, inspection: Inspection | None, row: int | None, chosen: str | None) -> _Drawn:
    own = None if row is None else peers(sweep, row)
    rows = np.arange(sweep.trials.height, dtype=np.uint32) if own is None else own
    values = objective_values(sweep)
    kinds = kinds_of(sweep, inspection, values)[rows]
    panels = [Scatter("trial order", rows.astype(np.float64))]
    beside = sweep.other_objectives[:1] if chosen is not None else ()
    if beside:  # what is traded for what tells more than the order
        panels = [Scatter(beside[0][0], metric_values(sweep, beside[0][0])[rows])]
    if chosen is not None:
        whole = _against(sweep, chosen)
        panels.append(replace(whole, x=whole.x[rows]))
    within = "" if row is None else named_sweep(sweep, row)
    if row is None and sweep.roles.group is not None:
        within = f"every {safe(sweep.roles.group, 24)}, not comparable"
    return _Drawn(rows, values[rows], kinds, tuple(panels), best_row(sweep, inspection, own), within)


def _name(sweep: Sweep, row: int | None) -> str:
    return trial_name(sweep, row) if row is not None and 0 <= row < sweep.trials.height else ""


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
