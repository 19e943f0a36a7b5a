"""The viewer: what stands in place 3, the map of buckets, the importance view or the table of two hyperparameters.

Importance and table are worked out by a worker once they are on the screen, and kept for as long as the inspection
stands; what is asked for again is not worked out again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpi_tui.state import Pairing, Third

if TYPE_CHECKING:
    from hpi_core.charts.importance import ImportanceChart
    from hpi_core.charts.memo import Memo
    from hpi_core.charts.sick import Standing
    from hpi_core.charts.together import TogetherChart
    from hpi_tui.panes.buckets import Buckets
    from hpi_tui.panes.importance import Importance
    from hpi_tui.panes.together import Together
    from hpi_tui.screens.main import MainScreen


class Viewer:
    """Keeps place 3 at the view that was chosen."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._weighed: Standing | None = None
        self._counted: tuple[Standing, Pairing] | None = None
        self._memo: tuple[Standing, Memo] | None = None

    @property
    def shown(self) -> Buckets | Importance | Together:
        """The widget in place 3."""
        screen = self.screen
        if screen.state.third == "importance":
            return screen.importance
        return screen.together if screen.state.third == "together" else screen.buckets

    def turn_to(self, third: Third, pairing: Pairing | None = None) -> None:
        """Show another view in place 3, with the keys."""
        screen = self.screen
        screen.state = replace(screen.state, third=third, pairing=pairing or screen.state.pairing)
        for view in (screen.buckets, screen.importance, screen.together):
            view.activate(view is self.shown)
        screen.focus_pane("buckets")
        screen.relayout()
        screen.refresh_chrome()

    def follow(self) -> None:
        """Have the chosen view worked out where it is on the screen and is not there yet."""
        screen, standing = self.screen, self.screen.standing
        if standing is None:
            if self._weighed is not None or self._counted is not None:
                self._weighed = self._counted = None
                screen.importance.show(None)
                screen.together.show(None)
            return
        if screen.layout_now.place("buckets") is None:
            return
        if screen.state.third == "importance" and self._weighed is not standing:
            self._weigh(standing)
        elif screen.state.third == "together" and screen.state.pairing is not None:
            asked = (standing, screen.state.pairing)
            if self._counted is None or self._counted[0] is not standing or self._counted[1] != asked[1]:
                self._count(*asked)

    def _weigh(self, standing: Standing) -> None:
        from hpi_tui.panes.importance import compute

        self._weighed = standing
        self.screen.importance.show(None)
        self.screen.jobs.weigh(lambda: compute(standing.inspection))

    def _count(self, standing: Standing, pairing: Pairing) -> None:
        from hpi_tui.panes.together import compute

        if self._memo is None or self._memo[0] is not standing:
            from hpi_core.charts.memo import Memo

            self._memo = (standing, Memo())
        memo = self._memo[1]
        self._counted = (standing, pairing)
        self.screen.jobs.count(lambda: compute(standing.inspection, pairing.first, pairing.second, pairing.issue, memo))

    def weighed(self, chart: ImportanceChart) -> None:
        """Show the importance a worker weighed."""
        self.screen.importance.show(chart)

    def counted(self, chart: TogetherChart) -> None:
        """Show the table a worker counted."""
        self.screen.together.show(chart)
