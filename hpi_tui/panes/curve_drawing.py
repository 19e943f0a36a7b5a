"""How a curve chart is laid out in cells: findings, legend, one or two plots, steps, and the readout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.panes.curve_panel import Box, PanelPlot, value_range
from hpi_tui.panes.curve_readout import readout
from hpi_tui.panes.curve_signs import DOTS, LONGEST_NAME, MARK_TOKENS, SICK_ASCII, SIGNS, crowd_signs
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, paint
from hpi_tui.widgets.plot import Canvas

if TYPE_CHECKING:
    from hpi_core.charts.curves import CurveChart
    from hpi_tui.panes.curves import CurvesView

_LEFT = 7


def gutters(chart: object, width: int) -> tuple[int, int]:
    """Return the columns kept free at the left for ticks and at the right for labels."""
    if width < 24:
        return 0, 0
    if width < 44 or chart is None or not hasattr(chart, "full"):
        return _LEFT, 1
    names = [len(c.name) for c in chart.panels[0].curves if c.part != "median"]  # type: ignore[attr-defined]
    longest = max(min(max(names, default=4), LONGEST_NAME) + 2, len("= median"))
    return _LEFT, max(8, longest + (6 if width >= 90 else 0)) + 2


def draw(look: Look, view: CurvesView, width: int, height: int) -> list[Strip]:
    """Draw a view into `height` lines of `width` cells."""
    from hpi_core.charts.curves import CurveChart
    from hpi_core.charts.distribution import DistributionChart
    from hpi_core.charts.parallel import ParallelChart
    from hpi_core.charts.scatter import ScatterChart

    if view.chart is None:
        said = " No trial under the cursor." if view.settings.view == "curves" else " O names what this needs."
        return [paint(look, [Run(said, "muted")], width)]
    if isinstance(view.chart, DistributionChart):
        from hpi_tui.panes.distribution_drawing import draw_distribution

        return draw_distribution(look, view.chart, width, height)
    if isinstance(view.chart, ParallelChart):
        from hpi_tui.panes.parallel_drawing import draw_parallel

        return draw_parallel(look, view.chart, width, height)
    if isinstance(view.chart, ScatterChart):
        from hpi_tui.panes.scatter_drawing import draw_scatter

        return draw_scatter(look, view.chart, view.settings.log_y, width, height)
    assert isinstance(view.chart, CurveChart)
    if view.chart.form == "table":
        from hpi_tui.panes.curve_table import draw_table

        return draw_table(look, view.chart, view.settings, width, height)
    if view.chart.form != "lines":
        from hpi_tui.panes.curve_grid import draw_grid

        return draw_grid(look, view.chart, view.settings, width, height)
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
        """Lay out from the top: legend, tags, plot, second plot, steps, readout."""
        width, height = self.canvas.width, self.canvas.height
        said = self.settings.cursor is not None and height >= 5
        bottom = height - (1 if said else 0)
        steps = 1 if bottom >= 4 else 0
        legend = 1 if self.chart.panels[0].crowd is not None and bottom >= 8 else 0
        tags = 1 if self.chart.marks and bottom >= 10 else 0
        plots = bottom - steps - legend - tags
        panels = self.chart.panels if plots >= 24 else self.chart.panels[:1]
        second = max(6, plots * 3 // 10) if len(panels) > 1 else 0
        first = plots - second - (2 if second else 0)
        top = legend + tags
        boxes = [Box(self.left, top, self.room, first)]
        if second:
            boxes.append(Box(self.left, top + first + 2, self.room, second))
            self.canvas.put(self.left, top + first + 1, safe(panels[1].metric, self.room), "text", bold=True)
        drawn = []
        for panel, box in zip(panels, boxes, strict=False):
            y = value_range([panel], self.axis, self.settings, box.height)
            drawn.append(PanelPlot(self.canvas, panel, box, self.axis, y, self.settings))
            drawn[-1].draw()
        if legend:
            self._legend(drawn[0].shades)
        if tags:
            self._tags(drawn[0], legend)
        if steps:
            put_steps(self.canvas, drawn[0], self.settings.cursor, bottom - 1)
        rows = [self.canvas.strip(y) for y in range(bottom)]
        return [*rows, readout(self.look, self.chart, self.settings, width)] if said else rows

    def _legend(self, shades: tuple[int, ...]) -> None:
        """Say what the shades of a crowd count."""
        crowd = self.chart.panels[0].crowd
        assert crowd is not None
        ill = int(crowd.sick.sum())
        signs = crowd_signs(apart=ill > 0, ascii_only=self.look.ascii)
        sick = "" if not ill else (f"sick {' '.join(SICK_ASCII)}  healthy " if self.look.ascii else
                                   f"sick {DOTS}  healthy ")  # fmt: skip
        told = "  ".join(f"{sign} {least:,}" for sign, least in zip(signs, shades, strict=False))
        self.canvas.put(self.left, 0, f"curves in a cell: {sick}{told} and more", "muted")

    def _tags(self, plot: PanelPlot, row: int) -> None:
        """Write the findings above their steps, together where they share one: sick ones first, then notes."""
        for x in dict.fromkeys(mark.x for mark in self.chart.marks):
            here = [mark for mark in self.chart.marks if mark.x == x]
            worst = here[0].severity
            said = [mark for mark in here if mark.severity != "none"] or here
            column = plot.column(x)
            if column is None:
                continue
            since = "from " if [mark.issue for mark in said] == ["rebound"] else ""
            text = f"{SIGNS[worst]}{' '.join(mark.tag for mark in said)} {since}{x:,.0f}"
            last = self.canvas.width - len(text)
            first = max(0, min(self.left + column, last))
            places = (at for at in range(first, last + 1) if self.canvas.is_free(max(0, at - 1), row, len(text) + 1))
            if (at := next(places, None)) is not None:  # beside another it still names its step
                self.canvas.put(at, row, text, MARK_TOKENS[worst], bold=worst != "none")


def put_steps(
    canvas: Canvas, plot: PanelPlot, cursor: float | None, row: int, room: tuple[int, int] | None = None
) -> None:
    """Write the ticks of the x axis below a plot within `room`, and the step of the readout over them."""
    low, high = room or (0, canvas.width)
    left, end = plot.box.x, -1

    def place(label: str, column: int) -> int:
        return min(max(low, left + column - len(label) // 2), high - len(label))

    column = None if cursor is None else plot.column(cursor)
    said = "" if cursor is None or column is None else f" {cursor:,.0f} "
    taken = range(start := place(said, column or 0), start + len(said))
    for position, label in plot.x.ticks:
        column = plot.column(position)
        if column is not None and (x := place(label, column)) > end and not {x, x + len(label) - 1} & {*taken}:
            canvas.put(x, row, label, "muted")
            end = x + len(label) + 1
    if said:
        canvas.put(taken.start, row, said, "strong", bold=True, ground="focus")
