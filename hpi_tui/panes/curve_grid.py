"""Small multiples: the metrics of one trial, or one metric of several trials, side by side over the same steps.

Trials share their y axis, so that heights can be compared; metrics have each their own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.panes.curve_panel import Box, PanelPlot, value_range
from hpi_tui.panes.curve_readout import readout
from hpi_tui.panes.curve_signs import SIGNS, TOKENS, brief
from hpi_tui.theme import Look
from hpi_tui.widgets.plot import Canvas, cut

if TYPE_CHECKING:
    from hpi_core.charts.axes import Axis
    from hpi_core.charts.curves import CurveChart, Panel
    from hpi_tui.panes.curve_settings import CurveSettings

_WIDE, _HIGH = 40, 11
_NARROWEST, _LOWEST = 26, 6
_LEFT = 7


def room_for(width: int, height: int) -> int:
    """Return how many plots a pane of this size can hold."""
    return _across(width) * _down(height)


def _across(width: int) -> int:
    most = max(1, width // _NARROWEST)
    return min(most, max(1, round(width / _WIDE)))


def _down(height: int) -> int:
    most = max(1, (height - 1) // _LOWEST)
    return min(most, max(1, round((height - 1) / _HIGH)))


def _shape(count: int, width: int, height: int) -> tuple[int, int]:
    """Return columns and rows for so many plots: as large as they can be."""
    best = (1, 1)
    size = -1.0
    for columns in range(1, max(1, width // _NARROWEST) + 1):
        rows = math.ceil(count / columns)
        if rows * _LOWEST > height - 1 and rows > 1:
            continue
        least = min(width / columns / _WIDE, (height - 1) / rows / _HIGH)
        if least > size:
            best, size = (columns, rows), least
    return best


def draw_grid(look: Look, chart: CurveChart, settings: CurveSettings, width: int, height: int) -> list[Strip]:
    """Draw the panels in rows and columns, below them the readout of the first where there is a cursor."""
    from hpi_core.charts.axes import step_axis

    said = settings.cursor is not None and height >= 8
    bottom = height - (1 if said else 0)
    canvas = Canvas(look, width, bottom)
    columns, rows = _shape(len(chart.panels), width, bottom)
    wide, high = width // columns, (bottom - 1) // rows
    left = _LEFT if wide >= 24 else 0
    axis = step_axis(chart.low, chart.high, max(2, (wide - left) // 12))
    shared = value_range(list(chart.panels), axis, settings, high) if chart.form == "trials" else None
    for at, panel in enumerate(chart.panels[: columns * rows]):
        x, y = at % columns * wide, at // columns * high
        box = Box(x + left, y + 1, max(1, wide - left - 3), max(1, high - 1 - (high >= 9)))
        _cell(canvas, chart, panel, box, axis, shared, settings, lowest=at + columns >= len(chart.panels))
    strips = [canvas.strip(y) for y in range(bottom)]
    return [*strips, readout(look, chart, settings, width)] if said else strips


def _cell(
    canvas: Canvas, chart: CurveChart, panel: Panel, box: Box, axis: Axis, shared: Axis | None,
    settings: CurveSettings, *, lowest: bool,
) -> None:  # fmt: skip
    from hpi_tui.panes.curve_drawing import put_steps

    y = shared or value_range([panel], axis, settings, box.height)
    plot = PanelPlot(canvas, panel, box, axis, y, settings, labelled=False)
    plot.draw()
    _head(canvas, chart, panel, box)
    if lowest:
        put_steps(canvas, plot, settings.cursor, box.y + box.height, (box.x - 2, box.x + box.width + 2))


def _head(canvas: Canvas, chart: CurveChart, panel: Panel, box: Box) -> None:
    """Write what the plot is: the metric, or the trial with its findings; then the last value."""
    trial = panel.of("trial")
    if trial is None:
        return
    finite = trial.values[trial.values == trial.values]
    value = brief(float(finite[-1])) if finite.size and math.isfinite(finite[-1]) else ""
    room = box.width + 2
    if chart.form == "metrics":
        canvas.put(box.x, box.y - 1, cut(safe(panel.metric, 60), room - len(value) - 1), "text", bold=True)
    else:
        sign = "★ " if trial.best else SIGNS[trial.severity]
        token = "good" if trial.best and trial.severity == "none" else TOKENS[trial.severity]
        here = trial.name == chart.trial
        name = cut(f"{'▌' if here else ''}{sign}{trial.name}", room - len(value) - 1)
        canvas.put(box.x, box.y - 1, name, token, bold=True)
        tags = " ".join(dict.fromkeys(mark.tag for mark in panel.marks if mark.severity != "none"))
        canvas.put(box.x + len(name) + 1, box.y - 1, cut(tags, max(0, room - len(value) - len(name) - 2)), token)
    canvas.put(box.x + room - len(value), box.y - 1, value, "muted")
