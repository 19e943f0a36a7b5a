"""The values of curves as a table: the steps of the trial, what best and median are there, and what was found.

The table shows what the plot would: the zoomed part. Where that holds more points than there are rows, rows are
spread evenly, with the steps of findings and of the best value among them; zooming in shows every point.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.cell_format import prose_number
from hpi_tui.panes.curve_signs import SIGNS, named, token_of
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, paint
from hpi_tui.widgets.plot import cut

if TYPE_CHECKING:
    from hpi_core.charts.curves import CurveChart
    from hpi_core.charts.series import Curve
    from hpi_tui.panes.curve_settings import CurveSettings

_STEP, _CELL = 12, 13
_NARROW_STEP, _NARROW_CELL = 8, 9
_WIDE = 66


def table_steps(chart: CurveChart, rows: int) -> list[float]:
    """Return the steps a table of so many rows shows: all of the trial's in the range, else a selection."""
    trial = chart.panels[0].of("trial")
    if trial is None or rows < 1:
        return []
    x = trial.x[(trial.x >= chart.low) & (trial.x <= chart.high)]
    if x.size <= rows:
        return [float(v) for v in x]
    told = [mark.x for mark in chart.marks if chart.low <= mark.x <= chart.high]
    best = _best_at(trial, chart.direction)
    if best is not None and chart.low <= best <= chart.high:
        told.append(best)
    kept = sorted(set(told))[: rows // 2]
    rest = x[~np.isin(x, kept)]
    even = rest[np.unique(np.linspace(0, rest.size - 1, rows - len(kept)).round().astype(np.int64))]
    return sorted({*kept, *(float(v) for v in even)})


def _best_at(trial: Curve, direction: str | None) -> float | None:
    if direction is None or not trial.finite:
        return None
    turned = trial.values if direction == "min" else -trial.values
    return float(trial.x[int(np.argmin(np.where(np.isfinite(turned), turned, np.inf)))])


def draw_table(look: Look, chart: CurveChart, settings: CurveSettings, width: int, height: int) -> list[Strip]:
    """Draw heading and rows; the row at the cursor is marked."""
    step_wide, cell_wide = (_STEP, _CELL) if width >= _WIDE else (_NARROW_STEP, _NARROW_CELL)
    steps = table_steps(chart, height - 1)
    own = chart.panels[0]
    columns = [(named(curve, ascii_only=look.ascii), curve) for curve in reversed(own.curves)]
    away = own.of("best") is not None
    head = [Run(f"{chart.axis:>{step_wide}}", "muted")]
    head += [
        Run(f" {cut(name, cell_wide):>{cell_wide}}", token_of(curve, chosen=True), True) for name, curve in columns
    ]
    head += [Run(f"{'trial – ★' if cell_wide == _CELL else '– ★':>{cell_wide}}", "muted")] if away else []
    beside = [(panel.metric, curve) for panel in chart.panels[1:] if (curve := panel.of("trial")) is not None]
    beside = beside if width >= step_wide + (len(columns) + 3) * (cell_wide + 1) else []
    head += [Run(f" {cut(safe(metric, 60), cell_wide):>{cell_wide}}", "muted") for metric, _ in beside]
    at = int(np.abs(np.array(steps) - settings.cursor).argmin()) if steps and settings.cursor is not None else -1
    strips = [paint(look, head, width)]
    if not steps:
        strips.append(paint(look, [Run(f"  trial {chart.trial} has no point here", "muted")], width))
    for place, step in enumerate(steps[: height - 1]):
        runs = [Run(f"{'▌' if place == at else ' '}{step:>{step_wide - 1},.10g}", "strong" if place == at else "text")]
        values = [_at(curve, step) for _, curve in columns]
        runs += [_shown(value, curve, cell_wide) for value, (_, curve) in zip(values, columns, strict=True)]
        if away:
            runs.append(_difference(chart, step, cell_wide))
        runs += [_shown(_at(curve, step), curve, cell_wide) for _, curve in beside]
        runs += _notes(chart, step)
        strips.append(paint(look, runs, width, "cur" if place == at else "ground"))
    return strips


def _at(curve: Curve, step: float) -> float | None:
    """Return the value at a step, None before the first and after the last point."""
    from hpi_core.charts.series import ended_at, read_out

    point = read_out(curve, step)
    if point is None or point[0] > step or (curve.part != "median" and ended_at(curve, step) is not None):
        return None
    return point[1]


def _shown(value: float | None, curve: Curve, wide: int) -> Run:
    if value is None:
        return Run(f" {'–':>{wide}}", "muted")
    loose = not math.isfinite(value)
    text = ("nan" if value != value else f"{value:+}") if loose else prose_number(value)
    token = "err" if loose else ("text" if curve.part == "trial" else "muted")
    return Run(f" {text:>{wide}}", token, loose)


def _difference(chart: CurveChart, step: float, wide: int) -> Run:
    pair = [chart.panels[0].of("trial"), chart.panels[0].of("best")]
    values: list[Any] = [None if curve is None else _at(curve, step) for curve in pair]
    if any(value is None or not math.isfinite(value) for value in values):
        return Run(f"{'–':>{wide}}", "muted")
    away = values[0] - values[1]
    return Run(f"{('+' if away > 0 else '') + prose_number(away):>{wide}}", "text")


def _notes(chart: CurveChart, step: float) -> list[Run]:
    from hpi_tui.panes.curve_signs import MARK_TOKENS

    runs = [Run(f"  {SIGNS[m.severity]}{m.tag}", MARK_TOKENS[m.severity], m.severity != "none")
            for m in chart.marks if m.x == step]  # fmt: skip
    trial = chart.panels[0].of("trial")
    if trial is not None and _best_at(trial, chart.direction) == step:
        runs.append(Run("  lowest" if chart.direction == "min" else "  highest", "good"))
    return runs
