"""How a curve chart is laid out in cells: grid, lines, labels at the ends of the lines, marks, axis and readout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.cell_format import prose_number
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, paint
from hpi_tui.widgets.plot import Canvas, Polyline, cut, rasterise, rasterise_cloud

if TYPE_CHECKING:
    from hpi_core.charts.axes import Axis
    from hpi_core.charts.curves import CurveChart, Panel
    from hpi_core.charts.series import Curve
    from hpi_tui.panes.curves import CurvesView

_LEFT = 7
_TOKENS = {"error": "err", "warn": "warn", "none": "text"}
_SIGNS = {"error": "✗ ", "warn": "! ", "none": ""}
_ASCII_MARKS = {"trial": "x", "best": "o", "median": ".", "overlay": "+"}
_LONGEST_NAME = 12


@dataclass(frozen=True)
class _Box:
    """Where a panel's plot stands on the canvas."""

    x: int
    y: int
    width: int
    height: int


def gutters(chart: object, width: int) -> tuple[int, int]:
    """Return the columns kept free at the left for ticks and at the right for labels."""
    if width < 24:
        return 0, 0
    if width < 44 or chart is None or hasattr(chart, "values"):
        return _LEFT, 1
    names = [len(c.name) for c in chart.panels[0].curves if c.part in ("trial", "best")]  # type: ignore[attr-defined]
    longest = max(min(max(names, default=4), _LONGEST_NAME) + 2, len("median"))
    return _LEFT, max(8, longest + (6 if width >= 90 else 0)) + 2


def draw(look: Look, view: CurvesView, width: int, height: int) -> list[Strip]:
    """Draw a view into `height` lines of `width` cells."""
    from hpi_core.charts.curves import CurveChart
    from hpi_core.charts.scatter import ScatterChart

    if view.chart is None:
        return [paint(look, [Run(" No trial under the cursor.", "muted")], width)]
    if isinstance(view.chart, ScatterChart):
        from hpi_tui.panes.scatter_drawing import draw_scatter

        return draw_scatter(look, view.chart, view.settings.log_y, width, height)
    assert isinstance(view.chart, CurveChart)
    return _Sheet(look, view, view.chart, width, height).strips()


class _Sheet:
    """One drawing of a chart; lives as long as it takes."""

    def __init__(self, look: Look, view: CurvesView, chart: CurveChart, width: int, height: int) -> None:
        from hpi_core.charts.axes import step_axis

        self.look, self.chart, self.settings = look, chart, view.settings
        self.canvas = Canvas(look, width, height)
        self.left, self.right = gutters(chart, width)
        self.room = max(1, width - self.left - self.right)
        self.axis = step_axis(chart.low, chart.high, max(2, self.room // 14))

    def strips(self) -> list[Strip]:
        """Lay out from the top: tags, plot, second plot, steps, readout."""
        width, height = self.canvas.width, self.canvas.height
        readout = self.settings.cursor is not None and height >= 5
        bottom = height - (1 if readout else 0)
        steps = 1 if bottom >= 4 else 0
        tags = 1 if self.chart.marks and bottom >= 10 else 0
        plots = bottom - steps - tags
        panels = self.chart.panels if plots >= 24 else self.chart.panels[:1]
        second = max(6, plots * 3 // 10) if len(panels) > 1 else 0
        first = plots - second - (2 if second else 0)
        boxes = [_Box(self.left, tags, self.room, first)]
        if second:
            boxes.append(_Box(self.left, tags + first + 2, self.room, second))
            self.canvas.put(self.left, tags + first + 1, safe(panels[1].metric, self.room), "text", bold=True)
        for panel, box in zip(panels, boxes, strict=False):
            self._panel(panel, box)
        if tags:
            self._tags()
        if steps:
            self._steps(bottom - 1)
        rows = [self.canvas.strip(y) for y in range(bottom)]
        return [*rows, self._readout(width)] if readout else rows

    def _panel(self, panel: Panel, box: _Box) -> None:
        from hpi_core.charts.axes import value_axis

        reference = [(c.x, c.values) for c in panel.curves if c.part in ("best", "median") and c.finite]
        own = [(c.x, c.values) for c in panel.curves if c.part in ("trial", "overlay") and c.finite]
        ticks = max(3, box.height // 4)
        y = value_axis(reference, own, self.chart.low, self.chart.high, log=self.settings.log_y, most_ticks=ticks)
        self._grid(y, box)
        self._overlay([curve for curve in panel.curves if curve.part == "overlay"], y, box)
        for curve in panel.curves:
            if curve.part != "overlay":
                self._curve(curve, y, box)
        for curve in reversed(panel.curves):
            self._label(curve, y, box)
        if not any(curve.finite for curve in panel.curves):
            self.canvas.put(box.x, box.y + box.height // 2, f"no finite value of {safe(panel.metric, 30)}", "muted")
        elif panel.curves and panel.curves[-1].part == "trial" and not panel.curves[-1].x.size:
            said = f"trial {panel.curves[-1].name} has no curve of {safe(panel.metric, 30)}"
            self.canvas.put(box.x + 1, box.y, cut(said, box.width - 2), "muted")

    def _grid(self, y: Axis, box: _Box) -> None:
        taken: set[int] = set()
        for position, label in y.ticks:
            row = box.y + _row((position - y.low) / (y.high - y.low), box.height)
            if row in taken:
                continue
            taken.add(row)
            self.canvas.put(box.x, row, "┄" * box.width, "faint")
            if box.x >= _LEFT:
                self.canvas.put(box.x - 1 - len(label), row, label, "muted")
        for mark in self.chart.marks:
            self._upright(mark.x, box, "┊", "muted")
        if self.settings.cursor is not None:
            self._upright(self.settings.cursor, box, "│", "strong")

    def _upright(self, x: float, box: _Box, sign: str, token: str) -> None:
        column = self._column(x)
        if column is not None:
            for row in range(box.y, box.y + box.height):
                self.canvas.put(box.x + column, row, sign, token)

    def _column(self, x: float) -> int | None:
        share = (x - self.axis.low) / (self.axis.high - self.axis.low)
        return round(share * (2 * self.room - 1)) // 2 if 0 <= share <= 1 else None

    def _curve(self, curve: Curve, y: Axis, box: _Box) -> None:
        line = self._line(curve, y, box)
        if len(line.x):
            mark = _ASCII_MARKS[curve.part] if self.look.ascii else None
            self.canvas.stamp(box.x, box.y, rasterise([line], box.width, box.height, mark), _token(curve))

    def _overlay(self, curves: list[Curve], y: Axis, box: _Box) -> None:
        if curves:
            lines = [self._line(curve, y, box) for curve in curves]
            mark = _ASCII_MARKS["overlay"] if self.look.ascii else None
            self.canvas.stamp(box.x, box.y, rasterise_cloud(lines, box.width, box.height, mark), _token(curves[0]))

    def _line(self, curve: Curve, y: Axis, box: _Box) -> Polyline:
        from hpi_core.charts.series import downsample

        x, values, joined = downsample(curve.x, curve.values, self.axis.low, self.axis.high, box.width)
        height = y.place(values)
        drawable = height == height
        joined[1:] &= drawable[1:] & drawable[:-1]
        return Polyline((x - self.axis.low) / (self.axis.high - self.axis.low), height, joined)

    def _label(self, curve: Curve, y: Axis, box: _Box) -> None:
        """Write who a line is where it ends, and where its values stop being finite."""
        from hpi_core.charts.series import bad_stretches

        bad = bad_stretches(curve) if curve.part != "median" else []
        for stretch in bad[:3]:
            if not stretch.last and curve.part == "trial":
                self._bad_mark(curve, y, box, stretch.x, f"✗ {stretch.word}")
        inside = (curve.x >= self.axis.low) & (curve.x <= self.axis.high) & np.isfinite(curve.values)
        at = inside.nonzero()[0]
        if not at.size:
            if bad and curve.part == "trial":
                self._place(box, 0, box.y, f"✗ {bad[0].word} {bad[0].x:,.0f}", _token(curve), True)
            return
        last = int(at[-1])
        height = float(y.place(curve.values[last : last + 1])[0])
        row = box.y + _row(min(max(height if height == height else 0.0, 0.0), 1.0), box.height)
        column = self._column(float(curve.x[last])) or 0
        ended = bool(bad) and bad[-1].last and bad[-1].x <= self.axis.high
        text = _label_text(curve, height, ended, wide=self.canvas.width >= 90)
        if ended:
            text = f"✗ {bad[-1].word} {bad[-1].x:,.0f}"
        self._place(box, column, row, text, _token(curve), curve.part == "trial")

    def _bad_mark(self, curve: Curve, y: Axis, box: _Box, x: float, text: str) -> None:
        column = self._column(x)
        if column is None:
            return
        before = (curve.x < x) & np.isfinite(curve.values)
        at = before.nonzero()[0]
        height = float(y.place(curve.values[at[-1] : at[-1] + 1])[0]) if at.size else 0.5
        row = box.y + _row(min(max(height if height == height else 0.5, 0.0), 1.0), box.height)
        self.canvas.put(box.x + column, row, "✗", _token(curve), bold=True)
        said = f"{text.removeprefix('✗')} {x:,.0f}"
        if self.canvas.is_free(box.x + column + 1, row, len(said)):
            self.canvas.put(box.x + column + 1, row, said, _token(curve), bold=True)

    def _place(self, box: _Box, column: int, row: int, text: str, token: str, bold: bool) -> None:
        """Write a label right of its line's end, else at the margin, as near to its row as there is room."""
        shown = self.look.sign(text)
        beside, margin = box.x + column + 2, box.x + box.width + 1
        if text.startswith("✗"):
            beside -= 1
        nearest = sorted(range(box.y, box.y + box.height), key=lambda y: abs(y - row))
        for x, reach in ((beside, 1 if beside < margin else 4), (margin, box.height)):
            room = self.canvas.width - x
            said = cut(shown, room)
            if room < 4:
                continue
            for y in nearest:
                if abs(y - row) > reach:
                    break
                if self.canvas.is_free(x, y, len(said)):
                    self.canvas.put(x, y, said, token, bold=bold)
                    return

    def _tags(self) -> None:
        end = 0
        for mark in self.chart.marks:
            column = self._column(mark.x)
            text = f"{_SIGNS[mark.severity]}{mark.issue} {mark.x:,.0f}"
            if column is not None and self.left + column >= end:
                self.canvas.put(self.left + column, 0, text, _TOKENS[mark.severity], bold=True)
                end = self.left + column + len(text) + 2

    def _steps(self, row: int) -> None:
        end = -1
        for position, label in self.axis.ticks:
            column = self._column(position)
            if column is None:
                continue
            x = min(max(0, self.left + column - len(label) // 2), self.canvas.width - len(label))
            if x > end:
                self.canvas.put(x, row, label, "muted")
                end = x + len(label) + 1
        if self.settings.cursor is not None and (column := self._column(self.settings.cursor)) is not None:
            label = f" {self.settings.cursor:,.0f} "
            x = min(max(0, self.left + column - len(label) // 2), self.canvas.width - len(label))
            self.canvas.put(x, row, label, "strong", bold=True, ground="focus")

    def _readout(self, width: int) -> Strip:
        """Say the values at the cursor, and how far the trial is from the best."""
        from hpi_core.charts.series import read_out

        cursor = self.settings.cursor or 0.0
        panel = self.chart.panels[0]
        runs = [Run(f" {self.chart.axis} {cursor:,.0f}", "strong", True)]
        found: dict[str, float] = {}
        for curve in reversed(panel.curves):
            point = read_out(curve, cursor)
            if point is None or curve.part == "overlay":
                continue
            found[curve.part] = point[1]
            bold = curve.part != "median"
            runs += [Run("  "), Run(f"{_named(curve)} ", _token(curve)), Run(prose_number(point[1]), _token(curve) if
                     bold else "text", bold)]  # fmt: skip
        if "trial" in found and "best" in found:
            away = found["trial"] - found["best"]
            sign = "+" if away > 0 else ""
            runs += [Run("  trial – ★ ", "muted"), Run(f"{sign}{prose_number(away)}", "strong", True)]
        runs += self._extreme(panel, found)
        ground = "band" if self.look.fills else "ground"
        return paint(self.look, runs, width, ground)

    def _extreme(self, panel: Panel, found: dict[str, float]) -> list[Run]:
        trial = next((c for c in panel.curves if c.part == "trial" and c.finite), None)
        if trial is None or self.chart.direction is None or "trial" not in found:
            return []
        turned = 1.0 if self.chart.direction == "min" else -1.0
        at = int(np.argmin(np.where(np.isfinite(trial.values), turned * trial.values, np.inf)))
        word = "lowest" if turned > 0 else "highest"
        return [Run(f"  {word} ", "muted"), Run(prose_number(float(trial.values[at]))),
                Run(f" at {trial.x[at]:,.0f}", "muted")]  # fmt: skip


def _row(share: float, height: int) -> int:
    """Return the cell row, 0 at the top, of a height between 0 and 1; the same as that of a raster's dot."""
    dots = height * 4
    return height - 1 - round(share * (dots - 1)) // 4


def _token(curve: Curve) -> str:
    if curve.part == "trial":
        return _TOKENS[curve.severity]
    return {"best": "good", "median": "muted", "overlay": "you"}[curve.part]


def _named(curve: Curve) -> str:
    if curve.part == "median":
        return "median"
    sign = "★ " if curve.part == "best" else ("● " if curve.part == "overlay" else _SIGNS[curve.severity])
    return sign + cut(curve.name, _LONGEST_NAME)


def _label_text(curve: Curve, height: float, ended: bool, *, wide: bool) -> str:
    out = "↑ " if height > 1 else ("↓ " if height < 0 else "")
    value = float(curve.values[np.isfinite(curve.values)][-1])
    tail = f" {_brief(value)}" if wide or (out and not ended) else ""
    return f"{_named(curve)}{' ' + out.strip() if out else ''}{tail}"


def _brief(value: float) -> str:
    size = abs(value)
    if value and (size >= 1e5 or size < 1e-3):
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.3g}" if size >= 100 or size < 1 else f"{value:.2f}"
