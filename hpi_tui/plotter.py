"""The plotter: has the curves of the trial at the cursor collected by a worker, while their pane is on the screen.

What changes only how a chart is shown (log axis, readout) is drawn at once; everything else is asked for anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpi_tui.panes.curves import CurvesView, Drawn, Room, compute, with_settings

if TYPE_CHECKING:
    from hpi_core.charts.crowd import Integers
    from hpi_core.charts.memo import Memo
    from hpi_core.charts.sick import Standing
    from hpi_core.sweep import Sweep
    from hpi_tui.panes.curve_settings import CurveSettings
    from hpi_tui.panes.curves import Chart
    from hpi_tui.screens.main import MainScreen

Asked = tuple["Sweep", "Standing | None", "Integers | None", int | None, Room, "CurveSettings"]


class Plotter:
    """Keeps the Curves pane at the one cursor."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._asked: Asked | None = None
        self._noted = ""
        self._memo: tuple[Sweep, Standing | None, Memo] | None = None

    @property
    def chart(self) -> Chart | None:
        """The chart on the screen."""
        view = self.screen.curves.view
        return None if view is None else view.chart

    @property
    def without_curves(self) -> bool:
        """Whether what stands on the screen stands there because the source has no curves."""
        if self.chart is None:
            return False
        from hpi_core.charts.curves import CurveChart

        return self.screen.state.curves.view == "curves" and not isinstance(self.chart, CurveChart)

    def follow(self) -> None:
        """Show the trial all panes stand at; what is on the screen already is not asked for again."""
        screen = self.screen
        place = screen.layout_now.place("curves")
        early = screen.inspecting is not None and screen.standing is None and screen.state.pane != "curves"
        if screen.table is None or place is None or early:
            return
        settings = screen.state.curves
        sweep, standing, row = screen.table.sweep, screen.standing, screen.cursor.trial_row()
        of_shown = settings.over or settings.form == "trials" or settings.view == "parallel"
        shown = screen.table.view if of_shown else None
        room = Room(place.width, place.height - 1)
        log_y = settings.log_y and settings.view == "parallel"  # an axis of all trials, made where they are collected
        asked = (sweep, standing, shown, row, room, replace(settings, log_y=log_y, clip=False, cursor=None))
        if self._asked is not None and _same(asked, self._asked):
            view = screen.curves.view
            if view is not None and view.settings != settings:
                screen.curves.show(with_settings(view, settings))
            return
        self._asked = asked
        memo = self._memo_of(sweep, standing)
        inspection = None if standing is None else standing.inspection
        look, size = screen.look, (room.width, room.height)

        def collect() -> CurvesView:
            from hpi_tui.panes.curve_drawing import draw

            view = with_settings(compute(sweep, inspection, row, asked[5], room=room, shown=shown, memo=memo), settings)
            return replace(view, drawn=Drawn(*size, tuple(draw(look, view, *size))))  # a million points take a while

        screen.jobs.draw_curves(collect)

    def took(self, view: CurvesView) -> None:
        """Draw what the worker collected, under the settings of now; says once what could not be had."""
        from hpi_core.charts.curves import CurveChart

        note = view.chart.note if isinstance(view.chart, CurveChart) else ""
        if note and note != self._noted:
            self.screen.commands.curves.say(f"There is {note}.")
        self._noted = note
        self.screen.curves.show(with_settings(view, self.screen.state.curves))
        self.screen.refresh_footer()

    def _memo_of(self, sweep: Sweep, standing: Standing | None) -> Memo:
        if self._memo is None or self._memo[0] is not sweep or self._memo[1] is not standing:
            from hpi_core.charts.memo import Memo

            self._memo = (sweep, standing, Memo())
        return self._memo[2]


def _same(one: Asked, other: Asked) -> bool:
    return all(a is b for a, b in zip(one[:3], other[:3], strict=True)) and one[3:] == other[3:]
