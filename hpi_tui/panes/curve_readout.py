"""The readout: the values at the cursor in words, how far the trial is from the best, and where a curve has ended."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from textual.strip import Strip

from hpi_tui.cell_format import prose_number
from hpi_tui.panes.curve_signs import named, token_of
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, paint

if TYPE_CHECKING:
    from hpi_core.charts.curves import CurveChart, Panel
    from hpi_core.charts.series import Curve
    from hpi_tui.panes.curve_settings import CurveSettings


def readout(look: Look, chart: CurveChart, settings: CurveSettings, width: int) -> Strip:
    """Say the values at the cursor of the first panel's trial, best and median."""
    cursor = settings.cursor or 0.0
    panel = chart.panels[0]
    runs = [Run(f" {_place(chart, cursor)}", "strong", True)]
    found: dict[str, float] = {}
    for curve in reversed(panel.curves):
        if curve.part != "overlay":
            runs += _value(chart, curve, cursor, found, look)
    if "trial" in found and "best" in found:
        away = found["trial"] - found["best"]
        sign = "+" if away > 0 else ""
        runs += [Run("  trial – ★ ", "muted"), Run(f"{sign}{prose_number(away)}", "strong", True)]
    runs += _extreme(panel, chart.direction)
    return paint(look, runs, width, "band" if look.fills else "ground")


def _place(chart: CurveChart, x: float) -> str:
    """Name a place on the axis: a step, or a time in seconds."""
    if chart.axis == "step":
        return f"step {x:,.0f}"
    return f"time {x:,.0f} s" if abs(x) >= 100 else f"time {prose_number(x)} s"


def _value(chart: CurveChart, curve: Curve, cursor: float, found: dict[str, float], look: Look) -> list[Run]:
    """Say what a curve is at the cursor; a value that counts is put into `found`."""
    from hpi_core.charts.series import ended_at, read_out

    point = read_out(curve, cursor)
    if point is None:
        return []
    token = token_of(curve, chosen=False)
    runs = [Run("  "), Run(f"{named(curve, ascii_only=look.ascii)} ", token)]
    last = ended_at(curve, cursor) if curve.part != "median" else None
    if last is not None:
        return [*runs, Run(prose_number(point[1]), "muted"), Run(f" ended at {_place(chart, last)}", "muted")]
    if math.isfinite(point[1]):
        found[curve.part] = point[1]
    bold = curve.part != "median"
    return [*runs, Run(prose_number(point[1]), token if bold else "text", bold)]


def _extreme(panel: Panel, direction: str | None) -> list[Run]:
    """Say where the trial was best, and how far its last value has moved since."""
    trial = panel.of("trial")
    if trial is None or not trial.finite or direction is None:
        return []
    turned = 1.0 if direction == "min" else -1.0
    at = int(np.argmin(np.where(np.isfinite(trial.values), turned * trial.values, np.inf)))
    runs = [Run(f"  {'lowest' if turned > 0 else 'highest'} ", "muted"), Run(prose_number(float(trial.values[at]))),
            Run(f" at {trial.x[at]:,.0f}", "muted")]  # fmt: skip
    since = float(trial.values[-1] - trial.values[at])
    if at + 1 < trial.x.size and math.isfinite(since):
        runs += [Run(", since then ", "muted"), Run(f"{'+' if since > 0 else ''}{prose_number(since)}")]
    return runs
