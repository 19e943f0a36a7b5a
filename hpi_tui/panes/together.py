"""Two hyperparameters together: a table of how many trials of every pair of parts are sick; stands beside Buckets.

`compute` is fit for a worker; the widget draws its chart with a cursor over the squares, and says in words what stands
there, which square is worst and what is claimed of the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.strip import Strip

from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Lines, Run, paint, title

if TYPE_CHECKING:
    from hpi_core.charts.memo import Memo
    from hpi_core.charts.together import TogetherChart
    from hpi_core.inspection import Inspection
    from hpi_tui.panes.together_sheet import Drawn


def compute(inspection: Inspection, first: str, second: str, issue: str, memo: Memo | None = None) -> TogetherChart:
    """Return the table of two hyperparameters for an issue or an end of the results."""
    from hpi_core.charts.together import together_chart

    return together_chart(inspection, first, second, issue, memo)


class Together(Lines):
    """Draws the table of two hyperparameters and what stands under its cursor."""

    DEFAULT_CSS = "Together { height: 1fr; width: 1fr; }"

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self.view: TogetherChart | None = None
        self.active = False
        self._at = (0, 0)
        self._drawn: Drawn | None = None

    def show(self, view: TogetherChart | None) -> None:
        """Show another table, the cursor on its worst square."""
        self.view = view
        self._at = (0, 0) if view is None or view.worst is None else view.worst
        self._repaint()

    def activate(self, active: bool) -> None:
        """Show that keys go to this pane, or that they do not."""
        if active != self.active:
            self.active = active
            self._repaint()

    def move(self, dx: int, dy: int) -> None:
        """Go to another square, not beyond the edge."""
        if self.view is None or not self.view.squares:
            return
        row = max(0, min(self._at[0] + dy, len(self.view.rows) - 1))
        self._go((row, max(0, min(self._at[1] + dx, len(self.view.columns) - 1))))

    @property
    def at(self) -> tuple[int, int] | None:
        """Row and column of the square under the cursor."""
        return self._at if self.view is not None and self.view.squares else None

    def on_click(self, event: events.Click) -> None:
        """Choose the square under the pointer."""
        place = self._content().square_at(event.x, event.y)
        if place is not None:
            self._go(place)

    def line(self, y: int, width: int) -> Strip:
        """Draw a line; before there is a table, nothing is imported to draw it."""
        if self.view is None:
            label = [Run(" 3 Together ", "text", True)]
            said = [Run("  Counting …", "muted")] if y == 1 else []
            return paint(self.look, said, width) if y else title(self.look, width, label, [], [], self.active)
        strips = self._content().strips
        return strips[y] if y < len(strips) else paint(self.look, [], width)

    def _go(self, place: tuple[int, int]) -> None:
        if place != self._at:
            self._at = place
            self._repaint()

    def _content(self) -> Drawn:
        from hpi_tui.panes.together_sheet import Drawn, draw

        size = (self.size.width, self.size.height)
        if self.view is None:
            return Drawn(size, [], 0, ())
        if self._drawn is None or self._drawn.size != size:
            self._drawn = draw(self.look, self.view, self._at, *size, active=self.active)
        return self._drawn

    def _repaint(self) -> None:
        """Repaint the lines that differ from what was drawn last."""
        before, self._drawn = self._drawn, None
        if not self.is_mounted or before is None or before.size != tuple(self.size) or self.view is None:
            self.redraw()
            return
        old, new = before.strips, self._content().strips
        self.redraw_lines(*(y for y in range(max(len(old), len(new))) if old[y : y + 1] != new[y : y + 1]))
