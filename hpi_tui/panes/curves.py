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
    from hpi_core.charts.crowd import Integers
    from hpi_core.charts.curves import Company, CurveChart
    from hpi_core.charts.distribution import DistributionChart
    from hpi_core.charts.memo import Memo
    from hpi_core.charts.parallel import ParallelChart
    from hpi_core.charts.scatter import ScatterChart
    from hpi_core.inspection import Inspection
    from hpi_core.sweep import Sweep

    Chart = CurveChart | ScatterChart | DistributionChart | ParallelChart

PAIR_FROM = 30
_RATES_FROM = 110


_NAMES = {
    "curves": "Curves", "scatter": "Scatter", "best": "Best so far", "distribution": "Distribution",
    "parallel": "Parallel coordinates",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class CurvesView:
    """A chart and how it is to be shown; `chart` None where there is no trial."""

    chart: Chart | None
    settings: CurveSettings
    drawn: Drawn | None = None


class Drawn(NamedTuple):
    """The lines of a view, drawn beforehand for a place of this size."""

    width: int
    height: int
    strips: tuple[Strip, ...]


@dataclass(frozen=True)
class Room:
    """How much the pane can show, in cells below its title."""

    width: int = 120
    height: int = 40

    @property
    def pair(self) -> bool:
        """Whether the metric's pair has a place below it."""
        return self.height >= PAIR_FROM - 1


def compute(
    sweep: Sweep,
    inspection: Inspection | None,
    row: int | None,
    settings: CurveSettings,
    *,
    room: Room | None = None,
    shown: Integers | None = None,
    memo: Memo | None = None,
) -> CurvesView:
    """Collect what to draw; without curves the objective against trial order and a hyperparameter.

    Args:
        sweep: the sweep.
        inspection: decides what is healthy; None while it is not there yet.
        row: the trial under the cursor.
        settings: what the person chose.
        room: what there is room for.
        shown: `_row` of the trials the filter shows, in their order; None means all.
        memo: kept by the caller as long as sweep and inspection are the same.
    """
    from hpi_core.charts.curves import curve_chart
    from hpi_core.charts.scatter import scatter_chart

    room = room or Room()
    if sweep.trials.is_empty():
        return CurvesView(None, settings)
    chart: Chart | None = None
    if settings.view != "curves":
        chart = _instead(sweep, inspection, row, settings, room, shown, memo)
        return CurvesView(chart, settings)
    if row is not None:
        from hpi_tui.panes.curve_grid import room_for

        most = room_for(room.width, room.height)
        chart = curve_chart(
            sweep, inspection, row, metric=settings.metric, pair=room.pair or settings.form == "table",
            axis=settings.axis, zoom=settings.zoom, smoothing=settings.smoothing,
            company=_company(sweep, row, settings, shown, most), form=settings.form, most_panels=most,
            columns=2 * room.width, memo=memo,
        )  # fmt: skip
    if chart is None and (sweep.curves is None or row is not None):
        chart = scatter_chart(sweep, inspection, row, parameter=settings.parameter, memo=memo)
    return CurvesView(chart, settings)


def _instead(
    sweep: Sweep,
    inspection: Inspection | None,
    row: int | None,
    settings: CurveSettings,
    room: Room,
    shown: Integers | None,
    memo: Memo | None,
) -> Chart | None:
    """Collect what stands in the pane instead of curves."""
    from hpi_core.charts.distribution import distribution_chart
    from hpi_core.charts.parallel import parallel_chart
    from hpi_core.charts.scatter import best_so_far, scatter_chart

    if settings.view == "distribution":
        most = max(4, min(24, room.height - 3))
        return distribution_chart(sweep, inspection, row, parameter=settings.parameter, most=most)
    if settings.view == "best":
        return best_so_far(sweep, inspection, row)
    if settings.view == "parallel":
        from hpi_tui.panes.parallel_drawing import axes_for

        return parallel_chart(
            sweep, inspection, row, parameter=settings.parameter, most=axes_for(room.width), shown=shown,
            log_objective=settings.log_y, memo=memo,
        )  # fmt: skip
    chart = scatter_chart(sweep, inspection, row, parameter=settings.parameter, memo=memo)
    return replace(chart, note="p another hyperparameter", hint="")


def _company(sweep: Sweep, row: int, settings: CurveSettings, shown: Integers | None, most: int) -> Company:
    """Return the other trials: a few as lines, many as a crowd; side by side the page of trials `row` is on."""
    import numpy as np

    from hpi_core.charts.curves import MOST_OVERLAYS, Company

    rows = np.arange(sweep.trials.height) if shown is None else np.asarray(shown, dtype=np.int64)
    if settings.form == "trials":
        at = np.flatnonzero(rows == row)
        start = int(at[0]) // most * most if at.size else 0
        page = rows[start : start + most].tolist()
        beside = page if row in page else [row, *page[: most - 1]]
        return Company(beside=tuple(beside), waiting=max(0, len(rows) - len(beside)))
    if settings.over == "selected":
        rows = np.asarray(settings.overlay, dtype=np.int64)
    if settings.form != "lines" or not settings.over:
        return Company()
    if len(rows) <= MOST_OVERLAYS and settings.over != "sick":
        return Company(overlay=tuple(rows.tolist()))
    return Company(crowd=rows, apart=settings.over == "sick")


class Curves(Lines):
    """Draws a CurvesView."""

    DEFAULT_CSS = "Curves { height: 1fr; width: 1fr; }"

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self.view: CurvesView | None = None
        self.active = False
        self._drawn: tuple[int, int] | None = None
        self._rows: list[Strip] = []
        self._waiting = "Collecting the curves …"

    @property
    def waiting(self) -> str:
        """What is said while there is nothing to draw."""
        return self._waiting

    @waiting.setter
    def waiting(self, said: str) -> None:
        if said != self._waiting:
            self._waiting, self._drawn = said, None
            self.redraw()

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
                self._rows = [paint(self.look, [Run(f" {self._waiting}", "muted")], width)]
            else:
                from hpi_tui.panes.curve_drawing import draw

                self._rows = [] if height < 2 else draw(self.look, self.view, width, height - 1)
            self._drawn = (width, height)
        return self._rows

    def _title(self, width: int) -> Strip:
        view = "curves" if self.view is None else self.view.settings.view
        label = [Run(f" 4 {_NAMES[view]} ", "text", True)]
        if self.view is None or self.view.chart is None:
            return title(self.look, width, label, [], [], self.active)
        from hpi_core.charts.distribution import DistributionChart
        from hpi_core.charts.parallel import ParallelChart
        from hpi_core.charts.scatter import ScatterChart

        chart, settings = self.view.chart, self.view.settings
        right = [Run("log " if settings.log_y else "linear ", "muted")]
        if isinstance(chart, DistributionChart):
            state = [Run(f" {safe(chart.name, 40)}", "text"), Run("  p another", "muted")]
            scale = [Run("log bins " if chart.log else "", "muted")]
            return title(self.look, width, label, state, scale, self.active)
        if isinstance(chart, ParallelChart):
            many = f"{len(chart.kinds):,} of {chart.asked:,}" if chart.within else f"{len(chart.kinds):,}"
            state = [Run(f" trial {chart.trial} in {many}", "text")]
            state += [Run("  p another first", "muted")] if width >= 80 else []  # the footer names the key as well
            return title(self.look, width, label, state, right if chart.metric else [], self.active)
        if isinstance(chart, ScatterChart):
            why = [Run("  no curves", "muted")] if settings.view == "curves" else []
            state = [Run(f" {safe(chart.metric, 40)}", "text"), *why]
            state += [Run(f"  {chart.within}", "muted")] if chart.within else []
            return title(self.look, width, label, state, right, self.active)
        if settings.clip:
            right.insert(0, Run("1st–99th percentile  ", "muted"))
        if settings.zoom is not None:
            factor = (chart.full[1] - chart.full[0]) / ((chart.high - chart.low) or 1)
            right.insert(0, Run(f"zoom {factor:.3g}×  {chart.low:,.0f}–{chart.high:,.0f}  ", "muted"))
        state = [Run(f" {safe(chart.panels[0].metric, 40)}" if chart.form != "metrics" else " every metric", "text")]
        state += [Run(f"  {words}", "muted") for words in self._said(chart, width)]
        if chart.note and width >= 60:
            state.append(Run(f"  {chart.note}", "warn"))
        return title(self.look, width, label, state, right, self.active)

    def _said(self, chart: CurveChart, width: int) -> list[str]:
        """Say what is drawn, as far as there is room: whose curves, over what, how they were treated."""
        assert self.view is not None
        settings, crowd = self.view.settings, chart.panels[0].crowd
        said = []
        if chart.form == "trials":
            more = f", {chart.left_out:,} more" if chart.left_out else ""
            many = f"{len(chart.panels)} trials side by side" if len(chart.panels) > 1 else "one trial fits"
            said.append(f"{many}{more}, best and median in each")
        elif chart.form == "metrics":
            said.append(f"trial {chart.trial}" + (f", {chart.left_out:,} metrics more" if chart.left_out else ""))
        elif chart.form == "table":
            said.append(self._counted(chart))
        elif crowd is not None:
            drawn = f"{crowd.curves:,}" if crowd.curves == crowd.asked else f"{crowd.curves:,} of {crowd.asked:,}"
            ill = int(crowd.sick.sum())
            apart = (
                f"{ill:,} sick against {crowd.curves - ill:,} healthy" if settings.over == "sick" else f"{drawn} curves"
            )
            said.append(f"trial {chart.trial} in {apart}" if width >= 66 else apart)
        elif laid := self._laid(chart):
            said.append(f"trial {chart.trial} with {laid}" if width >= 66 else laid)
        elif width >= 66:
            said.append(_against(chart, wide=width >= 90))
        said += self._rates(chart, width)
        if width >= 40 or settings.smoothing > 1:
            said.append(f"over {chart.axis}" + (f", mean of {settings.smoothing}" if settings.smoothing > 1 else ""))
        return said

    def _rates(self, chart: CurveChart, width: int) -> list[str]:
        """Say how the learning rate went: in full over its own curve, else by its name where there is much room."""
        own = next((words for name, _, words in chart.schedules if name == chart.panels[0].metric), None)
        if own is not None and chart.form in ("lines", "table"):
            return [own] if width >= 66 else [schedule for name, schedule, _ in chart.schedules[:1]]
        if width < _RATES_FROM or not chart.schedules or chart.form == "trials":
            return []
        name, schedule, _ = chart.schedules[0]
        return [f"{safe(name, 24)} {schedule}"]

    def _laid(self, chart: CurveChart) -> str:
        """Name the few trials that are laid over as lines."""
        assert self.view is not None
        if self.view.settings.over == "selected":
            return f"{len(self.view.settings.overlay)} selected"
        others = sum(curve.part == "overlay" for curve in chart.panels[0].curves)
        return f"{others} more shown" if others else ""

    def _counted(self, chart: CurveChart) -> str:
        from hpi_tui.panes.curve_table import table_steps

        trial = chart.panels[0].of("trial")
        there = 0 if trial is None else int(((trial.x >= chart.low) & (trial.x <= chart.high)).sum())
        rows = len(table_steps(chart, self.size.height - 2))
        part = f"{rows:,} of {there:,} points, > shows more" if rows < there else f"{there:,} points"
        whose = f"trial {chart.trial} as a table, " if self.size.width >= 66 else ""
        return f"{whose}{part}"


def _against(chart: CurveChart, *, wide: bool) -> str:
    """Name the trial and what it is drawn against, as far as that has curves."""
    panel = chart.panels[0]
    trial, best, median = panel.of("trial"), panel.of("best"), panel.of("median")
    whose = f"trial {chart.trial}" + (", the best" if trial is not None and trial.best else "")
    beside = ["best"] if best is not None and best.finite else []
    beside += ["healthy median"] if median is not None and median.finite else []
    if not beside:
        return f"{whose}, no {'other ' if trial is not None and trial.best else ''}healthy trial beside it"
    return f"{whose} against the {' and the '.join(beside)}" if wide else ", ".join([whose, *beside])


def with_settings(view: CurvesView, settings: CurveSettings) -> CurvesView:
    """Return the same chart under other settings, for what needs no new computation: log axis and cursor."""
    return view if view.settings == settings else replace(view, settings=settings, drawn=None)
