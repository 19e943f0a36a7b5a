"""The Curves pane: the trial under the cursor against the best trial and the healthy median.

`compute` is fit for a worker; it returns a view, which the widget draws in the room it has. Keys become the methods of
`CurveSettings`; a change of log axis or cursor needs only `show` with the same chart, every other one a new `compute`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from textual.strip import Strip

from hpi_core.text import safe
from hpi_tui.panes.curve_settings import CurveSettings
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Lines, Run, paint, title

if TYPE_CHECKING:
    from hpi_core.charts.curves import CurveChart
    from hpi_core.charts.memo import Memo
    from hpi_core.charts.scatter import ScatterChart
    from hpi_core.inspection import Inspection
    from hpi_core.sweep import Sweep

PAIR_FROM = 30


@dataclass(frozen=True, eq=False)
class CurvesView:
    """A chart and how it is to be shown; `chart` None where there is no trial."""

    chart: CurveChart | ScatterChart | None
    settings: CurveSettings
    drawn: Drawn | None = None


class Drawn(NamedTuple):
    """The lines of a view, drawn beforehand for a place of this size."""

    width: int
    height: int
    strips: tuple[Strip, ...]


def compute(
    sweep: Sweep,
    inspection: Inspection | None,
    row: int | None,
    settings: CurveSettings,
    *,
    pair: bool = True,
    memo: Memo | None = None,
) -> CurvesView:
    """Collect what to draw; without curves the objective against trial order and a hyperparameter.

    Args:
        sweep: the sweep.
        inspection: decides what is healthy; None while it is not there yet.
        row: the trial under the cursor.
        settings: what the person chose.
        pair: whether the widget has the room for the metric's pair (`PAIR_FROM` rows).
        memo: kept by the caller as long as sweep and inspection are the same.
    """
    from hpi_core.charts.curves import curve_chart
    from hpi_core.charts.scatter import scatter_chart

    if sweep.trials.is_empty():
        return CurvesView(None, settings)
    chart: CurveChart | ScatterChart | None = None
    if row is not None:
        chart = curve_chart(
            sweep, inspection, row, metric=settings.metric, pair=pair, axis=settings.axis, zoom=settings.zoom,
            smoothing=settings.smoothing, overlay=settings.overlay, memo=memo,
        )  # fmt: skip
    if chart is None and (sweep.curves is None or row is not None):
        chart = scatter_chart(sweep, inspection, row, parameter=settings.parameter, memo=memo)
    return CurvesView(chart, settings)


class Curves(Lines):
    """Draws a CurvesView."""

    DEFAULT_CSS = "Curves { height: 1fr; width: 1fr; }"

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self.view: CurvesView | None = None
        self.active = False
        self._drawn: tuple[int, int] | None = None
        self._rows: list[Strip] = []

    def show(self, view: CurvesView | None) -> None:
        """Draw another view, repainting only the lines that differ."""
        self.view = view
        before = self._rows if self._drawn == tuple(self.size) else None
        self._drawn = None
        if not self.is_mounted or before is None:
            self.redraw()
            return
        after = self._content(*self.size)
        changed = [
            y for y in range(max(len(before), len(after)))
            if y >= len(before) or y >= len(after) or list(before[y]) != list(after[y])
        ]  # fmt: skip
        self.redraw_lines(0, *(y + 1 for y in changed))

    def activate(self, active: bool) -> None:
        """Show that keys go to this pane, or that they do not."""
        if active != self.active:
            self.active = active
            self.redraw_lines(0)

    @property
    def plot_columns(self) -> int:
        """How many columns the plot itself has: one press of a cursor key moves by one of them."""
        from hpi_tui.panes.curve_drawing import gutters

        chart = None if self.view is None else self.view.chart
        left, right = gutters(chart, self.size.width)
        return max(1, self.size.width - left - right)

    def line(self, y: int, width: int) -> Strip:
        """Draw the title row or a line of the plot."""
        if y == 0:
            return self._title(width)
        rows = self._content(width, self.size.height)
        return rows[y - 1] if y - 1 < len(rows) else paint(self.look, [], width)

    def _content(self, width: int, height: int) -> list[Strip]:
        if self._drawn != (width, height):
            drawn = None if self.view is None else self.view.drawn
            if drawn is not None and (drawn.width, drawn.height) == (width, height - 1):
                self._rows = list(drawn.strips)
            elif self.view is None:  # at the start: nothing heavy is imported for it
                self._rows = [paint(self.look, [Run(" Collecting the curves …", "muted")], width)]
            else:
                from hpi_tui.panes.curve_drawing import draw

                self._rows = [] if height < 2 else draw(self.look, self.view, width, height - 1)
            self._drawn = (width, height)
        return self._rows

    def _title(self, width: int) -> Strip:
        label = [Run(" 4 Curves ", "text", True)]
        if self.view is None or self.view.chart is None:
            return title(self.look, width, label, [], [], self.active)
        from hpi_core.charts.scatter import ScatterChart

        chart, settings = self.view.chart, self.view.settings
        right = [Run("log " if settings.log_y else "linear ", "muted")]
        if isinstance(chart, ScatterChart):
            state = [Run(f" {safe(chart.metric, 40)}", "text"), Run("  no curves", "muted")]
            return title(self.look, width, label, state, right, self.active)
        state = [Run(f" {safe(chart.panels[0].metric, 40)}", "text")]
        said = f"  over {chart.axis}"
        if settings.smoothing > 1:
            said += f", mean of {settings.smoothing}"
        if settings.overlay:
            said += f", {len(settings.overlay)} selected"
        if width >= 66:
            state.append(Run(f"  trial {chart.trial}, best, healthy median" if width < 90 else
                             f"  trial {chart.trial} against the best and the healthy median", "muted"))  # fmt: skip
        if width >= 40 or settings.smoothing > 1 or settings.overlay:
            state.append(Run(said, "muted"))
        if chart.note and width >= 60:
            state.append(Run(f"  {chart.note}", "warn"))
        if settings.zoom is not None:
            factor = (chart.full[1] - chart.full[0]) / ((chart.high - chart.low) or 1)
            right.insert(0, Run(f"zoom {factor:.3g}×  {chart.low:,.0f}–{chart.high:,.0f}  ", "muted"))
        return title(self.look, width, label, state, right, self.active)


def with_settings(view: CurvesView, settings: CurveSettings) -> CurvesView:
    """Return the same chart under other settings, for what needs no new computation: log axis and cursor."""
    return view if view.settings == settings else replace(view, settings=settings, drawn=None)
