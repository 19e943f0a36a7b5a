"""Importance: how much every hyperparameter matters, which way, and what of it can be trusted; stands beside Buckets.

`compute` is fit for a worker; the widget draws its chart with one question as bars, the others in numbers, and says
below what is known of the parameter under the cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.message import Message
from textual.strip import Strip

from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Lines, Run, paint, title

if TYPE_CHECKING:
    from hpi_core.charts.importance import ImportanceChart
    from hpi_core.inspection import Inspection


def compute(inspection: Inspection) -> ImportanceChart:
    """Return the chart of an inspection; weighs the hyperparameters where nobody has asked for it before."""
    from hpi_core.charts.importance import importance_chart

    return importance_chart(inspection)


class Importance(Lines):
    """Draws an importance chart and what is known of the parameter chosen on it."""

    DEFAULT_CSS = "Importance { height: 1fr; width: 1fr; }"

    class Chosen(Message):
        """Another parameter was chosen."""

        def __init__(self, parameter: str) -> None:
            super().__init__()
            self.parameter = parameter

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self.view: ImportanceChart | None = None
        self.active = False
        self._row = 0
        self._question = 0
        self._drawn: tuple[tuple[int, int], list[Strip], int] | None = None

    def show(self, view: ImportanceChart | None) -> None:
        """Show another chart; the chosen parameter stays chosen where it still exists."""
        before = self.chosen
        self.view = view
        names = [] if view is None else [row.parameter for row in view.rows]
        self._row = names.index(before) if before in names else 0
        self._question = min(self._question, max(0, (0 if view is None else len(view.asked)) - 1))
        self._repaint()

    def activate(self, active: bool) -> None:
        """Show that keys go to this pane, or that they do not."""
        if active != self.active:
            self.active = active
            self._repaint()

    def move(self, dx: int, dy: int) -> None:
        """Go to another question (dx) or parameter (dy), not beyond the edge."""
        if self.view is None or not self.view.rows:
            return
        row = max(0, min(self._row + dy, len(self.view.rows) - 1))
        question = max(0, min(self._question + dx, len(self.view.asked) - 1))
        if (row, question) == (self._row, self._question):
            return
        moved, self._row, self._question = row != self._row, row, question
        self._repaint()
        if moved and self.chosen is not None:
            self.post_message(self.Chosen(self.chosen))

    @property
    def chosen(self) -> str | None:
        """The chosen parameter."""
        rows = () if self.view is None else self.view.rows
        return rows[self._row].parameter if self._row < len(rows) else None

    def on_click(self, event: events.Click) -> None:
        """Choose the parameter under the pointer."""
        first = self._content()[2]
        top = self._first_row()
        if self.view is not None and 0 <= event.y - first < len(self.view.rows) - top:
            self.move(0, top + event.y - first - self._row)

    def on_mouse_scroll_down(self, _event: events.MouseScrollDown) -> None:
        """Go to the next parameter."""
        self.move(0, 1)

    def on_mouse_scroll_up(self, _event: events.MouseScrollUp) -> None:
        """Go to the parameter before."""
        self.move(0, -1)

    def line(self, y: int, width: int) -> Strip:
        """Draw a line; before there is a chart, nothing is imported to draw it."""
        if self.view is None:
            label = [Run(" 3 Importance ", "text", True)]
            said = [Run("  Weighing the hyperparameters …", "muted")] if y == 1 else []
            return paint(self.look, said, width) if y else title(self.look, width, label, [], [], self.active)
        strips = self._content()[1]
        return strips[y] if y < len(strips) else paint(self.look, [], width)

    def _first_row(self) -> int:
        from hpi_tui.panes.importance_sheet import first_row

        return 0 if self.view is None else first_row(len(self.view.rows), self._row, self.size.height)

    def _content(self) -> tuple[tuple[int, int], list[Strip], int]:
        size = (self.size.width, self.size.height)
        if self._drawn is None or self._drawn[0] != size:
            if self.view is None:
                return size, [], 0
            from hpi_tui.panes.importance_sheet import draw

            strips, first = draw(self.look, self.view, self._row, self._question, *size, active=self.active)
            self._drawn = (size, strips, first)
        return self._drawn

    def _repaint(self) -> None:
        """Repaint the lines that differ from what was drawn last."""
        before, self._drawn = self._drawn, None
        if not self.is_mounted or before is None or before[0] != tuple(self.size) or self.view is None:
            self.redraw()
            return
        old, new = before[1], self._content()[1]
        self.redraw_lines(*(y for y in range(max(len(old), len(new))) if old[y : y + 1] != new[y : y + 1]))
