"""What the keys of the Curves pane do: which metric, how it is drawn, which part of it, and what is laid over it."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpi_core.text import safe
from hpi_tui.commands.scope import Scope

if TYPE_CHECKING:
    from hpi_core.charts.curves import CurveChart
    from hpi_core.charts.scatter import ScatterChart
    from hpi_tui.panes.curve_settings import CurveSettings

_CLOSER = 2.0


class Curves(Scope):
    """Changes how curves are shown; without curves most of it has nothing to change, and that is said."""

    def do_metric(self) -> None:
        if (chart := self._curves()) is not None:
            if len(chart.metrics) < 2:
                self.say(f"{safe(chart.metrics[0], 40)} is the only metric with curves.")
            else:
                self._set(self._settings.next_metric(chart.metrics))

    def do_parameter(self) -> None:
        if (chart := self._scatter()) is not None:
            self._set(self._settings.next_parameter(chart.parameters))

    def do_time_axis(self) -> None:
        if self._curves() is not None:
            self._set(self._settings.toggled_axis())

    def do_log_axis(self) -> None:
        if self._shown() is not None:
            self._set(self._settings.toggled_log())

    def do_smooth(self) -> None:
        if self._curves() is not None:
            self._set(self._settings.next_smoothing())

    def do_overlay(self) -> None:
        if self._curves() is None:
            return
        selected = tuple(sorted(self.screen.state.selection))
        if not selected and not self._settings.overlay:
            self.say("Nothing is selected: Space selects the trial under the cursor, o then lays it over.")
            return
        self._set(self._settings.overlaid(() if selected == self._settings.overlay else selected))

    def do_zoom_in(self) -> None:
        self._zoom(_CLOSER)

    def do_zoom_out(self) -> None:
        self._zoom(1 / _CLOSER)

    def readout(self, columns: int) -> None:
        """Move the readout by columns of the plot."""
        if (chart := self._curves()) is not None:
            self._set(self._settings.moved(columns, self.screen.curves.plot_columns, chart.full))

    def put_readout_away(self) -> bool:
        """Put the readout away, then the zoom; tells whether there was one."""
        settings = self._settings
        if settings.cursor is not None:
            self._set(settings.without_cursor())
        elif settings.zoom is not None:
            self._set(replace(settings, zoom=None))
        else:
            return False
        return True

    @property
    def _settings(self) -> CurveSettings:
        return self.screen.state.curves

    def _set(self, settings: CurveSettings) -> None:
        self.screen.go(replace(self.screen.state, curves=settings))

    def _zoom(self, factor: float) -> None:
        if (chart := self._curves()) is not None:
            self._set(self._settings.zoomed(factor, chart.full))

    def _shown(self) -> CurveChart | ScatterChart | None:
        """Return the chart on the screen; says what to press where there is none."""
        if self.screen.layout_now.place("curves") is None:
            self.say("This key is for curves: 4 shows them.")
            return None
        return self.screen.plotter.chart

    def _curves(self) -> CurveChart | None:
        from hpi_core.charts.curves import CurveChart

        chart = self._shown()
        if chart is not None and not isinstance(chart, CurveChart):
            self.say(f"This source has no curves; `{chart.hint}` attaches them.")
            return None
        return chart

    def _scatter(self) -> ScatterChart | None:
        from hpi_core.charts.scatter import ScatterChart

        chart = self._shown()
        if chart is not None and not isinstance(chart, ScatterChart):
            self.say("Curves run over steps; a hyperparameter is chosen where a source has none.")
            return None
        return chart
