"""The objective of every trial against trial order and a hyperparameter: what the Curves pane draws without curves.

Trials without a finite objective stand on a rail at the top, where they were run, instead of vanishing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.cell_format import prose_number
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, paint
from hpi_tui.widgets.plot import Canvas, Polyline, cut, rasterise

if TYPE_CHECKING:
    from hpi_core.charts.axes import Axis
    from hpi_core.charts.scatter import Scatter, ScatterChart

_LEFT = 8
_SIDE_BY_SIDE = 100
_STACKED = 16
_KINDS = ((0, "muted"), (1, "warn"), (2, "err"))
_KIND_MARKS = ".ox"


def draw_scatter(look: Look, chart: ScatterChart, log_y: bool, width: int, height: int) -> list[Strip]:
    """Draw the panels that fit, and below them how curves are attached."""
    from hpi_core.charts.axes import plain_axis

    canvas = Canvas(look, width, height)
    bottom = height - 1 if height >= 5 else height
    if not chart.metric:
        canvas.put(1, 0, "no objective found: O names one", "muted")
    elif height >= 3:
        y = plain_axis(_in_sight(chart), log=log_y, most_ticks=max(2, bottom // 5))
        for panel, left, top, wide, high in _places(chart, width, bottom):
            _Plot(canvas, chart, panel, y, left, top, wide, high).draw()
    rows = [canvas.strip(at) for at in range(bottom)]
    if bottom < height:
        hint = [Run(f" {chart.note}", "muted")]
        if chart.hint:
            hint += [Run("  attach them: ", "muted"), Run(chart.hint, "strong", True)]
        rows.append(paint(look, hint, width))
    return rows


def _in_sight(chart: ScatterChart) -> np.ndarray[Any, Any]:
    """Return the values the y axis is made for; beside the best so far those of the better half, lest it be flat."""
    known = np.array([]) if chart.running is None else chart.running[np.isfinite(chart.running)]
    if chart.running is None or not known.size:
        return chart.values
    middle = np.median(chart.values[np.isfinite(chart.values)])
    better = chart.values <= middle if known[-1] <= middle else chart.values >= middle
    return np.concatenate([chart.values[better], known])


def _places(chart: ScatterChart, width: int, height: int) -> list[tuple[Scatter, int, int, int, int]]:
    panels = chart.panels
    if len(panels) > 1 and width >= _SIDE_BY_SIDE:
        half = width // 2
        return [(panels[0], 0, 0, half - 1, height), (panels[1], half + 1, 0, width - half - 1, height)]
    if len(panels) > 1 and height >= _STACKED:
        upper = height // 2
        return [(panels[0], 0, 0, width, upper), (panels[1], 0, upper, width, height - upper)]
    return [(panels[-1], 0, 0, width, height)]


class _Plot:
    """One panel: name, rail, points, ticks."""

    def __init__(
        self, canvas: Canvas, chart: ScatterChart, panel: Scatter, y: Axis, left: int, top: int, width: int, height: int
    ) -> None:
        from hpi_core.charts.axes import Axis, plain_axis, positions

        self.canvas, self.chart, self.panel, self.y = canvas, chart, panel, y
        self.left = left + (_LEFT if width >= 30 else 1)
        self.room = max(1, left + width - self.left - 2)
        self.top, self.rail = top, top + 1
        self.first, self.high = top + 2, max(1, height - 4)
        spread = positions(panel.x, panel.log)
        finite = spread[np.isfinite(spread)]
        if panel.levels:
            self.x = Axis(-0.5, len(panel.levels) - 0.5, ())
        elif finite.size and not panel.log and panel.name == "trial order":
            from hpi_core.charts.axes import step_axis

            self.x = step_axis(float(finite.min()), float(finite.max()), max(2, self.room // 14))
        else:
            wide = plain_axis(panel.x, log=panel.log, most_ticks=max(2, self.room // 14))
            self.x = wide

    def draw(self) -> None:
        """Put everything on the canvas."""
        self._frame()
        across, up = self.x.place(self.panel.x), self.y.place(self.chart.values)
        finite = np.isfinite(self.chart.values)
        for kind, token in _KINDS:
            here = finite & (self.chart.kinds == kind)
            self._points(across[here], up[here], token, _KIND_MARKS[kind])
        self._running(across)
        for column in self._columns(across[~finite]):
            self.canvas.put(self.left + column, self.rail, "✗", "err")
        above = finite & (up > 1)
        for kind, token in _KINDS:
            for column in self._columns(across[above & (self.chart.kinds == kind)]):
                self.canvas.put(self.left + column, self.rail, "↑", token)
        lost, far = int((~finite).sum()), int(above.sum())
        self._heading(lost, far)
        if self.chart.best != self.chart.row:
            self._sign(self.chart.best, "★", "good", across, up)
        here = ("★", "good") if self.chart.best == self.chart.row else ("●", "strong")
        self._sign(self.chart.row, *here, across, up)

    def _heading(self, lost: int, far: int) -> None:
        """Write what is over what, and at the right what is not in the picture, in fewer words where room is short."""
        name = f"{safe(self.chart.metric, 30)} over {safe(self.panel.name, 30)}"
        words = [f"✗ {lost:,} not finite"] * bool(lost) + [f"↑ {far:,} above"] * bool(far)
        signs = [f"✗ {lost:,}"] * bool(lost) + [f"↑ {far:,}"] * bool(far)
        said = next(
            (text for text in ("  ".join(words), "  ".join(signs)) if len(name) + len(text) + 2 <= self.room), ""
        )
        if not said and self.room >= 24:
            said = "  ".join(signs)
        self.canvas.put(self.left, self.top, cut(name, self.room - (len(said) + 2 if said else 0)), "text", bold=True)
        self.canvas.put(self.left + self.room - len(said), self.top, said, "err")

    def _running(self, across: np.ndarray[Any, Any]) -> None:
        """Draw the best so far as steps: of every column of dots the last value in it."""
        if self.chart.running is None or not across.size:
            return
        columns = self.room * 2
        last = np.clip(np.searchsorted(across, np.linspace(0, 1, columns), side="right") - 1, 0, across.size - 1)
        height = self.y.place(self.chart.running)[last]
        joined = np.isfinite(height) & np.isfinite(np.r_[np.nan, height[:-1]])
        line = Polyline(np.linspace(0, 1, columns), height, joined)
        shown = "*" if self.canvas.look.ascii else None
        self.canvas.stamp(self.left, self.first, rasterise([line], self.room, self.high, shown), "good")

    def _frame(self) -> None:
        for position, label in self.y.ticks:
            row = self._row((position - self.y.low) / (self.y.high - self.y.low))
            self.canvas.put(self.left, row, "┄" * self.room, "faint")
            if self.left >= _LEFT:
                self.canvas.put(self.left - 1 - len(label), row, label, "muted")
        end, axis_row = -1, self.first + self.high
        ticks: list[tuple[float, str]] = list(self.x.ticks)
        if self.panel.levels:
            share = max(3, self.room // len(self.panel.levels) - 1)
            ticks = [(float(at), cut(level, share)) for at, level in enumerate(self.panel.levels)]
        for position, label in ticks:
            column = self._column((position - self.x.low) / (self.x.high - self.x.low))
            if column is None:
                continue
            x = min(max(self.left, self.left + column - len(label) // 2), self.left + self.room - len(label) + 1)
            if x > end:
                self.canvas.put(x, axis_row, label, "muted")
                end = x + len(label)

    def _points(self, across: np.ndarray[Any, Any], up: np.ndarray[Any, Any], token: str, mark: str) -> None:
        if not across.size:
            return
        inside = (across >= 0) & (across <= 1) & (up >= 0) & (up <= 1)
        high, wide = self.high * 4 - 1, self.room * 2 - 1
        grid = np.zeros((wide + 1, high + 1), dtype=bool)  # a dot costs the same for a trial as for a million
        grid[np.round(across[inside] * wide).astype(np.int64), np.round(up[inside] * high).astype(np.int64)] = True
        x, y = np.nonzero(grid)
        line = Polyline(x / max(1, wide), y / high, np.zeros(x.size, dtype=bool))
        shown = mark if self.canvas.look.ascii else None
        self.canvas.stamp(self.left, self.first, rasterise([line], self.room, self.high, shown), token)

    def _sign(
        self, row: int | None, sign: str, token: str, across: np.ndarray[Any, Any], up: np.ndarray[Any, Any]
    ) -> None:
        if row is None or not 0 <= row < across.size:
            return
        column = self._column(float(across[row]))
        if column is None:
            return
        height = float(up[row])
        at = self.rail if not np.isfinite(height) or height > 1 else self._row(max(0.0, height))
        self.canvas.put(self.left + column, at, sign, token, bold=True)
        if row == self.chart.row:
            label = f" {self.chart.trial} {prose_number(float(self.chart.values[row]))} "
            for x in (self.left + column + 1, self.left + column - len(label)):
                if self.canvas.is_free(x, at, len(label)):
                    self.canvas.put(x, at, label, token, bold=True)
                    return

    def _columns(self, shares: np.ndarray[Any, Any]) -> list[int]:
        """Return the columns in which any of these stand."""
        inside = shares[(shares >= 0) & (shares <= 1)]
        taken = np.zeros(self.room, dtype=bool)
        taken[np.round(inside * (self.room - 1)).astype(np.int64)] = True
        return [int(column) for column in np.flatnonzero(taken)]

    def _column(self, share: float) -> int | None:
        return round(share * (self.room - 1)) if 0 <= share <= 1 else None

    def _row(self, share: float) -> int:
        dots = self.high * 4
        return self.first + self.high - 1 - round(share * (dots - 1)) // 4
