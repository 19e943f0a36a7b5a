"""What the keys of the Curves pane do: which metric, how it is drawn, which part of it, and what is laid over it."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpi_core.text import safe
from hpi_tui.commands.scope import Scope

if TYPE_CHECKING:
    from hpi_core.charts.curves import CurveChart
    from hpi_core.charts.distribution import DistributionChart
    from hpi_core.charts.parallel import ParallelChart
    from hpi_core.charts.scatter import ScatterChart
    from hpi_tui.panes.curve_settings import CurveSettings, View
    from hpi_tui.panes.curves import Chart

_CLOSER = 2.0


class Curves(Scope):
    """Changes how curves are shown; without curves most of it has nothing to change, and that is said."""

    def do_metric(self) -> None:
        if self._is_together():
            self.screen.commands.views.next_issue()
        elif (chart := self._curves()) is not None:
            if len(chart.metrics) < 2:
                self.say(f"{safe(chart.metrics[0], 40)} is the only metric with curves.")
            else:
                self._set(self._settings.next_metric(chart.metrics))

    def do_parameter(self) -> None:
        if self._is_together():
            self.screen.commands.views.next_mate()
        elif (chart := self._scatter()) is not None:
            if not chart.parameters:
                self.say("This view runs over trial order: there is no hyperparameter to choose.")
            else:
                self._set(self._settings.next_parameter(chart.parameters))

    def do_scatter(self) -> None:
        self._instead("scatter")

    def do_best_so_far(self) -> None:
        self._instead("best")

    def do_distribution(self) -> None:
        self._instead("distribution")

    def do_parallel(self) -> None:
        self._instead("parallel")

    def do_course(self) -> None:
        self._instead("curves")

    def do_time_axis(self) -> None:
        if self._curves() is not None:
            self._set(self._settings.toggled_axis())

    def do_log_axis(self) -> None:
        from hpi_core.charts.distribution import DistributionChart

        chart = self._shown()
        if isinstance(chart, DistributionChart):
            self.say(f"The bins follow the scale of {safe(chart.name, 40)}; L is for curves and scatter.")
        elif chart is not None:
            self._set(self._settings.toggled_log())

    def do_smooth(self) -> None:
        if self._curves() is not None:
            self._set(self._settings.next_smoothing())

    def do_overlay(self) -> None:
        if self._curves() is not None:
            self._set(self._settings.next_over(tuple(sorted(self.screen.state.selection))))

    def do_multiples(self) -> None:
        if self._curves() is not None:
            self._set(self._settings.next_form())

    def do_values(self) -> None:
        if self._curves() is not None:
            self._set(self._settings.toggled_table())

    def do_clip(self) -> None:
        if self._curves() is not None:
            self._set(self._settings.toggled_clip())

    def do_zoom_in(self) -> None:
        self._zoom(_CLOSER)

    def do_zoom_out(self) -> None:
        self._zoom(1 / _CLOSER)

    def readout(self, columns: int) -> None:
        """Move the readout by columns of the plot."""
        if (chart := self._curves()) is None:
            return
        settings = self._settings
        if chart.form == "table":
            self._set(replace(settings, cursor=self._row_beside(chart, columns)))
        else:
            self._set(settings.moved(columns, self.screen.curves.plot_columns, chart.full))

    def _row_beside(self, chart: CurveChart, rows: int) -> float | None:
        """Return the step of the table's row so many rows away from the cursor."""
        from hpi_tui.panes.curve_table import table_steps

        steps = table_steps(chart, self.screen.curves.size.height - 2)
        if not steps:
            return self._settings.cursor
        at = self._settings.cursor
        if at is None:
            return steps[0 if rows > 0 else -1]
        here = min(range(len(steps)), key=lambda place: abs(steps[place] - at))
        return steps[min(max(here + rows, 0), len(steps) - 1)]

    def put_readout_away(self) -> bool:
        """Put the readout away, then the zoom, then what is beside or over the plot; tells whether there was any."""
        settings = self._settings
        if settings.cursor is not None:
            self._set(settings.without_cursor())
        elif settings.zoom is not None:
            self._set(replace(settings, zoom=None))
        elif settings.form != "lines" or settings.over:
            self._set(replace(settings, form="lines", over="", overlay=()))
        else:
            return False
        return True

    @property
    def _settings(self) -> CurveSettings:
        return self.screen.state.curves

    def put_view_away(self) -> bool:
        """Go back from what stands instead of curves; tells whether there was something."""
        if self.screen.state.pane != "curves" or self._settings.view == "curves":
            return False
        self._instead("curves")
        return True

    def _instead(self, view: View) -> None:
        self._set(replace(self._settings, view=view))
        self.screen.focus_pane("curves")
        self.screen.refresh_chrome()

    def _is_together(self) -> bool:
        """Whether the keys go to the table of two hyperparameters, whose issue and second parameter they change."""
        return self.screen.state.pane == "buckets" and self.screen.state.third == "together"

    def _set(self, settings: CurveSettings) -> None:
        self.screen.go(replace(self.screen.state, curves=settings))

    def _zoom(self, factor: float) -> None:
        if (chart := self._curves()) is not None:
            self._set(self._settings.zoomed(factor, chart.full))

    def _shown(self) -> Chart | None:
        """Return the chart on the screen; says what to press where there is none."""
        if self.screen.layout_now.place("curves") is None:
            self.say("This key is for curves: 4 shows them.")
            return None
        return self.screen.plotter.chart

    def _curves(self) -> CurveChart | None:
        from hpi_core.charts.curves import CurveChart

        chart = self._shown()
        if chart is not None and not isinstance(chart, CurveChart):
            hint = getattr(chart, "hint", "")
            self.say(f"This source has no curves; `{hint}` attaches them." if hint else "Esc goes back to the curves.")
            return None
        return chart

    def _scatter(self) -> ScatterChart | DistributionChart | ParallelChart | None:
        from hpi_core.charts.curves import CurveChart

        chart = self._shown()
        if isinstance(chart, CurveChart):
            self.say("Curves run over steps; a hyperparameter is chosen where a source has none.")
            return None
        return chart
